"""The Python array API standard (2024.12) over the C interface: ctypes only. It is how the public conformance suite drives the library, and an
example of a binding without a compiler. Complex numbers are left out."""
import builtins
import collections
import math
from ctypes import c_size_t

from . import _array, _dlpack, _native
from . import _dtypes as dt
from ._array import Array, Device, check_device, default_device, from_values, op, scalar_dtype, unary, wrap
from ._array import binary as _binary
from ._dtypes import (bool, finfo, float32, float64, iinfo, int8, int16, int32, int64, uint8, uint16, uint32, uint64)
from ._native import f64, flag, i32, i64, list32, list64

__array_api_version__ = "2024.12"
__version__ = _native.library.dll.mlxc_version().decode()
e, pi, inf, nan, newaxis = math.e, math.pi, math.inf, math.nan, None


def _shape(shape):
    return tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)


def _cast(x, dtype):
    return x if dtype is None or x.dtype is dtype else op("mlxc_array_cast", x, i32(dtype.number))


def _axes(axis):
    axes = [] if axis is None else _shape(axis)
    return list32(axes), i32(len(axes))


def _need(x, *kinds):
    if not dt.in_kind(x.dtype, kinds):
        raise TypeError(f"{x.dtype.name} is not of the kinds {kinds}")


# Creation

def asarray(obj, /, *, dtype=None, device=None, copy=None):
    check_device(device)
    if isinstance(obj, Array):
        if dtype is not None and dtype is not obj.dtype:
            if copy is False:
                raise ValueError("another type needs a copy")
            return _cast(obj, dtype)
        return op("mlxc_array_clone", obj) if copy else obj
    if copy is False:
        raise ValueError("Python values need a copy")
    shape, flat = [], [obj]
    while flat and isinstance(flat[0], (list, tuple)):
        shape.append(len(flat[0]))
        if builtins.any(len(row) != shape[-1] for row in flat):
            raise ValueError("a ragged list")
        flat = [v for row in flat for v in row]
    if dtype is None:
        arrays = [v.dtype for v in flat if isinstance(v, Array)]
        if arrays:
            dtype = result_type(*arrays)
        elif flat and builtins.all(isinstance(v, builtins.bool) for v in flat):
            dtype = bool
        elif flat and builtins.all(isinstance(v, int) for v in flat):
            dtype = dt.default_int
            if builtins.any(v > dt.limits(dtype)[1] for v in flat):
                dtype = uint64
        else:
            dtype = dt.default_float
    if dt.is_integer(dtype):
        low, high = dt.limits(dtype)
        if builtins.any(not low <= int(v) <= high for v in flat):
            raise OverflowError(f"a value does not fit {dtype.name}")
    return from_values(flat, shape, dtype)


def full(shape, fill_value, *, dtype=None, device=None):
    check_device(device)
    value = asarray(fill_value, dtype=dtype)
    shape = _shape(shape)
    return op("mlxc_array_contiguous", op("mlxc_array_broadcast", value, list64(shape), i32(len(shape))))


def zeros(shape, *, dtype=None, device=None):
    check_device(device)
    shape = _shape(shape)
    return op("mlxc_array_full", _native.device, f64(0), list64(shape), i32(len(shape)), i32((dtype or dt.default_float).number))


def ones(shape, *, dtype=None, device=None):
    check_device(device)
    shape = _shape(shape)
    return op("mlxc_array_full", _native.device, f64(1), list64(shape), i32(len(shape)), i32((dtype or dt.default_float).number))


empty = zeros


def full_like(x, /, fill_value, *, dtype=None, device=None):
    return full(x.shape, fill_value, dtype=dtype or x.dtype, device=device)


def zeros_like(x, /, *, dtype=None, device=None):
    return zeros(x.shape, dtype=dtype or x.dtype, device=device)


def ones_like(x, /, *, dtype=None, device=None):
    return ones(x.shape, dtype=dtype or x.dtype, device=device)


empty_like = zeros_like


