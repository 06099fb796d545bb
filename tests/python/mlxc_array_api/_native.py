"""The functions of the C interface as Python calls them: numbers and handles in, arrays out."""
import ctypes
import os
import pathlib
import sys
from ctypes import byref, c_double, c_int32, c_int64, c_size_t, c_void_p

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from mlxc_ctypes import INVALID_ARGUMENT, Failure, Library  # noqa: E402

library = Library()


def open_device(name):
    handle = c_void_p()
    library.call("mlxc_device_open", byref(handle), name.encode())
    return handle


DEVICE_NAME = os.environ.get("MLXC_TEST_DEVICE", "cpu")
device = open_device(DEVICE_NAME)


def i32(value):
    return c_int32(int(value))


def i64(value):
    return c_int64(int(value))


def f64(value):
    return c_double(float(value))


def flag(value):
    return c_int32(1 if value else 0)


def list64(values):
    values = [int(v) for v in values]
    return (c_int64 * max(len(values), 1))(*values)


def list32(values):
    values = [int(v) for v in values]
    return (c_int32 * max(len(values), 1))(*values)


def handles(arrays):
    return (c_void_p * max(len(arrays), 1))(*[a._handle.value for a in arrays])


class Handle:
    """Owns one mlxc_array."""

    def __init__(self, pointer):
        self._as_parameter_ = pointer if isinstance(pointer, c_void_p) else c_void_p(pointer)
        self.value = self._as_parameter_.value

    def __del__(self):
        if library is not None:
            library.dll.mlxc_array_free(self._as_parameter_)


def new(name, *arguments):
    """A function with one array as its result. Wrong arguments are a ValueError."""
    pointer = c_void_p()
    call(name, byref(pointer), *arguments)
    return Handle(pointer)


def call(name, *arguments):
    try:
        library.call(name, *arguments)
    except Failure as failure:
        raise (ValueError if failure.status == INVALID_ARGUMENT else RuntimeError)(str(failure)) from None


def several(name, count, *arguments):
    """A function with `count` out-parameters."""
    pointers = [c_void_p() for _ in range(count)]
    call(name, *[byref(p) for p in pointers], *arguments)
    return [Handle(p) for p in pointers]


def listed(name, count, *arguments):
    """A function that fills a list of `count` handles."""
    pointers = (c_void_p * max(count, 1))()
    call(name, pointers, i64(count), *arguments)
    return [Handle(pointers[i]) for i in range(count)]


def dtype_of(handle):
    number = c_int32()
    library.call("mlxc_array_dtype", handle, byref(number))
    return number.value


def shape_of(handle):
    dims, rank = (c_int64 * 64)(), c_int64()
    library.call("mlxc_array_shape", handle, dims, c_int64(64), byref(rank))
    return tuple(dims[:rank.value])


def read(handle, size):
    buffer = ctypes.create_string_buffer(max(size, 1))
    library.call("mlxc_array_read", handle, buffer, c_size_t(size), None)
    return buffer.raw[:size]
