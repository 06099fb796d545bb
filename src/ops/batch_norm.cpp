#include "ops/batch_norm.h"

#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"
#include "ops/spatial.h"

namespace mlxc {
namespace {

Array positive(const Array& y) { return cast(binary(BinaryOp::greater, y, scalar_like(y, 0)), y.dtype()); }

}  // namespace

std::vector<TensorType> BatchNorm::infer(TensorTypes inputs) const {
  const TensorType channels{{inputs[0].shape[1]}, inputs[0].dtype};
  return {inputs[0], channels, channels};
}

Arrays BatchNorm::compose(const Arrays& inputs) const {
  const Array& x = inputs[0];
  const Array mean = reduce(ReduceOp::mean, x, spatial::all_but_channels(x.rank()), true),
              variance = reduce(ReduceOp::variance, x, spatial::all_but_channels(x.rank()), true);
  Array y = (x - mean) * unary(UnaryOp::rsqrt, variance + eps);
  if (affine) y = y * spatial::per_channel(inputs[1], x.rank()) + spatial::per_channel(inputs[2], x.rank());
  return {relu ? unary(UnaryOp::relu, y) : y, reshape(mean, {x.dim(1)}), reshape(variance, {x.dim(1)})};
}

Arrays BatchNorm::vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const {
  if (!cotangents[0] || cotangents[1] || cotangents[2]) return vjp_of_composition(*this, inputs, cotangents);
  const Array g = relu ? cotangents[0] * positive(outputs[0]) : cotangents[0];
  Arrays operands{inputs[0], outputs[1], outputs[2], g};
  if (affine) operands.push_back(inputs[1]);
  return apply_all(std::make_shared<const BatchNormGradient>(affine, eps), std::move(operands));
}

std::vector<TensorType> BatchNormGradient::infer(TensorTypes inputs) const {
  if (!affine) return {inputs[0]};
  return {inputs[0], inputs[1], inputs[1]};
}

Arrays BatchNormGradient::compose(const Arrays& inputs) const {
  const Array &x = inputs[0], g = gated ? inputs[3] * positive(inputs.back()) : inputs[3];
  const Array scale = unary(UnaryOp::rsqrt, spatial::per_channel(inputs[2], x.rank()) + eps),
              normal = (x - spatial::per_channel(inputs[1], x.rank())) * scale;
  auto sum = [&](const Array& of) { return reduce(ReduceOp::sum, of, spatial::all_but_channels(x.rank()), true); };
  const Array all = sum(g), along = sum(g * normal);
  const double each = double(x.dim(1)) / double(x.size());
  const Array slope = affine ? scale * spatial::per_channel(inputs[4], x.rank()) : scale;
  Arrays results{(g - all * each - normal * (along * each)) * slope};
  if (affine) results.insert(results.end(), {reshape(along, {x.dim(1)}), reshape(all, {x.dim(1)})});
  return results;
}

Arrays BatchNormGradient::vjp(const Arrays& inputs, const Arrays&, const Arrays& cotangents) const {
  return vjp_of_composition(*this, inputs, cotangents);
}

BatchNormResult batch_normalization(const Array& x, const Array& weight, const Array& bias, double eps) {
  if (x.rank() < 2) fail(Status::invalid_argument, "batch_norm: ", to_string(x.shape()), " has no batch and channels");
  const DType inner = x.dtype() == DType::f64 ? DType::f64 : DType::f32;
  const bool affine = weight || bias;
  Arrays inputs{cast(x, inner)};
  auto add = [&](const Array& given, const char* name, double otherwise) {
    if (given && !(given.shape() == Shape{x.dim(1)}))
      fail(Status::invalid_argument, "batch_norm: the ", name, " has the shape ", to_string(given.shape()), " for ", x.dim(1), " channels");
    inputs.push_back(given ? cast(given, inner) : full(x.device(), {x.dim(1)}, otherwise, inner));
  };
  if (affine) {
    add(weight, "weight", 1);
    add(bias, "bias", 0);
  }
  const Arrays results = apply_all(std::make_shared<const BatchNorm>(affine, eps), std::move(inputs));
  return {cast(results[0], is_float(x.dtype()) ? x.dtype() : DType::f32), results[1], results[2]};
}

}  // namespace mlxc
