// Operations of the array library: products, reductions, copies, lookups, fills.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <vector>

#include "backend/cpu/kernels/kernels.h"
#include "backend/cpu/lower.h"
#include "ops/creation.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"

namespace mlxc::cpu {
namespace {

float* floats(std::byte* data) { return reinterpret_cast<float*>(data); }

LaunchPtr lower_copy(const LaunchPlan& plan) {
  Shape shape = plan.inputs[0].type.shape;
  Strides strides = plan.inputs[0].strides;
  int64_t item = size_of(plan.inputs[0].type.dtype);
  return make_launch([=](ThreadPool& pool, std::byte* const* operands) {
    copy_strided(pool, operands[0], operands[1], item, {shape.begin(), size_t(shape.rank())}, {strides.begin(), size_t(strides.rank())});
  });
}

LaunchPtr lower_concatenate(const LaunchPlan& plan) {
  int axis = as<Concatenate>(*plan.primitive).axis;
  Strides strides = contiguous_strides(plan.outputs[0].type.shape);
  int64_t item = size_of(plan.outputs[0].type.dtype);
  std::vector<Shape> shapes;
  for (const OperandType& input : plan.inputs) shapes.push_back(input.type.shape);
  return make_launch([=](ThreadPool& pool, std::byte* const* operands) {
    std::byte* to = operands[shapes.size()];
    for (size_t i = 0; i < shapes.size(); ++i) {
      const Shape& shape = shapes[i];
      if (element_count(shape))
        scatter_strided(pool, operands[i], to, item, {shape.begin(), size_t(shape.rank())}, {strides.begin(), size_t(strides.rank())});
      to += shape[axis] * strides[axis] * item;
    }
  });
}

LaunchPtr lower_take(const LaunchPlan& plan) {
  DType from = plan.inputs[0].type.dtype, to = plan.outputs[0].type.dtype;
  int64_t table_rows = plan.inputs[0].type.shape[0], count = element_count(plan.inputs[1].type.shape);
  int64_t width = count ? element_count(plan.outputs[0].type.shape) / count : 0;
  bool wide = plan.inputs[1].type.dtype == DType::i64;
  const int64_t item = size_of(from);
  ConvertFn convert = convert_function(from, to);
  return make_launch([=](ThreadPool& pool, std::byte* const* operands) {
    int64_t grain = std::max<int64_t>(1, 16384 / std::max<int64_t>(width, 1));
    pool.parallel_for(count, grain, [&](int64_t begin, int64_t end, int) {
      for (int64_t i = begin; i < end; ++i) {
        int64_t row = wide ? reinterpret_cast<const int64_t*>(operands[1])[i] : reinterpret_cast<const int32_t*>(operands[1])[i];
        std::byte* out = operands[2] + i * width * size_of(to);
        if (row < 0 || row >= table_rows)
          std::memset(out, 0, size_t(width * size_of(to)));
        else if (from == to)
          std::memcpy(out, operands[0] + row * width * item, size_t(width * item));
        else
          convert(operands[0] + row * width * item, out, width);
      }
    });
  });
}

LaunchPtr lower_fill(const LaunchPlan& plan) {
  DType dtype = plan.outputs[0].type.dtype;
  int64_t count = element_count(plan.outputs[0].type.shape), item = size_of(dtype);
  alignas(8) std::byte value[8] = {};
  convert_function(DType::f64, dtype)(plan.primitive->constant(), value, 1);
  int64_t bits;
  std::memcpy(&bits, value, 8);
  return make_launch([=](ThreadPool& pool, std::byte* const* operands) {
    pool.parallel_for(count, 65536, [&](int64_t begin, int64_t end, int) {
      // The first few element by element, then all that is there once more.
      std::byte* const to = operands[0] + begin * item;
      const int64_t total = (end - begin) * item;
      int64_t done = std::min<int64_t>(total, 64 * item);
      for (int64_t at = 0; at < done; at += item) std::memcpy(to + at, &bits, size_t(item));
      for (int64_t n; done < total; done += n) std::memcpy(to + done, to, size_t(n = std::min({done, total - done, int64_t{4096}})));
    });
  });
}

LaunchPtr lower_arange(const LaunchPlan& plan) {
  const auto& op = as<Arange>(*plan.primitive);
  ConvertFn convert = convert_function(DType::f64, op.dtype);
  return make_launch([count = op.count, start = op.start, step = op.step, item = size_of(op.dtype), convert](ThreadPool& pool,
                                                                                                             std::byte* const* operands) {
    pool.parallel_for(count, 16384, [&](int64_t begin, int64_t end, int) {
      double values[256];
      for (int64_t first = begin; first < end; first += 256) {
        int64_t n = std::min<int64_t>(256, end - first);
        for (int64_t i = 0; i < n; ++i) values[i] = start + double(first + i) * step;
        convert(values, operands[0] + first * item, n);
      }
    });
  });
}

// Reduced axes lie side by side (the builder moves them), so every reduction is [outer, count, inner] of contiguous data.
ReduceArgs reduce_extents(const LaunchPlan& plan, const Dims& axes) {
  const Shape& shape = plan.inputs[0].type.shape;
  ReduceArgs args;
  args.dtype = plan.inputs[0].type.dtype;
  args.count = 1;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (axes.rank() && axis < axes[0])
      args.outer *= shape[axis];
    else if (axes.rank() && axis <= axes.back())
      args.count *= shape[axis];
    else
      args.inner *= shape[axis];
  }
  args.inner_stride = 1;
  args.count_stride = args.inner;
  args.outer_stride = args.inner * args.count;
  return args;
}

cpu::ReduceOp kernel_op(mlxc::ReduceOp op) {
  switch (op) {
    case mlxc::ReduceOp::sum: return cpu::ReduceOp::sum;
    case mlxc::ReduceOp::mean: return cpu::ReduceOp::mean;
    case mlxc::ReduceOp::prod: return cpu::ReduceOp::prod;
    case mlxc::ReduceOp::max: return cpu::ReduceOp::max;
    case mlxc::ReduceOp::min: return cpu::ReduceOp::min;
    case mlxc::ReduceOp::any: return cpu::ReduceOp::any;
    case mlxc::ReduceOp::all: return cpu::ReduceOp::all;
    case mlxc::ReduceOp::logsumexp: return cpu::ReduceOp::logsumexp;
    case mlxc::ReduceOp::variance: return cpu::ReduceOp::variance;
    case mlxc::ReduceOp::deviation: return cpu::ReduceOp::deviation;
  }
  return cpu::ReduceOp::sum;
}

LaunchPtr lower_reduce(const LaunchPlan& plan) {
  const Reduction reduction = reduction_of(plan);
  if (reduce_result(reduction.targets[0].op, reduction.args.dtype) != plan.outputs[0].type.dtype) no_kernel(plan);
  return make_launch([reduction](ThreadPool& pool, std::byte* const* operands) {
    ReduceArgs args = reduction.args;
    args.x = operands[0];
    args.op = reduction.targets[0].op;
    args.out = operands[1];
    cpu::reduce(pool, args);
  });
}

LaunchPtr lower_reductions(const LaunchPlan& plan) {
  return make_launch([reduction = reduction_of(plan)](ThreadPool& pool, std::byte* const* operands) {
    ReduceArgs args = reduction.args;
    args.x = operands[0];
    std::vector<ReduceTarget> targets = reduction.targets;
    for (size_t i = 0; i < targets.size(); ++i) targets[i].out = operands[1 + i];
    cpu::reduce_together(pool, args, targets);
  });
}

LaunchPtr lower_top_k(const LaunchPlan& plan) {
  const int64_t k = as<TopK>(*plan.primitive).k, width = plan.inputs[0].type.shape.back(),
                rows = element_count(plan.inputs[0].type.shape) / width;
  return make_launch([=](ThreadPool& pool, std::byte* const* operands) {
    pool.parallel_for(rows, 1, [&](int64_t begin, int64_t end, int) {
      std::vector<int32_t> order(static_cast<size_t>(width));
      for (int64_t row = begin; row < end; ++row) {
        const float* x = floats(operands[0]) + row * width;
        auto larger = [&](int32_t a, int32_t b) {
          const bool nan_a = std::isnan(x[a]), nan_b = std::isnan(x[b]);
          if (nan_a != nan_b) return nan_a;
          return x[a] > x[b] || (!(x[a] < x[b]) && a < b);
        };
        std::iota(order.begin(), order.end(), 0);
        std::partial_sort(order.begin(), order.begin() + k, order.end(), larger);
        for (int64_t i = 0; i < k; ++i) {
          floats(operands[1])[row * k + i] = x[order[size_t(i)]];
          reinterpret_cast<int32_t*>(operands[2])[row * k + i] = order[size_t(i)];
        }
      }
    });
  });
}

LaunchPtr lower_softmax(const LaunchPlan& plan) {
  int64_t rows, stride, width = plan.inputs[0].type.shape.back();
  if (plan.inputs[0].type.dtype != DType::f32) no_kernel(plan);
  if (!uniform_rows(plan.inputs[0], &rows, &stride)) no_kernel(plan);
  bool log = as<Softmax>(*plan.primitive).log;
  return make_launch([=](ThreadPool& pool, std::byte* const* operands) {
    (log ? cpu::log_softmax : cpu::softmax)(pool, floats(operands[0]), stride, floats(operands[1]), width, rows, width, best_isa());
  });
}

// Element offsets of each matrix of a batch.
std::vector<int64_t> batch_offsets(const OperandType& operand) {
  int axes = operand.type.shape.rank() - 2;
  Shape shape(std::span<const int64_t>(operand.type.shape.begin(), size_t(axes)));
  std::vector<int64_t> offsets(size_t(element_count(shape)));
  for (size_t i = 0; i < offsets.size(); ++i) {
    int64_t rest = int64_t(i);
    for (int axis = axes - 1; axis >= 0; --axis) {
      offsets[i] += rest % shape[axis] * operand.strides[axis];
      rest /= shape[axis];
    }
  }
  return offsets;
}

LaunchPtr lower_matmul(const LaunchPlan& plan) {
  const OperandType &a = plan.inputs[0], &b = plan.inputs[1], &c = plan.outputs[0];
  int rank = a.type.shape.rank();
  MatmulArgs base;
  base.dtype = a.type.dtype;
  base.m = c.type.shape[rank - 2];
  base.n = c.type.shape[rank - 1];
  base.k = a.type.shape[rank - 1];
  base.a_row = a.strides[rank - 2];
  base.a_col = a.strides[rank - 1];
  base.b_row = b.strides[rank - 2];
  base.b_col = b.strides[rank - 1];
  base.c_row = base.n;
  const auto& op = as<Matmul>(*plan.primitive);
  base.activation = activation_of(op.activation);
  base.rounds = op.rounds;
  base.drop = {.probability = op.drop.probability, .scale = op.drop.scale};
  return make_launch([base, op, inputs = plan.inputs.size(), a = batch_offsets(a), b = batch_offsets(b), c = batch_offsets(c)](
                         ThreadPool& pool, std::byte* const* operands) {
    MatmulArgs args = base;
    args.a = operands[0];
    args.b = operands[1];
    args.bias = op.bias ? floats(operands[2]) : nullptr;
    args.c = operands[inputs];
    if (op.drop) bind_key(args.drop, operands + inputs - 2, floats(operands[inputs]));
    args.batch = int64_t(c.size());
    args.a_offsets = a.data();
    args.b_offsets = b.data();
    args.c_offsets = c.data();
    cpu::matmul(pool, args);
  });
}

}  // namespace

