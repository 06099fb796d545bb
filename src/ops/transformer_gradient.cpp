// What the fused forms stand for, out of simpler operations. Their gradients follow from it.
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"
#include "ops/transformer.h"

namespace mlxc {
namespace {

Array mean(const Array& x) { return reduce(ReduceOp::mean, x, {-1}, true); }

// How many of the starts a token has reached: 0 before the first sequence, then the sequence's number plus 1, beyond the last one too.
Array sequence_of_tokens(const Array& starts, int64_t tokens) {
  const Array token = expand_dims(arange(starts.device(), 0, double(tokens), 1, DType::i32), 1);
  return reduce(ReduceOp::sum, cast(binary(BinaryOp::greater_equal, token, starts), DType::f32), {-1}, false);
}

}  // namespace

Arrays RmsNorm::compose(const Arrays& inputs) const {
  const Array& x = inputs[0];
  const Array normed = x * unary(UnaryOp::rsqrt, mean(unary(UnaryOp::square, x)) + eps);
  const Array scaled = normed * (cast(inputs[1], x.dtype()) + weight_offset);
  return {residual ? scaled + inputs[2] : scaled};
}

Arrays LayerNorm::compose(const Arrays& inputs) const {
  const Array& x = inputs[0];
  const Array centered = x - mean(x), normed = centered * unary(UnaryOp::rsqrt, mean(unary(UnaryOp::square, centered)) + eps);
  return {normed * cast(inputs[1], x.dtype()) + cast(inputs[2], x.dtype())};
}

Arrays Rope::compose(const Arrays& inputs) const {
  const Array &x = inputs[0], &frequencies = inputs[2];
  const int64_t half = frequencies.size(), width = x.dim(-1);
  const Array angle = reshape(cast(inputs[1], x.dtype()), {x.dim(0), 1, 1}) * frequencies;
  const Array cosine = unary(UnaryOp::cos, angle) * attention_factor, sine = unary(UnaryOp::sin, angle) * attention_factor;
  const Array first = slice_axis(x, -1, 0, half), second = slice_axis(x, -1, half, 2 * half);
  Arrays parts{first * cosine - second * sine, second * cosine + first * sine};
  if (2 * half < width) parts.push_back(slice_axis(x, -1, 2 * half, width));
  return {concatenate(parts, -1)};
}

Arrays DenseAttention::compose(const Arrays& inputs) const {
  const Array& q = inputs[0];
  const int64_t tokens = q.dim(0), heads = q.dim(1), kv_heads = inputs[1].dim(1), width = q.dim(2), group = heads / kv_heads;
  const Array queries = transpose(reshape(q, {tokens, kv_heads, group, width}), {1, 2, 0, 3});
  const Array keys = expand_dims(transpose(inputs[1], {1, 2, 0}), 1), values = expand_dims(transpose(inputs[2], {1, 0, 2}), 1);
  const Array sequence = sequence_of_tokens(inputs[3], tokens);
  const Array same = binary(BinaryOp::equal, expand_dims(sequence, 1), sequence);
  const Array scores = matmul(queries, keys) * scale;
  const Array probabilities = softmax(where(same, scores, scalar_like(scores, -1e30)), -1);
  return {reshape(transpose(matmul(probabilities, values), {2, 0, 1, 3}), q.shape())};
}

Arrays SegmentPool::compose(const Arrays& inputs) const {
  const Array &x = inputs[0], &starts = inputs[1];
  const int64_t sequences = starts.size() - 1;
  const Array number = expand_dims(arange(x.device(), 1, double(sequences + 1), 1, x.dtype()), 1);
  const Array member = cast(binary(BinaryOp::equal, number, sequence_of_tokens(starts, x.dim(0))), x.dtype());
  const Array count = binary(BinaryOp::maximum, reduce(ReduceOp::sum, member, {-1}, true), scalar_like(x, 1));
  return {matmul(member, x) / count};
}

Arrays NormGradient::compose(const Arrays& inputs) const {
  const Array weight = cast(inputs[1], DType::f32);
  if (!centered) return vjp_of_composition(RmsNorm(eps, weight_offset), {inputs[0], weight}, {inputs[2]});
  return vjp_of_composition(LayerNorm(eps), {inputs[0], weight, full(weight.device(), weight.shape(), 0, DType::f32)}, {inputs[2]});
}
Arrays NormGradient::vjp(const Arrays& inputs, const Arrays&, const Arrays& cotangents) const {
  return vjp_of_composition(*this, inputs, cotangents);
}

Arrays RmsNorm::vjp(const Arrays& inputs, const Arrays&, const Arrays& cotangents) const {
  if (residual || inputs[0].rank() < 2) return vjp_of_composition(*this, inputs, cotangents);
  Arrays results = apply_all(std::make_shared<const NormGradient>(false, eps, weight_offset), {inputs[0], inputs[1], cotangents[0]});
  results[1] = cast(results[1], inputs[1].dtype());
  return results;
}
Arrays LayerNorm::vjp(const Arrays& inputs, const Arrays&, const Arrays& cotangents) const {
  if (inputs[0].rank() < 2) return vjp_of_composition(*this, inputs, cotangents);
  Arrays results = apply_all(std::make_shared<const NormGradient>(true, eps, 0), {inputs[0], inputs[1], cotangents[0]});
  for (size_t i : {1, 2}) results[i] = cast(results[i], inputs[i].dtype());
  return results;
}
Arrays Rope::vjp(const Arrays& inputs, const Arrays&, const Arrays& cotangents) const {
  return vjp_of_composition(*this, inputs, cotangents);
}
Arrays DenseAttention::vjp(const Arrays& inputs, const Arrays&, const Arrays& cotangents) const {
  return vjp_of_composition(*this, inputs, cotangents);
}
Arrays SegmentPool::vjp(const Arrays& inputs, const Arrays&, const Arrays& cotangents) const {
  return vjp_of_composition(*this, inputs, cotangents);
}

}  // namespace mlxc
