// Looks up elementwise functions, and has those without a vector form: float64 through the C library, integers and booleans in plain loops.
#include <cmath>
#include <limits>
#include <type_traits>

#include "backend/cpu/kernels/isa.h"

namespace mlxc::cpu {
namespace {

// Halley steps from the float estimate, on erfc near 1 where erf has no digits left.
double erfinv(double x) {
  if (std::isnan(x) || std::abs(x) > 1) return std::numeric_limits<double>::quiet_NaN();
  if (std::abs(x) == 1) return x * std::numeric_limits<double>::infinity();
  const double a = std::abs(x), w = -std::log((1 - a) * (1 + a));
  double r = std::sqrt(
      std::max(0.0, std::sqrt((4.3307467508 + w * -0.5) * (4.3307467508 + w * -0.5) + w * 6.8029410955) - (4.3307467508 + w * -0.5)));
  for (int i = 0; i < 4; ++i) {  // S. Winitzki's estimate is good to 2e-3; each step triples the digits
    const double error = a > 0.5 ? (1 - a) - std::erfc(r) : std::erf(r) - a;
    const double step = error / (2 / std::sqrt(M_PI) * std::exp(-r * r));
    r -= step / (1 + r * step);
  }
  return std::copysign(r, x);
}

double gelu_tanh(double x) { return x / (1 + std::exp(-2 * std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); }
double gelu_erf(double x) { return x < -40 ? 0 : 0.5 * x * std::erfc(-x / std::sqrt(2.0)); }  // at -infinity too
double gelu_erf_slope(double x) {
  if (std::abs(x) > 40) return x > 0;  // infinities too
  return 0.5 * std::erfc(-x / std::sqrt(2.0)) + x * std::exp(-0.5 * x * x) / std::sqrt(2 * M_PI);
}

template <auto f, class In, class Out = In>
void map(const void* in, void* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) static_cast<Out*>(out)[i] = Out(f(static_cast<const In*>(in)[i]));
}

UnaryFn unary_f64(UnaryOp op) {
  using enum UnaryOp;
  using T = double;
  switch (op) {
    case abs: return map<[](T x) { return std::abs(x); }, T>;
    case negative: return map<[](T x) { return -x; }, T>;
    case exp: return map<[](T x) { return std::exp(x); }, T>;
    case expm1: return map<[](T x) { return std::expm1(x); }, T>;
    case log: return map<[](T x) { return std::log(x); }, T>;
    case log1p: return map<[](T x) { return std::log1p(x); }, T>;
    case log2: return map<[](T x) { return std::log2(x); }, T>;
    case log10: return map<[](T x) { return std::log10(x); }, T>;
    case sqrt: return map<[](T x) { return std::sqrt(x); }, T>;
    case rsqrt: return map<[](T x) { return 1 / std::sqrt(x); }, T>;
    case square: return map<[](T x) { return x * x; }, T>;
    case sin: return map<[](T x) { return std::sin(x); }, T>;
    case cos: return map<[](T x) { return std::cos(x); }, T>;
    case tan: return map<[](T x) { return std::tan(x); }, T>;
    case asin: return map<[](T x) { return std::asin(x); }, T>;
    case acos: return map<[](T x) { return std::acos(x); }, T>;
    case atan: return map<[](T x) { return std::atan(x); }, T>;
    case sinh: return map<[](T x) { return std::sinh(x); }, T>;
    case cosh: return map<[](T x) { return std::cosh(x); }, T>;
    case tanh: return map<[](T x) { return std::tanh(x); }, T>;
    case asinh: return map<[](T x) { return std::asinh(x); }, T>;
    case acosh: return map<[](T x) { return std::acosh(x); }, T>;
    case atanh: return map<[](T x) { return std::atanh(x); }, T>;
    case floor: return map<[](T x) { return std::floor(x); }, T>;
    case ceil: return map<[](T x) { return std::ceil(x); }, T>;
    case trunc: return map<[](T x) { return std::trunc(x); }, T>;
    case round: return map<[](T x) { return std::nearbyint(x); }, T>;
    case sign: return map<[](T x) { return (x > 0) ? 1.0 : (x < 0) ? -1.0 : x + 0.0; }, T>;  // -0 gives 0
    case reciprocal: return map<[](T x) { return 1 / x; }, T>;
    case erf: return map<[](T x) { return std::erf(x); }, T>;
    case erfinv: return map<cpu::erfinv, T>;
    case sigmoid: return map<[](T x) { return 1 / (1 + std::exp(-x)); }, T>;
    case silu: return map<[](T x) { return x / (1 + std::exp(-x)); }, T>;
    case gelu_tanh: return map<cpu::gelu_tanh, T>;
    case gelu_erf: return map<cpu::gelu_erf, T>;
    case gelu_erf_slope: return map<cpu::gelu_erf_slope, T>;
    case relu: return map<[](T x) { return x < 0 ? 0 : x; }, T>;
    case logical_not: return map<[](T x) { return x == 0; }, T, uint8_t>;
    case isnan: return map<[](T x) { return std::isnan(x); }, T, uint8_t>;
    case isinf: return map<[](T x) { return std::isinf(x); }, T, uint8_t>;
    case isfinite: return map<[](T x) { return std::isfinite(x); }, T, uint8_t>;
    default: return nullptr;
  }
}

// Arithmetic wraps, as NumPy: it is done on the unsigned type.
template <class T>
UnaryFn unary_integer(UnaryOp op) {
  using enum UnaryOp;
  using U = std::make_unsigned_t<T>;
  switch (op) {
    case abs: return map<[](T x) { return x < 0 ? T(U(0) - U(x)) : x; }, T>;
    case negative: return map<[](T x) { return T(U(0) - U(x)); }, T>;
    case square: return map<[](T x) { return T(uint64_t(x) * uint64_t(x)); }, T>;
    case floor:
    case ceil:
    case trunc:
    case round: return map<[](T x) { return x; }, T>;
    case sign: return map<[](T x) { return (x > 0) - (x < 0); }, T>;
    case relu: return map<[](T x) { return x < 0 ? T(0) : x; }, T>;
    case logical_not: return map<[](T x) { return x == 0; }, T, uint8_t>;
    case bitwise_not: return map<[](T x) { return T(~x); }, T>;
    case isnan:
    case isinf: return map<[](T) { return false; }, T, uint8_t>;
    case isfinite: return map<[](T) { return true; }, T, uint8_t>;
    default: return nullptr;
  }
}

UnaryFn unary_boolean(UnaryOp op) {
  switch (op) {
    case UnaryOp::abs:
    case UnaryOp::square: return map<[](uint8_t x) { return x; }, uint8_t>;
    case UnaryOp::logical_not:
    case UnaryOp::bitwise_not: return map<[](uint8_t x) { return x == 0; }, uint8_t>;
    case UnaryOp::isnan:
    case UnaryOp::isinf: return map<[](uint8_t) { return false; }, uint8_t>;
    case UnaryOp::isfinite: return map<[](uint8_t) { return true; }, uint8_t>;
    default: return nullptr;
  }
}

template <auto f>
void map_pairs(const void* left, int64_t left_step, const void* right, int64_t right_step, void* out, int64_t n) {
  const auto* a = static_cast<const double*>(left);
  const auto* b = static_cast<const double*>(right);
  for (int64_t i = 0; i < n; ++i) static_cast<double*>(out)[i] = f(a[i * left_step], b[i * right_step]);
}

double logaddexp(double a, double b) {
  if (a == b) return a + std::log(2.0);  // also two equal infinities
  return std::isnan(a) || std::isnan(b) ? a + b : std::max(a, b) + std::log1p(std::exp(-std::abs(a - b)));
}

BinaryFn binary_f64(BinaryOp op) {
  switch (op) {
    case BinaryOp::power: return map_pairs<[](double a, double b) { return std::pow(a, b); }>;
    case BinaryOp::atan2: return map_pairs<[](double a, double b) { return std::atan2(a, b); }>;
    case BinaryOp::hypot: return map_pairs<[](double a, double b) { return std::hypot(a, b); }>;
    case BinaryOp::logaddexp: return map_pairs<logaddexp>;
    default: return nullptr;
  }
}

// Booleans are bytes of 0 and 1: sum is or, product is and, order as numbers.
BinaryFn binary_boolean(BinaryOp op, const Isa& isa) {
  using enum BinaryOp;
  switch (op) {
    case add:
    case maximum: op = bitwise_or; break;
    case multiply:
    case minimum: op = bitwise_and; break;
    case subtract:
    case floor_divide:
    case remainder:
    case power:
    case shift_left:
    case shift_right: return nullptr;
    default: break;
  }
  return isa.integers->binary[0][int(op)];
}

}  // namespace

UnaryFn unary_function(UnaryOp op, DType dtype, const Isa& isa, Operands operands) {
  switch (dtype) {
    case DType::boolean: return unary_boolean(op);
    case DType::u8: return unary_integer<uint8_t>(op);
    case DType::i8: return unary_integer<int8_t>(op);
    case DType::u16: return unary_integer<uint16_t>(op);
    case DType::i16: return unary_integer<int16_t>(op);
    case DType::u32: return unary_integer<uint32_t>(op);
    case DType::i32: return unary_integer<int32_t>(op);
    case DType::u64: return unary_integer<uint64_t>(op);
    case DType::i64: return unary_integer<int64_t>(op);
    case DType::f32: return isa.elementwise->unary_f32[int(operands)][int(op)];
    case DType::f64: return unary_f64(op);
    default: return nullptr;
  }
}

BinaryFn binary_function(BinaryOp op, DType dtype, const Isa& isa, Operands operands) {
  switch (dtype) {
    case DType::boolean: return binary_boolean(op, isa);
    case DType::f32: return isa.elementwise->binary_f32[int(operands)][int(op)];
    case DType::f64: {
      const BinaryFn vectorised = isa.elementwise->binary_f64[int(operands)][int(op)];
      return vectorised ? vectorised : binary_f64(op);
    }
    case DType::f16:
    case DType::bf16: return nullptr;
    default: return isa.integers->binary[int(dtype) - int(DType::u8)][int(op)];
  }
}

PairFn pair_function(PairOp first, PairOp second, const Isa& isa, Operands operands) {
  return isa.elementwise->pair_f32[int(operands)][int(first)][int(second)];
}

WhereFn where_function(int64_t element_bytes, const Isa& isa) {
  switch (element_bytes) {
    case 1: return isa.elementwise->where[0];
    case 2: return isa.elementwise->where[1];
    case 4: return isa.elementwise->where[2];
    case 8: return isa.elementwise->where[3];
    default: return nullptr;
  }
}

DType unary_result(UnaryOp op, DType dtype) { return gives_boolean(op) ? DType::boolean : dtype; }

DType binary_result(BinaryOp op, DType dtype) { return gives_boolean(op) ? DType::boolean : dtype; }

}  // namespace mlxc::cpu
