/* What layers compute, as functions of arrays: convolutions, pools, normalisations, dropout, attention, recurrent cells. Layouts are
 * PyTorch's: [batch, channels, spatial...]. As mlxc/array.h: every `out` is a new handle that the caller frees, and the shared errors are
 * INVALID_HANDLE, INVALID_ARGUMENT, OUT_OF_MEMORY. Where arrays may be missing, pass NULL. */
#ifndef MLXC_LAYERS_H
#define MLXC_LAYERS_H

#include "mlxc/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* x [N, C, n...] with weight [O, C / groups, k...] and bias [O] (or NULL) gives [N, O, m...], m = (n + 2 padding - dilation (k - 1) - 1) /
 * stride + 1. stride, padding and dilation have spatial_axes values each (1 to 3), or are NULL: 1, 0 and 1. Threads: any. Errors: shared.
 * */
MLXC_API mlxc_status mlxc_array_convolution(mlxc_array **out, mlxc_array *x, mlxc_array *weight, mlxc_array *bias, const int64_t *stride,
                                            const int64_t *padding, const int64_t *dilation, int32_t spatial_axes, int64_t groups,
                                            mlxc_error *error);

/* The transposed one: x [N, C, n...] with weight [C, O / groups, k...] gives [N, O, m...], m = (n - 1) stride - 2 padding + dilation (k -
 * 1) + 1 + output_padding. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_transposed_convolution(mlxc_array **out, mlxc_array *x, mlxc_array *weight, mlxc_array *bias,
                                                       const int64_t *stride, const int64_t *padding, const int64_t *dilation,
                                                       const int64_t *output_padding, int32_t spatial_axes, int64_t groups,
                                                       mlxc_error *error);

/* The largest element of each window. stride NULL: the kernel; padding (at most half the kernel) counts as -infinity. Threads: any. Errors:
 * shared. */
MLXC_API mlxc_status mlxc_array_max_pool(mlxc_array **out, mlxc_array *x, const int64_t *kernel, const int64_t *stride,
                                         const int64_t *padding, const int64_t *dilation, int32_t spatial_axes, mlxc_error *error);

/* The mean of each window; padding counts as zeros (count_padding 1), or not at all. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_average_pool(mlxc_array **out, mlxc_array *x, const int64_t *kernel, const int64_t *stride,
                                             const int64_t *padding, int32_t spatial_axes, int32_t count_padding, mlxc_error *error);

/* (x - mean) / sqrt(variance + eps) * weight + bias over the last axes. weight and bias may be NULL. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_layer_norm(mlxc_array **out, mlxc_array *x, mlxc_array *weight, mlxc_array *bias, int32_t last_axes,
                                           double eps, mlxc_error *error);

/* x / sqrt(mean(x^2) + eps) * weight over the last axis. weight may be NULL. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_rms_norm(mlxc_array **out, mlxc_array *x, mlxc_array *weight, double eps, mlxc_error *error);

/* Over everything but axis 1. With mean and variance (evaluation) those are used; with both NULL (training) the batch's own, which are
 * given in batch_mean and batch_variance (population) where those are not NULL. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_batch_norm(mlxc_array **out, mlxc_array **batch_mean, mlxc_array **batch_variance, mlxc_array *x,
                                           mlxc_array *mean, mlxc_array *variance, mlxc_array *weight, mlxc_array *bias, double eps,
                                           mlxc_error *error);

/* Over each group of channels (axis 1) and everything behind them. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_group_norm(mlxc_array **out, mlxc_array *x, int64_t groups, mlxc_array *weight, mlxc_array *bias,
                                           double eps, mlxc_error *error);

/* Zeroes each element with the probability and divides the others by 1 - probability. key: mlxc/random.h. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_dropout(mlxc_array **out, mlxc_array *x, mlxc_array *key, double probability, mlxc_error *error);

/* softmax(q k^T * scale + mask) v over the last two axes. A boolean mask keeps where true, another is added; NULL: none. scale 0: 1 /
 * sqrt(last axis). causal 1: a query sees keys up to its own place, counted from the end. A query that sees no key at all gives 0. Threads:
 * any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_attention(mlxc_array **out, mlxc_array *q, mlxc_array *k, mlxc_array *v, mlxc_array *mask, double scale,
                                          int32_t causal, mlxc_error *error);

/* Recurrent cells and their number of gates G. */
#define MLXC_CELL_RNN_TANH 0 /* 1 */
#define MLXC_CELL_RNN_RELU 1 /* 1 */
#define MLXC_CELL_GRU      2 /* 3: reset, update, new */
#define MLXC_CELL_LSTM     3 /* 4: input, forget, cell, output */

/* Runs a cell over x [T, N, I]: outputs [T, N, H] and the states after the last step, [N, H]. weights: four arrays, input [G H, I], hidden
 * [G H, H], input bias [G H], hidden bias [G H]; the biases may be NULL. hidden and cell: the first states, NULL for zeros. cell and
 * last_cell are for LSTM only; last_hidden and last_cell may be NULL: not wanted. reverse 1: from the last step to the first. Threads: any.
 * Errors: shared. */
MLXC_API mlxc_status mlxc_array_recurrent(mlxc_array **outputs, mlxc_array **last_hidden, mlxc_array **last_cell, int32_t kind,
                                          mlxc_array *x, mlxc_array *hidden, mlxc_array *cell, mlxc_array *const *weights, int32_t reverse,
                                          mlxc_error *error);

#ifdef __cplusplus
}
#endif
#endif
