#include "backend/cpu/lower.h"

namespace mlxc::cpu {

void bind_key(Drop& drop, std::byte* const* key, const float* result) {
  drop.low = reinterpret_cast<const uint32_t*>(key[0]);
  drop.high = reinterpret_cast<const uint32_t*>(key[1]);
  drop.first = result;
}

Activation activation_of(Gate gate) {
  switch (gate) {
    case Gate::silu: return Activation::silu;
    case Gate::gelu_tanh: return Activation::gelu_tanh;
    case Gate::gelu_erf: return Activation::gelu_erf;
    case Gate::relu: return Activation::relu;
    case Gate::none: break;
  }
  return Activation::none;
}

void no_kernel(const LaunchPlan& plan) {
  std::string types;
  for (const OperandType& input : plan.inputs) types += cat(types.empty() ? "" : ", ", name_of(input.type.dtype));
  fail(Status::unsupported, "the CPU has no kernel for ", plan.primitive->name(), " of (", types, ")");
}

LaunchPtr lower(const LaunchPlan& plan) {
  switch (plan.primitive->code()) {
    case OpCode::fused: return lower_fused(plan);
    case OpCode::linear:
    case OpCode::rms_norm:
    case OpCode::layer_norm:
    case OpCode::rope:
    case OpCode::kv_write:
    case OpCode::rope_kv_write:
    case OpCode::paged_attention:
    case OpCode::dense_attention:
    case OpCode::segment_pool: return lower_transformer_op(plan);
    case OpCode::norm_gradient:
    case OpCode::attention:
    case OpCode::attention_gradient:
    case OpCode::cross_entropy:
    case OpCode::cross_entropy_gradient:
    case OpCode::adam: return lower_training_op(plan);
    case OpCode::update:
    case OpCode::scatter:
    case OpCode::sort:
    case OpCode::scan:
    case OpCode::random_bits: return lower_index_op(plan);
    case OpCode::convolution:
    case OpCode::convolution_input:
    case OpCode::convolution_weight:
    case OpCode::pool:
    case OpCode::pool_gradient: return lower_convolution_op(plan);
    case OpCode::linalg: return lower_linalg_op(plan);
    default: return lower_array_op(plan);
  }
}

}  // namespace mlxc::cpu
