/* Products beyond mlxc_array_matmul. As mlxc/array.h: every `out` is a new handle that the caller frees, and the shared errors are
 * INVALID_HANDLE, INVALID_ARGUMENT, OUT_OF_MEMORY. */
#ifndef MLXC_PRODUCTS_H
#define MLXC_PRODUCTS_H

#include "mlxc/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Every element of one flattened array times every one of the other: a matrix. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_outer(mlxc_array **out, mlxc_array *a, mlxc_array *b, mlxc_error *error);

/* Sums products over both last axes. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_inner(mlxc_array **out, mlxc_array *a, mlxc_array *b, mlxc_error *error);

/* The scalar products of vectors along an axis; the other axes broadcast. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_vecdot(mlxc_array **out, mlxc_array *a, mlxc_array *b, int32_t axis, mlxc_error *error);

/* Sums products over axis a_axes[i] of a with axis b_axes[i] of b; what remains of a comes before what remains of b. Threads: any. Errors:
 * shared. */
MLXC_API mlxc_status mlxc_array_tensordot(mlxc_array **out, mlxc_array *a, mlxc_array *b, const int32_t *a_axes, const int32_t *b_axes,
                                          int32_t axis_count, mlxc_error *error);

/* The Kronecker product. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_kron(mlxc_array **out, mlxc_array *a, mlxc_array *b, mlxc_error *error);

/* beta * c + alpha * matmul(a, b). Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_addmm(mlxc_array **out, mlxc_array *c, mlxc_array *a, mlxc_array *b, double alpha, double beta,
                                      mlxc_error *error);

/* NumPy's einsum with letters, "...", repeated letters and an implied output. equation: UTF-8 of `bytes` bytes, for example "bij,bjk->bik".
 * Several operands are contracted in pairs, the cheapest first. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_einsum(mlxc_array **out, const char *equation, size_t bytes, mlxc_array *const *operands, int64_t count,
                                       mlxc_error *error);

#ifdef __cplusplus
}
#endif
#endif
