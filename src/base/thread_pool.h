// Fork-join over index ranges. Workers spin briefly between joins (a decode step has hundreds) and sleep otherwise.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

namespace mlxc {

// Cores this process may use: affinity mask and cgroup v1/v2 CPU quota, at least 1.
int available_cores();

class ThreadPool {
 public:
  // threads counts the caller's own: 1 starts none. 0 = available_cores(). Throws Error(out_of_memory) if threads cannot be started.
  explicit ThreadPool(int threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const;

  // Calls body(begin, end, worker) so that the ranges cover [0, count) once; ranges are multiples of `grain` except the last.
  // worker is in [0, size()), the calling thread is worker 0. Returns when all are done; the first exception is rethrown.
  // Work that fits one grain, and calls from inside a body, run on the calling thread. One outside caller at a time (internally locked).
  template <class Body>
  void parallel_for(int64_t count, int64_t grain, Body&& body) {
    run(count, grain, invoke<std::remove_reference_t<Body>>, const_cast<void*>(static_cast<const void*>(&body)), true);
  }

  // The same if the pool is free; false, and nothing done, while it works for another caller.
  template <class Body>
  bool try_parallel_for(int64_t count, int64_t grain, Body&& body) {
    return run(count, grain, invoke<std::remove_reference_t<Body>>, const_cast<void*>(static_cast<const void*>(&body)), false);
  }

 private:
  using Invoke = void (*)(void* context, int64_t begin, int64_t end, int worker);
  template <class Function>
  static void invoke(void* context, int64_t begin, int64_t end, int worker) {
    (*static_cast<Function*>(context))(begin, end, worker);
  }
  bool run(int64_t count, int64_t grain, Invoke invoke, void* context, bool wait);
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mlxc
