/* What a training step is made of: losses, optimizers, clipping, schedules. All of them are functions of arrays that keep nothing: a step
 * is loss, mlxc_grad, mlxc_optimizer_update, lazily or as one mlxc_function whose parameters and states are state pairs and stay where they
 * lie.
 *
 * As mlxc/array.h: every `out` is a new handle that the caller frees, and the shared errors are INVALID_HANDLE, INVALID_ARGUMENT,
 * OUT_OF_MEMORY. */
#ifndef MLXC_TRAIN_H
#define MLXC_TRAIN_H

#include "mlxc/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Losses, as PyTorch defines them. 16-bit floats are computed as float32. */

#define MLXC_REDUCTION_NONE       0
#define MLXC_REDUCTION_MEAN       1
#define MLXC_REDUCTION_SUM        2
#define MLXC_REDUCTION_BATCH_MEAN 3 /* the sum over the size of the first axis */

/* (prediction - target)^2, of one shape. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_loss_squared_error(mlxc_array **out, mlxc_array *prediction, mlxc_array *target, int32_t reduction,
                                             mlxc_error *error);

/* |prediction - target|. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_loss_absolute_error(mlxc_array **out, mlxc_array *prediction, mlxc_array *target, int32_t reduction,
                                              mlxc_error *error);

/* Half the squared error up to delta, then a line. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_loss_huber(mlxc_array **out, mlxc_array *prediction, mlxc_array *target, double delta, int32_t reduction,
                                     mlxc_error *error);

/* -log softmax(logits)[target]: logits [..., classes]; targets: class indices [...] of an integer type, or probabilities [..., classes].
 * label_smoothing of the target is spread evenly. Indices equal to ignore_index (-100 is usual) do not count; the mean of none is 0.
 * Another index that is no class gives NaN, and no gradient. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_loss_cross_entropy(mlxc_array **out, mlxc_array *logits, mlxc_array *targets, double label_smoothing,
                                             int64_t ignore_index, int32_t reduction, mlxc_error *error);

/* Of logits against probabilities of one shape. positive_weight (NULL: none) scales the loss of positive targets and broadcasts. Threads:
 * any. Errors: shared. */
MLXC_API mlxc_status mlxc_loss_binary_cross_entropy(mlxc_array **out, mlxc_array *logits, mlxc_array *targets, mlxc_array *positive_weight,
                                                    int32_t reduction, mlxc_error *error);

/* target * (log(target) - prediction), where prediction is a log-probability. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_loss_kl_divergence(mlxc_array **out, mlxc_array *prediction, mlxc_array *target, int32_t reduction,
                                             mlxc_error *error);

/* Optimizers */

#define MLXC_OPTIMIZER_SGD     0
#define MLXC_OPTIMIZER_ADAM    1 /* weight decay is added to the gradient */
#define MLXC_OPTIMIZER_ADAMW   2 /* weight decay apart from the gradient, as with LION */
#define MLXC_OPTIMIZER_LION    3
#define MLXC_OPTIMIZER_RMSPROP 4

typedef struct mlxc_optimizer_options {
  uint32_t struct_size;
  int32_t kind; /* MLXC_OPTIMIZER_... */
  double weight_decay;
  double momentum;  /* SGD, RMSPROP */
  double dampening; /* SGD */
  double beta1;     /* ADAM, ADAMW, LION */
  double beta2;
  double alpha;     /* RMSPROP */
  double eps;       /* ADAM, ADAMW, RMSPROP */
  int32_t nesterov; /* SGD: 0 or 1 */
  int32_t centered; /* RMSPROP: 0 or 1 */
} mlxc_optimizer_options;

#define MLXC_OPTIMIZER_OPTIONS_INIT \
  { (uint32_t)sizeof(mlxc_optimizer_options), MLXC_OPTIMIZER_ADAMW, 0, 0, 0, 0.9, 0.999, 0.99, 1e-8, 0, 0 }

