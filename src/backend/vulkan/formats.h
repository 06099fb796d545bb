// Which intermediate values of a program are stored in 16 bits.
#pragma once

#include <vector>

#include "backend/backend.h"
#include "backend/vulkan/capabilities.h"

namespace mlxc::vulkan {

// Products with 16-bit weights round their input anyway. Where one launch writes a temporary and only such products read it, it is written
// in that type: rewrites the dtypes in the plans. Buffers of `keep` stay as they are. Gives the buffers that changed.
std::vector<int> store_half(std::vector<LaunchPlan>& launches, const std::vector<bool>& temporary, const Capabilities& caps,
                            const std::vector<int>& keep);

}  // namespace mlxc::vulkan
