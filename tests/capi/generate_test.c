/* Generating in one call: buffers, results, callbacks, options, cancelling, and what a caller can get wrong. */
#include "check.h"

static mlxc_model* model;

static mlxc_generate_options greedy(int64_t max_tokens) {
  mlxc_generate_options options = MLXC_GENERATE_OPTIONS_INIT;
  options.temperature = 0;
  options.max_tokens = max_tokens;
  return options;
}

struct seen {
  int tokens, done, stop_after;
  char text[2][1024];
  int64_t last_index[2];
};

static int32_t watch(const mlxc_event* event, void* user_data) {
  struct seen* seen = user_data;
  CHECK(event->tag < 2);
  if (event->type == MLXC_EVENT_DONE) {
    ++seen->done;
    return 0;
  }
  CHECK(event->type == MLXC_EVENT_TOKEN && event->text[event->text_bytes] == '\0');
  strcat(seen->text[event->tag], event->text);
  if (event->token >= 0) {
    CHECK(event->index == seen->last_index[event->tag]++);
    ++seen->tokens;
  }
  return seen->stop_after && seen->tokens >= seen->stop_after ? 9 : 0;
}

static void buffers_handles_and_callbacks_agree(void) {
  mlxc_prompt prompts[2] = {text_prompt("Once upon a time"), text_prompt("The fox")};
  mlxc_generate_options options = greedy(12);
  int32_t tokens[2][16], reasons[2];
  float logprobs[2][16], logits[2 * 4096];
  char text[2][256];
  int64_t counts[2];
  size_t bytes[2];
  struct seen seen;
  mlxc_result* result = NULL;
  mlxc_batch_output output = MLXC_BATCH_OUTPUT_INIT;
  memset(&seen, 0, sizeof seen);
  options.logprobs = 1;
  options.top_logprobs = 3;
  options.keep_last_logits = 1;
  output.tokens = tokens[0];
  output.logprobs = logprobs[0];
  output.tokens_capacity = 16;
  output.token_counts = counts;
  output.text = text[0];
  output.text_capacity = sizeof text[0];
  output.text_bytes = bytes;
  output.last_logits = logits;
  output.last_logits_capacity = 2 * 4096;
  output.finish_reasons = reasons;
  OK(mlxc_generate_batch(&result, model, prompts, 2, &options, &output, watch, &seen, &error));
  CHECK(seen.tokens == 24 && seen.done == 2);

  int64_t in_result = 0;
  OK(mlxc_result_count(result, &in_result, &error));
  CHECK(in_result == 2);
  for (int64_t i = 0; i < 2; ++i) {
    const int32_t* peeked = NULL;
    const float* numbers = NULL;
    const char* words = NULL;
    const mlxc_token_logprob* top = NULL;
    int64_t count = 0;
    size_t length = 0;
    int32_t finish = -1, status = -1;
    mlxc_timings timings = MLXC_TIMINGS_INIT;
    OK(mlxc_result_peek_tokens(result, i, &peeked, &count, &error));
    CHECK(count == 12 && counts[i] == 12 && memcmp(peeked, tokens[i], 12 * sizeof(int32_t)) == 0);
    OK(mlxc_result_peek_text(result, i, &words, &length, &error));
    CHECK(length == bytes[i] && strcmp(words, text[i]) == 0 && strcmp(words, seen.text[i]) == 0 && length > 5);
    OK(mlxc_result_peek_logprobs(result, i, &numbers, &count, &error));
    CHECK(count == 12 && memcmp(numbers, logprobs[i], 12 * sizeof(float)) == 0 && numbers[0] < 0);
    OK(mlxc_result_peek_top_logprobs(result, i, 11, &top, &count, &error));
    CHECK(count == 3 && top[0].logprob >= top[1].logprob && top[0].token == tokens[i][11] && top[0].logprob == logprobs[i][11]);
    OK(mlxc_result_peek_last_logits(result, i, &numbers, &count, &error));
    CHECK(count == 4096 && memcmp(numbers, logits + i * 4096, 4096 * sizeof(float)) == 0);
    OK(mlxc_result_finish(result, i, &finish, &status, &error));
    CHECK(finish == MLXC_FINISH_LENGTH && reasons[i] == MLXC_FINISH_LENGTH && status == MLXC_OK);
    OK(mlxc_result_peek_message(result, i, &words, &length, &error));
    CHECK(length == 0 && words[0] == '\0');
    OK(mlxc_result_timings(result, i, &timings, &error));
    CHECK(timings.generated_tokens == 12 && timings.prompt_tokens > 0 && timings.first_token_seconds > 0);
  }
  mlxc_result_free(result);
}

