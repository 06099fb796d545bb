// Passes over a row of logits. A vocabulary has 10^5 entries and every token needs a few passes, so they work on vectors that the
// compiler maps to whatever the target has; the results do not depend on it.
#pragma once

#include <cstdint>
#include <span>

namespace mlxc {

struct RowMaximum {
  float value;    // -inf for an empty row
  int64_t index;  // of the first of equal ones, -1 if there is none
  bool finite;    // no NaN and no +inf in the row (-inf is a masked token)
};
RowMaximum row_maximum(std::span<const float> x);

// out[i] = exp((x[i] - shift) * scale), relative error below 2e-7, for x[i] <= shift; out may be null. Returns the sum.
double exp_sum(std::span<const float> x, float shift, float scale, float* out);

}  // namespace mlxc
