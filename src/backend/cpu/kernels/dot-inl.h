// Row-by-row products: x rows times w rows, vector lanes along k, one accumulator vector per output, lanes summed in a fixed order.
// So an output's bits depend on its two rows only, not on the tile it was computed in.
#pragma once

#include "backend/cpu/kernels/isa.h"
#include "backend/cpu/kernels/simd.h"

namespace mlxc::cpu::MLXC_ISA {
namespace {

#if defined(__AVX512F__)
constexpr int kTileRows = 6;  // 6 x 4 accumulators + 6 rows of x + 1 of w = 31 registers of 32
#else
constexpr int kTileRows = 2;  // 2 x 4 + 2 + 1 of 16; a third row would spill where weights need a temporary
#endif

// Sums R x C accumulators into y. C = 1, or a multiple of 4.
template <int R, int C>
MLXC_INLINE void store_sums(const F (&acc)[R][C], float* y, int64_t y_stride) {
  if constexpr (C == 1) {
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) y[r * y_stride] = sum(acc[r][0]);
  } else {
#pragma GCC unroll 4
    for (int g = 0; g < C; g += 4) {
      int r = 0;
#if defined(__AVX512F__)
      if constexpr (R >= 4) {
        F column[4];
#pragma GCC unroll 4
        for (int c = 0; c < 4; ++c) column[c] = fold_four(acc[0][g + c], acc[1][g + c], acc[2][g + c], acc[3][g + c]);
        F sums = sum_quarters(column[0], column[1], column[2], column[3]);
        _mm_storeu_ps(y + g, _mm512_extractf32x4_ps(sums, 0));
        _mm_storeu_ps(y + g + y_stride, _mm512_extractf32x4_ps(sums, 1));
        _mm_storeu_ps(y + g + 2 * y_stride, _mm512_extractf32x4_ps(sums, 2));
        _mm_storeu_ps(y + g + 3 * y_stride, _mm512_extractf32x4_ps(sums, 3));
        r = 4;
      }
#endif
#pragma GCC unroll 8
      for (; r < R; ++r) {
        F4 sums = sum_lanes(fold_to_four(acc[r][g]), fold_to_four(acc[r][g + 1]), fold_to_four(acc[r][g + 2]), fold_to_four(acc[r][g + 3]));
        __builtin_memcpy(y + r * y_stride + g, &sums, sizeof(sums));
      }
    }
  }
}

template <class Weight>
struct FloatProduct {  // x in float, w converted in registers
  using X = float;
  using Wt = Weight;
  static constexpr int kStep = W;  // elements of k per vector
  static MLXC_INLINE F load_x(const float* p) { return load(p); }
  static MLXC_INLINE F load_w(const Weight* p) { return load(p); }
  static MLXC_INLINE F load_x_partial(const float* p, int64_t n) { return load_partial(p, n); }
  static MLXC_INLINE F load_w_partial(const Weight* p, int64_t n) { return load_partial(p, n); }
  static MLXC_INLINE F multiply_add(F x, F w, F acc) { return fma(x, w, acc); }
};

#if defined(__AVX512BF16__)
struct BrainProduct {  // both in bfloat16: pairs multiplied and added to the float accumulator
  using X = Brain;
  using Wt = Brain;
  static constexpr int kStep = 32;
  static MLXC_INLINE F load_x(const Brain* p) { return bits_as<F>(_mm512_loadu_si512(p)); }
  static MLXC_INLINE F load_w(const Brain* p) { return bits_as<F>(_mm512_loadu_si512(p)); }
  static MLXC_INLINE F load_x_partial(const Brain* p, int64_t n) { return load_w_partial(p, n); }
  static MLXC_INLINE F load_w_partial(const Brain* p, int64_t n) {
    return bits_as<F>(_mm512_maskz_loadu_epi16(__mmask32((uint64_t(1) << n) - 1), p));
  }
  static MLXC_INLINE F multiply_add(F x, F w, F acc) {
    return _mm512_dpbf16_ps(acc, (__m512bh)bits_as<__m512i>(x), (__m512bh)bits_as<__m512i>(w));
  }
};
#endif

template <class P, int R, int C, bool Prefetch>
MLXC_INLINE void tile(const typename P::X* x, int64_t x_stride, const typename P::Wt* w, int64_t w_stride, int64_t k, float* y,
                      int64_t y_stride) {
  F acc[R][C];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) acc[r][c] = zero();
  }
  int64_t i = 0;
  for (; i + P::kStep <= k; i += P::kStep) {
    F row[R];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) row[r] = P::load_x(x + r * x_stride + i);
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) {
      F column = P::load_w(w + c * w_stride + i);
      if constexpr (Prefetch) __builtin_prefetch(w + (C + c) * w_stride + i, 0, 3);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) acc[r][c] = P::multiply_add(row[r], column, acc[r][c]);
    }
  }
  if (i < k) {
    F row[R];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) row[r] = P::load_x_partial(x + r * x_stride + i, k - i);
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) {
      F column = P::load_w_partial(w + c * w_stride + i, k - i);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) acc[r][c] = P::multiply_add(row[r], column, acc[r][c]);
    }
  }
  store_sums<R, C>(acc, y, y_stride);
}

// All rows against C columns: the first tile reads w from memory, the others find it in L1.
template <class P, int C>
void panel(const DotArgs& args, int64_t column) {
  using X = typename P::X;
  const auto* w = static_cast<const typename P::Wt*>(args.w) + column * args.w_stride;
  const auto* x = static_cast<const X*>(args.x);
  float* y = args.y + column;
  bool prefetch = args.prefetch;
  int64_t rows = args.rows;
  auto run = [&]<int R>() __attribute__((always_inline)) {
    if (prefetch) {
      tile<P, R, C, true>(x, args.x_stride, w, args.w_stride, args.k, y, args.y_stride);
    } else {
      tile<P, R, C, false>(x, args.x_stride, w, args.w_stride, args.k, y, args.y_stride);
    }
    prefetch = false;
    x += R * args.x_stride;
    y += R * args.y_stride;
    rows -= R;
  };
  while (rows >= kTileRows) run.template operator()<kTileRows>();
#if defined(__AVX512F__)
  if (rows == 5) return run.template operator()<5>();
  if (rows == 4) return run.template operator()<4>();
  if (rows == 3) return run.template operator()<3>();
  if (rows == 2) return run.template operator()<2>();
#endif
  if (rows == 1) run.template operator()<1>();
}

template <class P>
void dot(const DotArgs& args) {
  int64_t column = 0;
  if (args.rows == 1) {  // eight streams of w: one row alone has too few accumulators to hide the latency of its additions
    const auto* x = static_cast<const typename P::X*>(args.x);
    for (; column + 8 <= args.columns; column += 8) {
      const auto* w = static_cast<const typename P::Wt*>(args.w) + column * args.w_stride;
      tile<P, 1, 8, true>(x, args.x_stride, w, args.w_stride, args.k, args.y + column, args.y_stride);
    }
  }
  for (; column + 4 <= args.columns; column += 4) panel<P, 4>(args, column);
  for (; column < args.columns; ++column) panel<P, 1>(args, column);
}

inline void pack_brain(const float* in, uint16_t* out, int64_t n) {
  over(
      n, [&](int64_t i, int64_t count)
             __attribute__((always_inline)) { store_n(reinterpret_cast<Brain*>(out) + i, load_n(in + i, count), count); });
}

}  // namespace
}  // namespace mlxc::cpu::MLXC_ISA
