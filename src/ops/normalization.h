// Normalisations over any axes, and dropout. The layers of language models have primitives of their own (transformer.h).
#pragma once

#include "graph/array.h"

namespace mlxc {

// (x - mean) / sqrt(variance + eps) * weight + bias; population variance; computed in float32 for 16-bit x. weight and bias may be missing.
Array layer_normalization(const Array& x, const Array& weight, const Array& bias, int last_axes, double eps);  // over the last axes
Array rms_normalization(const Array& x, const Array& weight, double eps);  // over the last axis, no mean
// Each channel (axis 1) by given statistics; batch_norm.h has the batch's own.
Array batch_normalization(const Array& x, const Array& mean, const Array& variance, const Array& weight, const Array& bias, double eps);
Array group_normalization(const Array& x, int64_t groups, const Array& weight, const Array& bias, double eps);  // channels are axis 1

// x where the word of the element's index is at least the probability (as random::uniform makes a float32 of it), else 0. The words come
// from a key, so that nothing is kept for the way back: the gradient draws them again. Inputs: x, and the halves of the key for every
// element.
struct Dropout : PrimitiveBase<Dropout, OpCode::dropout> {
  static constexpr std::string_view kName = "dropout";
  explicit Dropout(float probability) : probability(probability) {}
  float probability;
  auto fields() const { return std::tie(probability); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
  bool is_elementwise() const override { return true; }
};
// Zeroes each element with the probability, and scales the others so that the mean stays.
Array dropout(const Array& x, const Array& key, double probability);

}  // namespace mlxc
