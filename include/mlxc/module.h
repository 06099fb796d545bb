/* Modules: layers that find their parameters by name. A module is a description without parameters of its own; mlxc_parameters holds those,
 * so one module serves any set of parameters, and putting modules together costs nothing. Names, layouts and initial values are PyTorch's.
 *
 * As mlxc/array.h: every `out` is a new handle that the caller frees, modules given to other modules may be freed at once, and the shared
 * errors are INVALID_HANDLE, INVALID_ARGUMENT, OUT_OF_MEMORY. */
#ifndef MLXC_MODULE_H
#define MLXC_MODULE_H

#include "mlxc/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Layers */

/* [..., in] -> [..., out_features]: weight [out_features, in], and bias [out_features] with bias 1. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_module_linear(mlxc_module **out, int64_t in, int64_t out_features, int32_t bias, mlxc_error *error);

/* [N, in, n...] -> [N, out_channels, m...] as mlxc_array_convolution: weight [out_channels, in / groups, kernel...], bias. spatial_axes
 * values each; stride, padding and dilation may be NULL: 1, 0 and 1. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_module_convolution(mlxc_module **out, int64_t in, int64_t out_channels, const int64_t *kernel,
                                             const int64_t *stride, const int64_t *padding, const int64_t *dilation, int32_t spatial_axes,
                                             int64_t groups, int32_t bias, mlxc_error *error);

/* [N, in, n...] -> [N, out_channels, m...] as mlxc_array_transposed_convolution: weight [in, out_channels / groups, kernel...], bias.
 * spatial_axes values each; stride, padding, dilation and output_padding may be NULL: 1, 0, 1 and 0. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_module_transposed_convolution(mlxc_module **out, int64_t in, int64_t out_channels, const int64_t *kernel,
                                                        const int64_t *stride, const int64_t *padding, const int64_t *dilation,
                                                        const int64_t *output_padding, int32_t spatial_axes, int64_t groups, int32_t bias,
                                                        mlxc_error *error);

/* The largest element of each window. stride NULL: the kernel; padding NULL: none. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_module_max_pool(mlxc_module **out, const int64_t *kernel, const int64_t *stride, const int64_t *padding,
                                          int32_t spatial_axes, mlxc_error *error);

/* The mean of each window, padding counted as zeros. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_module_average_pool(mlxc_module **out, const int64_t *kernel, const int64_t *stride, const int64_t *padding,
                                              int32_t spatial_axes, mlxc_error *error);

/* Over everything but axis 1: weight, bias, and the buffers running_mean and running_var, which a training pass renews by `momentum` (0.1
 * is usual) and others use. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_module_batch_norm(mlxc_module **out, int64_t channels, double eps, double momentum, mlxc_error *error);

/* Over the last axis: weight and bias. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_module_layer_norm(mlxc_module **out, int64_t size, double eps, mlxc_error *error);

/* Over the last axis: weight. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_module_rms_norm(mlxc_module **out, int64_t size, double eps, mlxc_error *error);

/* Over groups of channels (axis 1): weight and bias. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_module_group_norm(mlxc_module **out, int64_t groups, int64_t channels, double eps, mlxc_error *error);

/* In training passes, which need a key then. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_module_dropout(mlxc_module **out, double probability, mlxc_error *error);

/* Integers [...] -> [..., size]: weight [count, size]. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_module_embedding(mlxc_module **out, int64_t count, int64_t size, mlxc_error *error);

/* [N, T, size] plus a learned row for each of T <= count places: weight [count, size]. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_module_positions(mlxc_module **out, int64_t count, int64_t size, mlxc_error *error);

/* op: MLXC_ACTIVATION_... of mlxc/elementwise.h; parameter NaN: the usual one. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_module_activation(mlxc_module **out, int32_t op, double parameter, mlxc_error *error);

/* Softmax over one axis (negative counts from the end); log 1: its logarithm. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_module_softmax(mlxc_module **out, int32_t axis, int32_t log, mlxc_error *error);

/* All axes but the first become one. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_module_flatten(mlxc_module **out, mlxc_error *error);

/* Self-attention over [N, T, size] with `heads` heads: q_proj, k_proj, v_proj and out_proj. causal 1: no look ahead. Threads: any. Errors:
 * shared. */
MLXC_API mlxc_status mlxc_module_attention(mlxc_module **out, int64_t size, int64_t heads, int32_t causal, int32_t bias, mlxc_error *error);

/* kind: MLXC_CELL_... of mlxc/layers.h. [T, N, in] -> [T, N, hidden]: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0. Threads: any.
 * Errors: shared. */
MLXC_API mlxc_status mlxc_module_recurrent(mlxc_module **out, int32_t kind, int64_t in, int64_t hidden, int32_t bias, mlxc_error *error);

typedef struct mlxc_recurrent_options {
  uint32_t struct_size;
  int32_t bias;
  int64_t layers;        /* one on top of the other */
  int32_t batch_first;   /* 1: [N, T, ...] in and out, as loaders give batches; 0: [T, N, ...] */
  int32_t bidirectional; /* 1: a second cell a layer runs from the last step to the first; the outputs of both stand side by side */
  double dropout;        /* between layers, in training passes, which need a key then; 0 up to 1 */
  int32_t last;          /* 1: only the states after the last step, [N, hidden]: what a classifier needs */
  int32_t reserved;
} mlxc_recurrent_options;

#define MLXC_RECURRENT_OPTIONS_INIT \
  { (uint32_t)sizeof(mlxc_recurrent_options), 1, 1, 0, 0, 0, 0, 0 }

/* Writes the defaults, as mlxc_model_options_init does. Threads: any. */
MLXC_API void mlxc_recurrent_options_init(mlxc_recurrent_options *options, uint32_t struct_size);

