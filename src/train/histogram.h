// How the elements of an array are spread.
#pragma once

#include <vector>

#include "graph/array.h"

namespace mlxc::train {

struct Histogram {
  std::vector<int64_t> counts;  // of equal parts between low and high
  double low = 0, high = 0;     // the smallest and the largest finite element; 0 where there is none
};
Histogram histogram_of(const Array& array, int64_t bins);

}  // namespace mlxc::train
