/* Reductions beyond mlxc_array_reduce, and running results. As mlxc/array.h: every `out` is a new handle that the caller frees, axis_count
 * 0 means all axes, and the shared errors are INVALID_HANDLE, INVALID_ARGUMENT, OUT_OF_MEMORY. */
#ifndef MLXC_STATISTICS_H
#define MLXC_STATISTICS_H

#include "mlxc/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* mlxc_array_reduce of the elements converted to dtype, with the result in that type. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_reduce_as(mlxc_array **out, int32_t op, mlxc_array *x, const int32_t *axes, int32_t axis_count,
                                          int32_t keepdims, int32_t dtype, mlxc_error *error);

/* Sum of the squared differences from the mean over (number of elements - correction), or (root 1) its square root. correction 0 is the
 * population, 1 the sample. Integers give float32. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_variance(mlxc_array **out, mlxc_array *x, const int32_t *axes, int32_t axis_count, double correction,
                                         int32_t keepdims, int32_t root, mlxc_error *error);

/* The middle value, the mean of the two middle ones for an even number; NaN where there is one. Integers give float32. Threads: any.
 * Errors: shared. */
MLXC_API mlxc_status mlxc_array_median(mlxc_array **out, mlxc_array *x, const int32_t *axes, int32_t axis_count, int32_t keepdims,
                                       mlxc_error *error);

/* Running results. */
#define MLXC_SCAN_SUM       0
#define MLXC_SCAN_PROD      1
#define MLXC_SCAN_MAX       2
#define MLXC_SCAN_MIN       3
#define MLXC_SCAN_LOGSUMEXP 4

/* Element i is the reduction of elements 0 to i along the axis; exclusive 1: to i - 1, from the neutral element (of the maximum of integers
 * the lowest number of their type); reverse 1: from the other end. Sums and products of integers are int64 or uint64. Threads: any.
 * Errors: shared. */
MLXC_API mlxc_status mlxc_array_scan(mlxc_array **out, int32_t op, mlxc_array *x, int32_t axis, int32_t reverse, int32_t exclusive,
                                     mlxc_error *error);

#ifdef __cplusplus
}
#endif
#endif