Reduction reduction_of(const LaunchPlan& plan) {
  Reduction reduction;
  switch (plan.primitive->code()) {
    case OpCode::reduce: {
      const auto& op = as<Reduce>(*plan.primitive);
      reduction = {reduce_extents(plan, op.axes), {{kernel_op(op.op), nullptr}}};
      break;
    }
    case OpCode::arg_reduce: {
      const auto& op = as<ArgReduce>(*plan.primitive);
      reduction = {reduce_extents(plan, {op.axis}), {{op.max ? cpu::ReduceOp::argmax : cpu::ReduceOp::argmin, nullptr}}};
      break;
    }
    default: {
      const auto& op = as<Reductions>(*plan.primitive);
      reduction.args = reduce_extents(plan, op.axes);
      for (mlxc::ReduceOp each : op.ops) reduction.targets.push_back({kernel_op(each), nullptr});
    }
  }
  return reduction;
}

LaunchPtr lower_array_op(const LaunchPlan& plan) {
  switch (plan.primitive->code()) {
    case OpCode::copy: return lower_copy(plan);
    case OpCode::concatenate: return lower_concatenate(plan);
    case OpCode::take: return lower_take(plan);
    case OpCode::fill: return lower_fill(plan);
    case OpCode::arange: return lower_arange(plan);
    case OpCode::reduce:
    case OpCode::arg_reduce: return lower_reduce(plan);
    case OpCode::reductions: return lower_reductions(plan);
    case OpCode::top_k: return lower_top_k(plan);
    case OpCode::softmax: return lower_softmax(plan);
    case OpCode::matmul: return lower_matmul(plan);
    default: no_kernel(plan);
  }
}

}  // namespace mlxc::cpu
