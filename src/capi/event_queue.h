// The completion queue behind mlxc_queue.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <vector>

#include "capi/cancel_source.h"
#include "mlxc/generate.h"

namespace mlxc::capi {

// An event with the memory that its pointers refer to.
struct OwnedEvent {
  mlxc_event event{};
  std::string text;
  std::vector<mlxc_token_logprob> top;

  const mlxc_event* bind();  // points the event at text and top
};

// A list of one: made before it is needed, so that the last event of a request comes even when memory has run out.
using EventNode = std::list<OwnedEvent>;
EventNode new_event(uint64_t tag, int32_t type);

// Threads: any; next() one at a time.
class EventQueue {
 public:
  void enter();                         // a request that will deliver; Error(end) when closed
  void leave() noexcept;                // it has delivered its last event, or never started
  bool push(EventNode event) noexcept;  // false when the queue is freed: nobody will take it
  void next(int64_t timeout_ms, mlxc_event* events, int64_t capacity, int64_t* count);
  void wake();
  void close();
  void free() noexcept;  // cancels the requests that still deliver
  const std::shared_ptr<CancelSource>& freed() const { return freed_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<OwnedEvent> waiting_;
  std::list<OwnedEvent> taken_;  // by the last next(): borrowed by the caller
  int64_t producers_ = 0;
  bool woken_ = false, closed_ = false, is_freed_ = false, busy_ = false;
  std::shared_ptr<CancelSource> freed_ = std::make_shared<CancelSource>();
};

}  // namespace mlxc::capi
