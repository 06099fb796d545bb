"""The array object: a handle with operators. Assignment makes a new array behind the same object."""
import ctypes
import math
import struct
import sys
from ctypes import byref, c_size_t, c_void_p

from . import _dlpack
from . import _dtypes as dt
from . import _native as native
from ._native import f64, flag, i32, i64, list32, list64

UNARY = {name: i for i, name in enumerate(
    "abs negative exp expm1 log log1p log2 log10 sqrt rsqrt square reciprocal sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh floor "
    "ceil trunc round sign erf sigmoid silu gelu_tanh gelu_erf relu logical_not bitwise_invert isnan isinf isfinite erfinv degrees radians "
    "signbit".split())}
BINARY = {name: i for i, name in enumerate(
    "add subtract multiply divide floor_divide remainder pow minimum maximum atan2 hypot logaddexp equal not_equal less less_equal greater "
    "greater_equal logical_and logical_or logical_xor bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift copysign "
    "nextafter".split())}
COMPARISONS = {"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"}


class Device:
    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return f"Device({self.name!r})"


default_device = Device(native.DEVICE_NAME)


def check_device(device):
    if device is not None and device is not default_device:
        raise ValueError(f"unknown device {device!r}")


def wrap(handle):
    return Array(handle)


def op(name, *arguments):
    return Array(native.new(name, *arguments))


def pack(values, dtype):
    values = [bool(v) if dtype is dt.bool else int(v) if dt.is_integer(dtype) else float(v) for v in values]
    if dtype is dt.float32:
        values = [struct_float(v) for v in values]
    return struct.pack(f"={len(values)}{dtype.code}", *values)


def struct_float(value):
    try:
        struct.pack("=f", value)
        return value
    except OverflowError:  # rounds to infinity, as a conversion does
        return math.copysign(math.inf, value)


def from_values(values, shape, dtype):
    data = pack(values, dtype)
    return op("mlxc_array_new", native.device, data, c_size_t(len(data)), list64(shape), i32(len(shape)), i32(dtype.number))


def scalar_dtype(value, beside):
    """The type of a Python number next to an array of this type."""
    if isinstance(value, bool):
        if beside is not dt.bool:
            raise TypeError("a Python bool goes with boolean arrays only")
        return dt.bool
    if isinstance(value, int):
        if beside is dt.bool:
            raise TypeError("a Python int does not go with boolean arrays")
        if dt.is_integer(beside):
            low, high = dt.limits(beside)
            if not low <= value <= high:
                raise OverflowError(f"{value} does not fit {beside.name}")
        return beside
    if isinstance(value, float):
        if not dt.is_float(beside):
            raise TypeError("a Python float goes with floating-point arrays only")
        return beside
    raise TypeError(f"{type(value).__name__} is no array")


def pair(a, b):
    """Two operands as arrays; one of them may be a Python number."""
    if not isinstance(a, Array):
        a = from_values([a], (), scalar_dtype(a, b.dtype))
    if not isinstance(b, Array):
        b = from_values([b], (), scalar_dtype(b, a.dtype))
    if a.dtype is not b.dtype:
        dt.promote(a.dtype, b.dtype)
    return a, b


def binary(name, a, b):
    a, b = pair(a, b)
    return op("mlxc_array_binary", i32(BINARY[name]), a, b)


def unary(name, x):
    return op("mlxc_array_unary", i32(UNARY[name]), x)


