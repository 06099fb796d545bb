// Reading and writing at positions: slices, rows, coordinates. Indices are integers; -1 is the last. What is out of range reads as zero and
// is not written, as nothing can fail once a graph runs.
#pragma once

#include "array/operations.h"
#include "graph/array.h"

namespace mlxc {

// x with x[start : start + count * step : step] replaced by values (shape `count`). Takes x's buffer over where nobody else needs it.
struct Update : PrimitiveBase<Update, OpCode::update> {
  static constexpr std::string_view kName = "slice_update";
  Update(Dims start, Dims step) : start(start), step(step) {}
  Dims start, step;
  auto fields() const { return std::tie(start, step); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
  int updates() const override { return 1; }
};

// x [V, row...] with row indices[i] combined with values[i], in the order of i (so of two that set one row, the last wins).
// Inputs: x, indices [N] int64, values [N, row...] of x's dtype. The inverse of Take.
struct Scatter : PrimitiveBase<Scatter, OpCode::scatter> {
  static constexpr std::string_view kName = "scatter";
  explicit Scatter(ScatterOp op) : op(op) {}
  ScatterOp op;
  auto fields() const { return std::tie(op); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
  int updates() const override { return 1; }
};

// x[start:stop:step] = values, with slice()'s rules for bounds; values broadcast and are converted to x's dtype.
Array slice_update(const Array& x, const Array& values, const Dims& start, const Dims& stop, const Dims& step);
Array scatter(ScatterOp op, const Array& x, const Array& indices, const Array& values);  // along axis 0; indices of any shape
Array take_axis(const Array& x, const Array& indices, int axis);                         // NumPy's take: indices replace the axis
Array take_along_axis(const Array& x, const Array& indices, int axis);
Array put_along_axis(ScatterOp op, const Array& x, const Array& indices, const Array& values, int axis);
// x[indices_0, indices_1, ...] of the first axes; the index arrays broadcast. And the same as a target.
Array gather(const Array& x, const std::vector<Array>& indices);
Array scatter(ScatterOp op, const Array& x, const std::vector<Array>& indices, const Array& values);
// The coordinates of the elements that are not zero, one int64 array an axis. Evaluates: the shape depends on the values.
std::vector<Array> nonzero(const Array& x);

}  // namespace mlxc
