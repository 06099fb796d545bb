// Devices with options of their own.
#pragma once

#include <vector>

#include "backend/cpu/cpu_device.h"
#include "backend/vulkan/open.h"

namespace mlxc::vulkan::test {

// A device of its own on the first physical device. It stays until the process ends: programs in the cache refer to it.
inline OpenDevice& open_test_device(const DeviceOptions& options, BudgetQuestion budget = {}) {
  static auto* devices = new std::vector<std::unique_ptr<OpenDevice>>;
  devices->push_back(open_device(0, cpu_device(), {options, std::move(budget)}));
  return *devices->back();
}

}  // namespace mlxc::vulkan::test
