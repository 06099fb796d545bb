// Convolutions and pools: shapes of one to three spatial axes become three, the outer ones 1.
#include "backend/cpu/kernels/kernels.h"
#include "backend/cpu/lower.h"
#include "ops/convolution.h"
#include "ops/pool.h"

namespace mlxc::cpu {
namespace {

void set_axes(int64_t (&to)[3], std::span<const int64_t> values) { std::copy(values.begin(), values.end(), to + 3 - values.size()); }
void set_axes(int64_t (&to)[3], const Dims& values) { set_axes(to, {values.begin(), size_t(values.rank())}); }
void set_spatial(int64_t (&to)[3], const Shape& shape) { set_axes(to, {shape.begin() + 2, size_t(shape.rank() - 2)}); }

ConvolutionArgs arguments(const LaunchPlan& plan, const ConvolutionWindow& window, const Shape& x, const Shape& weight, const Shape& y) {
  ConvolutionArgs args;
  args.dtype = plan.outputs[0].type.dtype;
  if (args.dtype != DType::f32 && args.dtype != DType::f64) no_kernel(plan);
  args.batch = x[0];
  args.channels = x[1];
  args.filters = y[1];
  args.groups = window.groups;
  set_spatial(args.size, x);
  set_spatial(args.kernel, weight);
  set_spatial(args.out, y);
  set_axes(args.stride, window.stride);
  set_axes(args.padding, window.padding);
  set_axes(args.dilation, window.dilation);
  return args;
}

const Shape& input(const LaunchPlan& plan, size_t i) { return plan.inputs[i].type.shape; }
const Shape& output(const LaunchPlan& plan) { return plan.outputs[0].type.shape; }

LaunchPtr lower_forward(const LaunchPlan& plan) {
  const auto& op = as<Convolution>(*plan.primitive);
  ConvolutionArgs base = arguments(plan, op.window, input(plan, 0), input(plan, 1), output(plan));
  base.relu = op.relu;
  return make_launch([base, bias = op.has_bias](ThreadPool& pool, std::byte* const* operands) {
    ConvolutionArgs args = base;
    args.x = operands[0];
    args.weight = operands[1];
    args.bias = bias ? operands[2] : nullptr;
    args.y = operands[bias ? 3 : 2];
    convolution(pool, args);
  });
}

LaunchPtr lower_input(const LaunchPlan& plan) {
  const auto& op = as<ConvolutionInput>(*plan.primitive);
  const ConvolutionArgs base = arguments(plan, op.window, output(plan), input(plan, 1), input(plan, 0));
  return make_launch([base, bias = op.has_bias](ThreadPool& pool, std::byte* const* operands) {
    ConvolutionArgs args = base;
    args.y = operands[0];
    args.weight = operands[1];
    args.bias = bias ? operands[2] : nullptr;
    args.x = operands[bias ? 3 : 2];
    convolution_input(pool, args);
  });
}

LaunchPtr lower_weight(const LaunchPlan& plan) {
  const auto& op = as<ConvolutionWeight>(*plan.primitive);
  const ConvolutionArgs base = arguments(plan, op.window, input(plan, 0), output(plan), input(plan, 1));
  return make_launch([base, bias = op.has_bias](ThreadPool& pool, std::byte* const* operands) {
    ConvolutionArgs args = base;
    args.x = operands[0];
    args.y = operands[1];
    args.weight = operands[2];
    args.bias = bias ? operands[3] : nullptr;
    convolution_weight(pool, args);
  });
}

template <class Op>
PoolArgs pool_arguments(const LaunchPlan& plan, const Op& op, const Shape& x, const Shape& y) {
  PoolArgs args;
  args.op = op.op;
  args.dtype = plan.outputs[0].type.dtype;
  if (args.dtype != DType::f32 && args.dtype != DType::f64) no_kernel(plan);
  args.planes = x[0] * x[1];
  set_spatial(args.size, x);
  set_spatial(args.out, y);
  set_axes(args.kernel, op.shape.kernel);
  set_axes(args.stride, op.shape.stride);
  set_axes(args.padding, op.shape.padding);
  set_axes(args.dilation, op.shape.dilation);
  return args;
}

LaunchPtr lower_pool(const LaunchPlan& plan) {
  const auto& op = as<Pool>(*plan.primitive);
  const PoolArgs base = pool_arguments(plan, op, input(plan, 0), output(plan));
  return make_launch([base, picks = op.picks](ThreadPool& threads, std::byte* const* operands) {
    PoolArgs args = base;
    args.x = operands[0];
    args.other = picks ? operands[1] : nullptr;
    args.y = operands[picks ? 2 : 1];
    pool(threads, args);
  });
}

LaunchPtr lower_pool_gradient(const LaunchPlan& plan) {
  const auto& op = as<PoolGradient>(*plan.primitive);
  const PoolArgs base = pool_arguments(plan, op, output(plan), input(plan, 0));
  return make_launch([base, max = op.op == mlxc::PoolOp::max](ThreadPool& threads, std::byte* const* operands) {
    PoolArgs args = base;
    args.y = operands[0];
    args.x = max ? operands[1] : nullptr;
    args.dx = operands[max ? 2 : 1];
    pool_gradient(threads, args);
  });
}

}  // namespace

LaunchPtr lower_convolution_op(const LaunchPlan& plan) {
  switch (plan.primitive->code()) {
    case OpCode::convolution: return lower_forward(plan);
    case OpCode::convolution_input: return lower_input(plan);
    case OpCode::convolution_weight: return lower_weight(plan);
    case OpCode::pool: return lower_pool(plan);
    case OpCode::pool_gradient: return lower_pool_gradient(plan);
    default: no_kernel(plan);
  }
}

}  // namespace mlxc::cpu
