// Process-wide counters behind graph_counters().
#pragma once

#include <atomic>
#include <cstdint>

namespace mlxc {

struct AtomicGraphCounters {
  std::atomic<int64_t> plans{0}, runs{0}, launches{0};
};
AtomicGraphCounters& counters();

}  // namespace mlxc
