/* What the package adds in C: calls in a form that cgo can make without building nested structs in Go memory, and the way back into Go
 * for the callbacks it uses. */
#ifndef MLXC_GO_SHIM_H
#define MLXC_GO_SHIM_H

#ifdef MLXC_GO_DLOPEN
#include "mlxc_abi.h"
int mlxc_go_open(const char* path, char* reason, size_t capacity);
#else
#include <mlxc/mlxc.h>
#endif

/* One text of a batch, pointers borrowed from the result. */
typedef struct mlxc_go_text {
  const char* text;
  size_t text_bytes;
  const int32_t* tokens;
  int64_t token_count;
  const float* logprobs;
  int64_t logprob_count;
  const float* last_logits;
  int64_t last_logits_count;
  const char* message;
  size_t message_bytes;
  int32_t status;
  int32_t finish_reason;
  mlxc_timings timings;
} mlxc_go_text;

/* progress is a runtime/cgo.Handle; 0: none. */
mlxc_status mlxc_go_load(mlxc_model** out, const char* path, const mlxc_model_options* options, uintptr_t progress, mlxc_error* error);

mlxc_status mlxc_go_start(mlxc_request** out, mlxc_model* model, const char* text, size_t text_bytes, const int32_t* tokens,
                          int64_t token_count, const mlxc_generate_options* options, mlxc_queue* queue, uint64_t tag, mlxc_error* error);

/* Runs a batch and describes its texts, so that both cost one call. texts: [count]. */
mlxc_status mlxc_go_batch(mlxc_result** result, mlxc_model* model, const mlxc_prompt* prompts, int64_t count,
                          const mlxc_generate_options* options, mlxc_go_text* texts, mlxc_error* error);

/* The most likely tokens of every step of a text: rows of `width`, those of a shorter row end with token -1. top: [steps, width]. */
mlxc_status mlxc_go_top(mlxc_result* result, int64_t index, int64_t steps, int32_t width, mlxc_token_logprob* top, mlxc_error* error);

/* Times of a request that has ended. */
mlxc_status mlxc_go_timings(mlxc_request* request, mlxc_timings* timings, mlxc_error* error);

/* mlxc_array_new_borrowed of memory that Go pinned; it hears of the release by the runtime/cgo.Handle. */
mlxc_status mlxc_go_borrow(mlxc_array** out, mlxc_device* device, const void* data, size_t bytes, const int64_t* shape, int32_t rank,
                           int32_t dtype, uintptr_t memory, mlxc_error* error);

/* mlxc_fence_notify; the runtime/cgo.Handle names who hears of it. */
mlxc_status mlxc_go_notify(mlxc_fence* fence, uintptr_t listener, mlxc_error* error);

mlxc_status mlxc_go_log(int32_t enabled, int32_t least, mlxc_error* error);

#endif
