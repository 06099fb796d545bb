// Operations that write at positions, order, accumulate, or draw.
#include <algorithm>

#include "backend/cpu/kernels/kernels.h"
#include "backend/cpu/lower.h"
#include "ops/indexing.h"
#include "ops/random.h"
#include "ops/scan.h"
#include "ops/sort.h"

namespace mlxc::cpu {
namespace {

// The updated output lies where input 0 lies.
LaunchPtr lower_update(const LaunchPlan& plan) {
  const auto& op = as<Update>(*plan.primitive);
  const Shape count = plan.inputs[1].type.shape;
  Strides strides = contiguous_strides(plan.inputs[0].type.shape);
  int64_t offset = 0;
  for (int i = 0; i < count.rank(); ++i) {
    offset += op.start[i] * strides[i];
    strides[i] *= op.step[i];
  }
  const int64_t item = size_of(plan.inputs[0].type.dtype);
  if (element_count(count) == 0) offset = 0;
  return make_launch([=](ThreadPool& pool, std::byte* const* operands) {
    scatter_strided(pool, operands[1], operands[2] + offset * item, item, {count.begin(), size_t(count.rank())},
                    {strides.begin(), size_t(strides.rank())});
  });
}

LaunchPtr lower_scatter(const LaunchPlan& plan) {
  const TensorType& x = plan.inputs[0].type;
  const int64_t rows = x.shape[0], width = rows ? element_count(x.shape) / rows : 0, count = plan.inputs[1].type.shape[0];
  const ScatterOp op = as<Scatter>(*plan.primitive).op;
  return make_launch([=, dtype = x.dtype](ThreadPool& pool, std::byte* const* operands) {
    scatter_rows(pool, op, dtype, operands[3], rows, width, reinterpret_cast<const int64_t*>(operands[1]), count, operands[2]);
  });
}

LaunchPtr lower_sort(const LaunchPlan& plan) {
  const auto& op = as<Sort>(*plan.primitive);
  const TensorType& x = plan.inputs[0].type;
  const int64_t n = x.shape.back(), rows = n ? element_count(x.shape) / n : 0;
  return make_launch([=, dtype = x.dtype, descending = op.descending, indices = op.indices](ThreadPool& pool, std::byte* const* operands) {
    sort_rows(pool, dtype, operands[0], rows, n, descending, indices ? nullptr : operands[1],
              indices ? reinterpret_cast<int64_t*>(operands[1]) : nullptr);
  });
}

LaunchPtr lower_scan(const LaunchPlan& plan) {
  const auto& op = as<Scan>(*plan.primitive);
  const TensorType& x = plan.inputs[0].type;
  ScanArgs base;
  base.op = op.op;
  base.dtype = x.dtype;
  base.count = x.shape[op.axis];
  base.reverse = op.reverse;
  base.exclusive = op.exclusive;
  for (int axis = 0; axis < x.shape.rank(); ++axis)
    if (axis != op.axis) (axis < op.axis ? base.outer : base.inner) *= x.shape[axis];
  return make_launch([base](ThreadPool& pool, std::byte* const* operands) {
    ScanArgs args = base;
    args.x = operands[0];
    args.y = operands[1];
    cpu::scan(pool, args);
  });
}

LaunchPtr lower_random_bits(const LaunchPlan& plan) {
  const uint32_t purpose = as<RandomBits>(*plan.primitive).purpose;
  const int64_t count = element_count(plan.outputs[0].type.shape);
  return make_launch([=](ThreadPool& pool, std::byte* const* operands) {
    philox(pool, reinterpret_cast<const uint32_t*>(operands[0]), purpose, reinterpret_cast<uint32_t*>(operands[1]), count);
  });
}

}  // namespace

LaunchPtr lower_index_op(const LaunchPlan& plan) {
  switch (plan.primitive->code()) {
    case OpCode::update: return lower_update(plan);
    case OpCode::scatter: return lower_scatter(plan);
    case OpCode::sort: return lower_sort(plan);
    case OpCode::scan: return lower_scan(plan);
    case OpCode::random_bits: return lower_random_bits(plan);
    default: no_kernel(plan);
  }
}

}  // namespace mlxc::cpu
