/* Models: load a published folder, ask what it is, free it. Class: internally locked.
 *
 * A loaded model has one worker thread; all requests and calls on it share its steps. Loading the same folder twice with the same
 * options shares the weights. */
#ifndef MLXC_MODEL_H
#define MLXC_MODEL_H

#include "mlxc/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Precision of matrix products. */
#define MLXC_PRECISION_NATIVE 0 /* products may round their inputs to the weights' 16-bit type; sums are float32 */
#define MLXC_PRECISION_HIGH   1 /* activations stay float32: results match a float32 run of the reference */

/* How weights are held. */
#define MLXC_WEIGHTS_MAPPED 0 /* mapped from the file: fast to load, shared between processes; the file must not shrink meanwhile */
#define MLXC_WEIGHTS_COPIED 1 /* read into memory: the file may change or go after loading */

/* `done` of `total` bytes are read. Runs on the loading thread. Non-zero stops the load with MLXC_CANCELLED. */
typedef int32_t (*mlxc_progress_callback)(int64_t done, int64_t total, void *user_data);

typedef struct mlxc_model_options {
  uint32_t struct_size;
  int32_t precision;               /* MLXC_PRECISION_... */
  mlxc_device *device;             /* NULL: the best available one */
  int32_t threads;                 /* CPU threads of the model's worker; 0: as many cores as this process may use */
  int32_t weights;                 /* MLXC_WEIGHTS_... */
  int64_t context;                 /* most positions of one sequence; 0: the model's own limit */
  int64_t cache_tokens;            /* limit of cached keys and values over all sequences, in tokens; 0: chosen from the memory */
  int64_t max_sequences;           /* requests that run together, more wait in line; 0: chosen */
  int64_t step_tokens;             /* most tokens of one step: long prompts run in chunks; 0: chosen */
  mlxc_progress_callback progress; /* NULL: none */
  void *progress_user_data;
  const char *adapter; /* a PEFT folder: its low-rank matrices stand beside the weights (mlxc/finetune.h); NULL: none */
} mlxc_model_options;

#define MLXC_MODEL_OPTIONS_INIT \
  { (uint32_t)sizeof(mlxc_model_options), MLXC_PRECISION_NATIVE, NULL, 0, MLXC_WEIGHTS_MAPPED, 0, 0, 0, 0, NULL, NULL, NULL }

/* Writes the defaults into the first struct_size bytes of *options, struct_size included: MLXC_MODEL_OPTIONS_INIT for callers without
 * macros. NULL, and a struct_size below 4 or above 4096, are ignored. Threads: any. */
MLXC_API void mlxc_model_options_init(mlxc_model_options *options, uint32_t struct_size);

/* Poolings of token vectors into one embedding. */
#define MLXC_POOLING_MODEL (-1) /* what the model's files say: the pooling config of an encoder; LAST for a causal model */
#define MLXC_POOLING_MEAN  0
#define MLXC_POOLING_LAST  1
#define MLXC_POOLING_CLS   2 /* the first token */

typedef struct mlxc_model_info {
  uint32_t struct_size;
  int32_t causal;     /* 1: generates, scores, gives logits; 0: an encoder, embeddings only */
  int64_t vocabulary; /* rows of the logits */
  int64_t hidden;     /* width of embeddings */
  int64_t layers;
  int64_t heads;
  int64_t kv_heads;
  int64_t head_dim;
  int64_t context; /* most positions of one sequence, as loaded */
  int64_t parameters;
  int64_t weight_bytes;
  int32_t weight_dtype;         /* MLXC_DTYPE_... of the largest part */
  int32_t precision;            /* MLXC_PRECISION_... */
  int32_t bos_token;            /* -1: none */
  int32_t pad_token;            /* -1: none */
  int32_t pooling;              /* MLXC_POOLING_... used by default */
  int32_t normalize_embeddings; /* 1: embeddings have length 1 by default */
  int64_t max_embedding_tokens; /* longer texts are cut by mlxc_embed */
  float temperature;            /* sampling defaults of generation_config.json; the neutral values (0, 0, 1, 0, 1) where it has none */
  int32_t top_k;
  float top_p;
  float min_p;
  float repetition_penalty;
  int32_t has_tokenizer; /* 1: text can be given; 0: token ids only */
  char family[32];       /* "qwen3", "llama", ... */
  char architecture[64]; /* as published, for example "Qwen3ForCausalLM" */
} mlxc_model_info;

