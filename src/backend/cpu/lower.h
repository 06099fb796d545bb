// From a planned operation to a call of a kernel with everything but addresses bound.
#pragma once

#include <memory>
#include <vector>

#include "backend/cpu/kernels/kernels.h"
#include "backend/layouts.h"
#include "base/thread_pool.h"
#include "ops/matmul.h"

namespace mlxc::cpu {

class Launch {
 public:
  virtual ~Launch() = default;
  // operands: inputs, then outputs. Immutable: several threads may run one launch, each with a pool of its own.
  virtual void run(ThreadPool& pool, std::byte* const* operands) const = 0;
};
using LaunchPtr = std::unique_ptr<Launch>;

template <class Body>
LaunchPtr make_launch(Body body) {
  struct Bound final : Launch {
    explicit Bound(Body body) : body(std::move(body)) {}
    void run(ThreadPool& pool, std::byte* const* operands) const override { body(pool, operands); }
    Body body;
  };
  return std::make_unique<Bound>(std::move(body));
}

// Throws Error(unsupported) naming operation and dtype when no kernel takes it.
LaunchPtr lower(const LaunchPlan& plan);

// The families, one file each.
LaunchPtr lower_fused(const LaunchPlan& plan);
LaunchPtr lower_array_op(const LaunchPlan& plan);
LaunchPtr lower_index_op(const LaunchPlan& plan);
LaunchPtr lower_convolution_op(const LaunchPlan& plan);
LaunchPtr lower_linalg_op(const LaunchPlan& plan);
LaunchPtr lower_transformer_op(const LaunchPlan& plan);
LaunchPtr lower_training_op(const LaunchPlan& plan);

// A launch of reduce, arg_reduce or reductions without addresses.
struct Reduction {
  ReduceArgs args;
  std::vector<ReduceTarget> targets;
};
Reduction reduction_of(const LaunchPlan& plan);

// Whether a reduction takes what a fused chain gives part by part, so that the values between them need not lie in memory.
bool joins_reduction(const LaunchPlan& chain, const LaunchPlan& reduction);
// Operands: the chain's inputs, then the reduction's outputs.
LaunchPtr lower_chain_reduction(const LaunchPlan& chain, const LaunchPlan& reduction);

Activation activation_of(Gate gate);
KvLayout page_layout(const TensorType& pages);
// key: the two operands of its halves.
void bind_key(Drop& drop, std::byte* const* key, const float* result);

// Layouts that the kernels here take beyond those that all backends do (backend/layouts.h).
bool accepts_layout(const Primitive& primitive, size_t input, const OperandType& operand);

[[noreturn]] void no_kernel(const LaunchPlan& plan);

}  // namespace mlxc::cpu
