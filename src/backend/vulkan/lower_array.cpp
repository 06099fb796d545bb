// Operations of the array library: copies, lookups, fills, reductions, softmax.
#include <algorithm>
#include <bit>
#include <string>

#include "backend/vulkan/elementwise_glsl.h"
#include "backend/vulkan/reduce_glsl.h"
#include "ops/creation.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"

namespace mlxc::vulkan {
namespace {

constexpr int64_t kThreads = 256;
constexpr int64_t kMost = most_elements(1);

void lower_copy(Emitter& emitter) {
  emit_copy(emitter, dims(emitter.plan().outputs[0].type.shape), strided_input(emitter, 0), strided_output(emitter, 0));
}

void lower_concatenate(Emitter& emitter) {
  const LaunchPlan& plan = emitter.plan();
  const int axis = as<Concatenate>(*plan.primitive).axis;
  Strided to = strided_output(emitter, 0);
  for (size_t i = 0; i < plan.inputs.size(); ++i) {
    const Shape& shape = plan.inputs[i].type.shape;
    emit_copy(emitter, dims(shape), strided_input(emitter, i), to);
    to = advanced(to, size_t(axis), shape[axis]);
  }
}

// Rows of a table by index. A thread converts a few neighbouring elements of one row.
void lower_take(Emitter& emitter) {
  const LaunchPlan& plan = emitter.plan();
  const DType from = plan.inputs[0].type.dtype, to = plan.outputs[0].type.dtype, index = plan.inputs[1].type.dtype;
  const int64_t table_rows = plan.inputs[0].type.shape[0], count = element_count(plan.inputs[1].type.shape);
  const int64_t width = count ? element_count(plan.outputs[0].type.shape) / count : 0;
  if (width == 0) return;
  if (width > kMost || table_rows > kMost) no_kernel(plan);
  const int64_t each = width % 4 == 0 ? 4 : 1, pieces = width / each;
  std::string text = glsl_head(emitter, {from, to}, "arithmetic.glsl");
  text += cat("#include \"strided.glsl\"\nlayout(local_size_x = ", kThreads, ") in;\n",
              "layout(push_constant, scalar) uniform Args { uvec2 table; uvec2 indices; uvec2 y; uint count, rows, width, pieces, "
              "multiplier, shift; } args;\n",
              "void main() {\n  uint id = group_index() * ", kThreads, "u + gl_LocalInvocationIndex;\n  if (id >= args.count) return;\n",
              "  uint at = fast_divide(id, args.multiplier, args.shift), column = (id - at * args.pieces) * ", each, "u;\n");
  text += index == DType::i64 ? "  uvec2 row = U32x2(args.indices).v[at];\n  bool there = row.y == 0u && row.x < args.rows;\n"
                              : "  uvec2 row = uvec2(U32(args.indices).v[at], 0u);\n  bool there = row.x < args.rows;\n";
  text += cat("  uvec2 x = address_of(address_of(args.table, there ? row.x : 0u, args.width * ", size_of(from), "u), column, ",
              size_of(from), "u);\n");
  text += cat("  uvec2 y = address_of(args.y, at, args.width * ", size_of(to), "u);\n  for (uint i = 0; i < ", each, "u; ++i) {\n    ",
              value_type(from), " v = there ? load_", suffix(from), "(x, i) : ", value_type(from), "(0);\n    store_", suffix(to),
              "(y, column + i, ", convert_expression(from, to, "v"), ");\n  }\n}\n");
  if (width * std::max(size_of(from), size_of(to)) > int64_t(UINT32_MAX)) no_kernel(plan);
  const int64_t rows = std::clamp<int64_t>(kMost / pieces, 1, most_elements(size_of(index)));  // of a dispatch
  const Divisor divisor(pieces);
  for (int64_t first = 0; first < count; first += rows) {
    const int64_t some = std::min(rows, count - first);
    emitter.dispatch({.module = "take", .constants = {}, .subgroup = 0, .source = text}, emitter.row(divide_up(some * pieces, kThreads)),
                     {read(emitter.input(0)), read(emitter.input(1).at(first * size_of(index), some * size_of(index))),
                      write(emitter.output(0).at(first * width * size_of(to), some * width * size_of(to)))},
                     Words().u(some * pieces).u(table_rows).u(width).u(pieces).u(divisor.multiplier).u(divisor.shift),
                     {.bytes = double(some * width * (size_of(from) + size_of(to)))});
  }
}

void lower_fill(Emitter& emitter) {
  const OperandType& output = emitter.plan().outputs[0];
  const DType dtype = output.type.dtype;
  ElementwiseBody body{.name = "fill"};
  body.constants.emplace_back(dtype, constant_bits(*emitter.plan().primitive->constant(), dtype));
  body.code = cat("  ", value_type(dtype), " result = c0;\n");
  emit_elementwise(emitter, body, dims(output.type.shape), {}, strided_output(emitter, 0));
}

// start + i * step in float64, rounded once, as on the CPU.
void lower_arange(Emitter& emitter) {
  const auto& op = as<Arange>(*emitter.plan().primitive);
  if (!emitter.caps().float64 || op.count > most_elements(size_of(op.dtype))) no_kernel(emitter.plan());
  ElementwiseBody body{.name = "arange"};
  body.used = {DType::f64};
  body.constants = {{DType::f64, std::bit_cast<uint64_t>(op.start)}, {DType::f64, std::bit_cast<uint64_t>(op.step)}};
  body.code = cat("  precise double v = c0 + double(at) * c1;\n  ", value_type(op.dtype),
                  " result = ", convert_expression(DType::f64, op.dtype, "v"), ";\n");
  emit_elementwise(emitter, body, dims(emitter.plan().outputs[0].type.shape), {}, strided_output(emitter, 0));
}

// Reduced axes lie side by side (the builder moves them), so every reduction is [outer, count, inner] of contiguous data.
ReduceShape reduce_shape(const Shape& shape, const Dims& axes) {
  ReduceShape result;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (axes.rank() && axis < axes[0])
      result.outer *= shape[axis];
    else if (axes.rank() && axis <= axes.back())
      result.count *= shape[axis];
    else
      result.inner *= shape[axis];
  }
  result.stride = result.count;
  return result;
}

Reduction reduction_of(ReduceOp op) {
  switch (op) {
    case ReduceOp::sum: return Reduction::sum;
    case ReduceOp::mean: return Reduction::mean;
    case ReduceOp::prod: return Reduction::product;
    case ReduceOp::max: return Reduction::maximum;
    case ReduceOp::min: return Reduction::minimum;
    case ReduceOp::any: return Reduction::any;
    case ReduceOp::all: return Reduction::all;
    case ReduceOp::logsumexp: return Reduction::logsumexp;
    case ReduceOp::variance: return Reduction::variance;
    default: return Reduction::deviation;
  }
}

// reduce, reductions and arg_reduce. The inputs of a chain that is joined come after the reduction's own, which nothing writes then.
void lower_reduce(Emitter& emitter) {
  const LaunchPlan& plan = emitter.plan();
  const OperandType& x = plan.inputs[0];
  std::vector<Reduction> ops;
  Dims axes;
  switch (plan.primitive->code()) {
    case OpCode::arg_reduce: {
      const auto& op = as<ArgReduce>(*plan.primitive);
      ops = {op.max ? Reduction::arg_maximum : Reduction::arg_minimum};
      axes = {op.axis};
      break;
    }
    case OpCode::reduce: {
      const auto& op = as<Reduce>(*plan.primitive);
      ops = {reduction_of(op.op)};
      axes = op.axes;
      break;
    }
    default: {
      const auto& op = as<Reductions>(*plan.primitive);
      for (ReduceOp each : op.ops) ops.push_back(reduction_of(each));
      axes = op.axes;
    }
  }
  std::vector<ReduceTarget> targets;
  for (size_t i = 0; i < ops.size(); ++i) targets.push_back({ops[i], plan.outputs[i].type.dtype, emitter.output(i)});
  ReduceInput input{x.type.dtype, {}};
  if (const LaunchPlan* chain = emitter.joined()) {
    input.body = chain_body(emitter, *chain);
    for (size_t i = 1; i < plan.inputs.size(); ++i)
      input.operands.push_back({emitter.input(i), plan.inputs[i].type.dtype, is_one(plan.inputs[i])});
  } else {
    input.operands = {{emitter.input(0), x.type.dtype}};
  }
  emit_reductions(emitter, input, reduce_shape(x.type.shape, axes), targets);
}

void lower_softmax(Emitter& emitter) {
  constexpr int64_t kPieces = 8;  // that a thread holds
  const LaunchPlan& plan = emitter.plan();
  int64_t rows, stride;
  const int64_t width = plan.inputs[0].type.shape.back();
  if (plan.inputs[0].type.dtype != DType::f32 || !uniform_rows(plan.inputs[0], &rows, &stride)) no_kernel(plan);
  if (rows == 0 || width == 0) return;
  if (std::max({width, stride, 2 * rows}) > most_elements(4) || stride < 0) no_kernel(plan);
  const uint32_t log = as<Softmax>(*plan.primitive).log;
  const Ref x = emitter.input(0), y = emitter.output(0);
  const int64_t wide = width % 4 == 0 && stride % 4 == 0 ? 4 : 1;
  const double bytes = double(rows * width * 8);
  if (width <= kThreads * kPieces * wide) {
    // A subgroup that holds a whole row needs no barriers, and many loads are under way in each of its threads.
    const Capabilities& caps = emitter.caps();
    const int64_t subgroup = caps.subgroup_size;
    const bool inside = caps.subgroup_control && subgroup <= kThreads && width <= subgroup * kPieces * wide;
    const int64_t lanes = std::min<int64_t>(inside ? subgroup : kThreads, int64_t(std::bit_ceil(uint64_t(divide_up(width, 2 * wide)))));
    const int64_t pieces = divide_up(width, lanes * wide);
    emitter.dispatch(
        {wide == 4 ? "softmax.held" : "softmax.held1", {uint32_t(lanes), uint32_t(pieces), log, inside}, inside ? uint32_t(subgroup) : 0},
        emitter.row(divide_up(rows, kThreads / lanes)), {read(x), write(y)}, Words().u(rows).u(width).u(stride),
        {.flops = double(rows * width) * 20, .bytes = bytes});
    return;
  }
  const Ref sums = emitter.scratch(rows * 8);
  emit_reduce(emitter, Reduction::exponentials, DType::f32, DType::f32, {.outer = rows, .count = width, .inner = 1, .stride = stride}, x,
              sums);
  const int64_t groups = divide_up(width, kThreads * 4);
  emitter.dispatch({"softmax.apply", {uint32_t(kThreads), 1, log}}, emitter.row(rows * groups), {read(x), write(y), read(sums)},
                   Words().u(groups).u(rows).u(width).u(stride), {.flops = double(rows * width) * 20, .bytes = bytes});
}

}  // namespace

void lower_array_op(Emitter& emitter) {
  switch (emitter.plan().primitive->code()) {
    case OpCode::copy: return lower_copy(emitter);
    case OpCode::concatenate: return lower_concatenate(emitter);
    case OpCode::take: return lower_take(emitter);
    case OpCode::fill: return lower_fill(emitter);
    case OpCode::arange: return lower_arange(emitter);
    case OpCode::reduce:
    case OpCode::reductions:
    case OpCode::arg_reduce: return lower_reduce(emitter);
    case OpCode::softmax: return lower_softmax(emitter);
    case OpCode::top_k: return lower_top_k(emitter);
    default: no_kernel(emitter.plan());
  }
}

}  // namespace mlxc::vulkan
