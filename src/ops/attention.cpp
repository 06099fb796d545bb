#include "ops/attention.h"

#include <cmath>

#include "ops/arrange.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"

namespace mlxc {
namespace {

Array wide(const Array& x) { return x.dtype() == DType::f64 ? x : cast(x, DType::f32); }
DType result_dtype(const Array& x) { return is_float(x.dtype()) ? x.dtype() : DType::f32; }

// Scores [..., queries, keys] with -inf where a query does not see a key.
Array seen_scores(const Array& scores, bool causal, int64_t window) {
  if (!causal) return scores;
  const int64_t queries = scores.dim(-2), keys = scores.dim(-1);
  auto count = [&](int64_t n) { return arange(scores.device(), 0, double(n), 1, DType::i32); };
  const Array key = expand_dims(count(keys), 0), last = expand_dims(count(queries) + double(keys - queries), 1);
  auto where_or_never = [](const Array& seen, const Array& x) { return where(seen, x, scalar_like(x, -INFINITY)); };
  const Array before = where_or_never(binary(BinaryOp::less_equal, key, last), scores);
  return window > 0 && window < keys ? where_or_never(binary(BinaryOp::greater, key + double(window), last), before) : before;
}

// 0 for a query that sees no key.
Array probabilities_of(const Array& scores) {
  if (scores.dim(-1) == 0) return scores;
  const Array most = reduce(ReduceOp::max, scores, {-1}, true), zero = scalar_like(scores, 0);
  const Array sees = binary(BinaryOp::not_equal, most, scalar_like(most, -INFINITY));
  return where(sees, softmax(where(sees, scores, zero), -1), zero);
}

double products(TensorTypes inputs) { return 2 * double(element_count(inputs[0].shape)) * double(inputs[1].shape[1]); }

}  // namespace

std::vector<TensorType> Attention::infer(TensorTypes inputs) const {
  const Shape &q = inputs[0].shape, &k = inputs[1].shape;
  for (size_t i = 0; i < 3; ++i)
    if (inputs[i].shape.rank() != 4 || inputs[i].dtype != DType::f32)
      fail(Status::invalid_argument, "attention: q, k and v are float32 [batch, length, heads, dim], not ", name_of(inputs[i].dtype), " ",
           to_string(inputs[i].shape));
  if (!(inputs[1] == inputs[2]) || k[0] != q[0] || k[3] != q[3] || k[2] < 1 || q[2] % k[2])
    fail(Status::invalid_argument, "attention: q ", to_string(q), ", k ", to_string(k), " and v ", to_string(inputs[2].shape),
         " do not fit");
  return {inputs[0], {{q[0], q[2], q[1]}, DType::f32}};
}

double Attention::work(TensorTypes inputs, TensorTypes) const { return 2 * products(inputs); }
double AttentionGradient::work(TensorTypes inputs, TensorTypes) const { return 5 * products(inputs); }

Arrays Attention::compose(const Arrays& inputs) const {
  // All queries of a group of heads are rows of one product: [batch, kv_heads, group * queries, dim].
  const Array &q = inputs[0], &k = inputs[1], &v = inputs[2];
  const int64_t batch = q.dim(0), queries = q.dim(1), heads = q.dim(2), dim = q.dim(3), keys = k.dim(1), kv_heads = k.dim(2);
  const int64_t group = heads / kv_heads;
  const Array rows =
      reshape(transpose(reshape(q, {batch, queries, kv_heads, group, dim}), {0, 2, 3, 1, 4}), {batch, kv_heads, group * queries, dim});
  Array product = matmul(rows * scale, transpose(k, {0, 2, 3, 1}));
  if (softcap > 0) product = unary(UnaryOp::tanh, product * (1 / softcap)) * softcap;
  const Array scores = seen_scores(reshape(product, {batch, kv_heads, group, queries, keys}), causal, window);
  const Array probabilities =
      reshape(causal && queries > keys ? probabilities_of(scores) : softmax(scores, -1), {batch, kv_heads, group * queries, keys});
  const Array y = reshape(matmul(probabilities, transpose(v, {0, 2, 1, 3})), {batch, kv_heads, group, queries, dim});
  return {reshape(transpose(y, {0, 3, 1, 2, 4}), q.shape()),
          reshape(reduce(ReduceOp::logsumexp, scores, {-1}, false), {batch, heads, queries})};
}

Arrays Attention::vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const {
  if (!cotangents[0] || cotangents[1]) return vjp_of_composition(*this, inputs, cotangents);
  return apply_all(std::make_shared<const AttentionGradient>(*this),
                   {inputs[0], inputs[1], inputs[2], outputs[0], outputs[1], cotangents[0]});
}

Arrays AttentionGradient::compose(const Arrays& inputs) const {
  return vjp_of_composition(of, {inputs[0], inputs[1], inputs[2]}, {inputs[5], {}});
}

Arrays AttentionGradient::vjp(const Arrays& inputs, const Arrays&, const Arrays& cotangents) const {
  return vjp_of_composition(*this, inputs, cotangents);
}

Array sequence_attention(const Array& q, const Array& k, const Array& v, float scale, bool causal, int64_t window, float softcap) {
  return apply_all(std::make_shared<const Attention>(scale, causal, window, softcap), {q, k, v})[0];
}

Array attention(const Array& q, const Array& k, const Array& v, const Array& mask, double scale, bool causal) {
  if (q.rank() < 2 || k.rank() < 2 || v.rank() < 2) fail(Status::invalid_argument, "attention: q, k and v have at least two axes");
  if (scale == 0) scale = 1 / std::sqrt(double(std::max<int64_t>(q.dim(-1), 1)));
  const bool heads_apart = q.rank() == 4 && k.rank() == 4 && v.shape() == k.shape() && k.dim(0) == q.dim(0) && k.dim(1) == q.dim(1);
  if (!mask && heads_apart && k.dim(3) == q.dim(3) && q.dim(1) > 0 && k.dim(2) > 0 && wide(q).dtype() == DType::f32 &&
      wide(k).dtype() == DType::f32 && wide(v).dtype() == DType::f32) {
    auto turned = [](const Array& x) { return swap_axes(x, 1, 2); };  // heads and positions
    return cast(turned(sequence_attention(turned(wide(q)), turned(wide(k)), turned(wide(v)), float(scale), causal)), result_dtype(q));
  }
  Array scores = matmul(wide(q) * scale, swap_axes(wide(k), -1, -2));
  if (mask) scores = mask.dtype() == DType::boolean ? where(mask, scores, scalar_like(scores, -INFINITY)) : scores + wide(mask);
  scores = seen_scores(scores, causal, 0);
  const bool all_see = !mask && !(causal && scores.dim(-2) > scores.dim(-1));
  return cast(matmul(all_see ? softmax(scores, -1) : probabilities_of(scores), wide(v)), result_dtype(q));
}

}  // namespace mlxc
