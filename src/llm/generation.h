// One generate request: what it may choose, what it has chosen, and who is told.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "llm/engine.h"
#include "llm/sampler.h"
#include "llm/sequence.h"
#include "llm/stop.h"

namespace mlxc {

// Throws Error(invalid_argument) naming the option.
void check_options(const GenerateOptions& options, const ModelInfo& model, bool has_tokenizer);

class Generation final : public Sequence, public Request {
 public:
  using Clock = std::chrono::steady_clock;

  // context: most positions of one sequence; the prompt fits. generated: counts tokens over all requests.
  Generation(uint64_t id, std::vector<int32_t> prompt, const GenerateOptions& options, const ModelInfo& model, int64_t context,
             std::shared_ptr<const Tokenizer> tokenizer, std::shared_ptr<CancelSignal> signal,
             std::shared_ptr<std::atomic<int64_t>> generated, TokenCallback on_token, DoneCallback on_done);

  // Request
  uint64_t id() const override { return id_; }
  void cancel() override { Sequence::cancel(); }
  bool wait(std::chrono::nanoseconds timeout) override;
  const GenerateResult& result() const override { return result_; }

  // Sequence
  void begin() override { begun_ = Clock::now(); }
  void take(int64_t index, const OutputRow& row) override;
  int64_t top_needed() const override;
  void finish(Status status, const std::string& message) noexcept override;

 private:
  void start_text(std::span<const int32_t> prompt);
  std::span<const int32_t> masked() const;
  int32_t choose(const OutputRow& row, TokenEvent* event);
  void append(int32_t token, TokenEvent* event);
  bool add_text(const std::string& piece, std::string* out);
  void end_text(TokenEvent* event);
  void deliver(TokenEvent& event);
  void set_timings();

  const uint64_t id_;
  GenerateOptions options_;
  int64_t vocabulary_, most_tokens_, generated_ = 0;
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::vector<int32_t> stop_tokens_;  // sorted
  Sampler sampler_;
  std::optional<DecodeStream> decoder_;
  StopMatcher stops_;
  std::string first_text_;  // echo: the prompt's, for the first event
  std::vector<float> raw_;  // the model's own logits, when the result needs them
  std::shared_ptr<std::atomic<int64_t>> all_generated_;
  TokenCallback on_token_;
  DoneCallback on_done_;
  bool told_ = false;  // the last event is delivered, or no more are wanted
  FinishReason finish_ = FinishReason::none;
  const Clock::time_point submitted_ = Clock::now();
  Clock::time_point begun_{}, first_{}, last_{};

  GenerateResult result_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
  const std::shared_ptr<CancelSignal> worker_;
};

}  // namespace mlxc
