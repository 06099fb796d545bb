// Embeddings and logits of given tokens: sequences that only run, and whose rows are collected.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "llm/call.h"

namespace mlxc {
namespace {

constexpr size_t kWindow = 256;  // sequences of one call in the worker's hands

class EmbedSequence final : public CallSequence {
 public:
  EmbedSequence(std::shared_ptr<Call> call, std::vector<int32_t> tokens, const ModelInfo& model, Pooling pooling, bool normalize,
                float* out, const std::shared_ptr<CancelSignal>& signal)
      : CallSequence(std::move(call), std::move(tokens), Wants::hidden, signal),
        width_(size_t(model.hidden)),
        normalize_(normalize),
        out_(out),
        sum_(width_, 0.0) {
    const int64_t count = int64_t(this->tokens.size());
    if (pooling == Pooling::last)
      output_begin = count - 1;
    else if (pooling == Pooling::cls)
      output_end = 1;
    last_ = std::min(output_end, count) - 1;
    rows_ = last_ - output_begin + 1;
  }

  void take(int64_t index, const OutputRow& row) override {
    const float* hidden = row.hidden;
    for (size_t i = 0; i < width_; ++i) sum_[i] += double(hidden[i]);
    if (index < last_) return;
    double squares = 0;
    for (double& value : sum_) {
      value /= double(rows_);
      squares += value * value;
    }
    if (!std::isfinite(squares)) fail(Status::internal, "the model gave an embedding with a value that is NaN or infinite");
    const double scale = normalize_ && squares > 0 ? 1 / std::sqrt(squares) : 1;
    for (size_t i = 0; i < width_; ++i) out_[i] = float(sum_[i] * scale);
  }

 private:
  const size_t width_;
  const bool normalize_;
  float* const out_;
  std::vector<double> sum_;
  int64_t last_ = 0, rows_ = 0;
};

class LogitsSequence final : public CallSequence {
 public:
  LogitsSequence(std::shared_ptr<Call> call, std::span<const int32_t> tokens, const ModelInfo& model, float* logits, float* hidden,
                 const std::shared_ptr<CancelSignal>& signal)
      : CallSequence(std::move(call), {tokens.begin(), tokens.end()}, logits ? Wants::logits : Wants::hidden, signal),
        vocabulary_(size_t(model.vocabulary)),
        width_(size_t(model.hidden)),
        logits_(logits),
        hidden_(hidden) {}
  void take(int64_t index, const OutputRow& row) override {
    if (logits_) std::memcpy(logits_ + size_t(index) * vocabulary_, row.logits, vocabulary_ * sizeof(float));
    if (hidden_) std::memcpy(hidden_ + size_t(index) * width_, row.hidden, width_ * sizeof(float));
  }
  bool wants_hidden() const override { return hidden_ != nullptr; }

 private:
  const size_t vocabulary_, width_;
  float *const logits_, *const hidden_;
};

// As `tokenizers` truncates: special tokens that end a text stay at its end.
std::vector<int32_t> truncated(const std::vector<int32_t>& tokens, int64_t limit) {
  if (int64_t(tokens.size()) <= limit) return tokens;
  std::vector<int32_t> kept(tokens.begin(), tokens.begin() + limit);
  kept.back() = tokens.back();
  return kept;
}

}  // namespace

std::vector<float> run_embed(Worker& worker, const ModelInfo& model, const std::vector<std::vector<int32_t>>& sequences, Pooling pooling,
                             bool normalize, int64_t context, const std::atomic<bool>* cancel) {
  int64_t limit = model.max_embedding_tokens > 0 ? std::min(model.max_embedding_tokens, context) : model.causal ? 0 : context;
  for (size_t i = 0; i < sequences.size(); ++i) {
    if (sequences[i].empty()) fail(Status::invalid_argument, "sequence ", i, " is empty, expected one token or more");
    check_ids(sequences[i], model.vocabulary, cat("sequence ", i));
    if (!limit && int64_t(sequences[i].size()) > context)
      fail(Status::context_full, "sequence ", i, " has ", sequences[i].size(), " tokens, the context holds ", context);
  }
  std::vector<float> embeddings(sequences.size() * size_t(model.hidden));
  size_t next = 0;
  Call::run(
      worker, kWindow,
      [&](const std::shared_ptr<Call>& call) -> SequencePtr {
        if (next == sequences.size()) return nullptr;
        const size_t i = next++;
        return std::make_shared<EmbedSequence>(call, limit ? truncated(sequences[i], limit) : sequences[i], model, pooling, normalize,
                                               embeddings.data() + i * size_t(model.hidden), worker.signal());
      },
      cancel);
  return embeddings;
}

void run_logits(Worker& worker, const ModelInfo& model, std::span<const int32_t> tokens, float* logits, float* hidden, int64_t context,
                const std::atomic<bool>* cancel) {
  if (tokens.empty()) fail(Status::invalid_argument, "logits of no tokens were asked for, expected one token or more");
  check_ids(tokens, model.vocabulary, "the list");
  if (int64_t(tokens.size()) > context) fail(Status::context_full, "the list has ", tokens.size(), " tokens, the context holds ", context);
  bool given = false;
  Call::run(
      worker, 1,
      [&](const std::shared_ptr<Call>& call) -> SequencePtr {
        if (std::exchange(given, true)) return nullptr;
        return std::make_shared<LogitsSequence>(call, tokens, model, logits, hidden, worker.signal());
      },
      cancel);
}

}  // namespace mlxc
