// Ops that rearrange: views share storage, the others copy.
#pragma once

#include "graph/array.h"

namespace mlxc {

// A dimension of a reshape that is the one of the input's axis, whatever it is when a captured graph meets another shape.
constexpr int64_t same_as(int axis) { return -2 - axis; }

struct Reshape : PrimitiveBase<Reshape, OpCode::reshape> {  // to: numbers, same_as(axis), and at most one -1: what the others leave
  static constexpr std::string_view kName = "reshape";
  explicit Reshape(Shape to) : to(to) {}
  Shape to;
  auto fields() const { return std::tie(to); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
  bool is_view() const override { return true; }
  bool view(const TensorType& input, const Layout& layout, Layout* result) const override;
  Shape resolved(const Shape& from) const;
};

struct Transpose : PrimitiveBase<Transpose, OpCode::transpose> {
  static constexpr std::string_view kName = "transpose";
  explicit Transpose(Dims axes) : axes(axes) {}
  Dims axes;
  auto fields() const { return std::tie(axes); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
  bool is_view() const override { return true; }
  bool view(const TensorType& input, const Layout& layout, Layout* result) const override;
};

struct Slice : PrimitiveBase<Slice, OpCode::slice> {  // start/stop already clipped to the shape; step may be negative
  static constexpr std::string_view kName = "slice";
  Slice(Dims start, Dims count, Dims step) : start(start), count(count), step(step) {}
  Dims start, count, step;
  auto fields() const { return std::tie(start, count, step); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
  bool is_view() const override { return true; }
  bool view(const TensorType& input, const Layout& layout, Layout* result) const override;
};

struct Broadcast : PrimitiveBase<Broadcast, OpCode::broadcast> {
  static constexpr std::string_view kName = "broadcast";
  explicit Broadcast(Shape to) : to(to) {}
  std::shared_ptr<const Primitive> stretched_to(const Shape& shape) const override { return std::make_shared<Broadcast>(shape); }
  Shape to;
  auto fields() const { return std::tie(to); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
  bool is_view() const override { return true; }
  bool view(const TensorType& input, const Layout& layout, Layout* result) const override;
};

struct Concatenate : PrimitiveBase<Concatenate, OpCode::concatenate> {
  static constexpr std::string_view kName = "concatenate";
  explicit Concatenate(int axis) : axis(axis) {}
  int axis;
  auto fields() const { return std::tie(axis); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
};

struct Take : PrimitiveBase<Take, OpCode::take> {  // rows of a table: x [V, ...], indices [...] int32 or int64 -> [indices..., ...] as `to`
  static constexpr std::string_view kName = "take";
  explicit Take(DType to) : to(to) {}
  DType to;
  auto fields() const { return std::tie(to); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
};

Array reshape(const Array& x, const Shape& to);                                      // one dimension may be -1
Array reshape_by_axes(const Array& x, const Shape& to);                              // dimensions may also be same_as(axis of x)
Shape all_axes(const Array& x);                                                      // x's shape as such
Array transpose(const Array& x, const Dims& axes);                                   // a permutation
Array transpose(const Array& x);                                                     // reverses the axes
Array slice(const Array& x, const Dims& start, const Dims& stop, const Dims& step);  // NumPy x[start:stop:step] for every axis
Array slice_axis(const Array& x, int axis, int64_t start, int64_t stop);
Array broadcast_to(const Array& x, const Shape& shape);
Array expand_dims(const Array& x, int axis);
Array squeeze(const Array& x, int axis);
Array contiguous(const Array& x);
Array concatenate(const std::vector<Array>& parts, int axis);
// Rows of x along axis 0, converted to `to` (an embedding lookup gives float32 from a 16-bit table). Out-of-range indices give zeros.
Array take(const Array& x, const Array& indices, DType to);

}  // namespace mlxc
