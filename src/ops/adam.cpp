#include "ops/adam.h"

#include "ops/elementwise.h"

namespace mlxc {

std::vector<TensorType> AdamUpdate::infer(TensorTypes inputs) const {
  for (size_t i = 0; i < inputs.size(); ++i) {
    const TensorType wanted{i < 4 ? inputs[0].shape : Shape(), DType::f32};
    if (!(inputs[i] == wanted))
      fail(Status::invalid_argument, "adam: input ", i, " is ", name_of(inputs[i].dtype), " ", to_string(inputs[i].shape),
           ", expected float32 ", to_string(wanted.shape));
  }
  return {inputs[0], inputs[1], inputs[2]};
}

Arrays AdamUpdate::compose(const Arrays& inputs) const {
  const Array &p = inputs[0], &g = inputs[3], &keep = inputs[4], &rate = inputs[5], &correction = inputs[6];
  auto blend = [](double a, const Array& x, const Array& y) { return x * a + y * (1 - a); };
  const Array mean = blend(beta1, inputs[1], g), variance = blend(beta2, inputs[2], unary(UnaryOp::square, g));
  return {p * keep - rate * mean / (unary(UnaryOp::sqrt, variance) / correction + eps), mean, variance};
}

AdamState adam_update(const AdamUpdate& op, const AdamState& old, const Array& gradient, const Array& keep, const Array& rate,
                      const Array& correction) {
  Arrays inputs{old.parameter, old.mean, old.variance, gradient, keep, rate, correction};
  const Arrays now =
      old.parameter.dtype() == DType::f32 ? apply_all(std::make_shared<const AdamUpdate>(op), std::move(inputs)) : op.compose(inputs);
  return {now[0], now[1], now[2]};
}

}  // namespace mlxc
