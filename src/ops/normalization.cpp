#include "ops/normalization.h"

#include <cmath>

#include "ops/arrange.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"
#include "ops/spatial.h"

namespace mlxc {

std::vector<TensorType> Dropout::infer(TensorTypes inputs) const { return {inputs[0]}; }

Arrays Dropout::vjp(const Arrays& inputs, const Arrays&, const Arrays& cotangents) const {
  return {apply(*this, {cotangents[0], inputs[1], inputs[2]})};
}

namespace {

Array wide(const Array& x) { return x.dtype() == DType::f64 ? x : cast(x, DType::f32); }

Array scaled(const Array& x, const Array& weight, const Array& bias) {
  Array y = x;
  if (weight) y = y * wide(weight);
  if (bias) y = y + wide(bias);
  return y;
}

struct Moments {
  Array mean, variance;
};
Moments moments(const Array& x, const Dims& axes) {
  return {reduce(ReduceOp::mean, x, axes, true), reduce(ReduceOp::variance, x, axes, true)};
}

Array standardized(const Array& x, const Moments& m, double eps) { return (x - m.mean) * unary(UnaryOp::rsqrt, m.variance + eps); }

DType result_type(const Array& x) { return is_float(x.dtype()) ? x.dtype() : DType::f32; }

// A value a channel, shaped to broadcast over [N, C, ...].
Array per_channel(const Array& values, const Array& x, const char* name) {
  if (!values) return values;
  if (!(values.shape() == Shape{x.dim(1)}))
    fail(Status::invalid_argument, name, " has the shape ", to_string(values.shape()), " for ", x.dim(1), " channels");
  return spatial::per_channel(values, x.rank());
}

void check_channels(const Array& x, const char* what) {
  if (x.rank() < 2) fail(Status::invalid_argument, what, ": ", to_string(x.shape()), " has no batch and channels");
}

}  // namespace

Array layer_normalization(const Array& x, const Array& weight, const Array& bias, int last_axes, double eps) {
  if (last_axes < 1 || last_axes > x.rank())
    fail(Status::invalid_argument, "layer_norm: over the last ", last_axes, " axes of ", to_string(x.shape()));
  Dims axes;
  for (int i = 0; i < last_axes; ++i) axes.push_back(x.rank() - last_axes + i);
  const Array values = wide(x);
  return cast(scaled(standardized(values, moments(values, axes), eps), weight, bias), result_type(x));
}

Array rms_normalization(const Array& x, const Array& weight, double eps) {
  const Array values = wide(x), mean = reduce(ReduceOp::mean, unary(UnaryOp::square, values), {-1}, true);
  return cast(scaled(values * unary(UnaryOp::rsqrt, mean + eps), weight, Array()), result_type(x));
}

Array batch_normalization(const Array& x, const Array& mean, const Array& variance, const Array& weight, const Array& bias, double eps) {
  check_channels(x, "batch_norm");
  const Moments m{wide(per_channel(mean, x, "batch_norm: the mean")), wide(per_channel(variance, x, "batch_norm: the variance"))};
  return cast(
      scaled(standardized(wide(x), m, eps), per_channel(weight, x, "batch_norm: the weight"), per_channel(bias, x, "batch_norm: the bias")),
      result_type(x));
}

Array group_normalization(const Array& x, int64_t groups, const Array& weight, const Array& bias, double eps) {
  check_channels(x, "group_norm");
  if (groups < 1 || x.dim(1) % groups) fail(Status::invalid_argument, "group_norm: ", x.dim(1), " channels in ", groups, " groups");
  const Array values = reshape_by_axes(wide(x), {same_as(0), groups, -1});
  Shape shape = x.shape();
  shape[0] = same_as(0);
  const Array y = reshape_by_axes(standardized(values, moments(values, {-1}), eps), shape);
  return cast(scaled(y, per_channel(weight, x, "group_norm: the weight"), per_channel(bias, x, "group_norm: the bias")), result_type(x));
}

Array dropout(const Array& x, const Array& key, double probability) {
  if (!(probability >= 0 && probability <= 1)) fail(Status::invalid_argument, "dropout: the probability is ", probability);
  if (probability == 0) return x;
  if (!(key.shape() == Shape{2}) || key.dtype() != DType::u32)
    fail(Status::invalid_argument, "dropout: a random key is uint32 [2], not ", name_of(key.dtype()), " ", to_string(key.shape()));
  auto half = [&](int64_t i) { return broadcast_to(squeeze(slice_axis(key, 0, i, i + 1), 0), x.shape()); };
  return apply(Dropout(float(probability)), {x * (probability < 1 ? 1 / (1 - probability) : 0.0), half(0), half(1)});
}

}  // namespace mlxc
