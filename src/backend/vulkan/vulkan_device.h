// Vulkan devices. The loader is opened at run time: a machine without Vulkan is an ordinary state.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "backend/vulkan/profile.h"

namespace mlxc {

struct VulkanDeviceInfo {
  std::string name;         // "vulkan:0": a number for each physical device, in the driver's order, whether it is usable or not
  std::string description;  // the hardware's own name, driver, and what of it is used
  std::string reason;       // why it is not available; empty when it is
  bool software = false;    // a CPU that plays a GPU
  bool automatic = false;   // "auto" takes it: available, and no software unless MLXC_VULKAN_SOFTWARE=1
  int64_t memory_bytes = 0;
};

// Every physical device; none, and why, where there is no loader, driver or device.
struct VulkanDevices {
  std::vector<VulkanDeviceInfo> devices;
  std::string reason;
};
const VulkanDevices& list_vulkan_devices();

// What this process may still take of an available device's memory: the driver's estimate.
int64_t vulkan_memory_left(size_t index);

// Opens a device once a process; later calls give the same one, or a fresh one after it was lost and let go of.
// `fallback` runs what has no kernel. Throws Error(unsupported) with the reason, Error(not_found).
Device& vulkan_device(size_t index, Device& fallback);
// Those that are open, the lost ones among them.
std::vector<Device*> open_vulkan_devices();

}  // namespace mlxc
