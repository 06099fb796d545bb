"""The extension of linear algebra."""
import collections
from ctypes import byref, c_void_p

from . import _dtypes as dt
from . import _native as native
from ._array import op, wrap
from ._native import f64, flag, i32, i64, list32

EighResult = collections.namedtuple("EighResult", "eigenvalues eigenvectors")
QRResult = collections.namedtuple("QRResult", "Q R")
SlogdetResult = collections.namedtuple("SlogdetResult", "sign logabsdet")
SVDResult = collections.namedtuple("SVDResult", "U S Vh")


def _float(x):
    if not dt.is_float(x.dtype):
        raise TypeError(f"{x.dtype.name} is no float type")
    return x


def _several(name, count, *arguments):
    return [wrap(h) for h in native.several(name, count, *arguments)]


def cholesky(x, /, *, upper=False):
    return op("mlxc_linalg_cholesky", _float(x), flag(upper))


def cross(x1, x2, /, *, axis=-1):
    if not -min(x1.ndim, x2.ndim) <= axis < 0:
        raise ValueError("the axis counts from the end, in both arrays")
    return op("mlxc_linalg_cross", x1, x2, i32(axis))


def det(x, /):
    return op("mlxc_linalg_determinant", _float(x))


def diagonal(x, /, *, offset=0):
    return op("mlxc_array_diagonal", x, i64(offset))


def eigh(x, /):
    return EighResult(*_several("mlxc_linalg_eigh", 2, _float(x)))


def eigvalsh(x, /):
    return op("mlxc_linalg_eigh", None, _float(x))


def inv(x, /):
    return op("mlxc_linalg_inverse", _float(x))


def matmul(x1, x2, /):
    return x1 @ x2


def matrix_norm(x, /, *, keepdims=False, ord="fro"):
    kind, p = {"fro": (0, 2), "nuc": (1, 1)}.get(ord, (2, ord))
    return op("mlxc_linalg_matrix_norm", _float(x), i32(kind), f64(p), flag(keepdims))


def matrix_power(x, n, /):
    return op("mlxc_linalg_matrix_power", _float(x), i64(n))


def matrix_rank(x, /, *, rtol=None):
    if rtol is not None and not isinstance(rtol, (int, float)):
        s = svdvals(x)
        from . import count_nonzero, expand_dims, max as largest
        return count_nonzero(s > largest(s, axis=-1, keepdims=True) * expand_dims(rtol, axis=-1), axis=-1)
    return op("mlxc_linalg_matrix_rank", _float(x), f64(-1 if rtol is None else rtol))


def matrix_transpose(x, /):
    return x.mT


def outer(x1, x2, /):
    return op("mlxc_array_outer", x1, x2)


def pinv(x, /, *, rtol=None):
    if rtol is not None and not isinstance(rtol, (int, float)):
        from . import expand_dims, max as largest, where, zeros_like
        u, s, vh = svd(x, full_matrices=False)
        inverted = where(s > largest(s, axis=-1, keepdims=True) * expand_dims(rtol, axis=-1), 1.0 / s, zeros_like(s))
        return vh.mT @ (expand_dims(inverted, axis=-1) * u.mT)
    return op("mlxc_linalg_pseudo_inverse", _float(x), f64(-1 if rtol is None else rtol))


def qr(x, /, *, mode="reduced"):
    if mode not in ("reduced", "complete"):
        raise ValueError(mode)
    return QRResult(*_several("mlxc_linalg_qr", 2, _float(x), flag(mode == "complete")))


def slogdet(x, /):
    return SlogdetResult(*_several("mlxc_linalg_slogdet", 2, _float(x)))


def solve(x1, x2, /):
    return op("mlxc_linalg_solve", _float(x1), _float(x2))


def svd(x, /, *, full_matrices=True):
    return SVDResult(*_several("mlxc_linalg_svd", 3, _float(x), flag(full_matrices)))


def svdvals(x, /):
    pointer = c_void_p()
    native.call("mlxc_linalg_svd", None, byref(pointer), None, _float(x), flag(False))
    return wrap(native.Handle(pointer))


def tensordot(x1, x2, /, *, axes=2):
    from . import tensordot as function
    return function(x1, x2, axes=axes)


def trace(x, /, *, offset=0, dtype=None):
    from . import sum as total
    return total(diagonal(x, offset=offset), axis=-1, dtype=dtype)


def vecdot(x1, x2, /, *, axis=-1):
    from . import vecdot as function
    return function(x1, x2, axis=axis)


def vector_norm(x, /, *, axis=None, keepdims=False, ord=2):
    axes = () if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if axis == ():  # every element is a vector of its own
        from . import abs as magnitude, astype
        return astype(x != 0.0, x.dtype) if ord == 0 else magnitude(_float(x))
    return op("mlxc_linalg_vector_norm", _float(x), f64(ord), list32(axes), i32(len(axes)), flag(keepdims))
