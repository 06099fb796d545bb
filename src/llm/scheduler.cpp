#include "llm/scheduler.h"

#include <algorithm>
#include <new>
#include <utility>

#include "base/log.h"
#include "ops/transformer.h"

namespace mlxc {
namespace {

constexpr int64_t kLeastChunk = 32;  // below it a step's fixed costs, reading every weight, outweigh the tokens

int64_t pages_for(int64_t tokens) { return (tokens + kPageSlots - 1) / kPageSlots; }

// The status and message of the exception being handled.
std::pair<Status, std::string> current_error() {
  try {
    throw;
  } catch (const Error& error) {
    return {error.status(), error.what()};
  } catch (const std::bad_alloc&) {
    return {Status::out_of_memory, "no memory for a step"};
  } catch (const std::exception& error) {
    return {Status::internal, error.what()};
  } catch (...) {
    return {Status::internal, "an exception of unknown type"};
  }
}

}  // namespace

Scheduler::Scheduler(std::unique_ptr<Runner> runner, const SchedulerLimits& limits, std::shared_ptr<CancelSignal> signal)
    : runner_(std::move(runner)), limits_(limits), signal_(std::move(signal)), most_pages_(limits.pages) {
  for (int64_t row = limits.sequences - 1; row >= 0; --row) free_rows_.push_back(int(row));
  running_.reserve(size_t(limits.sequences));
}

Scheduler::~Scheduler() { fail_all(Status::cancelled, "the engine was closed"); }

void Scheduler::add(const SequencePtr& sequence) {
  sequence->order_ = {next_order_++, 0};
  sequence->given_ = int64_t(sequence->tokens.size());
  line_up(sequence);
  count();
}

// Whoever was cancelled on its way here was noted before there was anything to drop: that note may be taken already.
void Scheduler::line_up(const SequencePtr& sequence) {
  waiting_.emplace(sequence->order_, sequence);
  if (sequence->cancelled()) signal_->note();
}

void Scheduler::step() {
  try {
    drop_cancelled();
    if (limits_.causal) {
      admit();
      choose_parts();
      place_parts();
    } else {
      choose_encoder_parts();
    }
    if (!parts_.empty()) run_parts();
  } catch (...) {  // from the scheduler itself: no memory for its lists
    auto [status, message] = current_error();
    fail_all(status, message);
  }
  parts_.clear();
  count();
}

void Scheduler::fail_all(Status status, const std::string& message) {
  while (!running_.empty()) retire(SequencePtr(running_.back()), status, message);
  while (!waiting_.empty()) retire(SequencePtr(waiting_.begin()->second), status, message);
}

void Scheduler::drop_cancelled() {
  if (!signal_->take_note()) return;
  std::vector<SequencePtr> cancelled;
  for (const SequencePtr& sequence : running_)
    if (sequence->cancelled()) cancelled.push_back(sequence);
  for (const auto& [order, sequence] : waiting_)
    if (sequence->cancelled()) cancelled.push_back(sequence);
  for (const SequencePtr& sequence : cancelled) retire(sequence, Status::cancelled, "the request was cancelled");
}

void Scheduler::admit() {
  if (running_.empty()) most_pages_ = limits_.pages;  // memory may have come back
  int64_t promised = 0;                               // pages that the running ones need for the tokens they have
  for (const SequencePtr& sequence : running_)
    promised += std::max<int64_t>(0, pages_for(int64_t(sequence->tokens.size())) - int64_t(sequence->pages_.size()));
  while (!waiting_.empty() && !free_rows_.empty()) {
    SequencePtr sequence = waiting_.begin()->second;
    // One page more for the copy of a shared one.
    const int64_t needed = pages_for(int64_t(sequence->tokens.size())) - int64_t(sequence->pages_.size()) + (sequence->fed_ ? 1 : 0);
    // Whoever runs can grow by a page before somebody has to give up its own, else sequences would push each other out in turn.
    const int64_t spare = most_pages_ - pool_.used() - promised - int64_t(running_.size());
    if (!running_.empty() && needed > spare) break;
    promised += needed;
    auto place = std::upper_bound(running_.begin(), running_.end(), sequence->order_,
                                  [](const Order& order, const SequencePtr& other) { return order < other->order_; });
    running_.insert(place, sequence);  // never reallocates
    waiting_.erase(waiting_.begin());
    sequence->row_ = free_rows_.back();
    free_rows_.pop_back();
    for (size_t i = 0; i < sequence->pages_.size(); ++i)
      runner_->page_table()[size_t(sequence->row_ * limits_.table_width) + i] = sequence->pages_[i];
  }
}

void Scheduler::choose_parts() {
  using Wants = Sequence::Wants;
  // Steps with and without logits take turns: the head is too dear to run for rows that want only hidden states.
  const Wants other = turn_ == Wants::logits ? Wants::hidden : Wants::logits;
  for (const SequencePtr& sequence : running_) {
    if (sequence->wants != other) continue;
    turn_ = other;
    break;
  }
  int64_t decoding = 0;
  auto decodes = [](const Sequence& s) { return int64_t(s.tokens.size()) - s.fed_ == 1; };
  for (const SequencePtr& sequence : running_) decoding += sequence->wants == turn_ && decodes(*sequence);
  // Beside sequences that stream, prompts come in smaller pieces: a stream's next token waits for the whole step.
  int64_t room =
      decoding ? std::min(limits_.step_tokens, std::max<int64_t>(limits_.step_tokens / 4, 2 * kLeastChunk)) : limits_.step_tokens;
  int64_t rows = turn_ == Wants::logits ? limits_.output_rows - decoding : limits_.step_tokens;
  double work = limits_.attention_work;
  for (const SequencePtr& sequence : running_) {
    if (sequence->wants != turn_) continue;
    if (decodes(*sequence)) {
      parts_.push_back({sequence, 1});
      continue;
    }
    const int64_t count = prompt_part(*sequence, room, rows, &work);
    if (count <= 0) continue;
    room -= count;
    rows -= std::max<int64_t>(0, std::min(sequence->fed_ + count, sequence->output_end) - std::max(sequence->fed_, sequence->output_begin));
    parts_.push_back({sequence, count});
  }
}

int64_t Scheduler::prompt_part(const Sequence& sequence, int64_t room, int64_t rows, double* work) const {
  int64_t count = std::min(room, int64_t(sequence.tokens.size()) - sequence.fed_);
  if (sequence.output_end > sequence.fed_) count = std::min(count, std::max<int64_t>(0, sequence.output_begin - sequence.fed_) + rows);
  if (count <= 0) return 0;
  const double token = double(limits_.attention_width) * double(sequence.fed_ + count);
  const int64_t affordable = std::max(kLeastChunk, int64_t(*work / token) / kLeastChunk * kLeastChunk);
  if (*work <= 0 && !parts_.empty()) return 0;
  count = std::min(count, affordable);
  *work -= token * double(count);
  return count;
}

void Scheduler::choose_encoder_parts() {
  int64_t room = limits_.step_tokens;
  for (const auto& [order, sequence] : waiting_) {
    const int64_t count = int64_t(sequence->tokens.size());
    if (!parts_.empty() && (count > room || int64_t(parts_.size()) == limits_.sequences)) break;
    room -= count;
    parts_.push_back({sequence, count});
  }
}

void Scheduler::place_parts() {
  for (Part& part : parts_) {  // oldest first, so whoever gives up its pages comes later in the list
    if (part.sequence->row_ < 0) continue;
    try {
      if (!place(*part.sequence, part.count)) send_back(part.sequence);
    } catch (...) {
      auto [status, message] = current_error();
      retire(part.sequence, status, message);
    }
  }
  std::erase_if(parts_, [](const Part& part) { return part.sequence->row_ < 0; });
}

// Gives the next `count` tokens pages that are the sequence's own. False: it has to wait for others.
bool Scheduler::place(Sequence& sequence, int64_t count) {
  std::span<int32_t> table = runner_->page_table().subspan(size_t(sequence.row_ * limits_.table_width), size_t(limits_.table_width));
  const size_t end = size_t(pages_for(sequence.fed_ + count));
  sequence.pages_.reserve(end);
  for (size_t i = size_t(sequence.fed_ / kPageSlots); i < end; ++i) {
    const bool held = i < sequence.pages_.size();
    if (held && !pool_.shared(sequence.pages_[i])) continue;
    const int32_t page = take_page(sequence);
    if (page < 0) return false;
    // A fresh page is cleared: attention reads whole pages, and what a former sequence left (a NaN even) must not reach this one.
    if (!held) {
      runner_->clear_page(page);
      sequence.pages_.push_back(page);
    } else {
      runner_->copy_page(sequence.pages_[i], page);
      pool_.release(std::exchange(sequence.pages_[i], page));
    }
    table[i] = page;
  }
  return true;
}

int32_t Scheduler::take_page(const Sequence& sequence) {
  for (;;) {
    if (int32_t page = pool_.take(); page >= 0) return page;
    if (grow() || evict_younger_than(sequence)) continue;
    // Older ones hold the rest, or nobody does and the memory does not even hold this one.
    if (pool_.used() == int64_t(sequence.pages_.size()))
      fail(Status::out_of_memory, "no memory for the keys and values of ", sequence.tokens.size(), " tokens, ",
           pool_.capacity() * kPageSlots, " fit; use a smaller context or cache_tokens");
    return -1;
  }
}

bool Scheduler::grow() {
  const int64_t capacity = pool_.capacity();
  if (capacity >= most_pages_) return false;
  const int64_t wanted = std::min(most_pages_, std::max(2 * capacity, limits_.first_pages));
  try {
    runner_->resize_pages(wanted);
    pool_.extend(wanted);
    return true;
  } catch (...) {
    auto [status, message] = current_error();
    if (status != Status::out_of_memory) throw;
    log(LogLevel::warning, "the K/V cache stays at ", capacity * kPageSlots, " tokens: ", message);
    most_pages_ = capacity;
    return false;
  }
}

bool Scheduler::evict_younger_than(const Sequence& sequence) {
  for (auto it = waiting_.rbegin(); it != waiting_.rend() && it->first > sequence.order_; ++it) {
    if (it->second->pages_.empty()) continue;  // only forks in line hold pages
    if (it->first < running_.back()->order_ && running_.back()->order_ > sequence.order_) break;
    release(*it->second);
    return true;
  }
  if (running_.empty() || running_.back()->order_ <= sequence.order_) return false;
  send_back(SequencePtr(running_.back()));
  return true;
}

void Scheduler::send_back(const SequencePtr& sequence) {
  waiting_.emplace(sequence->order_, sequence);
  running_.erase(std::find(running_.begin(), running_.end(), sequence));
  free_rows_.push_back(std::exchange(sequence->row_, -1));
  release(*sequence);
}

void Scheduler::release(Sequence& sequence) {
  for (int32_t page : sequence.pages_) pool_.release(page);
  sequence.pages_.clear();
  sequence.fed_ = 0;
}

void Scheduler::fill_batch() {
  batch_.clear();
  batch_.wants_hidden = false;
  bool whole_rows = false;
  for (Part& part : parts_) {
    Sequence& sequence = *part.sequence;
    const int64_t first = sequence.fed_, end = first + part.count;
    if (!limits_.causal) batch_.starts.push_back(int32_t(batch_.tokens.size()));
    part.output = std::max(first, sequence.output_begin);
    part.outputs = std::max<int64_t>(0, std::min(end, sequence.output_end) - part.output);
    part.row = limits_.causal ? int64_t(batch_.output_rows.size()) : int64_t(batch_.tokens.size()) + part.output - first;
    for (int64_t i = 0; i < part.outputs; ++i)
      batch_.output_rows.push_back(int32_t(int64_t(batch_.tokens.size()) + part.output - first + i));
    for (int64_t position = first; position < end; ++position) {
      batch_.tokens.push_back(sequence.tokens[size_t(position)]);
      batch_.positions.push_back(int32_t(position));
      batch_.sequences.push_back(int32_t(sequence.row_));
    }
    if (!part.outputs) continue;
    batch_.wants_hidden |= sequence.wants_hidden();
    if (sequence.wants != Sequence::Wants::logits) continue;
    batch_.wants_logits = true;
    const int64_t needed = sequence.top_needed();
    whole_rows |= needed == 0;
    batch_.top = std::max(batch_.top, needed);
  }
  if (whole_rows || batch_.top > runner_->most_top()) batch_.top = 0;
  if (!batch_.wants_logits) batch_.wants_hidden = true;
  if (!limits_.causal) batch_.starts.push_back(int32_t(batch_.tokens.size()));
}

void Scheduler::run_parts() {
  fill_batch();
  for (Part& part : parts_)
    if (!std::exchange(part.sequence->begun_, true)) part.sequence->begin();
  signal_->begin(int(parts_.size()), repeat_);
  for (Part& part : parts_) part.sequence->enter_step();
  StepRows rows;
  Status status = Status::ok;
  std::string message;
  try {
    rows = limits_.causal ? runner_->run(batch_, &signal_->stop()) : runner_->encode(batch_, &signal_->stop());
  } catch (...) {
    std::tie(status, message) = current_error();
  }
  for (Part& part : parts_) part.sequence->leave_step();
  repeat_ = status == Status::cancelled;  // whoever is still wanted is in the next step again
  if (repeat_) return;
  ++counters_.steps;
  if (status == Status::ok) return deliver(rows);
  for (Part& part : parts_) retire(part.sequence, status, message);
}

void Scheduler::deliver(const StepRows& rows) {
  for (Part& part : parts_) {
    Sequence& sequence = *part.sequence;
    counters_.prompt_tokens += std::clamp<int64_t>(sequence.given_ - sequence.fed_, 0, part.count);
    sequence.fed_ += part.count;
    try {
      for (int64_t i = 0; i < part.outputs && !sequence.cancelled(); ++i) {
        const int64_t row = part.row + i;
        OutputRow output;
        if (rows.logits) output.logits = rows.logits + row * limits_.vocabulary;
        if (rows.hidden) output.hidden = rows.hidden + row * limits_.hidden;
        if (rows.top)
          output.top = {{rows.top_logits + row * rows.top, size_t(rows.top)}, {rows.top_tokens + row * rows.top, size_t(rows.top)}};
        sequence.output_begin = part.output + i + 1;
        sequence.take(part.output + i, output);
      }
      if (sequence.cancelled()) {
        retire(part.sequence, Status::cancelled, "the request was cancelled");
      } else if (sequence.fed_ == int64_t(sequence.tokens.size())) {
        for (const SequencePtr& child : sequence.forks()) fork(sequence, child);
        retire(part.sequence, Status::ok, {});
      }
    } catch (...) {
      auto [status, message] = current_error();
      retire(part.sequence, status, message);
    }
  }
}

void Scheduler::fork(const Sequence& parent, const SequencePtr& child) {
  try {
    child->order_ = {parent.order_.first, next_order_++};  // in line where its parent was, before whoever came later
    child->given_ = int64_t(child->tokens.size());
    child->forked_ = true;
    child->pages_ = parent.pages_;
    line_up(child);
    child->fed_ = parent.fed_;
    for (int32_t page : child->pages_) pool_.retain(page);
  } catch (...) {
    child->pages_.clear();
    child->finish(Status::out_of_memory, "no memory for another sequence");
  }
}

void Scheduler::retire(const SequencePtr& sequence, Status status, const std::string& message) noexcept {
  release(*sequence);
  if (sequence->row_ >= 0) {
    free_rows_.push_back(std::exchange(sequence->row_, -1));
    running_.erase(std::find(running_.begin(), running_.end(), sequence));
  } else {
    waiting_.erase(sequence->order_);
  }
  if (!sequence->forked_) ++counters_.finished;  // a part of its parent, which counts
  count();
  sequence->finish(status, message);
}

void Scheduler::count() noexcept {
  counters_.running = int64_t(running_.size());
  counters_.waiting = int64_t(waiting_.size());
  counters_.pages = pool_.capacity();
  counters_.pages_used = pool_.used();
}

}  // namespace mlxc
