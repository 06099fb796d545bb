//go:build mlxc_dlopen

/* Made by internal/gen from include/mlxc: do not edit. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "shim.h"

static const char *(*p_mlxc_status_name)(mlxc_status status);
static const char *(*p_mlxc_dtype_name)(int32_t dtype);
static size_t (*p_mlxc_dtype_size)(int32_t dtype);
static mlxc_status (*p_mlxc_array_new)(mlxc_array **out, mlxc_device *device, const void *data, size_t bytes, const int64_t *shape, int32_t rank, int32_t dtype, mlxc_error *error);
static mlxc_status (*p_mlxc_array_new_borrowed)(mlxc_array **out, mlxc_device *device, const void *data, size_t bytes, const int64_t *shape, int32_t rank, int32_t dtype, void (*release)(void *user_data), void *user_data, mlxc_error *error);
static mlxc_status (*p_mlxc_array_full)(mlxc_array **out, mlxc_device *device, double value, const int64_t *shape, int32_t rank, int32_t dtype, mlxc_error *error);
static mlxc_status (*p_mlxc_array_arange)(mlxc_array **out, mlxc_device *device, double start, double stop, double step, int32_t dtype, mlxc_error *error);
static mlxc_status (*p_mlxc_array_placeholder)(mlxc_array **out, mlxc_device *device, const int64_t *shape, int32_t rank, int32_t dtype, mlxc_error *error);
static mlxc_status (*p_mlxc_array_copy)(mlxc_array **out, mlxc_array *array, mlxc_error *error);
static void (*p_mlxc_array_free)(mlxc_array *array);
static mlxc_status (*p_mlxc_array_dtype)(mlxc_array *array, int32_t *dtype, mlxc_error *error);
static mlxc_status (*p_mlxc_array_shape)(mlxc_array *array, int64_t *shape, int64_t capacity, int64_t *needed, mlxc_error *error);
static mlxc_status (*p_mlxc_array_eval)(mlxc_array *const *arrays, int64_t count, mlxc_error *error);
static mlxc_status (*p_mlxc_array_read)(mlxc_array *array, void *buffer, size_t capacity, size_t *needed, mlxc_error *error);
static mlxc_status (*p_mlxc_array_peek)(mlxc_array *array, const void **data, size_t *bytes, mlxc_error *error);
static mlxc_status (*p_mlxc_array_dot)(mlxc_array *const *arrays, int64_t count, char *buffer, size_t capacity, size_t *needed, mlxc_error *error);
static mlxc_status (*p_mlxc_array_unary)(mlxc_array **out, int32_t op, mlxc_array *x, mlxc_error *error);
static mlxc_status (*p_mlxc_array_binary)(mlxc_array **out, int32_t op, mlxc_array *a, mlxc_array *b, mlxc_error *error);
static mlxc_status (*p_mlxc_array_binary_scalar)(mlxc_array **out, int32_t op, mlxc_array *a, double b, mlxc_error *error);
static mlxc_status (*p_mlxc_array_where)(mlxc_array **out, mlxc_array *condition, mlxc_array *a, mlxc_array *b, mlxc_error *error);
static mlxc_status (*p_mlxc_array_cast)(mlxc_array **out, mlxc_array *x, int32_t dtype, mlxc_error *error);
static mlxc_status (*p_mlxc_array_matmul)(mlxc_array **out, mlxc_array *a, mlxc_array *b, mlxc_error *error);
static mlxc_status (*p_mlxc_array_softmax)(mlxc_array **out, mlxc_array *x, int32_t axis, int32_t log, mlxc_error *error);
static mlxc_status (*p_mlxc_array_reduce)(mlxc_array **out, int32_t op, mlxc_array *x, const int32_t *axes, int32_t axis_count, int32_t keepdims, mlxc_error *error);
static mlxc_status (*p_mlxc_array_argmax)(mlxc_array **out, mlxc_array *x, int32_t axis, int32_t keepdims, mlxc_error *error);
static mlxc_status (*p_mlxc_array_argmin)(mlxc_array **out, mlxc_array *x, int32_t axis, int32_t keepdims, mlxc_error *error);
static mlxc_status (*p_mlxc_array_reshape)(mlxc_array **out, mlxc_array *x, const int64_t *shape, int32_t rank, mlxc_error *error);
static mlxc_status (*p_mlxc_array_transpose)(mlxc_array **out, mlxc_array *x, const int32_t *axes, int32_t axis_count, mlxc_error *error);
static mlxc_status (*p_mlxc_array_slice)(mlxc_array **out, mlxc_array *x, const int64_t *start, const int64_t *stop, const int64_t *step, int32_t rank, mlxc_error *error);
static mlxc_status (*p_mlxc_array_broadcast)(mlxc_array **out, mlxc_array *x, const int64_t *shape, int32_t rank, mlxc_error *error);
static mlxc_status (*p_mlxc_array_contiguous)(mlxc_array **out, mlxc_array *x, mlxc_error *error);
static mlxc_status (*p_mlxc_array_concatenate)(mlxc_array **out, mlxc_array *const *arrays, int64_t count, int32_t axis, mlxc_error *error);
static mlxc_status (*p_mlxc_array_take)(mlxc_array **out, mlxc_array *x, mlxc_array *indices, mlxc_error *error);
static mlxc_status (*p_mlxc_cancel_new)(mlxc_cancel **out, mlxc_error *error);
static mlxc_status (*p_mlxc_cancel_trigger)(mlxc_cancel *cancel, mlxc_error *error);
static void (*p_mlxc_cancel_free)(mlxc_cancel *cancel);
static mlxc_status (*p_mlxc_device_count)(int32_t *count, mlxc_error *error);
static mlxc_status (*p_mlxc_device_list)(int32_t index, mlxc_device_info *info, mlxc_error *error);
static mlxc_status (*p_mlxc_device_open)(mlxc_device **out, const char *name, mlxc_error *error);
static mlxc_status (*p_mlxc_device_inspect)(mlxc_device *device, mlxc_device_info *info, mlxc_error *error);
static mlxc_status (*p_mlxc_device_profile)(mlxc_device *device, int32_t on, mlxc_error *error);
static mlxc_status (*p_mlxc_device_profile_text)(mlxc_device *device, char *buffer, size_t capacity, size_t *needed, mlxc_error *error);
static void (*p_mlxc_device_free)(mlxc_device *device);
static void (*p_mlxc_model_options_init)(mlxc_model_options *options, uint32_t struct_size);
static mlxc_status (*p_mlxc_model_load)(mlxc_model **out, const char *path, const mlxc_model_options *options, mlxc_error *error);
static mlxc_status (*p_mlxc_model_inspect)(mlxc_model *model, mlxc_model_info *info, mlxc_error *error);
static mlxc_status (*p_mlxc_model_json)(mlxc_model *model, char *buffer, size_t capacity, size_t *needed, mlxc_error *error);
static mlxc_status (*p_mlxc_model_stop_tokens)(mlxc_model *model, int32_t *tokens, int64_t capacity, int64_t *needed, mlxc_error *error);
static mlxc_status (*p_mlxc_model_read_stats)(mlxc_model *model, mlxc_model_stats *stats, mlxc_error *error);
static mlxc_status (*p_mlxc_model_tokenizer_copy)(mlxc_tokenizer **out, mlxc_model *model, mlxc_error *error);
static mlxc_status (*p_mlxc_model_device_copy)(mlxc_device **out, mlxc_model *model, mlxc_error *error);
static void (*p_mlxc_model_free)(mlxc_model *model);
static void (*p_mlxc_embed_options_init)(mlxc_embed_options *options, uint32_t struct_size);
static mlxc_status (*p_mlxc_embed)(mlxc_model *model, const mlxc_prompt *inputs, int64_t count, const mlxc_embed_options *options, float *vectors, int64_t capacity, mlxc_error *error);
static mlxc_status (*p_mlxc_embed_new)(mlxc_array **out, mlxc_model *model, const mlxc_prompt *inputs, int64_t count, const mlxc_embed_options *options, mlxc_error *error);
static mlxc_status (*p_mlxc_function_new)(mlxc_function **out, mlxc_array *const *inputs, int64_t input_count, mlxc_array *const *outputs, int64_t output_count, const mlxc_state_pair *states, int64_t state_count, mlxc_error *error);
static mlxc_status (*p_mlxc_function_call)(mlxc_function *function, mlxc_array *const *inputs, int64_t input_count, mlxc_array **outputs, int64_t output_count, mlxc_cancel *cancel, mlxc_error *error);
static mlxc_status (*p_mlxc_function_launches)(mlxc_function *function, int64_t *launches, mlxc_error *error);
static mlxc_status (*p_mlxc_function_dot)(mlxc_function *function, char *buffer, size_t capacity, size_t *needed, mlxc_error *error);
static void (*p_mlxc_function_free)(mlxc_function *function);
static const char *(*p_mlxc_finish_reason_name)(int32_t finish_reason);
static void (*p_mlxc_generate_options_init)(mlxc_generate_options *options, uint32_t struct_size);
static mlxc_status (*p_mlxc_generate_batch)(mlxc_result **result, mlxc_model *model, const mlxc_prompt *prompts, int64_t count, const mlxc_generate_options *options, const mlxc_batch_output *output, mlxc_event_callback callback, void *user_data, mlxc_error *error);
static mlxc_status (*p_mlxc_generate_start)(mlxc_request **out, mlxc_model *model, const mlxc_prompt *prompt, const mlxc_generate_options *options, mlxc_queue *queue, uint64_t tag, mlxc_event_callback callback, void *user_data, mlxc_error *error);
static mlxc_status (*p_mlxc_log_set)(mlxc_log_callback callback, void *user_data, int32_t least, mlxc_error *error);
static mlxc_status (*p_mlxc_memory_read)(mlxc_device *device, mlxc_memory_stats *stats, mlxc_error *error);
static mlxc_status (*p_mlxc_memory_reset_peak)(mlxc_device *device, mlxc_error *error);
static mlxc_status (*p_mlxc_memory_release_cache)(mlxc_device *device, mlxc_error *error);
static mlxc_status (*p_mlxc_memory_set_cache_limit)(mlxc_device *device, int64_t bytes, mlxc_error *error);
static int64_t (*p_mlxc_handle_count)(int32_t kind);
static mlxc_status (*p_mlxc_queue_new)(mlxc_queue **out, mlxc_error *error);
static mlxc_status (*p_mlxc_queue_next)(mlxc_queue *queue, int64_t timeout_ms, mlxc_event *events, int64_t capacity, int64_t *count, mlxc_error *error);
static mlxc_status (*p_mlxc_queue_wake)(mlxc_queue *queue, mlxc_error *error);
static mlxc_status (*p_mlxc_queue_close)(mlxc_queue *queue, mlxc_error *error);
static void (*p_mlxc_queue_free)(mlxc_queue *queue);
static mlxc_status (*p_mlxc_request_cancel)(mlxc_request *request, mlxc_error *error);
static mlxc_status (*p_mlxc_request_wait)(mlxc_request *request, int64_t timeout_ms, mlxc_error *error);
static mlxc_status (*p_mlxc_request_result)(mlxc_result **out, mlxc_request *request, mlxc_error *error);
static void (*p_mlxc_request_free)(mlxc_request *request);
static mlxc_status (*p_mlxc_result_count)(mlxc_result *result, int64_t *count, mlxc_error *error);
static mlxc_status (*p_mlxc_result_finish)(mlxc_result *result, int64_t index, int32_t *finish_reason, int32_t *status, mlxc_error *error);
static mlxc_status (*p_mlxc_result_peek_message)(mlxc_result *result, int64_t index, const char **message, size_t *bytes, mlxc_error *error);
static mlxc_status (*p_mlxc_result_peek_text)(mlxc_result *result, int64_t index, const char **text, size_t *bytes, mlxc_error *error);
static mlxc_status (*p_mlxc_result_peek_tokens)(mlxc_result *result, int64_t index, const int32_t **tokens, int64_t *count, mlxc_error *error);
static mlxc_status (*p_mlxc_result_peek_logprobs)(mlxc_result *result, int64_t index, const float **logprobs, int64_t *count, mlxc_error *error);
static mlxc_status (*p_mlxc_result_peek_top_logprobs)(mlxc_result *result, int64_t index, int64_t position, const mlxc_token_logprob **top, int64_t *count, mlxc_error *error);
static mlxc_status (*p_mlxc_result_peek_last_logits)(mlxc_result *result, int64_t index, const float **logits, int64_t *count, mlxc_error *error);
static mlxc_status (*p_mlxc_result_timings)(mlxc_result *result, int64_t index, mlxc_timings *timings, mlxc_error *error);
static void (*p_mlxc_result_free)(mlxc_result *result);
static void (*p_mlxc_score_options_init)(mlxc_score_options *options, uint32_t struct_size);
static mlxc_status (*p_mlxc_score)(mlxc_model *model, const mlxc_prompt *prompts, int64_t prompt_count, const mlxc_prompt *labels, int64_t label_count, const mlxc_score_options *options, float *scores, int64_t scores_capacity, int32_t *token_counts, mlxc_error *error);
static mlxc_status (*p_mlxc_logits)(mlxc_model *model, const int32_t *tokens, int64_t token_count, float *logits, int64_t logits_capacity, float *hidden, int64_t hidden_capacity, mlxc_cancel *cancel, mlxc_error *error);
static void (*p_mlxc_encode_options_init)(mlxc_encode_options *options, uint32_t struct_size);
static void (*p_mlxc_decode_options_init)(mlxc_decode_options *options, uint32_t struct_size);
static mlxc_status (*p_mlxc_tokenizer_load)(mlxc_tokenizer **out, const char *path, mlxc_error *error);
static mlxc_status (*p_mlxc_tokenizer_inspect)(mlxc_tokenizer *tokenizer, mlxc_tokenizer_info *info, mlxc_error *error);
static mlxc_status (*p_mlxc_tokenizer_encode)(mlxc_tokenizer *tokenizer, const char *text, size_t text_bytes, const mlxc_encode_options *options, int32_t *ids, int64_t capacity, int64_t *needed, mlxc_error *error);
static mlxc_status (*p_mlxc_tokenizer_encode_ranges)(mlxc_tokenizer *tokenizer, const char *text, size_t text_bytes, const mlxc_encode_options *options, int32_t *ids, mlxc_text_range *ranges, int64_t capacity, int64_t *needed, mlxc_error *error);
static mlxc_status (*p_mlxc_tokenizer_decode)(mlxc_tokenizer *tokenizer, const int32_t *ids, int64_t count, const mlxc_decode_options *options, char *buffer, size_t capacity, size_t *needed, mlxc_error *error);
static mlxc_status (*p_mlxc_tokenizer_special_tokens)(mlxc_tokenizer *tokenizer, int32_t *ids, int64_t capacity, int64_t *needed, mlxc_error *error);
static mlxc_status (*p_mlxc_tokenizer_id)(int32_t *id, mlxc_tokenizer *tokenizer, const char *piece, size_t piece_bytes, mlxc_error *error);
static mlxc_status (*p_mlxc_tokenizer_piece)(mlxc_tokenizer *tokenizer, int32_t id, char *buffer, size_t capacity, size_t *needed, mlxc_error *error);
static void (*p_mlxc_tokenizer_free)(mlxc_tokenizer *tokenizer);
static mlxc_status (*p_mlxc_decoder_new)(mlxc_decoder **out, mlxc_tokenizer *tokenizer, const mlxc_decode_options *options, mlxc_error *error);
static mlxc_status (*p_mlxc_decoder_add)(mlxc_decoder *decoder, const int32_t *ids, int64_t count, const char **text, size_t *bytes, mlxc_error *error);
static mlxc_status (*p_mlxc_decoder_finish)(mlxc_decoder *decoder, const char **text, size_t *bytes, mlxc_error *error);
static void (*p_mlxc_decoder_free)(mlxc_decoder *decoder);
static const char *(*p_mlxc_version)(void);
static int32_t (*p_mlxc_abi_version)(void);
static int32_t (*p_mlxc_has_feature)(const char *feature);
static mlxc_status (*p_mlxc_build_info)(char *buffer, size_t capacity, size_t *needed, mlxc_error *error);

static const struct {
  const char *name;
  void **pointer;
} functions[] = {
    {"mlxc_status_name", (void **)&p_mlxc_status_name},
    {"mlxc_dtype_name", (void **)&p_mlxc_dtype_name},
    {"mlxc_dtype_size", (void **)&p_mlxc_dtype_size},
    {"mlxc_array_new", (void **)&p_mlxc_array_new},
    {"mlxc_array_new_borrowed", (void **)&p_mlxc_array_new_borrowed},
    {"mlxc_array_full", (void **)&p_mlxc_array_full},
    {"mlxc_array_arange", (void **)&p_mlxc_array_arange},
    {"mlxc_array_placeholder", (void **)&p_mlxc_array_placeholder},
    {"mlxc_array_copy", (void **)&p_mlxc_array_copy},
    {"mlxc_array_free", (void **)&p_mlxc_array_free},
    {"mlxc_array_dtype", (void **)&p_mlxc_array_dtype},
    {"mlxc_array_shape", (void **)&p_mlxc_array_shape},
    {"mlxc_array_eval", (void **)&p_mlxc_array_eval},
    {"mlxc_array_read", (void **)&p_mlxc_array_read},
    {"mlxc_array_peek", (void **)&p_mlxc_array_peek},
    {"mlxc_array_dot", (void **)&p_mlxc_array_dot},
    {"mlxc_array_unary", (void **)&p_mlxc_array_unary},
    {"mlxc_array_binary", (void **)&p_mlxc_array_binary},
    {"mlxc_array_binary_scalar", (void **)&p_mlxc_array_binary_scalar},
    {"mlxc_array_where", (void **)&p_mlxc_array_where},
    {"mlxc_array_cast", (void **)&p_mlxc_array_cast},
    {"mlxc_array_matmul", (void **)&p_mlxc_array_matmul},
    {"mlxc_array_softmax", (void **)&p_mlxc_array_softmax},
    {"mlxc_array_reduce", (void **)&p_mlxc_array_reduce},
    {"mlxc_array_argmax", (void **)&p_mlxc_array_argmax},
    {"mlxc_array_argmin", (void **)&p_mlxc_array_argmin},
    {"mlxc_array_reshape", (void **)&p_mlxc_array_reshape},
    {"mlxc_array_transpose", (void **)&p_mlxc_array_transpose},
    {"mlxc_array_slice", (void **)&p_mlxc_array_slice},
    {"mlxc_array_broadcast", (void **)&p_mlxc_array_broadcast},
    {"mlxc_array_contiguous", (void **)&p_mlxc_array_contiguous},
    {"mlxc_array_concatenate", (void **)&p_mlxc_array_concatenate},
    {"mlxc_array_take", (void **)&p_mlxc_array_take},
    {"mlxc_cancel_new", (void **)&p_mlxc_cancel_new},
    {"mlxc_cancel_trigger", (void **)&p_mlxc_cancel_trigger},
    {"mlxc_cancel_free", (void **)&p_mlxc_cancel_free},
    {"mlxc_device_count", (void **)&p_mlxc_device_count},
    {"mlxc_device_list", (void **)&p_mlxc_device_list},
    {"mlxc_device_open", (void **)&p_mlxc_device_open},
    {"mlxc_device_inspect", (void **)&p_mlxc_device_inspect},
    {"mlxc_device_profile", (void **)&p_mlxc_device_profile},
    {"mlxc_device_profile_text", (void **)&p_mlxc_device_profile_text},
    {"mlxc_device_free", (void **)&p_mlxc_device_free},
    {"mlxc_model_options_init", (void **)&p_mlxc_model_options_init},
    {"mlxc_model_load", (void **)&p_mlxc_model_load},
    {"mlxc_model_inspect", (void **)&p_mlxc_model_inspect},
    {"mlxc_model_json", (void **)&p_mlxc_model_json},
    {"mlxc_model_stop_tokens", (void **)&p_mlxc_model_stop_tokens},
    {"mlxc_model_read_stats", (void **)&p_mlxc_model_read_stats},
    {"mlxc_model_tokenizer_copy", (void **)&p_mlxc_model_tokenizer_copy},
    {"mlxc_model_device_copy", (void **)&p_mlxc_model_device_copy},
    {"mlxc_model_free", (void **)&p_mlxc_model_free},
    {"mlxc_embed_options_init", (void **)&p_mlxc_embed_options_init},
    {"mlxc_embed", (void **)&p_mlxc_embed},
    {"mlxc_embed_new", (void **)&p_mlxc_embed_new},
    {"mlxc_function_new", (void **)&p_mlxc_function_new},
    {"mlxc_function_call", (void **)&p_mlxc_function_call},
    {"mlxc_function_launches", (void **)&p_mlxc_function_launches},
    {"mlxc_function_dot", (void **)&p_mlxc_function_dot},
    {"mlxc_function_free", (void **)&p_mlxc_function_free},
    {"mlxc_finish_reason_name", (void **)&p_mlxc_finish_reason_name},
    {"mlxc_generate_options_init", (void **)&p_mlxc_generate_options_init},
    {"mlxc_generate_batch", (void **)&p_mlxc_generate_batch},
    {"mlxc_generate_start", (void **)&p_mlxc_generate_start},
    {"mlxc_log_set", (void **)&p_mlxc_log_set},
    {"mlxc_memory_read", (void **)&p_mlxc_memory_read},
    {"mlxc_memory_reset_peak", (void **)&p_mlxc_memory_reset_peak},
    {"mlxc_memory_release_cache", (void **)&p_mlxc_memory_release_cache},
    {"mlxc_memory_set_cache_limit", (void **)&p_mlxc_memory_set_cache_limit},
    {"mlxc_handle_count", (void **)&p_mlxc_handle_count},
    {"mlxc_queue_new", (void **)&p_mlxc_queue_new},
    {"mlxc_queue_next", (void **)&p_mlxc_queue_next},
    {"mlxc_queue_wake", (void **)&p_mlxc_queue_wake},
    {"mlxc_queue_close", (void **)&p_mlxc_queue_close},
    {"mlxc_queue_free", (void **)&p_mlxc_queue_free},
    {"mlxc_request_cancel", (void **)&p_mlxc_request_cancel},
    {"mlxc_request_wait", (void **)&p_mlxc_request_wait},
    {"mlxc_request_result", (void **)&p_mlxc_request_result},
    {"mlxc_request_free", (void **)&p_mlxc_request_free},
    {"mlxc_result_count", (void **)&p_mlxc_result_count},
    {"mlxc_result_finish", (void **)&p_mlxc_result_finish},
    {"mlxc_result_peek_message", (void **)&p_mlxc_result_peek_message},
    {"mlxc_result_peek_text", (void **)&p_mlxc_result_peek_text},
    {"mlxc_result_peek_tokens", (void **)&p_mlxc_result_peek_tokens},
    {"mlxc_result_peek_logprobs", (void **)&p_mlxc_result_peek_logprobs},
    {"mlxc_result_peek_top_logprobs", (void **)&p_mlxc_result_peek_top_logprobs},
    {"mlxc_result_peek_last_logits", (void **)&p_mlxc_result_peek_last_logits},
    {"mlxc_result_timings", (void **)&p_mlxc_result_timings},
    {"mlxc_result_free", (void **)&p_mlxc_result_free},
    {"mlxc_score_options_init", (void **)&p_mlxc_score_options_init},
    {"mlxc_score", (void **)&p_mlxc_score},
    {"mlxc_logits", (void **)&p_mlxc_logits},
    {"mlxc_encode_options_init", (void **)&p_mlxc_encode_options_init},
    {"mlxc_decode_options_init", (void **)&p_mlxc_decode_options_init},
    {"mlxc_tokenizer_load", (void **)&p_mlxc_tokenizer_load},
    {"mlxc_tokenizer_inspect", (void **)&p_mlxc_tokenizer_inspect},
    {"mlxc_tokenizer_encode", (void **)&p_mlxc_tokenizer_encode},
    {"mlxc_tokenizer_encode_ranges", (void **)&p_mlxc_tokenizer_encode_ranges},
    {"mlxc_tokenizer_decode", (void **)&p_mlxc_tokenizer_decode},
    {"mlxc_tokenizer_special_tokens", (void **)&p_mlxc_tokenizer_special_tokens},
    {"mlxc_tokenizer_id", (void **)&p_mlxc_tokenizer_id},
    {"mlxc_tokenizer_piece", (void **)&p_mlxc_tokenizer_piece},
    {"mlxc_tokenizer_free", (void **)&p_mlxc_tokenizer_free},
    {"mlxc_decoder_new", (void **)&p_mlxc_decoder_new},
    {"mlxc_decoder_add", (void **)&p_mlxc_decoder_add},
    {"mlxc_decoder_finish", (void **)&p_mlxc_decoder_finish},
    {"mlxc_decoder_free", (void **)&p_mlxc_decoder_free},
    {"mlxc_version", (void **)&p_mlxc_version},
    {"mlxc_abi_version", (void **)&p_mlxc_abi_version},
    {"mlxc_has_feature", (void **)&p_mlxc_has_feature},
    {"mlxc_build_info", (void **)&p_mlxc_build_info},
};

int mlxc_go_open(const char *path, char *reason, size_t capacity) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *text = dlerror();
    snprintf(reason, capacity, "%s", text ? text : "dlopen failed");
    return 0;
  }
  /* Apple's mlx-c builds a libmlxc too: without these two it is another library. */
  if (!dlsym(library, "mlxc_abi_version") || !dlsym(library, "mlxc_model_load")) {
    snprintf(reason, capacity, "it is another library of that name: mlxc_abi_version is missing");
    dlclose(library);
    return 0;
  }
  for (size_t i = 0; i < sizeof functions / sizeof *functions; ++i) *functions[i].pointer = dlsym(library, functions[i].name);
  return 1;
}

