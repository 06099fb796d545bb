#include "base/thread_pool.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <vector>

#include "base/error.h"
#include "base/system_calls.h"

namespace mlxc {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kPauseTime = std::chrono::microseconds(20);  // pure spinning, while the next join is likely
constexpr auto kSpinTime = std::chrono::microseconds(60);   // then offering the core to others, then sleep
// A chunk is half of a thread's share of what is left, down to a sixteenth of its share of all: large while there is much to do, small
// towards the end, where cores of different speed are evened out (guided self-scheduling, Polychronopoulos and Kuck 1987).
constexpr int64_t kShareOfRest = 2, kShareOfAll = 16;
constexpr size_t kCacheLine = 64;

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Waits without sleeping until ready() or the spin time is over; returns what ready() said last.
template <class Ready>
bool spin_until(Ready&& ready) {
  for (int i = 0; i < 64; ++i) {
    if (ready()) return true;
    pause();
  }
  const auto start = Clock::now();
  for (;;) {
    for (int i = 0; i < 32; ++i) {
      if (ready()) return true;
      pause();
    }
    const auto waited = Clock::now() - start;
    if (waited > kSpinTime) return ready();
    if (waited > kPauseTime) sched_yield();  // more threads than free cores: who holds a chunk may need this one
  }
}

// Signals belong to the host program's threads; faults and the profiler's ticks stay with the thread that causes them.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t blocked;
    sigfillset(&blocked);
    for (int keep : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF}) sigdelset(&blocked, keep);
    pthread_sigmask(SIG_BLOCK, &blocked, &before_);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

// A join is open while the gate is: workers enter it by raising the gate's count and leave by lowering it. The caller works too, closes
// the gate when all chunks are taken, and waits only for those inside. A worker that is asleep or not scheduled delays nobody.
struct ThreadPool::State {
  // gate: epoch (40 bits) | caller sleeps | closed | workers inside (22 bits)
  static constexpr uint64_t kClosed = uint64_t(1) << 22, kCallerSleeps = uint64_t(1) << 23, kEpoch = uint64_t(1) << 24;
  static constexpr uint64_t kInside = kClosed - 1;

  struct Job {
    Invoke invoke = nullptr;
    void* context = nullptr;
    int64_t count = 0, grain = 0, grains = 0, least = 0;  // least: grains of a chunk
  };
  struct Worker {
    State* state;
    int index;
    pthread_t thread;
  };

  explicit State(int threads) : size(threads) {
    workers.reserve(size_t(threads - 1));  // workers hold pointers into it
    for (int i = 1; i < threads; ++i) {
      Worker& worker = workers.emplace_back(Worker{this, i, {}});
      BlockedSignals guard;
      if (int error = system_calls.pthread_create(&worker.thread, nullptr, start, &worker)) {
        workers.pop_back();
        stop();
        throw Error(Status::out_of_memory,
                    cat("thread ", i + 1, " of ", threads, " could not be started: the process or system limit of threads is reached"),
                    error);
      }
      pthread_setname_np(worker.thread, "mlxc-worker");
    }
  }

  void stop() {
    {
      std::lock_guard lock(sleep);
      stopping.store(true);
    }
    wake.notify_all();
    for (Worker& worker : workers) pthread_join(worker.thread, nullptr);
  }

  static void* start(void* argument) {
    auto& worker = *static_cast<Worker*>(argument);
    worker.state->work(worker.index);
    return nullptr;
  }

  void work(int index) {
    here = {this, index};
    uint64_t seen = 0;
    for (;;) {
      auto called = [&] { return gate.load() / kEpoch != seen || stopping.load(std::memory_order_relaxed); };
      if (!spin_until(called)) {
        std::unique_lock lock(sleep);
        sleepers.fetch_add(1);  // before the last look at the gate, as run() opens it before looking at sleepers
        wake.wait(lock, called);
        sleepers.fetch_sub(1);
      }
      if (stopping.load()) return;
      uint64_t value = gate.load();
      seen = value / kEpoch;
      bool entered = false;
      while (!(value & kClosed) && !(entered = gate.compare_exchange_weak(value, value + 1))) seen = value / kEpoch;
      if (!entered) continue;
      take_chunks(index);
      value = gate.fetch_sub(1);
      if ((value & kCallerSleeps) && (value & kInside) == 1) {
        std::lock_guard lock(sleep);
        joined.notify_one();
      }
    }
  }

