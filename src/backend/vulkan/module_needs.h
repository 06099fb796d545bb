// What a SPIR-V module with its specialisation constants asks of a device. Compared with what the device has before the driver sees it:
// what is beyond that is undefined, and drivers do crash on it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "backend/vulkan/capabilities.h"

namespace mlxc::vulkan {

struct ModuleNeeds {
  std::vector<uint32_t> capabilities;  // SPIR-V's numbers
  bool descriptors = false;            // buffers and images by set and binding, which our pipelines have not
  uint64_t shared_bytes = 0;           // laid out like storage buffers, the most that a driver may take for it
  uint32_t group[3] = {1, 1, 1};
  uint64_t invocations() const { return uint64_t(group[0]) * group[1] * group[2]; }
};

// constants: by SpecId 0, 1, ...; those that are not given have their defaults.
ModuleNeeds needs_of(std::span<const uint32_t> words, std::span<const uint32_t> constants);
// What of it the device has not, in words; empty when it has everything.
std::string what_it_lacks(const Capabilities& caps, const ModuleNeeds& needs);

}  // namespace mlxc::vulkan
