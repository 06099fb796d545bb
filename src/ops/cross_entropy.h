// The negative log-probability of one class a row, without an array of probabilities.
#pragma once

#include "graph/array.h"

namespace mlxc {

// Inputs: float32 logits [..., classes], int32 targets [...]. Outputs: log(sum(exp(logits))) - logits[target] [...], 0 for a target that is
// no class; and [..., 2] the largest logit and sum(exp(logits - largest)), from which the gradient computes probabilities again. They stay
// apart, as their logarithms' sum would round off what a large logit leaves of a small loss.
struct CrossEntropyRows : PrimitiveBase<CrossEntropyRows, OpCode::cross_entropy> {
  static constexpr std::string_view kName = "cross_entropy";
  auto fields() const { return std::tie(); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays compose(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
};

// Inputs: logits, targets, the largest logits and sums, the cotangent of the loss. Output: the gradient of the logits.
struct CrossEntropyGradient : PrimitiveBase<CrossEntropyGradient, OpCode::cross_entropy_gradient> {
  static constexpr std::string_view kName = "cross_entropy_gradient";
  auto fields() const { return std::tie(); }
  std::vector<TensorType> infer(TensorTypes inputs) const override { return {inputs[0]}; }
  Arrays compose(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
};

Array cross_entropy_rows(const Array& logits, const Array& targets);

}  // namespace mlxc
