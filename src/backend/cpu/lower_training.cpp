// What training has kernels for beyond what inference needs: gradients in one launch.
#include "backend/cpu/kernels/kernels.h"
#include "backend/cpu/lower.h"
#include "backend/layouts.h"
#include "ops/adam.h"
#include "ops/attention.h"
#include "ops/cross_entropy.h"
#include "ops/transformer.h"

namespace mlxc::cpu {
namespace {

float* floats(std::byte* data) { return reinterpret_cast<float*>(data); }
const int32_t* ints(const std::byte* data) { return reinterpret_cast<const int32_t*>(data); }

LaunchPtr lower_norm_gradient(const LaunchPlan& plan) {
  const auto& op = as<NormGradient>(*plan.primitive);
  NormGradientArgs base;
  base.dim = plan.inputs[0].type.shape.back();
  base.rows = base.dim ? element_count(plan.inputs[0].type.shape) / base.dim : 0;
  base.weight_dtype = plan.inputs[1].type.dtype;
  base.weight_offset = op.weight_offset;
  base.eps = op.eps;
  return make_launch([base, centered = op.centered](ThreadPool& pool, std::byte* const* operands) {
    NormGradientArgs args = base;
    args.x = floats(operands[0]);
    args.weight = operands[1];
    args.dy = floats(operands[2]);
    args.dx = floats(operands[3]);
    args.dweight = floats(operands[4]);
    args.dbias = centered ? floats(operands[5]) : nullptr;
    norm_gradient(pool, args);
  });
}

SequenceAttentionArgs attention_args(const LaunchPlan& plan, const Attention& op) {
  SequenceAttentionArgs args;
  const Shape &q = plan.inputs[0].type.shape, &k = plan.inputs[1].type.shape;
  args.batch = q[0];
  args.queries = q[1];
  args.heads = q[2];
  args.dim = q[3];
  args.keys = k[1];
  args.kv_heads = k[2];
  args.scale = op.scale;
  args.causal = op.causal;
  args.window = op.window;
  args.softcap = op.softcap;
  SequenceAttentionArgs::Operand* const operands[] = {&args.q, &args.k, &args.v};
  for (size_t i = 0; i < 3; ++i) {
    const Strides& strides = plan.inputs[i].strides;
    *operands[i] = {nullptr, strides[0], strides[1], strides[2]};
  }
  return args;
}

// The inputs and outputs of attention, which its gradient takes too.
SequenceAttentionArgs with_operands(SequenceAttentionArgs args, std::byte* const* operands) {
  args.q.data = floats(operands[0]);
  args.k.data = floats(operands[1]);
  args.v.data = floats(operands[2]);
  args.y = floats(operands[3]);
  args.normalizer = floats(operands[4]);
  return args;
}

LaunchPtr lower_attention(const LaunchPlan& plan) {
  return make_launch([base = attention_args(plan, as<Attention>(*plan.primitive))](ThreadPool& pool, std::byte* const* operands) {
    sequence_attention(pool, with_operands(base, operands));
  });
}

LaunchPtr lower_attention_gradient(const LaunchPlan& plan) {
  return make_launch(
      [base = attention_args(plan, as<AttentionGradient>(*plan.primitive).of)](ThreadPool& pool, std::byte* const* operands) {
        SequenceAttentionArgs args = with_operands(base, operands);
        args.dy = floats(operands[5]);
        args.dq = floats(operands[6]);
        args.dk = floats(operands[7]);
        args.dv = floats(operands[8]);
        sequence_attention_gradient(pool, args);
      });
}

LaunchPtr lower_cross_entropy(const LaunchPlan& plan) {
  const int64_t rows = element_count(plan.inputs[1].type.shape), classes = plan.inputs[0].type.shape.back();
  if (plan.primitive->code() == OpCode::cross_entropy)
    return make_launch([=](ThreadPool& pool, std::byte* const* operands) {
      cross_entropy(pool, floats(operands[0]), ints(operands[1]), floats(operands[2]), floats(operands[3]), rows, classes);
    });
  return make_launch([=](ThreadPool& pool, std::byte* const* operands) {
    cross_entropy_gradient(pool, floats(operands[0]), ints(operands[1]), floats(operands[2]), floats(operands[3]), floats(operands[4]),
                           rows, classes);
  });
}

LaunchPtr lower_adam(const LaunchPlan& plan) {
  const auto& op = as<AdamUpdate>(*plan.primitive);
  AdamArgs base{};
  base.n = element_count(plan.inputs[0].type.shape);
  base.beta1 = float(op.beta1), base.rest1 = float(1 - op.beta1);
  base.beta2 = float(op.beta2), base.rest2 = float(1 - op.beta2);
  base.eps = float(op.eps);
  return make_launch([base](ThreadPool& pool, std::byte* const* operands) {
    AdamArgs args = base;
    args.gradient = floats(operands[3]);
    args.keep = *floats(operands[4]);
    args.rate = *floats(operands[5]);
    args.correction = *floats(operands[6]);
    args.parameter = floats(operands[7]);  // where the old values lie
    args.mean = floats(operands[8]);
    args.variance = floats(operands[9]);
    adam(pool, args);
  });
}

}  // namespace

LaunchPtr lower_training_op(const LaunchPlan& plan) {
  switch (plan.primitive->code()) {
    case OpCode::norm_gradient: return lower_norm_gradient(plan);
    case OpCode::attention: return lower_attention(plan);
    case OpCode::attention_gradient: return lower_attention_gradient(plan);
    case OpCode::cross_entropy:
    case OpCode::cross_entropy_gradient: return lower_cross_entropy(plan);
    case OpCode::adam: return lower_adam(plan);
    default: no_kernel(plan);
  }
}

}  // namespace mlxc::cpu
