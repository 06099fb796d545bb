// Elementwise functions composed of the primitive ones; chains of them run as one launch. Also the activations.
#pragma once

#include "ops/elementwise.h"

namespace mlxc {

Array degrees(const Array& x);
Array radians(const Array& x);
Array is_positive_infinity(const Array& x);
Array is_negative_infinity(const Array& x);
Array signbit(const Array& x);  // also of -0 and of NaN
Array copysign(const Array& a, const Array& b);
Array nextafter(const Array& from, const Array& to);        // the next number of the type; NaN where either is one
Array truncated_divide(const Array& a, const Array& b);     // toward zero, as C; integers by 0 give 0
Array truncated_remainder(const Array& a, const Array& b);  // sign of the dividend, as C's fmod
// Between the bounds, either of which may be missing; a NaN stays.
Array clip(const Array& x, const Array& low, const Array& high);
// Finite values for those that are none; infinities without a value given become the type's largest.
Array nan_to_num(const Array& x, double nan, const double* positive_infinity, const double* negative_infinity);
// |a - b| <= absolute + relative * |b|; equal infinities are close, NaNs only when equal_nan.
Array isclose(const Array& a, const Array& b, double relative, double absolute, bool equal_nan);
Array allclose(const Array& a, const Array& b, double relative, double absolute, bool equal_nan);
Array array_equal(const Array& a, const Array& b, bool equal_nan);  // false where shapes differ
Array logaddexp2(const Array& a, const Array& b);
// x^p for x >= 0 and p > 0, with gradient 0 where x is 0: PyTorch's of norms and deviations, whose inner derivative is 0 there.
Array power_or_zero(const Array& x, double p);

// Activations. `parameter` is the slope of leaky_relu, the alpha of elu and celu, the beta of softplus, the threshold of the shrinks.
enum class ActivationOp : uint8_t {
  relu,
  relu6,
  leaky_relu,
  elu,
  selu,
  celu,
  gelu,
  gelu_tanh,
  silu,
  sigmoid,
  log_sigmoid,
  tanh,
  softplus,
  softsign,
  mish,
  hard_sigmoid,
  hard_swish,
  hard_tanh,
  hard_shrink,
  soft_shrink,
  tanh_shrink,
  step,
};
Array activation(ActivationOp op, const Array& x, double parameter);
double default_parameter(ActivationOp op);

}  // namespace mlxc
