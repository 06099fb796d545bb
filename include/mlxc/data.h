/* Data to train on: a dataset gives samples by number, a loader gives them in batches, shuffled, made ahead on a thread of its own.
 *
 * A sample has one or more fields, arrays of one shape and dtype each over all samples: field 0 is the model's input, field 1 what it is
 * trained towards. A batch is the fields of several samples, stacked: [samples, field...].
 *
 * As mlxc/array.h: every `out` is a new handle that the caller frees, and the shared errors are INVALID_HANDLE, INVALID_ARGUMENT,
 * OUT_OF_MEMORY. Files may contain anything: what is malformed is FORMAT with the file, the place and what was expected there. */
#ifndef MLXC_DATA_H
#define MLXC_DATA_H

#include "mlxc/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Datasets. Class: immutable, shared. */

#define MLXC_FIELD_MAX_RANK 8

/* One field of one sample. Layout pinned. */
typedef struct mlxc_field {
  int32_t dtype; /* MLXC_DTYPE_... of mlxc/array.h */
  int32_t rank;
  int64_t shape[MLXC_FIELD_MAX_RANK]; /* without the axis of samples */
} mlxc_field;

/* Samples in memory: row i of every array is sample i. The arrays are evaluated, and shared where the host sees them. Threads: any.
 * Errors: shared. */
MLXC_API mlxc_status mlxc_dataset_new_arrays(mlxc_dataset **out, mlxc_array *const *fields, int64_t field_count, mlxc_error *error);

/* Numbers out of a generator, for trying things out: an input of standard normal float32 of this shape, and a target: a class from 0 to
 * classes - 1 (int32, no axis), or with classes 0 one standard normal number (float32 [1]). Sample i depends on seed and i only.
 * Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_dataset_new_random(mlxc_dataset **out, int64_t samples, const int64_t *shape, int32_t rank, int64_t classes,
                                             uint64_t seed, mlxc_error *error);

/* Fills fields[f] with field f of samples[0] to samples[count - 1], one after the other in row-major order. Runs on the thread that makes
 * batches: of a loader with prefetch its own, else the caller's; one call at a time a loader. A non-zero result ends what asked for the
 * batch with CANCELLED. */
typedef int32_t (*mlxc_dataset_callback)(const int64_t *samples, int64_t count, void *const *fields, void *user_data);

/* Samples that the caller makes as they are asked for. release (may be NULL) is called with user_data once nothing needs them any more,
 * also when this call fails. Languages without C callbacks give batches to mlxc_trainer_step instead. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_dataset_new_callback(mlxc_dataset **out, int64_t samples, const mlxc_field *fields, int64_t field_count,
                                               mlxc_dataset_callback read, void (*release)(void *user_data), void *user_data,
                                               mlxc_error *error);

/* NumPy files, one a field: their first axis is the samples'. Threads: any. Errors: shared, NOT_FOUND, IO, FORMAT, UNSUPPORTED. */
MLXC_API mlxc_status mlxc_dataset_open_npy(mlxc_dataset **out, const char *const *paths, int64_t field_count, mlxc_error *error);

/* Tensors of a safetensors file, one a field, by name: their first axis is the samples'. Threads: any. Errors: shared, NOT_FOUND, IO,
 * FORMAT, UNSUPPORTED. */
MLXC_API mlxc_status mlxc_dataset_open_safetensors(mlxc_dataset **out, const char *path, const char *const *names, int64_t field_count,
                                                   mlxc_error *error);

/* What the columns of target_columns hold. */
#define MLXC_CSV_NO_TARGET 0 /* all columns are input */
#define MLXC_CSV_NUMBERS   1 /* float32 [columns] */
#define MLXC_CSV_CLASSES   2 /* one column: int32 class numbers, or names, numbered in their order (mlxc_dataset_class_name) */

typedef struct mlxc_csv_options {
  uint32_t struct_size;
  int32_t target;                /* MLXC_CSV_... */
  const int64_t *target_columns; /* from 0; -1 is the last; NULL: the last one */
  int64_t target_column_count;
  int32_t header;    /* 1: the first record names the columns; 0: it is a sample */
  int32_t separator; /* one ASCII character */
} mlxc_csv_options;

#define MLXC_CSV_OPTIONS_INIT \
  { (uint32_t)sizeof(mlxc_csv_options), MLXC_CSV_CLASSES, NULL, 0, 1, ',' }

/* Writes the defaults, as mlxc_model_options_init does. Threads: any. */
MLXC_API void mlxc_csv_options_init(mlxc_csv_options *options, uint32_t struct_size);

/* A table of numbers as text (RFC 4180): the columns that are no target are the input, float32 [columns]. Fields may be quoted, records end
 * with LF or CRLF, empty lines are passed over, a BOM too. Errors name line and column. Threads: any. Errors: shared, NOT_FOUND, IO,
 * FORMAT.
 */
MLXC_API mlxc_status mlxc_dataset_open_csv(mlxc_dataset **out, const char *path, const mlxc_csv_options *options, mlxc_error *error);

