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
// count values from start to stop, evenly spaced; stop itself is the last one when `endpoint`, else the one that would follow.
Array linspace(Device& device, double start, double stop, int64_t count, bool endpoint, DType dtype);
// Ones on diagonal k (above the main one when positive), else zeros.
Array eye(Device& device, int64_t rows, int64_t columns, int64_t k, DType dtype);
// The same array on another device: evaluates, and copies through the host.
Array to_device(const Array& x, Device& device);

}  // namespace mlxc
