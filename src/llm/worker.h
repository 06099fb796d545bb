// The engine's thread: takes new sequences, runs the scheduler, sleeps when there is nothing to do.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "llm/scheduler.h"

namespace mlxc {

// Owned by the engine and by its own thread, so that the thread can end by itself when the engine goes inside a callback.
class Worker : public std::enable_shared_from_this<Worker> {
 public:
  Worker(std::unique_ptr<Runner> runner, const SchedulerLimits& limits, std::shared_ptr<CancelSignal> signal)
      : signal_(std::move(signal)), scheduler_(std::move(runner), limits, signal_) {}

  // Any thread. The first one starts the thread. Throws Error(cancelled) after close(), Error(out_of_memory) without a thread.
  void add(SequencePtr sequence);
  // Everything added before ends as cancelled.
  void cancel_all();
  // The same for good; returns when the thread has ended, or at once on the thread itself.
  void close();

  const std::shared_ptr<CancelSignal>& signal() const { return signal_; }
  const Scheduler::Counters& counters() const { return scheduler_.counters(); }
  // Added and not yet in the scheduler's counters. Read before them, no sequence is missed.
  int64_t inbox() const;
  // Throws Error(busy) on the worker's own thread, where waiting for it would never end.
  void check_may_wait(const char* what) const;

 private:
  void run();
  void start();

  const std::shared_ptr<CancelSignal> signal_;
  Scheduler scheduler_;  // the thread's own, but for its counters

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<SequencePtr> inbox_, doomed_;
  std::atomic<int64_t> arriving_{0};  // out of the inbox, not yet with the scheduler
  bool closing_ = false, cancel_all_ = false, started_ = false;
  std::thread thread_;
};

}  // namespace mlxc
