// A model made of arithmetic for tests of the engine: the logits of a position are a hash of all tokens up to it, read back through the
// page table from the "keys" that the runner stored. A wrong page, a lost token or a shared page that was written to changes every result.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "llm/engine_parts.h"
#include "ops/transformer.h"

namespace mlxc::fake {

inline constexpr int kVocabulary = 50, kHidden = 4;

inline uint64_t mix(uint64_t hash, uint64_t value) {
  hash ^= value + 0x9e3779b97f4a7c15ull + (hash << 6) + (hash >> 2);
  return (hash ^ (hash >> 29)) * 0xbf58476d1ce4e5b9ull;
}
inline uint64_t hash_of(std::span<const int32_t> tokens) {
  uint64_t hash = 1;
  for (int32_t token : tokens) hash = mix(hash, uint64_t(token));
  return hash;
}
inline float logit(uint64_t hash, int64_t token) { return float(mix(hash, uint64_t(token)) >> 40) / float(1 << 21) - 4; }
inline float hidden(uint64_t hash, int64_t i) { return float(mix(hash, uint64_t(1000 + i)) >> 40) / float(1 << 24) - 0.5f; }
inline std::vector<float> logits_after(std::span<const int32_t> tokens) {
  std::vector<float> row(kVocabulary);
  for (int i = 0; i < kVocabulary; ++i) row[size_t(i)] = logit(hash_of(tokens), i);
  return row;
}
inline std::vector<int32_t> greedy(std::vector<int32_t> tokens, int64_t count) {
  std::vector<int32_t> result;
  for (int64_t i = 0; i < count; ++i) {
    std::vector<float> row = logits_after(tokens);
    result.push_back(int32_t(std::max_element(row.begin(), row.end()) - row.begin()));
    tokens.push_back(result.back());
  }
  return result;
}
inline double logprob(std::vector<int32_t> prompt, std::span<const int32_t> label) {
  double sum = 0;
  for (int32_t token : label) {
    std::vector<float> row = logits_after(prompt);
    double total = 0;
    for (float x : row) total += std::exp(double(x));
    sum += double(row[size_t(token)]) - std::log(total);
    prompt.push_back(token);
  }
  return sum;
}

class FakeModel : public Model {
 public:
  explicit FakeModel(bool causal = true, int64_t context = 1000) {
    info_.family = "fake";
    info_.architecture = "FakeForTests";
    info_.causal = causal;
    info_.vocabulary = kVocabulary;
    info_.hidden = kHidden;
    info_.layers = info_.heads = info_.kv_heads = info_.head_dim = 1;
    info_.context = context;
  }
  ModelInfo& edit() { return info_; }
  StepOutputs step(const StepInputs&) const override { fail(Status::unsupported, "the fake runner computes"); }
  Array encode(const Array&, const Array&, const Array&) const override { fail(Status::unsupported, "the fake runner computes"); }
};

// What the test sees and steers; outlives the engine.
struct Control {
  std::atomic<int64_t> runs{0}, aborted{0}, copied{0}, resizes{0}, most_tokens{0}, most_sequences{0}, fed{0};
  std::atomic<int64_t> memory_pages{std::numeric_limits<int64_t>::max()};  // resizing beyond is out of memory
  std::atomic<int> delay_us{0};                                            // of a step, polling for cancellation
  std::atomic<int64_t> hold_from{1};                                       // sequences of a step that hold concerns
  std::atomic<bool> held{false};                                           // a step waits
  std::atomic<bool> hold{false};                                           // steps wait until it is false, or cancelled
  std::atomic<int32_t> nan_token{-1};                                      // a sequence that contains it gets NaN logits
  int64_t most_top = 0;                                                    // the runner chooses so many of a row's logits itself
  std::atomic<int64_t> top_steps{0};                                       // steps that gave chosen logits
  std::function<void(const StepBatch&)> before;                            // may throw
};

class FakeRunner : public Runner {
 public:
  FakeRunner(std::shared_ptr<Control> control, const SchedulerLimits& limits)
      : control_(std::move(control)), limits_(limits), table_(size_t(limits.sequences * limits.table_width)) {}

  void resize_pages(int64_t pages) override {
    if (pages > control_->memory_pages) fail(Status::out_of_memory, "no memory for ", pages, " pages");
    ++control_->resizes;
    slots_.resize(size_t(pages * kPageSlots), -7);
  }
  void clear_page(int32_t page) override { std::fill_n(slots_.begin() + page * kPageSlots, kPageSlots, 0); }
  void copy_page(int32_t from, int32_t to) override {
    ++control_->copied;
    std::copy_n(slots_.begin() + from * kPageSlots, kPageSlots, slots_.begin() + to * kPageSlots);
  }
  std::span<int32_t> page_table() override { return table_; }

  StepRows run(const StepBatch& batch, const std::atomic<bool>* cancel) override {
    work(batch, cancel);
    for (size_t t = 0; t < batch.tokens.size(); ++t) {
      const bool same = t && batch.sequences[t] == batch.sequences[t - 1];
      if (same && batch.positions[t] != batch.positions[t - 1] + 1)
        fail(Status::internal, "positions of a sequence do not follow each other");
      slot(batch.sequences[t], batch.positions[t]) = batch.tokens[t];
    }
    logits_.assign(batch.output_rows.size() * kVocabulary, 0);
    hidden_.assign(std::max<size_t>(1, batch.output_rows.size()) * kHidden, 0);
    for (size_t r = 0; r < batch.output_rows.size(); ++r) {
      const size_t t = size_t(batch.output_rows[r]);
      std::vector<int32_t> seen;
      for (int32_t p = 0; p <= batch.positions[t]; ++p) seen.push_back(slot(batch.sequences[t], p));
      output(seen, r);
    }
    StepRows rows;
    if (batch.wants_hidden) rows.hidden = hidden_.data();
    if (batch.wants_logits && !batch.top) rows.logits = logits_.data();
    if (batch.wants_logits && batch.top) choose_top(batch, &rows);
    return rows;
  }
  int64_t most_top() const override { return control_->most_top; }

