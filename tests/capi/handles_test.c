/* Every public function with null, freed and wrong handles, and with NULL for what it requires. A function of the export list that no
 * line here names fails the test. */
#include "check.h"

#define MAX_NAMES 512
static const char* covered[MAX_NAMES];
static int covered_count = 0;

static void note(const char* name) {
  for (int i = 0; i < covered_count; ++i)
    if (strcmp(covered[i], name) == 0) return;
  covered[covered_count++] = name;
}

/* Live handles of every kind, and a freed one of every kind. */
static mlxc_device* device;
static mlxc_model* model;
static mlxc_tokenizer* tokenizer;
static mlxc_decoder* decoder;
static mlxc_request* request;
static mlxc_queue* queue;
static mlxc_result* result;
static mlxc_cancel* cancel;
static mlxc_array* array;
static mlxc_function* function;
static mlxc_module* module;
static mlxc_parameters* parameters;
static mlxc_optimizer* optimizer;
static mlxc_dataset* dataset;
static mlxc_loader* loader;
static mlxc_trainer* trainer;
static mlxc_stream* stream;
static mlxc_fence* fence;
static mlxc_kernel* kernel; /* NULL where no device takes source */
#define KINDS MLXC_HANDLE_FENCE
static void *live[KINDS + 1], *freed[KINDS + 1];

static void make_kernel(void) {
  static const char* const names[] = {"y"};
  mlxc_device* gpu = NULL;
  kernel = NULL;
  if (mlxc_device_open(&gpu, "vulkan:0", NULL) != MLXC_OK) return;
  OK(mlxc_kernel_new(&kernel, gpu, "none", "void main() {}", 14, NULL, 0, names, 1, NULL, &error));
  mlxc_device_free(gpu);
}

static void make_all(void) {
  int64_t shape[1] = {4};
  float values[4] = {1, 2, 3, 4};
  mlxc_generate_options options = MLXC_GENERATE_OPTIONS_INIT;
  mlxc_prompt prompt = text_prompt("Once");
  options.max_tokens = 1;
  OK(mlxc_device_open(&device, NULL, &error));
  model = load_model(MLXC_PRECISION_NATIVE);
  OK(mlxc_model_tokenizer_copy(&tokenizer, model, &error));
  OK(mlxc_decoder_new(&decoder, tokenizer, NULL, &error));
  OK(mlxc_generate_start(&request, model, &prompt, &options, NULL, 0, NULL, NULL, &error));
  OK(mlxc_request_wait(request, -1, &error));
  OK(mlxc_queue_new(&queue, &error));
  OK(mlxc_request_result(&result, request, &error));
  OK(mlxc_cancel_new(&cancel, &error));
  OK(mlxc_array_new(&array, NULL, values, sizeof values, shape, 1, MLXC_DTYPE_FLOAT32, &error));
  OK(mlxc_function_new(&function, &array, 1, &array, 1, NULL, 0, &error));
  live[MLXC_HANDLE_DEVICE] = device;
  live[MLXC_HANDLE_MODEL] = model;
  live[MLXC_HANDLE_TOKENIZER] = tokenizer;
  live[MLXC_HANDLE_DECODER] = decoder;
  live[MLXC_HANDLE_REQUEST] = request;
  live[MLXC_HANDLE_QUEUE] = queue;
  live[MLXC_HANDLE_RESULT] = result;
  live[MLXC_HANDLE_CANCEL] = cancel;
  live[MLXC_HANDLE_ARRAY] = array;
  live[MLXC_HANDLE_FUNCTION] = function;
  OK(mlxc_module_flatten(&module, &error));
  OK(mlxc_parameters_new(&parameters, NULL, 1, &error));
  OK(mlxc_optimizer_new(&optimizer, NULL, &error));
  mlxc_array* fields[2] = {array, array};
  OK(mlxc_dataset_new_arrays(&dataset, fields, 2, &error));
  OK(mlxc_loader_new(&loader, dataset, NULL, &error));
  OK(mlxc_trainer_new(&trainer, module, parameters, NULL, NULL, &error));
  live[MLXC_HANDLE_DATASET] = dataset;
  live[MLXC_HANDLE_LOADER] = loader;
  live[MLXC_HANDLE_TRAINER] = trainer;
  live[MLXC_HANDLE_MODULE] = module;
  live[MLXC_HANDLE_PARAMETERS] = parameters;
  live[MLXC_HANDLE_OPTIMIZER] = optimizer;
  make_kernel();
  live[MLXC_HANDLE_KERNEL] = kernel;
  OK(mlxc_stream_new(&stream, NULL, 1, &error));
  OK(mlxc_stream_record(&fence, stream, &error));
  live[MLXC_HANDLE_STREAM] = stream;
  live[MLXC_HANDLE_FENCE] = fence;
}

