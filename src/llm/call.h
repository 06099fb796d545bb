// Blocking calls made of sequences: score, embed, logits. The caller's thread waits while the worker runs them among all others.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "llm/model.h"
#include "llm/worker.h"

namespace mlxc {

class Call : public std::enable_shared_from_this<Call> {
 public:
  // next gives one sequence after the other, and null at the end. At most `window` are in the worker's hands at a time, so that a
  // call with very many takes its turn in line again and again instead of once for all.
  static void run(Worker& worker, size_t window, std::function<SequencePtr(const std::shared_ptr<Call>&)> next,
                  const std::atomic<bool>* cancel);

  // From the sequences, on the worker's thread. join: false when the call has failed already.
  bool join(Sequence& sequence);
  void leave(Sequence& sequence, Status status, const std::string& message) noexcept;

 private:
  explicit Call(Worker& worker) : worker_(worker) {}
  void refill();
  void fail_with(Status status, const std::string& message);

  Worker& worker_;  // outlives the call: the engine's method holds it
  size_t window_ = 1;
  std::function<SequencePtr(const std::shared_ptr<Call>&)> next_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_set<Sequence*> members_;
  bool exhausted_ = false;
  Status status_ = Status::ok;
  std::string message_;
};

class CallSequence : public Sequence {
 public:
  CallSequence(std::shared_ptr<Call> call, std::vector<int32_t> tokens, Wants wants, const std::shared_ptr<CancelSignal>& signal)
      : Sequence(std::move(tokens), wants, signal), call_(std::move(call)) {}
  void finish(Status status, const std::string& message) noexcept override { call_->leave(*this, status, message); }

 protected:
  const std::shared_ptr<Call> call_;
};

// Throws Error(invalid_argument) naming the first id outside the vocabulary, and where it stands: "prompt 3".
void check_ids(std::span<const int32_t> tokens, int64_t vocabulary, const std::string& where);

std::vector<float> run_embed(Worker& worker, const ModelInfo& model, const std::vector<std::vector<int32_t>>& sequences, Pooling pooling,
                             bool normalize, int64_t context, const std::atomic<bool>* cancel);
void run_logits(Worker& worker, const ModelInfo& model, std::span<const int32_t> tokens, float* logits, float* hidden, int64_t context,
                const std::atomic<bool>* cancel);
// [prompts, labels] sums of log-probabilities.
std::vector<float> run_score(Worker& worker, const ModelInfo& model, const std::vector<std::vector<int32_t>>& prompts,
                             const std::vector<std::vector<int32_t>>& labels, int64_t context, const std::atomic<bool>* cancel);

}  // namespace mlxc
