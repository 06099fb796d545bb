// The devices of this process by name.
#pragma once

#include <vector>

#include "capi/objects.h"
#include "mlxc/device.h"

namespace mlxc::capi {

// The CPU first, then every Vulkan device; one entry that says why when there is none.
std::vector<mlxc_device_info> known_devices();
// NULL: $MLXC_DEVICE, else the CPU. Error(not_found) lists the known names, Error(unsupported) says why it is not available.
Device& open_device(const char* name);

}  // namespace mlxc::capi