static void short_rows_are_reported_not_cut(void) {
  mlxc_prompt prompts[2] = {text_prompt("Once upon a time"), text_prompt("The fox")};
  mlxc_generate_options options = greedy(8);
  int32_t tokens[2][4] = {{-1, -1, -1, -1}, {-1, -1, -1, -1}};
  int64_t counts[2] = {0, 0};
  char text[2][4] = {"?", "?"};
  size_t bytes[2] = {0, 0};
  mlxc_result* result = NULL;
  mlxc_batch_output output = MLXC_BATCH_OUTPUT_INIT;
  output.tokens = tokens[0];
  output.tokens_capacity = 4;
  output.token_counts = counts;
  output.text = text[0];
  output.text_capacity = 4;
  output.text_bytes = bytes;
  EXPECT(MLXC_BUFFER_TOO_SMALL, mlxc_generate_batch(&result, model, prompts, 2, &options, &output, NULL, NULL, &error));
  CHECK(counts[0] == 8 && counts[1] == 8 && tokens[0][0] == -1 && bytes[0] > 4 && text[0][0] == '?');
  int64_t count = 0;
  OK(mlxc_result_count(result, &count, &error)); /* nothing is lost */
  CHECK(count == 2);
  mlxc_result_free(result);

  float logits[8];
  output = (mlxc_batch_output)MLXC_BATCH_OUTPUT_INIT;
  output.last_logits = logits;
  output.last_logits_capacity = 8;
  options.keep_last_logits = 1;
  EXPECT(MLXC_BUFFER_TOO_SMALL, mlxc_generate_batch(&result, model, prompts, 2, &options, &output, NULL, NULL, &error));
  CHECK(result == NULL); /* seen before anything ran */
  output = (mlxc_batch_output)MLXC_BATCH_OUTPUT_INIT;
  output.tokens = tokens[0];
  output.tokens_capacity = 4;
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_generate_batch(&result, model, prompts, 2, &options, &output, NULL, NULL, &error));
}

static void text_is(const mlxc_generate_options* options, const char* prompt, const char* expected, int32_t finish) {
  mlxc_prompt p = text_prompt(prompt);
  mlxc_result* result = NULL;
  const char* text = "";
  size_t bytes;
  int32_t reason = -1;
  OK(mlxc_generate_batch(&result, model, &p, 1, options, NULL, NULL, NULL, &error));
  OK(mlxc_result_peek_text(result, 0, &text, &bytes, &error));
  OK(mlxc_result_finish(result, 0, &reason, NULL, &error));
  if (!CHECK(strcmp(text, expected) == 0)) fprintf(stderr, "  \"%s\"\n  \"%s\"\n", text, expected);
  CHECK(reason == finish);
  mlxc_result_free(result);
}

