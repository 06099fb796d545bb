#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"

namespace mlxc {

Arrays Reduce::vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const {
  const Array& x = inputs[0];
  Shape kept = x.shape();
  double count = 1;
  for (int64_t axis : axes) count *= double(kept[int(axis)]), kept[int(axis)] = 1;
  auto spread = [&](const Array& reduced) { return broadcast_to(reshape(reduced, kept), x.shape()); };
  auto zero_unless = [&](const Array& condition, const Array& value) { return where(condition, value, scalar_like(value, 0)); };
  const Array g = spread(cotangents[0]);
  switch (op) {
    case ReduceOp::sum: return {g};
    case ReduceOp::mean: return {g * (1 / count)};
    case ReduceOp::prod: {  // the product of the other elements: of no use to divide by is a zero
      const Array one = scalar_like(x, 1), zero = binary(BinaryOp::equal, x, scalar_like(x, 0));
      const Array zeros = reduce(ReduceOp::sum, cast(zero, x.dtype()), axes, true), filled = where(zero, one, x);
      const Array rest = reduce(ReduceOp::prod, filled, axes, true) / filled;
      const Array others = zeros - cast(zero, x.dtype());  // zeros among the other elements
      return {g * zero_unless(binary(BinaryOp::equal, others, scalar_like(x, 0)), rest)};
    }
    case ReduceOp::max:
    case ReduceOp::min: {  // equal elements share
      const Array hit = cast(binary(BinaryOp::equal, x, spread(outputs[0])), x.dtype());
      return {g * hit / reduce(ReduceOp::sum, hit, axes, true)};
    }
    case ReduceOp::variance: return {g * (x - reduce(ReduceOp::mean, x, axes, true)) * (2 / count)};
    case ReduceOp::deviation: {  // 0 where nothing differs
      const Array root = spread(outputs[0]), part = g / (root * count);
      return {zero_unless(binary(BinaryOp::not_equal, root, scalar_like(root, 0)), part) * (x - reduce(ReduceOp::mean, x, axes, true))};
    }
    case ReduceOp::logsumexp: return {g * unary(UnaryOp::exp, x - spread(outputs[0]))};
    default: fail(Status::unsupported, name_of(op), " has no gradient");
  }
}

Arrays Softmax::vjp(const Arrays&, const Arrays& outputs, const Arrays& cotangents) const {
  const Array &y = outputs[0], &g = cotangents[0];
  auto total = [](const Array& x) { return reduce(ReduceOp::sum, x, {-1}, true); };
  if (log) return {g - unary(UnaryOp::exp, y) * total(g)};
  return {y * (g - total(g * y))};
}

Arrays TopK::vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const {
  if (!cotangents[0]) return {};
  const Array& x = inputs[0];
  const Array columns = arange(x.device(), 0, double(x.dim(-1)), 1, DType::i32),
              hit = binary(BinaryOp::equal, expand_dims(outputs[1], -1), columns);
  const Array g = expand_dims(cotangents[0], -1);
  return {reduce(ReduceOp::sum, where(hit, g, scalar_like(g, 0)), {-2}, false)};
}

}  // namespace mlxc
