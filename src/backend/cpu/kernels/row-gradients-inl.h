// Rows of training: gradients of the kernels over one row, and updates.
#pragma once

#include "backend/cpu/kernels/rows-inl.h"

namespace mlxc::cpu::MLXC_ISA {
namespace {

// With u = x - mean (or x), r = 1 / sqrt(mean(u^2) + eps) and g = weight dy:
//   dx = r (g - mean(g) - u r^2 mean(g u)), without mean(g) where nothing is centered; dweight += dy u r; dbias += dy.
template <bool centered>
MLXC_INLINE void norm_gradient_of(const NormGradientRow& a) {
  const float inverse = 1.0f / float(a.n);
  float mean = 0;
  if (centered)
    mean = inverse * sum_over(
                         a.n, [&](int64_t i, int64_t count) __attribute__((always_inline)) { return load_n(a.x + i, count); });
  F squares[2] = {zero(), zero()}, slopes[2] = {zero(), zero()}, together[2] = {zero(), zero()};
  const auto term = [&](int64_t i, int64_t count, int j) __attribute__((always_inline)) {
    F u = load_n(a.x + i, count) - mean;
    if (centered && count < W) u = keep_lanes(u, count);
    const F g = load_n(a.dy + i, count) * load_n(a.weight + i, count);
    squares[j] = fma(u, u, squares[j]);
    slopes[j] = fma(g, u, slopes[j]);
    if (centered) together[j] += g;
  };
  int64_t i = 0;
  for (; i + 2 * W <= a.n; i += 2 * W) {
    term(i, W, 0);
    term(i + W, W, 1);
  }
  over(
      a.n - i, [&](int64_t at, int64_t count) __attribute__((always_inline)) { term(i + at, count, 0); });
  const float scale = 1.0f / __builtin_sqrtf(sum(squares[0] + squares[1]) * inverse + a.eps);
  const float along = sum(slopes[0] + slopes[1]) * inverse * scale * scale, shift = centered ? sum(together[0] + together[1]) * inverse : 0;
  over(
      a.n, [&](int64_t at, int64_t count) __attribute__((always_inline)) {
        const F u = load_n(a.x + at, count) - mean, dy = load_n(a.dy + at, count), g = dy * load_n(a.weight + at, count);
        store_n(a.dx + at, fma(u, splat(-along), g - shift) * scale, count);
        store_n(a.dweight + at, fma(dy * scale, u, load_n(a.dweight + at, count)), count);
        if (centered) store_n(a.dbias + at, load_n(a.dbias + at, count) + dy, count);
      });
}

void norm_gradient(const NormGradientRow& a) {
  if (a.dbias)
    norm_gradient_of<true>(a);
  else
    norm_gradient_of<false>(a);
}

float scaled_exponentials(const float* x, float* y, int64_t n, float scale, float shift, float factor) {
  return sum_over(
      n, [&](int64_t i, int64_t count) __attribute__((always_inline)) {
        F e = exp(fma(load_n(x + i, count), splat(scale), splat(-shift))) * factor;
        if (count < W) e = keep_lanes(e, count);
        store_n(y + i, e, count);
        return e;
      });
}

MLXC_INLINE F fill_lanes(F v, int64_t n, float rest) {  // `rest` from lane n on
  float limit[W];
  for (int i = 0; i < W; ++i) limit[i] = float(i);
  return load(limit) < float(n) ? v : splat(rest);
}

void attention_scores(const AttentionScores& a) {
  const float inside = a.softcap > 0 ? a.scale / a.softcap : a.scale;
  F best = splat(-kInfinity);
  over(
      a.n, [&](int64_t i, int64_t count) __attribute__((always_inline)) {
        F score = load_n(a.x + i, count) * inside;
        if (a.softcap > 0) score = tanh(score) * a.softcap;
        store_n(a.x + i, score, count);
        best = larger(count < W ? fill_lanes(score, count, -kInfinity) : score, best);
      });
  const float shift = max_lane(best);
  *a.total = scaled_exponentials(a.x, a.x, a.n, 1, shift, 1);
  *a.normalizer = shift + log(splat(*a.total))[0];
}

void attention_gradient(const AttentionGradientRow& a) {
  const float mean = sum_over(
      a.dim, [&](int64_t i, int64_t count) __attribute__((always_inline)) { return load_n(a.y + i, count) * load_n(a.dy + i, count); });
  const float inverse = a.softcap > 0 ? 1.0f / a.softcap : 0;
  over(
      a.n, [&](int64_t i, int64_t count) __attribute__((always_inline)) {
        F score = load_n(a.scores + i, count) * a.scale, slope = splat(a.scale);
        if (a.softcap > 0) {
          const F t = tanh(score * inverse);
          score = t * a.softcap;
          slope = fma(-t, t, splat(1.0f)) * a.scale;
        }
        const F p = exp(score - a.normalizer);
        store_n(a.scores + i, p, count);
        store_n(a.cotangents + i, p * slope * (load_n(a.cotangents + i, count) - mean), count);
      });
}

void adam(const AdamArgs& a) {
  over(
      a.n, [&](int64_t i, int64_t count) __attribute__((always_inline)) {
        const F g = load_n(a.gradient + i, count);
        const F mean = fma(load_n(a.mean + i, count), splat(a.beta1), g * a.rest1);
        const F variance = fma(load_n(a.variance + i, count), splat(a.beta2), g * g * a.rest2);
        fetch_ahead(a.parameter + i);
        fetch_ahead(a.gradient + i);
        fetch_ahead(a.mean + i);
        fetch_ahead(a.variance + i);
        store_n(a.mean + i, mean, count);
        store_n(a.variance + i, variance, count);
        const F step = mean * a.rate / (sqrt(variance) / a.correction + a.eps);
        store_n(a.parameter + i, fma(load_n(a.parameter + i, count), splat(a.keep), -step), count);
      });
}

}  // namespace
}  // namespace mlxc::cpu::MLXC_ISA
