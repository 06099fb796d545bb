#include "llm/call.h"

#include <chrono>
#include <utility>

namespace mlxc {

void Call::run(Worker& worker, size_t window, std::function<SequencePtr(const std::shared_ptr<Call>&)> next,
               const std::atomic<bool>* cancel) {
  std::shared_ptr<Call> call(new Call(worker));
  call->window_ = window;
  call->next_ = std::move(next);
  std::unique_lock lock(call->mutex_);
  call->refill();
  auto ended = [&] { return call->members_.empty() && call->exhausted_; };
  while (!ended()) {
    if (!cancel) {
      call->changed_.wait(lock, ended);
      break;
    }
    if (cancel->load()) call->fail_with(Status::cancelled, "the call was cancelled");
    call->changed_.wait_for(lock, std::chrono::milliseconds(2), ended);  // a plain flag: nobody tells when it changes
  }
  call->next_ = nullptr;
  if (call->status_ != Status::ok) throw Error(call->status_, call->message_);
}

// With the mutex held.
void Call::refill() {
  try {
    while (!exhausted_ && members_.size() < window_) {
      SequencePtr sequence = next_(shared_from_this());
      if (!sequence) {
        exhausted_ = true;
        return;
      }
      auto [place, added] = members_.insert(sequence.get());
      try {
        worker_.add(std::move(sequence));
      } catch (...) {
        members_.erase(place);
        throw;
      }
    }
  } catch (const Error& error) {
    fail_with(error.status(), error.what());
  } catch (const std::exception& error) {
    fail_with(Status::out_of_memory, error.what());
  }
}

void Call::fail_with(Status status, const std::string& message) {
  exhausted_ = true;
  if (status_ != Status::ok) return;
  status_ = status;
  message_ = message;
  for (Sequence* member : members_) member->cancel();
}

bool Call::join(Sequence& sequence) {
  std::lock_guard lock(mutex_);
  if (status_ != Status::ok) return false;
  members_.insert(&sequence);
  return true;
}

void Call::leave(Sequence& sequence, Status status, const std::string& message) noexcept {
  std::lock_guard lock(mutex_);
  members_.erase(&sequence);
  if (status != Status::ok) fail_with(status, message);
  refill();
  if (members_.empty() && exhausted_) changed_.notify_all();
}

void check_ids(std::span<const int32_t> tokens, int64_t vocabulary, const std::string& where) {
  for (int32_t token : tokens)
    if (token < 0 || token >= vocabulary)
      fail(Status::invalid_argument, where, " contains token ", token, ", the vocabulary has ", vocabulary, " tokens");
}

}  // namespace mlxc
