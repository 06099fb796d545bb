#include "train/histogram.h"

#include <algorithm>
#include <cmath>

#include "ops/elementwise.h"

namespace mlxc::train {

Histogram histogram_of(const Array& array, int64_t bins) {
  std::vector<float> values(static_cast<size_t>(array.size()));
  read(cast(array, DType::f32), values.data(), values.size() * sizeof(float));
  std::erase_if(values, [](float value) { return !std::isfinite(value); });
  Histogram histogram{std::vector<int64_t>(static_cast<size_t>(bins)), 0, 0};
  if (values.empty()) return histogram;
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  histogram.low = *low, histogram.high = *high;
  const double scale = histogram.high > histogram.low ? double(bins) / (histogram.high - histogram.low) : 0;
  for (float value : values) ++histogram.counts[size_t(std::min(int64_t((value - histogram.low) * scale), bins - 1))];
  return histogram;
}

}  // namespace mlxc::train
