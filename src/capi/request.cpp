#include "mlxc/request.h"

#include <algorithm>
#include <type_traits>

#include "capi/requests.h"

namespace mlxc::capi {
namespace {

const TextResult& text_at(const ResultObject& result, int64_t index) {
  if (index < 0 || index >= int64_t(result.texts.size()))
    fail(Status::invalid_argument, "index ", index, " is outside the result, which has ", result.texts.size(), " texts");
  return *result.texts[size_t(index)];
}

// Lends a list or text of one text of the result: `part` names it.
template <class T, class Count, class Part>
mlxc_status peek(mlxc_result* result, int64_t index, const T** out, Count* count, mlxc_error* error, Part part) {
  return guard(error, [&] {
    clear(out, "out");
    clear(count, "count");
    auto object = get(result);
    const auto& list = part(text_at(*object, index));
    *out = list.empty() && !std::is_same_v<T, char> ? nullptr : reinterpret_cast<const T*>(list.data());
    *count = Count(list.size());
  });
}
static_assert(sizeof(mlxc_token_logprob) == sizeof(TokenLogprob) && alignof(mlxc_token_logprob) == alignof(TokenLogprob));
static_assert(offsetof(mlxc_token_logprob, logprob) == offsetof(TokenLogprob, logprob));

}  // namespace

extern "C" {

mlxc_status mlxc_request_cancel(mlxc_request* request, mlxc_error* error) {
  return guard(error, [&] { get(request)->cancel(); });
}

mlxc_status mlxc_request_wait(mlxc_request* request, int64_t timeout_ms, mlxc_error* error) {
  return guard(error, [&] {
    if (!get(request)->delivery().wait(timeout_ms)) fail(Status::timeout, "the request still runs after ", timeout_ms, " ms");
  });
}

mlxc_status mlxc_request_result(mlxc_result** out, mlxc_request* request, mlxc_error* error) {
  return guard(error, [&] {
    clear(out, "out");
    auto object = get(request);
    if (!object->delivery().ended()) fail(Status::busy, "the request still runs; wait for it first");
    auto result = std::make_shared<ResultObject>();
    result->texts.push_back(object->delivery().result());
    *out = put<mlxc_result>(std::move(result));
  });
}

void mlxc_request_free(mlxc_request* request) { take(request); }

mlxc_status mlxc_result_count(mlxc_result* result, int64_t* count, mlxc_error* error) {
  return guard(error, [&] {
    clear(count, "count");
    *count = int64_t(get(result)->texts.size());
  });
}

mlxc_status mlxc_result_finish(mlxc_result* result, int64_t index, int32_t* finish_reason, int32_t* status, mlxc_error* error) {
  return guard(error, [&] {
    clear(finish_reason, "finish_reason");
    auto object = get(result);
    const TextResult& text = text_at(*object, index);
    *finish_reason = int32_t(text.finish);
    if (status) *status = int32_t(text.status);
  });
}

mlxc_status mlxc_result_peek_message(mlxc_result* result, int64_t index, const char** message, size_t* bytes, mlxc_error* error) {
  return peek(
      result, index, message, bytes, error, [](const TextResult& text) -> auto& { return text.message; });
}

mlxc_status mlxc_result_peek_text(mlxc_result* result, int64_t index, const char** text, size_t* bytes, mlxc_error* error) {
  return peek(
      result, index, text, bytes, error, [](const TextResult& from) -> auto& { return from.text; });
}

mlxc_status mlxc_result_peek_tokens(mlxc_result* result, int64_t index, const int32_t** tokens, int64_t* count, mlxc_error* error) {
  return peek(
      result, index, tokens, count, error, [](const TextResult& text) -> auto& { return text.tokens; });
}

mlxc_status mlxc_result_peek_logprobs(mlxc_result* result, int64_t index, const float** logprobs, int64_t* count, mlxc_error* error) {
  return peek(
      result, index, logprobs, count, error, [](const TextResult& text) -> auto& { return text.logprobs; });
}

mlxc_status mlxc_result_peek_top_logprobs(mlxc_result* result, int64_t index, int64_t position, const mlxc_token_logprob** top,
                                          int64_t* count, mlxc_error* error) {
  return peek(
      result, index, top, count, error, [&](const TextResult& text) -> auto& {
        static const std::vector<TokenLogprob> kNone;
        in_range(position, 0, std::max<int64_t>(text.generated, 1) - 1, "position");
        return size_t(position) < text.top_logprobs.size() ? text.top_logprobs[size_t(position)] : kNone;
      });
}

mlxc_status mlxc_result_peek_last_logits(mlxc_result* result, int64_t index, const float** logits, int64_t* count, mlxc_error* error) {
  return peek(
      result, index, logits, count, error, [](const TextResult& text) -> auto& { return text.last_logits; });
}

mlxc_status mlxc_result_timings(mlxc_result* result, int64_t index, mlxc_timings* timings, mlxc_error* error) {
  return guard(error, [&] {
    auto object = get(result);
    const TextResult& text = text_at(*object, index);
    mlxc_timings value = MLXC_TIMINGS_INIT;
    value.queue_seconds = text.timings.queue_seconds;
    value.prompt_seconds = text.timings.prompt_seconds;
    value.first_token_seconds = text.timings.first_token_seconds;
    value.generate_seconds = text.timings.generate_seconds;
    value.prompt_tokens = text.prompt_tokens;
    value.generated_tokens = text.generated;
    write_struct(timings, value, "timings");
  });
}

void mlxc_result_free(mlxc_result* result) { take(result); }

}  // extern "C"
}  // namespace mlxc::capi
