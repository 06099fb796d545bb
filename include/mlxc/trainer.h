/* Training a module: forward pass, loss, gradients, clipping and the optimizer's update are one program, run once a step; parameters,
 * the optimizer's states, running statistics and random keys stay on the device, written where they lie.
 *
 *   mlxc_trainer_fit      all of it, with a callback
 *   mlxc_trainer_begin    the same without a callback: mlxc_trainer_next trains up to the next event and gives it (one call a step)
 *   mlxc_trainer_step     one batch of the caller's; no loader, no epochs
 *
 * Class: one thread at a time: a second call meanwhile gives BUSY. mlxc_trainer_learning_rate and _set_learning_rate take any thread at
 * any time. Inside a callback everything but fit, begin, next, step and load is allowed.
 *
 * Shared errors: INVALID_HANDLE, INVALID_ARGUMENT, OUT_OF_MEMORY, BUSY; of everything that runs the model also what the model's shapes give
 * (INVALID_ARGUMENT, FORMAT) and UNSUPPORTED (an operation without a gradient, or that the device cannot do). */
#ifndef MLXC_TRAINER_H
#define MLXC_TRAINER_H

#include "mlxc/data.h"
#include "mlxc/train.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is made small: the mean over the elements (classes: over the targets that count) of a batch. Prediction: what the module gives. */
#define MLXC_TRAIN_CROSS_ENTROPY        0 /* logits [..., classes]; targets: integers [...], or probabilities [..., classes] */
#define MLXC_TRAIN_BINARY_CROSS_ENTROPY 1 /* logits; targets: 0 to 1 of any type, of the logits' shape, [N] fits [N, 1] */
#define MLXC_TRAIN_SQUARED_ERROR        2 /* targets of the prediction's shape, [N] fits [N, 1] */
#define MLXC_TRAIN_ABSOLUTE_ERROR       3
#define MLXC_TRAIN_HUBER                4
#define MLXC_TRAIN_KL_DIVERGENCE        5 /* log-probabilities against probabilities; the mean is over the first axis */

/* Parameters and the optimizer's states are float32 in every precision. With a 16-bit type the weights of two axes and more are rounded to
 * it for each pass; products may round their other operand too and add up in float32; gradients of weights come in the 16-bit type. */
#define MLXC_TRAIN_FLOAT32  0
#define MLXC_TRAIN_BFLOAT16 1
#define MLXC_TRAIN_FLOAT16  2 /* with a scaled loss, by a factor that adapts (Micikevicius et al. 2018): small gradients survive */

typedef struct mlxc_trainer_options {
  uint32_t struct_size;
  int32_t loss;           /* MLXC_TRAIN_CROSS_ENTROPY ... */
  double label_smoothing; /* cross-entropy */
  int64_t ignore_index;   /* cross-entropy: class indices that do not count */
  double huber_delta;
  double clip_norm;         /* gradients are scaled so that the norm of all of them is at most that; 0: not */
  double clip_value;        /* elements of gradients lie within -clip_value and clip_value; 0: not. Before clip_norm */
  int64_t accumulate;       /* batches that make one step: the gradient is that of one large batch (batch norms still see the small ones) */
  uint64_t seed;            /* of dropout */
  int32_t precision;        /* MLXC_TRAIN_FLOAT32 ... */
  int32_t gradient_norm;    /* 1: events have it also without clip_norm, for a pass over the gradients */
  double loss_scale;        /* FLOAT16: the first factor */
  int64_t loss_scale_steps; /* FLOAT16: so many good steps double it; a step with an overflow is left out and halves it */
  const mlxc_schedule *schedule; /* learning rates by step; NULL: 1e-3 always. Copied */
} mlxc_trainer_options;

#define MLXC_TRAINER_OPTIONS_INIT \
  { (uint32_t)sizeof(mlxc_trainer_options), MLXC_TRAIN_CROSS_ENTROPY, 0, -100, 1, 0, 0, 1, 0, MLXC_TRAIN_FLOAT32, 0, 65536, 2000, NULL }

/* Writes the defaults, as mlxc_model_options_init does. Threads: any. */
MLXC_API void mlxc_trainer_options_init(mlxc_trainer_options *options, uint32_t struct_size);

