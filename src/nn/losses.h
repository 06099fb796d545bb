// Losses as graphs. 16-bit inputs are computed in float32. References: the PyTorch losses of the same names.
#pragma once

#include "graph/array.h"

namespace mlxc::nn {

enum class Reduction : uint8_t {
  none,
  mean,
  sum,
  batch_mean,  // the sum over the size of the first axis
};

Array squared_error(const Array& prediction, const Array& target, Reduction reduction = Reduction::mean);
Array absolute_error(const Array& prediction, const Array& target, Reduction reduction = Reduction::mean);
// Squares up to delta, then a line (Huber 1964).
Array huber(const Array& prediction, const Array& target, double delta = 1, Reduction reduction = Reduction::mean);

struct CrossEntropy {
  double label_smoothing = 0;   // so much of the target is spread evenly over the classes
  int64_t ignore_index = -100;  // targets that do not count, neither in the sum nor in the mean
  Reduction reduction = Reduction::mean;
};
// logits [..., classes]. targets: class indices [...] of an integer type, or probabilities [..., classes].
// Without reduction the result is [...]; the mean is over the targets that count, 0 when there are none.
Array cross_entropy(const Array& logits, const Array& targets, const CrossEntropy& options = {});

// logits and targets (probabilities) of one shape; positive_weight (may be missing) scales the loss of positive targets.
Array binary_cross_entropy(const Array& logits, const Array& targets, const Array& positive_weight = {},
                           Reduction reduction = Reduction::mean);
// Kullback-Leibler divergence of a distribution with the log-probabilities `prediction` from `target` (probabilities), elementwise.
Array kl_divergence(const Array& prediction, const Array& target, Reduction reduction = Reduction::batch_mean);

}  // namespace mlxc::nn
