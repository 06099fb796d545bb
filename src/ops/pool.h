// Pools: the maximum or mean of windows over the spatial axes of [batch, channels, spatial...], one to three of them.
#pragma once

#include "array/operations.h"
#include "graph/array.h"

namespace mlxc {

// Padding counts as -infinity for the maximum, and for the average as zero: as elements of the mean when `count_padding`, else left out of
// it.
struct PoolShape {
  Dims kernel, stride, padding, dilation;  // empty stride: the kernel
};
Array max_pool(const Array& x, const PoolShape& shape);
Array average_pool(const Array& x, const PoolShape& shape, bool count_padding);

// float32 and float64. Of max, optionally a second input of the shape of x: the result then takes its elements from there, at the places
// where x is largest (the first of equal ones, NaN above all).
struct Pool : PrimitiveBase<Pool, OpCode::pool> {
  static constexpr std::string_view kName = "pool";
  Pool(PoolOp op, PoolShape shape, bool picks = false) : op(op), shape(std::move(shape)), picks(picks) {}
  PoolOp op;
  PoolShape shape;  // all lists filled
  bool picks;
  auto fields() const { return std::tie(op, shape.kernel, shape.stride, shape.padding, shape.dilation, picks); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
  Arrays compose(const Arrays& inputs) const override;
};

// The gradient for x, whose spatial axes have `size`. Inputs: g, and for max x.
struct PoolGradient : PrimitiveBase<PoolGradient, OpCode::pool_gradient> {
  static constexpr std::string_view kName = "pool_gradient";
  PoolGradient(PoolOp op, PoolShape shape, Dims size) : op(op), shape(std::move(shape)), size(size) {}
  PoolOp op;
  PoolShape shape;
  Dims size;
  auto fields() const { return std::tie(op, shape.kernel, shape.stride, shape.padding, shape.dilation, size); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
  Arrays compose(const Arrays& inputs) const override;
};

}  // namespace mlxc
