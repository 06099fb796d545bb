/* Functions: a graph captured once, then run many times with new inputs. Class: internally locked, one run at a time, others wait. */
#ifndef MLXC_FUNCTION_H
#define MLXC_FUNCTION_H

#include "mlxc/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Output `output` is the new value of input `input` and takes over its memory. Updates (mlxc_array_update, mlxc_array_scatter,
 * mlxc_array_put_along_axis, mlxc_array_set) and elementwise functions of the old value are written where that lies; other results are
 * copied there when nothing reads the old value any more. Layout pinned. */
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

/* Runs with new inputs of the captured dtypes and ranks, in the captured order, and gives the outputs, evaluated. Other shapes are planned
 * on first use. An input named as a state is used up: its handle reads the new value or stale memory afterwards, use the output instead.
 *   outputs: receives output_count handles; all NULL on failure.
 * Ownership: the caller frees each output. Threads: any, one run at a time. `cancel` may be NULL; a run that is cancelled or fails leaves
 * states half updated. Errors: INVALID_ARGUMENT (counts, dtypes, shapes), CANCELLED, INVALID_HANDLE, OUT_OF_MEMORY, UNSUPPORTED. */
MLXC_API mlxc_status mlxc_function_call(mlxc_function *function, mlxc_array *const *inputs, int64_t input_count, mlxc_array **outputs,
                                        int64_t output_count, mlxc_cancel *cancel, mlxc_error *error);

/* Runs a function of one input and one output over a batch of rows in the caller's memory, without an array, a copy or a plan for each size
 * of batch: classifiers, scores, small networks. Axis 0 of input and output counts rows (how many the function was captured with matters
 * only where an operand of shape [1, ...] meets them: then capture with two), and row i of the output must depend on row i of the input
 * only: the batch is cut into pieces, whose rows do not see each other. rows: row_count rows of the input's dtype and other axes,
 * row-major; `bytes` is the size of all of them. results: receives row_count rows of the output; result_bytes is the room there. NULL: not
 * wanted. mean: over all elements of the output, summed as doubles in the order of the rows; float32 and float64 only. NULL: not wanted. No
 * rows: NaN. Pieces are as large as a core's cache likes and run side by side. Few programs serve all batches: one for whole pieces, and
 * one for each of a few dozen sizes of the rest, which is padded. The same rows give the same bytes, whatever the number of threads.
 * Threads: any; calls on one function run at the same time. `cancel` may be NULL. Errors: INVALID_ARGUMENT (several inputs or outputs,
 * states, sizes), BUFFER_TOO_SMALL, UNSUPPORTED (the mean of other types), CANCELLED, INVALID_HANDLE, OUT_OF_MEMORY. */
MLXC_API mlxc_status mlxc_function_run_rows(mlxc_function *function, const void *rows, size_t bytes, int64_t row_count, void *results,
                                            size_t result_bytes, double *mean, mlxc_cancel *cancel, mlxc_error *error);

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