static void free_all(void) {
  mlxc_trainer_free(trainer);
  mlxc_loader_free(loader);
  mlxc_dataset_free(dataset);
  mlxc_fence_free(fence);
  mlxc_stream_free(stream);
  mlxc_kernel_free(kernel);
  mlxc_optimizer_free(optimizer);
  mlxc_parameters_free(parameters);
  mlxc_module_free(module);
  mlxc_function_free(function);
  mlxc_array_free(array);
  mlxc_cancel_free(cancel);
  mlxc_result_free(result);
  mlxc_queue_free(queue);
  mlxc_request_free(request);
  mlxc_decoder_free(decoder);
  mlxc_tokenizer_free(tokenizer);
  mlxc_model_free(model);
  mlxc_device_free(device);
}

#define BAD_COUNT 32
/* Bad pointers for a kind: null, freed, every other live kind, foreign and crooked addresses. `null_too`: whether NULL is bad. */
static int bad_handles(int kind, int null_too, void** bad) {
  static int32_t stranger[16];
  int n = 0;
  if (null_too) bad[n++] = NULL;
  bad[n++] = freed[kind];
  for (int other = 1; other <= KINDS; ++other)
    if (other != kind && live[other]) bad[n++] = live[other];
  bad[n++] = stranger;
  bad[n++] = (void*)(uintptr_t)1;
  bad[n++] = (char*)live[kind] + 1;
  return n;
}