static void options_do_what_they_say(void) {
  mlxc_generate_options options = greedy(8);
  text_is(&options, "Once upon a time", ", the king's daughter was a king", MLXC_FINISH_LENGTH);
  options.echo = 1;
  text_is(&options, "Once upon a time", "Once upon a time, the king's daughter was a king", MLXC_FINISH_LENGTH);
  options.echo = 0;
  mlxc_text stop[2] = {{"nowhere", 7}, {"g's da", 6}}; /* across token borders */
  options.stop = stop;
  options.stop_count = 2;
  text_is(&options, "Once upon a time", ", the kin", MLXC_FINISH_STOP);
  options = greedy(0);
  text_is(&options, "Once upon a time", "", MLXC_FINISH_LENGTH);

  /* Forbidding the first choice changes the text; a stop token ends it. */
  int32_t comma = -1;
  mlxc_tokenizer* tokenizer = NULL;
  OK(mlxc_model_tokenizer_copy(&tokenizer, model, &error));
  OK(mlxc_tokenizer_id(&comma, tokenizer, ",", 1, &error));
  mlxc_tokenizer_free(tokenizer);
  options = greedy(8);
  options.stop_tokens = &comma;
  options.stop_token_count = 1;
  text_is(&options, "Once upon a time", "", MLXC_FINISH_STOP);
  mlxc_logit_bias bias = {0, 0};
  bias.token = comma;
  bias.bias = -1e30f;
  options = greedy(1);
  options.logit_bias = &bias;
  options.logit_bias_count = 1;
  mlxc_prompt prompt = text_prompt("Once upon a time");
  mlxc_result* result = NULL;
  const int32_t* tokens = NULL;
  int64_t count = 0;
  OK(mlxc_generate_batch(&result, model, &prompt, 1, &options, NULL, NULL, NULL, &error));
  OK(mlxc_result_peek_tokens(result, 0, &tokens, &count, &error));
  CHECK(count == 1 && tokens[0] != comma);
  mlxc_result_free(result);
}

static void seeds_fix_sampling(void) {
  mlxc_prompt prompts[3] = {text_prompt("Once upon a time"), text_prompt("Once upon a time"), text_prompt("A crow")};
  int32_t first[3][24], second[3][24], other[3][24];
  int64_t counts[3];
  mlxc_generate_options options = greedy(24);
  mlxc_batch_output output = MLXC_BATCH_OUTPUT_INIT;
  options.temperature = 1;
  options.seed = 11;
  options.ignore_model_stop = 1;
  output.tokens_capacity = 24;
  output.token_counts = counts;
  output.tokens = first[0];
  OK(mlxc_generate_batch(NULL, model, prompts, 3, &options, &output, NULL, NULL, &error));
  output.tokens = second[0];
  OK(mlxc_generate_batch(NULL, model, prompts, 3, &options, &output, NULL, NULL, &error));
  CHECK(memcmp(first, second, sizeof first) == 0);
  CHECK(memcmp(first[0], first[1], sizeof first[0]) == 0);
  options.seed = 12;
  output.tokens = other[0];
  OK(mlxc_generate_batch(NULL, model, prompts, 3, &options, &output, NULL, NULL, &error));
  CHECK(memcmp(first, other, sizeof first) != 0);
}

