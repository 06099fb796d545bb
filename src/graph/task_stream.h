// Work beside the caller: tasks in order on a thread of their own, and what tells that they are done.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "graph/array.h"
#include "graph/function.h"

namespace mlxc {

// Set once, when what stands before it has ended. Threads: any.
class Fence {
 public:
  bool done() const;
  // False: the time has passed; none waits without limit. Throws the error of a task that failed, and Error(busy) on the thread that the
  // task has to run on.
  bool wait(std::optional<std::chrono::milliseconds> limit = {}) const;
  // Calls at once when it is done already, else on the thread that ends the work. `call` must not throw.
  void on_done(std::function<void(Status)> call);
  // What the task gave, once it is done.
  const Arrays& results() const;

 private:
  friend class TaskStream;
  void finish(Status status, std::string message, Arrays results) noexcept;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool done_ = false;
  Status status_ = Status::ok;
  std::string message_;
  Arrays results_;
  std::vector<std::function<void(Status)>> calls_;
  std::thread::id worker_;
};
using FencePtr = std::shared_ptr<Fence>;

// Threads: any. Owned by whoever made it and by its own thread, which ends by itself when the stream is closed in one of its callbacks.
class TaskStream : public std::enable_shared_from_this<TaskStream> {
 public:
  // threads: of the CPU, 0 = as many as the process may use.
  static std::shared_ptr<TaskStream> create(Device& device, int threads);

  using Task = std::function<Arrays(const RunOptions& options)>;
  FencePtr add(Task task);
  // Done when everything added before is.
  FencePtr record();
  // What is added later begins when the fence, of any stream and device, is done; also when its task failed.
  void wait_for(const FencePtr& fence);
  // Ends what runs and what waits with Error(cancelled). Returns when the thread has ended, or at once on the thread itself.
  void close();

  Device& device() const { return device_; }

 private:
  struct Item {
    Task task;
    FencePtr awaited, done;
  };
  TaskStream(Device& device, int threads) : device_(device), stream_(device.new_stream(threads)) {}
  FencePtr push(Item item);
  void run();

  Device& device_;
  const std::unique_ptr<Stream> stream_;
  std::atomic<bool> cancel_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Item> items_;
  bool closing_ = false;
  std::thread thread_;
  std::thread::id id_;
};

}  // namespace mlxc