/* mlxc_module_recurrent of several layers and directions: [T, N, in] -> [T, N, hidden], twice hidden with bidirectional. Names of further
 * layers end in l1, l2 and so on, those of the second direction in _reverse. Every number of steps is a program of its own. options NULL:
 * the defaults. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_module_recurrent_layers(mlxc_module **out, int32_t kind, int64_t in, int64_t hidden,
                                                  const mlxc_recurrent_options *options, mlxc_error *error);

/* One after the other; their names begin with "0.", "1.", ... Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_module_sequential(mlxc_module **out, mlxc_module *const *modules, int64_t count, mlxc_error *error);

/* x + body(x). Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_module_residual(mlxc_module **out, mlxc_module *body, mlxc_error *error);

/* The module's result for x, lazily, with these parameters; names that are new begin here. training 1: dropout drops, batch norms use the
 * batch's statistics and renew theirs: evaluate the buffers with the rest of a step. key (mlxc/random.h): another one for every pass; NULL
 * where nothing is random. Threads: any. Errors: shared; FORMAT when a parameter has another shape. */
MLXC_API mlxc_status mlxc_module_forward(mlxc_array **out, mlxc_module *module, mlxc_parameters *parameters, mlxc_array *x, mlxc_array *key,
                                         int32_t training, mlxc_error *error);

/* Threads: any. */
MLXC_API void mlxc_module_free(mlxc_module *module);

/* Parameters: float32 arrays by name, in the names' order. */

/* Which of them. */
#define MLXC_PARAMETERS_ALL     0
#define MLXC_PARAMETERS_TRAINED 1 /* neither frozen nor buffers */
#define MLXC_PARAMETERS_BUFFERS 2 /* renewed by forward passes: running statistics */

/* None yet. The same seed gives every name the same beginning. device NULL: the default. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_parameters_new(mlxc_parameters **out, mlxc_device *device, uint64_t seed, mlxc_error *error);

/* Shares the arrays and changes apart: with placeholders as values it gives the graph of a step for mlxc_function_new. Threads: any.
 * Errors: shared. */
MLXC_API mlxc_status mlxc_parameters_copy(mlxc_parameters **out, mlxc_parameters *parameters, mlxc_error *error);

/* How many names and elements there are. Either may be NULL. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_parameters_count(mlxc_parameters *parameters, int32_t select, int64_t *names, int64_t *elements,
                                           mlxc_error *error);

/* The name at a place. Text result. Threads: any. Errors: shared, BUFFER_TOO_SMALL. */
MLXC_API mlxc_status mlxc_parameters_name(mlxc_parameters *parameters, int32_t select, int64_t index, char *buffer, size_t capacity,
                                          size_t *needed, mlxc_error *error);

/* The values, as many handles as there are names, all NULL on failure. Ownership: the caller frees each. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_parameters_values(mlxc_parameters *parameters, int32_t select, mlxc_array **values, int64_t count,
                                            mlxc_error *error);

/* New values of the same shapes and dtypes: results of a step, or placeholders. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_parameters_set_values(mlxc_parameters *parameters, int32_t select, mlxc_array *const *values, int64_t count,
                                                mlxc_error *error);

/* frozen 1: not among the trained any more; 0: again. Takes in every name that is `prefix` or begins with it and a dot; none: all. *count
 * (may be NULL): how many. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_parameters_freeze(mlxc_parameters *parameters, const char *prefix, size_t prefix_bytes, int32_t frozen,
                                            int64_t *count, mlxc_error *error);

/* What a weight [out, in, window...] begins as; fan_in = in * window, fan_out = out * window. */
#define MLXC_INITIAL_CONSTANT        0 /* value */
#define MLXC_INITIAL_UNIFORM         1 /* -value to value */
#define MLXC_INITIAL_NORMAL          2 /* deviation value */
#define MLXC_INITIAL_XAVIER_UNIFORM  3 /* +- value sqrt(6 / (fan_in + fan_out)) */
#define MLXC_INITIAL_XAVIER_NORMAL   4 /* deviation value sqrt(2 / (fan_in + fan_out)) */
#define MLXC_INITIAL_KAIMING_UNIFORM 5 /* +- value sqrt(3 / fan_in) */
#define MLXC_INITIAL_KAIMING_NORMAL  6 /* deviation value / sqrt(fan_in) */

/* Draws the parameters of two axes or more below a prefix anew (as mlxc_parameters_freeze takes it). Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_parameters_draw(mlxc_parameters *parameters, const char *prefix, size_t prefix_bytes, int32_t initial,
                                          double value, int64_t *count, mlxc_error *error);

/* Moves all of them. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_parameters_to_device(mlxc_parameters *parameters, mlxc_device *device, mlxc_error *error);

/* Writes all of them as a safetensors file, complete or not at all. Threads: any. Errors: shared, IO. */
MLXC_API mlxc_status mlxc_parameters_save(mlxc_parameters *parameters, const char *path, mlxc_error *error);

/* Takes over the values of a safetensors file. strict 1: its names must be the ones that are there, if any are; 0: names may be missing or
 * new. Integers and booleans under new names, as PyTorch's num_batches_tracked, are left out. Nothing changes on failure. Threads: any.
 * Errors: shared, NOT_FOUND, IO, FORMAT. */
MLXC_API mlxc_status mlxc_parameters_load(mlxc_parameters *parameters, const char *path, int32_t strict, mlxc_error *error);

/* Threads: any. */
MLXC_API void mlxc_parameters_free(mlxc_parameters *parameters);

#ifdef __cplusplus
}
#endif
#endif
