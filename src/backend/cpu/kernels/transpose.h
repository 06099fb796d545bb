// Turning matrices in memory.
#pragma once

#include <algorithm>
#include <cstdint>

namespace mlxc::cpu {

// out[j, i] = x[i, j] of x [m, n], rows `x_row` and `out_row` elements apart. Bands of two cache lines of x go down, so that what is
// written are a few runs at a time; the lines to come on both sides lie in other pages, which the processor does not foresee.
template <class T>
void transpose(const T* x, int64_t x_row, int64_t m, int64_t n, T* out, int64_t out_row) {
  constexpr int64_t kLine = 64 / sizeof(T), kBand = 2 * kLine;
  for (int64_t j0 = 0; j0 < n; j0 += kBand) {
    const int64_t j1 = std::min(n, j0 + kBand);
    for (int64_t i0 = 0; i0 < m; i0 += kLine) {
      const int64_t i1 = std::min(m, i0 + kLine);
      for (int64_t i = i0 + kLine; i < std::min(m, i1 + kLine); ++i)
        for (int64_t j = j0; j < j1; j += kLine) __builtin_prefetch(x + i * x_row + j, 0, 3);
      for (int64_t j = j0; j < j1; ++j) {
        if (i0 + 2 * kLine < m) __builtin_prefetch(out + j * out_row + i0 + 2 * kLine, 1, 3);
        for (int64_t i = i0; i < i1; ++i) out[j * out_row + i] = x[i * x_row + j];
      }
    }
  }
}

}  // namespace mlxc::cpu
