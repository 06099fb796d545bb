// Running results along an axis.
#pragma once

#include "array/operations.h"
#include "graph/array.h"

namespace mlxc {

std::string_view name_of(ScanOp op);

// Element i is the reduction of elements 0 to i (exclusive: to i - 1, beginning with the neutral element, of an integer's maximum its
// type's lowest number), or from the other end when reverse. Floats accumulate in float64, integers wrap; a NaN stays from where it stands.
struct Scan : PrimitiveBase<Scan, OpCode::scan> {
  static constexpr std::string_view kName = "scan";
  Scan(ScanOp op, int axis, bool reverse, bool exclusive) : op(op), axis(axis), reverse(reverse), exclusive(exclusive) {}
  ScanOp op;
  int axis;
  bool reverse, exclusive;
  std::string_view name() const override { return name_of(op); }
  auto fields() const { return std::tie(op, axis, reverse, exclusive); }
  std::vector<TensorType> infer(TensorTypes inputs) const override { return {inputs[0]}; }
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
};

// Sums and products of booleans and integers are int64 or uint64, as in reduce(). logsumexp of integers gives float32.
Array scan(ScanOp op, const Array& x, int axis, bool reverse = false, bool exclusive = false);

}  // namespace mlxc
