#include "train/objective.h"

#include "nn/losses.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"

namespace mlxc::train {
namespace {

Array sum(const Array& x) { return reduce(ReduceOp::sum, cast(x, DType::f32), {}, false); }
Array number(const Array& like, int64_t value) { return full(like.device(), {}, double(value), DType::f32); }

// A target of [N] stands for [N, 1] and the other way round.
Array shaped_like(const Array& prediction, const Array& target) {
  const Shape &wanted = prediction.shape(), &given = target.shape();
  if (wanted == given || prediction.size() != target.size()) return target;
  const bool column = wanted.rank() == given.rank() + 1 && wanted.rank() > 0 && wanted.back() == 1;
  const bool flat = given.rank() == wanted.rank() + 1 && given.back() == 1;
  return column || flat ? reshape(target, wanted) : target;
}

}  // namespace

Objective::Parts Objective::measure(const Array& prediction, const Array& target) const {
  using nn::Reduction;
  auto elements = [&](const Array& loss, int64_t count) { return Parts{sum(loss), number(loss, count), {}}; };
  switch (kind) {
    case LossKind::cross_entropy: {
      const Array loss = nn::cross_entropy(prediction, target, {label_smoothing, ignore_index, Reduction::none});
      const Array guess = argmax(prediction, -1, false);
      if (is_float(target.dtype()))
        return {sum(loss), number(loss, loss.size()), sum(binary(BinaryOp::equal, guess, argmax(target, -1, false)))};
      const Array classes = cast(target, DType::i32),
                  counts = binary(BinaryOp::not_equal, classes, scalar_like(classes, double(ignore_index)));
      const Array right = binary(BinaryOp::equal, cast(guess, DType::i32), classes);
      return {sum(loss), sum(counts), sum(binary(BinaryOp::logical_and, right, counts))};  // what is ignored may be a class
    }
    case LossKind::binary_cross_entropy: {
      const Array wanted = cast(shaped_like(prediction, target), DType::f32);
      Parts parts = elements(nn::binary_cross_entropy(prediction, wanted, {}, Reduction::none), prediction.size());
      parts.right = sum(binary(BinaryOp::equal, binary(BinaryOp::greater, prediction, scalar_like(prediction, 0)),
                               binary(BinaryOp::greater, wanted, scalar_like(wanted, 0.5))));
      return parts;
    }
    case LossKind::squared_error:
      return elements(nn::squared_error(prediction, shaped_like(prediction, target), Reduction::none), prediction.size());
    case LossKind::absolute_error:
      return elements(nn::absolute_error(prediction, shaped_like(prediction, target), Reduction::none), prediction.size());
    case LossKind::huber:
      return elements(nn::huber(prediction, shaped_like(prediction, target), huber_delta, Reduction::none), prediction.size());
    case LossKind::kl_divergence:
      if (prediction.rank() < 1) fail(Status::invalid_argument, "KL divergence: the prediction has no batch");
      return elements(nn::kl_divergence(prediction, target, Reduction::none), prediction.dim(0));
  }
  fail(Status::invalid_argument, "unknown loss ", int(kind));
}

}  // namespace mlxc::train
