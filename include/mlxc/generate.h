/* Generating text: a batch in one call, or requests that run by themselves and report to a queue or a callback. */
#ifndef MLXC_GENERATE_H
#define MLXC_GENERATE_H

#include "mlxc/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Why a text ended. */
#define MLXC_FINISH_NONE      0 /* still running */
#define MLXC_FINISH_STOP      1 /* a stop token or stop string */
#define MLXC_FINISH_LENGTH    2 /* max_tokens or the context is reached */
#define MLXC_FINISH_CANCELLED 3
#define MLXC_FINISH_ERROR     4 /* see the status */

/* "none", "stop", "length", "cancelled", "error", or "unknown". Static, never freed. Threads: any. */
MLXC_API const char *mlxc_finish_reason_name(int32_t finish_reason);

typedef struct mlxc_generate_options {
  uint32_t struct_size;
  float temperature;         /* 0: greedy; -1: the model's default (generation_config.json), greedy where it has none */
  int64_t top_k;             /* keep the k most likely tokens; 0: all; -1: the model's default */
  float top_p;               /* keep the most likely tokens that together reach p; 1: all; -1: the model's default */
  float min_p;               /* keep tokens of at least min_p times the highest probability; 0: all; -1: the model's default */
  float repetition_penalty;  /* logits of seen tokens are divided (positive) or multiplied by it; 1: off; -1: the model's default */
  float presence_penalty;    /* subtracted once from logits of generated tokens; 0: off */
  float frequency_penalty;   /* subtracted for each time the token was generated; 0: off */
  int32_t ignore_model_stop; /* 1: the model's own stop tokens do not stop */
  uint64_t seed;             /* fixes sampling: same seed and prompt, same tokens, whatever runs beside it */
  int64_t max_tokens;        /* most generated tokens; -1: up to the context; 0: none, the prompt is run and that is all */
  int64_t min_tokens;        /* before as many, stop tokens are masked and stop strings do not count */
  const mlxc_text *stop;     /* strings that end the text before the first one found, also across token borders; tokens stay whole */
  int64_t stop_count;
  const int32_t *stop_tokens; /* beside the model's own */
  int64_t stop_token_count;
  const mlxc_logit_bias *logit_bias;
  int64_t logit_bias_count;
  int32_t logprobs;           /* 1: log-probability of each generated token */
  int32_t top_logprobs;       /* the n most likely tokens of each step with theirs, 0 to 100 */
  int32_t echo;               /* 1: tokens and text of the result begin with the prompt's */
  int32_t keep_last_logits;   /* 1: the result holds the logits behind the last token */
  int32_t add_special_tokens; /* 1: text prompts get the special tokens of the post-processor; 0: as they are */
  int32_t token_events;       /* mlxc_generate_start. 1: an event for each token; 0: only the last one, MLXC_EVENT_DONE */
  mlxc_cancel *cancel;        /* NULL: none; mlxc_generate_batch only */
} mlxc_generate_options;

#define MLXC_GENERATE_OPTIONS_INIT                                                                                                        \
  {                                                                                                                                       \
    (uint32_t)sizeof(mlxc_generate_options), -1.0f, -1, -1.0f, -1.0f, -1.0f, 0.0f, 0.0f, 0, 0, -1, 0, NULL, 0, NULL, 0, NULL, 0, 0, 0, 0, \
        0, 1, 1, NULL                                                                                                                     \
  }

/* Writes the defaults, as mlxc_model_options_init does. Threads: any. */
MLXC_API void mlxc_generate_options_init(mlxc_generate_options *options, uint32_t struct_size);

/* How long things took and how much there was. Seconds. */
typedef struct mlxc_timings {
  uint32_t struct_size;
  int32_t reserved;
  double queue_seconds;       /* waiting in line */
  double prompt_seconds;      /* from leaving the line to the end of the prompt */
  double first_token_seconds; /* from the submission to the first token */
  double generate_seconds;    /* from the first token to the last */
  int64_t prompt_tokens;
  int64_t generated_tokens;
} mlxc_timings;

#define MLXC_TIMINGS_INIT \
  { (uint32_t)sizeof(mlxc_timings), 0, 0, 0, 0, 0, 0, 0 }

/* Kinds of events. */
#define MLXC_EVENT_TOKEN 1 /* a token was generated, or held-back text is now certain (token is -1) */
#define MLXC_EVENT_DONE  2 /* the request's last event; exactly one comes for every started request */

