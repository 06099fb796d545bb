#include "ops/cross_entropy.h"

#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"

namespace mlxc {

std::vector<TensorType> CrossEntropyRows::infer(TensorTypes inputs) const {
  Shape rows = inputs[0].shape;
  if (rows.rank() < 1 || inputs[0].dtype != DType::f32)
    fail(Status::invalid_argument, "cross_entropy: logits are float32 with classes last, not ", name_of(inputs[0].dtype), " ",
         to_string(rows));
  rows.erase(rows.rank() - 1);
  if (!(inputs[1] == TensorType{rows, DType::i32}))
    fail(Status::invalid_argument, "cross_entropy: targets are int32 ", to_string(rows), ", not ", name_of(inputs[1].dtype), " ",
         to_string(inputs[1].shape));
  Shape pairs = rows;
  pairs.push_back(2);
  return {{rows, DType::f32}, {pairs, DType::f32}};
}

Arrays CrossEntropyRows::compose(const Arrays& inputs) const {
  const Array &logits = inputs[0], &targets = inputs[1], scores = log_softmax(logits, -1);
  const Array chosen = binary(BinaryOp::equal, expand_dims(targets, -1), arange(logits.device(), 0, double(logits.dim(-1)), 1, DType::i32));
  const Array loss = reduce(ReduceOp::sum, where(chosen, scores, scalar_like(scores, 0)), {-1}, false) * -1;
  const Array largest = reduce(ReduceOp::max, logits, {-1}, true);
  return {loss, concatenate({largest, reduce(ReduceOp::sum, unary(UnaryOp::exp, logits - largest), {-1}, true)}, -1)};
}

Arrays CrossEntropyRows::vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const {
  if (!cotangents[0] || cotangents[1]) return vjp_of_composition(*this, inputs, cotangents);
  return apply_all(std::make_shared<const CrossEntropyGradient>(), {inputs[0], inputs[1], outputs[1], cotangents[0]});
}

Arrays CrossEntropyGradient::compose(const Arrays& inputs) const {
  return {vjp_of_composition(CrossEntropyRows(), {inputs[0], inputs[1]}, {inputs[3], {}})[0]};
}

Arrays CrossEntropyGradient::vjp(const Arrays& inputs, const Arrays&, const Arrays& cotangents) const {
  return vjp_of_composition(*this, inputs, cotangents);
}

Array cross_entropy_rows(const Array& logits, const Array& targets) {
  return apply_all(std::make_shared<const CrossEntropyRows>(), {logits, targets})[0];
}

}  // namespace mlxc