  void take_chunks(int index) {
    for (int64_t first = next.load(std::memory_order_relaxed); first < job.grains;) {
      const int64_t rest = job.grains - first, last = first + std::min(rest, std::max(job.least, rest / (kShareOfRest * size)));
      if (!next.compare_exchange_weak(first, last, std::memory_order_relaxed)) continue;
      try {
        job.invoke(job.context, first * job.grain, last < job.grains ? last * job.grain : job.count, index);
      } catch (...) {
        if (!failed.exchange(true)) exception = std::current_exception();
        next.store(job.grains, std::memory_order_relaxed);
      }
      first = next.load(std::memory_order_relaxed);
    }
  }

  void join(const Job& work) {
    job = work;
    next.store(0, std::memory_order_relaxed);
    gate.store((gate.load() / kEpoch + 1) * kEpoch);
    if (int asleep = sleepers.load()) {
      std::lock_guard lock(sleep);
      if (job.grains > asleep) {
        wake.notify_all();
      } else {
        for (int64_t i = 1; i < job.grains; ++i) wake.notify_one();
      }
    }
    take_chunks(0);
    gate.fetch_or(kClosed);
    auto empty = [&] { return (gate.load() & kInside) == 0; };
    if (!spin_until(empty)) {
      std::unique_lock lock(sleep);
      gate.fetch_or(kCallerSleeps);
      joined.wait(lock, empty);
    }
    if (failed.load(std::memory_order_relaxed)) {
      failed.store(false, std::memory_order_relaxed);
      std::rethrow_exception(std::exchange(exception, nullptr));
    }
  }

  // Which pool's body this thread is running, if any.
  struct Place {
    const State* state = nullptr;
    int worker = 0;
  };
  static thread_local Place here;

  const int size;
  std::vector<Worker> workers;
  std::mutex caller;

  alignas(kCacheLine) std::atomic<uint64_t> gate{kClosed};
  alignas(kCacheLine) std::atomic<int64_t> next{0};
  alignas(kCacheLine) Job job;  // written while the gate is closed and nobody is inside
  std::atomic<bool> failed{false};
  std::exception_ptr exception;

  alignas(kCacheLine) std::mutex sleep;
  std::condition_variable wake, joined;
  std::atomic<int> sleepers{0};
  std::atomic<bool> stopping{false};
};

thread_local ThreadPool::State::Place ThreadPool::State::here;

ThreadPool::ThreadPool(int threads) {
  constexpr int kMost = 4096;
  if (threads < 0 || threads > kMost) fail(Status::invalid_argument, "thread count is ", threads, ", expected 0 (all cores) to ", kMost);
  state_ = std::make_unique<State>(threads == 0 ? std::min(available_cores(), kMost) : threads);
}

ThreadPool::~ThreadPool() { state_->stop(); }

int ThreadPool::size() const { return state_->size; }

bool ThreadPool::run(int64_t count, int64_t grain, Invoke invoke, void* context, bool wait) {
  if (count <= 0) return true;
  State& state = *state_;
  if (State::here.state) {  // inside a body: the other threads are busy, and the same worker number stays unique
    invoke(context, 0, count, State::here.state == &state ? State::here.worker : 0);
    return true;
  }
  std::unique_lock lock(state.caller, std::defer_lock);
  if (wait) {
    lock.lock();
  } else if (!lock.try_lock()) {
    return false;
  }
  struct Inside {
    explicit Inside(const State* state) { State::here = {state, 0}; }
    ~Inside() { State::here = {}; }
  } inside(&state);
  grain = std::clamp<int64_t>(grain, 1, count);
  if (state.size == 1 || grain == count) {
    invoke(context, 0, count, 0);
    return true;
  }
  const int64_t grains = (count - 1) / grain + 1;
  state.join({invoke, context, count, grain, grains, std::max<int64_t>(1, grains / (state.size * kShareOfAll))});
  return true;
}

}  // namespace mlxc
