#include "ops/elementwise.h"

#include <array>

#include "ops/creation.h"
#include "ops/shape_ops.h"

namespace mlxc {
namespace {

constexpr std::array<std::string_view, 42> kUnaryNames{
    "abs",        "negative", "exp",         "expm1",       "log",   "log1p", "log2",     "log10",  "sqrt",          "rsqrt", "square",
    "reciprocal", "sin",      "cos",         "tan",         "asin",  "acos",  "atan",     "sinh",   "cosh",          "tanh",  "asinh",
    "acosh",      "atanh",    "floor",       "ceil",        "trunc", "round", "sign",     "erf",    "sigmoid",       "silu",  "gelu_tanh",
    "gelu_erf",   "relu",     "logical_not", "bitwise_not", "isnan", "isinf", "isfinite", "erfinv", "gelu_erf_slope"};
constexpr std::array<std::string_view, 26> kBinaryNames{
    "add",         "subtract",   "multiply",    "divide",      "floor_divide", "remainder",   "power",      "minimum",    "maximum",
    "atan2",       "hypot",      "logaddexp",   "equal",       "not_equal",    "less",        "less_equal", "greater",    "greater_equal",
    "logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or",   "bitwise_xor", "shift_left", "shift_right"};

bool any_of(UnaryOp op, std::initializer_list<UnaryOp> list) { return std::find(list.begin(), list.end(), op) != list.end(); }
bool any_of(BinaryOp op, std::initializer_list<BinaryOp> list) { return std::find(list.begin(), list.end(), op) != list.end(); }

bool keeps_integers(UnaryOp op) {
  return gives_boolean(op) || any_of(op, {UnaryOp::abs, UnaryOp::negative, UnaryOp::square, UnaryOp::floor, UnaryOp::ceil, UnaryOp::trunc,
                                          UnaryOp::round, UnaryOp::sign, UnaryOp::relu, UnaryOp::bitwise_not});
}
bool is_bitwise(BinaryOp op) { return op >= BinaryOp::bitwise_and; }
bool needs_float(BinaryOp op) { return any_of(op, {BinaryOp::divide, BinaryOp::atan2, BinaryOp::hypot, BinaryOp::logaddexp}); }

}  // namespace

std::string_view name_of(UnaryOp op) {
  if (size_t(op) >= kUnaryNames.size()) fail(Status::invalid_argument, "unknown unary operation ", int(op));
  return kUnaryNames[size_t(op)];
}

std::string_view name_of(BinaryOp op) {
  if (size_t(op) >= kBinaryNames.size()) fail(Status::invalid_argument, "unknown binary operation ", int(op));
  return kBinaryNames[size_t(op)];
}

std::vector<TensorType> Unary::infer(TensorTypes inputs) const {
  return {{inputs[0].shape, gives_boolean(op) ? DType::boolean : inputs[0].dtype}};
}
std::vector<TensorType> Binary::infer(TensorTypes inputs) const {
  if (!(inputs[0].shape == inputs[1].shape))
    fail(Status::invalid_argument, name_of(op), ": shapes ", to_string(inputs[0].shape), " and ", to_string(inputs[1].shape), " differ");
  return {{inputs[0].shape, gives_boolean(op) ? DType::boolean : inputs[0].dtype}};
}
std::vector<TensorType> Select::infer(TensorTypes inputs) const { return {inputs[1]}; }
std::vector<TensorType> Cast::infer(TensorTypes inputs) const { return {{inputs[0].shape, to}}; }

Array unary(UnaryOp op, const Array& x) {
  name_of(op);
  if (op == UnaryOp::bitwise_not && is_float(x.dtype()))
    fail(Status::invalid_argument, "bitwise_not takes integers or booleans, not ", name_of(x.dtype()));
  if (op == UnaryOp::logical_not) return apply(Unary(op), {cast(x, DType::boolean)});
  if (x.dtype() == DType::boolean && (op == UnaryOp::bitwise_not)) return apply(Unary(UnaryOp::logical_not), {x});
  if (is_float(x.dtype())) return apply(Unary(op), {x});
  if (keeps_integers(op) && x.dtype() != DType::boolean) return apply(Unary(op), {x});
  return apply(Unary(op), {cast(x, DType::f32)});
}

Array binary(BinaryOp op, const Array& a, const Array& b) {
  name_of(op);
  DType dtype = promote(a.dtype(), b.dtype());
  if (is_bitwise(op) && is_float(dtype)) fail(Status::invalid_argument, name_of(op), " takes integers or booleans, not ", name_of(dtype));
  if (any_of(op, {BinaryOp::logical_and, BinaryOp::logical_or, BinaryOp::logical_xor}))
    dtype = DType::boolean;
  else if (needs_float(op) && !is_float(dtype))
    dtype = DType::f32;
  Shape shape = broadcast_shapes(a.shape(), b.shape());
  BinaryOp effective = op;
  if (dtype == DType::boolean) {  // bit operations on booleans are the logical ones; arithmetic counts
    if (op == BinaryOp::bitwise_and)
      effective = BinaryOp::logical_and;
    else if (op == BinaryOp::bitwise_or)
      effective = BinaryOp::logical_or;
    else if (op == BinaryOp::bitwise_xor)
      effective = BinaryOp::logical_xor;
    else if (!gives_boolean(op))
      dtype = DType::i8;
  }
  return apply(Binary(effective), {broadcast_to(cast(a, dtype), shape), broadcast_to(cast(b, dtype), shape)});
}

Array where(const Array& condition, const Array& a, const Array& b) {
  DType dtype = promote(a.dtype(), b.dtype());
  Shape shape = broadcast_shapes(condition.shape(), broadcast_shapes(a.shape(), b.shape()));
  return apply(Select(), {broadcast_to(cast(condition, DType::boolean), shape), broadcast_to(cast(a, dtype), shape),
                          broadcast_to(cast(b, dtype), shape)});
}

Array cast(const Array& x, DType dtype) {
  size_of(dtype);  // checks it
  return x.dtype() == dtype ? x : apply(Cast(dtype), {x});
}

Array scalar_like(const Array& x, double value) { return full(x.device(), {}, value, x.dtype()); }

}  // namespace mlxc