def arange(start, /, stop=None, step=1, *, dtype=None, device=None):
    check_device(device)
    if stop is None:
        start, stop = 0, start
    if dtype is None:
        whole = builtins.all(isinstance(v, int) for v in (start, stop, step))
        dtype = dt.default_int if whole else dt.default_float
    return op("mlxc_array_arange", _native.device, f64(start), f64(stop), f64(step), i32(dtype.number))


def linspace(start, stop, /, num, *, dtype=None, device=None, endpoint=True):
    check_device(device)
    return op("mlxc_array_linspace", _native.device, f64(start), f64(stop), i64(num), flag(endpoint), i32((dtype or dt.default_float).number))


def eye(n_rows, n_cols=None, /, *, k=0, dtype=None, device=None):
    check_device(device)
    n_cols = n_rows if n_cols is None else n_cols
    return op("mlxc_array_eye", _native.device, i64(n_rows), i64(n_cols), i64(k), i32((dtype or dt.default_float).number))


def tril(x, /, *, k=0):
    return op("mlxc_array_triangle", x, i64(k), flag(False))


def triu(x, /, *, k=0):
    return op("mlxc_array_triangle", x, i64(k), flag(True))


def meshgrid(*arrays, indexing="xy"):
    if indexing not in ("xy", "ij"):
        raise ValueError(indexing)
    if not arrays:
        return []
    swap = indexing == "xy" and len(arrays) > 1
    order = list(range(len(arrays)))
    if swap:
        order[:2] = [1, 0]
    shape = [0] * len(arrays)
    for i, x in enumerate(arrays):
        shape[order[i]] = x.size
    return [broadcast_to(reshape(x, [x.size if a == order[i] else 1 for a in range(len(arrays))]), tuple(shape)) for i, x in enumerate(arrays)]


def from_dlpack(x, /, *, device=None, copy=None):
    check_device(device)
    if isinstance(x, Array) and not copy:
        return x
    data, shape, dtype = _dlpack.take(x.__dlpack__())
    return op("mlxc_array_new", _native.device, data, c_size_t(len(data)), list64(shape), i32(len(shape)), i32(dtype.number))


# Types

def astype(x, dtype, /, *, copy=True, device=None):
    check_device(device)
    return _cast(x, dtype) if x.dtype is not dtype else op("mlxc_array_clone", x) if copy else x


def can_cast(from_, to, /):
    source = from_.dtype if isinstance(from_, Array) else from_
    try:
        return dt.promote(source, to) is to
    except TypeError:
        return False


def isdtype(dtype, kind):
    return dt.in_kind(dtype, kind)


def result_type(*arrays_and_dtypes):
    types = [a.dtype if isinstance(a, Array) else a for a in arrays_and_dtypes]
    known = [t for t in types if isinstance(t, dt.DType)]
    if not known:
        raise ValueError("at least one array or type is needed")
    result = known[0]
    for t in known[1:]:
        result = dt.promote(result, t)
    for t in types:
        if not isinstance(t, dt.DType):
            scalar_dtype(t, result)
    return result


class _Info:
    def capabilities(self):
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self):
        return default_device

    def devices(self):
        return [default_device]

    def default_dtypes(self, *, device=None):
        check_device(device)
        return {"real floating": dt.default_float, "integral": dt.default_int, "indexing": int64}

    def dtypes(self, *, device=None, kind=None):
        check_device(device)
        return {d.name: d for d in dt.ALL if kind is None or dt.in_kind(d, kind)}


def __array_namespace_info__():
    return _Info()


# Elementwise