/* Writes the defaults, as mlxc_model_options_init does. Threads: any. */
MLXC_API void mlxc_optimizer_options_init(mlxc_optimizer_options *options, uint32_t struct_size);

/* options NULL: AdamW. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_optimizer_new(mlxc_optimizer **out, const mlxc_optimizer_options *options, mlxc_error *error);

/* How many states so many parameters have: the number of steps (int32), then up to three arrays a parameter. Threads: any. Errors: shared.
 */
MLXC_API mlxc_status mlxc_optimizer_state_count(mlxc_optimizer *optimizer, int64_t parameter_count, int64_t *count, mlxc_error *error);

/* The states before the first step: zeros, float32 for 16-bit parameters.
 *   states: receives state_count handles; all NULL on failure.
 * Ownership: the caller frees each. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_optimizer_initial_states(mlxc_optimizer *optimizer, mlxc_array *const *parameters, int64_t parameter_count,
                                                   mlxc_array **states, int64_t state_count, mlxc_error *error);

/* New parameters and states, lazily. learning_rate: one number, an input like the others.
 *   new_parameters, new_states: receive as many handles as were given; all NULL on failure.
 * Ownership: the caller frees each. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_optimizer_update(mlxc_optimizer *optimizer, mlxc_array *const *parameters, mlxc_array *const *gradients,
                                           int64_t parameter_count, mlxc_array *const *states, int64_t state_count,
                                           mlxc_array *learning_rate, mlxc_array **new_parameters, mlxc_array **new_states,
                                           mlxc_error *error);

/* Threads: any. */
MLXC_API void mlxc_optimizer_free(mlxc_optimizer *optimizer);

/* Gradients scaled so that the norm of all of them together is at most max_norm. norm (may be NULL): what it was, float32.
 *   clipped: receives count handles; all NULL on failure.
 * Ownership: the caller frees each. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_clip_norm(mlxc_array **clipped, mlxc_array **norm, mlxc_array *const *gradients, int64_t count, double max_norm,
                                    mlxc_error *error);

/* Every element within -limit and limit. As mlxc_clip_norm. */
MLXC_API mlxc_status mlxc_clip_value(mlxc_array **clipped, mlxc_array *const *gradients, int64_t count, double limit, mlxc_error *error);

/* Learning rates by step */

#define MLXC_SCHEDULE_CONSTANT  0
#define MLXC_SCHEDULE_STEP      1 /* times gamma every step_size steps */
#define MLXC_SCHEDULE_COSINE    2 /* from rate to final_rate in total_steps, along half a cosine */
#define MLXC_SCHEDULE_ONE_CYCLE 3 /* rate / 25 to rate in warm_fraction of total_steps, then to rate / 250000: along cosines */

typedef struct mlxc_schedule {
  uint32_t struct_size;
  int32_t kind; /* MLXC_SCHEDULE_... */
  double rate;
  double final_rate;
  double gamma;
  double warm_fraction;
  int64_t step_size;
  int64_t total_steps;
  int64_t warmup_steps; /* before it begins, not with ONE_CYCLE: (step + 1) / (warmup_steps + 1) of the first rate */
} mlxc_schedule;

#define MLXC_SCHEDULE_INIT \
  { (uint32_t)sizeof(mlxc_schedule), MLXC_SCHEDULE_CONSTANT, 1e-3, 0, 0.1, 0.3, 1, 0, 0 }

/* Writes the defaults, as mlxc_model_options_init does. Threads: any. */
MLXC_API void mlxc_schedule_init(mlxc_schedule *schedule, uint32_t struct_size);

/* The rate of a step, counted from 0. Threads: any. Errors: INVALID_ARGUMENT. */
MLXC_API mlxc_status mlxc_schedule_rate(const mlxc_schedule *schedule, int64_t step, double *rate, mlxc_error *error);

#ifdef __cplusplus
}
#endif
#endif
