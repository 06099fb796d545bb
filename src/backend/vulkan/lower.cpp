#include "backend/vulkan/lower.h"

#include <algorithm>

#include "backend/vulkan/formats.h"
#include "ops/matmul.h"

namespace mlxc::vulkan {
Extent extent_of(const OperandType& operand) {
  const int64_t size = size_of(operand.type.dtype);
  Extent extent{0, size};
  for (int axis = 0; axis < operand.type.shape.rank(); ++axis) {
    const int64_t dim = operand.type.shape[axis];
    if (dim == 0) return {0, 0};
    const int64_t reach = (dim - 1) * operand.strides[axis] * size;
    (reach < 0 ? extent.begin : extent.end) += reach;
  }
  return extent;
}

Ref Emitter::input(size_t index) const {
  const TensorType& type = plan().inputs[index].type;
  const int blocks = fragments(index);
  return {Ref::Kind::operand, int(index), 0, blocks ? fragment_bytes(blocks, type.shape.back()) : extent_of(plan().inputs[index]).end};
}

Ref Emitter::output(size_t index) const {
  const TensorType& type = plan().outputs[index].type;
  const size_t operand = plan().inputs.size() + index;
  const int blocks = fragments(operand);
  const int64_t tokens = blocks ? type.shape[0] : 1;
  return {Ref::Kind::operand, int(operand), 0,
          blocks ? fragment_bytes(blocks, element_count(type.shape) / tokens) : extent_of(plan().outputs[index]).end};
}

Grid Emitter::row(int64_t count) const {
  const int64_t most_x = caps().max_groups[0], most_y = caps().max_groups[1];
  if (count <= most_x) return {uint32_t(count), 1, 1};
  const int64_t y = (count + most_x - 1) / most_x;
  if (y > most_y || count > int64_t(UINT32_MAX) - most_y)
    fail(Status::unsupported, plan().primitive->name(), " needs ", count, " workgroups, more than this device runs at once");
  return {uint32_t((count + y - 1) / y), uint32_t(y), 1};
}

void no_kernel(const LaunchPlan& plan) {
  std::string types;
  for (const OperandType& input : plan.inputs) types += cat(types.empty() ? "" : ", ", name_of(input.type.dtype));
  fail(Status::unsupported, "this Vulkan device has no kernel for ", plan.primitive->name(), " of (", types, ")");
}

void lower(Emitter& emitter) {
  switch (emitter.plan().primitive->code()) {
    case OpCode::fused: return lower_fused(emitter);
    case OpCode::matmul: return lower_matmul(emitter);
    case OpCode::linalg: return lower_linalg(emitter);
    case OpCode::top_k: return lower_top_k(emitter);
    case OpCode::linear: return lower_linear(emitter);
    case OpCode::rms_norm:
    case OpCode::layer_norm: return lower_norm(emitter);
    case OpCode::rope:
    case OpCode::kv_write:
    case OpCode::rope_kv_write: return lower_rope(emitter);
    case OpCode::paged_attention:
    case OpCode::dense_attention:
    case OpCode::segment_pool: return lower_attention(emitter);
    case OpCode::update:
    case OpCode::scatter:
    case OpCode::sort:
    case OpCode::scan:
    case OpCode::random_bits: return lower_index_op(emitter);
    case OpCode::pool:
    case OpCode::pool_gradient:
    case OpCode::norm_gradient:
    case OpCode::batch_norm:
    case OpCode::batch_norm_gradient:
    case OpCode::cross_entropy:
    case OpCode::cross_entropy_gradient:
    case OpCode::adam: return lower_training_op(emitter);
    case OpCode::convolution:
    case OpCode::convolution_input:
    case OpCode::convolution_weight: return lower_convolution(emitter);
    case OpCode::custom: return lower_custom(emitter);
    default: return lower_array_op(emitter);
  }
}

}  // namespace mlxc::vulkan
