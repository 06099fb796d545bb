#include "ops/elementwise.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"

namespace mlxc {
namespace {

Array transposed(const Array& matrices) {
  Dims axes;
  for (int axis = 0; axis < matrices.rank(); ++axis) axes.push_back(axis);
  std::swap(axes[axes.rank() - 1], axes[axes.rank() - 2]);
  return transpose(matrices, axes);
}

Array as_rows(const Array& x) { return reshape(x, {x.dim(-1) ? x.size() / x.dim(-1) : 0, x.dim(-1)}); }

}  // namespace

Arrays Matmul::vjp(const Arrays& inputs, const Arrays&, const Arrays& cotangents) const {
  const Array& g = cotangents[0];
  return {matmul(g, transposed(inputs[1])), matmul(transposed(inputs[0]), g)};
}

Arrays Linear::vjp(const Arrays& inputs, const Arrays&, const Arrays& cotangents) const {
  const Array x = as_rows(inputs[0]);
  Arrays results(inputs.size());
  for (int i = 0; i < weights; ++i) {
    if (!cotangents[size_t(i)]) continue;
    const Array &weight = inputs[size_t(1 + i)], g = as_rows(cotangents[size_t(i)]);
    // 16-bit weights: the product rounds g as the forward pass rounded x.
    const bool rounds = precision == Precision::native && weight.dtype() != DType::f32;
    const Array to_x = rounds ? linear(g, {transposed(weight)}, {}, precision)[0] : matmul(g, cast(weight, DType::f32));
    results[0] = results[0] ? results[0] + to_x : to_x;
    results[size_t(1 + i)] = cast(matmul(transposed(g), x), weight.dtype());
    if (has_bias) results[bias_input(i)] = cast(reduce(ReduceOp::sum, g, {0}, false), inputs[bias_input(i)].dtype());
  }
  if (results[0]) results[0] = reshape(results[0], inputs[0].shape());
  return results;
}

}  // namespace mlxc