def _add_elementwise():
    floats = ("real floating",)
    bits = ("integral", "bool")
    numeric = ("numeric",)
    anything = ("numeric", "bool")
    one = {"abs": numeric, "acos": floats, "acosh": floats, "asin": floats, "asinh": floats, "atan": floats, "atanh": floats,
           "bitwise_invert": bits, "ceil": numeric, "cos": floats, "cosh": floats, "exp": floats, "expm1": floats, "floor": numeric,
           "isfinite": numeric, "isinf": numeric, "isnan": numeric, "log": floats, "log1p": floats, "log2": floats, "log10": floats,
           "logical_not": ("bool",), "negative": numeric, "reciprocal": floats, "round": numeric, "sign": numeric, "signbit": floats,
           "sin": floats, "sinh": floats, "square": numeric, "sqrt": floats, "tan": floats, "tanh": floats, "trunc": numeric}
    two = {"add": numeric, "atan2": floats, "bitwise_and": bits, "bitwise_left_shift": ("integral",), "bitwise_or": bits,
           "bitwise_right_shift": ("integral",), "bitwise_xor": bits, "copysign": floats, "divide": floats, "equal": anything,
           "floor_divide": numeric, "greater": numeric, "greater_equal": numeric, "hypot": floats, "less": numeric, "less_equal": numeric,
           "logaddexp": floats, "logical_and": ("bool",), "logical_or": ("bool",), "logical_xor": ("bool",), "maximum": numeric,
           "minimum": numeric, "multiply": numeric, "nextafter": floats, "not_equal": anything, "pow": numeric, "remainder": numeric,
           "subtract": numeric}
    names = _array.UNARY

    def make_one(name, kinds):
        def function(x, /):
            _need(x, *kinds)
            return unary(name, x)
        return function

    def make_two(name, kinds):
        def function(x1, x2, /):
            for x in (x1, x2):
                if isinstance(x, Array):
                    _need(x, *kinds)
            return _binary(name, x1, x2)
        return function

    for table, make in ((one, make_one), (two, make_two)):
        for name, kinds in table.items():
            assert name in names or name in _array.BINARY
            function = make(name, kinds)
            function.__name__ = function.__qualname__ = name
            globals()[name] = function


_add_elementwise()


def positive(x, /):
    return x


def conj(x, /):
    return x


real = conj


def imag(x, /):
    return zeros_like(x)


def clip(x, /, min=None, max=None):
    def bound(value):
        if value is None or isinstance(value, Array):
            return value
        if dt.is_float(x.dtype) and isinstance(value, int):
            value = float(value)
        return from_values([value], (), scalar_dtype(value, x.dtype))
    low, high = bound(min), bound(max)
    return _cast(op("mlxc_array_clip", x, low, high), x.dtype)


def where(condition, x1, x2, /):
    if not isinstance(x1, Array) and not isinstance(x2, Array):
        raise TypeError("one of the values must be an array")
    x1, x2 = _array.pair(x1, x2)
    return op("mlxc_array_where", condition, x1, x2)


# Shapes

def reshape(x, /, shape, *, copy=None):
    shape = _shape(shape)
    result = op("mlxc_array_reshape", x, list64(shape), i32(len(shape)))
    return op("mlxc_array_clone", result) if copy else result


def broadcast_to(x, /, shape):
    return op("mlxc_array_broadcast", x, list64(shape), i32(len(shape)))


def broadcast_shapes(*shapes):
    rank = builtins.max((len(s) for s in shapes), default=0)
    result = [1] * rank
    for shape in shapes:
        for i, n in enumerate(shape, rank - len(shape)):
            if n != 1:
                if result[i] not in (1, n):
                    raise ValueError(f"the shapes {shapes} do not broadcast")
                result[i] = n
    return tuple(result)


def broadcast_arrays(*arrays):
    shape = broadcast_shapes(*[x.shape for x in arrays])
    return [broadcast_to(x, shape) for x in arrays]


def concat(arrays, /, *, axis=0):
    arrays = list(arrays)
    result_type(*arrays)
    if axis is None:
        arrays, axis = [reshape(x, (-1,)) if x.size else reshape(x, (0,)) for x in arrays], 0
    return op("mlxc_array_concatenate", _native.handles(arrays), i64(len(arrays)), i32(axis))


def stack(arrays, /, *, axis=0):
    arrays = list(arrays)
    result_type(*arrays)
    return op("mlxc_array_stack", _native.handles(arrays), i64(len(arrays)), i32(axis))


def unstack(x, /, *, axis=0):
    n = x.shape[axis]
    if n == 0:
        return ()
    parts = _native.listed("mlxc_array_split", n, x, list64(range(1, n)), i64(n - 1), i32(axis))
    return tuple(squeeze(wrap(part), axis=axis) for part in parts)


def expand_dims(x, /, *, axis=0):
    if not -x.ndim - 1 <= axis <= x.ndim:
        raise IndexError(axis)
    return op("mlxc_array_expand_dims", x, *_axes(axis))