static mlxc_status missing(const char *name, mlxc_error *error) {
  if (error && error->struct_size >= sizeof *error) {
    error->status = MLXC_UNSUPPORTED;
    error->native = 0;
    snprintf(error->message, sizeof error->message, "the opened library has no %s; install a newer one", name);
  }
  return MLXC_UNSUPPORTED;
}

const char *mlxc_status_name(mlxc_status status) {
  return p_mlxc_status_name ? p_mlxc_status_name(status) : 0;
}
const char *mlxc_dtype_name(int32_t dtype) {
  return p_mlxc_dtype_name ? p_mlxc_dtype_name(dtype) : 0;
}
size_t mlxc_dtype_size(int32_t dtype) {
  return p_mlxc_dtype_size ? p_mlxc_dtype_size(dtype) : 0;
}
mlxc_status mlxc_array_new(mlxc_array **out, mlxc_device *device, const void *data, size_t bytes, const int64_t *shape, int32_t rank, int32_t dtype, mlxc_error *error) {
  return p_mlxc_array_new ? p_mlxc_array_new(out, device, data, bytes, shape, rank, dtype, error) : missing("mlxc_array_new", error);
}
mlxc_status mlxc_array_new_borrowed(mlxc_array **out, mlxc_device *device, const void *data, size_t bytes, const int64_t *shape, int32_t rank, int32_t dtype, void (*release)(void *user_data), void *user_data, mlxc_error *error) {
  return p_mlxc_array_new_borrowed ? p_mlxc_array_new_borrowed(out, device, data, bytes, shape, rank, dtype, release, user_data, error) : missing("mlxc_array_new_borrowed", error);
}
mlxc_status mlxc_array_full(mlxc_array **out, mlxc_device *device, double value, const int64_t *shape, int32_t rank, int32_t dtype, mlxc_error *error) {
  return p_mlxc_array_full ? p_mlxc_array_full(out, device, value, shape, rank, dtype, error) : missing("mlxc_array_full", error);
}
mlxc_status mlxc_array_arange(mlxc_array **out, mlxc_device *device, double start, double stop, double step, int32_t dtype, mlxc_error *error) {
  return p_mlxc_array_arange ? p_mlxc_array_arange(out, device, start, stop, step, dtype, error) : missing("mlxc_array_arange", error);
}
mlxc_status mlxc_array_placeholder(mlxc_array **out, mlxc_device *device, const int64_t *shape, int32_t rank, int32_t dtype, mlxc_error *error) {
  return p_mlxc_array_placeholder ? p_mlxc_array_placeholder(out, device, shape, rank, dtype, error) : missing("mlxc_array_placeholder", error);
}
mlxc_status mlxc_array_copy(mlxc_array **out, mlxc_array *array, mlxc_error *error) {
  return p_mlxc_array_copy ? p_mlxc_array_copy(out, array, error) : missing("mlxc_array_copy", error);
}
void mlxc_array_free(mlxc_array *array) {
  if (p_mlxc_array_free) p_mlxc_array_free(array);
}
mlxc_status mlxc_array_dtype(mlxc_array *array, int32_t *dtype, mlxc_error *error) {
  return p_mlxc_array_dtype ? p_mlxc_array_dtype(array, dtype, error) : missing("mlxc_array_dtype", error);
}
mlxc_status mlxc_array_shape(mlxc_array *array, int64_t *shape, int64_t capacity, int64_t *needed, mlxc_error *error) {
  return p_mlxc_array_shape ? p_mlxc_array_shape(array, shape, capacity, needed, error) : missing("mlxc_array_shape", error);
}
mlxc_status mlxc_array_eval(mlxc_array *const *arrays, int64_t count, mlxc_error *error) {
  return p_mlxc_array_eval ? p_mlxc_array_eval(arrays, count, error) : missing("mlxc_array_eval", error);
}
mlxc_status mlxc_array_read(mlxc_array *array, void *buffer, size_t capacity, size_t *needed, mlxc_error *error) {
  return p_mlxc_array_read ? p_mlxc_array_read(array, buffer, capacity, needed, error) : missing("mlxc_array_read", error);
}
mlxc_status mlxc_array_peek(mlxc_array *array, const void **data, size_t *bytes, mlxc_error *error) {
  return p_mlxc_array_peek ? p_mlxc_array_peek(array, data, bytes, error) : missing("mlxc_array_peek", error);
}
mlxc_status mlxc_array_dot(mlxc_array *const *arrays, int64_t count, char *buffer, size_t capacity, size_t *needed, mlxc_error *error) {
  return p_mlxc_array_dot ? p_mlxc_array_dot(arrays, count, buffer, capacity, needed, error) : missing("mlxc_array_dot", error);
}
mlxc_status mlxc_array_unary(mlxc_array **out, int32_t op, mlxc_array *x, mlxc_error *error) {
  return p_mlxc_array_unary ? p_mlxc_array_unary(out, op, x, error) : missing("mlxc_array_unary", error);
}
mlxc_status mlxc_array_binary(mlxc_array **out, int32_t op, mlxc_array *a, mlxc_array *b, mlxc_error *error) {
  return p_mlxc_array_binary ? p_mlxc_array_binary(out, op, a, b, error) : missing("mlxc_array_binary", error);
}
mlxc_status mlxc_array_binary_scalar(mlxc_array **out, int32_t op, mlxc_array *a, double b, mlxc_error *error) {
  return p_mlxc_array_binary_scalar ? p_mlxc_array_binary_scalar(out, op, a, b, error) : missing("mlxc_array_binary_scalar", error);
}
mlxc_status mlxc_array_where(mlxc_array **out, mlxc_array *condition, mlxc_array *a, mlxc_array *b, mlxc_error *error) {
  return p_mlxc_array_where ? p_mlxc_array_where(out, condition, a, b, error) : missing("mlxc_array_where", error);
}
mlxc_status mlxc_array_cast(mlxc_array **out, mlxc_array *x, int32_t dtype, mlxc_error *error) {
  return p_mlxc_array_cast ? p_mlxc_array_cast(out, x, dtype, error) : missing("mlxc_array_cast", error);
}
mlxc_status mlxc_array_matmul(mlxc_array **out, mlxc_array *a, mlxc_array *b, mlxc_error *error) {
  return p_mlxc_array_matmul ? p_mlxc_array_matmul(out, a, b, error) : missing("mlxc_array_matmul", error);
}
mlxc_status mlxc_array_softmax(mlxc_array **out, mlxc_array *x, int32_t axis, int32_t log, mlxc_error *error) {
  return p_mlxc_array_softmax ? p_mlxc_array_softmax(out, x, axis, log, error) : missing("mlxc_array_softmax", error);
}
mlxc_status mlxc_array_reduce(mlxc_array **out, int32_t op, mlxc_array *x, const int32_t *axes, int32_t axis_count, int32_t keepdims, mlxc_error *error) {
  return p_mlxc_array_reduce ? p_mlxc_array_reduce(out, op, x, axes, axis_count, keepdims, error) : missing("mlxc_array_reduce", error);
}
mlxc_status mlxc_array_argmax(mlxc_array **out, mlxc_array *x, int32_t axis, int32_t keepdims, mlxc_error *error) {
  return p_mlxc_array_argmax ? p_mlxc_array_argmax(out, x, axis, keepdims, error) : missing("mlxc_array_argmax", error);
}
mlxc_status mlxc_array_argmin(mlxc_array **out, mlxc_array *x, int32_t axis, int32_t keepdims, mlxc_error *error) {
  return p_mlxc_array_argmin ? p_mlxc_array_argmin(out, x, axis, keepdims, error) : missing("mlxc_array_argmin", error);
}
mlxc_status mlxc_array_reshape(mlxc_array **out, mlxc_array *x, const int64_t *shape, int32_t rank, mlxc_error *error) {
  return p_mlxc_array_reshape ? p_mlxc_array_reshape(out, x, shape, rank, error) : missing("mlxc_array_reshape", error);
}
mlxc_status mlxc_array_transpose(mlxc_array **out, mlxc_array *x, const int32_t *axes, int32_t axis_count, mlxc_error *error) {
  return p_mlxc_array_transpose ? p_mlxc_array_transpose(out, x, axes, axis_count, error) : missing("mlxc_array_transpose", error);
}
mlxc_status mlxc_array_slice(mlxc_array **out, mlxc_array *x, const int64_t *start, const int64_t *stop, const int64_t *step, int32_t rank, mlxc_error *error) {
  return p_mlxc_array_slice ? p_mlxc_array_slice(out, x, start, stop, step, rank, error) : missing("mlxc_array_slice", error);
}
mlxc_status mlxc_array_broadcast(mlxc_array **out, mlxc_array *x, const int64_t *shape, int32_t rank, mlxc_error *error) {
  return p_mlxc_array_broadcast ? p_mlxc_array_broadcast(out, x, shape, rank, error) : missing("mlxc_array_broadcast", error);
}
mlxc_status mlxc_array_contiguous(mlxc_array **out, mlxc_array *x, mlxc_error *error) {
  return p_mlxc_array_contiguous ? p_mlxc_array_contiguous(out, x, error) : missing("mlxc_array_contiguous", error);
}
mlxc_status mlxc_array_concatenate(mlxc_array **out, mlxc_array *const *arrays, int64_t count, int32_t axis, mlxc_error *error) {
  return p_mlxc_array_concatenate ? p_mlxc_array_concatenate(out, arrays, count, axis, error) : missing("mlxc_array_concatenate", error);
}
mlxc_status mlxc_array_take(mlxc_array **out, mlxc_array *x, mlxc_array *indices, mlxc_error *error) {
  return p_mlxc_array_take ? p_mlxc_array_take(out, x, indices, error) : missing("mlxc_array_take", error);
}
mlxc_status mlxc_cancel_new(mlxc_cancel **out, mlxc_error *error) {
  return p_mlxc_cancel_new ? p_mlxc_cancel_new(out, error) : missing("mlxc_cancel_new", error);
}
mlxc_status mlxc_cancel_trigger(mlxc_cancel *cancel, mlxc_error *error) {
  return p_mlxc_cancel_trigger ? p_mlxc_cancel_trigger(cancel, error) : missing("mlxc_cancel_trigger", error);
}
void mlxc_cancel_free(mlxc_cancel *cancel) {
  if (p_mlxc_cancel_free) p_mlxc_cancel_free(cancel);
}
mlxc_status mlxc_device_count(int32_t *count, mlxc_error *error) {
  return p_mlxc_device_count ? p_mlxc_device_count(count, error) : missing("mlxc_device_count", error);
}
mlxc_status mlxc_device_list(int32_t index, mlxc_device_info *info, mlxc_error *error) {
  return p_mlxc_device_list ? p_mlxc_device_list(index, info, error) : missing("mlxc_device_list", error);
}
mlxc_status mlxc_device_open(mlxc_device **out, const char *name, mlxc_error *error) {
  return p_mlxc_device_open ? p_mlxc_device_open(out, name, error) : missing("mlxc_device_open", error);
}
mlxc_status mlxc_device_inspect(mlxc_device *device, mlxc_device_info *info, mlxc_error *error) {
  return p_mlxc_device_inspect ? p_mlxc_device_inspect(device, info, error) : missing("mlxc_device_inspect", error);
}
mlxc_status mlxc_device_profile(mlxc_device *device, int32_t on, mlxc_error *error) {
  return p_mlxc_device_profile ? p_mlxc_device_profile(device, on, error) : missing("mlxc_device_profile", error);
}
mlxc_status mlxc_device_profile_text(mlxc_device *device, char *buffer, size_t capacity, size_t *needed, mlxc_error *error) {
  return p_mlxc_device_profile_text ? p_mlxc_device_profile_text(device, buffer, capacity, needed, error) : missing("mlxc_device_profile_text", error);
}
void mlxc_device_free(mlxc_device *device) {
  if (p_mlxc_device_free) p_mlxc_device_free(device);
}
void mlxc_model_options_init(mlxc_model_options *options, uint32_t struct_size) {
  if (p_mlxc_model_options_init) p_mlxc_model_options_init(options, struct_size);
}
mlxc_status mlxc_model_load(mlxc_model **out, const char *path, const mlxc_model_options *options, mlxc_error *error) {
  return p_mlxc_model_load ? p_mlxc_model_load(out, path, options, error) : missing("mlxc_model_load", error);
}
mlxc_status mlxc_model_inspect(mlxc_model *model, mlxc_model_info *info, mlxc_error *error) {
  return p_mlxc_model_inspect ? p_mlxc_model_inspect(model, info, error) : missing("mlxc_model_inspect", error);
}
mlxc_status mlxc_model_json(mlxc_model *model, char *buffer, size_t capacity, size_t *needed, mlxc_error *error) {
  return p_mlxc_model_json ? p_mlxc_model_json(model, buffer, capacity, needed, error) : missing("mlxc_model_json", error);
}
mlxc_status mlxc_model_stop_tokens(mlxc_model *model, int32_t *tokens, int64_t capacity, int64_t *needed, mlxc_error *error) {
  return p_mlxc_model_stop_tokens ? p_mlxc_model_stop_tokens(model, tokens, capacity, needed, error) : missing("mlxc_model_stop_tokens", error);
}
mlxc_status mlxc_model_read_stats(mlxc_model *model, mlxc_model_stats *stats, mlxc_error *error) {
  return p_mlxc_model_read_stats ? p_mlxc_model_read_stats(model, stats, error) : missing("mlxc_model_read_stats", error);
}
mlxc_status mlxc_model_tokenizer_copy(mlxc_tokenizer **out, mlxc_model *model, mlxc_error *error) {
  return p_mlxc_model_tokenizer_copy ? p_mlxc_model_tokenizer_copy(out, model, error) : missing("mlxc_model_tokenizer_copy", error);
}
mlxc_status mlxc_model_device_copy(mlxc_device **out, mlxc_model *model, mlxc_error *error) {
  return p_mlxc_model_device_copy ? p_mlxc_model_device_copy(out, model, error) : missing("mlxc_model_device_copy", error);
}
void mlxc_model_free(mlxc_model *model) {
  if (p_mlxc_model_free) p_mlxc_model_free(model);
}
void mlxc_embed_options_init(mlxc_embed_options *options, uint32_t struct_size) {
  if (p_mlxc_embed_options_init) p_mlxc_embed_options_init(options, struct_size);
}
mlxc_status mlxc_embed(mlxc_model *model, const mlxc_prompt *inputs, int64_t count, const mlxc_embed_options *options, float *vectors, int64_t capacity, mlxc_error *error) {
  return p_mlxc_embed ? p_mlxc_embed(model, inputs, count, options, vectors, capacity, error) : missing("mlxc_embed", error);
}
mlxc_status mlxc_embed_new(mlxc_array **out, mlxc_model *model, const mlxc_prompt *inputs, int64_t count, const mlxc_embed_options *options, mlxc_error *error) {
  return p_mlxc_embed_new ? p_mlxc_embed_new(out, model, inputs, count, options, error) : missing("mlxc_embed_new", error);
}
mlxc_status mlxc_function_new(mlxc_function **out, mlxc_array *const *inputs, int64_t input_count, mlxc_array *const *outputs, int64_t output_count, const mlxc_state_pair *states, int64_t state_count, mlxc_error *error) {
  return p_mlxc_function_new ? p_mlxc_function_new(out, inputs, input_count, outputs, output_count, states, state_count, error) : missing("mlxc_function_new", error);
}
mlxc_status mlxc_function_call(mlxc_function *function, mlxc_array *const *inputs, int64_t input_count, mlxc_array **outputs, int64_t output_count, mlxc_cancel *cancel, mlxc_error *error) {
  return p_mlxc_function_call ? p_mlxc_function_call(function, inputs, input_count, outputs, output_count, cancel, error) : missing("mlxc_function_call", error);
}
mlxc_status mlxc_function_launches(mlxc_function *function, int64_t *launches, mlxc_error *error) {
  return p_mlxc_function_launches ? p_mlxc_function_launches(function, launches, error) : missing("mlxc_function_launches", error);
}
mlxc_status mlxc_function_dot(mlxc_function *function, char *buffer, size_t capacity, size_t *needed, mlxc_error *error) {
  return p_mlxc_function_dot ? p_mlxc_function_dot(function, buffer, capacity, needed, error) : missing("mlxc_function_dot", error);
}
void mlxc_function_free(mlxc_function *function) {
  if (p_mlxc_function_free) p_mlxc_function_free(function);
}
const char *mlxc_finish_reason_name(int32_t finish_reason) {
  return p_mlxc_finish_reason_name ? p_mlxc_finish_reason_name(finish_reason) : 0;
}
void mlxc_generate_options_init(mlxc_generate_options *options, uint32_t struct_size) {
  if (p_mlxc_generate_options_init) p_mlxc_generate_options_init(options, struct_size);
}
mlxc_status mlxc_generate_batch(mlxc_result **result, mlxc_model *model, const mlxc_prompt *prompts, int64_t count, const mlxc_generate_options *options, const mlxc_batch_output *output, mlxc_event_callback callback, void *user_data, mlxc_error *error) {
  return p_mlxc_generate_batch ? p_mlxc_generate_batch(result, model, prompts, count, options, output, callback, user_data, error) : missing("mlxc_generate_batch", error);
}
mlxc_status mlxc_generate_start(mlxc_request **out, mlxc_model *model, const mlxc_prompt *prompt, const mlxc_generate_options *options, mlxc_queue *queue, uint64_t tag, mlxc_event_callback callback, void *user_data, mlxc_error *error) {
  return p_mlxc_generate_start ? p_mlxc_generate_start(out, model, prompt, options, queue, tag, callback, user_data, error) : missing("mlxc_generate_start", error);
}
mlxc_status mlxc_log_set(mlxc_log_callback callback, void *user_data, int32_t least, mlxc_error *error) {
  return p_mlxc_log_set ? p_mlxc_log_set(callback, user_data, least, error) : missing("mlxc_log_set", error);
}
mlxc_status mlxc_memory_read(mlxc_device *device, mlxc_memory_stats *stats, mlxc_error *error) {
  return p_mlxc_memory_read ? p_mlxc_memory_read(device, stats, error) : missing("mlxc_memory_read", error);
}
mlxc_status mlxc_memory_reset_peak(mlxc_device *device, mlxc_error *error) {
  return p_mlxc_memory_reset_peak ? p_mlxc_memory_reset_peak(device, error) : missing("mlxc_memory_reset_peak", error);
}
mlxc_status mlxc_memory_release_cache(mlxc_device *device, mlxc_error *error) {
  return p_mlxc_memory_release_cache ? p_mlxc_memory_release_cache(device, error) : missing("mlxc_memory_release_cache", error);
}
mlxc_status mlxc_memory_set_cache_limit(mlxc_device *device, int64_t bytes, mlxc_error *error) {
  return p_mlxc_memory_set_cache_limit ? p_mlxc_memory_set_cache_limit(device, bytes, error) : missing("mlxc_memory_set_cache_limit", error);
}
int64_t mlxc_handle_count(int32_t kind) {
  return p_mlxc_handle_count ? p_mlxc_handle_count(kind) : 0;
}
mlxc_status mlxc_queue_new(mlxc_queue **out, mlxc_error *error) {
  return p_mlxc_queue_new ? p_mlxc_queue_new(out, error) : missing("mlxc_queue_new", error);
}
mlxc_status mlxc_queue_next(mlxc_queue *queue, int64_t timeout_ms, mlxc_event *events, int64_t capacity, int64_t *count, mlxc_error *error) {
  return p_mlxc_queue_next ? p_mlxc_queue_next(queue, timeout_ms, events, capacity, count, error) : missing("mlxc_queue_next", error);
}
mlxc_status mlxc_queue_wake(mlxc_queue *queue, mlxc_error *error) {
  return p_mlxc_queue_wake ? p_mlxc_queue_wake(queue, error) : missing("mlxc_queue_wake", error);
}
mlxc_status mlxc_queue_close(mlxc_queue *queue, mlxc_error *error) {
  return p_mlxc_queue_close ? p_mlxc_queue_close(queue, error) : missing("mlxc_queue_close", error);
}
void mlxc_queue_free(mlxc_queue *queue) {
  if (p_mlxc_queue_free) p_mlxc_queue_free(queue);
}
mlxc_status mlxc_request_cancel(mlxc_request *request, mlxc_error *error) {
  return p_mlxc_request_cancel ? p_mlxc_request_cancel(request, error) : missing("mlxc_request_cancel", error);
}
mlxc_status mlxc_request_wait(mlxc_request *request, int64_t timeout_ms, mlxc_error *error) {
  return p_mlxc_request_wait ? p_mlxc_request_wait(request, timeout_ms, error) : missing("mlxc_request_wait", error);
}
mlxc_status mlxc_request_result(mlxc_result **out, mlxc_request *request, mlxc_error *error) {
  return p_mlxc_request_result ? p_mlxc_request_result(out, request, error) : missing("mlxc_request_result", error);
}
void mlxc_request_free(mlxc_request *request) {
  if (p_mlxc_request_free) p_mlxc_request_free(request);
}
mlxc_status mlxc_result_count(mlxc_result *result, int64_t *count, mlxc_error *error) {
  return p_mlxc_result_count ? p_mlxc_result_count(result, count, error) : missing("mlxc_result_count", error);
}
mlxc_status mlxc_result_finish(mlxc_result *result, int64_t index, int32_t *finish_reason, int32_t *status, mlxc_error *error) {
  return p_mlxc_result_finish ? p_mlxc_result_finish(result, index, finish_reason, status, error) : missing("mlxc_result_finish", error);
}
mlxc_status mlxc_result_peek_message(mlxc_result *result, int64_t index, const char **message, size_t *bytes, mlxc_error *error) {
  return p_mlxc_result_peek_message ? p_mlxc_result_peek_message(result, index, message, bytes, error) : missing("mlxc_result_peek_message", error);
}
mlxc_status mlxc_result_peek_text(mlxc_result *result, int64_t index, const char **text, size_t *bytes, mlxc_error *error) {
  return p_mlxc_result_peek_text ? p_mlxc_result_peek_text(result, index, text, bytes, error) : missing("mlxc_result_peek_text", error);
}
mlxc_status mlxc_result_peek_tokens(mlxc_result *result, int64_t index, const int32_t **tokens, int64_t *count, mlxc_error *error) {
  return p_mlxc_result_peek_tokens ? p_mlxc_result_peek_tokens(result, index, tokens, count, error) : missing("mlxc_result_peek_tokens", error);
}
mlxc_status mlxc_result_peek_logprobs(mlxc_result *result, int64_t index, const float **logprobs, int64_t *count, mlxc_error *error) {
  return p_mlxc_result_peek_logprobs ? p_mlxc_result_peek_logprobs(result, index, logprobs, count, error) : missing("mlxc_result_peek_logprobs", error);
}
mlxc_status mlxc_result_peek_top_logprobs(mlxc_result *result, int64_t index, int64_t position, const mlxc_token_logprob **top, int64_t *count, mlxc_error *error) {
  return p_mlxc_result_peek_top_logprobs ? p_mlxc_result_peek_top_logprobs(result, index, position, top, count, error) : missing("mlxc_result_peek_top_logprobs", error);
}
mlxc_status mlxc_result_peek_last_logits(mlxc_result *result, int64_t index, const float **logits, int64_t *count, mlxc_error *error) {
  return p_mlxc_result_peek_last_logits ? p_mlxc_result_peek_last_logits(result, index, logits, count, error) : missing("mlxc_result_peek_last_logits", error);
}
mlxc_status mlxc_result_timings(mlxc_result *result, int64_t index, mlxc_timings *timings, mlxc_error *error) {
  return p_mlxc_result_timings ? p_mlxc_result_timings(result, index, timings, error) : missing("mlxc_result_timings", error);
}
void mlxc_result_free(mlxc_result *result) {
  if (p_mlxc_result_free) p_mlxc_result_free(result);
}
void mlxc_score_options_init(mlxc_score_options *options, uint32_t struct_size) {
  if (p_mlxc_score_options_init) p_mlxc_score_options_init(options, struct_size);
}
mlxc_status mlxc_score(mlxc_model *model, const mlxc_prompt *prompts, int64_t prompt_count, const mlxc_prompt *labels, int64_t label_count, const mlxc_score_options *options, float *scores, int64_t scores_capacity, int32_t *token_counts, mlxc_error *error) {
  return p_mlxc_score ? p_mlxc_score(model, prompts, prompt_count, labels, label_count, options, scores, scores_capacity, token_counts, error) : missing("mlxc_score", error);
}
mlxc_status mlxc_logits(mlxc_model *model, const int32_t *tokens, int64_t token_count, float *logits, int64_t logits_capacity, float *hidden, int64_t hidden_capacity, mlxc_cancel *cancel, mlxc_error *error) {
  return p_mlxc_logits ? p_mlxc_logits(model, tokens, token_count, logits, logits_capacity, hidden, hidden_capacity, cancel, error) : missing("mlxc_logits", error);
}
void mlxc_encode_options_init(mlxc_encode_options *options, uint32_t struct_size) {
  if (p_mlxc_encode_options_init) p_mlxc_encode_options_init(options, struct_size);
}
void mlxc_decode_options_init(mlxc_decode_options *options, uint32_t struct_size) {
  if (p_mlxc_decode_options_init) p_mlxc_decode_options_init(options, struct_size);
}
mlxc_status mlxc_tokenizer_load(mlxc_tokenizer **out, const char *path, mlxc_error *error) {
  return p_mlxc_tokenizer_load ? p_mlxc_tokenizer_load(out, path, error) : missing("mlxc_tokenizer_load", error);
}
mlxc_status mlxc_tokenizer_inspect(mlxc_tokenizer *tokenizer, mlxc_tokenizer_info *info, mlxc_error *error) {
  return p_mlxc_tokenizer_inspect ? p_mlxc_tokenizer_inspect(tokenizer, info, error) : missing("mlxc_tokenizer_inspect", error);
}
mlxc_status mlxc_tokenizer_encode(mlxc_tokenizer *tokenizer, const char *text, size_t text_bytes, const mlxc_encode_options *options, int32_t *ids, int64_t capacity, int64_t *needed, mlxc_error *error) {
  return p_mlxc_tokenizer_encode ? p_mlxc_tokenizer_encode(tokenizer, text, text_bytes, options, ids, capacity, needed, error) : missing("mlxc_tokenizer_encode", error);
}
mlxc_status mlxc_tokenizer_encode_ranges(mlxc_tokenizer *tokenizer, const char *text, size_t text_bytes, const mlxc_encode_options *options, int32_t *ids, mlxc_text_range *ranges, int64_t capacity, int64_t *needed, mlxc_error *error) {
  return p_mlxc_tokenizer_encode_ranges ? p_mlxc_tokenizer_encode_ranges(tokenizer, text, text_bytes, options, ids, ranges, capacity, needed, error) : missing("mlxc_tokenizer_encode_ranges", error);
}
mlxc_status mlxc_tokenizer_decode(mlxc_tokenizer *tokenizer, const int32_t *ids, int64_t count, const mlxc_decode_options *options, char *buffer, size_t capacity, size_t *needed, mlxc_error *error) {
  return p_mlxc_tokenizer_decode ? p_mlxc_tokenizer_decode(tokenizer, ids, count, options, buffer, capacity, needed, error) : missing("mlxc_tokenizer_decode", error);
}
mlxc_status mlxc_tokenizer_special_tokens(mlxc_tokenizer *tokenizer, int32_t *ids, int64_t capacity, int64_t *needed, mlxc_error *error) {
  return p_mlxc_tokenizer_special_tokens ? p_mlxc_tokenizer_special_tokens(tokenizer, ids, capacity, needed, error) : missing("mlxc_tokenizer_special_tokens", error);
}
mlxc_status mlxc_tokenizer_id(int32_t *id, mlxc_tokenizer *tokenizer, const char *piece, size_t piece_bytes, mlxc_error *error) {
  return p_mlxc_tokenizer_id ? p_mlxc_tokenizer_id(id, tokenizer, piece, piece_bytes, error) : missing("mlxc_tokenizer_id", error);
}
mlxc_status mlxc_tokenizer_piece(mlxc_tokenizer *tokenizer, int32_t id, char *buffer, size_t capacity, size_t *needed, mlxc_error *error) {
  return p_mlxc_tokenizer_piece ? p_mlxc_tokenizer_piece(tokenizer, id, buffer, capacity, needed, error) : missing("mlxc_tokenizer_piece", error);
}
void mlxc_tokenizer_free(mlxc_tokenizer *tokenizer) {
  if (p_mlxc_tokenizer_free) p_mlxc_tokenizer_free(tokenizer);
}
mlxc_status mlxc_decoder_new(mlxc_decoder **out, mlxc_tokenizer *tokenizer, const mlxc_decode_options *options, mlxc_error *error) {
  return p_mlxc_decoder_new ? p_mlxc_decoder_new(out, tokenizer, options, error) : missing("mlxc_decoder_new", error);
}
mlxc_status mlxc_decoder_add(mlxc_decoder *decoder, const int32_t *ids, int64_t count, const char **text, size_t *bytes, mlxc_error *error) {
  return p_mlxc_decoder_add ? p_mlxc_decoder_add(decoder, ids, count, text, bytes, error) : missing("mlxc_decoder_add", error);
}
mlxc_status mlxc_decoder_finish(mlxc_decoder *decoder, const char **text, size_t *bytes, mlxc_error *error) {
  return p_mlxc_decoder_finish ? p_mlxc_decoder_finish(decoder, text, bytes, error) : missing("mlxc_decoder_finish", error);
}
void mlxc_decoder_free(mlxc_decoder *decoder) {
  if (p_mlxc_decoder_free) p_mlxc_decoder_free(decoder);
}
const char *mlxc_version(void) {
  return p_mlxc_version ? p_mlxc_version() : 0;
}
int32_t mlxc_abi_version(void) {
  return p_mlxc_abi_version ? p_mlxc_abi_version() : 0;
}
int32_t mlxc_has_feature(const char *feature) {
  return p_mlxc_has_feature ? p_mlxc_has_feature(feature) : 0;
}
mlxc_status mlxc_build_info(char *buffer, size_t capacity, size_t *needed, mlxc_error *error) {
  return p_mlxc_build_info ? p_mlxc_build_info(buffer, capacity, needed, error) : missing("mlxc_build_info", error);
}
