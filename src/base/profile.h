// Where the time of a device goes: one event a launch, collected while it is switched on; tables and a Chrome trace of them.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

namespace mlxc {

// What is timed. Stamps after every dispatch keep a GPU's kernels from following each other closely; whole programs run as they always do.
enum class Timing : uint8_t { none, kernels, programs };

// What does not change from run to run. Executables make it once.
struct ProfileLabel {
  std::string operation;   // of the graph
  std::string kernel;      // that runs it
  std::string holds;       // the operations that were joined into the launch, in order; the operation alone when it is one
  int64_t operations = 1;  // how many those are
  std::string shape;       // of the first output, with its dtype
  std::string device;      // that runs it
  std::string reason;      // why that device; empty: it was asked for and has a kernel
  double flops = 0, bytes = 0;
};
using ProfileLabelPtr = std::shared_ptr<const ProfileLabel>;

// Equal labels together.
struct ProfileKernel {
  ProfileLabelPtr label;
  int64_t launches = 0;
  double nanoseconds = 0, flops = 0, bytes = 0;
};

// A program and its runs. Counts are of one run.
struct ProfileProgram {
  int64_t id = 0, runs = 0, launches = 0, dispatches = 0, barriers = 0, host_launches = 0, submissions = 0;
  double nanoseconds = 0;       // of its launches, on a GPU from the first to the last; all runs
  double host_nanoseconds = 0;  // from submitting to having waited
};

struct ProfileTable {
  std::vector<ProfileKernel> kernels;    // most time first
  std::vector<ProfileProgram> programs;  // most time first
  std::string text() const;
};

// Threads: any.
class Profile {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr size_t kMostEvents = size_t{1} << 18;  // later ones count in the table only

  Timing timing() const { return timing_.load(std::memory_order_relaxed); }
  void time(Timing timing) { timing_.store(timing, std::memory_order_relaxed); }

  void add(const ProfileLabelPtr& label, Clock::time_point start, double nanoseconds, int64_t program);
  void add(const ProfileProgram& run);
  ProfileTable table() const;
  // Complete events ("ph": "X") in the Trace Event Format of Chrome and Perfetto, as elements of an array without its brackets: one process
  // a device, one row a thread that ran programs. pid: the process' number.
  std::string trace(int pid, const std::string& process) const;
  void reset();

  static int64_t next_program();  // a number for an executable

 private:
  struct Event {
    ProfileLabelPtr label;
    Clock::time_point start;
    double nanoseconds;
    int64_t program;
    int thread;
  };
  using Key = std::tuple<std::string, std::string, std::string, std::string, std::string>;

  std::atomic<Timing> timing_{Timing::none};
  mutable std::mutex mutex_;
  std::map<Key, ProfileKernel> kernels_;
  std::map<int64_t, ProfileProgram> programs_;
  std::vector<Event> events_;
};

// The array of events in a whole file.
std::string chrome_trace(const std::string& events);

}  // namespace mlxc