def squeeze(x, /, axis):
    if axis == ():
        return x
    return op("mlxc_array_squeeze", x, *_axes(axis))


def permute_dims(x, /, axes):
    return op("mlxc_array_transpose", x, *_axes(tuple(axes))) if x.ndim else x


def matrix_transpose(x, /):
    return x.mT


def moveaxis(x, source, destination, /):
    source, destination = _shape(source), _shape(destination)
    return op("mlxc_array_move_axes", x, list32(source), list32(destination), i32(len(source)))


def flip(x, /, *, axis=None):
    return op("mlxc_array_flip", x, *_axes(axis)) if x.ndim else x


def roll(x, /, shift, *, axis=None):
    shifts = _shape(shift)
    if axis is None:
        return op("mlxc_array_roll", x, list64(shifts), None, i32(0))
    axes = _shape(axis)
    shifts = shifts * len(axes) if len(shifts) == 1 else shifts
    return op("mlxc_array_roll", x, list64(shifts), list32(axes), i32(len(axes)))


def repeat(x, repeats, /, *, axis=None):
    if axis is None:
        x, axis = reshape(x, (x.size,)), 0
    counts = repeats.values() if isinstance(repeats, Array) else [repeats]
    return op("mlxc_array_repeat", x, list64(counts), i64(len(counts)), i32(axis))


def tile(x, repetitions, /):
    return op("mlxc_array_tile", x, list64(repetitions), i32(len(repetitions)))


# Indexing, order, sets

_All = collections.namedtuple("unique_all_result", "values indices inverse_indices counts")
_Counts = collections.namedtuple("unique_counts_result", "values counts")
_Inverse = collections.namedtuple("unique_inverse_result", "values inverse_indices")

def take(x, indices, /, *, axis=None):
    if axis is None:
        if x.ndim != 1:
            raise ValueError("an axis is needed")
        axis = 0
    return op("mlxc_array_take_axis", x, indices, i32(axis))


def take_along_axis(x, indices, /, *, axis=-1):
    return op("mlxc_array_take_along_axis", x, indices, i32(axis))


def nonzero(x, /):
    if x.ndim == 0:
        raise ValueError("nonzero of an array without axes")
    return tuple(wrap(h) for h in _native.listed("mlxc_array_nonzero", x.ndim, x))


def searchsorted(x1, x2, /, *, side="left", sorter=None):
    if side not in ("left", "right"):
        raise ValueError(side)
    if sorter is not None:
        x1 = take(x1, sorter, axis=0)
    return op("mlxc_array_searchsorted", x1, x2, flag(side == "right"))


def sort(x, /, *, axis=-1, descending=False, stable=True):
    return op("mlxc_array_sort", x, i32(axis), flag(descending))


def argsort(x, /, *, axis=-1, descending=False, stable=True):
    return op("mlxc_array_argsort", x, i32(axis), flag(descending))


def _unique(x):
    return [wrap(h) for h in _native.several("mlxc_array_unique", 4, x)]


def unique_all(x, /):
    values, indices, inverse, counts = _unique(x)
    return _All(values, indices, inverse, counts)


def unique_counts(x, /):
    values, _, _, counts = _unique(x)
    return _Counts(values, counts)


def unique_inverse(x, /):
    values, _, inverse, _ = _unique(x)
    return _Inverse(values, inverse)


def unique_values(x, /):
    return _unique(x)[0]


def isin(x1, x2, /, *, invert=False):
    a, b = _array.pair(x1, x2)
    found = any(_binary("equal", expand_dims(a, axis=-1), reshape(b, (b.size,))), axis=-1)
    return unary("logical_not", found) if invert else found


# Reductions

REDUCE = {name: i for i, name in enumerate("sum mean prod max min any all logsumexp count".split())}


def _reduce(name, x, axis, keepdims):
    if axis == ():
        return x
    return op("mlxc_array_reduce", i32(REDUCE[name]), x, *_axes(axis), flag(keepdims))


def _accumulator(x, dtype):
    if dtype is not None:
        return dtype
    if dt.is_float(x.dtype):
        return x.dtype
    return uint64 if x.dtype.kind == "unsigned integer" else int64


