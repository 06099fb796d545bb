// Factorizations of one row-major matrix, float or double, on the LAPACK inside OpenBLAS. Arguments are trusted, as everywhere in this
// folder: LAPACK would answer a bad one with a message and, in some builds, the end of the process. Matrices with a NaN or an infinity do
// not reach it (some of its iterations would not end): the results are NaN. Throws Error(invalid_argument) for singular and indefinite
// matrices, and Error(internal) where an iteration did not converge.
#pragma once

#include <cstdint>

namespace mlxc::cpu::lapack {

template <class T>
void cholesky(const T* x, int n, bool upper, T* out);
template <class T>
void qr(const T* x, int m, int n, bool complete, T* q, T* r);
template <class T>
void svd(const T* x, int m, int n, bool vectors, bool full, T* u, T* s, T* vh);  // u and vh may be null without vectors
template <class T>
void eigh(const T* x, int n, bool vectors, T* values, T* columns);
template <class T>
void lu(const T* x, int n, T* out, int32_t* pivots);  // pivots[i]: the row that row i changed places with
template <class T>
void solve(const T* a, const T* b, int n, int m, T* x);
template <class T>
void triangular_solve(const T* a, const T* b, int n, int m, bool upper, bool unit, bool transposed, T* x);

}  // namespace mlxc::cpu::lapack
