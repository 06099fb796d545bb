// Reductions of contiguous data, written for the operation and dtype at hand.
#pragma once

#include "backend/vulkan/elementwise_glsl.h"

namespace mlxc::vulkan {

enum class Reduction { sum, mean, product, maximum, minimum, any, all, logsumexp, arg_maximum, arg_minimum, exponentials };

// [outer, count, inner] over count. Results are [outer, inner] of `result`; of `exponentials`, pairs of float32: the maximum, and the sum of
// exp(x - maximum), NaN if there is one. `stride`: elements between outer indices.
struct ReduceShape {
  int64_t outer = 1, count = 1, inner = 1, stride = 1;
};
void emit_reduce(Emitter& emitter, Reduction op, DType dtype, DType result, const ReduceShape& shape, const Ref& x, const Ref& out);

}  // namespace mlxc::vulkan
