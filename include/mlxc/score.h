/* Probabilities of given text: scores of labels, and logits of given tokens. */
#ifndef MLXC_SCORE_H
#define MLXC_SCORE_H

#include "mlxc/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mlxc_score_options {
  uint32_t struct_size;
  int32_t add_special_tokens; /* 1: text prompts get the special tokens of the post-processor; labels never do */
  mlxc_cancel *cancel;        /* NULL: none */
} mlxc_score_options;

#define MLXC_SCORE_OPTIONS_INIT \
  { (uint32_t)sizeof(mlxc_score_options), 1, NULL }

/* Writes the defaults, as mlxc_model_options_init does. Threads: any. */
MLXC_API void mlxc_score_options_init(mlxc_score_options *options, uint32_t struct_size);

/* Scores each label as a continuation of each prompt and returns log-probabilities.
 *   scores:       [prompt_count, label_count], float32, natural log, summed over the label's tokens; scores_capacity in elements.
 *   token_counts: [label_count], how many tokens each label has, for callers that normalise; may be NULL.
 * Labels are text or tokens; text is tokenized by itself, without special tokens: write the leading space it has after the prompt. One
 * pass over each prompt serves all its labels (shared prefix). count 0 of either is fine and writes no score.
 * Threads: any. Errors: INVALID_ARGUMENT (an empty prompt or label, token outside the vocabulary, text without a tokenizer),
 * CONTEXT_FULL (prompt and label longer than the context; both numbers), BUFFER_TOO_SMALL, CANCELLED, UNSUPPORTED (an encoder),
 * OUT_OF_MEMORY, INVALID_HANDLE, BUSY (from inside a callback of this model). */
MLXC_API mlxc_status mlxc_score(mlxc_model *model, const mlxc_prompt *prompts, int64_t prompt_count, const mlxc_prompt *labels,
                                int64_t label_count, const mlxc_score_options *options, float *scores, int64_t scores_capacity,
                                int32_t *token_counts, mlxc_error *error);

/* Logits of every token of a sequence: row t is the model's prediction after tokens [0, t].
 *   logits: [token_count, vocabulary] float32, row-major; NULL: not wanted.
 *   hidden: [token_count, hidden] float32, the states behind them after the final norm; NULL: not wanted.
 * Capacities in elements. `cancel` may be NULL.
 * Threads: any. Errors: BUFFER_TOO_SMALL (the message has the size; mlxc_model_inspect has vocabulary and hidden), INVALID_ARGUMENT (no
 * token, token outside the vocabulary, neither buffer), CONTEXT_FULL, CANCELLED, UNSUPPORTED (an encoder), OUT_OF_MEMORY, INVALID_HANDLE,
 * BUSY (from inside a callback of this model). */
MLXC_API mlxc_status mlxc_logits(mlxc_model *model, const int32_t *tokens, int64_t token_count, float *logits, int64_t logits_capacity,
                                 float *hidden, int64_t hidden_capacity, mlxc_cancel *cancel, mlxc_error *error);

#ifdef __cplusplus
}
#endif
#endif
