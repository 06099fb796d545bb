// Arrays from nothing but parameters.
#pragma once

#include "graph/array.h"

namespace mlxc {

struct Fill : PrimitiveBase<Fill, OpCode::fill> {
  static constexpr std::string_view kName = "fill";
  Fill(Shape shape, DType dtype, double value) : shape(shape), dtype(dtype), value(value) {}
  Shape shape;
  DType dtype;
  double value;
  auto fields() const { return std::tie(shape, dtype, value); }
  std::vector<TensorType> infer(TensorTypes) const override { return {{shape, dtype}}; }
  const double* constant() const override { return &value; }
};

struct Arange : PrimitiveBase<Arange, OpCode::arange> {  // start + i * step
  static constexpr std::string_view kName = "arange";
  Arange(int64_t count, double start, double step, DType dtype) : count(count), start(start), step(step), dtype(dtype) {}
  int64_t count;
  double start, step;
  DType dtype;
  auto fields() const { return std::tie(count, start, step, dtype); }
  std::vector<TensorType> infer(TensorTypes) const override { return {{{count}, dtype}}; }
};

Array full(Device& device, Shape shape, double value, DType dtype);
Array arange(Device& device, double start, double stop, double step, DType dtype);

}  // namespace mlxc
