// Kernels over one row: norms, rotary positions, softmax, the epilogue of a product.
#pragma once

#include "backend/cpu/kernels/isa.h"
#include "backend/cpu/kernels/math-inl.h"
#include "backend/cpu/kernels/simd.h"

namespace mlxc::cpu::MLXC_ISA {
namespace {

template <class Body>
MLXC_INLINE void with_float_type(DType dtype, const void* p, Body&& body) {
  switch (dtype) {
    case DType::f16: return body(static_cast<const Half*>(p));
    case DType::bf16: return body(static_cast<const Brain*>(p));
    default: return body(static_cast<const float*>(p));
  }
}

// Adds term(vector, count) over the row to four accumulators; lanes past the end must be zero in the term.
template <class Term>
MLXC_INLINE void accumulate(F (&acc)[4], int64_t n, Term&& term) {
  int64_t i = 0;
  for (; i + 4 * W <= n; i += 4 * W) {
    for (int j = 0; j < 4; ++j) acc[j] += term(i + j * W, int64_t(W));
  }
  for (; i + W <= n; i += W) acc[0] += term(i, int64_t(W));
  if (i < n) acc[1] += term(i, n - i);
}

MLXC_INLINE float total_of(const F (&acc)[4]) { return sum((acc[0] + acc[1]) + (acc[2] + acc[3])); }

template <class Term>
MLXC_INLINE float sum_over(int64_t n, Term&& term) {
  F acc[4] = {zero(), zero(), zero(), zero()};
  accumulate(acc, n, term);
  return total_of(acc);
}

MLXC_INLINE F keep_lanes(F v, int64_t n) {  // zero from lane n on
  float limit[W];
  for (int i = 0; i < W; ++i) limit[i] = float(i);
  return load(limit) < float(n) ? v : zero();
}

void rms_norm(const float* x, float* y, int64_t n, const void* weight, DType weight_dtype, float offset, float eps) {
  float squares = sum_over(
      n, [&](int64_t i, int64_t count) __attribute__((always_inline)) {
        F v = load_n(x + i, count);
        return v * v;
      });
  const float scale = 1.0f / __builtin_sqrtf(squares / float(n) + eps);
  if (!weight) {
    over(
        n, [&](int64_t i, int64_t count) __attribute__((always_inline)) { store_n(y + i, load_n(x + i, count) * scale, count); });
    return;
  }
  with_float_type(
      weight_dtype, weight, [&](const auto* w) __attribute__((always_inline)) {
        over(
            n, [&](int64_t i, int64_t count) __attribute__((always_inline)) {
              store_n(y + i, (load_n(x + i, count) * scale) * (load_n(w + i, count) + offset), count);
            });
      });
}

void layer_norm(const float* x, float* y, int64_t n, const void* weight, DType weight_dtype, const void* bias, DType bias_dtype,
                float eps) {
  const float mean = sum_over(
                         n, [&](int64_t i, int64_t count) __attribute__((always_inline)) { return load_n(x + i, count); }) /
                     float(n);
  const float squares = sum_over(
      n, [&](int64_t i, int64_t count) __attribute__((always_inline)) {
        F v = load_n(x + i, count) - mean;
        if (count < W) v = keep_lanes(v, count);
        return v * v;
      });
  const float scale = 1.0f / __builtin_sqrtf(squares / float(n) + eps);
  over(
      n, [&](int64_t i, int64_t count) __attribute__((always_inline)) { store_n(y + i, (load_n(x + i, count) - mean) * scale, count); });
  if (weight) {
    with_float_type(
        weight_dtype, weight, [&](const auto* w) __attribute__((always_inline)) {
          over(
              n, [&](int64_t i, int64_t count)
                     __attribute__((always_inline)) { store_n(y + i, load_n(y + i, count) * load_n(w + i, count), count); });
        });
  }
  if (bias) {
    with_float_type(
        bias_dtype, bias, [&](const auto* b) __attribute__((always_inline)) {
          over(
              n, [&](int64_t i, int64_t count)
                     __attribute__((always_inline)) { store_n(y + i, load_n(y + i, count) + load_n(b + i, count), count); });
        });
  }
}

void cos_sin(float position, const float* inverse_frequencies, float factor, float* cosines, float* sines, int64_t n) {
  over(
      n, [&](int64_t i, int64_t count) __attribute__((always_inline)) {
        SinCos v = sin_cos_any(load_n(inverse_frequencies + i, count) * position);
        store_n(cosines + i, v.cosine * factor, count);
        store_n(sines + i, v.sine * factor, count);
      });
}

// y = (a cos - b sin, b cos + a sin) for the two halves a, b of x.
void rotate(const float* x, float* y, const float* cosines, const float* sines, int64_t half) {
  over(
      half, [&](int64_t i, int64_t count) __attribute__((always_inline)) {
        F a = load_n(x + i, count), b = load_n(x + half + i, count), c = load_n(cosines + i, count), s = load_n(sines + i, count);
        store_n(y + i, fma(a, c, -(b * s)), count);
        store_n(y + half + i, fma(b, c, a * s), count);
      });
}

float row_maximum(const float* x, int64_t n) {
  F best[4] = {splat(-kInfinity), splat(-kInfinity), splat(-kInfinity), splat(-kInfinity)};
  int64_t i = 0;
  for (; i + 4 * W <= n; i += 4 * W)
    for (int j = 0; j < 4; ++j) best[j] = larger(load(x + i + j * W), best[j]);
  for (; i + W <= n; i += W) best[0] = larger(load(x + i), best[0]);
  float maximum = max_lane(larger(larger(best[0], best[1]), larger(best[2], best[3])));
  for (; i < n; ++i) maximum = x[i] > maximum ? x[i] : maximum;
  return maximum;
}

void softmax(const float* x, float* y, int64_t n, bool logarithm) {
  if (n == 0) return;
  const float maximum = row_maximum(x, n);
  const int64_t ahead = min64(n, 4096);  // long rows are not in the cache a second time
  const float total = sum_over(
      n, [&](int64_t i, int64_t count) __attribute__((always_inline)) {
        F e = exp(load_n(x + i, count) - maximum);
        __builtin_prefetch(x + ahead + i, 0, 3);  // the next row, while there is arithmetic to do
        if (!logarithm) __builtin_prefetch(y + ahead + i, 0, 3);
        if (count < W) e = keep_lanes(e, count);
        if (!logarithm) store_n(y + i, e, count);
        return e;
      });
  if (logarithm) {
    const float shift = log(splat(total))[0];
    over(
        n, [&](int64_t i, int64_t count) __attribute__((always_inline)) {
          fetch_ahead(y + i);
          store_n(y + i, (load_n(x + i, count) - maximum) - shift, count);
        });
  } else {
    const float factor = 1.0f / total;
    over(
        n, [&](int64_t i, int64_t count) __attribute__((always_inline)) { store_n(y + i, load_n(y + i, count) * factor, count); });
  }
}

void scale_row(const void* in, DType dtype, float scale, float* out, int64_t n) {
  with_float_type(
      dtype, in, [&](const auto* p) __attribute__((always_inline)) {
        over(
            n, [&](int64_t i, int64_t count) __attribute__((always_inline)) { store_n(out + i, load_n(p + i, count) * scale, count); });
      });
}

MLXC_INLINE F activate(F v, Activation activation) {
  switch (activation) {
    case Activation::silu: return silu(v);
    case Activation::gelu_tanh: return gelu_tanh(v);
    case Activation::gelu_erf: return gelu_erf(v);
    case Activation::relu: return v > 0.0f ? v : (v != v ? v : zero());
    case Activation::tanh: return tanh(v);
    case Activation::sigmoid: return sigmoid(v);
    default: return v;
  }
}

template <Activation kind>
MLXC_INLINE void finish(const EpilogueArgs& e) {
  over(
      e.n, [&](int64_t i, int64_t count) __attribute__((always_inline)) {
        F v = load_n(e.y + i, count);
        if (e.bias) v += load_n(e.bias + i, count);
        v = activate(v, kind);
        if (e.up) {
          F up = load_n(e.up + i, count);
          if (e.up_bias) up += load_n(e.up_bias + i, count);
          v *= up;
        }
        if (e.residual) v += load_n(e.residual + i, count);
        store_n(e.out + i, v, count);
      });
}

void epilogue(const EpilogueArgs& e) {
  switch (e.activation) {
    case Activation::silu: return finish<Activation::silu>(e);
    case Activation::gelu_tanh: return finish<Activation::gelu_tanh>(e);
    case Activation::gelu_erf: return finish<Activation::gelu_erf>(e);
    case Activation::relu: return finish<Activation::relu>(e);
    case Activation::tanh: return finish<Activation::tanh>(e);
    case Activation::sigmoid: return finish<Activation::sigmoid>(e);
    default: return finish<Activation::none>(e);
  }
}

}  // namespace
}  // namespace mlxc::cpu::MLXC_ISA