/* The classes that a CSV file names; *count 0 where there are none. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_dataset_class_count(mlxc_dataset *dataset, int64_t *count, mlxc_error *error);
MLXC_API mlxc_status mlxc_dataset_class_name(mlxc_dataset *dataset, int64_t index, char *buffer, size_t capacity, size_t *needed,
                                             mlxc_error *error);

/* Windows of a sequence of tokens, for language models: input i is tokens[i * stride ... + length), target i the same one token later, both
 * int32 [length]. A rest shorter than length + 1 is left out. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_dataset_new_tokens(mlxc_dataset **out, const int32_t *tokens, int64_t token_count, int64_t length, int64_t stride,
                                             mlxc_error *error);

/* The same over a UTF-8 text, encoded without the tokenizer's special tokens. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_dataset_new_text(mlxc_dataset **out, mlxc_tokenizer *tokenizer, const char *text, size_t text_bytes,
                                           int64_t length, int64_t stride, mlxc_error *error);

/* The samples of a list, in its order: sample i is samples[i] of `dataset`, which is shared. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_dataset_select(mlxc_dataset **out, mlxc_dataset *dataset, const int64_t *samples, int64_t count,
                                         mlxc_error *error);

/* Two datasets of samples drawn by seed: round(fraction * samples) in the first, the others in the second. Both NULL on failure.
 * Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_dataset_split(mlxc_dataset **first, mlxc_dataset **second, mlxc_dataset *dataset, double fraction, uint64_t seed,
                                        mlxc_error *error);

/* Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_dataset_samples(mlxc_dataset *dataset, int64_t *samples, mlxc_error *error);

/* What a sample is made of. List result. Threads: any. Errors: shared, BUFFER_TOO_SMALL. */
MLXC_API mlxc_status mlxc_dataset_fields(mlxc_dataset *dataset, mlxc_field *fields, int64_t capacity, int64_t *needed, mlxc_error *error);

/* Some samples as arrays on a device (NULL: the default), one handle a field, all NULL on failure. Threads: any. Errors: shared,
 * CANCELLED (a callback). */
MLXC_API mlxc_status mlxc_dataset_read(mlxc_array **fields, int64_t field_count, mlxc_dataset *dataset, mlxc_device *device,
                                       const int64_t *samples, int64_t count, mlxc_error *error);

/* Threads: any. */
MLXC_API void mlxc_dataset_free(mlxc_dataset *dataset);

/* Loaders. Class: mlxc_loader_start and _next one thread at a time, the rest any. */

typedef struct mlxc_loader_options {
  uint32_t struct_size;
  int32_t shuffle;    /* 1: every epoch in an order of its own, which seed and the epoch's number fix; 0: as they are */
  int64_t batch_size; /* samples; the last batch of an epoch may have fewer */
  uint64_t seed;
  int32_t drop_last; /* 1: an epoch ends before a batch that is not full */
  int32_t prefetch;  /* batches that a thread makes ahead, 0 to 64; 0: made when they are asked for */
} mlxc_loader_options;

#define MLXC_LOADER_OPTIONS_INIT \
  { (uint32_t)sizeof(mlxc_loader_options), 0, 32, 0, 0, 2 }

/* Writes the defaults, as mlxc_model_options_init does. Threads: any. */
MLXC_API void mlxc_loader_options_init(mlxc_loader_options *options, uint32_t struct_size);

/* The loader is at the start of epoch 0. A trainer uses dataset and options only: one loader serves it and mlxc_loader_next at once.
 * Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_loader_new(mlxc_loader **out, mlxc_dataset *dataset, const mlxc_loader_options *options, mlxc_error *error);

/* Batches of an epoch. Threads: any. Errors: shared. */
MLXC_API mlxc_status mlxc_loader_batches(mlxc_loader *loader, int64_t *batches, mlxc_error *error);

/* Goes to a batch of an epoch, both from 0: what follows is what it was the first time. Threads: one at a time. Errors: shared, BUSY. */
MLXC_API mlxc_status mlxc_loader_start(mlxc_loader *loader, int64_t epoch, int64_t batch, mlxc_error *error);

/* The next batch of the epoch as arrays on a device (NULL: the default), one handle a field; *samples (may be NULL) is how many it has.
 * Handles are all NULL on failure, END too: the epoch is over, mlxc_loader_start begins another. `cancel` may be NULL.
 * Threads: one at a time. Errors: shared, END, CANCELLED, BUSY, and what the dataset's callback makes of it. */
MLXC_API mlxc_status mlxc_loader_next(mlxc_array **fields, int64_t field_count, mlxc_loader *loader, mlxc_device *device,
                                      mlxc_cancel *cancel, int64_t *samples, mlxc_error *error);

/* Waits for the batch that is being made. Threads: any. */
MLXC_API void mlxc_loader_free(mlxc_loader *loader);

#ifdef __cplusplus
}
#endif
#endif