/* Layout pinned. Pointers are borrowed: in a callback for its duration, from mlxc_queue_next until the next call of it on that queue. */
typedef struct mlxc_event {
  uint64_t tag;          /* as given to mlxc_generate_start; in mlxc_generate_batch the index of the prompt */
  int32_t type;          /* MLXC_EVENT_... */
  int32_t status;        /* DONE: MLXC_OK, MLXC_CANCELLED or what failed */
  int64_t index;         /* TOKEN: of the generated token, from 0; DONE: how many were generated */
  int32_t token;         /* -1: none */
  int32_t finish_reason; /* MLXC_FINISH_...; NONE for every TOKEN but the last one */
  const char *text;      /* TOKEN: new text, whole UTF-8 characters, may be empty; DONE: the error's sentence. NUL-terminated */
  size_t text_bytes;
  const mlxc_token_logprob *top; /* with top_logprobs: most likely first; else NULL */
  int32_t top_count;
  float logprob;  /* with logprobs */
  double seconds; /* since the submission */
  uint64_t reserved[3];
} mlxc_event;

/* Runs on the model's worker thread, one at a time for all requests of the model: return soon. A non-zero result cancels: the request in
 * mlxc_generate_start, the whole call in mlxc_generate_batch. Calls on the same model from inside that wait for its work (batch, score,
 * embed, logits, request_wait) give MLXC_BUSY; starting, cancelling and freeing are fine. */
typedef int32_t (*mlxc_event_callback)(const mlxc_event *event, void *user_data);

/* The caller's own memory for the results of a batch of n prompts. Each pointer may be NULL: not wanted. Rows of prompt i start at
 * i * tokens_capacity and i * text_capacity. */
typedef struct mlxc_batch_output {
  uint32_t struct_size;
  int32_t reserved;
  int32_t *tokens;              /* [n, tokens_capacity] generated tokens, without a final stop token */
  float *logprobs;              /* [n, tokens_capacity] of generated tokens, with options.logprobs (a prompt that is echoed has none) */
  int64_t tokens_capacity;      /* elements of a row */
  int64_t *token_counts;        /* [n] needed when tokens or logprobs is given */
  char *text;                   /* [n, text_capacity] NUL-terminated UTF-8 */
  size_t text_capacity;         /* bytes of a row */
  size_t *text_bytes;           /* [n] length without the NUL */
  float *last_logits;           /* [n, vocabulary] with options.keep_last_logits */
  int64_t last_logits_capacity; /* elements in all */
  int32_t *finish_reasons;      /* [n] MLXC_FINISH_... */
} mlxc_batch_output;

#define MLXC_BATCH_OUTPUT_INIT \
  { (uint32_t)sizeof(mlxc_batch_output), 0, NULL, NULL, 0, NULL, NULL, 0, NULL, NULL, 0, NULL }

/* Generates after each of `count` prompts together, and returns when all are done.
 * Results go to the caller's buffers (`output`), to a result handle (`result`), or both; each may be NULL. `callback` (may be NULL) is
 * called for every token of every prompt (MLXC_EVENT_TOKEN) and at the end of each (MLXC_EVENT_DONE), tag = index of the prompt.
 * Ownership: the caller frees *result. Once generation has begun *result is set also when the status is CANCELLED (what was generated so
 * far) or BUFFER_TOO_SMALL (everything; rows of `output` that were large enough are filled, counts and text_bytes hold what is needed).
 * count 0 is fine and gives an empty result.
 * Threads: any; the callback runs on the model's worker thread.
 * Errors: CONTEXT_FULL (a prompt is too long; both numbers), INVALID_ARGUMENT (option out of range, an empty prompt for a model
 * without a BOS token, token outside the vocabulary, text without a tokenizer), CANCELLED, BUFFER_TOO_SMALL, UNSUPPORTED (an encoder),
 * OUT_OF_MEMORY, INVALID_HANDLE, BUSY (from inside a callback of this model). */
MLXC_API mlxc_status mlxc_generate_batch(mlxc_result **result, mlxc_model *model, const mlxc_prompt *prompts, int64_t count,
                                         const mlxc_generate_options *options, const mlxc_batch_output *output,
                                         mlxc_event_callback callback, void *user_data, mlxc_error *error);

/* Starts generating after one prompt and returns at once. It joins the running requests at their next step.
 * Events go to `queue` or to `callback`, whichever is not NULL (not both); with neither use mlxc_request_wait. `tag` comes back in events.
 * Ownership: the caller frees the request; freeing it before its end cancels it. The queue is kept alive.
 * Threads: any; the callback runs on the model's worker thread.
 * Errors: as mlxc_generate_batch, and END (the queue is closed). */
MLXC_API mlxc_status mlxc_generate_start(mlxc_request **out, mlxc_model *model, const mlxc_prompt *prompt,
                                         const mlxc_generate_options *options, mlxc_queue *queue, uint64_t tag,
                                         mlxc_event_callback callback, void *user_data, mlxc_error *error);

#ifdef __cplusplus
}
#endif
#endif