#define MLXC_MODEL_INFO_INIT                                                                                                       \
  {                                                                                                                                \
    (uint32_t)sizeof(mlxc_model_info), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.0f, 0, 0.0f, 0.0f, 0.0f, 0, {0}, { 0 } \
  }

typedef struct mlxc_model_stats {
  uint32_t struct_size;
  int32_t reserved;
  int64_t running;   /* requests in the present step */
  int64_t waiting;   /* requests in line */
  int64_t submitted; /* since loading */
  int64_t finished;
  int64_t prompt_tokens; /* run through the model since loading; also counts inside a long prompt */
  int64_t generated_tokens;
  int64_t steps;
  int64_t cache_pages;
  int64_t cache_pages_used;
} mlxc_model_stats;

#define MLXC_MODEL_STATS_INIT \
  { (uint32_t)sizeof(mlxc_model_stats), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/* Loads a model folder as published on Hugging Face: config.json, one or several safetensors files and, for text, tokenizer.json.
 * `path` is UTF-8, NUL-terminated. Without a tokenizer file the model takes token ids only.
 * Ownership: the caller frees the handle. Threads: any; returns when the model is ready.
 * Errors: NOT_FOUND (no such folder, file or tensor; named), FORMAT (malformed file), UNSUPPORTED (unknown family; lists the supported
 * ones), OUT_OF_MEMORY, IO, CANCELLED (by the progress callback), INVALID_ARGUMENT, INVALID_HANDLE (the device). */
MLXC_API mlxc_status mlxc_model_load(mlxc_model **out, const char *path, const mlxc_model_options *options, mlxc_error *error);

/* Describes the model. Set info->struct_size first. Threads: any. Errors: INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_model_inspect(mlxc_model *model, mlxc_model_info *info, mlxc_error *error);

/* The same and more as JSON: path, family, sizes, dtypes, token ids, defaults, device. Text result.
 * Threads: any. Errors: BUFFER_TOO_SMALL, INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_model_json(mlxc_model *model, char *buffer, size_t capacity, size_t *needed, mlxc_error *error);

/* The tokens that end a text: those of generation_config.json and config.json. List of ids.
 * Threads: any. Errors: BUFFER_TOO_SMALL, INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_model_stop_tokens(mlxc_model *model, int32_t *tokens, int64_t capacity, int64_t *needed, mlxc_error *error);

/* What the model's worker does and did. Set stats->struct_size first. Threads: any. Errors: INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_model_read_stats(mlxc_model *model, mlxc_model_stats *stats, mlxc_error *error);

/* A handle of the model's tokenizer. Ownership: the caller frees it; it outlives the model.
 * Threads: any. Errors: NOT_FOUND (the folder has none), INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_model_tokenizer_copy(mlxc_tokenizer **out, mlxc_model *model, mlxc_error *error);

/* A handle of the model's device. Ownership: the caller frees it. Threads: any. Errors: INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_model_device_copy(mlxc_device **out, mlxc_model *model, mlxc_error *error);

/* Cancels every request and call of the model, which then end with MLXC_CANCELLED, and drops the caller's reference. When it returns no
 * callback of the model runs or will run; inside a callback it returns at once, and the rest happens when that callback has returned.
 * Requests and results that were got from it stay readable. Threads: any. */
MLXC_API void mlxc_model_free(mlxc_model *model);

#ifdef __cplusplus
}
#endif
#endif
