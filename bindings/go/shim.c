#include "shim.h"

#include <string.h>

#include "_cgo_export.h"

static int32_t on_progress(int64_t done, int64_t total, void* user_data) { return mlxcGoProgress(done, total, (uintptr_t)user_data); }

mlxc_status mlxc_go_load(mlxc_model** out, const char* path, const mlxc_model_options* options, uintptr_t progress, mlxc_error* error) {
  mlxc_model_options copy = *options;
  copy.progress = progress ? on_progress : NULL;
  copy.progress_user_data = (void*)progress;
  return mlxc_model_load(out, path, &copy, error);
}

mlxc_status mlxc_go_start(mlxc_request** out, mlxc_model* model, const char* text, size_t text_bytes, const int32_t* tokens,
                          int64_t token_count, const mlxc_generate_options* options, mlxc_queue* queue, uint64_t tag, mlxc_error* error) {
  mlxc_prompt prompt = {text, text_bytes, tokens, token_count};
  return mlxc_generate_start(out, model, &prompt, options, queue, tag, NULL, NULL, error);
}

/* A result that was just made answers every question about itself. */
static void describe(mlxc_result* result, int64_t index, mlxc_go_text* text) {
  memset(text, 0, sizeof *text);
  text->timings.struct_size = sizeof text->timings;
  mlxc_result_finish(result, index, &text->finish_reason, &text->status, NULL);
  mlxc_result_peek_text(result, index, &text->text, &text->text_bytes, NULL);
  mlxc_result_peek_tokens(result, index, &text->tokens, &text->token_count, NULL);
  mlxc_result_peek_logprobs(result, index, &text->logprobs, &text->logprob_count, NULL);
  mlxc_result_peek_last_logits(result, index, &text->last_logits, &text->last_logits_count, NULL);
  mlxc_result_peek_message(result, index, &text->message, &text->message_bytes, NULL);
  mlxc_result_timings(result, index, &text->timings, NULL);
}

mlxc_status mlxc_go_batch(mlxc_result** result, mlxc_model* model, const mlxc_prompt* prompts, int64_t count,
                          const mlxc_generate_options* options, mlxc_go_text* texts, mlxc_error* error) {
  mlxc_status status = mlxc_generate_batch(result, model, prompts, count, options, NULL, NULL, NULL, error);
  if (*result)
    for (int64_t i = 0; i < count; ++i) describe(*result, i, &texts[i]);
  return status;
}

mlxc_status mlxc_go_top(mlxc_result* result, int64_t index, int64_t steps, int32_t width, mlxc_token_logprob* top, mlxc_error* error) {
  for (int64_t step = 0; step < steps; ++step) {
    const mlxc_token_logprob* row = NULL;
    int64_t count = 0;
    mlxc_status status = mlxc_result_peek_top_logprobs(result, index, step, &row, &count, error);
    if (status != MLXC_OK) return status;
    for (int32_t i = 0; i < width; ++i) top[step * width + i] = i < count ? row[i] : (mlxc_token_logprob){-1, 0.0f};
  }
  return MLXC_OK;
}

mlxc_status mlxc_go_timings(mlxc_request* request, mlxc_timings* timings, mlxc_error* error) {
  mlxc_result* result = NULL;
  mlxc_status status = mlxc_request_result(&result, request, error);
  if (status != MLXC_OK) return status;
  timings->struct_size = sizeof *timings;
  status = mlxc_result_timings(result, 0, timings, error);
  mlxc_result_free(result);
  return status;
}

static void on_log(int32_t level, const char* message, void* user_data) {
  (void)user_data;
  mlxcGoLog(level, (char*)message);
}

mlxc_status mlxc_go_log(int32_t enabled, int32_t least, mlxc_error* error) {
  return mlxc_log_set(enabled ? on_log : NULL, NULL, least, error);
}

static void on_release(void* user_data) { mlxcGoRelease((uintptr_t)user_data); }

mlxc_status mlxc_go_borrow(mlxc_array** out, mlxc_device* device, const void* data, size_t bytes, const int64_t* shape, int32_t rank,
                           int32_t dtype, uintptr_t memory, mlxc_error* error) {
  return mlxc_array_new_borrowed(out, device, data, bytes, shape, rank, dtype, on_release, (void*)memory, error);
}

static void on_done(mlxc_status status, void* user_data) {
  (void)status;
  mlxcGoDone((uintptr_t)user_data);
}

mlxc_status mlxc_go_notify(mlxc_fence* fence, uintptr_t listener, mlxc_error* error) {
  return mlxc_fence_notify(fence, on_done, (void*)listener, error);
}