#define BAD(kind, type, function_name, ...) BAD_HANDLES(kind, 1, type, function_name, __VA_ARGS__)
/* Where NULL is allowed. */
#define BAD_BUT_NULL(kind, type, function_name, ...) BAD_HANDLES(kind, 0, type, function_name, __VA_ARGS__)
#define BAD_HANDLES(kind, with_null, type, function_name, ...)    \
  do {                                                            \
    void* bad[BAD_COUNT];                                         \
    int bad_count = bad_handles(kind, with_null, bad);            \
    note(#function_name);                                         \
    for (int bad_index = 0; bad_index < bad_count; ++bad_index) { \
      type* h = (type*)bad[bad_index];                            \
      EXPECT(MLXC_INVALID_HANDLE, function_name(__VA_ARGS__));    \
    }                                                             \
  } while (0)
/* A free takes anything and leaves live handles of other kinds alone. */
#define BAD_FREE(kind, type, function_name)                                                           \
  do {                                                                                                \
    void* bad[BAD_COUNT];                                                                             \
    int bad_count = bad_handles(kind, 1, bad);                                                        \
    int64_t before = mlxc_handle_count(MLXC_HANDLE_ANY);                                              \
    note(#function_name);                                                                             \
    for (int bad_index = 0; bad_index < bad_count; ++bad_index) function_name((type*)bad[bad_index]); \
    CHECK(mlxc_handle_count(MLXC_HANDLE_ANY) == before);                                              \
  } while (0)
#define NULLS(function_name, ...)                              \
  do {                                                         \
    note(#function_name);                                      \
    EXPECT(MLXC_INVALID_ARGUMENT, function_name(__VA_ARGS__)); \
  } while (0)

static void devices_and_memory(void) {
  mlxc_device_info info = MLXC_DEVICE_INFO_INIT;
  mlxc_memory_stats stats = MLXC_MEMORY_STATS_INIT;
  int32_t count;
  char text[16];
  size_t text_bytes;
  mlxc_profile_entry entries[1];
  int64_t entry_count;
  NULLS(mlxc_device_count, NULL, &error);
  NULLS(mlxc_device_list, 0, NULL, &error);
  NULLS(mlxc_device_list, -1, &info, &error);
  NULLS(mlxc_device_list, 1000, &info, &error);
  NULLS(mlxc_device_open, NULL, "cpu", &error);
  OK(mlxc_device_count(&count, &error));
  BAD(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_device_inspect, h, &info, &error);
  NULLS(mlxc_device_inspect, device, NULL, &error);
  BAD(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_device_profile, h, 1, &error);
  NULLS(mlxc_device_profile, device, 3, &error);
  BAD(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_device_profile_text, h, text, sizeof text, &text_bytes, &error);
  BAD(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_device_profile_entries, h, entries, 1, &entry_count, &error);
  NULLS(mlxc_device_profile_entries, device, entries, -1, &entry_count, &error);
  BAD_BUT_NULL(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_device_profile_trace, h, text, sizeof text, &text_bytes, &error);
  NULLS(mlxc_device_profile_trace, device, text, sizeof text, NULL, &error);
  BAD_BUT_NULL(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_memory_read, h, &stats, &error);
  NULLS(mlxc_memory_read, device, NULL, &error);
  BAD_BUT_NULL(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_memory_reset_peak, h, &error);
  BAD_BUT_NULL(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_memory_release_cache, h, &error);
  BAD_BUT_NULL(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_memory_set_cache_limit, h, 0, &error);
  NULLS(mlxc_memory_set_cache_limit, NULL, -1, &error);
  BAD_BUT_NULL(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_memory_trim, h, 0, &error);
  NULLS(mlxc_memory_trim, NULL, -1, &error);
  BAD_BUT_NULL(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_memory_set_limit, h, 0, &error);
  NULLS(mlxc_memory_set_limit, NULL, -1, &error);
  BAD_FREE(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_device_free);
  note("mlxc_handle_count");
  CHECK(mlxc_handle_count(-1) == -1 && mlxc_handle_count(99) == -1);
  CHECK(mlxc_handle_count(MLXC_HANDLE_MODEL) == 1);
}

static void names_and_versions(void) {
  size_t needed;
  note("mlxc_status_name");
  CHECK(strcmp(mlxc_status_name(MLXC_IO), "MLXC_IO") == 0);
  CHECK(strcmp(mlxc_status_name(-5), "MLXC_UNKNOWN") == 0);
  note("mlxc_version");
  CHECK(strcmp(mlxc_version(), MLXC_VERSION_STRING) == 0);
  note("mlxc_abi_version");
  CHECK(mlxc_abi_version() == MLXC_ABI_VERSION);
  note("mlxc_has_feature");
  CHECK(mlxc_has_feature("cpu") == 1 && mlxc_has_feature("vulkan") == 1 && mlxc_has_feature("train") == 1 &&
        mlxc_has_feature("family:qwen3") == 1);
  CHECK(mlxc_has_feature("teleport") == 0 && mlxc_has_feature(NULL) == 0);
  NULLS(mlxc_build_info, NULL, 0, NULL, &error);
  NULLS(mlxc_build_info, NULL, 10, &needed, &error);
  NULLS(mlxc_log_set, NULL, NULL, 17, &error);
  note("mlxc_dtype_name");
  CHECK(strcmp(mlxc_dtype_name(MLXC_DTYPE_FLOAT32), "float32") == 0 && strcmp(mlxc_dtype_name(-1), "unknown") == 0);
  note("mlxc_dtype_size");
  CHECK(mlxc_dtype_size(MLXC_DTYPE_FLOAT64) == 8 && mlxc_dtype_size(99) == 0);
  note("mlxc_finish_reason_name");
  CHECK(strcmp(mlxc_finish_reason_name(MLXC_FINISH_STOP), "stop") == 0 && strcmp(mlxc_finish_reason_name(-1), "unknown") == 0);
}

static void options_inits(void) {
  note("mlxc_model_options_init");
  note("mlxc_generate_options_init");
  note("mlxc_encode_options_init");
  note("mlxc_decode_options_init");
  note("mlxc_score_options_init");
  note("mlxc_embed_options_init");
  note("mlxc_optimizer_options_init");
  note("mlxc_schedule_init");
  mlxc_model_options_init(NULL, 8);
  mlxc_generate_options_init(NULL, 8);
  mlxc_encode_options_init(NULL, 8);
  mlxc_decode_options_init(NULL, 8);
  mlxc_score_options_init(NULL, 8);
  mlxc_embed_options_init(NULL, 8);
  mlxc_optimizer_options_init(NULL, 8);
  mlxc_schedule_init(NULL, 8);
}

static void cancels_and_queues(void) {
  mlxc_event event;
  int64_t count;
  NULLS(mlxc_cancel_new, NULL, &error);
  BAD(MLXC_HANDLE_CANCEL, mlxc_cancel, mlxc_cancel_trigger, h, &error);
  BAD_FREE(MLXC_HANDLE_CANCEL, mlxc_cancel, mlxc_cancel_free);
  NULLS(mlxc_queue_new, NULL, &error);
  BAD(MLXC_HANDLE_QUEUE, mlxc_queue, mlxc_queue_next, h, 0, &event, 1, &count, &error);
  NULLS(mlxc_queue_next, queue, 0, NULL, 1, &count, &error);
  NULLS(mlxc_queue_next, queue, 0, &event, 1, NULL, &error);
  NULLS(mlxc_queue_next, queue, 0, &event, 0, &count, &error);
  NULLS(mlxc_queue_next, queue, 0, &event, -1, &count, &error);
  BAD(MLXC_HANDLE_QUEUE, mlxc_queue, mlxc_queue_wake, h, &error);
  BAD(MLXC_HANDLE_QUEUE, mlxc_queue, mlxc_queue_close, h, &error);
  BAD_FREE(MLXC_HANDLE_QUEUE, mlxc_queue, mlxc_queue_free);
}

static void models(void) {
  mlxc_model_info info = MLXC_MODEL_INFO_INIT;
  mlxc_model_stats stats = MLXC_MODEL_STATS_INIT;
  mlxc_model_options options = MLXC_MODEL_OPTIONS_INIT;
  mlxc_model* out_model;
  mlxc_tokenizer* out_tokenizer;
  mlxc_device* out_device;
  size_t needed;
  int64_t count;
  NULLS(mlxc_model_load, NULL, MODEL_PATH, NULL, &error);
  NULLS(mlxc_model_load, &out_model, NULL, NULL, &error);
  NULLS(mlxc_model_load, &out_model, "", NULL, &error);
  BAD_BUT_NULL(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_model_load, &out_model, MODEL_PATH, (options.device = h, &options), &error);
  BAD(MLXC_HANDLE_MODEL, mlxc_model, mlxc_model_inspect, h, &info, &error);
  NULLS(mlxc_model_inspect, model, NULL, &error);
  BAD(MLXC_HANDLE_MODEL, mlxc_model, mlxc_model_json, h, NULL, 0, &needed, &error);
  NULLS(mlxc_model_json, model, NULL, 0, NULL, &error);
  BAD(MLXC_HANDLE_MODEL, mlxc_model, mlxc_model_stop_tokens, h, NULL, 0, &count, &error);
  NULLS(mlxc_model_stop_tokens, model, NULL, 0, NULL, &error);
  BAD(MLXC_HANDLE_MODEL, mlxc_model, mlxc_model_read_stats, h, &stats, &error);
  NULLS(mlxc_model_read_stats, model, NULL, &error);
  BAD(MLXC_HANDLE_MODEL, mlxc_model, mlxc_model_tokenizer_copy, &out_tokenizer, h, &error);
  NULLS(mlxc_model_tokenizer_copy, NULL, model, &error);
  BAD(MLXC_HANDLE_MODEL, mlxc_model, mlxc_model_device_copy, &out_device, h, &error);
  NULLS(mlxc_model_device_copy, NULL, model, &error);
  BAD_FREE(MLXC_HANDLE_MODEL, mlxc_model, mlxc_model_free);
}

static void tokenizers(void) {
  mlxc_tokenizer_info info = MLXC_TOKENIZER_INFO_INIT;
  mlxc_tokenizer* out;
  mlxc_decoder* out_decoder;
  mlxc_text_range range;
  const char* text;
  int32_t id;
  int64_t count;
  size_t needed;
  NULLS(mlxc_tokenizer_load, NULL, MODEL_PATH, &error);
  NULLS(mlxc_tokenizer_load, &out, NULL, &error);
  BAD(MLXC_HANDLE_TOKENIZER, mlxc_tokenizer, mlxc_tokenizer_inspect, h, &info, &error);
  NULLS(mlxc_tokenizer_inspect, tokenizer, NULL, &error);
  BAD(MLXC_HANDLE_TOKENIZER, mlxc_tokenizer, mlxc_tokenizer_encode, h, "a", 1, NULL, &id, 1, &count, &error);
  NULLS(mlxc_tokenizer_encode, tokenizer, NULL, 1, NULL, &id, 1, &count, &error);
  NULLS(mlxc_tokenizer_encode, tokenizer, "a", 1, NULL, &id, 1, NULL, &error);
  NULLS(mlxc_tokenizer_encode, tokenizer, "a", 1, NULL, NULL, 1, &count, &error);
  BAD(MLXC_HANDLE_TOKENIZER, mlxc_tokenizer, mlxc_tokenizer_encode_ranges, h, "a", 1, NULL, &id, &range, 1, &count, &error);
  NULLS(mlxc_tokenizer_encode_ranges, tokenizer, "a", 1, NULL, &id, NULL, 1, &count, &error);
  BAD(MLXC_HANDLE_TOKENIZER, mlxc_tokenizer, mlxc_tokenizer_decode, h, NULL, 0, NULL, NULL, 0, &needed, &error);
  NULLS(mlxc_tokenizer_decode, tokenizer, NULL, 1, NULL, NULL, 0, &needed, &error);
  NULLS(mlxc_tokenizer_decode, tokenizer, NULL, 0, NULL, NULL, 0, NULL, &error);
  BAD(MLXC_HANDLE_TOKENIZER, mlxc_tokenizer, mlxc_tokenizer_special_tokens, h, NULL, 0, &count, &error);
  NULLS(mlxc_tokenizer_special_tokens, tokenizer, NULL, 0, NULL, &error);
  BAD(MLXC_HANDLE_TOKENIZER, mlxc_tokenizer, mlxc_tokenizer_id, &id, h, "a", 1, &error);
  NULLS(mlxc_tokenizer_id, NULL, tokenizer, "a", 1, &error);
  NULLS(mlxc_tokenizer_id, &id, tokenizer, NULL, 1, &error);
  BAD(MLXC_HANDLE_TOKENIZER, mlxc_tokenizer, mlxc_tokenizer_piece, h, 1, NULL, 0, &needed, &error);
  NULLS(mlxc_tokenizer_piece, tokenizer, 1, NULL, 0, NULL, &error);
  BAD_FREE(MLXC_HANDLE_TOKENIZER, mlxc_tokenizer, mlxc_tokenizer_free);
  BAD(MLXC_HANDLE_TOKENIZER, mlxc_tokenizer, mlxc_decoder_new, &out_decoder, h, NULL, &error);
  NULLS(mlxc_decoder_new, NULL, tokenizer, NULL, &error);
  BAD(MLXC_HANDLE_DECODER, mlxc_decoder, mlxc_decoder_add, h, NULL, 0, &text, &needed, &error);
  NULLS(mlxc_decoder_add, decoder, NULL, 1, &text, &needed, &error);
  NULLS(mlxc_decoder_add, decoder, NULL, 0, NULL, &needed, &error);
  NULLS(mlxc_decoder_add, decoder, NULL, 0, &text, NULL, &error);
  BAD(MLXC_HANDLE_DECODER, mlxc_decoder, mlxc_decoder_finish, h, &text, &needed, &error);
  NULLS(mlxc_decoder_finish, decoder, NULL, &needed, &error);
  BAD_FREE(MLXC_HANDLE_DECODER, mlxc_decoder, mlxc_decoder_free);
}

static void generating(void) {
  mlxc_prompt prompt = text_prompt("Once");
  mlxc_generate_options options = MLXC_GENERATE_OPTIONS_INIT;
  mlxc_score_options score_options = MLXC_SCORE_OPTIONS_INIT;
  mlxc_embed_options embed_options = MLXC_EMBED_OPTIONS_INIT;
  mlxc_result* out_result;
  mlxc_request* out_request;
  mlxc_array* out_array;
  float values[4096];
  int32_t token = 1;
  BAD(MLXC_HANDLE_MODEL, mlxc_model, mlxc_generate_batch, &out_result, h, &prompt, 1, NULL, NULL, NULL, NULL, &error);
  BAD_BUT_NULL(MLXC_HANDLE_CANCEL, mlxc_cancel, mlxc_generate_batch, NULL, model, &prompt, 1, (options.cancel = h, &options), NULL, NULL,
               NULL, &error);
  options.cancel = NULL;
  NULLS(mlxc_generate_batch, &out_result, model, NULL, 1, &options, NULL, NULL, NULL, &error);
  BAD(MLXC_HANDLE_MODEL, mlxc_model, mlxc_generate_start, &out_request, h, &prompt, NULL, NULL, 0, NULL, NULL, &error);
  BAD_BUT_NULL(MLXC_HANDLE_QUEUE, mlxc_queue, mlxc_generate_start, &out_request, model, &prompt, NULL, h, 0, NULL, NULL, &error);
  NULLS(mlxc_generate_start, NULL, model, &prompt, NULL, NULL, 0, NULL, NULL, &error);
  NULLS(mlxc_generate_start, &out_request, model, NULL, NULL, NULL, 0, NULL, NULL, &error);
  BAD(MLXC_HANDLE_MODEL, mlxc_model, mlxc_score, h, &prompt, 1, &prompt, 1, NULL, values, 1, NULL, &error);
  BAD_BUT_NULL(MLXC_HANDLE_CANCEL, mlxc_cancel, mlxc_score, model, &prompt, 1, &prompt, 1, (score_options.cancel = h, &score_options),
               values, 1, NULL, &error);
  NULLS(mlxc_score, model, NULL, 1, &prompt, 1, NULL, values, 1, NULL, &error);
  NULLS(mlxc_score, model, &prompt, 1, NULL, 1, NULL, values, 1, NULL, &error);
  NULLS(mlxc_score, model, &prompt, 1, &prompt, 1, NULL, NULL, 1, NULL, &error);
  BAD(MLXC_HANDLE_MODEL, mlxc_model, mlxc_logits, h, &token, 1, values, 4096, NULL, 0, NULL, &error);
  BAD_BUT_NULL(MLXC_HANDLE_CANCEL, mlxc_cancel, mlxc_logits, model, &token, 1, values, 4096, NULL, 0, h, &error);
  NULLS(mlxc_logits, model, &token, 1, NULL, 0, NULL, 0, NULL, &error);
  NULLS(mlxc_logits, model, NULL, 1, values, 4096, NULL, 0, NULL, &error);
  BAD(MLXC_HANDLE_MODEL, mlxc_model, mlxc_embed, h, &prompt, 1, NULL, values, 4096, &error);
  BAD_BUT_NULL(MLXC_HANDLE_CANCEL, mlxc_cancel, mlxc_embed, model, &prompt, 1, (embed_options.cancel = h, &embed_options), values, 4096,
               &error);
  NULLS(mlxc_embed, model, NULL, 1, NULL, values, 4096, &error);
  NULLS(mlxc_embed, model, &prompt, 1, NULL, NULL, 4096, &error);
  BAD(MLXC_HANDLE_MODEL, mlxc_model, mlxc_embed_new, &out_array, h, &prompt, 1, NULL, &error);
  NULLS(mlxc_embed_new, NULL, model, &prompt, 1, NULL, &error);
}

static void requests_and_results(void) {
  mlxc_timings timings = MLXC_TIMINGS_INIT;
  mlxc_result* out;
  const char* text;
  const int32_t* tokens;
  const float* numbers;
  const mlxc_token_logprob* top;
  size_t bytes;
  int64_t count;
  int32_t finish;
  BAD(MLXC_HANDLE_REQUEST, mlxc_request, mlxc_request_cancel, h, &error);
  BAD(MLXC_HANDLE_REQUEST, mlxc_request, mlxc_request_wait, h, 0, &error);
  BAD(MLXC_HANDLE_REQUEST, mlxc_request, mlxc_request_result, &out, h, &error);
  NULLS(mlxc_request_result, NULL, request, &error);
  BAD_FREE(MLXC_HANDLE_REQUEST, mlxc_request, mlxc_request_free);
  BAD(MLXC_HANDLE_RESULT, mlxc_result, mlxc_result_count, h, &count, &error);
  NULLS(mlxc_result_count, result, NULL, &error);
  BAD(MLXC_HANDLE_RESULT, mlxc_result, mlxc_result_finish, h, 0, &finish, NULL, &error);
  NULLS(mlxc_result_finish, result, 0, NULL, NULL, &error);
  NULLS(mlxc_result_finish, result, 1, &finish, NULL, &error);
  NULLS(mlxc_result_finish, result, -1, &finish, NULL, &error);
  BAD(MLXC_HANDLE_RESULT, mlxc_result, mlxc_result_peek_message, h, 0, &text, &bytes, &error);
  NULLS(mlxc_result_peek_message, result, 0, NULL, &bytes, &error);
  BAD(MLXC_HANDLE_RESULT, mlxc_result, mlxc_result_peek_text, h, 0, &text, &bytes, &error);
  NULLS(mlxc_result_peek_text, result, 0, &text, NULL, &error);
  NULLS(mlxc_result_peek_text, result, 7, &text, &bytes, &error);
  BAD(MLXC_HANDLE_RESULT, mlxc_result, mlxc_result_peek_tokens, h, 0, &tokens, &count, &error);
  NULLS(mlxc_result_peek_tokens, result, 0, NULL, &count, &error);
  BAD(MLXC_HANDLE_RESULT, mlxc_result, mlxc_result_peek_logprobs, h, 0, &numbers, &count, &error);
  NULLS(mlxc_result_peek_logprobs, result, 0, &numbers, NULL, &error);
  BAD(MLXC_HANDLE_RESULT, mlxc_result, mlxc_result_peek_top_logprobs, h, 0, 0, &top, &count, &error);
  NULLS(mlxc_result_peek_top_logprobs, result, 0, 5, &top, &count, &error);
  NULLS(mlxc_result_peek_top_logprobs, result, 0, -1, &top, &count, &error);
  BAD(MLXC_HANDLE_RESULT, mlxc_result, mlxc_result_peek_last_logits, h, 0, &numbers, &count, &error);
  NULLS(mlxc_result_peek_last_logits, result, 0, NULL, NULL, &error);
  BAD(MLXC_HANDLE_RESULT, mlxc_result, mlxc_result_timings, h, 0, &timings, &error);
  NULLS(mlxc_result_timings, result, 0, NULL, &error);
  BAD_FREE(MLXC_HANDLE_RESULT, mlxc_result, mlxc_result_free);
}

static int releases = 0;
static void count_release(void* user_data) {
  (void)user_data;
  ++releases;
}

static void arrays(void) {
  mlxc_array *out, *pair[2];
  const void* data;
  float values[4] = {0};
  int64_t shape[2] = {4, 1}, needed;
  int32_t dtype, axis = 0;
  size_t bytes;
  BAD_BUT_NULL(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_array_new, &out, h, values, sizeof values, shape, 1, MLXC_DTYPE_FLOAT32, &error);
  NULLS(mlxc_array_new, NULL, NULL, values, sizeof values, shape, 1, MLXC_DTYPE_FLOAT32, &error);
  NULLS(mlxc_array_new, &out, NULL, NULL, sizeof values, shape, 1, MLXC_DTYPE_FLOAT32, &error);
  NULLS(mlxc_array_new, &out, NULL, values, sizeof values, NULL, 1, MLXC_DTYPE_FLOAT32, &error);
  NULLS(mlxc_array_new, &out, NULL, values, 15, shape, 1, MLXC_DTYPE_FLOAT32, &error);
  NULLS(mlxc_array_new, &out, NULL, values, sizeof values, shape, 1, 99, &error);
  NULLS(mlxc_array_new, &out, NULL, values, sizeof values, shape, 99, MLXC_DTYPE_FLOAT32, &error);
  BAD_BUT_NULL(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_array_new_borrowed, &out, h, values, sizeof values, shape, 1, MLXC_DTYPE_FLOAT32, NULL,
               NULL, &error);
  NULLS(mlxc_array_new_borrowed, NULL, NULL, values, sizeof values, shape, 1, MLXC_DTYPE_FLOAT32, count_release, NULL, &error);
  NULLS(mlxc_array_new_borrowed, &out, NULL, values, 3, shape, 1, MLXC_DTYPE_FLOAT32, count_release, NULL, &error);
  NULLS(mlxc_array_new_borrowed, &out, NULL, (char*)values + 1, 8, shape + 1, 0, MLXC_DTYPE_FLOAT64, count_release, NULL, &error);
  CHECK(releases == 3); /* a call that fails has released, once */
  BAD_BUT_NULL(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_array_full, &out, h, 1.0, shape, 1, MLXC_DTYPE_FLOAT32, &error);
  NULLS(mlxc_array_full, NULL, NULL, 1.0, shape, 1, MLXC_DTYPE_FLOAT32, &error);
  BAD_BUT_NULL(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_array_arange, &out, h, 0, 4, 1, MLXC_DTYPE_FLOAT32, &error);
  NULLS(mlxc_array_arange, &out, NULL, 0, 4, 0, MLXC_DTYPE_FLOAT32, &error);
  BAD_BUT_NULL(MLXC_HANDLE_DEVICE, mlxc_device, mlxc_array_placeholder, &out, h, shape, 1, MLXC_DTYPE_FLOAT32, &error);
  NULLS(mlxc_array_placeholder, NULL, NULL, shape, 1, MLXC_DTYPE_FLOAT32, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_copy, &out, h, &error);
  NULLS(mlxc_array_copy, NULL, array, &error);
  BAD_FREE(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_free);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_dtype, h, &dtype, &error);
  NULLS(mlxc_array_dtype, array, NULL, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_shape, h, shape, 1, &needed, &error);
  NULLS(mlxc_array_shape, array, shape, 1, NULL, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_eval, &h, 1, &error);
  NULLS(mlxc_array_eval, NULL, 1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_read, h, values, sizeof values, NULL, &error);
  NULLS(mlxc_array_read, array, NULL, sizeof values, NULL, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_peek, h, &data, &bytes, &error);
  NULLS(mlxc_array_peek, array, NULL, &bytes, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_dot, &h, 1, NULL, 0, &bytes, &error);
  NULLS(mlxc_array_dot, &array, 1, NULL, 0, NULL, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_unary, &out, MLXC_UNARY_EXP, h, &error);
  NULLS(mlxc_array_unary, NULL, MLXC_UNARY_EXP, array, &error);
  NULLS(mlxc_array_unary, &out, 99, array, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_binary, &out, MLXC_BINARY_ADD, h, array, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_binary, &out, MLXC_BINARY_ADD, array, h, &error);
  NULLS(mlxc_array_binary, &out, -1, array, array, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_binary_scalar, &out, MLXC_BINARY_ADD, h, 1.0, &error);
  NULLS(mlxc_array_binary_scalar, NULL, MLXC_BINARY_ADD, array, 1.0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_where, &out, h, array, array, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_where, &out, array, h, array, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_where, &out, array, array, h, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_cast, &out, h, MLXC_DTYPE_INT32, &error);
  NULLS(mlxc_array_cast, &out, array, -1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_matmul, &out, h, array, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_matmul, &out, array, h, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_softmax, &out, h, 0, 0, &error);
  NULLS(mlxc_array_softmax, &out, array, 5, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_reduce, &out, MLXC_REDUCE_SUM, h, NULL, 0, 0, &error);
  NULLS(mlxc_array_reduce, &out, MLXC_REDUCE_SUM, array, NULL, 1, 0, &error);
  NULLS(mlxc_array_reduce, &out, 99, array, NULL, 0, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_argmax, &out, h, 0, 0, &error);
  NULLS(mlxc_array_argmax, &out, array, 0, 2, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_argmin, &out, h, 0, 0, &error);
  NULLS(mlxc_array_argmin, &out, array, -2, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_reshape, &out, h, shape, 1, &error);
  NULLS(mlxc_array_reshape, &out, array, NULL, 1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_transpose, &out, h, &axis, 1, &error);
  NULLS(mlxc_array_transpose, &out, array, NULL, 1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_slice, &out, h, shape, shape, NULL, 1, &error);
  NULLS(mlxc_array_slice, &out, array, NULL, shape, NULL, 1, &error);
  NULLS(mlxc_array_slice, &out, array, shape, shape, NULL, 2, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_broadcast, &out, h, shape, 1, &error);
  NULLS(mlxc_array_broadcast, &out, array, NULL, 1, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_contiguous, &out, h, &error);
  NULLS(mlxc_array_contiguous, NULL, array, &error);
  pair[0] = array;
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_concatenate, &out, (pair[1] = h, pair), 2, 0, &error);
  NULLS(mlxc_array_concatenate, &out, NULL, 0, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_take, &out, h, array, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_array_take, &out, array, h, &error);
}

#include "handles_arrays.h"
#include "handles_data.h"
#include "handles_scheduling.h"
#include "handles_training.h"

static void functions(void) {
  mlxc_function* out;
  mlxc_array* outputs[1];
  mlxc_state_pair pair = {5, 0};
  int64_t count;
  size_t needed;
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_function_new, &out, &h, 1, &array, 1, NULL, 0, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_function_new, &out, &array, 1, &h, 1, NULL, 0, &error);
  NULLS(mlxc_function_new, NULL, &array, 1, &array, 1, NULL, 0, &error);
  NULLS(mlxc_function_new, &out, &array, 1, NULL, 0, NULL, 0, &error);
  NULLS(mlxc_function_new, &out, &array, 1, &array, 1, &pair, 1, &error);
  BAD(MLXC_HANDLE_FUNCTION, mlxc_function, mlxc_function_call, h, &array, 1, outputs, 1, NULL, &error);
  BAD(MLXC_HANDLE_ARRAY, mlxc_array, mlxc_function_call, function, &h, 1, outputs, 1, NULL, &error);
  BAD_BUT_NULL(MLXC_HANDLE_CANCEL, mlxc_cancel, mlxc_function_call, function, &array, 1, outputs, 1, h, &error);
  NULLS(mlxc_function_call, function, &array, 1, NULL, 1, NULL, &error);
  NULLS(mlxc_function_call, function, &array, 1, outputs, 0, NULL, &error);
  NULLS(mlxc_function_call, function, NULL, 0, outputs, 1, NULL, &error);
  BAD(MLXC_HANDLE_FUNCTION, mlxc_function, mlxc_function_run_rows, h, &needed, 0, 0, NULL, 0, NULL, NULL, &error);
  BAD_BUT_NULL(MLXC_HANDLE_CANCEL, mlxc_cancel, mlxc_function_run_rows, function, &needed, 0, 0, NULL, 0, NULL, h, &error);
  NULLS(mlxc_function_run_rows, function, NULL, 4, 1, NULL, 0, NULL, NULL, &error);
  NULLS(mlxc_function_run_rows, function, &needed, 0, -1, NULL, 0, NULL, NULL, &error);
  BAD(MLXC_HANDLE_FUNCTION, mlxc_function, mlxc_function_launches, h, &count, &error);
  NULLS(mlxc_function_launches, function, NULL, &error);
  BAD(MLXC_HANDLE_FUNCTION, mlxc_function, mlxc_function_dot, h, NULL, 0, &needed, &error);
  NULLS(mlxc_function_dot, function, NULL, 0, NULL, &error);
  BAD_FREE(MLXC_HANDLE_FUNCTION, mlxc_function, mlxc_function_free);
}

