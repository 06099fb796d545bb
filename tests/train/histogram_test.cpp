// How elements are spread: what a callback may ask of any parameter while it trains.
#include "train/histogram.h"

#include <gtest/gtest.h>

#include <cmath>

#include "backend/cpu/cpu_device.h"

namespace mlxc::train {
namespace {

Histogram of(const std::vector<float>& values, int64_t bins) {
  return histogram_of(Array::from_vector<float>(cpu_device(), values, {int64_t(values.size())}, DType::f32), bins);
}

TEST(Histogram, CountsEqualPartsFromTheSmallestToTheLargest) {
  const Histogram histogram = of({-1, -0.5f, 0, 0.25f, 0.75f, 1, 1, 3}, 4);
  EXPECT_EQ(histogram.low, -1);
  EXPECT_EQ(histogram.high, 3);
  EXPECT_EQ(histogram.counts, (std::vector<int64_t>{2, 3, 2, 1}));  // a bound belongs to the part above it, the last one to the last part
}

TEST(Histogram, LeavesOutWhatIsNotFinite) {
  const Histogram histogram = of({NAN, 2, INFINITY, 4, -INFINITY}, 2);
  EXPECT_EQ(histogram.low, 2);
  EXPECT_EQ(histogram.high, 4);
  EXPECT_EQ(histogram.counts, (std::vector<int64_t>{1, 1}));
}

TEST(Histogram, OfEqualElementsOrNoneIsWhole) {
  EXPECT_EQ(of({5, 5, 5}, 3).counts, (std::vector<int64_t>{3, 0, 0}));
  const Histogram none = of({NAN}, 3);
  EXPECT_EQ(none.counts, (std::vector<int64_t>{0, 0, 0}));
  EXPECT_EQ(none.low, 0);
  EXPECT_EQ(none.high, 0);
  EXPECT_EQ(of({-3e38f, 3e38f}, 2).counts, (std::vector<int64_t>{1, 1}));  // the span is more than float32 holds
}

}  // namespace
}  // namespace mlxc::train