static void wrong_values_are_refused(void) {
  mlxc_prompt prompt = text_prompt("Once");
  mlxc_generate_options options;
#define REFUSED(field, value) \
  options = greedy(1);        \
  options.field = value;      \
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_generate_batch(NULL, model, &prompt, 1, &options, NULL, NULL, NULL, &error))
  REFUSED(temperature, -0.5f);
  REFUSED(temperature, 0.0f / 0.0f);
  REFUSED(top_k, -2);
  REFUSED(top_p, 1.5f);
  REFUSED(min_p, 2.0f);
  REFUSED(repetition_penalty, 0.0f);
  REFUSED(presence_penalty, 1.0f / 0.0f);
  REFUSED(max_tokens, -2);
  REFUSED(min_tokens, -1);
  REFUSED(stop_count, 1);
  REFUSED(stop_count, INT64_MAX);
  REFUSED(stop_token_count, INT64_MIN);
  REFUSED(logit_bias_count, 3);
  REFUSED(logprobs, 2);
  REFUSED(top_logprobs, 101);
  REFUSED(echo, -1);
  REFUSED(add_special_tokens, 7);

  int32_t outside[] = {1, 4096}, negative[] = {-1};
  mlxc_prompt both = text_prompt("a"), none = token_prompt(NULL, 0), huge = token_prompt(outside, INT64_MAX);
  mlxc_prompt bad[5];
  both.tokens = outside;
  both.token_count = 1;
  bad[0] = both;
  bad[1] = none; /* this model has no BOS token to stand for an empty prompt */
  bad[2] = huge;
  bad[3] = token_prompt(outside, 2);
  bad[4] = token_prompt(negative, 1);
  options = greedy(1);
  for (int i = 0; i < 5; ++i)
    EXPECT(MLXC_INVALID_ARGUMENT, mlxc_generate_batch(NULL, model, &bad[i], 1, &options, NULL, NULL, NULL, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_generate_batch(NULL, model, &prompt, -1, &options, NULL, NULL, NULL, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_generate_batch(NULL, model, &prompt, INT64_MAX, &options, NULL, NULL, NULL, &error));

  mlxc_result* result = NULL;
  int64_t count = 7;
  OK(mlxc_generate_batch(&result, model, NULL, 0, &options, NULL, NULL, NULL, &error));
  OK(mlxc_result_count(result, &count, &error));
  CHECK(count == 0);
  mlxc_result_free(result);

  /* A prompt longer than the context: both numbers, and nothing of the batch is run. */
  static int32_t long_tokens[2049];
  mlxc_prompt two[2];
  mlxc_error error = MLXC_ERROR_INIT;
  two[0] = prompt;
  two[1] = token_prompt(long_tokens, 2049);
  CHECK(mlxc_generate_batch(&result, model, two, 2, &options, NULL, NULL, NULL, &error) == MLXC_CONTEXT_FULL);
  CHECK(strstr(error.message, "2049") && strstr(error.message, "2048") && strstr(error.message, "prompt 1") && result == NULL);
}

static int32_t free_the_model(const mlxc_event* event, void* user_data) {
  (void)event;
  mlxc_model_free(*(mlxc_model**)user_data); /* returns at once; again and again does nothing */
  return 0;
}

static int32_t call_back_in(const mlxc_event* event, void* user_data) {
  mlxc_model* inside = user_data;
  mlxc_prompt prompt = text_prompt("Once");
  float score;
  if (event->type != MLXC_EVENT_TOKEN) return 0;
  EXPECT(MLXC_BUSY, mlxc_generate_batch(NULL, inside, &prompt, 1, NULL, NULL, NULL, NULL, &error));
  EXPECT(MLXC_BUSY, mlxc_score(inside, &prompt, 1, &prompt, 1, NULL, &score, 1, NULL, &error));
  EXPECT(MLXC_BUSY, mlxc_embed(inside, &prompt, 1, NULL, NULL, 0, &error) == MLXC_BUFFER_TOO_SMALL ? MLXC_BUSY : MLXC_OK);
  return 0;
}

static void callbacks_may_stop_and_free(void) {
  mlxc_prompt prompts[2] = {text_prompt("Once upon a time"), text_prompt("The fox")};
  mlxc_generate_options options = greedy(500);
  struct seen seen;
  mlxc_result* result = NULL;
  const int32_t* tokens;
  int64_t count = 0;
  memset(&seen, 0, sizeof seen);
  seen.stop_after = 5;
  options.ignore_model_stop = 1;
  EXPECT(MLXC_CANCELLED, mlxc_generate_batch(&result, model, prompts, 2, &options, NULL, watch, &seen, &error));
  CHECK(seen.tokens < 20 && seen.done == 2);
  OK(mlxc_result_peek_tokens(result, 0, &tokens, &count, &error)); /* what there was until then */
  CHECK(count >= 2 && count < 20);
  mlxc_result_free(result);

  options = greedy(3);
  OK(mlxc_generate_batch(NULL, model, prompts, 1, &options, NULL, call_back_in, model, &error));

  mlxc_model* victim = load_model(MLXC_PRECISION_NATIVE);
  mlxc_model* handle = victim;
  options = greedy(500);
  options.ignore_model_stop = 1;
  EXPECT(MLXC_CANCELLED, mlxc_generate_batch(NULL, victim, prompts, 2, &options, NULL, free_the_model, &handle, &error));
  EXPECT(MLXC_INVALID_HANDLE, mlxc_generate_batch(NULL, victim, prompts, 2, &options, NULL, NULL, NULL, &error));
}

static void cancelled_before_it_begins(void) {
  mlxc_cancel* cancel = NULL;
  mlxc_prompt prompt = text_prompt("Once upon a time");
  mlxc_generate_options options = greedy(5);
  mlxc_score_options score_options = MLXC_SCORE_OPTIONS_INIT;
  mlxc_embed_options embed_options = MLXC_EMBED_OPTIONS_INIT;
  mlxc_request* request = (mlxc_request*)1;
  float values[4096];
  int32_t token = 1;
  OK(mlxc_cancel_new(&cancel, &error));
  OK(mlxc_cancel_trigger(cancel, &error));
  OK(mlxc_cancel_trigger(cancel, &error));
  options.cancel = score_options.cancel = embed_options.cancel = cancel;
  EXPECT(MLXC_CANCELLED, mlxc_generate_batch(NULL, model, &prompt, 1, &options, NULL, NULL, NULL, &error));
  EXPECT(MLXC_CANCELLED, mlxc_score(model, &prompt, 1, &prompt, 1, &score_options, values, 1, NULL, &error));
  EXPECT(MLXC_CANCELLED, mlxc_embed(model, &prompt, 1, &embed_options, values, 4096, &error));
  EXPECT(MLXC_CANCELLED, mlxc_logits(model, &token, 1, values, 4096, NULL, 0, cancel, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_generate_start(&request, model, &prompt, &options, NULL, 0, NULL, NULL, &error));
  CHECK(request == NULL);
  mlxc_cancel_free(cancel);
}

static void scores_logits_and_embeddings(void) {
  mlxc_prompt prompts[2] = {text_prompt("Once upon a"), text_prompt("The king's")};
  mlxc_prompt labels[3] = {text_prompt(" time"), text_prompt(" daughter"), text_prompt(" banana")};
  float scores[6], one[1];
  int32_t counts[3];
  OK(mlxc_score(model, prompts, 2, labels, 3, NULL, scores, 6, counts, &error));
  CHECK(scores[0] > scores[1] && scores[0] > scores[2] && scores[4] > scores[3] && scores[4] > scores[5] && scores[0] < 0);
  CHECK(counts[0] == 1 && counts[2] >= 1);
  EXPECT(MLXC_BUFFER_TOO_SMALL, mlxc_score(model, prompts, 2, labels, 3, NULL, scores, 5, counts, &error));
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_score(model, prompts, INT64_MAX, labels, 3, NULL, scores, 6, counts, &error));
  OK(mlxc_score(model, prompts, 0, labels, 3, NULL, NULL, 0, counts, &error));
  labels[1] = text_prompt("");
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_score(model, prompts, 2, labels, 3, NULL, scores, 6, counts, &error));

  /* A label of one token: its score is its log-probability from the logits behind the prompt. */
  int32_t tokens[8], label = -1;
  int64_t count = 0, label_count = 0;
  static float logits[8 * 4096], hidden[8 * 256];
  mlxc_tokenizer* tokenizer = NULL;
  OK(mlxc_model_tokenizer_copy(&tokenizer, model, &error));
  OK(mlxc_tokenizer_encode(tokenizer, "Once upon a", 11, NULL, tokens, 8, &count, &error));
  OK(mlxc_tokenizer_encode(tokenizer, " time", 5, NULL, &label, 1, &label_count, &error));
  mlxc_tokenizer_free(tokenizer);
  OK(mlxc_logits(model, tokens, count, logits, 8 * 4096, hidden, 8 * 256, NULL, &error));
  EXPECT(MLXC_BUFFER_TOO_SMALL, mlxc_logits(model, tokens, count, logits, count * 4096 - 1, NULL, 0, NULL, &error));
  mlxc_array *row = NULL, *log_softmax = NULL;
  int64_t shape[1] = {4096};
  static float values[4096];
  OK(mlxc_array_new(&row, NULL, logits + (count - 1) * 4096, 4096 * 4, shape, 1, MLXC_DTYPE_FLOAT32, &error));
  OK(mlxc_array_softmax(&log_softmax, row, -1, 1, &error));
  OK(mlxc_array_read(log_softmax, values, sizeof values, NULL, &error));
  CHECK(values[label] - scores[0] < 0.05f && scores[0] - values[label] < 0.05f);
  mlxc_array_free(row);
  mlxc_array_free(log_softmax);

  static float vectors[2 * 256];
  mlxc_embed_options options = MLXC_EMBED_OPTIONS_INIT;
  mlxc_array* array = NULL;
  const void* view = NULL;
  size_t bytes = 0;
  double length = 0;
  options.normalize = 1;
  options.pooling = MLXC_POOLING_MEAN;
  OK(mlxc_embed(model, prompts, 2, &options, vectors, 2 * 256, &error));
  for (int i = 0; i < 256; ++i) length += (double)vectors[i] * vectors[i];
  CHECK(length > 0.999 && length < 1.001);
  EXPECT(MLXC_BUFFER_TOO_SMALL, mlxc_embed(model, prompts, 2, &options, vectors, 511, &error));
  OK(mlxc_embed_new(&array, model, prompts, 2, &options, &error));
  OK(mlxc_array_peek(array, &view, &bytes, &error));
  CHECK(bytes == sizeof vectors && memcmp(view, vectors, bytes) == 0);
  mlxc_array_free(array);
  options.pooling = 9;
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_embed(model, prompts, 2, &options, vectors, 2 * 256, &error));
  OK(mlxc_embed(model, NULL, 0, NULL, NULL, 0, &error));
  (void)one;
}

