"""Fits the polynomials of erf in src/backend/cpu/kernels/math-inl.h. Needs numpy and mpmath; prints C++ constants, highest power first."""
import mpmath
import numpy as np

mpmath.mp.dps = 40


def fit(function, low, high, degree, weight):
    """Polynomial of least weighted maximum error: iteratively reweighted least squares on Chebyshev nodes."""
    nodes = np.cos(np.pi * (np.arange(2000) + 0.5) / 2000) * (high - low) / 2 + (high + low) / 2
    values = np.array([float(function(mpmath.mpf(x))) for x in nodes])
    weights = np.array([weight(x) for x in nodes])
    boost = np.ones_like(nodes)
    best, best_error = None, np.inf
    for _ in range(200):
        scale = weights * np.sqrt(boost)
        basis = np.vander(nodes, degree + 1)
        coefficients = np.linalg.lstsq(basis * scale[:, None], values * scale, rcond=None)[0]
        error = np.abs(basis @ coefficients - values) * weights
        if error.max() < best_error:
            best, best_error = coefficients, error.max()
        boost *= error / error.mean() + 1e-3
        boost /= boost.mean()
    return best, best_error


small, error = fit(lambda s: mpmath.erf(mpmath.sqrt(s)) / mpmath.sqrt(s) if s > 0 else 2 / mpmath.sqrt(mpmath.pi), 0, 1, 6, lambda s: 1.0)
print("erf(x) / x in x^2, |x| <= 1, error", error)
print(", ".join(f"{c:.9g}f" for c in small))
# -log(erfc(a)): the error of 1 - exp(-q) is erfc(a) times that of q.
large, error = fit(lambda a: -mpmath.log(mpmath.erfc(a)), 1, 4, 6, lambda a: float(mpmath.erfc(a)))
print("-log(erfc(a)), 1 <= a <= 4, error", error)
print(", ".join(f"{c:.9g}f" for c in large))
