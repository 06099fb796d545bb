// What operations are called wherever they are known: in the graph, in kernels, in shaders that are written for them.
#pragma once

#include <cstdint>

namespace mlxc {

// The numbers are those of mlxc/array.h, as far as it names them.
enum class UnaryOp : uint8_t {
  abs,
  negative,
  exp,
  expm1,
  log,
  log1p,
  log2,
  log10,
  sqrt,
  rsqrt,
  square,
  reciprocal,
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  tanh,
  asinh,
  acosh,
  atanh,
  floor,
  ceil,
  trunc,
  round,
  sign,
  erf,
  sigmoid,
  silu,
  gelu_tanh,
  gelu_erf,
  relu,
  logical_not,
  bitwise_not,
  isnan,
  isinf,
  isfinite,
  erfinv,
  gelu_erf_slope,  // the derivative of gelu_erf
};

enum class BinaryOp : uint8_t {
  add,
  subtract,
  multiply,
  divide,
  floor_divide,
  remainder,
  power,
  minimum,
  maximum,
  atan2,
  hypot,
  logaddexp,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  logical_and,
  logical_or,
  logical_xor,
  bitwise_and,
  bitwise_or,
  bitwise_xor,
  shift_left,
  shift_right,
};

inline constexpr int kUnaryOpCount = int(UnaryOp::gelu_erf_slope) + 1;
inline constexpr int kBinaryOpCount = int(BinaryOp::shift_right) + 1;

constexpr bool gives_boolean(UnaryOp op) {
  return op == UnaryOp::logical_not || op == UnaryOp::isnan || op == UnaryOp::isinf || op == UnaryOp::isfinite;
}
constexpr bool gives_boolean(BinaryOp op) { return op >= BinaryOp::equal && op <= BinaryOp::logical_xor; }

enum class ScanOp : uint8_t { sum, prod, max, min, logsumexp };
enum class ScatterOp : uint8_t { set, add, multiply, minimum, maximum };
enum class PoolOp : uint8_t { max, mean, mean_of_inside };  // mean_of_inside: over the elements that are no padding

// Of linear layers. high: activations stay float32. native: products may round their inputs to the weights' 16-bit type; accumulation is
// float32 in both.
enum class Precision : uint8_t { native = 0, high = 1 };

}  // namespace mlxc
