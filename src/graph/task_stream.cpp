#include "graph/task_stream.h"

#include <system_error>
#include <utility>

#include "base/error.h"

namespace mlxc {

bool Fence::done() const {
  std::lock_guard lock(mutex_);
  return done_;
}

bool Fence::wait(std::optional<std::chrono::milliseconds> limit) const {
  std::unique_lock lock(mutex_);
  if (!done_ && std::this_thread::get_id() == worker_)
    fail(Status::busy, "the fence's work needs the stream's own thread, which would wait for itself; wait on another thread");
  const auto ready = [this] { return done_; };
  if (!limit)
    changed_.wait(lock, ready);
  else if (!changed_.wait_for(lock, *limit, ready))
    return false;
  if (status_ != Status::ok) throw Error(status_, message_);
  return true;
}

void Fence::on_done(std::function<void(Status)> call) {
  Status status;
  {
    std::lock_guard lock(mutex_);
    if (!done_) return calls_.push_back(std::move(call));
    status = status_;
  }
  call(status);
}

const Arrays& Fence::results() const {
  std::lock_guard lock(mutex_);
  if (!done_) fail(Status::busy, "the work before the fence has not ended");
  if (status_ != Status::ok) throw Error(status_, message_);
  return results_;
}

void Fence::finish(Status status, std::string message, Arrays results) noexcept {
  std::vector<std::function<void(Status)>> calls;
  {
    std::lock_guard lock(mutex_);
    done_ = true;
    status_ = status;
    message_ = std::move(message);
    results_ = std::move(results);
    calls.swap(calls_);
  }
  changed_.notify_all();
  for (const auto& call : calls) call(status);
}

std::shared_ptr<TaskStream> TaskStream::create(Device& device, int threads) {
  std::shared_ptr<TaskStream> stream(new TaskStream(device, threads));
  try {
    std::lock_guard lock(stream->mutex_);
    stream->thread_ = std::thread([stream] { stream->run(); });
    stream->id_ = stream->thread_.get_id();
  } catch (const std::system_error& error) {
    fail(Status::out_of_memory, "the stream's thread cannot be started: ", error.what());
  }
  return stream;
}

FencePtr TaskStream::push(Item item) {
  item.done = std::make_shared<Fence>();
  FencePtr done = item.done;
  {
    std::lock_guard lock(mutex_);
    if (closing_) fail(Status::cancelled, "the stream is closed");
    done->worker_ = id_;
    items_.push_back(std::move(item));
  }
  wake_.notify_one();
  return done;
}

FencePtr TaskStream::add(Task task) { return push({std::move(task), nullptr, nullptr}); }
FencePtr TaskStream::record() { return push({}); }

void TaskStream::wait_for(const FencePtr& fence) {
  push({nullptr, fence, nullptr});
  // Taking the lock orders this after the stream's look at the fence: the wake is not lost.
  fence->on_done([weak = weak_from_this()](Status) {
    if (const auto stream = weak.lock()) {
      { std::lock_guard lock(stream->mutex_); }
      stream->wake_.notify_one();
    }
  });
}

void TaskStream::close() {
  std::thread thread;
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
    cancel_ = true;
    thread = std::move(thread_);
  }
  wake_.notify_one();
  if (!thread.joinable()) return;
  if (std::this_thread::get_id() == id_)
    thread.detach();
  else
    thread.join();
}

void TaskStream::run() {
  for (;;) {
    Item item;
    bool closing;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return closing_ || !items_.empty(); });
      if (items_.empty()) return;
      item = std::move(items_.front());
      items_.pop_front();
      if (item.awaited) wake_.wait(lock, [&] { return closing_ || item.awaited->done(); });
      closing = closing_;
    }
    if (closing) {
      item.done->finish(Status::cancelled, "the stream was closed", {});
      continue;
    }
    const auto failed = [&](Status status, const char* text) {
      item.task = nullptr;
      std::string message;
      try {
        message = text;
      } catch (const std::bad_alloc&) {  // the status has to do
      }
      item.done->finish(status, std::move(message), {});
    };
    try {
      RunOptions options;
      options.stream = stream_.get();
      options.cancel = &cancel_;
      Arrays results = item.task ? item.task(options) : Arrays();
      item.task = nullptr;  // what it held is free before anybody hears that it is done
      item.done->finish(Status::ok, {}, std::move(results));
    } catch (const Error& error) {
      failed(error.status(), error.what());
    } catch (const std::exception& error) {
      failed(dynamic_cast<const std::bad_alloc*>(&error) ? Status::out_of_memory : Status::internal, error.what());
    }
  }
}

}  // namespace mlxc
