// Adam's step for one parameter (Kingma & Ba 2015), with the decay of AdamW (Loshchilov & Hutter 2019).
#pragma once

#include "graph/array.h"

namespace mlxc {

// mean = beta1 mean + (1 - beta1) g, variance = beta2 variance + (1 - beta2) g^2,
// p = keep p - rate mean / (sqrt(variance) / correction + eps). Inputs, float32: p, mean, variance, g of one shape; the numbers keep, rate
// (by the mean's own correction already) and correction. Outputs: p, mean, variance, where the old ones lie.
struct AdamUpdate : PrimitiveBase<AdamUpdate, OpCode::adam> {
  static constexpr std::string_view kName = "adam";
  AdamUpdate(double beta1, double beta2, double eps) : beta1(beta1), beta2(beta2), eps(eps) {}
  double beta1, beta2, eps;
  auto fields() const { return std::tie(beta1, beta2, eps); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  int updates() const override { return 3; }
  double work(TensorTypes inputs, TensorTypes) const override { return 14 * double(element_count(inputs[0].shape)); }
  Arrays compose(const Arrays& inputs) const override;
};

struct AdamState {
  Array parameter, mean, variance;
};
// Float32 or float64.
AdamState adam_update(const AdamUpdate& op, const AdamState& old, const Array& gradient, const Array& keep, const Array& rate,
                      const Array& correction);

}  // namespace mlxc
