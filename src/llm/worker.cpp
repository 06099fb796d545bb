#include "llm/worker.h"

#include <system_error>
#include <utility>

namespace mlxc {

void Worker::start() {
  if (started_) return;
  try {
    thread_ = std::thread([self = shared_from_this()] { self->run(); });
  } catch (const std::system_error& error) {
    fail(Status::out_of_memory, "the engine's thread cannot be started: ", error.what());
  }
  started_ = true;
}

void Worker::add(SequencePtr sequence) {
  {
    std::lock_guard lock(mutex_);
    if (closing_) fail(Status::cancelled, "the engine is closed");
    inbox_.push_back(std::move(sequence));
    try {
      start();
    } catch (...) {
      inbox_.pop_back();
      throw;
    }
  }
  wake_.notify_one();
}

void Worker::cancel_all() {
  {
    std::lock_guard lock(mutex_);
    if (!started_) return;
    doomed_.insert(doomed_.end(), inbox_.begin(), inbox_.end());
    inbox_.clear();
    cancel_all_ = true;
    signal_->stop_all();
  }
  wake_.notify_one();
}

void Worker::close() {
  std::thread thread;
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
    signal_->stop_all();
    thread = std::move(thread_);
  }
  wake_.notify_one();
  if (!thread.joinable()) return;
  if (signal_->on_worker())
    thread.detach();
  else
    thread.join();
}

int64_t Worker::inbox() const {
  std::lock_guard lock(mutex_);
  return int64_t(inbox_.size()) + arriving_;
}

void Worker::check_may_wait(const char* what) const {
  if (signal_->on_worker())
    fail(Status::busy, what, " waits for the engine's thread and cannot be called inside one of its callbacks; use another thread");
}

void Worker::run() {
  signal_->set_worker(std::this_thread::get_id());
  const char* const kClosed = "the engine was closed";
  const char* const kAll = "all requests were cancelled";
  std::vector<SequencePtr> arrived, doomed;
  for (;;) {
    bool closing, cancel_all;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return closing_ || cancel_all_ || !inbox_.empty() || !scheduler_.idle(); });
      closing = closing_;
      cancel_all = std::exchange(cancel_all_, false);
      arrived.swap(inbox_);
      arriving_ = int64_t(arrived.size());
      doomed.swap(doomed_);
      if (cancel_all && !closing) signal_->all_done();
    }
    if (closing || cancel_all) scheduler_.fail_all(Status::cancelled, closing ? kClosed : kAll);
    for (SequencePtr& sequence : doomed) sequence->finish(Status::cancelled, closing ? kClosed : kAll);
    doomed.clear();
    for (SequencePtr& sequence : arrived) {
      if (closing) {
        sequence->finish(Status::cancelled, kClosed);
      } else {
        try {
          scheduler_.add(sequence);
        } catch (...) {
          sequence->finish(Status::out_of_memory, "no memory for another sequence");
        }
      }
      --arriving_;
    }
    arrived.clear();
    if (closing) return;  // nothing can have been added since
    if (!scheduler_.idle()) scheduler_.step();
  }
}

}  // namespace mlxc