class Array:
    def __init__(self, handle):
        self._handle = handle

    @property
    def _as_parameter_(self):
        return self._handle._as_parameter_

    # What it is
    @property
    def dtype(self):
        return dt.BY_NUMBER[native.dtype_of(self._handle)]

    @property
    def shape(self):
        return native.shape_of(self._handle)

    @property
    def ndim(self):
        return len(self.shape)

    @property
    def size(self):
        return math.prod(self.shape)

    @property
    def device(self):
        return default_device

    @property
    def T(self):
        if self.ndim != 2:
            raise ValueError("T is of matrices")
        return self.mT

    @property
    def mT(self):
        if self.ndim < 2:
            raise ValueError("mT needs two axes")
        return op("mlxc_array_swap_axes", self, i32(-1), i32(-2))

    def to_device(self, device, /, *, stream=None):
        check_device(device)
        if stream is not None:
            raise ValueError("there are no streams")
        return self

    def __array_namespace__(self, *, api_version=None):
        if api_version not in (None, "2021.12", "2022.12", "2023.12", "2024.12"):
            raise ValueError(f"unknown version {api_version!r}")
        return sys.modules[__package__]

    def __dlpack_device__(self):
        return _dlpack.CPU, 0

    def __dlpack__(self, *, stream=None, max_version=None, dl_device=None, copy=None):
        return _dlpack.export(self)

    # Values
    def values(self):
        """All elements in row-major order."""
        return list(struct.unpack(f"={self.size}{self.dtype.code}", native.read(self._handle, self.size * self.dtype.size)))

    def item(self):
        if self.size != 1:
            raise TypeError("only arrays of one element are numbers")
        return self.values()[0]

    def tolist(self):
        values = self.values()
        for n in reversed(self.shape[1:]):
            values = [values[i:i + n] for i in range(0, len(values), n)] if n else [[] for _ in range(math.prod(self.shape[:-1]))]
        return values if self.shape else values[0]

    def _number(self):
        if self.ndim:
            raise TypeError("only arrays without axes are numbers")
        return self.values()[0]

    def __bool__(self):
        return bool(self._number())

    def __int__(self):
        return int(self._number())

    def __float__(self):
        return float(self._number())

    def __complex__(self):
        return complex(self._number())

    def __index__(self):
        if not dt.is_integer(self.dtype):
            raise TypeError("only integer arrays are indices")
        return int(self._number())

    def __repr__(self):
        return f"array({self.tolist()}, {self.dtype.name})" if self.size < 100 else f"array({self.shape}, {self.dtype.name})"

    def __iter__(self):
        if not self.ndim:
            raise TypeError("an array without axes is no sequence")
        return (self[i] for i in range(self.shape[0]))

    def __len__(self):
        return self.shape[0]

    # Indexing
    def __getitem__(self, key):
        return _get(self, key)

    def __setitem__(self, key, value):
        self._handle = _set(self, key, value)._handle

    # Operators
    def __abs__(self):
        return unary("abs", self)

    def __neg__(self):
        return unary("negative", self)

    def __pos__(self):
        return self

    def __invert__(self):
        return unary("bitwise_invert", self)

    def __matmul__(self, other):
        return op("mlxc_array_matmul", self, other) if isinstance(other, Array) else NotImplemented

    def __rmatmul__(self, other):
        return op("mlxc_array_matmul", other, self) if isinstance(other, Array) else NotImplemented

    def __imatmul__(self, other):
        self._handle = _same_shape(self, self @ other)._handle
        return self

    __hash__ = None


def _same_shape(x, result):
    if result.shape != x.shape:
        raise ValueError(f"the result of shape {result.shape} does not fit in place of {x.shape}")
    return op("mlxc_array_cast", result, i32(x.dtype.number)) if result.dtype is not x.dtype else result


def _is_operand(value):
    return isinstance(value, (Array, bool, int, float))


def _add_operators():
    def forward(name):
        return lambda self, other: binary(name, self, other) if _is_operand(other) else NotImplemented

    def backward(name):
        return lambda self, other: binary(name, other, self) if _is_operand(other) else NotImplemented

    def in_place(name):
        def assign(self, other):
            if not _is_operand(other):
                return NotImplemented
            self._handle = _same_shape(self, binary(name, self, other))._handle
            return self
        return assign

    for method, name in {"add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "floordiv": "floor_divide", "mod": "remainder",
                         "pow": "pow", "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor", "lshift": "bitwise_left_shift",
                         "rshift": "bitwise_right_shift"}.items():
        setattr(Array, f"__{method}__", forward(name))
        setattr(Array, f"__r{method}__", backward(name))
        setattr(Array, f"__i{method}__", in_place(name))
    for method, name in {"eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal"}.items():
        setattr(Array, f"__{method}__", forward(name))


_add_operators()


# Indexing: integers, slices, None and ... become one slice; index arrays a gather; a boolean mask its coordinates.

def _expand(x, key):
    """The key as a tuple with one entry an axis (and Nones), the ellipsis filled."""
    key = key if isinstance(key, tuple) else (key,)
    used = sum(1 for k in key if k is not None and k is not Ellipsis)
    if sum(1 for k in key if k is Ellipsis) > 1:
        raise IndexError("more than one ellipsis")
    if used > x.ndim:
        raise IndexError(f"{used} indices for {x.ndim} axes")
    rest = [slice(None)] * (x.ndim - used)
    at = next((i for i, k in enumerate(key) if k is Ellipsis), None)
    key = list(key) + rest if at is None else list(key[:at]) + rest + list(key[at + 1:])
    return [k.__index__() if isinstance(k, Array) and k.ndim == 0 and dt.is_integer(k.dtype) and not any(isinstance(o, Array) and o.ndim for o in key) else k
            for k in key]