/* Trains a copy of `parameters`, on their device: what they hold now, frozen ones as constants; names that are not there yet begin with the
 * first batch. optimizer NULL: AdamW with its defaults. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_trainer_new(mlxc_trainer **out, mlxc_module *module, mlxc_parameters *parameters, mlxc_optimizer *optimizer,
                                      const mlxc_trainer_options *options, mlxc_error *error);

/* What an event is about. */
#define MLXC_TRAIN_GATHERED 0 /* mlxc_trainer_step: a batch was added, the step is not complete yet */
#define MLXC_TRAIN_STEP     1
#define MLXC_TRAIN_EPOCH    2 /* comes after its last step */

/* What a step or an epoch gave. NaN: not measured. Layout pinned. */
typedef struct mlxc_train_event {
  int32_t kind;    /* MLXC_TRAIN_... */
  int32_t skipped; /* STEP: 1 when an overflow left it out (FLOAT16); EPOCH: how many were */
  int64_t epoch;   /* from 0 */
  int64_t step;    /* of all, from 0; EPOCH: how many there have been */
  int64_t batch;   /* batches of the epoch that are done */
  int64_t batches; /* batches that the epoch has; 0 in mlxc_trainer_step */
  int64_t samples; /* in the step; EPOCH: in the epoch */
  double loss;     /* mean over the step; EPOCH: over the epoch, as it was while training */
  double accuracy; /* share of right predictions, with the two cross-entropies; EPOCH: over the epoch */
  double learning_rate;
  double gradient_norm;      /* of all gradients together, before clipping */
  double loss_scale;         /* FLOAT16: after the step */
  double seconds;            /* since fit or begin; mlxc_trainer_step: of the call */
  double samples_per_second; /* STEP: since the last one; EPOCH: of its training */
  double validation_loss;    /* EPOCH with a validation loader */
  double validation_accuracy;
  int32_t best;     /* EPOCH: 1 when no earlier one had a smaller loss (of validation where there is one) */
  int32_t stopping; /* EPOCH: 1 when it is the last one because of `patience` */
  uint64_t reserved[4];
} mlxc_train_event;

typedef struct mlxc_fit_options {
  uint32_t struct_size;
  int32_t callback_steps;   /* an event every so many steps (the step that ends an epoch has one always); 0: for epochs only */
  int64_t epochs;           /* in all since the trainer began: one that has done three of five does two more */
  int64_t max_steps;        /* in all; 0: no limit */
  int64_t patience;         /* early stopping: so many epochs in a row without a smaller loss end it; 0: off */
  double min_delta;         /* by so much at least */
  int32_t restore_best;     /* 1: in the end the parameters of the best epoch come back */
  int32_t append_logs;      /* 1: log files are continued; 0: they begin anew */
  const char *checkpoint;   /* NULL: none. Replaced at each save, complete or not at all */
  int64_t checkpoint_steps; /* saved every so many steps; 0: after every epoch */
  const char *json_log;     /* NULL: none. One JSON object a line for each event */
  const char *csv_log;      /* NULL: none. A table of the events, with a header */
  mlxc_cancel *cancel;      /* NULL: none */
} mlxc_fit_options;

#define MLXC_FIT_OPTIONS_INIT \
  { (uint32_t)sizeof(mlxc_fit_options), 1, 1, 0, 0, 0, 0, 0, NULL, 0, NULL, NULL, NULL }

/* Writes the defaults, as mlxc_model_options_init does. Threads: any. */
MLXC_API void mlxc_fit_options_init(mlxc_fit_options *options, uint32_t struct_size);

/* Runs on the thread that called mlxc_trainer_fit, between steps; `event` is borrowed for its duration. A non-zero result stops. */
typedef int32_t (*mlxc_train_callback)(const mlxc_train_event *event, void *user_data);

/* Trains until options.epochs epochs are done. Where training was stopped (by the callback, by options.cancel from another thread, or by
 * an error of the data) another call goes on with the step that would have been next, and gives what an unbroken run gives.
 *   train: fields 0 and 1 are input and target. validation (NULL: none): evaluated after each epoch. callback may be NULL.
 * Cancelling takes effect between batches, so parameters are never half updated.
 * Threads: one at a time. Errors: shared, CANCELLED, IO (checkpoint, logs). */
MLXC_API mlxc_status mlxc_trainer_fit(mlxc_trainer *trainer, mlxc_loader *train, mlxc_loader *validation, const mlxc_fit_options *options,
                                      mlxc_train_callback callback, void *user_data, mlxc_error *error);

