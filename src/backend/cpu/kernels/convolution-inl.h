// Convolutions as products whose right operand is never built: a row of it is the image itself, shifted by a tap's offset. Images lie in
// planes with their padding, so that a shift is one number for all places.
#pragma once

#include "backend/cpu/kernels/isa.h"
#include "backend/cpu/kernels/simd.h"

namespace mlxc::cpu::MLXC_ISA {
namespace {

// Vectors of places beside `rows` accumulators: what fills the registers without spilling.
template <int Rows>
constexpr int kShiftedVectors =
#if defined(__AVX512F__)
    Rows == 8   ? 3
    : Rows == 4 ? 6
                : 8;
#else
    Rows == 8   ? 1
    : Rows == 4 ? 3
    : Rows == 2 ? 4
                : 6;
#endif

template <int R, int V>
MLXC_INLINE void shifted_tile(const ShiftedArgs& a, int64_t q) {
  F acc[R][V];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
    const F start = splat(a.bias ? a.bias[r] : 0.0f);
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) acc[r][v] = start;
  }
  const float* w = a.weights;
  const float* at = a.planes + q;
  for (int64_t t = 0; t < a.taps; ++t, w += R) {
    const float* x = at + a.offsets[t];
    F column[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) column[v] = load(x + v * W);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const F weight = splat(w[r]);
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) acc[r][v] = fma(weight, column[v], acc[r][v]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) {
      F value = acc[r][v];
      if (a.relu) value = value < zero() ? zero() : value;  // NaN stays
      store(a.out + r * a.out_stride + q + v * W, value);
    }
  }
}

template <int R>
MLXC_INLINE void shifted_rows(const ShiftedArgs& a) {
  constexpr int V = kShiftedVectors<R>;
  int64_t q = 0;
  for (; q + (V - 1) * W < a.count; q += V * W) shifted_tile<R, V>(a, q);
  if constexpr (V > 2)
    for (; q + (V / 2 - 1) * W < a.count && V / 2 > 1; q += V / 2 * W) shifted_tile<R, V / 2>(a, q);
  if constexpr (V > 2)
    for (; q + W < a.count; q += 2 * W) shifted_tile<R, 2>(a, q);
  for (; q < a.count; q += W) shifted_tile<R, 1>(a, q);
}

void shifted(const ShiftedArgs& a) {
  switch (a.rows) {
    case 8: return shifted_rows<8>(a);
    case 4: return shifted_rows<4>(a);
    case 2: return shifted_rows<2>(a);
    default: return shifted_rows<1>(a);
  }
}

template <int R, int V>
MLXC_INLINE void shifted_sums_tile(const ShiftedSumArgs& a, int64_t tap) {
  F acc[R][V];
  const float* x[V];
#pragma GCC unroll 8
  for (int v = 0; v < V; ++v) x[v] = a.planes + a.offsets[tap + v];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) acc[r][v] = zero();
  }
  for (int64_t q = 0; q < a.count; q += W) {
    F column[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) column[v] = load(x[v] + q);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const F row = settled(load(a.g + r * a.g_stride + q));  // once, not as an operand of each product
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) acc[r][v] = fma(row, column[v], acc[r][v]);
    }
  }
  float* sums = a.sums + tap;
#if defined(__AVX512F__)
  if constexpr (R >= 4 && V >= 3) {
#pragma GCC unroll 2
    for (int r = 0; r < R; r += 4) {
#pragma GCC unroll 2
      for (int v = 0; v < V; v += 3) {
        auto fold = [&](int i) __attribute__((always_inline)) {
          return fold_four(acc[r][v + i], acc[r + 1][v + i], acc[r + 2][v + i], acc[r + 3][v + i]);
        };
        const F rows = sum_quarters(fold(0), fold(1), fold(2), zero());
        float lanes[W];
        store(lanes, rows);
        for (int i = 0; i < 4; ++i)
          for (int j = 0; j < 3; ++j) sums[(r + i) * a.sums_stride + v + j] += lanes[4 * i + j];
      }
    }
    return;
  }
#endif
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) sums[r * a.sums_stride + v] += sum(acc[r][v]);
  }
}

template <int R>
MLXC_INLINE void shifted_sums_rows(const ShiftedSumArgs& a) {
  constexpr int V = kShiftedVectors<R>;
  int64_t tap = 0;
  for (; tap + V <= a.taps; tap += V) shifted_sums_tile<R, V>(a, tap);
  for (; tap < a.taps; ++tap) shifted_sums_tile<R, 1>(a, tap);
}

void shifted_sums(const ShiftedSumArgs& a) {
  switch (a.rows) {
    case 8: return shifted_sums_rows<8>(a);
    case 4: return shifted_sums_rows<4>(a);
    case 2: return shifted_sums_rows<2>(a);
    default: return shifted_sums_rows<1>(a);
  }
}

void spread_rows(const RowsArgs& a) {
  for (int64_t r = 0; r < a.rows; ++r) {
    const float* from = a.from + r * a.from_stride;
    float* to = a.to + r * a.to_stride;
    int64_t i = 0;
    for (; i + W <= a.n; i += W) store(to + i, load(from + i));
    if (i == a.n) continue;
    const F rest = load_partial(from + i, a.n - i);
    if (r + 1 < a.rows) {
      store(to + i, rest);
    } else {
      store_partial(to + i, rest, a.n - i);
    }
  }
}

void gather_rows(const RowsArgs& a) {
  for (int64_t r = 0; r + 1 < a.rows; ++r) {
    const float* from = a.from + r * a.from_stride;
    float* to = a.to + r * a.to_stride;
    const int64_t room = (a.rows - 1 - r) * a.to_stride + a.n;  // up to the end of the last row
    int64_t i = 0;
    for (; i < a.n && i + W <= room; i += W) store(to + i, load(from + i));
    if (i < a.n) store_partial(to + i, load(from + i), a.n - i);
  }
  const float* from = a.from + (a.rows - 1) * a.from_stride;
  float* to = a.to + (a.rows - 1) * a.to_stride;
  over(
      a.n, [&](int64_t i, int64_t count) __attribute__((always_inline)) { store_n(to + i, load(from + i), count); });
}

}  // namespace
}  // namespace mlxc::cpu::MLXC_ISA
