/* Functions: a graph captured once, then run many times with new inputs. Class: internally locked, one run at a time, others wait. */
#ifndef MLXC_FUNCTION_H
#define MLXC_FUNCTION_H

#include "mlxc/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Output `output` is the new value of input `input` and takes over its memory. Updates (mlxc_array_update, mlxc_array_scatter,
 * mlxc_array_put_along_axis, mlxc_array_set) and elementwise functions of the old value are written where that lies; other results are copied
 * there when nothing reads the old value any more. Layout pinned. */
typedef struct mlxc_state_pair {
  int32_t input;
  int32_t output;
} mlxc_state_pair;

/* Captures the graph between `inputs` (placeholders, or arrays with data) and `outputs`. Other arrays that the outputs reach are constants.
 * states (may be NULL): pairs of input and output that share memory.
 * Ownership: the caller frees the function; the arrays may be freed at once. Threads: any.
 * Errors: INVALID_ARGUMENT (an input that is a computed array, no output, an index out of range, a state whose old value is still
 * needed), INVALID_HANDLE, OUT_OF_MEMORY. */
MLXC_API mlxc_status mlxc_function_new(mlxc_function **out, mlxc_array *const *inputs, int64_t input_count, mlxc_array *const *outputs,
                                       int64_t output_count, const mlxc_state_pair *states, int64_t state_count, mlxc_error *error);

/* Runs with new inputs of the captured dtypes, in the captured order, and gives the outputs, evaluated. Other shapes are planned on first
 * use. An input named as a state is used up: its handle reads the new value or stale memory afterwards, use the output instead.
 *   outputs: receives output_count handles; all NULL on failure.
 * Ownership: the caller frees each output. Threads: any, one run at a time. `cancel` may be NULL; a cancelled run leaves states half
 * updated. Errors: INVALID_ARGUMENT (counts, dtypes, shapes), CANCELLED, INVALID_HANDLE, OUT_OF_MEMORY, UNSUPPORTED. */
MLXC_API mlxc_status mlxc_function_call(mlxc_function *function, mlxc_array *const *inputs, int64_t input_count, mlxc_array **outputs,
                                        int64_t output_count, mlxc_cancel *cancel, mlxc_error *error);

/* How many kernel launches the captured program has, after fusion. Threads: any. Errors: INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_function_launches(mlxc_function *function, int64_t *launches, mlxc_error *error);

/* The captured graph in Graphviz' DOT language. Text result. Threads: any. Errors: BUFFER_TOO_SMALL, INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_function_dot(mlxc_function *function, char *buffer, size_t capacity, size_t *needed, mlxc_error *error);

/* Threads: any. */
MLXC_API void mlxc_function_free(mlxc_function *function);

#ifdef __cplusplus
}
#endif
#endif
