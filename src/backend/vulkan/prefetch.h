// Weights of the products that follow are brought nearer while attention of single tokens, which is bound by latency, leaves the memory idle.
#pragma once

#include "backend/vulkan/program.h"

namespace mlxc::vulkan {

// Adds a dispatch beside each such attention: it reads what nothing writes, so no barrier parts the two.
void add_prefetches(LoweredProgram& program, const Capabilities& caps);

}  // namespace mlxc::vulkan
