/* Gradients of arrays. A gradient is a graph like any other: lazy, differentiable again, and part of what mlxc_function_new captures, so
 * that a whole training step can be one program.
 *
 * As mlxc/array.h: every `out` is a new handle that the caller frees, and the shared errors are INVALID_HANDLE, INVALID_ARGUMENT,
 * OUT_OF_MEMORY. */
#ifndef MLXC_GRADIENT_H
#define MLXC_GRADIENT_H

#include "mlxc/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* For each array of `wrt` the sum over outputs of cotangent * d output / d array, in its shape and dtype; zeros where no output depends on
 * it. wrt: float arrays, computed ones too. cotangents: as many as outputs, each shaped like its output; NULL (count 0): ones, for outputs
 * of one element. Integers, booleans and comparisons pass no gradient on. Values of the outputs come from reading them: evaluated together
 * with the gradients they share all work. gradients: receives wrt_count handles; all NULL on failure. Ownership: the caller frees each
 * gradient. Threads: any. Errors: shared; INVALID_ARGUMENT when evaluating dropped what connects outputs and wrt
 * (mlxc_array_set_requires_grad); UNSUPPORTED names an operation without a gradient. */
MLXC_API mlxc_status mlxc_grad(mlxc_array **gradients, mlxc_array *const *outputs, int64_t output_count, mlxc_array *const *wrt,
                               int64_t wrt_count, mlxc_array *const *cotangents, int64_t cotangent_count, mlxc_error *error);

/* Evaluating an array drops what it was computed from. What is built from an array marked with 1 after the call keeps it, so that
 * gradients with respect to the array can be taken after evaluating too. The mark belongs to the array, not to the handle. Threads: any.
 * Errors: shared. */
MLXC_API mlxc_status mlxc_array_set_requires_grad(mlxc_array *array, int32_t requires_grad, mlxc_error *error);

/* Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_requires_grad(mlxc_array *array, int32_t *requires_grad, mlxc_error *error);

/* The same values as a constant for gradients. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_stop_gradient(mlxc_array **out, mlxc_array *x, mlxc_error *error);

/* The same values as `outputs`. Gradients compute the part of the graph between `inputs` and them a second time instead of keeping its
 * values: less memory for more time. Arrays with data end the part too; of parts inside each other the outermost counts. marked: receives
 * output_count handles; use them in place of the outputs. All NULL on failure. Ownership: the caller frees each. Threads: any. Errors:
 * shared. */
MLXC_API mlxc_status mlxc_checkpoint(mlxc_array **marked, mlxc_array *const *outputs, int64_t output_count, mlxc_array *const *inputs,
                                     int64_t input_count, mlxc_error *error);

#ifdef __cplusplus
}
#endif
#endif
