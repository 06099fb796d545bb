"""What the comparisons in one process share: the C interface by ctypes, as few calls as C would make, and programs taking turns."""
import ctypes
import pathlib
import statistics
import sys
import time
from ctypes import byref, c_char_p, c_double, c_int32, c_int64, c_size_t, c_void_p

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "python"))
from mlxc_ctypes import Library  # noqa: E402

F32, BF16, I64 = 11, 10, 8
DTYPES = {"float32": 11, "float64": 12, "int64": 8, "int32": 6, "uint16": 10}  # uint16: the bits of bfloat16
UNARY = {"exp": 2, "sqrt": 8, "square": 10, "tanh": 20, "sigmoid": 30, "silu": 31, "gelu_tanh": 32, "gelu_erf": 33, "relu": 34}
BINARY = {"add": 0, "subtract": 1, "multiply": 2, "divide": 3, "maximum": 8}
REDUCE = {"sum": 0, "mean": 1, "max": 3}
lib = Library()


def dims(values):
    return None if values is None else (c_int64 * len(values))(*values)


def handles(arrays):
    return (c_void_p * len(arrays))(*[a.handle for a in arrays])


class Array:
    def __init__(self, handle):
        self.handle = handle

    def __del__(self):
        lib.dll.mlxc_array_free(self.handle)

    @staticmethod
    def of(values, device=None):  # a NumPy array
        shape = dims(values.shape)
        return Array(lib.new("mlxc_array_new", device, values.ctypes.data_as(c_void_p), c_size_t(values.nbytes), shape, c_int32(values.ndim),
                             c_int32(DTYPES[values.dtype.name])))

    @staticmethod
    def placeholder(shape, dtype=F32):
        return Array(lib.new("mlxc_array_placeholder", None, dims(shape), c_int32(len(shape)), c_int32(dtype)))

    def unary(self, op):
        return Array(lib.new("mlxc_array_unary", c_int32(UNARY[op]), self.handle))

    def binary(self, op, other):
        if isinstance(other, Array):
            return Array(lib.new("mlxc_array_binary", c_int32(BINARY[op]), self.handle, other.handle))
        return Array(lib.new("mlxc_array_binary_scalar", c_int32(BINARY[op]), self.handle, c_double(other)))

    def __add__(self, other): return self.binary("add", other)
    def __sub__(self, other): return self.binary("subtract", other)
    def __mul__(self, other): return self.binary("multiply", other)
    def __truediv__(self, other): return self.binary("divide", other)
    def __matmul__(self, other): return Array(lib.new("mlxc_array_matmul", self.handle, other.handle))

    def reduce(self, op, axes=()):
        return Array(lib.new("mlxc_array_reduce", c_int32(REDUCE[op]), self.handle, (c_int32 * len(axes))(*axes), c_int32(len(axes)), c_int32(0)))

    def std(self):
        return Array(lib.new("mlxc_array_variance", self.handle, None, c_int32(0), c_double(0), c_int32(0), c_int32(1)))

    def softmax(self, axis=-1): return Array(lib.new("mlxc_array_softmax", self.handle, c_int32(axis), c_int32(0)))
    def reshape(self, *shape): return Array(lib.new("mlxc_array_reshape", self.handle, dims(shape), c_int32(len(shape))))
    def transpose(self): return Array(lib.new("mlxc_array_transpose", self.handle, None, c_int32(0)))

    def convolution(self, weight, bias, stride=None, padding=None, dilation=None, axes=2, groups=1):
        return Array(lib.new("mlxc_array_convolution", self.handle, weight.handle, bias.handle if bias else None, dims(stride), dims(padding),
                             dims(dilation), c_int32(axes), c_int64(groups)))

    def max_pool(self, kernel):
        return Array(lib.new("mlxc_array_max_pool", self.handle, dims(kernel), None, None, None, c_int32(len(kernel))))

    def linalg(self, name):
        op = {"svd": ("mlxc_linalg_svd", 3, (c_int32(0),)), "qr": ("mlxc_linalg_qr", 2, (c_int32(0),)),
              "cholesky": ("mlxc_linalg_cholesky", 1, (c_int32(0),))}[name]
        outs = [c_void_p() for _ in range(op[1])]
        lib.call(op[0], *[byref(out) for out in outs], self.handle, *op[2])
        return [Array(out) for out in outs]

    def cast(self, dtype): return Array(lib.new("mlxc_array_cast", self.handle, c_int32(dtype)))

    def cross_entropy(self, targets):
        return Array(lib.new("mlxc_loss_cross_entropy", self.handle, targets.handle, c_double(0), c_int64(-100), c_int32(1)))


def grad(outputs, wrt, cotangents=()):
    results = (c_void_p * len(wrt))()
    lib.call("mlxc_grad", results, handles(outputs), c_int64(len(outputs)), handles(wrt), c_int64(len(wrt)),
             handles(cotangents) if cotangents else None, c_int64(len(cotangents)))
    return [Array(c_void_p(handle)) for handle in results]


class Function:
    """A captured graph. States are pairs (input, output) that share memory."""

    def __init__(self, inputs, outputs, states=()):
        self.outputs = len(outputs)
        pairs = (c_int32 * (2 * len(states)))(*[index for pair in states for index in pair])
        self.handle = lib.new("mlxc_function_new", handles(inputs), c_int64(len(inputs)), handles(outputs), c_int64(len(outputs)), pairs,
                              c_int64(len(states)))

    def __call__(self, *inputs):
        results = (c_void_p * self.outputs)()
        lib.call("mlxc_function_call", self.handle, handles(inputs), c_int64(len(inputs)), results, c_int64(self.outputs), None)
        return [Array(c_void_p(handle)) for handle in results]

    def launches(self):
        count = c_int64()
        lib.call("mlxc_function_launches", self.handle, byref(count))
        return count.value

    def __del__(self):
        lib.dll.mlxc_function_free(self.handle)


def take_turns(contenders, rounds=5, seconds=0.15, processor_time=False):
    """Medians over rounds of the time of one call; in every round each contender runs for about `seconds`."""
    clock = time.process_time if processor_time else time.perf_counter
    repeats, times = {}, {name: [] for name in contenders}
    for name, body in contenders.items():
        body()
        start = clock()
        body()
        repeats[name] = max(1, int(seconds / max(clock() - start, 1e-7)))
    for _ in range(rounds):
        for name, body in contenders.items():
            time.sleep(0.05)  # the threads of the one before stop spinning
            start = clock()
            for _ in range(repeats[name]):
                body()
            times[name].append((clock() - start) / repeats[name])
    return {name: statistics.median(values) for name, values in times.items()}
