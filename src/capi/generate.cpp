#include "mlxc/generate.h"

#include <algorithm>
#include <cstring>

#include "capi/requests.h"

namespace mlxc::capi {
namespace {

// Everything a batch needs beside its requests.
struct Batch {
  std::shared_ptr<ModelObject> model;
  GenerateOptions options;
  mlxc_event_callback callback;
  void* user_data;
  std::shared_ptr<CancelSource> cancel;  // the caller's, or null
};

// Runs the prompts together and returns when all are done, however they ended.
ResultObject run(const Batch& batch, std::vector<std::vector<int32_t>> prompts) {
  refuse_in_callback(batch.model->engine());
  if (batch.cancel && batch.cancel->triggered()) fail(Status::cancelled, "the batch was cancelled before it began");
  auto stop_all = std::make_shared<CancelSource>();
  std::vector<std::unique_ptr<RequestObject>> requests;
  // Whatever goes wrong while requests are started: those that run are stopped and waited for, since their callback uses the caller's
  // memory.
  struct Finish {
    std::vector<std::unique_ptr<RequestObject>>& requests;
    CancelSource& stop_all;
    bool started = false;
    ~Finish() {
      if (!started) stop_all.trigger();
      for (auto& request : requests) request->delivery().wait(-1);
    }
  };
  {
    Finish finish{requests, *stop_all};
    CancelListener caller(batch.cancel, [stop_all] { stop_all->trigger(); });
    requests.reserve(prompts.size());
    for (size_t i = 0; i < prompts.size(); ++i) {
      Delivery::Target target;
      target.tag = i;
      target.callback = batch.callback;
      target.user_data = batch.user_data;
      target.stop_all = stop_all;
      try {
        requests.push_back(std::make_unique<RequestObject>(batch.model, std::move(prompts[i]), batch.options, std::move(target)));
      } catch (const Error& error) {
        if (prompts.size() == 1) throw;
        throw Error(error.status(), cat("prompt ", i, ": ", error.what()), error.native());
      }
      requests.back()->listen(stop_all);
    }
    finish.started = true;
    for (auto& request : requests) request->delivery().wait(-1);  // while `caller` listens
  }
  ResultObject result;
  for (auto& request : requests) result.texts.push_back(request->delivery().result());
  return result;
}

// The memory that must be large enough before anything runs.
void check_output(const mlxc_batch_output& output, int64_t count, const ModelInfo& info) {
  check_count(output.tokens_capacity, INT64_MAX, "tokens_capacity");
  if ((output.tokens || output.logprobs) && count > 0) require(output.token_counts, "token_counts");
  if (output.last_logits) check_room(output.last_logits, output.last_logits_capacity, count * info.vocabulary, "last_logits");
}

void copy_text(const mlxc_batch_output& output, const TextResult& text, size_t i, bool* too_small) {
  if (output.text_bytes) output.text_bytes[i] = text.text.size();
  if (!output.text) return;
  if (text.text.size() + 1 > output.text_capacity) {
    *too_small = true;
    return;
  }
  std::memcpy(output.text + i * output.text_capacity, text.text.c_str(), text.text.size() + 1);
}

void copy_tokens(const mlxc_batch_output& output, const TextResult& text, size_t i, bool* too_small) {
  auto row = size_t(output.tokens_capacity);
  size_t tokens = output.tokens ? text.tokens.size() : size_t(text.generated);
  if (output.token_counts) output.token_counts[i] = int64_t(tokens);
  if (tokens > row) {
    *too_small = *too_small || output.tokens || output.logprobs;
    return;
  }
  if (output.tokens) std::copy(text.tokens.begin(), text.tokens.end(), output.tokens + i * row);
  if (output.logprobs) std::copy(text.logprobs.begin(), text.logprobs.end(), output.logprobs + i * row);
}

// Writes the rows that fit; false when one does not.
bool write_output(const mlxc_batch_output& output, const ResultObject& result) {
  bool too_small = false;
  for (size_t i = 0; i < result.texts.size(); ++i) {
    const TextResult& text = *result.texts[i];
    copy_tokens(output, text, i, &too_small);
    copy_text(output, text, i, &too_small);
    if (output.last_logits) std::copy(text.last_logits.begin(), text.last_logits.end(), output.last_logits + i * text.last_logits.size());
    if (output.finish_reasons) output.finish_reasons[i] = int32_t(text.finish);
  }
  return !too_small;
}

mlxc_generate_options read(const mlxc_generate_options* options) {
  return read_options(options, mlxc_generate_options MLXC_GENERATE_OPTIONS_INIT, "options");
}

}  // namespace

extern "C" {

const char* mlxc_finish_reason_name(int32_t finish_reason) {
  static constexpr const char* kNames[] = {"none", "stop", "length", "cancelled", "error"};
  return finish_reason >= 0 && finish_reason < std::ssize(kNames) ? kNames[finish_reason] : "unknown";
}

void mlxc_generate_options_init(mlxc_generate_options* options, uint32_t struct_size) {
  init_struct(options, struct_size, mlxc_generate_options MLXC_GENERATE_OPTIONS_INIT);
}

mlxc_status mlxc_generate_batch(mlxc_result** result, mlxc_model* model, const mlxc_prompt* prompts, int64_t count,
                                const mlxc_generate_options* options, const mlxc_batch_output* output, mlxc_event_callback callback,
                                void* user_data, mlxc_error* error) {
  return guard(error, [&] {
    if (result) *result = nullptr;
    auto object = get(model);
    auto given = read(options);
    auto out = read_options(output, mlxc_batch_output MLXC_BATCH_OUTPUT_INIT, "output");
    check_count(count, kMaxItems, "prompts");
    if (output) check_output(out, count, object->info());
    Batch batch{object, object->generate_options(given), callback, user_data, get_optional(given.cancel)};
    auto tokens = object->tokens_of(prompts, count, flag_of(given.add_special_tokens, "add_special_tokens"), "prompt");
    auto texts = std::make_shared<const ResultObject>(run(batch, std::move(tokens)));
    bool fits = !output || write_output(out, *texts);
    if (result) *result = put<mlxc_result>(texts);
    for (size_t i = 0; i < texts->texts.size(); ++i) {
      const TextResult& text = *texts->texts[i];
      if (text.status == Status::cancelled) fail(Status::cancelled, "the batch was cancelled");
      if (text.status != Status::ok) fail(text.status, texts->texts.size() > 1 ? cat("prompt ", i, ": ") : "", text.message);
    }
    if (!fits) fail(Status::buffer_too_small, "a row of the output is too short; token_counts and text_bytes hold what is needed");
  });
}

mlxc_status mlxc_generate_start(mlxc_request** out, mlxc_model* model, const mlxc_prompt* prompt, const mlxc_generate_options* options,
                                mlxc_queue* queue, uint64_t tag, mlxc_event_callback callback, void* user_data, mlxc_error* error) {
  return guard(error, [&] {
    clear(out, "out");
    auto object = get(model);
    auto given = read(options);
    if (queue && callback) fail(Status::invalid_argument, "both a queue and a callback are given, expected one of them");
    if (given.cancel) fail(Status::invalid_argument, "`cancel` is for mlxc_generate_batch; use mlxc_request_cancel");
    Delivery::Target target;
    target.tag = tag;
    target.token_events = flag_of(given.token_events, "token_events");
    target.queue = get_optional(queue);
    target.callback = callback;
    target.user_data = user_data;
    auto tokens = object->tokens_of(*require(prompt, "prompt"), flag_of(given.add_special_tokens, "add_special_tokens"));
    *out =
        put<mlxc_request>(std::make_shared<RequestObject>(object, std::move(tokens), object->generate_options(given), std::move(target)));
  });
}

}  // extern "C"
}  // namespace mlxc::capi
