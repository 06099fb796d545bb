#include "mlxc/score.h"

#include "base/checked.h"
#include "capi/requests.h"

namespace mlxc::capi {

extern "C" {

void mlxc_score_options_init(mlxc_score_options* options, uint32_t struct_size) {
  init_struct(options, struct_size, mlxc_score_options MLXC_SCORE_OPTIONS_INIT);
}

mlxc_status mlxc_score(mlxc_model* model, const mlxc_prompt* prompts, int64_t prompt_count, const mlxc_prompt* labels, int64_t label_count,
                       const mlxc_score_options* options, float* scores, int64_t scores_capacity, int32_t* token_counts,
                       mlxc_error* error) {
  return guard(error, [&] {
    auto object = get(model);
    auto read = read_options(options, mlxc_score_options MLXC_SCORE_OPTIONS_INIT, "options");
    check_count(prompt_count, kMaxItems, "prompts");
    check_count(label_count, kMaxItems, "labels");
    check_room(scores, scores_capacity, prompt_count * label_count, "scores");
    CallCancel cancel(*object, get_optional(read.cancel));
    auto prompt_tokens = object->tokens_of(prompts, prompt_count, flag_of(read.add_special_tokens, "add_special_tokens"), "prompt");
    auto label_tokens = object->tokens_of(labels, label_count, false, "label");
    for (size_t i = 0; i < label_tokens.size(); ++i) {
      if (label_tokens[i].empty()) fail(Status::invalid_argument, "label ", i, " has no token");
      if (token_counts) token_counts[i] = int32_t(label_tokens[i].size());
    }
    if (prompt_count == 0 || label_count == 0) return;
    auto result = object->engine().score(prompt_tokens, label_tokens, cancel.flag());
    std::copy(result.logprobs.begin(), result.logprobs.end(), scores);
  });
}

mlxc_status mlxc_logits(mlxc_model* model, const int32_t* tokens, int64_t token_count, float* logits, int64_t logits_capacity,
                        float* hidden, int64_t hidden_capacity, mlxc_cancel* cancel, mlxc_error* error) {
  return guard(error, [&] {
    auto object = get(model);
    CallCancel call(*object, get_optional(cancel));
    auto list = list_of(tokens, token_count, "tokens");
    if (list.empty()) fail(Status::invalid_argument, "no token is given");
    if (!logits && !hidden) fail(Status::invalid_argument, "`logits` and `hidden` are both NULL, nothing is asked for");
    if (logits) check_room(logits, logits_capacity, token_count * object->info().vocabulary, "logits");
    if (hidden) check_room(hidden, hidden_capacity, token_count * object->info().hidden, "hidden");
    object->engine().logits(list, logits, hidden, call.flag());
  });
}

}  // extern "C"
}  // namespace mlxc::capi
