// Labels as continuations of prompts: a prompt runs once, then each label goes on from its pages.
#include <algorithm>
#include <cmath>

#include "llm/call.h"
#include "llm/sampler.h"

namespace mlxc {
namespace {

using Labels = std::vector<std::vector<int32_t>>;

double logprob(const float* logits, int64_t vocabulary, int32_t token) {
  const double log_sum = log_sum_exp({logits, size_t(vocabulary)});
  if (std::isnan(log_sum))
    fail(Status::internal, "the model gave a logit that is NaN or infinite; its weights or the prompt's values overflow");
  return double(logits[token]) - log_sum;
}

// The tokens of one label after its first one.
class ScoreLabel final : public CallSequence {
 public:
  ScoreLabel(std::shared_ptr<Call> call, const std::vector<int32_t>& prompt, const std::vector<int32_t>& label, int64_t vocabulary,
             double first, float* result, const std::shared_ptr<CancelSignal>& signal)
      : CallSequence(std::move(call), joined(prompt, label), Wants::logits, signal),
        label_(label),
        vocabulary_(vocabulary),
        sum_(first),
        result_(result) {
    output_begin = int64_t(prompt.size());
  }
  void take(int64_t index, const OutputRow& row) override {
    const float* logits = row.logits;
    const size_t next = label_.size() - (tokens.size() - size_t(index));
    sum_ += logprob(logits, vocabulary_, label_[next]);
    if (next + 1 == label_.size()) *result_ = float(sum_);
  }

 private:
  static std::vector<int32_t> joined(std::vector<int32_t> prompt, const std::vector<int32_t>& label) {
    prompt.insert(prompt.end(), label.begin(), label.end() - 1);  // nothing follows the last
    return prompt;
  }
  const std::vector<int32_t>& label_;
  const int64_t vocabulary_;
  double sum_;
  float* const result_;
};

// The prompt: its last row gives every label's first token.
class ScorePrompt final : public CallSequence {
 public:
  ScorePrompt(std::shared_ptr<Call> call, const std::vector<int32_t>& prompt, const Labels& labels, int64_t vocabulary, float* results,
              const std::shared_ptr<CancelSignal>& signal)
      : CallSequence(std::move(call), prompt, Wants::logits, signal),
        labels_(labels),
        vocabulary_(vocabulary),
        results_(results),
        own_signal_(signal) {
    output_begin = int64_t(prompt.size()) - 1;
  }
  void take(int64_t, const OutputRow& row) override {
    const float* logits = row.logits;
    const double log_sum = log_sum_exp({logits, size_t(vocabulary_)});
    logprob(logits, vocabulary_, 0);
    for (const auto& label : labels_) first_.push_back(double(logits[label[0]]) - log_sum);
    for (size_t i = 0; i < labels_.size(); ++i) results_[i] = float(first_[i]);
  }
  std::vector<SequencePtr> forks() override {
    std::vector<SequencePtr> forks;
    for (size_t i = 0; i < labels_.size(); ++i) {
      if (labels_[i].size() == 1) continue;
      auto fork = std::make_shared<ScoreLabel>(call_, tokens, labels_[i], vocabulary_, first_[i], results_ + i, own_signal_);
      forks.push_back(fork);
    }
    size_t joined = 0;
    try {
      while (joined < forks.size() && call_->join(*forks[joined])) ++joined;
    } catch (...) {  // those that joined would be waited for
      for (size_t i = 0; i < joined; ++i) call_->leave(*forks[i], Status::out_of_memory, "no memory for another sequence");
      throw;
    }
    forks.resize(joined);
    return forks;
  }

 private:
  const Labels& labels_;
  const int64_t vocabulary_;
  float* const results_;
  const std::shared_ptr<CancelSignal> own_signal_;
  std::vector<double> first_;
};

}  // namespace

std::vector<float> run_score(Worker& worker, const ModelInfo& model, const std::vector<std::vector<int32_t>>& prompts, const Labels& labels,
                             int64_t context, const std::atomic<bool>* cancel) {
  size_t longest = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i].empty()) fail(Status::invalid_argument, "label ", i, " is empty, expected one token or more");
    check_ids(labels[i], model.vocabulary, cat("label ", i));
    longest = std::max(longest, labels[i].size());
  }
  for (size_t i = 0; i < prompts.size(); ++i) {
    check_ids(prompts[i], model.vocabulary, cat("prompt ", i));
    if (prompts[i].empty()) fail(Status::invalid_argument, "prompt ", i, " is empty, expected one token or more");
    if (int64_t(prompts[i].size() + longest) > context)
      fail(Status::context_full, "prompt ", i, " has ", prompts[i].size(), " tokens and the longest label ", longest,
           ", together more than the context of ", context);
  }
  std::vector<float> scores(prompts.size() * labels.size());
  if (scores.empty()) return scores;
  size_t next = 0;
  const size_t window = std::clamp<size_t>(64 / labels.size(), 2, 64);  // each prompt becomes as many sequences as there are labels
  Call::run(
      worker, window,
      [&](const std::shared_ptr<Call>& call) -> SequencePtr {
        if (next == prompts.size()) return nullptr;
        const size_t i = next++;
        return std::make_shared<ScorePrompt>(call, prompts[i], labels, model.vocabulary, scores.data() + i * labels.size(),
                                             worker.signal());
      },
      cancel);
  return scores;
}

}  // namespace mlxc
