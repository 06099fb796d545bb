#include "ops/numeric.h"

#include <cmath>
#include <limits>

#include "ops/reduce.h"
#include "ops/shape_ops.h"
#include "ops/views.h"

namespace mlxc {
namespace {

Array op(BinaryOp code, const Array& a, const Array& b) { return binary(code, a, b); }
Array op(BinaryOp code, const Array& a, double b) { return binary(code, a, scalar_like(a, b)); }
Array less(const Array& a, double b) { return op(BinaryOp::less, a, b); }
Array greater(const Array& a, double b) { return op(BinaryOp::greater, a, b); }
Array either(const Array& a, const Array& b) { return binary(BinaryOp::logical_or, a, b); }
Array is_nan(const Array& x) { return unary(UnaryOp::isnan, x); }
Array constant(const Array& like, double value) { return scalar_like(like, value); }

Array as_float(const Array& x) { return is_float(x.dtype()) ? x : cast(x, DType::f32); }

DType bits_of(DType dtype) { return dtype == DType::f64 ? DType::i64 : dtype == DType::f32 ? DType::i32 : DType::i16; }

// Both of one float type and shape.
std::pair<Array, Array> float_pair(const Array& a, const Array& b) {
  DType dtype = promote(a.dtype(), b.dtype());
  if (!is_float(dtype)) dtype = DType::f32;
  const Shape shape = broadcast_shapes(a.shape(), b.shape());
  return {broadcast_to(cast(a, dtype), shape), broadcast_to(cast(b, dtype), shape)};
}

Array false_like(const Array& x) { return op(BinaryOp::not_equal, cast(x, DType::boolean), cast(x, DType::boolean)); }

double largest(DType dtype) {
  switch (dtype) {
    case DType::f16: return 65504;
    case DType::bf16: return 0x1.FEp127;
    case DType::f32: return double(std::numeric_limits<float>::max());
    default: return std::numeric_limits<double>::max();
  }
}

}  // namespace

Array degrees(const Array& x) { return as_float(x) * (180 / M_PI); }
Array radians(const Array& x) { return as_float(x) * (M_PI / 180); }

Array is_positive_infinity(const Array& x) { return is_float(x.dtype()) ? op(BinaryOp::equal, x, INFINITY) : false_like(x); }
Array is_negative_infinity(const Array& x) { return is_float(x.dtype()) ? op(BinaryOp::equal, x, -INFINITY) : false_like(x); }

Array signbit(const Array& x) {
  return x.dtype() == DType::boolean ? false_like(x) : less(is_float(x.dtype()) ? bitcast(x, bits_of(x.dtype())) : x, 0);
}

Array copysign(const Array& a, const Array& b) {
  auto [magnitude, sign] = float_pair(a, b);
  return where(op(BinaryOp::equal, signbit(magnitude), signbit(sign)), magnitude, unary(UnaryOp::negative, magnitude));
}

Array nextafter(const Array& from, const Array& to) {
  auto [x, y] = float_pair(from, to);
  const DType dtype = x.dtype(), integer = bits_of(dtype);
  // In the order of magnitudes, one step of the bits is one number: away from zero when |y| > |x| on x's side, else toward it.
  const Array bits = bitcast(x, integer), positive = greater(x, 0), up = binary(BinaryOp::greater, y, x);
  const Array step = where(op(BinaryOp::equal, up, positive), constant(bits, 1), constant(bits, -1));
  // From zero: the smallest number, with the sign of the direction.
  const Array tiny = bitcast(constant(bits, 1), dtype);
  const Array moved = where(op(BinaryOp::equal, x, 0), where(up, tiny, unary(UnaryOp::negative, tiny)), bitcast(bits + step, dtype));
  const Array result = where(binary(BinaryOp::equal, x, y), y, moved);
  return where(either(is_nan(x), is_nan(y)), constant(x, NAN), result);
}

Array truncated_divide(const Array& a, const Array& b) {
  const DType dtype = promote(a.dtype(), b.dtype());
  if (is_float(dtype)) return unary(UnaryOp::trunc, op(BinaryOp::divide, a, b));
  // Rounding down and toward zero differ where the signs do and something remains.
  const Array quotient = op(BinaryOp::floor_divide, a, b), rest = op(BinaryOp::remainder, a, b);
  if (!is_signed(dtype)) return quotient;
  const Array opposed = op(BinaryOp::not_equal, less(cast(a, dtype), 0), less(cast(b, dtype), 0));
  const Array up = binary(BinaryOp::logical_and, opposed, op(BinaryOp::not_equal, rest, 0));
  return quotient + cast(up, quotient.dtype());
}

Array truncated_remainder(const Array& a, const Array& b) {
  const DType dtype = promote(a.dtype(), b.dtype());
  if (is_float(dtype)) {
    auto [x, y] = float_pair(a, b);
    return copysign(op(BinaryOp::remainder, unary(UnaryOp::abs, x), unary(UnaryOp::abs, y)), x);
  }
  const Array rest = op(BinaryOp::remainder, a, b);
  if (!is_signed(dtype)) return rest;
  // The remainder has the divisor's sign; where the dividend has another, it is one divisor too far.
  const Array dividend = cast(a, rest.dtype()), divisor = cast(b, rest.dtype());
  const Array opposed = op(BinaryOp::not_equal, less(dividend, 0), less(divisor, 0));
  return where(binary(BinaryOp::logical_and, opposed, op(BinaryOp::not_equal, rest, 0)), rest - divisor, rest);
}

// A NaN of either stays. On the bound itself the gradient is x's.
Array clip(const Array& x, const Array& low, const Array& high) {
  auto unless = [](BinaryOp beyond, const Array& value, const Array& bound) {
    const Array outside = op(beyond, value, bound);
    return where(is_float(bound.dtype()) ? either(outside, is_nan(bound)) : outside, bound, value);
  };
  Array result = x;
  if (low) result = unless(BinaryOp::less, result, low);
  if (high) result = unless(BinaryOp::greater, result, high);
  return result;
}

Array nan_to_num(const Array& x, double nan, const double* positive_infinity, const double* negative_infinity) {
  if (!is_float(x.dtype())) return x;
  const double high = positive_infinity ? *positive_infinity : largest(x.dtype()),
               low = negative_infinity ? *negative_infinity : -largest(x.dtype());
  const Array bounded = where(is_positive_infinity(x), constant(x, high), where(is_negative_infinity(x), constant(x, low), x));
  return where(is_nan(x), constant(x, nan), bounded);
}

Array isclose(const Array& a, const Array& b, double relative, double absolute, bool equal_nan) {
  auto [x, y] = float_pair(a, b);
  const Array distance = unary(UnaryOp::abs, x - y), allowed = unary(UnaryOp::abs, y) * relative + absolute;
  const Array near = binary(BinaryOp::logical_and, binary(BinaryOp::less_equal, distance, allowed), unary(UnaryOp::isfinite, y));
  Array close = either(near, binary(BinaryOp::equal, x, y));
  return equal_nan ? either(close, binary(BinaryOp::logical_and, is_nan(x), is_nan(y))) : close;
}

Array allclose(const Array& a, const Array& b, double relative, double absolute, bool equal_nan) {
  return reduce(ReduceOp::all, isclose(a, b, relative, absolute, equal_nan), {}, false);
}

Array array_equal(const Array& a, const Array& b, bool equal_nan) {
  if (!(a.shape() == b.shape())) return constant(cast(a, DType::boolean), 0);
  Array same = op(BinaryOp::equal, a, b);
  if (equal_nan && is_float(a.dtype()) && is_float(b.dtype())) same = either(same, binary(BinaryOp::logical_and, is_nan(a), is_nan(b)));
  return reduce(ReduceOp::all, same, {}, false);
}

Array logaddexp2(const Array& a, const Array& b) {
  auto [x, y] = float_pair(a, b);
  return op(BinaryOp::logaddexp, x * M_LN2, y * M_LN2) * (1 / M_LN2);
}

Array power_or_zero(const Array& x, double p) {
  const Array present = op(BinaryOp::not_equal, x, 0), base = where(present, x, constant(x, 1));
  return where(present, p == 0.5 ? unary(UnaryOp::sqrt, base) : op(BinaryOp::power, base, p), constant(x, 0));
}

double default_parameter(ActivationOp code) {
  switch (code) {
    case ActivationOp::leaky_relu: return 0.01;
    case ActivationOp::hard_shrink:
    case ActivationOp::soft_shrink: return 0.5;
    default: return 1;
  }
}

Array activation(ActivationOp code, const Array& input, double p) {
  using A = ActivationOp;
  const Array x = as_float(input);
  // Of what is below 0 only: where a function is not chosen, its gradient must not overflow either.
  auto exp_minus_one = [&](double scale) {
    const Array below = where(greater(x, 0), constant(x, 0), x);
    return unary(UnaryOp::expm1, scale == 1 ? below : below * scale);
  };
  // Flat from the bounds on, as the derivatives of the hard functions are.
  auto between = [](const Array& v, double low, double high) {
    const Array flat_above = where(op(BinaryOp::greater_equal, v, high), constant(v, high), v);
    return where(op(BinaryOp::less_equal, v, low), constant(v, low), flat_above);
  };
  switch (code) {
    case A::relu: return unary(UnaryOp::relu, x);
    case A::relu6: return between(x, 0, 6);
    case A::leaky_relu: return where(greater(x, 0), x, x * p);
    case A::elu: return where(greater(x, 0), x, exp_minus_one(1) * p);
    case A::selu: return where(greater(x, 0), x, exp_minus_one(1) * 1.6732632423543772848) * 1.0507009873554804934;
    case A::celu:
      if (p == 0) fail(Status::invalid_argument, "celu: alpha is 0");
      return where(greater(x, 0), x, exp_minus_one(1 / p) * p);
    case A::gelu: return unary(UnaryOp::gelu_erf, x);
    case A::gelu_tanh: return unary(UnaryOp::gelu_tanh, x);
    case A::silu: return unary(UnaryOp::silu, x);
    case A::sigmoid: return unary(UnaryOp::sigmoid, x);
    case A::log_sigmoid: return unary(UnaryOp::negative, op(BinaryOp::logaddexp, unary(UnaryOp::negative, x), 0));
    case A::tanh: return unary(UnaryOp::tanh, x);
    case A::softplus:
      if (!(p > 0)) fail(Status::invalid_argument, "softplus: beta is ", p, ", expected more than 0");
      return op(BinaryOp::logaddexp, x * p, 0) * (1 / p);
    case A::softsign: return op(BinaryOp::divide, x, unary(UnaryOp::abs, x) + 1.0);
    case A::mish: return x * unary(UnaryOp::tanh, op(BinaryOp::logaddexp, x, 0));
    case A::hard_sigmoid: return between(x * (1.0 / 6) + 0.5, 0, 1);
    case A::hard_swish: return x * between(x + 3.0, 0, 6) * (1.0 / 6);
    case A::hard_tanh: return between(x, -1, 1);
    // NaN is not within the bounds.
    case A::hard_shrink: return where(op(BinaryOp::less_equal, unary(UnaryOp::abs, x), p), constant(x, 0), x);
    case A::soft_shrink:
      return where(greater(x, p), x + -p, where(less(x, -p), x + p, where(op(BinaryOp::less_equal, x, p), constant(x, 0), x)));
    case A::tanh_shrink: return x - unary(UnaryOp::tanh, x);
    case A::step: return cast(greater(x, 0), x.dtype());
  }
  fail(Status::invalid_argument, "unknown activation ", int(code));
}

}  // namespace mlxc
