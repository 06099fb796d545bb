// Normalisation of each channel by the batch's own statistics (Ioffe and Szegedy 2015), with its gradient as an operation of its own.
#pragma once

#include "graph/array.h"

namespace mlxc {

// (x - mean) / sqrt(variance + eps) * weight + bias over everything but the channels (axis 1), with what it took the batch's mean and
// population variance [C] to be. weight and bias [C] may be missing. Computed in float32 for 16-bit x and integers.
struct BatchNormResult {
  Array y, mean, variance;
};
BatchNormResult batch_normalization(const Array& x, const Array& weight, const Array& bias, double eps);

// x [N, C, ...] and, if affine, weight and bias [C], all float32 or float64 -> y, mean, variance. A pattern joins the relu behind y.
struct BatchNorm : PrimitiveBase<BatchNorm, OpCode::batch_norm> {
  static constexpr std::string_view kName = "batch_norm";
  BatchNorm(bool affine, double eps) : affine(affine), eps(eps) {}
  bool affine;
  double eps;
  bool relu = false;
  auto fields() const { return std::tie(affine, eps, relu); }
  std::vector<std::string_view> parts() const override {
    return relu ? std::vector<std::string_view>{kName, "relu"} : std::vector<std::string_view>{kName};
  }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays compose(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
};

// x, mean, variance, the cotangent g of y, if affine the weight, if gated an array like y: g counts where that is above zero, which a
// pattern makes of the gradient of a relu -> dx and, if affine, the gradients of weight and bias.
struct BatchNormGradient : PrimitiveBase<BatchNormGradient, OpCode::batch_norm_gradient> {
  static constexpr std::string_view kName = "batch_norm_gradient";
  BatchNormGradient(bool affine, double eps) : affine(affine), eps(eps) {}
  bool affine;
  double eps;
  bool gated = false;
  auto fields() const { return std::tie(affine, eps, gated); }
  std::vector<std::string_view> parts() const override {
    return gated ? std::vector<std::string_view>{"greater", "cast", "multiply", kName} : std::vector<std::string_view>{kName};
  }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays compose(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
};

}  // namespace mlxc
