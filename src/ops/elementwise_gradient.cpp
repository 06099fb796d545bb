// Derivatives of the elementwise operations. Where one does not exist, a value between those of both sides is given: 0 at |0|, half each
// for the minimum and the maximum of equal operands.
#include <cmath>
#include <numbers>

#include "ops/elementwise.h"

namespace mlxc {
namespace {

using U = UnaryOp;
using B = BinaryOp;

Array operator-(const Array& a) { return unary(U::negative, a); }
Array operator-(double a, const Array& b) { return scalar_like(b, a) - b; }
Array square(const Array& x) { return unary(U::square, x); }
Array where_or_zero(const Array& condition, const Array& value) { return where(condition, value, scalar_like(value, 0)); }

// d op(x) / dx where y = op(x); null where it is 0 everywhere.
Array derivative(UnaryOp op, const Array& x, const Array& y) {
  constexpr double kPi = std::numbers::pi;
  switch (op) {
    case U::abs: return unary(U::sign, x);
    case U::negative: return scalar_like(x, -1);
    case U::exp: return y;
    case U::expm1: return unary(U::exp, x);
    case U::log: return unary(U::reciprocal, x);
    case U::log1p: return unary(U::reciprocal, x + 1);
    case U::log2: return unary(U::reciprocal, x * std::numbers::ln2);
    case U::log10: return unary(U::reciprocal, x * std::numbers::ln10);
    case U::sqrt: return unary(U::reciprocal, y * 2);
    case U::rsqrt: return y * square(y) * -0.5;
    case U::square: return x * 2;
    case U::reciprocal: return -square(y);
    case U::sin: return unary(U::cos, x);
    case U::cos: return -unary(U::sin, x);
    case U::tan: return square(y) + 1;
    case U::asin: return unary(U::rsqrt, 1 - square(x));
    case U::acos: return -unary(U::rsqrt, 1 - square(x));
    case U::atan: return unary(U::reciprocal, square(x) + 1);
    case U::sinh: return unary(U::cosh, x);
    case U::cosh: return unary(U::sinh, x);
    case U::tanh: return 1 - square(y);
    case U::asinh: return unary(U::rsqrt, square(x) + 1);
    case U::acosh: return unary(U::rsqrt, square(x) + -1);
    case U::atanh: return unary(U::reciprocal, 1 - square(x));
    case U::erf: return unary(U::exp, -square(x)) * (2 / std::sqrt(kPi));
    case U::erfinv: return unary(U::exp, square(y)) * (std::sqrt(kPi) / 2);
    case U::sigmoid: return y * (1 - y);
    case U::silu: {
      const Array gate = unary(U::sigmoid, x);
      return gate + y * (1 - gate);
    }
    case U::gelu_tanh: {  // y = x (1 + tanh(u)) / 2, u = scale (x + cubic x^3)
      const double scale = std::sqrt(2 / kPi), cubic = 0.044715;
      const Array t = unary(U::tanh, (x + x * square(x) * cubic) * scale);
      return (t + 1) * 0.5 + x * (1 - square(t)) * (square(x) * (3 * cubic) + 1) * (scale / 2);
    }
    case U::gelu_erf:  // y = x P(x) with the normal distribution P: P(x) + x density
      return unary(U::gelu_erf_slope, x);
    case U::gelu_erf_slope: return unary(U::exp, square(x) * -0.5) * (1 / std::sqrt(2 * kPi)) * (2 - square(x));
    case U::relu:  // of the result: x itself need not be kept
      return cast(binary(B::greater, y, scalar_like(y, 0)), x.dtype());
    case U::floor:
    case U::ceil:
    case U::trunc:
    case U::round:
    case U::sign: return {};
    default: fail(Status::unsupported, name_of(op), " has no gradient");
  }
}

}  // namespace

Arrays Unary::vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const {
  const Array slope = derivative(op, inputs[0], outputs[0]);
  return {slope ? cotangents[0] * slope : slope};
}

Arrays Binary::vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const {
  const Array &a = inputs[0], &b = inputs[1], &y = outputs[0], &g = cotangents[0];
  switch (op) {
    case B::add: return {g, g};
    case B::subtract: return {g, -g};
    case B::multiply: return {g * b, g * a};
    case B::divide: return {g / b, -(g * y / b)};
    case B::floor_divide: return {};
    case B::remainder: return {g, -(g * binary(B::floor_divide, a, b))};
    case B::power: {  // b a^(b-1) is 0 for b = 0 and a^b log(a) is 0 for a = 0, whatever the other operand makes of it
      const Array zero = scalar_like(a, 0);
      return {g * where_or_zero(binary(B::not_equal, b, zero), b * binary(B::power, a, b + -1)),
              g * where_or_zero(binary(B::not_equal, a, zero), y * unary(U::log, a))};
    }
    case B::minimum:
    case B::maximum: {
      const BinaryOp wins = op == B::minimum ? B::less : B::greater;
      auto share = [&](const Array& one, const Array& other) {
        const Array half = where_or_zero(binary(B::equal, one, other), scalar_like(g, 0.5));
        return g * where(binary(wins, one, other), scalar_like(g, 1), half);
      };
      return {share(a, b), share(b, a)};
    }
    case B::atan2: {
      const Array scaled = g / (square(a) + square(b));
      return {scaled * b, -(scaled * a)};
    }
    case B::hypot: return {g * a / y, g * b / y};
    case B::logaddexp: return {g * unary(U::sigmoid, a - b), g * unary(U::sigmoid, b - a)};
    default: fail(Status::unsupported, name_of(op), " has no gradient");
  }
}

Arrays Select::vjp(const Arrays& inputs, const Arrays&, const Arrays& cotangents) const {
  const Array &g = cotangents[0], zero = scalar_like(g, 0);
  return {{}, where(inputs[0], g, zero), where(inputs[0], zero, g)};
}

Arrays Cast::vjp(const Arrays& inputs, const Arrays&, const Arrays& cotangents) const {
  return {is_float(inputs[0].dtype()) ? cast(cotangents[0], inputs[0].dtype()) : Array()};
}

}  // namespace mlxc