  StepRows encode(const StepBatch& batch, const std::atomic<bool>* cancel) override {
    work(batch, cancel);
    hidden_.assign(batch.tokens.size() * kHidden, 0);
    logits_.clear();
    for (size_t s = 0; s + 1 < batch.starts.size(); ++s)
      for (int32_t t = batch.starts[s]; t < batch.starts[s + 1]; ++t)
        output({batch.tokens.begin() + batch.starts[s], batch.tokens.begin() + t + 1}, size_t(t));
    return {.hidden = hidden_.data()};
  }

 private:
  void work(const StepBatch& batch, const std::atomic<bool>* cancel) {
    ++control_->runs;
    control_->most_tokens = std::max<int64_t>(control_->most_tokens, int64_t(batch.tokens.size()));
    control_->fed += int64_t(batch.tokens.size());
    if (control_->before) control_->before(batch);
    int64_t sequences = 0;
    for (size_t t = 0; t < batch.sequences.size(); ++t) sequences += !t || batch.sequences[t] != batch.sequences[t - 1];
    control_->most_sequences = std::max<int64_t>(control_->most_sequences, sequences);
    const bool holds = sequences >= control_->hold_from;
    const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(control_->delay_us);
    do {
      if (cancel->load()) {
        ++control_->aborted;
        for (size_t t = 0; t < batch.sequences.size() && !batch.output_rows.empty(); ++t)
          if (limits_.causal) slot(batch.sequences[t], batch.positions[t]) = -9;  // half-written keys
        fail(Status::cancelled, "the run was cancelled");
      }
      control_->held = holds && control_->hold;
      if (control_->delay_us || control_->held) std::this_thread::sleep_for(std::chrono::microseconds(50));
    } while (control_->held || std::chrono::steady_clock::now() < end);
  }
  void choose_top(const StepBatch& batch, StepRows* rows) {
    ++control_->top_steps;
    top_logits_.clear();
    top_tokens_.clear();
    for (size_t r = 0; r < batch.output_rows.size(); ++r) {
      const float* row = &logits_[r * kVocabulary];
      std::vector<int32_t> order(kVocabulary);
      for (int32_t i = 0; i < kVocabulary; ++i) order[size_t(i)] = i;
      std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return row[a] > row[b]; });
      for (int64_t i = 0; i < batch.top; ++i) {
        top_tokens_.push_back(order[size_t(i)]);
        top_logits_.push_back(row[order[size_t(i)]]);
      }
    }
    *rows = {.hidden = rows->hidden, .top = batch.top, .top_logits = top_logits_.data(), .top_tokens = top_tokens_.data()};
  }
  int32_t& slot(int32_t row, int32_t position) {
    const int32_t page = table_.at(size_t(row * limits_.table_width + position / kPageSlots));
    return slots_.at(size_t(page * kPageSlots + position % kPageSlots));
  }
  void output(const std::vector<int32_t>& seen, size_t row) {
    const uint64_t hash = hash_of(seen);
    const int32_t poison = control_->nan_token;
    const bool bad = poison >= 0 && std::find(seen.begin(), seen.end(), poison) != seen.end();
    for (int i = 0; i < kHidden; ++i) hidden_[row * kHidden + size_t(i)] = hidden(hash, i);
    if (logits_.empty()) return;
    for (int i = 0; i < kVocabulary; ++i)
      logits_[row * kVocabulary + size_t(i)] = bad ? std::numeric_limits<float>::quiet_NaN() : logit(hash, i);
  }

  const std::shared_ptr<Control> control_;
  const SchedulerLimits limits_;
  std::vector<int32_t> table_, slots_;
  std::vector<float> logits_, hidden_, top_logits_;
  std::vector<int32_t> top_tokens_;
};

inline std::shared_ptr<Engine> engine(const std::shared_ptr<Control>& control, EngineOptions options = {},
                                      std::shared_ptr<FakeModel> model = nullptr, std::shared_ptr<const Tokenizer> tokenizer = nullptr) {
  if (!model) model = std::make_shared<FakeModel>();
  const SchedulerLimits limits = limits_for(model->info(), 1, 1 << 20, options);
  return make_engine(model, std::move(tokenizer), std::make_unique<FakeRunner>(control, limits), limits);
}

inline GenerateResult generate(Engine& engine, std::vector<int32_t> prompt, const GenerateOptions& options) {
  auto request = engine.submit(std::move(prompt), options, nullptr, nullptr);
  request->wait(std::chrono::nanoseconds(-1));
  return request->result();
}

inline std::vector<int32_t> prompt_of(size_t count, int32_t seed) {
  std::vector<int32_t> prompt;
  for (size_t i = 0; i < count; ++i) prompt.push_back(int32_t((size_t(seed) * 7 + i * i * 3 + i) % kVocabulary));
  return prompt;
}

inline GenerateOptions tokens(int64_t count) {
  GenerateOptions options;
  options.max_tokens = count;
  return options;
}

inline Status status_of(const std::function<void()>& body, std::string* message = nullptr) {
  try {
    body();
  } catch (const Error& error) {
    if (message) *message = error.what();
    return error.status();
  }
  return Status::ok;
}

}  // namespace mlxc::fake
