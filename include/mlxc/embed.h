/* Embeddings: one vector for each text. */
#ifndef MLXC_EMBED_H
#define MLXC_EMBED_H

#include "mlxc/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mlxc_embed_options {
  uint32_t struct_size;
  int32_t pooling;            /* MLXC_POOLING_... */
  int32_t normalize;          /* 1: vectors of length 1; 0: as they are; -1: as the model's files say */
  int32_t add_special_tokens; /* 1: texts get the special tokens of the post-processor */
  int32_t truncate; /* encoders. 1: inputs are cut to max_embedding_tokens, a final [SEP] stays; 0: longer ones are CONTEXT_FULL */
  int32_t reserved;
  mlxc_cancel *cancel; /* NULL: none */
} mlxc_embed_options;

#define MLXC_EMBED_OPTIONS_INIT \
  { (uint32_t)sizeof(mlxc_embed_options), MLXC_POOLING_MODEL, -1, 1, 1, 0, NULL }

/* Writes the defaults, as mlxc_model_options_init does. Threads: any. */
MLXC_API void mlxc_embed_options_init(mlxc_embed_options *options, uint32_t struct_size);

/* Embeds `count` texts (or token lists) and copies the vectors out.
 *   vectors: [count, hidden] float32, row-major; capacity in elements; hidden from mlxc_model_inspect.
 * Works with encoders and causal models. Threads: any.
 * Errors: BUFFER_TOO_SMALL (the message has the size; checked before any work), INVALID_ARGUMENT (empty input, token outside
 * the vocabulary, text without a tokenizer), CONTEXT_FULL, CANCELLED, OUT_OF_MEMORY, INVALID_HANDLE, BUSY (from inside
 * a callback of this model). */
MLXC_API mlxc_status mlxc_embed(mlxc_model *model, const mlxc_prompt *inputs, int64_t count, const mlxc_embed_options *options,
                                float *vectors, int64_t capacity, mlxc_error *error);

/* The same as an array [count, hidden] float32: mlxc_array_peek reads it without a copy, and it can go on into array operations.
 * Ownership: the caller frees the array. Threads and errors: as mlxc_embed. */
MLXC_API mlxc_status mlxc_embed_new(mlxc_array **out, mlxc_model *model, const mlxc_prompt *inputs, int64_t count,
                                    const mlxc_embed_options *options, mlxc_error *error);

#ifdef __cplusplus
}
#endif
#endif
