// Reductions of a short contiguous run of floats (the driver cuts rows into runs of 4096 and adds those in double).
#pragma once

#include "backend/cpu/kernels/math-inl.h"
#include "backend/cpu/kernels/rows-inl.h"

namespace mlxc::cpu::MLXC_ISA {
namespace {

float reduce_sum(const float* x, int64_t n) {
  return sum_over(
      n, [&](int64_t i, int64_t count) __attribute__((always_inline)) {
        fetch_ahead(x + i);
        return load_n(x + i, count);
      });
}

void add_to_lanes(SumLanes& lanes, const float* x, int64_t n) {
  F acc[4];
  for (int j = 0; j < 4; ++j) acc[j] = load(lanes.of + j * W);
  accumulate(
      acc, n, [&](int64_t i, int64_t count) __attribute__((always_inline)) { return load_n(x + i, count); });
  for (int j = 0; j < 4; ++j) store(lanes.of + j * W, acc[j]);
}

float sum_of_lanes(const SumLanes& lanes) {
  F acc[4];
  for (int j = 0; j < 4; ++j) acc[j] = load(lanes.of + j * W);
  return total_of(acc);
}

Deviations reduce_deviations(const float* x, int64_t n, float mean) {
  F sums[2] = {zero(), zero()}, squares[2] = {zero(), zero()};
  const auto take = [&](int64_t i, int64_t count, int j) __attribute__((always_inline)) {
    __builtin_prefetch(x + n + i, 0, 3);  // the next run, while this one is in the cache
    F v = load_n(x + i, count) - mean;
    if (count < W) v = keep_lanes(v, count);
    sums[j] = sums[j] + v;
    squares[j] = fma(v, v, squares[j]);
  };
  int64_t i = 0;
  for (; i + 2 * W <= n; i += 2 * W) take(i, W, 0), take(i + W, W, 1);
  for (; i < n; i += W) take(i, std::min<int64_t>(W, n - i), 0);
  return {sum(sums[0] + sums[1]), sum(squares[0] + squares[1])};
}

float reduce_exp(const float* x, int64_t n, float shift) {
  return sum_over(
      n, [&](int64_t i, int64_t count) __attribute__((always_inline)) {
        __builtin_prefetch(x + n + i, 0, 3);
        F v = exp(load_n(x + i, count) - shift);
        return count < W ? keep_lanes(v, count) : v;
      });
}

// The first NaN sticks: a comparison with it is false, and only a NaN differs from itself.
template <bool Most>
float reduce_extreme(const float* x, int64_t n) {
  auto better = [](auto a, auto b) __attribute__((always_inline)) {
    if constexpr (Most)
      return (a > b) | (a != a);
    else
      return (a < b) | (a != a);
  };
  F best[4];
  for (F& b : best) b = splat(*x);
  int64_t i = 0;
  for (; i + 4 * W <= n; i += 4 * W) {
    for (int j = 0; j < 4; ++j) {
      F v = load(x + i + j * W);
      fetch_ahead(x + i + j * W);
      best[j] = better(v, best[j]) ? v : best[j];
    }
  }
  for (; i + W <= n; i += W) {
    F v = load(x + i);
    best[0] = better(v, best[0]) ? v : best[0];
  }
  float all[4 * W];
  for (int j = 0; j < 4; ++j) store(all + j * W, best[j]);
  float result = *x;
  for (float v : all) result = better(v, result) ? v : result;
  for (; i < n; ++i) result = better(x[i], result) ? x[i] : result;
  return result;
}

int64_t find(const float* x, int64_t n, float value) {
  const bool any_nan = value != value;
  int64_t i = 0;
  for (; i + 2 * W <= n; i += 2 * W) {
    const F a = load(x + i), b = load(x + i + W);
    if (any_lane(any_nan ? (a != a) | (b != b) : (a == value) | (b == value))) break;
  }
  for (; i < n; ++i)
    if (x[i] == value || (any_nan && x[i] != x[i])) return i;
  return n;
}

}  // namespace
}  // namespace mlxc::cpu::MLXC_ISA
