"""Data types, their kinds, limits and promotion."""
import math
from types import SimpleNamespace


class DType:
    def __init__(self, number, name, code, kind, size):
        self.number, self.name, self.code, self.kind, self.size = number, name, code, kind, size

    def __repr__(self):
        return f"mlxc_array_api.{self.name}"


bool = DType(0, "bool", "?", "bool", 1)
uint8 = DType(1, "uint8", "B", "unsigned integer", 1)
int8 = DType(2, "int8", "b", "signed integer", 1)
uint16 = DType(3, "uint16", "H", "unsigned integer", 2)
int16 = DType(4, "int16", "h", "signed integer", 2)
uint32 = DType(5, "uint32", "I", "unsigned integer", 4)
int32 = DType(6, "int32", "i", "signed integer", 4)
uint64 = DType(7, "uint64", "Q", "unsigned integer", 8)
int64 = DType(8, "int64", "q", "signed integer", 8)
float32 = DType(11, "float32", "f", "real floating", 4)
float64 = DType(12, "float64", "d", "real floating", 8)
ALL = [bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64]
BY_NUMBER = {d.number: d for d in ALL}
default_int, default_float = int64, float32


def is_float(dtype):
    return dtype.kind == "real floating"


def is_integer(dtype):
    return dtype.kind.endswith("integer")


def in_kind(dtype, kind):
    if isinstance(kind, DType):
        return dtype is kind
    if isinstance(kind, tuple):
        return any(in_kind(dtype, k) for k in kind)
    groups = {"integral": ("signed integer", "unsigned integer"), "numeric": ("signed integer", "unsigned integer", "real floating"),
              "complex floating": ()}
    if kind in groups:
        return dtype.kind in groups[kind]
    if kind not in ("bool", "signed integer", "unsigned integer", "real floating"):
        raise ValueError(f"unknown kind {kind!r}")
    return dtype.kind == kind


def promote(a, b):
    if a is b:
        return a
    if is_float(a) and is_float(b):
        return float64
    if is_integer(a) and is_integer(b):
        if a.kind == b.kind:
            return a if a.size > b.size else b
        unsigned, signed = (a, b) if a.kind == "unsigned integer" else (b, a)
        if signed.size > unsigned.size:
            return signed
        if unsigned.size < 8:
            return {1: int16, 2: int32, 4: int64}[unsigned.size]
    raise TypeError(f"{a.name} and {b.name} have no common type")


def limits(dtype):
    bits = 8 * dtype.size
    return (0, 2**bits - 1) if dtype.kind == "unsigned integer" else (-2**(bits - 1), 2**(bits - 1) - 1)


def iinfo(type):
    dtype = getattr(type, "dtype", type)
    if not is_integer(dtype):
        raise TypeError(f"{dtype} is no integer type")
    low, high = limits(dtype)
    return SimpleNamespace(bits=8 * dtype.size, min=low, max=high, dtype=dtype)


def finfo(type):
    dtype = getattr(type, "dtype", type)
    if not is_float(dtype):
        raise TypeError(f"{dtype} is no float type")
    digits, exponent = (24, 128) if dtype is float32 else (53, 1024)
    largest = math.ldexp(2 - math.ldexp(1, 1 - digits), exponent - 1)
    return SimpleNamespace(bits=8 * dtype.size, eps=math.ldexp(1, 1 - digits), max=largest, min=-largest,
                           smallest_normal=math.ldexp(1, 2 - exponent), dtype=dtype)
