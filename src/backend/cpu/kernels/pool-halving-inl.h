// 2 x 2 windows in vectors: rows are split into their even and odd elements and put together again.
#pragma once

#include "backend/cpu/kernels/pool.h"
#include "backend/cpu/kernels/simd.h"

namespace mlxc::cpu::MLXC_ISA {
namespace {

struct Pair {
  F even, odd;
};

// 2 count elements at p, count <= W.
MLXC_INLINE Pair load_pairs(const float* p, int64_t count) {
  const int64_t low = min64(2 * count, W), high = 2 * count - low;
  const F a = load_n(p, low), b = high == 0 ? zero() : load_n(p + W, high);
#if defined(__AVX512F__)
  return {__builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30),
          __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)};
#elif defined(__AVX2__)
  return {__builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14), __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15)};
#else
  return {__builtin_shufflevector(a, b, 0, 2, 4, 6), __builtin_shufflevector(a, b, 1, 3, 5, 7)};
#endif
}

MLXC_INLINE void store_pairs(float* p, F even, F odd, int64_t count) {
#if defined(__AVX512F__)
  const F a = __builtin_shufflevector(even, odd, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23),
          b = __builtin_shufflevector(even, odd, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
#elif defined(__AVX2__)
  const F a = __builtin_shufflevector(even, odd, 0, 8, 1, 9, 2, 10, 3, 11),
          b = __builtin_shufflevector(even, odd, 4, 12, 5, 13, 6, 14, 7, 15);
#else
  const F a = __builtin_shufflevector(even, odd, 0, 4, 1, 5), b = __builtin_shufflevector(even, odd, 2, 6, 3, 7);
#endif
  const int64_t low = min64(2 * count, W), high = 2 * count - low;
  store_n(p, a, low);
  if (high) store_n(p + W, b, high);
}

// Whether `value`, which comes later, is the larger one; the first NaN is.
MLXC_INLINE I beats(F value, F best) { return (value > best) | ((value != value) & (best == best)); }

void halving_largest(const float* x, int64_t width, float* y, int64_t rows, int64_t n) {
  for (int64_t row = 0; row < rows; ++row, x += 2 * width, y += n)
    over(
        n, [&](int64_t j, int64_t count) __attribute__((always_inline)) {
          const Pair top = load_pairs(x + 2 * j, count), bottom = load_pairs(x + width + 2 * j, count);
          F best = select(beats(top.odd, top.even), top.odd, top.even);
          best = select(beats(bottom.even, best), bottom.even, best);
          best = select(beats(bottom.odd, best), bottom.odd, best);
          store_n(y + j, best, count);
        });
}

void halving_gradient(const float* x, int64_t width, const float* g, float* dx, int64_t rows, int64_t n) {
  for (int64_t row = 0; row < rows; ++row, x += 2 * width, dx += 2 * width, g += n)
    over(
        n, [&](int64_t j, int64_t count) __attribute__((always_inline)) {
          const Pair top = load_pairs(x + 2 * j, count), bottom = load_pairs(x + width + 2 * j, count);
          const I second = beats(top.odd, top.even);
          F best = select(second, top.odd, top.even);
          const I third = beats(bottom.even, best);
          best = select(third, bottom.even, best);
          const I fourth = beats(bottom.odd, best);
          const F given = load_n(g + j, count);
          store_pairs(dx + 2 * j, select(second | third | fourth, zero(), given), select(second & ~third & ~fourth, given, zero()), count);
          store_pairs(dx + width + 2 * j, select(third & ~fourth, given, zero()), select(fourth, given, zero()), count);
        });
}

}  // namespace
}  // namespace mlxc::cpu::MLXC_ISA
