// One result per element, with NumPy broadcasting and array-API type promotion.
#pragma once

#include "array/operations.h"
#include "graph/array.h"

namespace mlxc {

std::string_view name_of(UnaryOp op);
std::string_view name_of(BinaryOp op);

struct Unary : PrimitiveBase<Unary, OpCode::unary> {
  static constexpr std::string_view kName = "unary";
  explicit Unary(UnaryOp op) : op(op) {}
  UnaryOp op;
  std::string_view name() const override { return name_of(op); }
  auto fields() const { return std::tie(op); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
  bool is_elementwise() const override { return true; }
};

struct Binary : PrimitiveBase<Binary, OpCode::binary> {  // both inputs of one dtype and shape: the builder casts and broadcasts
  static constexpr std::string_view kName = "binary";
  explicit Binary(BinaryOp op) : op(op) {}
  BinaryOp op;
  std::string_view name() const override { return name_of(op); }
  auto fields() const { return std::tie(op); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
  bool is_elementwise() const override { return true; }
};

struct Select : PrimitiveBase<Select, OpCode::select> {  // condition (bool), a, b
  static constexpr std::string_view kName = "where";
  auto fields() const { return std::tie(); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
  bool is_elementwise() const override { return true; }
};

struct Cast : PrimitiveBase<Cast, OpCode::cast> {
  static constexpr std::string_view kName = "cast";
  explicit Cast(DType to) : to(to) {}
  DType to;
  auto fields() const { return std::tie(to); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
  bool is_elementwise() const override { return true; }
};

Array unary(UnaryOp op, const Array& x);
Array binary(BinaryOp op, const Array& a, const Array& b);
Array where(const Array& condition, const Array& a, const Array& b);
Array cast(const Array& x, DType dtype);
// A rank-0 array of x's dtype and device, so that constants do not change types.
Array scalar_like(const Array& x, double value);

inline Array operator+(const Array& a, const Array& b) { return binary(BinaryOp::add, a, b); }
inline Array operator-(const Array& a, const Array& b) { return binary(BinaryOp::subtract, a, b); }
inline Array operator*(const Array& a, const Array& b) { return binary(BinaryOp::multiply, a, b); }
inline Array operator/(const Array& a, const Array& b) { return binary(BinaryOp::divide, a, b); }
inline Array operator*(const Array& a, double b) { return a * scalar_like(a, b); }
inline Array operator+(const Array& a, double b) { return a + scalar_like(a, b); }

}  // namespace mlxc