static void models_are_described(void) {
  size_t needed = 0;
  char json[4096];
  int32_t stop = -1;
  int64_t count = 0;
  mlxc_model_stats stats = MLXC_MODEL_STATS_INIT;
  mlxc_memory_stats memory = MLXC_MEMORY_STATS_INIT;
  mlxc_device* device = NULL;
  EXPECT(MLXC_BUFFER_TOO_SMALL, mlxc_model_json(model, NULL, 0, &needed, &error));
  OK(mlxc_model_json(model, json, sizeof json, &needed, &error));
  CHECK(strlen(json) == needed - 1 && strstr(json, "\"qwen3\""));
  OK(mlxc_model_stop_tokens(model, &stop, 1, &count, &error));
  CHECK(count == 1 && stop == 0);
  OK(mlxc_model_read_stats(model, &stats, &error));
  CHECK(stats.generated_tokens > 0 && stats.submitted > 0 && stats.finished > 0 && stats.steps > 0 && stats.cache_pages > 0);
  OK(mlxc_model_device_copy(&device, model, &error));
  OK(mlxc_memory_read(device, &memory, &error));
  CHECK(memory.active_bytes > 0 && memory.peak_bytes >= memory.active_bytes);
  mlxc_device_free(device);
}

static int32_t stop_loading(int64_t done, int64_t total, void* user_data) {
  (void)user_data;
  CHECK(done <= total);
  return 1;
}

static void loading_can_be_stopped(void) {
  mlxc_model* none = NULL;
  mlxc_model_options options = MLXC_MODEL_OPTIONS_INIT;
  options.weights = MLXC_WEIGHTS_COPIED;
  options.progress = stop_loading;
  EXPECT(MLXC_CANCELLED, mlxc_model_load(&none, MODEL_PATH, &options, &error));
  CHECK(none == NULL);
  options.progress = NULL;
  options.precision = 5;
  EXPECT(MLXC_INVALID_ARGUMENT, mlxc_model_load(&none, MODEL_PATH, &options, &error));
}

int main(void) {
  model = load_model(MLXC_PRECISION_HIGH);
  buffers_handles_and_callbacks_agree();
  short_rows_are_reported_not_cut();
  options_do_what_they_say();
  seeds_fix_sampling();
  wrong_values_are_refused();
  callbacks_may_stop_and_free();
  cancelled_before_it_begins();
  scores_logits_and_embeddings();
  models_are_described();
  loading_can_be_stopped();
  mlxc_model_free(model);
  return report("generate");
}
