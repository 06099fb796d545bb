#include "backend/vulkan/profile.h"

namespace mlxc::vulkan {

ProgramCounters& program_counters() {
  static ProgramCounters counters;
  return counters;
}

}  // namespace mlxc::vulkan
