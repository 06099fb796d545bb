// A lock for a few dozen instructions: one atomic exchange to take, a store to leave. Whoever finds it taken spins, and steps aside for
// others after a while; never hold it over a system call.
#pragma once

#include <atomic>
#include <thread>

namespace mlxc {

class SpinLock {
 public:
  void lock() noexcept {
    for (int turns = 1; taken_.exchange(true, std::memory_order_acquire);)
      for (; taken_.load(std::memory_order_relaxed); ++turns)
        if (turns % 64 == 0) std::this_thread::yield();  // its holder may wait for this core
  }
  void unlock() noexcept { taken_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> taken_{false};
};

}  // namespace mlxc
