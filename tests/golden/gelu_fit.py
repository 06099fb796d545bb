"""Fits the polynomials of gelu_erf in src/backend/cpu/kernels/math-inl.h and kernels/math.glsl. Needs numpy and scipy; prints C++ constants, highest power first."""
import numpy as np
from scipy.special import log_ndtr


def fit(points, values, degree, weights):
    """Polynomial without a constant term, of least weighted maximum error: iteratively reweighted least squares."""
    scale, boost = np.abs(points).max(), np.ones_like(points)
    basis = np.vander(points / scale, degree + 1, increasing=True)[:, 1:]
    best, best_error = None, np.inf
    for _ in range(500):
        weight = weights * np.sqrt(boost)
        coefficients = np.linalg.lstsq(basis * weight[:, None], values * weight, rcond=None)[0]
        error = np.abs(basis @ coefficients - values) * weights
        if error.max() < best_error:
            best, best_error = coefficients / scale ** np.arange(1, degree + 1), error.max()
        boost *= error / error.mean() + 1e-3
        boost /= boost.mean()
    return best[::-1], best_error


def nodes(count):
    return np.cos(np.pi * (np.arange(count) + 0.5) / count)


a = (1 - nodes(4000)) / 2 * 9
tail = np.exp(log_ndtr(-a))
# An error of log2 Q is one of a Q in the result; below 0.75 the result itself is small.
log_tail, error = fit(a, log_ndtr(-a) / np.log(2) + 1, 10, np.maximum(np.where(a < 0.75, 0.17, a * tail), 1e-4))
print("log2 Q(a) + 1, 0 <= a <= 9, error", error * np.log(2))
print(", ".join(f"{c:.9g}f" for c in log_tail))
r = nodes(2000) / 2
power, error = fit(r, 2.0 ** r - 1, 5, 2.0 ** -r)
print("2^r - 1, |r| <= 1/2, error", error)
print(", ".join(f"{c:.9g}f" for c in power))
