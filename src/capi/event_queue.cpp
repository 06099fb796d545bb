#include "capi/event_queue.h"

#include <chrono>
#include <utility>

#include "base/error.h"

namespace mlxc::capi {

const mlxc_event* OwnedEvent::bind() {
  event.text = text.c_str();
  event.text_bytes = text.size();
  event.top = top.empty() ? nullptr : top.data();
  event.top_count = int32_t(top.size());
  return &event;
}

EventNode new_event(uint64_t tag, int32_t type) {
  EventNode node(1);
  node.front().event.tag = tag;
  node.front().event.type = type;
  node.front().event.token = -1;
  return node;
}

void EventQueue::enter() {
  std::lock_guard lock(mutex_);
  if (closed_ || is_freed_) fail(Status::end, "the queue is closed; new requests need another one");
  ++producers_;
}

void EventQueue::leave() noexcept {
  std::lock_guard lock(mutex_);
  --producers_;
  changed_.notify_all();
}

bool EventQueue::push(EventNode event) noexcept {
  std::lock_guard lock(mutex_);
  if (is_freed_) return false;
  waiting_.splice(waiting_.end(), event);
  changed_.notify_all();
  return true;
}

void EventQueue::next(int64_t timeout_ms, mlxc_event* events, int64_t capacity, int64_t* count) {
  std::unique_lock lock(mutex_);
  if (is_freed_) fail(Status::cancelled, "the queue was freed");
  if (busy_) fail(Status::busy, "another thread waits on this queue; one thread at a time takes its events");
  busy_ = true;
  struct Idle {
    bool& busy;
    ~Idle() { busy = false; }
  } idle{busy_};
  taken_.clear();

  auto ready = [&] { return !waiting_.empty() || woken_ || is_freed_ || (closed_ && producers_ == 0); };
  using namespace std::chrono;
  constexpr int64_t kLongest = 1000LL * 3600 * 24 * 365;  // a deadline further away could overflow the clock
  if (timeout_ms < 0 || timeout_ms > kLongest)
    changed_.wait(lock, ready);
  else if (!changed_.wait_until(lock, steady_clock::now() + milliseconds(timeout_ms), ready))
    fail(Status::timeout, "no event came within ", timeout_ms, " ms");

  if (is_freed_) fail(Status::cancelled, "the queue was freed while it was waited on");
  if (waiting_.empty() && !woken_) fail(Status::end, "the queue is closed and every event was taken");
  woken_ = false;
  int64_t taken = 0;
  while (!waiting_.empty() && taken < capacity) {
    taken_.splice(taken_.end(), waiting_, waiting_.begin());
    events[taken++] = *taken_.back().bind();
  }
  *count = taken;
}

void EventQueue::wake() {
  std::lock_guard lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

void EventQueue::close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

void EventQueue::free() noexcept {
  {
    std::lock_guard lock(mutex_);
    is_freed_ = true;
    waiting_.clear();
    changed_.notify_all();
  }
  freed_->trigger();
}

}  // namespace mlxc::capi
