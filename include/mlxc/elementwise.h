/* Elementwise functions with parameters, comparisons with tolerance, activations. As mlxc/array.h: every `out` is a new handle that the
 * caller frees, operands broadcast, and the shared errors are INVALID_HANDLE, INVALID_ARGUMENT, OUT_OF_MEMORY. */
#ifndef MLXC_ELEMENTWISE_H
#define MLXC_ELEMENTWISE_H

#include "mlxc/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* x between the bounds, either of which may be NULL; a NaN stays. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_clip(mlxc_array **out, mlxc_array *x, mlxc_array *low, mlxc_array *high, mlxc_error *error);

/* NaN becomes `nan`; infinities become the given values, or where those pointers are NULL the type's largest and lowest number. Threads:
 * any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_nan_to_num(mlxc_array **out, mlxc_array *x, double nan, const double *positive_infinity,
                                           const double *negative_infinity, mlxc_error *error);

/* |a - b| <= absolute + relative * |b|. Equal infinities are close; NaNs only when equal_nan is 1. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_isclose(mlxc_array **out, mlxc_array *a, mlxc_array *b, double relative, double absolute, int32_t equal_nan,
                                        mlxc_error *error);

/* Whether all elements are close: a boolean scalar. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_allclose(mlxc_array **out, mlxc_array *a, mlxc_array *b, double relative, double absolute,
                                         int32_t equal_nan, mlxc_error *error);

/* Whether shapes and all elements are equal: a boolean scalar. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_array_equal(mlxc_array **out, mlxc_array *a, mlxc_array *b, int32_t equal_nan, mlxc_error *error);

/* Activations, and what `parameter` is to them; the others ignore it. */
#define MLXC_ACTIVATION_RELU         0
#define MLXC_ACTIVATION_RELU6        1
#define MLXC_ACTIVATION_LEAKY_RELU   2 /* the slope below 0 */
#define MLXC_ACTIVATION_ELU          3 /* alpha */
#define MLXC_ACTIVATION_SELU         4
#define MLXC_ACTIVATION_CELU         5 /* alpha */
#define MLXC_ACTIVATION_GELU         6 /* the exact form */
#define MLXC_ACTIVATION_GELU_TANH    7
#define MLXC_ACTIVATION_SILU         8
#define MLXC_ACTIVATION_SIGMOID      9
#define MLXC_ACTIVATION_LOG_SIGMOID  10
#define MLXC_ACTIVATION_TANH         11
#define MLXC_ACTIVATION_SOFTPLUS     12 /* beta */
#define MLXC_ACTIVATION_SOFTSIGN     13
#define MLXC_ACTIVATION_MISH         14
#define MLXC_ACTIVATION_HARD_SIGMOID 15
#define MLXC_ACTIVATION_HARD_SWISH   16
#define MLXC_ACTIVATION_HARD_TANH    17
#define MLXC_ACTIVATION_HARD_SHRINK  18 /* the threshold */
#define MLXC_ACTIVATION_SOFT_SHRINK  19 /* the threshold */
#define MLXC_ACTIVATION_TANH_SHRINK  20
#define MLXC_ACTIVATION_STEP         21

/* op: MLXC_ACTIVATION_.... parameter NaN: the usual one (slope 0.01, thresholds 0.5, the others 1). Integers give float32. Threads: any.
 * Errors: shared. */
MLXC_API mlxc_status mlxc_array_activation(mlxc_array **out, int32_t op, mlxc_array *x, double parameter, mlxc_error *error);

#ifdef __cplusplus
}
#endif
#endif