def sum(x, /, *, axis=None, dtype=None, keepdims=False):
    dtype = _accumulator(x, dtype)
    return _cast(_reduce("sum", _cast(x, dtype), axis, keepdims), dtype)


def prod(x, /, *, axis=None, dtype=None, keepdims=False):
    dtype = _accumulator(x, dtype)
    return _cast(_reduce("prod", _cast(x, dtype), axis, keepdims), dtype)


def mean(x, /, *, axis=None, keepdims=False):
    return _reduce("mean", x, axis, keepdims)


def max(x, /, *, axis=None, keepdims=False):
    return _reduce("max", x, axis, keepdims)


def min(x, /, *, axis=None, keepdims=False):
    return _reduce("min", x, axis, keepdims)


def any(x, /, *, axis=None, keepdims=False):
    return _cast(_reduce("any", x, axis, keepdims), bool)


def all(x, /, *, axis=None, keepdims=False):
    return _cast(_reduce("all", x, axis, keepdims), bool)


def count_nonzero(x, /, *, axis=None, keepdims=False):
    return _cast(_reduce("count", x, axis, keepdims) if axis != () else _cast(x, bool), int64)


def _variance(x, axis, correction, keepdims, root):
    if axis == ():  # every element is its own mean
        return (x - x) / builtins.max(1.0 - correction, 0.0)
    return op("mlxc_array_variance", x, *_axes(axis), f64(correction), flag(keepdims), flag(root))


def var(x, /, *, axis=None, correction=0.0, keepdims=False):
    return _variance(x, axis, correction, keepdims, False)


def std(x, /, *, axis=None, correction=0.0, keepdims=False):
    return _variance(x, axis, correction, keepdims, True)


ALL_AXES = -2**31


def argmax(x, /, *, axis=None, keepdims=False):
    return op("mlxc_array_argmax", x, i32(ALL_AXES if axis is None else axis), flag(keepdims))


def argmin(x, /, *, axis=None, keepdims=False):
    return op("mlxc_array_argmin", x, i32(ALL_AXES if axis is None else axis), flag(keepdims))


def _scan(number, start, x, axis, dtype, include_initial):
    if axis is None:
        if x.ndim != 1:
            raise ValueError("an axis is needed")
        axis = 0
    dtype = _accumulator(x, dtype)
    result = _cast(op("mlxc_array_scan", i32(number), _cast(x, dtype), i32(axis), flag(False), flag(False)), dtype)
    if include_initial:
        shape = list(x.shape)
        shape[axis] = 1
        result = concat([full(tuple(shape), start, dtype=dtype), result], axis=axis)
    return result


def cumulative_sum(x, /, *, axis=None, dtype=None, include_initial=False):
    return _scan(0, 0, x, axis, dtype, include_initial)


def cumulative_prod(x, /, *, axis=None, dtype=None, include_initial=False):
    return _scan(1, 1, x, axis, dtype, include_initial)


def diff(x, /, *, axis=-1, n=1, prepend=None, append=None):
    x = concat([p for p in (prepend, x, append) if p is not None], axis=axis)
    for _ in range(n):
        size = x.shape[axis]
        key = [slice(None)] * x.ndim
        key[axis] = slice(1, size)
        head = x[tuple(key)]
        key[axis] = slice(0, builtins.max(size - 1, 0))
        x = head ^ x[tuple(key)] if x.dtype is bool else head - x[tuple(key)]
    return x


# Products

def matmul(x1, x2, /):
    return x1 @ x2


def tensordot(x1, x2, /, *, axes=2):
    if isinstance(axes, int):
        axes = (range(x1.ndim - axes, x1.ndim), range(axes))
    return op("mlxc_array_tensordot", x1, x2, list32(axes[0]), list32(axes[1]), i32(len(axes[0])))


def vecdot(x1, x2, /, *, axis=-1):
    if not -builtins.min(x1.ndim, x2.ndim) <= axis < 0:
        raise ValueError("the axis counts from the end, in both arrays")
    return op("mlxc_array_vecdot", x1, x2, i32(axis))


from . import fft, linalg  # noqa: E402, F401