/* The same in pieces, for languages without C callbacks: begin, then next until it gives END. Another begin, a load or the trainer's end
 * end a run that was not finished. options.cancel is watched by each next. Threads: one at a time. Errors: as mlxc_trainer_fit. */
MLXC_API mlxc_status mlxc_trainer_begin(mlxc_trainer *trainer, mlxc_loader *train, mlxc_loader *validation, const mlxc_fit_options *options,
                                        mlxc_error *error);

/* Trains up to the next event and writes it. Threads: one at a time. Errors: shared, END (all epochs are done, or early stopping),
 * CANCELLED (the run stays: call it again to go on, with a new begin where the cancel was triggered), IO, INVALID_ARGUMENT (nothing was
 * begun). */
MLXC_API mlxc_status mlxc_trainer_next(mlxc_trainer *trainer, mlxc_train_event *event, mlxc_error *error);

/* One batch: input [N, ...], target [N, ...]. With `accumulate` n every n-th call makes the step (event->kind). event may be NULL. Does not
 * count batches and epochs. Threads: one at a time. Errors: shared. */
MLXC_API mlxc_status mlxc_trainer_step(mlxc_trainer *trainer, mlxc_array *input, mlxc_array *target, mlxc_train_event *event,
                                       mlxc_error *error);

/* Mean loss and accuracy (NaN: the loss has none) over a loader's epoch 0, in evaluation mode. Either may be NULL, cancel too. Threads:
 * one at a time. Errors: shared, CANCELLED. */
MLXC_API mlxc_status mlxc_trainer_evaluate(mlxc_trainer *trainer, mlxc_loader *loader, mlxc_cancel *cancel, double *loss, double *accuracy,
                                           mlxc_error *error);

/* What the module gives for input [N, ...], in evaluation mode, batch_size rows at a time. Threads: one at a time. Errors: shared. */
MLXC_API mlxc_status mlxc_trainer_predict(mlxc_array **out, mlxc_trainer *trainer, mlxc_array *input, int64_t batch_size,
                                          mlxc_error *error);

/* The rate of the next step: what was set, else the schedule's. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_trainer_learning_rate(mlxc_trainer *trainer, double *rate, mlxc_error *error);

/* From the next step on, instead of the schedule; NaN: the schedule again. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_trainer_set_learning_rate(mlxc_trainer *trainer, double rate, mlxc_error *error);

/* Where training is: epochs and steps done, batches done of the present epoch. Each may be NULL. Threads: one at a time. Errors: shared. */
MLXC_API mlxc_status mlxc_trainer_position(mlxc_trainer *trainer, int64_t *epoch, int64_t *batch, int64_t *step, mlxc_error *error);

/* A copy of the parameters as they are now, frozen as the trainer's are. Threads: one at a time. Errors: shared. */
MLXC_API mlxc_status mlxc_trainer_parameters_copy(mlxc_parameters **out, mlxc_trainer *trainer, mlxc_error *error);

/* How the elements of a parameter are spread: counts[i] of `bins` equal parts from *low (the smallest) to *high (the largest). Not finite
 * ones are left out. Threads: one at a time. Errors: shared, NOT_FOUND. */
MLXC_API mlxc_status mlxc_trainer_histogram(mlxc_trainer *trainer, const char *name, size_t name_bytes, int64_t *counts, int64_t bins,
                                            double *low, double *high, mlxc_error *error);

/* All that training goes on from (parameters, the optimizer's states, position, random key, loss scale, gathered gradients, rate) in one
 * safetensors file, which appears complete or not at all; parameters lie in it under "parameters." and their names. Between the same steps
 * and with the same data, a loaded trainer gives the same losses bit for bit as one that was not interrupted, on the CPU.
 * Threads: one at a time. Errors: shared, IO. */
MLXC_API mlxc_status mlxc_trainer_save(mlxc_trainer *trainer, const char *path, mlxc_error *error);

/* Takes all of it over; nothing changes on failure. Module, optimizer and options must be those of the saved one. Threads: one at a time.
 * Errors: shared, NOT_FOUND, IO, FORMAT. */
MLXC_API mlxc_status mlxc_trainer_load(mlxc_trainer *trainer, const char *path, mlxc_error *error);

/* A running mlxc_trainer_fit on another thread stops after its step with CANCELLED. Threads: any, the callback too. */
MLXC_API void mlxc_trainer_free(mlxc_trainer *trainer);

#ifdef __cplusplus
}
#endif
#endif
