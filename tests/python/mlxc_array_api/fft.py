"""What of the Fourier extension needs no complex numbers."""
from . import arange, concat, roll
from . import _dtypes as dt


def _frequencies(first, last, n, d, dtype):
    return arange(first, last, dtype=dtype or dt.default_float) / (n * d)


def fftfreq(n, /, *, d=1.0, dtype=None, device=None):
    half = (n + 1) // 2
    return concat([_frequencies(0, half, n, d, dtype), _frequencies(half - n, 0, n, d, dtype)])


def rfftfreq(n, /, *, d=1.0, dtype=None, device=None):
    return _frequencies(0, n // 2 + 1, n, d, dtype)


def _shift(x, axes, by):
    axes = range(x.ndim) if axes is None else axes if isinstance(axes, (tuple, list)) else (axes,)
    return roll(x, tuple(by(x.shape[axis]) for axis in axes), axis=tuple(axes)) if axes else x


def fftshift(x, /, *, axes=None):
    return _shift(x, axes, lambda n: n // 2)


def ifftshift(x, /, *, axes=None):
    return _shift(x, axes, lambda n: -(n // 2))
