/* Reading and writing at positions; orders. As mlxc/array.h: every `out` is a new handle that the caller frees, and the shared errors are
 * INVALID_HANDLE, INVALID_ARGUMENT, OUT_OF_MEMORY. Indices are integers of any type; -1 is the last element. An index out of range reads as
 * zero and is not written: nothing can fail once a graph runs. */
#ifndef MLXC_INDEXING_H
#define MLXC_INDEXING_H

#include "mlxc/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* NumPy's take: the axes of indices replace the axis. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_take_axis(mlxc_array **out, mlxc_array *x, mlxc_array *indices, int32_t axis, mlxc_error *error);

/* Along the axis, the element that indices names at each place; the other axes of indices have the sizes of x, or 1. Threads: any. Errors:
 * shared. */
MLXC_API mlxc_status mlxc_array_take_along_axis(mlxc_array **out, mlxc_array *x, mlxc_array *indices, int32_t axis, mlxc_error *error);

/* How a value meets the element that it is written to. */
#define MLXC_SCATTER_SET      0 /* of several to one place, the last wins */
#define MLXC_SCATTER_ADD      1
#define MLXC_SCATTER_MULTIPLY 2
#define MLXC_SCATTER_MIN      3
#define MLXC_SCATTER_MAX      4

/* x with values written where mlxc_array_take_along_axis would read. op: MLXC_SCATTER_...; values broadcast to indices. Threads: any.
 * Errors: shared. */
MLXC_API mlxc_status mlxc_array_put_along_axis(mlxc_array **out, int32_t op, mlxc_array *x, mlxc_array *indices, mlxc_array *values,
                                               int32_t axis, mlxc_error *error);

/* x[indices[0], indices[1], ...]: the index arrays broadcast, and replace as many first axes. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_gather(mlxc_array **out, mlxc_array *x, mlxc_array *const *indices, int64_t count, mlxc_error *error);

/* x with values written to x[indices[0], indices[1], ...]. op: MLXC_SCATTER_.... The result can be a state of its first operand
 * (mlxc_function_new). Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_scatter(mlxc_array **out, int32_t op, mlxc_array *x, mlxc_array *const *indices, int64_t count,
                                        mlxc_array *values, mlxc_error *error);

/* x with x[start:stop:step] replaced by values, which broadcast; bounds as mlxc_array_slice. The result can be a state of x
 * (mlxc_function_new): then x is overwritten in place. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_update(mlxc_array **out, mlxc_array *x, mlxc_array *values, const int64_t *start, const int64_t *stop,
                                       const int64_t *step, int32_t rank, mlxc_error *error);

/* The coordinates of the elements that are not zero, one int64 array an axis: outputs has room for output_count handles, which must be the
 * rank. Evaluates x. Threads: any. Errors: shared, and those of mlxc_array_eval. */
MLXC_API mlxc_status mlxc_array_nonzero(mlxc_array **outputs, int64_t output_count, mlxc_array *x, mlxc_error *error);

/* Where each value would go in the ascending one-axis array: before equal elements, or (right 1) after them. int64. Threads: any. Errors:
 * shared. */
MLXC_API mlxc_status mlxc_array_searchsorted(mlxc_array **out, mlxc_array *sorted, mlxc_array *values, int32_t right, mlxc_error *error);

/* The axis in order. A NaN counts as larger than any number. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_sort(mlxc_array **out, mlxc_array *x, int32_t axis, int32_t descending, mlxc_error *error);

/* Where the elements of the sorted axis come from (int64); equal ones keep their order. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_argsort(mlxc_array **out, mlxc_array *x, int32_t axis, int32_t descending, mlxc_error *error);

/* The k largest (smallest: largest 0) along an axis, in order, and where they stand (int64; NULL: not wanted). Threads: any. Errors:
 * shared. */
MLXC_API mlxc_status mlxc_array_topk(mlxc_array **values, mlxc_array **indices, mlxc_array *x, int64_t k, int32_t axis, int32_t largest,
                                     mlxc_error *error);

/* The different values ascending; where each first stands in the flattened x; which of them every element is (shaped as x); how often each
 * occurs. The last three may be NULL: not wanted. NaNs are all different. Evaluates x. Threads: any. Errors: shared, and those of
 * mlxc_array_eval. */
MLXC_API mlxc_status mlxc_array_unique(mlxc_array **values, mlxc_array **indices, mlxc_array **inverse, mlxc_array **counts, mlxc_array *x,
                                       mlxc_error *error);

#ifdef __cplusplus
}
#endif
#endif
