// Reductions, written for the operations and dtypes at hand: one or several of the same elements, which lie in memory or are computed from
// what does.
#pragma once

#include <vector>

#include "backend/vulkan/elementwise_glsl.h"

namespace mlxc::vulkan {

enum class Reduction {
  sum,
  mean,
  product,
  maximum,
  minimum,
  any,
  all,
  logsumexp,
  variance,
  deviation,
  arg_maximum,
  arg_minimum,
  exponentials
};

// [outer, count, inner] over count. `stride`: elements between outer indices.
struct ReduceShape {
  int64_t outer = 1, count = 1, inner = 1, stride = 1;
};

// Results are [outer, inner] of `result`; of `exponentials`, pairs of float32: the maximum, and the sum of exp(x - maximum), NaN if there
// is one.
struct ReduceTarget {
  Reduction op;
  DType result;
  Ref out;
};

// What is reduced: a row-major operand, or what `body` computes of several, each row-major over the same shape or one element for all of
// it.
struct ReduceInput {
  struct Operand {
    Ref ref;
    DType dtype;
    bool one = false;
  };
  DType dtype;  // of the elements that are reduced
  std::vector<Operand> operands;
  ElementwiseBody body = {.name = "reduce"};
};

// As few dispatches as the arguments of one allow; the input is read by each.
void emit_reductions(Emitter& emitter, const ReduceInput& input, const ReduceShape& shape, const std::vector<ReduceTarget>& targets);
void emit_reduce(Emitter& emitter, Reduction op, DType dtype, DType result, const ReduceShape& shape, const Ref& x, const Ref& out);

// Whether an operand is the same element wherever it is looked at.
bool is_one(const OperandType& operand);
// Whether a reduction can take in the elementwise chain right before it, whose result it reads.
bool joins_reduction(const LaunchPlan& chain, const LaunchPlan& reduction);

}  // namespace mlxc::vulkan