def _bounds(x, key):
    """start, stop, step of every axis, and the axes that integers take away."""
    starts, stops, steps, shape, axis = [], [], [], [], 0
    for k in key:
        if k is None:
            shape.append(1)
            continue
        n = x.shape[axis]
        if isinstance(k, slice):
            start, stop, step = k.indices(n)
            count = len(range(start, stop, step))
            shape.append(count)
            if step < 0 and stop < 0:
                stop = -n - 1
            starts.append(start), stops.append(stop), steps.append(step)
        elif isinstance(k, int):
            if not -n <= k < n:
                raise IndexError(f"index {k} on an axis of {n}")
            k %= n
            starts.append(k), stops.append(k + 1), steps.append(1)
        else:
            raise IndexError(f"{k!r} is no index")
        axis += 1
    return starts, stops, steps, shape


def _mask_of(x, key):
    """The one boolean array that the key is, if it is one."""
    if isinstance(key, tuple) and len(key) == 1:
        key = key[0]
    if isinstance(key, bool):
        key = from_values([key], (), dt.bool)
    if not (isinstance(key, Array) and key.dtype is dt.bool):
        return None
    if key.ndim > x.ndim or any(k not in (n, 0) for k, n in zip(key.shape, x.shape)):
        raise IndexError(f"a mask of {key.shape} for {x.shape}")
    return key


def _coordinates(mask):
    if mask.ndim == 0:
        mask = op("mlxc_array_reshape", mask, list64([1]), i32(1))
    return [Array(h) for h in native.listed("mlxc_array_nonzero", mask.ndim, mask)]


def _index_arrays(x, key):
    """All entries as index arrays, integers too; None where the key has none."""
    key = _expand(x, key)
    if not any(isinstance(k, Array) for k in key):
        return None
    arrays = []
    for axis, k in enumerate(key):
        if isinstance(k, slice) and k == slice(None) and not any(isinstance(o, (Array, int)) for o in key[axis:]):
            break
        if isinstance(k, int):
            if not -x.shape[axis] <= k < x.shape[axis]:
                raise IndexError(f"index {k} on an axis of {x.shape[axis]}")
            k = from_values([k], (), dt.int64)
        if not isinstance(k, Array):
            raise IndexError("index arrays go with integers only")
        arrays.append(k)
    return arrays


def _get(x, key):
    mask = _mask_of(x, key)
    if mask is not None:
        if mask.ndim == 0:
            x = op("mlxc_array_expand_dims", x, list32([0]), i32(1))
        if 0 in mask.shape:  # nothing is picked, and x may be longer than the mask
            shape = (0,) + x.shape[max(mask.ndim, 1):]
            return op("mlxc_array_full", native.device, f64(0), list64(shape), i32(len(shape)), i32(x.dtype.number))
        return _gather(x, _coordinates(mask))
    arrays = _index_arrays(x, key)
    if arrays is not None:
        return _gather(x, arrays)
    starts, stops, steps, shape = _bounds(x, _expand(x, key))
    part = op("mlxc_array_slice", x, list64(starts), list64(stops), list64(steps), i32(len(starts)))
    return op("mlxc_array_reshape", part, list64(shape), i32(len(shape)))


def _gather(x, arrays):
    return op("mlxc_array_gather", x, native.handles(arrays), i64(len(arrays)))


def _set(x, key, value):
    if not isinstance(value, Array):
        value = from_values([value], (), scalar_dtype(value, x.dtype))
    elif value.dtype is not x.dtype and dt.promote(value.dtype, x.dtype) is not x.dtype:
        raise TypeError(f"{value.dtype.name} does not go into {x.dtype.name}")
    mask = _mask_of(x, key)
    if mask is not None and mask.shape == x.shape and value.ndim == 0:
        return op("mlxc_array_where", mask, op("mlxc_array_cast", value, i32(x.dtype.number)), x)
    arrays = _coordinates(mask) if mask is not None and mask.ndim else _index_arrays(x, key)
    if arrays is not None:
        return op("mlxc_array_scatter", i32(0), x, native.handles(arrays), i64(len(arrays)), value)
    key = _expand(x, key)
    starts, stops, steps, shape = _bounds(x, key)
    value = op("mlxc_array_broadcast", value, list64(shape), i32(len(shape)))
    full, axis = [], 0
    for k in key:
        if k is not None:
            full.append(1 if isinstance(k, int) else len(range(*k.indices(x.shape[axis]))))
            axis += 1
    value = op("mlxc_array_reshape", value, list64(full), i32(len(full)))
    return op("mlxc_array_update", x, value, list64(starts), list64(stops), list64(steps), i32(len(starts)))
