/* Linear algebra over the matrices in the last two axes; the axes before are a batch. float32 and float64; other types are computed as
 * float32. A matrix with a NaN or an infinity gives NaN. Singular and indefinite matrices are INVALID_ARGUMENT when the array is evaluated.
 * As mlxc/array.h: every out-parameter is a new handle that the caller frees, and the shared errors are INVALID_HANDLE, INVALID_ARGUMENT,
 * OUT_OF_MEMORY. */
#ifndef MLXC_LINALG_H
#define MLXC_LINALG_H

#include "mlxc/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* L with L L^T = x, or (upper 1) U with U^T U = x; reads the triangle that it returns. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_linalg_cholesky(mlxc_array **out, mlxc_array *x, int32_t upper, mlxc_error *error);

/* x = q r: q [m, k], r [k, n] with k = min(m, n), or m when complete is 1. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_linalg_qr(mlxc_array **q, mlxc_array **r, mlxc_array *x, int32_t complete, mlxc_error *error);

/* x = u diag(s) vh, singular values descending; full 1: square u and vh. u and vh both NULL: only the values, which is cheaper. Threads:
 * any. Errors: shared. */
MLXC_API mlxc_status mlxc_linalg_svd(mlxc_array **u, mlxc_array **s, mlxc_array **vh, mlxc_array *x, int32_t full, mlxc_error *error);

/* Eigenvalues, ascending, and eigenvectors (columns; NULL: not wanted) of symmetric matrices; reads the lower triangle. Threads: any.
 * Errors: shared. */
MLXC_API mlxc_status mlxc_linalg_eigh(mlxc_array **values, mlxc_array **vectors, mlxc_array *x, mlxc_error *error);

/* x with a x = b; b has one axis, or matrices of as many rows as a. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_linalg_solve(mlxc_array **out, mlxc_array *a, mlxc_array *b, mlxc_error *error);

/* The same for triangular a: upper 1 or lower 0, unit 1: ones on the diagonal whatever stands there, transposed 1: a^T x = b. Threads: any.
 * Errors: shared. */
MLXC_API mlxc_status mlxc_linalg_triangular_solve(mlxc_array **out, mlxc_array *a, mlxc_array *b, int32_t upper, int32_t unit,
                                                  int32_t transposed, mlxc_error *error);

/* The inverse. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_linalg_inverse(mlxc_array **out, mlxc_array *x, mlxc_error *error);

/* The determinant. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_linalg_determinant(mlxc_array **out, mlxc_array *x, mlxc_error *error);

/* Sign and logarithm of the magnitude of the determinant; 0 and -infinity for singular matrices. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_linalg_slogdet(mlxc_array **sign, mlxc_array **log, mlxc_array *x, mlxc_error *error);

/* The pseudo-inverse. Singular values up to tolerance times the largest count as zero; negative: max(m, n) times the type's epsilon.
 * Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_linalg_pseudo_inverse(mlxc_array **out, mlxc_array *x, double tolerance, mlxc_error *error);

/* The shortest x that minimizes |a x - b|. tolerance: as mlxc_linalg_pseudo_inverse. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_linalg_least_squares(mlxc_array **out, mlxc_array *a, mlxc_array *b, double tolerance, mlxc_error *error);

/* How many singular values are not zero, int64. tolerance: as mlxc_linalg_pseudo_inverse. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_linalg_matrix_rank(mlxc_array **out, mlxc_array *x, double tolerance, mlxc_error *error);

/* x multiplied with itself; a negative power is one of the inverse. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_linalg_matrix_power(mlxc_array **out, mlxc_array *x, int64_t power, mlxc_error *error);

/* The cross product of vectors of three elements along an axis. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_linalg_cross(mlxc_array **out, mlxc_array *a, mlxc_array *b, int32_t axis, mlxc_error *error);

/* (sum |x|^p)^(1/p) over axes (axis_count 0: all); p may be 0 (how many are not 0), INFINITY or -INFINITY. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_linalg_vector_norm(mlxc_array **out, mlxc_array *x, double p, const int32_t *axes, int32_t axis_count,
                                             int32_t keepdims, mlxc_error *error);

/* Norms of matrices. */
#define MLXC_NORM_FROBENIUS 0
#define MLXC_NORM_NUCLEAR   1 /* the sum of the singular values */
#define MLXC_NORM_P         2 /* 1, -1: largest and smallest column sum; INFINITY, -INFINITY: row sum; 2, -2: singular value */

/* kind: MLXC_NORM_...; p is for MLXC_NORM_P. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_linalg_matrix_norm(mlxc_array **out, mlxc_array *x, int32_t kind, double p, int32_t keepdims, mlxc_error *error);

#ifdef __cplusplus
}
#endif
#endif
