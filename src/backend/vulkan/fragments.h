// Asks the device once how it lays out the fragments of cooperative matrices.
#pragma once

#include "array/storage.h"
#include "backend/vulkan/context.h"
#include "backend/vulkan/pipelines.h"

namespace mlxc::vulkan {

// Clears Capabilities::fragment_layout unless kernels that fill fragments by themselves would be right. Throws Error(device_lost), nothing
// else.
void probe_fragments(Context& context, Pipelines& pipelines, Allocator& allocator);

}  // namespace mlxc::vulkan
