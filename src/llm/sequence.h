// One sequence of tokens on its way through the model, and how another thread stops it.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"

namespace mlxc {

// Between the worker and the threads that cancel: tells the worker to look, and aborts the running step.
class CancelSignal {
 public:
  // The worker: a step of `members` sequences begins. patient: it is a repetition, and only ends early when all its members leave;
  // otherwise callers that keep cancelling would keep the others from ever getting a step done.
  void begin(int members, bool patient) {
    stop_ = false;
    patient_ = patient;
    members_ = members;
    if (all_) stop_ = true;
  }
  // Any thread: a member of the step is cancelled. Late, this may abort the step after; that is then run again.
  void leave() {
    if (members_.fetch_sub(1) <= 1 || !patient_) stop_ = true;
  }
  // Any thread: everything that runs is cancelled. Holds until the worker calls all_done().
  void stop_all() {
    all_ = true;
    stop_ = true;
  }
  void all_done() { all_ = false; }
  void note() { noted_ = true; }
  // The worker: whether sequences were cancelled since it asked last.
  bool take_note() { return noted_.exchange(false); }
  const std::atomic<bool>& stop() const { return stop_; }

  void set_worker(std::thread::id id) { worker_ = id; }
  bool on_worker() const { return worker_.load() == std::this_thread::get_id(); }

 private:
  std::atomic<bool> stop_{false}, patient_{false}, noted_{false}, all_{false};
  std::atomic<std::thread::id> worker_{};
  std::atomic<int> members_{0};
};

// The likeliest tokens of a row as the device chose them: largest logit first, equal ones by token.
struct TopRow {
  std::span<const float> logits;
  std::span<const int32_t> tokens;
};

// What the model gave for one token. Which parts are there is the sequence's choice.
struct OutputRow {
  float* logits = nullptr;  // all of the vocabulary; may be written to
  TopRow top;               // instead of logits, when top_needed() said that so many do
  const float* hidden = nullptr;
};

class Sequence;
using SequencePtr = std::shared_ptr<Sequence>;

// The scheduler feeds the tokens to the model, hands over the output rows that are wanted, and calls finish() once when all tokens
// are fed, or when the sequence failed or was cancelled. take(), forks() and finish() run on the worker thread.
class Sequence {
 public:
  enum class Wants : uint8_t { hidden, logits };

  // signal: of the engine that will run it.
  Sequence(std::vector<int32_t> tokens, Wants wants, std::shared_ptr<CancelSignal> signal)
      : tokens(std::move(tokens)), wants(wants), signal_(std::move(signal)) {}
  virtual ~Sequence() = default;

  // The output row of tokens[index]. May append to `tokens` to go on. What it throws ends this sequence.
  virtual void take(int64_t index, const OutputRow& row) = 0;
  // How many of the largest logits the next row is needed for; 0: all of them.
  virtual int64_t top_needed() const { return 0; }
  virtual bool wants_hidden() const { return wants == Wants::hidden; }  // beside logits
  virtual void finish(Status status, const std::string& message) noexcept = 0;
  // Called for the first part of this sequence that runs.
  virtual void begin() {}
  // Sequences that go on from the end of this one, asked for when all its tokens are fed: they begin with the same tokens and share
  // its pages.
  virtual std::vector<SequencePtr> forks() { return {}; }

  // Any thread. The worker ends the sequence at its next poll.
  void cancel() {
    cancelled_ = true;
    signal_->note();
    if (in_step_.exchange(false)) signal_->leave();
  }
  bool cancelled() const { return cancelled_; }

  std::vector<int32_t> tokens;
  const Wants wants;
  // Rows [output_begin, output_end) are wanted and not yet taken.
  int64_t output_begin = 0, output_end = std::numeric_limits<int64_t>::max();

 private:
  friend class Scheduler;
  void enter_step() {
    in_step_ = true;
    if (cancelled_ && in_step_.exchange(false)) signal_->leave();
  }
  void leave_step() { in_step_ = false; }

  const std::shared_ptr<CancelSignal> signal_;
  std::atomic<bool> cancelled_{false}, in_step_{false};

  // The scheduler's own notes.
  int64_t fed_ = 0;  // tokens whose keys and values lie in the pages
  std::vector<int32_t> pages_;
  int row_ = -1;       // of the page table; -1: in line
  int64_t given_ = 0;  // tokens it came with
  bool begun_ = false;
  bool forked_ = false;                    // from another sequence, with its pages
  std::pair<uint64_t, uint64_t> order_{};  // who came first
};

}  // namespace mlxc
