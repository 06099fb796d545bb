// Families that are not there yet (weak: a family's own file wins).
#include "backend/vulkan/lower.h"

namespace mlxc::vulkan {
#define MISSING(name) \
  [[gnu::weak]] void name(Emitter& emitter) { no_kernel(emitter.plan()); }
MISSING(lower_fused)
MISSING(lower_array_op)
MISSING(lower_matmul)
MISSING(lower_linear)
MISSING(lower_norm)
MISSING(lower_rope)
MISSING(lower_attention)
[[gnu::weak]] bool writes_half(const LaunchPlan&) { return false; }
[[gnu::weak]] bool reads_half(const LaunchPlan&, const Capabilities&, DType*) { return false; }
}  // namespace mlxc::vulkan
