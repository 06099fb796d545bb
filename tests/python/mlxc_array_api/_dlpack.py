"""Exchange through DLPack capsules, by the layout of its C structures."""
import ctypes
from ctypes import byref, c_int32, c_int64, c_size_t, c_uint8, c_uint16, c_uint64, c_void_p, py_object

from . import _dtypes as dt
from . import _native as native

CPU = 1
CODES = {"signed integer": 0, "unsigned integer": 1, "real floating": 2, "bool": 6}
NAME, USED = b"dltensor", b"used_dltensor"


class Tensor(ctypes.Structure):
    _fields_ = [("data", c_void_p), ("device_type", c_int32), ("device_id", c_int32), ("ndim", c_int32), ("code", c_uint8), ("bits", c_uint8),
                ("lanes", c_uint16), ("shape", ctypes.POINTER(c_int64)), ("strides", ctypes.POINTER(c_int64)), ("byte_offset", c_uint64)]


class Managed(ctypes.Structure):
    pass


DELETER = ctypes.CFUNCTYPE(None, ctypes.POINTER(Managed))
Managed._fields_ = [("tensor", Tensor), ("context", c_void_p), ("deleter", DELETER)]

api = ctypes.pythonapi
api.PyCapsule_New.restype, api.PyCapsule_New.argtypes = py_object, [c_void_p, ctypes.c_char_p, c_void_p]
api.PyCapsule_GetPointer.restype, api.PyCapsule_GetPointer.argtypes = c_void_p, [py_object, ctypes.c_char_p]
api.PyCapsule_SetName.argtypes = [py_object, ctypes.c_char_p]

exported = {}  # what consumers still use, by address


@DELETER
def release(managed):
    exported.pop(ctypes.addressof(managed.contents), None)


def export(array):
    handle = native.new("mlxc_array_contiguous", array)
    data, size = c_void_p(), c_size_t()
    native.call("mlxc_array_peek", handle, byref(data), byref(size))
    shape = native.list64(array.shape)
    managed = Managed(Tensor(data, CPU, 0, array.ndim, CODES[array.dtype.kind], 8 * array.dtype.size, 1, shape, None, 0), None, release)
    exported[ctypes.addressof(managed)] = (managed, handle, shape)
    return api.PyCapsule_New(ctypes.addressof(managed), NAME, None)


def take(capsule):
    """(bytes, shape, dtype) of a capsule, which is used up."""
    managed = Managed.from_address(api.PyCapsule_GetPointer(capsule, NAME))
    tensor = managed.tensor
    if tensor.device_type != CPU:
        raise BufferError("the data does not lie in the host's memory")
    dtype = next((d for d in dt.ALL if CODES[d.kind] == tensor.code and 8 * d.size == tensor.bits), None)
    if dtype is None or tensor.lanes != 1:
        raise BufferError("there is no such type here")
    shape = tuple(tensor.shape[:tensor.ndim])
    strides = list(tensor.strides[:tensor.ndim]) if tensor.strides else None
    offsets, step = [0], 1
    if strides is None:
        strides = []
        for n in reversed(shape):
            strides.insert(0, step)
            step *= n
    for n, stride in zip(shape, strides):
        offsets = [o + i * stride for o in offsets for i in range(n)]
    base = (tensor.data or 0) + tensor.byte_offset
    data = b"".join(ctypes.string_at(base + o * dtype.size, dtype.size) for o in offsets)
    api.PyCapsule_SetName(capsule, USED)
    if managed.deleter:
        managed.deleter(ctypes.pointer(managed))
    return data, shape, dtype