static void every_export_is_covered(void) {
  char line[1024], kind[16], name[128];
  int listed = 0;
  FILE* list = fopen(MLXC_TEST_DATA "/abi.txt", "r");
  if (!CHECK(list != NULL)) return;
  while (fgets(line, sizeof line, list)) {
    int found = 0;
    if (sscanf(line, "%*d %15s %127s", kind, name) != 2 || strcmp(kind, "function") != 0) continue;
    for (int i = 0; i < covered_count; ++i) found |= strcmp(covered[i], name) == 0;
    if (!found) fprintf(stderr, "no line of handles_test.c calls %s\n", name);
    CHECK(found);
    ++listed;
  }
  fclose(list);
  CHECK(listed > 100 && covered_count == listed);
}

/* Slots are used again late, and an old handle stays bad for long. */
static void freed_handles_stay_bad(void) {
  mlxc_cancel *old = NULL, *next = NULL;
  OK(mlxc_cancel_new(&old, &error));
  mlxc_cancel_free(old);
  for (int i = 0; i < 5000; ++i) {
    OK(mlxc_cancel_new(&next, &error));
    CHECK(next != old);
    mlxc_cancel_free(next);
    if (mlxc_cancel_trigger(old, NULL) != MLXC_INVALID_HANDLE) CHECK(!"a freed handle came to life");
    mlxc_cancel_free(old); /* a second free does nothing */
  }
}

int main(void) {
  freed_handles_stay_bad();
  make_all();
  for (int kind = 1; kind <= KINDS; ++kind) freed[kind] = live[kind];
  free_all();
  make_all();
  names_and_versions();
  options_inits();
  devices_and_memory();
  cancels_and_queues();
  models();
  tokenizers();
  generating();
  requests_and_results();
  arrays();
  array_functions();
  manipulate_functions();
  indexing_functions();
  statistics_functions();
  elementwise_functions();
  products_functions();
  random_functions();
  layers_functions();
  linalg_functions();
  functions();
  gradient_functions();
  module_functions();
  parameters_functions();
  train_functions();
  dataset_functions();
  loader_functions();
  trainer_functions();
  finetune_functions();
  kernel_functions();
  stream_functions();
  placement_functions();
  free_all();
  every_export_is_covered();
  return report("handles");
}
