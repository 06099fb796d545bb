// Elementary functions in float32 vectors. Ranges are reduced as in Cody and Waite, polynomials are those of the Cephes library (S.
// Moshier) unless a function says otherwise. Errors stay below 2 ulp (tests/kernels/elementwise_test.cpp holds the bound of each).
#pragma once

#include "backend/cpu/kernels/simd.h"

namespace mlxc::cpu::MLXC_ISA {
namespace {

constexpr float kInfinity = __builtin_inff();

MLXC_INLINE F exp(F x) {
  // NaN passes both. What underflows to 0 is not computed: results below the normal range take the processor a hundred cycles.
  const I none = x < -104.0f;
  F clamped = x > 89.0f ? splat(89.0f) : x;
  clamped = none ? zero() : clamped;
  F n = round_even(clamped * 1.44269504088896341f);
  F r = fma(n, splat(-0.693359375f), clamped);
  r = fma(n, splat(2.12194440e-4f), r);
  F p = splat(1.9875691500e-4f);
  p = fma(p, r, splat(1.3981999507e-3f));
  p = fma(p, r, splat(8.3334519073e-3f));
  p = fma(p, r, splat(4.1665795894e-2f));
  p = fma(p, r, splat(1.6666665459e-1f));
  p = fma(p, r, splat(5.0000001201e-1f));
  p = fma(p * r, r, r) + 1.0f;
  return none ? zero() : scale_by_power(p, n);
}

// 2^x for x that is not large: below 2^-150 it is 0, -inf included. Taylor series on |r| <= 1/2; exactly 1 at 0.
MLXC_INLINE F power_of_two(F x) {
  const I none = x < -150.0f;  // as in exp; NaN passes
  F t = none ? zero() : x;
  F n = round_even(t), r = t - n;
  F p = splat(1.52527338e-5f);
  p = fma(p, r, splat(1.54035304e-4f));
  p = fma(p, r, splat(1.33335581e-3f));
  p = fma(p, r, splat(9.61812911e-3f));
  p = fma(p, r, splat(5.55041087e-2f));
  p = fma(p, r, splat(2.40226507e-1f));
  p = fma(p, r, splat(6.93147181e-1f));
  p = fma(p, r, splat(1.0f));
  return none ? zero() : scale_by_power(p, n);
}

// log(x) = e ln 2 + log(m), m in [sqrt(1/2), sqrt(2)).
MLXC_INLINE F log(F x) {
  I tiny = x < 0x1p-126f;
  F scaled = tiny ? x * 0x1p23f : x;
  U u = bits_as<U>(scaled) - 0x3f3504f3u;  // exponent steps at sqrt(1/2)
  F e = to_float(bits_as<I>(u) >> 23) - (tiny ? splat(23.0f) : zero());
  F m = bits_as<F>((u & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
  F p = splat(7.0376836292e-2f);
  p = fma(p, m, splat(-1.1514610310e-1f));
  p = fma(p, m, splat(1.1676998740e-1f));
  p = fma(p, m, splat(-1.2420140846e-1f));
  p = fma(p, m, splat(1.4249322787e-1f));
  p = fma(p, m, splat(-1.6668057665e-1f));
  p = fma(p, m, splat(2.0000714765e-1f));
  p = fma(p, m, splat(-2.4999993993e-1f));
  p = fma(p, m, splat(3.3333331174e-1f));
  F square = m * m;
  F r = p * m * square;
  r = fma(e, splat(-2.12194440e-4f), r);
  r = fma(square, splat(-0.5f), r);
  r = fma(e, splat(0.693359375f), m + r);
  r = x == kInfinity ? x : r;
  r = x == 0.0f ? splat(-kInfinity) : r;
  return x < 0.0f || x != x ? splat(__builtin_nanf("")) : r;
}

MLXC_INLINE F tanh(F x) {
  F a = magnitude(x), s = x * x;
  F p = splat(-5.70498872745e-3f);
  p = fma(p, s, splat(2.06390887954e-2f));
  p = fma(p, s, splat(-5.37397155531e-2f));
  p = fma(p, s, splat(1.33314422036e-1f));
  p = fma(p, s, splat(-3.33332819422e-1f));
  F small = fma(p * s, x, x);
  F large = 1.0f - 2.0f / (exp(a + a) + 1.0f);
  return copy_sign(a < 0.625f ? small : large, x);
}

MLXC_INLINE F sigmoid(F x) { return 1.0f / (1.0f + exp(-x)); }
MLXC_INLINE F silu(F x) { return x / (1.0f + exp(-x)); }

// Odd polynomial up to 1, 1 - exp(-polynomial) above; coefficients fitted by tests/golden/erf_fit.py.
MLXC_INLINE F erf(F x) {
  F a = magnitude(x), s = x * x;
  F p = splat(7.88912281e-05f);
  p = fma(p, s, splat(-0.000802084226f));
  p = fma(p, s, splat(0.00518953545f));
  p = fma(p, s, splat(-0.0268544446f));
  p = fma(p, s, splat(0.112836002f));
  p = fma(p, s, splat(-0.376126271f));
  p = fma(p, s, splat(0.12837917f));
  F small = fma(p, x, x);
  F t = a > 4.0f ? splat(4.0f) : a;  // NaN passes
  F q = splat(-0.000185574071f);
  q = fma(q, t, splat(0.00293960789f));
  q = fma(q, t, splat(-0.0218053206f));
  q = fma(q, t, splat(0.103037373f));
  q = fma(q, t, splat(0.638225672f));
  q = fma(q, t, splat(1.12704004f));
  q = fma(q, t, splat(0.00035371876f));
  F large = 1.0f - exp(-q);
  return a < 1.0f ? small : copy_sign(large, x);
}

// x (1 + tanh u) / 2 = x / (1 + exp(-2u)), u = sqrt(2 / pi) (x + 0.044715 x^3)
MLXC_INLINE F gelu_tanh(F x) { return x / (1.0f + exp(x * fma(x * x, splat(-0.0713548163f), splat(-1.59576912f)))); }
// max(x, 0) - |x| Q(|x|), Q the upper tail of the normal distribution: one polynomial for log2 Q, which keeps the tail's digits where
// 1 + erf has none left. Coefficients fitted by tests/golden/gelu_fit.py.
MLXC_INLINE F gelu_erf(F x) {
  const I none = magnitude(x) > 12.5f;  // Q is below the normal range
  F a = none ? splat(12.5f) : magnitude(x);
  F p = splat(-7.68073694e-09f);
  p = fma(p, a, splat(3.04258378e-07f));
  p = fma(p, a, splat(-4.96365874e-06f));
  p = fma(p, a, splat(4.17065821e-05f));
  p = fma(p, a, splat(-0.00016280869f));
  p = fma(p, a, splat(-0.000233359326f));
  p = fma(p, a, splat(0.00721878791f));
  p = fma(p, a, splat(-0.052615054f));
  p = fma(p, a, splat(-0.459167719f));
  p = fma(p, a, splat(-1.1511097f));
  p = fma(p, a, splat(-1.0f));
  F n = round_even(p), r = p - n;
  F q = splat(0.00132647273f);
  q = fma(q, r, splat(0.00967151299f));
  q = fma(q, r, splat(0.0555073358f));
  q = fma(q, r, splat(0.240222424f));
  q = fma(q, r, splat(0.693147004f));
  q = scale_by_power(fma(q, r, splat(1.0f)), n);
  return fma(-a, none ? zero() : q, larger(zero(), x));  // NaN passes
}

// The derivative of gelu_erf: P(x) + x P'(x) with P the normal distribution, whose tail gelu_erf has already.
MLXC_INLINE F gelu_erf_slope(F x) {
  F a = larger(splat(1e-30f), magnitude(x)), b = smaller(splat(20.0f), a);  // NaN passes
  F tail = gelu_erf(-a) / -a, density = exp(b * b * -0.5f) * 0.398942280f;
  return copy_sign(b * density, x) + (x > 0.0f ? 1.0f - tail : tail);
}

// ---- sine and cosine: the angle is reduced in double, exact enough for |x| < 2^30 -----------------------------------------------------

#if defined(__AVX512F__)
MLXC_INLINE D low_half(F v) { return _mm512_cvtps_pd(_mm512_castps512_ps256(v)); }
MLXC_INLINE D high_half(F v) { return _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1)); }
MLXC_INLINE F join_halves(D lo, D hi) { return _mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps(lo)), _mm512_cvtpd_ps(hi), 1); }
MLXC_INLINE D round_even(D v) { return _mm512_roundscale_pd(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
#elif defined(__AVX2__)
MLXC_INLINE D low_half(F v) { return _mm256_cvtps_pd(_mm256_castps256_ps128(v)); }
MLXC_INLINE D high_half(F v) { return _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1)); }
MLXC_INLINE F join_halves(D lo, D hi) { return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm256_cvtpd_ps(lo)), _mm256_cvtpd_ps(hi), 1); }
MLXC_INLINE D round_even(D v) { return _mm256_round_pd(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
#else
MLXC_INLINE D low_half(F v) { return D{double(v[0]), double(v[1])}; }
MLXC_INLINE D high_half(F v) { return D{double(v[2]), double(v[3])}; }
MLXC_INLINE F join_halves(D lo, D hi) { return F{float(lo[0]), float(lo[1]), float(hi[0]), float(hi[1])}; }
MLXC_INLINE D round_even(D v) {
  D magic = D{} + 0x1.8p52;  // |v| < 2^51
  return (v + magic) - magic;
}
#endif

MLXC_INLINE D reduce_angle(D x, D& n) {
  n = round_even(x * 0.63661977236758134308);
  return (x - n * 1.57079632679489655800) - n * 6.12323399573676603587e-17;
}

struct SinCos {
  F sine, cosine;
};
MLXC_INLINE SinCos sin_cos(F x) {
  D n_lo, n_hi;
  D r_lo = reduce_angle(low_half(x), n_lo), r_hi = reduce_angle(high_half(x), n_hi);
  F r = join_halves(r_lo, r_hi);
  // The quadrant is n mod 4, taken in double: n itself may not fit a float.
  n_lo = n_lo - 4.0 * round_even(n_lo * 0.25);
  n_hi = n_hi - 4.0 * round_even(n_hi * 0.25);
  F quadrant = join_halves(n_lo, n_hi);
  I q = to_int(quadrant) & 3;
  F s = r * r;
  F sine = splat(-1.9515295891e-4f);
  sine = fma(sine, s, splat(8.3321608736e-3f));
  sine = fma(sine, s, splat(-1.6666654611e-1f));
  sine = fma(sine * s, r, r);
  F cosine = splat(2.443315711809948e-5f);
  cosine = fma(cosine, s, splat(-1.388731625493765e-3f));
  cosine = fma(cosine, s, splat(4.166664568298827e-2f));
  cosine = fma(cosine * s, s, fma(s, splat(-0.5f), splat(1.0f)));
  I swapped = (q & 1) != 0;
  F a = swapped ? cosine : sine, b = swapped ? sine : cosine;
  U negative_sine = bits_as<U>(q & 2) << 30, negative_cosine = bits_as<U>((q + 1) & 2) << 30;
  return {bits_as<F>(bits_as<U>(a) ^ negative_sine), bits_as<F>(bits_as<U>(b) ^ negative_cosine)};
}

// Lanes outside the reduction's range (huge, infinite, NaN) go to the C library one by one.
MLXC_INLINE bool any_lane(I mask) {
#if defined(__AVX512F__)
  return _mm512_movepi32_mask((__m512i)mask) != 0;
#elif defined(__AVX2__)
  return _mm256_movemask_ps(bits_as<__m256>(mask)) != 0;
#else
  int any = 0;
  for (int i = 0; i < W; ++i) any |= mask[i];
  return any != 0;
#endif
}
MLXC_INLINE SinCos sin_cos_any(F x) {
  SinCos result = sin_cos(x);
  I outside = ~(I)(magnitude(x) < 0x1p30f);
  if (__builtin_expect(any_lane(outside), 0)) {
    float v[W], s[W], c[W];
    store(v, x);
    store(s, result.sine);
    store(c, result.cosine);
    for (int i = 0; i < W; ++i) {
      if (__builtin_fabsf(v[i]) < 0x1p30f) continue;
      s[i] = __builtin_sinf(v[i]);
      c[i] = __builtin_cosf(v[i]);
    }
    result = {load(s), load(c)};
  }
  return result;
}

}  // namespace
}  // namespace mlxc::cpu::MLXC_ISA
