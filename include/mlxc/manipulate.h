/* Joining, cutting, padding and turning arrays. As mlxc/array.h: every `out` is a new handle that the caller frees, operations build a node
 * and return at once, negative axes count from the end, and the shared errors are INVALID_HANDLE, INVALID_ARGUMENT, OUT_OF_MEMORY. */
#ifndef MLXC_MANIPULATE_H
#define MLXC_MANIPULATE_H

#include "mlxc/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Joins along a new axis; all shapes equal. count at least 1. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_stack(mlxc_array **out, mlxc_array *const *arrays, int64_t count, int32_t axis, mlxc_error *error);

/* Cuts an axis before each of the ascending points, so point_count + 1 parts: views. outputs has room for output_count handles, which must
 * be that many; all NULL on failure. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_split(mlxc_array **outputs, int64_t output_count, mlxc_array *x, const int64_t *points, int64_t point_count,
                                      int32_t axis, mlxc_error *error);

/* What stands around the elements. */
#define MLXC_PAD_CONSTANT  0
#define MLXC_PAD_EDGE      1 /* the outermost element again and again */
#define MLXC_PAD_REFLECT   2 /* mirrored, the edge not repeated */
#define MLXC_PAD_SYMMETRIC 3 /* mirrored with the edge */
#define MLXC_PAD_WRAP      4 /* periodic */

/* before[i] and after[i] more elements on axis i (rank values each). mode: MLXC_PAD_...; value: of the constant. Threads: any. Errors:
 * shared. */
MLXC_API mlxc_status mlxc_array_pad(mlxc_array **out, mlxc_array *x, const int64_t *before, const int64_t *after, int32_t rank,
                                    int32_t mode, double value, mlxc_error *error);

/* Each element of an axis counts[i] times in a row; one count holds for all. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_repeat(mlxc_array **out, mlxc_array *x, const int64_t *counts, int64_t count, int32_t axis,
                                       mlxc_error *error);

/* The whole array repeats[i] times along axis i, as NumPy's tile (the shorter of shape and repeats gets ones in front). Threads: any.
 * Errors: shared. */
MLXC_API mlxc_status mlxc_array_tile(mlxc_array **out, mlxc_array *x, const int64_t *repeats, int32_t rank, mlxc_error *error);

/* Elements move shifts[i] places along axes[i]; what leaves at one end comes in at the other. axis_count 0: along the flattened array, by
 * shifts[0]. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_roll(mlxc_array **out, mlxc_array *x, const int64_t *shifts, const int32_t *axes, int32_t axis_count,
                                     mlxc_error *error);

/* Reverses axes (axis_count 0: all of them). A view. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_flip(mlxc_array **out, mlxc_array *x, const int32_t *axes, int32_t axis_count, mlxc_error *error);

/* Exchanges two axes. A view. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_swap_axes(mlxc_array **out, mlxc_array *x, int32_t a, int32_t b, mlxc_error *error);

/* Axis from[i] goes to place to[i]; the others keep their order. A view. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_move_axes(mlxc_array **out, mlxc_array *x, const int32_t *from, const int32_t *to, int32_t axis_count,
                                          mlxc_error *error);

/* Puts axes of size 1 in; axes are places in the result. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_expand_dims(mlxc_array **out, mlxc_array *x, const int32_t *axes, int32_t axis_count, mlxc_error *error);

/* Takes axes of size 1 out (axis_count 0: all of them). Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_squeeze(mlxc_array **out, mlxc_array *x, const int32_t *axes, int32_t axis_count, mlxc_error *error);

/* Diagonal k (above the main one when positive) of the matrices in the last two axes. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_diagonal(mlxc_array **out, mlxc_array *x, int64_t k, mlxc_error *error);

/* The elements on and below diagonal k of the matrices in the last two axes, or (upper 1) on and above it; zeros elsewhere. Threads: any.
 * Errors: shared. */
MLXC_API mlxc_status mlxc_array_triangle(mlxc_array **out, mlxc_array *x, int64_t k, int32_t upper, mlxc_error *error);

#ifdef __cplusplus
}
#endif
#endif
