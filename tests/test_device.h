// The device that tests of operations and models run on: MLXC_TEST_DEVICE, "cpu" when unset. The suite runs them again on vulkan:0.
#pragma once

#include <cstdlib>
#include <string_view>

#include "backend/cpu/cpu_device.h"
#include "backend/vulkan/vulkan_device.h"

namespace mlxc::test {

inline Device& device() {
  static Device& chosen = []() -> Device& {
    const char* name = std::getenv("MLXC_TEST_DEVICE");
    if (!name || !std::string_view(name).starts_with("vulkan:")) return cpu_device();
    return vulkan_device(size_t(std::atoi(name + 7)), cpu_device());
  }();
  return chosen;
}
inline bool on_cpu() { return &device() == &cpu_device(); }

}  // namespace mlxc::test
