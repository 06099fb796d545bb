// What training makes small, in parts: sums and counts, so that batches of any sizes can be put together.
#pragma once

#include "graph/array.h"

namespace mlxc::train {

// Values are part of the C ABI (MLXC_TRAIN_...): pinned.
enum class LossKind : uint8_t { cross_entropy, binary_cross_entropy, squared_error, absolute_error, huber, kl_divergence };

struct Objective {
  LossKind kind = LossKind::cross_entropy;
  double label_smoothing = 0;
  int64_t ignore_index = -100;
  double huber_delta = 1;

  // float32 scalars. The loss of a batch is sum / count; `right` predictions are counted with the cross-entropies, else it is missing.
  struct Parts {
    Array sum, count, right;
  };
  Parts measure(const Array& prediction, const Array& target) const;
  bool counts_right() const { return kind == LossKind::cross_entropy || kind == LossKind::binary_cross_entropy; }
};

}  // namespace mlxc::train
