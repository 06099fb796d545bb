// Where the time of a device goes: GPU nanoseconds of every dispatch, collected while it is switched on.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace mlxc::vulkan {

// A kernel, or an operation that ran on the fallback device ("on cpu": the time of copying and running it there).
struct ProfileKernel {
  std::string operation, module;
  int64_t dispatches = 0, groups = 0;
  double nanoseconds = 0, flops = 0, bytes = 0;
};

// What is timed. Stamps after every dispatch keep kernels from following each other closely; whole programs run as they always do.
enum class Timing : uint8_t { none, kernels, programs };

// A program and its runs. `dispatches`, `barriers` and `host_launches` are of one run.
struct ProfileProgram {
  int64_t id = 0, runs = 0, launches = 0, dispatches = 0, barriers = 0, host_launches = 0, submissions = 0;
  double nanoseconds = 0;       // on the GPU, all runs
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
  Profile();  // kernels when MLXC_VULKAN_PROFILE=1
  Timing timing() const { return timing_.load(std::memory_order_relaxed); }
  void time(Timing timing) { timing_.store(timing, std::memory_order_relaxed); }

  void add(const ProfileKernel& kernel);
  void add(const ProfileProgram& run);
  ProfileTable table() const;
  void reset();

 private:
  std::atomic<Timing> timing_;
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, ProfileKernel> kernels_;
  std::map<int64_t, ProfileProgram> programs_;
};

// What has happened in this process, for tests and for the curious.
struct ProgramCounters {
  std::atomic<int64_t> programs{0};       // compiled
  std::atomic<int64_t> recordings{0};     // made
  std::atomic<int64_t> submissions{0};
  std::atomic<int64_t> host_launches{0};  // launches that ran on the fallback device
};
ProgramCounters& program_counters();

}  // namespace mlxc::vulkan
