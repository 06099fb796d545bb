// Less common float32 functions, computed in double lanes and rounded once: no cancellation to work around and half an ulp of error. The
// double functions are good to about 1e-12, ample for that and no more.
#pragma once

#include "backend/cpu/kernels/math-inl.h"

namespace mlxc::cpu::MLXC_ISA {
namespace {

constexpr double kPi = 3.14159265358979323846;

typedef uint64_t UL __attribute__((vector_size(sizeof(D))));  // arithmetic on bit patterns wraps

MLXC_INLINE D splat_d(double v) {
#if defined(__AVX512F__)
  return _mm512_set1_pd(v);
#elif defined(__AVX2__)
  return _mm256_set1_pd(v);
#else
  return D{v, v};
#endif
}
MLXC_INLINE D magnitude(D v) { return bits_as<D>(bits_as<L>(v) & 0x7fffffffffffffffll); }
MLXC_INLINE D copy_sign(D v, D sign) {
  return bits_as<D>((bits_as<L>(v) & 0x7fffffffffffffffll) | (bits_as<L>(sign) & (-0x7fffffffffffffffll - 1)));
}

MLXC_INLINE D sqrt(D v) {
#if defined(__AVX512F__)
  return _mm512_sqrt_pd(v);
#elif defined(__AVX2__)
  return _mm256_sqrt_pd(v);
#else
  return D{__builtin_sqrt(v[0]), __builtin_sqrt(v[1])};
#endif
}

// Calls f on both halves of the arguments.
template <class Function, class... Vectors>
MLXC_INLINE F in_double(Function&& f, Vectors... v) {
  return join_halves(f(low_half(v)...), f(high_half(v)...));
}

// Horner's scheme, highest power first.
template <class V, class First, class... Rest>
MLXC_INLINE V polynomial(V x, First first, Rest... rest) {
  V p = V{} + first;
  ((p = p * x + rest), ...);
  return p;
}

// Results outside the float range become 0 or infinity when rounded.
MLXC_INLINE D exp(D x) {
  D clamped = x > 700.0 ? splat_d(700.0) : x;  // NaN passes both
  clamped = clamped < -700.0 ? splat_d(-700.0) : clamped;
  D n = round_even(clamped * 1.44269504088896340736);
  D r = (clamped - n * 6.93147180369123816490e-1) - n * 1.90821492927058770002e-10;
  // Taylor: |r| < 0.347
  D p = polynomial(r, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5,
                   1.0, 1.0);
  UL power = bits_as<UL>(n + 0x1.8p52) << 52;
  return bits_as<D>(bits_as<UL>(p) + power);
}

MLXC_INLINE D log(D x) {
  UL u = bits_as<UL>(x) - 0x3fe6a09e667f3bcdull;  // exponent steps at sqrt(1/2)
  D e = bits_as<D>(((u >> 52) & 0xfffull) | 0x4330000000000000ull) - 0x1p52;
  e = e > 2048.0 ? e - 4096.0 : e;
  D m = bits_as<D>((u & 0x000fffffffffffffull) + 0x3fe6a09e667f3bcdull);
  D f = (m - 1.0) / (m + 1.0), s = f * f;
  D p = polynomial(s, 1.0 / 15, 1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3, 1.0);  // artanh series, |f| < 0.172
  D r = 2.0 * f * p + e * 0.69314718055994530942;
  r = x == __builtin_inf() ? x : r;
  r = x == 0.0 ? splat_d(-__builtin_inf()) : r;
  return x < 0.0 || x != x ? splat_d(__builtin_nan("")) : r;
}

MLXC_INLINE D atan(D x) {
  D a = magnitude(x);
  L inverted = a > 1.0;
  D t = inverted ? 1.0 / a : a;
  L upper = t > 0.41421356237309504880;  // tan(pi / 8)
  t = upper ? (t - 1.0) / (t + 1.0) : t;
  D p = polynomial(t * t, -1.0 / 23, 1.0 / 21, -1.0 / 19, 1.0 / 17, -1.0 / 15, 1.0 / 13, -1.0 / 11, 1.0 / 9, -1.0 / 7, 1.0 / 5, -1.0 / 3,
                   1.0);
  D r = p * t + (upper ? splat_d(kPi / 4) : D{});
  r = inverted ? kPi / 2 - r : r;
  return copy_sign(r, x);
}

MLXC_INLINE F expm1(F x) {
  return in_double([](D v) { return magnitude(v) < 1e-5 ? v * (1.0 + v * 0.5) : exp(v) - 1.0; }, x);
}
MLXC_INLINE F log1p(F x) {
  return in_double([](D v) { return magnitude(v) < 1e-5 ? v - v * v * 0.5 : log(1.0 + v); }, x);
}
MLXC_INLINE F log2(F x) {
  return in_double([](D v) { return log(v) * 1.44269504088896340736; }, x);
}
MLXC_INLINE F log10(F x) {
  return in_double([](D v) { return log(v) * 0.43429448190325182765; }, x);
}
MLXC_INLINE D tan(D x) {
  D n, r = reduce_angle(x, n), s = r * r;
  D sine = r * polynomial(s, -1.0 / 39916800, 1.0 / 362880, -1.0 / 5040, 1.0 / 120, -1.0 / 6, 1.0);  // Taylor: |r| < 0.786
  D cosine = polynomial(s, 1.0 / 479001600, -1.0 / 3628800, 1.0 / 40320, -1.0 / 720, 1.0 / 24, -0.5, 1.0);
  L odd = n - 2.0 * round_even(n * 0.5) != 0.0;  // quarters of a turn
  return (odd ? -cosine : sine) / (odd ? sine : cosine);
}
MLXC_INLINE F tan(F x) {
  F r = in_double([](D v) { return tan(v); }, x);
  I outside = ~(I)(magnitude(x) < 0x1p30f);  // as in sin_cos_any
  if (__builtin_expect(any_lane(outside), 0)) {
    for (int i = 0; i < W; ++i)
      if (outside[i]) r[i] = __builtin_tanf(x[i]);
  }
  return r;
}
MLXC_INLINE F asin(F x) {
  return in_double([](D v) { return atan(v / sqrt((1.0 - v) * (1.0 + v))); }, x);
}
MLXC_INLINE F acos(F x) {
  return in_double([](D v) { return 2.0 * atan(sqrt((1.0 - v) / (1.0 + v))); }, x);
}
MLXC_INLINE F atan(F x) {
  return in_double([](D v) { return atan(v); }, x);
}
MLXC_INLINE F sinh(F x) {
  return in_double([](D v) { return magnitude(v) < 1e-4 ? v + v * v * v * (1.0 / 6) : 0.5 * (exp(v) - exp(-v)); }, x);
}
MLXC_INLINE F cosh(F x) {
  return in_double([](D v) { return 0.5 * (exp(v) + exp(-v)); }, x);
}
MLXC_INLINE F asinh(F x) {
  return in_double(
      [](D v) {
        D a = magnitude(v);
        return a < 1e-4 ? v * (1.0 - v * v * (1.0 / 6)) : copy_sign(log(a + sqrt(a * a + 1.0)), v);
      },
      x);
}
MLXC_INLINE F acosh(F x) {
  return in_double([](D v) { return v < 1.0 ? splat_d(__builtin_nan("")) : log(v + sqrt(v * v - 1.0)); }, x);
}
MLXC_INLINE F atanh(F x) {
  return in_double([](D v) { return magnitude(v) < 1e-4 ? v + v * v * v * (1.0 / 3) : 0.5 * log((1.0 + v) / (1.0 - v)); }, x);
}

// Horner's scheme whose products are rounded before they are added to.
template <class... Rest>
MLXC_INLINE F rounded_polynomial(F x, float first, Rest... rest) {
  F p = splat(first);
  ((p = rounded(p * x) + rest), ...);
  return p;
}

// x times a polynomial of w = -log(1 - x^2) in three pieces. Every product and sum is rounded for itself, and there is no root or quotient:
// random normal numbers have the same bits at every instruction set and on every device (kernels/math.glsl).
MLXC_INLINE F erfinv(F x) {
  const U u = bits_as<U>((1.0f - x) * (1.0f + x)) - 0x3f3504f3u;  // as in log
  const F e = to_float(bits_as<I>(u) >> 23), m = bits_as<F>((u & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
  F r = rounded_polynomial(m, 7.0376836292e-2f, -1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f, 1.4249322787e-1f, -1.6668057665e-1f,
                           2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f);
  const F square = rounded(m * m);
  r = rounded(rounded(r * m) * square) - rounded(e * 2.12194440e-4f);
  r = r - rounded(square * 0.5f);
  const F w = -((m + r) + rounded(e * 0.693359375f));
  F p = rounded_polynomial(w - 2.5f, -8.93192631e-09f, 2.33359678e-08f, 4.68131361e-07f, -3.46398519e-06f, -4.9724199e-06f, 0.000218349393f,
                           -0.00125272642f, -0.00417739293f, 0.24664028f, 1.50140941f);
  const I tail = w >= 5.0f;
  if (__builtin_expect(any_lane(tail), 0)) {
    const F near = rounded_polynomial(w - 7.0f, 9.39313904e-11f, 2.08376272e-09f, -4.04192129e-08f, 3.7674053e-07f, -2.02542492e-06f,
                                      -3.17388981e-06f, 0.000272266654f, -0.00583780184f, 0.187236905f, 2.47977209f);
    const F far = rounded_polynomial(w - 12.5f, -6.20073654e-12f, 5.51240338e-11f, 8.58451574e-11f, -9.16856369e-09f, 2.27936653e-07f,
                                     -4.8588654e-06f, 0.000106124768f, -0.00278860959f, 0.142495319f, 3.37128544f);
    p = tail ? (w < 9.0f ? near : far) : p;
  }
  const F a = magnitude(x), result = p * x;
  return a < 1.0f ? result : (a == 1.0f ? x * kInfinity : splat(__builtin_nanf("")));
}

// Zeros and infinities among the operands go to the C library.
template <class Scalar>
MLXC_INLINE F repair(F result, I special, F a, F b, Scalar&& scalar) {
  if (__builtin_expect(any_lane(special), 0)) {
    float r[W], x[W], y[W];
    store(r, result);
    store(x, a);
    store(y, b);
    for (int i = 0; i < W; ++i) {
      const float ax = __builtin_fabsf(x[i]), ay = __builtin_fabsf(y[i]);
      if (!(ax > 0 && ax < kInfinity && ay > 0 && ay < kInfinity)) r[i] = scalar(x[i], y[i]);
    }
    result = load(r);
  }
  return result;
}
MLXC_INLINE I zero_or_infinite(F a, F b) {
  F x = magnitude(a), y = magnitude(b);
  return ~((I)(x > 0.0f) & (I)(x < kInfinity) & (I)(y > 0.0f) & (I)(y < kInfinity));
}

MLXC_INLINE F power(F a, F b) {
  F r = in_double([](D x, D y) { return exp(y * log(x)); }, magnitude(a), b);
  I whole = floor(b) == b, odd = whole & (I)(floor(b * 0.5f) != b * 0.5f);
  r = a < 0.0f ? (odd ? -r : (whole ? r : splat(__builtin_nanf("")))) : r;
  return repair(r, zero_or_infinite(a, b), a, b, [](float x, float y) { return __builtin_powf(x, y); });
}
MLXC_INLINE F atan2(F a, F b) {
  F r = in_double([](D y, D x) { return atan(y / x) + (x < 0.0 ? copy_sign(splat_d(kPi), y) : D{}); }, a, b);
  return repair(r, zero_or_infinite(a, b), a, b, [](float y, float x) { return __builtin_atan2f(y, x); });
}
MLXC_INLINE F hypot(F a, F b) {
  F r = in_double([](D x, D y) { return sqrt(x * x + y * y); }, a, b);
  return magnitude(a) == kInfinity || magnitude(b) == kInfinity ? splat(kInfinity) : r;
}
MLXC_INLINE F logaddexp(F a, F b) {
  F r = in_double(
      [](D x, D y) {
        D high = x > y ? x : y, small = exp(-magnitude(x - y)), sum = 1.0 + small;
        return high + (log(sum) + (small - (sum - 1.0)) / sum);  // what the sum rounded off counts where high is 0
      },
      a, b);
  return a == b ? a + 0.693147181f : r;  // also two equal infinities
}

}  // namespace
}  // namespace mlxc::cpu::MLXC_ISA
