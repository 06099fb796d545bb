#include "nn/losses.h"

#include <cmath>
#include <cstdint>

#include "ops/creation.h"
#include "ops/cross_entropy.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"

namespace mlxc::nn {
namespace {

Array wide(const Array& x) { return x.dtype() == DType::f64 ? x : cast(x, DType::f32); }
Array sum(const Array& x) { return reduce(ReduceOp::sum, x, {}, false); }
Array where_or_zero(const Array& condition, const Array& value) { return where(condition, value, scalar_like(value, 0)); }

Array reduced(const Array& loss, Reduction reduction) {
  switch (reduction) {
    case Reduction::none: return loss;
    case Reduction::mean: return reduce(ReduceOp::mean, loss, {}, false);
    case Reduction::sum: return sum(loss);
    case Reduction::batch_mean: break;
  }
  if (loss.rank() == 0) fail(Status::invalid_argument, "a loss of one number has no batch to take the mean over");
  return sum(loss) * (1.0 / double(std::max<int64_t>(loss.dim(0), 1)));
}

void expect_alike(const Array& a, const Array& b, const char* loss) {
  if (!(a.shape() == b.shape()))
    fail(Status::invalid_argument, loss, ": shapes ", to_string(a.shape()), " and ", to_string(b.shape()), " differ");
}

Array difference(const Array& prediction, const Array& target, const char* loss) {
  expect_alike(prediction, target, loss);
  return wide(prediction) - wide(target);
}

// As int32: what does not fit becomes one of its ends, which is no class either.
Array class_indices(const Array& targets) {
  const DType dtype = targets.dtype();
  Array inside = targets;
  if (dtype == DType::u32 || dtype == DType::u64 || dtype == DType::i64)
    inside = binary(BinaryOp::minimum, inside, scalar_like(inside, INT32_MAX));
  if (dtype == DType::i64) inside = binary(BinaryOp::maximum, inside, scalar_like(inside, INT32_MIN));
  return cast(inside, DType::i32);
}

}  // namespace

Array squared_error(const Array& prediction, const Array& target, Reduction reduction) {
  return reduced(unary(UnaryOp::square, difference(prediction, target, "squared error")), reduction);
}

Array absolute_error(const Array& prediction, const Array& target, Reduction reduction) {
  return reduced(unary(UnaryOp::abs, difference(prediction, target, "absolute error")), reduction);
}

Array huber(const Array& prediction, const Array& target, double delta, Reduction reduction) {
  if (!(delta > 0)) fail(Status::invalid_argument, "huber: delta is ", delta, ", expected more than 0");
  const Array error = difference(prediction, target, "huber"), size = unary(UnaryOp::abs, error);
  const Array line = (size + -0.5 * delta) * delta;
  return reduced(where(binary(BinaryOp::less_equal, size, scalar_like(size, delta)), unary(UnaryOp::square, error) * 0.5, line), reduction);
}

Array cross_entropy(const Array& logits, const Array& targets, const CrossEntropy& options) {
  const double smoothing = options.label_smoothing;
  if (!(smoothing >= 0 && smoothing <= 1))
    fail(Status::invalid_argument, "cross-entropy: label smoothing is ", smoothing, ", expected 0 to 1");
  if (logits.rank() < 1 || logits.dim(-1) < 1)
    fail(Status::invalid_argument, "cross-entropy: logits ", to_string(logits.shape()), " have no classes");
  const Array values = wide(logits);
  auto total = [](const Array& x) { return reduce(ReduceOp::sum, x, {-1}, false); };
  const double everywhere = smoothing / double(logits.dim(-1));

  if (is_float(targets.dtype())) {
    expect_alike(logits, targets, "cross-entropy");
    const Array scores = log_softmax(values, -1);
    const Array loss = unary(UnaryOp::negative, total(scores * (cast(targets, scores.dtype()) * (1 - smoothing) + everywhere)));
    return reduced(loss, options.reduction);
  }
  Shape places = logits.shape();
  places.erase(places.rank() - 1);
  if (!(targets.shape() == places))
    fail(Status::invalid_argument, "cross-entropy: class indices are ", to_string(targets.shape()), ", expected ", to_string(places));
  const Array indices = class_indices(targets);
  Array loss;
  if (smoothing == 0 && values.dtype() == DType::f32) {
    loss = cross_entropy_rows(values, indices);
  } else {
    const Array scores = log_softmax(values, -1), classes = arange(logits.device(), 0, double(logits.dim(-1)), 1, DType::i32);
    const Array chosen = where_or_zero(binary(BinaryOp::equal, expand_dims(indices, -1), classes), scores);
    loss = total(chosen) * (smoothing - 1);
    if (smoothing > 0) loss = loss - total(scores) * everywhere;
  }
  const Array counts = binary(BinaryOp::not_equal, indices, scalar_like(indices, double(options.ignore_index)));
  const Array classes = scalar_like(indices, double(logits.dim(-1))), least = scalar_like(indices, 0);
  const Array known =
      binary(BinaryOp::logical_and, binary(BinaryOp::greater_equal, indices, least), binary(BinaryOp::less, indices, classes));
  loss = where_or_zero(counts, where(known, loss, scalar_like(loss, NAN)));  // nothing can fail here any more: a NaN is seen
  if (options.reduction != Reduction::mean) return reduced(loss, options.reduction);
  const Array count = sum(cast(counts, loss.dtype()));
  return sum(loss) / binary(BinaryOp::maximum, count, scalar_like(count, 1));
}

Array binary_cross_entropy(const Array& logits, const Array& targets, const Array& positive_weight, Reduction reduction) {
  expect_alike(logits, targets, "binary cross-entropy");
  const Array x = wide(logits), t = cast(targets, x.dtype()), zero = scalar_like(x, 0);
  // -t log(sigmoid(x)) - (1 - t) log(1 - sigmoid(x)), where -log(sigmoid(x)) = log(1 + exp(-x)): nothing cancels, however sure x is.
  const Array positive = t * binary(BinaryOp::logaddexp, unary(UnaryOp::negative, x), zero);
  const Array negative = (scalar_like(t, 1) - t) * binary(BinaryOp::logaddexp, x, zero);
  return reduced((positive_weight ? positive * cast(positive_weight, x.dtype()) : positive) + negative, reduction);
}

Array kl_divergence(const Array& prediction, const Array& target, Reduction reduction) {
  expect_alike(prediction, target, "KL divergence");
  const Array x = wide(prediction), t = cast(target, x.dtype()), present = binary(BinaryOp::greater, t, scalar_like(t, 0));
  const Array own = t * unary(UnaryOp::log, where(present, t, scalar_like(t, 1)));  // 0 log 0 = 0
  return reduced(own - t * x, reduction);
}

}  // namespace mlxc::nn
