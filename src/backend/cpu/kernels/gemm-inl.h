// Tiles of matrix products: the accumulators fill the registers, a row of b is loaded once for all rows of a, whose values are broadcast.
#pragma once

#include "backend/cpu/kernels/gemm.h"
#include "backend/cpu/kernels/simd.h"

namespace mlxc::cpu::MLXC_ISA {
namespace {

#if defined(__AVX512F__)
constexpr int kGemmRows = 8;  // 8 x 3 accumulators + 3 of b + 1 of a = 28 registers of 32
#else
constexpr int kGemmRows = 4;  // 4 x 3 + 3 + 1 = 16 of 16
#endif
constexpr int kGemmVectors = 3;
constexpr int kGemmColumns = kGemmVectors * W;

// Values of a for one step of the sum after the other: packed side by side, or each in a row of its own (the last row again beyond it).
struct PackedRows {
  const float* at;
  MLXC_INLINE float operator[](int r) const { return at[r]; }
  MLXC_INLINE void next() { at += kGemmRows; }
};
struct PlainRows {
  const float* at[kGemmRows];
  int64_t step = 0;
  PlainRows(const float* a, int64_t stride, int64_t m) {
    for (int r = 0; r < kGemmRows; ++r) at[r] = a + min64(r, m - 1) * stride;
  }
  MLXC_INLINE float operator[](int r) const { return at[r][step]; }
  MLXC_INLINE void next() { ++step; }
};

template <int V, class Rows>
MLXC_INLINE void gemm_tile_of(Rows a, const float* b, int64_t k, float* c, int64_t c_row, int64_t m, int64_t n, bool add) {
  constexpr int R = kGemmRows;
  F acc[R][V];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) acc[r][v] = zero();
  }
  const auto step = [&] __attribute__((always_inline)) {
    F row[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) {
      row[v] = load(b + v * W);
      __builtin_prefetch(b + 8 * kGemmColumns + v * W, 0, 3);
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const F value = splat(a[r]);
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) acc[r][v] = fma(value, row[v], acc[r][v]);
    }
    a.next();
    b += kGemmColumns;
  };
  int64_t l = 0;
  for (; l < min64(k, m); ++l) {  // a row of c a step, which memory has time for
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) __builtin_prefetch(c + l * c_row + v * W, 1, 3);
    step();
  }
  for (; l < k; ++l) step();
  if (m == R && n == V * W) {
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
      for (int v = 0; v < V; ++v) {
        float* at = c + r * c_row + v * W;
        store(at, add ? load(at) + acc[r][v] : acc[r][v]);
      }
    }
    return;
  }
  float sums[R][V * W];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) store(&sums[r][v * W], acc[r][v]);
  }
  for (int64_t r = 0; r < m; ++r)
    over(
        n, [&](int64_t j, int64_t count) __attribute__((always_inline)) {
          const F value = load_n(&sums[r][j], count);
          store_n(c + r * c_row + j, add ? load_n(c + r * c_row + j, count) + value : value, count);
        });
}

template <class Rows>
MLXC_INLINE void gemm_tile_of(const Rows& a, const float* b, int64_t k, float* c, int64_t c_row, int64_t m, int64_t n, bool add) {
  if (n > 2 * W) return gemm_tile_of<3>(a, b, k, c, c_row, m, n, add);
  if (n > W) return gemm_tile_of<2>(a, b, k, c, c_row, m, n, add);
  gemm_tile_of<1>(a, b, k, c, c_row, m, n, add);
}
void gemm_tile(const float* a, const float* b, int64_t k, float* c, int64_t c_row, int64_t m, int64_t n, bool add) {
  gemm_tile_of(PackedRows{a}, b, k, c, c_row, m, n, add);
}
void gemm_tile_of_rows(const float* a, int64_t a_row, const float* b, int64_t k, float* c, int64_t c_row, int64_t m, int64_t n, bool add) {
  gemm_tile_of(PlainRows(a, a_row, m), b, k, c, c_row, m, n, add);
}

#if defined(__AVX2__)
// Eight items of eight steps of the sum, turned.
MLXC_INLINE void turn_eight(const float* from, int64_t item_stride, float* to, int64_t width) {
  __m256 r[8], t[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) r[i] = _mm256_loadu_ps(from + i * item_stride);
#pragma GCC unroll 4
  for (int i = 0; i < 8; i += 2) {
    t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
    t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
  }
#pragma GCC unroll 2
  for (int i = 0; i < 8; i += 4) {
    r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
    r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
    r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    _mm256_storeu_ps(to + i * width, _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
    _mm256_storeu_ps(to + (i + 4) * width, _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
  }
}
#endif

template <int64_t width>
void gemm_pack(const GemmOperand<float>& from, int64_t count, int64_t k, float* to) {
  for (int64_t first = 0; first < count; first += width, to += k * width) {
    const int64_t items = min64(width, count - first);
    const float* at = from.data + first * from.item_stride;
    if (from.item_stride == 1) {
      if (2 * width == W && count - first >= W) {  // two panels from a vector: what lies side by side is read once
        for (int64_t l = 0; l < k; ++l) {
          const F row = load(at + l * from.sum_stride);
          __builtin_memcpy(to + l * width, &row, sizeof(row) / 2);
          __builtin_memcpy(to + (k + l) * width, reinterpret_cast<const float*>(&row) + width, sizeof(row) / 2);
        }
        first += width;
        to += k * width;
        continue;
      }
      for (int64_t l = 0; l < k; ++l) {
        float* row = to + l * width;
        over(
            items, [&](int64_t i, int64_t n)
                       __attribute__((always_inline)) { store_n(row + i, load_n(at + l * from.sum_stride + i, n), n); });
        for (int64_t i = items; i < width; ++i) row[i] = 0;
      }
      continue;
    }
    int64_t item = 0;
#if defined(__AVX2__)
    if (from.sum_stride == 1)
      for (; item + 8 <= items; item += 8) {
        const float* rows = at + item * from.item_stride;
        int64_t l = 0;
        for (; l + 8 <= k; l += 8) turn_eight(rows + l, from.item_stride, to + l * width + item, width);
        for (; l < k; ++l)
          for (int64_t i = 0; i < 8; ++i) to[l * width + item + i] = rows[i * from.item_stride + l];
      }
#endif
    for (; item < width; ++item)
      for (int64_t l = 0; l < k; ++l) to[l * width + item] = item < items ? at[item * from.item_stride + l * from.sum_stride] : 0.0f;
  }
}

constexpr int64_t kGemmDepth = 512;
constexpr GemmKernel kGemm{kGemmRows,        kGemmColumns, 1, kGemmDepth, gemm_tile, gemm_pack<kGemmRows>, gemm_pack<kGemmColumns>,
                           gemm_tile_of_rows};

}  // namespace
}  // namespace mlxc::cpu::MLXC_ISA
