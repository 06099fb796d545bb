/* Requests: running generations (class: internally locked), and their results (class: immutable, shared). */
#ifndef MLXC_REQUEST_H
#define MLXC_REQUEST_H

#include "mlxc/generate.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Asks the request to stop and returns at once; it ends with MLXC_CANCELLED soon, also inside a long prompt. Nothing happens when it has
 * ended. Threads: any, callbacks too. Errors: INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_request_cancel(mlxc_request *request, mlxc_error *error);

/* Waits until the request has ended, however it ended, and its last event is in the queue or its last callback has returned. timeout_ms: 0
 * asks without waiting, negative has no limit. Threads: any, several at once. Errors: TIMEOUT, INVALID_HANDLE, BUSY (from inside a callback
 * of its model, unless it is the request's last one). */
MLXC_API mlxc_status mlxc_request_wait(mlxc_request *request, int64_t timeout_ms, mlxc_error *error);

/* The result of a request that has ended (from its MLXC_EVENT_DONE on), with one text. Its status is that of the request: CANCELLED and
 * failures keep what was generated until then. Ownership: the caller frees the result. Threads: any. Errors: BUSY (still running),
 * INVALID_ARGUMENT, INVALID_HANDLE, OUT_OF_MEMORY. */
MLXC_API mlxc_status mlxc_request_result(mlxc_result **out, mlxc_request *request, mlxc_error *error);

/* Cancels the request when it is still running; its MLXC_EVENT_DONE still comes. Threads: any, callbacks too. */
MLXC_API void mlxc_request_free(mlxc_request *request);

/* How many texts the result holds: the prompts of the batch. Threads: any. Errors: INVALID_ARGUMENT, INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_result_count(mlxc_result *result, int64_t *count, mlxc_error *error);

/* How text `index` ended: *finish_reason is MLXC_FINISH_...; the return value tells only about this call. *status (may be NULL) is
 * MLXC_OK, MLXC_CANCELLED or what failed. Threads: any. Errors: INVALID_ARGUMENT (index), INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_result_finish(mlxc_result *result, int64_t index, int32_t *finish_reason, int32_t *status, mlxc_error *error);

/* The sentence that explains a status other than MLXC_OK; empty otherwise.
 * Ownership: borrowed, NUL-terminated, until the result is freed. Threads: any. Errors: INVALID_ARGUMENT (index), INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_result_peek_message(mlxc_result *result, int64_t index, const char **message, size_t *bytes, mlxc_error *error);

/* The generated text (with echo: after the prompt's). Ownership, threads, errors: as mlxc_result_peek_message. */
MLXC_API mlxc_status mlxc_result_peek_text(mlxc_result *result, int64_t index, const char **text, size_t *bytes, mlxc_error *error);

/* The generated tokens without a final stop token (with echo: after the prompt's). `*count` elements.
 * Ownership: borrowed until the result is freed; NULL when *count is 0. Threads: any. Errors: INVALID_ARGUMENT (index), INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_result_peek_tokens(mlxc_result *result, int64_t index, const int32_t **tokens, int64_t *count, mlxc_error *error);

/* Log-probability of each generated token, natural logarithm; empty without options.logprobs. As mlxc_result_peek_tokens. */
MLXC_API mlxc_status mlxc_result_peek_logprobs(mlxc_result *result, int64_t index, const float **logprobs, int64_t *count,
                                               mlxc_error *error);

/* The most likely tokens at generated token `position`, most likely first; empty without options.top_logprobs. As
 * mlxc_result_peek_tokens; also INVALID_ARGUMENT for a position outside the generated tokens. */
MLXC_API mlxc_status mlxc_result_peek_top_logprobs(mlxc_result *result, int64_t index, int64_t position, const mlxc_token_logprob **top,
                                                   int64_t *count, mlxc_error *error);

/* Logits [vocabulary] behind the last generated token; empty without options.keep_last_logits. As mlxc_result_peek_tokens. */
MLXC_API mlxc_status mlxc_result_peek_last_logits(mlxc_result *result, int64_t index, const float **logits, int64_t *count,
                                                  mlxc_error *error);

/* Times and counts. Set timings->struct_size first. Threads: any. Errors: INVALID_ARGUMENT (index), INVALID_HANDLE. */
MLXC_API mlxc_status mlxc_result_timings(mlxc_result *result, int64_t index, mlxc_timings *timings, mlxc_error *error);

/* Ends the borrowed pointers. Threads: any. */
MLXC_API void mlxc_result_free(mlxc_result *result);

#ifdef __cplusplus
}
#endif
#endif
