// Which tokens of which sequences make up the next step, and where their keys and values go.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "llm/pages.h"
#include "llm/runner.h"
#include "llm/sequence.h"

namespace mlxc {

struct SchedulerLimits {
  bool causal = true;
  int64_t vocabulary = 0, hidden = 0;
  int64_t attention_width = 0;    // heads x head_dim: with the position, what one token costs in attention
  double attention_work = 1.5e9;  // products that one attention launch may compute: tens of milliseconds, nothing polls inside it
  int64_t sequences = 64;         // running together, rows of the page table
  int64_t table_width = 1;        // most pages of one sequence
  int64_t pages = 1;              // most pages in all, at least table_width
  int64_t first_pages = 16;       // to begin with; more by doubling
  int64_t step_tokens = 512;      // most prompt tokens of one step
  int64_t output_rows = 256;      // most rows of logits of one step, more than `sequences`
};

// First come, first served: sequences wait in line for a row of the page table and for pages, run until their tokens are fed, and all
// that run share each step: first those that need one token, then as much of the prompts, in order, as the step has room for.
// Where pages run out the youngest sequence gives up its own and waits in line to be computed again. One thread (the worker);
// only the counters may be read from others.
class Scheduler {
 public:
  Scheduler(std::unique_ptr<Runner> runner, const SchedulerLimits& limits, std::shared_ptr<CancelSignal> signal);
  ~Scheduler();

  // Joins the line at its end; forks go in by themselves, where their parent stood.
  void add(const SequencePtr& sequence);
  bool idle() const { return running_.empty() && waiting_.empty(); }
  // Runs one step, or ends what was cancelled. Errors end the sequences concerned, never leave here.
  void step();
  // Ends everything.
  void fail_all(Status status, const std::string& message);

  struct Counters {
    std::atomic<int64_t> running{0}, waiting{0}, finished{0}, steps{0}, prompt_tokens{0}, pages{0}, pages_used{0};
  };
  const Counters& counters() const { return counters_; }

 private:
  using Order = std::pair<uint64_t, uint64_t>;
  struct Part {
    SequencePtr sequence;
    int64_t count;        // tokens from its fed_ on
    int64_t output = 0;   // the first of them whose row is wanted,
    int64_t outputs = 0;  // how many,
    int64_t row = 0;      // and where the rows begin
  };

  void drop_cancelled();
  // Line and parts.
  void line_up(const SequencePtr& sequence);
  void admit();
  void choose_parts();
  int64_t prompt_part(const Sequence& sequence, int64_t room, int64_t rows, double* work) const;
  void choose_encoder_parts();
  // Pages.
  void place_parts();
  bool place(Sequence& sequence, int64_t count);
  int32_t take_page(const Sequence& sequence);
  bool grow();
  bool evict_younger_than(const Sequence& sequence);
  void send_back(const SequencePtr& sequence);
  void release(Sequence& sequence);
  // The step.
  void fill_batch();
  void run_parts();
  void deliver(const StepRows& rows);
  void fork(const Sequence& parent, const SequencePtr& child);
  void retire(const SequencePtr& sequence, Status status, const std::string& message) noexcept;
  void count() noexcept;

  const std::unique_ptr<Runner> runner_;
  const SchedulerLimits limits_;
  const std::shared_ptr<CancelSignal> signal_;
  PagePool pool_;
  int64_t most_pages_;  // limits_.pages, or fewer once memory has run out
  std::vector<int> free_rows_;
  std::vector<SequencePtr> running_;  // by order
  std::map<Order, SequencePtr> waiting_;
  uint64_t next_order_ = 0;
  Sequence::Wants turn_ = Sequence::Wants::logits;  // of the last step, for fairness between the two kinds
  bool repeat_ = false;                             // the last step was aborted
  std::vector<Part> parts_;
  StepBatch batch_;
  Counters counters_;
};

}  // namespace mlxc
