// What has happened in this process, for tests and for the curious.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/profile.h"

namespace mlxc::vulkan {

struct ProgramCounters {
  std::atomic<int64_t> programs{0};    // compiled
  std::atomic<int64_t> recordings{0};  // made
  std::atomic<int64_t> submissions{0};
  std::atomic<int64_t> host_launches{0};  // launches that ran on the fallback device
};
ProgramCounters& program_counters();

}  // namespace mlxc::vulkan
