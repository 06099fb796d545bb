// The vector type of one instruction set, for the sources that are compiled once per set (isa_*.cpp). Everything here and in the *-inl.h
// files lies in an unnamed namespace and is forced inline: a function with external linkage compiled for AVX-512 could otherwise be
// the copy that the linker keeps for an older machine. For the same reason these files use no std:: templates.
#pragma once

#include <stddef.h>
#include <stdint.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#ifndef MLXC_ISA
#error "define MLXC_ISA, the namespace of this instruction set, before including simd.h"
#endif
#define MLXC_INLINE inline __attribute__((always_inline))

namespace mlxc::cpu::MLXC_ISA {
namespace {

#if defined(__AVX512F__)
constexpr int W = 16;  // f32 lanes
#elif defined(__AVX2__)
constexpr int W = 8;
#else
constexpr int W = 4;
#endif

typedef float F __attribute__((vector_size(W * 4)));
typedef int32_t I __attribute__((vector_size(W * 4)));
typedef uint32_t U __attribute__((vector_size(W * 4)));
typedef uint16_t U16 __attribute__((vector_size(W * 2)));
typedef float F4 __attribute__((vector_size(16)));
typedef double D __attribute__((vector_size(W * 4)));  // W / 2 lanes
typedef int64_t L __attribute__((vector_size(W * 4)));

struct Half {
  uint16_t bits;
};
struct Brain {
  uint16_t bits;
};

template <class To, class From>
MLXC_INLINE To bits_as(From value) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  __builtin_memcpy(&to, &value, sizeof(to));
  return to;
}

MLXC_INLINE int64_t min64(int64_t a, int64_t b) { return a < b ? a : b; }
MLXC_INLINE int64_t max64(int64_t a, int64_t b) { return a > b ? a : b; }

MLXC_INLINE F splat(float value) {  // not F{} + value, an addition that -0 keeps the compiler from dropping
#if defined(__AVX512F__)
  return _mm512_set1_ps(value);
#elif defined(__AVX2__)
  return _mm256_set1_ps(value);
#else
  return F{value, value, value, value};
#endif
}
MLXC_INLINE F zero() { return F{}; }

// The value as it stands, in a register: the compiler neither reads it from memory again nor joins what made it with what takes it.
MLXC_INLINE F settled(F v) {
#if defined(__AVX512F__)
  asm("" : "+v"(v));
#elif defined(__x86_64__)
  asm("" : "+x"(v));
#elif defined(__aarch64__)
  asm("" : "+w"(v));
#else
  asm("" : "+m"(v));
#endif
  return v;
}

// ---- memory; `n` < W in the partial forms, missing lanes read as zero -------------------------------------------------------------

MLXC_INLINE F load(const float* p) {
  F v;
  __builtin_memcpy(&v, p, sizeof(v));
  return v;
}
MLXC_INLINE void store(float* p, F v) { __builtin_memcpy(p, &v, sizeof(v)); }

#if defined(__AVX512F__)
MLXC_INLINE __mmask16 lanes(int64_t n) { return __mmask16((1u << n) - 1); }
MLXC_INLINE F load_partial(const float* p, int64_t n) { return _mm512_maskz_loadu_ps(lanes(n), p); }
MLXC_INLINE void store_partial(float* p, F v, int64_t n) { _mm512_mask_storeu_ps(p, lanes(n), v); }
MLXC_INLINE U16 load_u16_partial(const void* p, int64_t n) { return (U16)_mm256_maskz_loadu_epi16(lanes(n), p); }
MLXC_INLINE void store_u16_partial(void* p, U16 v, int64_t n) { _mm256_mask_storeu_epi16(p, lanes(n), (__m256i)v); }
#else
MLXC_INLINE F load_partial(const float* p, int64_t n) {
  float all[W] = {};
  for (int64_t i = 0; i < n; ++i) all[i] = p[i];
  return load(all);
}
MLXC_INLINE void store_partial(float* p, F v, int64_t n) {
  float all[W];
  store(all, v);
  for (int64_t i = 0; i < n; ++i) p[i] = all[i];
}
MLXC_INLINE U16 load_u16_partial(const void* p, int64_t n) {
  U16 v = {};
  __builtin_memcpy(&v, p, size_t(n) * 2);
  return v;
}
MLXC_INLINE void store_u16_partial(void* p, U16 v, int64_t n) { __builtin_memcpy(p, &v, size_t(n) * 2); }
#endif

MLXC_INLINE U16 load_u16(const void* p) {
  U16 v;
  __builtin_memcpy(&v, p, sizeof(v));
  return v;
}
MLXC_INLINE void store_u16(void* p, U16 v) { __builtin_memcpy(p, &v, sizeof(v)); }

// ---- 16-bit floats ----------------------------------------------------------------------------------------------------------------

MLXC_INLINE U widen(U16 v) {
#if defined(__AVX512F__)
  return (U)_mm512_cvtepu16_epi32((__m256i)v);
#elif defined(__AVX2__)
  return (U)_mm256_cvtepu16_epi32((__m128i)v);
#else
  return __builtin_convertvector(v, U);
#endif
}

MLXC_INLINE U16 narrow(U v) {  // values below 65536
#if defined(__AVX512F__)
  return (U16)_mm512_cvtepi32_epi16((__m512i)v);
#elif defined(__AVX2__)
  return (U16)_mm256_castsi256_si128(_mm256_permute4x64_epi64(_mm256_packus_epi32((__m256i)v, (__m256i)v), 0x08));
#else
  return __builtin_convertvector(v, U16);
#endif
}

MLXC_INLINE F from_brain(U16 v) { return bits_as<F>(widen(v) << 16); }

MLXC_INLINE U16 to_brain(F v) {  // to nearest, ties to even; NaN stays NaN
  U u = bits_as<U>(v);
  U rounded = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
  U quiet = (u >> 16) | 0x40u;
  return narrow((u & 0x7fffffffu) > 0x7f800000u ? quiet : rounded);
}

MLXC_INLINE F from_half(U16 v) {
#if defined(__AVX512F__)
  return _mm512_cvtph_ps((__m256i)v);
#elif defined(__F16C__)
  return _mm256_cvtph_ps((__m128i)v);
#else
  U u = widen(v);
  U magnitude = (u & 0x7fffu) << 13;
  F scaled = bits_as<F>(magnitude) * 0x1p112f;  // also makes subnormals normal
  U special = bits_as<U>(scaled) | 0x7f800000u;
  U result = magnitude >= 0x0f800000u ? special : bits_as<U>(scaled);
  return bits_as<F>(result | ((u & 0x8000u) << 16));
#endif
}

MLXC_INLINE U16 to_half(F v) {
#if defined(__AVX512F__)
  return (U16)_mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT);
#elif defined(__F16C__)
  return (U16)_mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT);
#else
  U u = bits_as<U>(v);
  U sign = (u >> 16) & 0x8000u, magnitude = u & 0x7fffffffu;
  U normal = (magnitude + 0xfffu + ((magnitude >> 13) & 1u) - 0x38000000u) >> 13;
  U small = bits_as<U>(bits_as<F>(magnitude) + 0.5f) - 0x3f000000u;  // the float adder rounds at 2^-24
  U result = magnitude < 0x38800000u ? small : normal;
  result = magnitude >= 0x477ff000u ? (U{} + 0x7c00u) : result;
  result = magnitude > 0x7f800000u ? (((magnitude >> 13) & 0x3ffu) | 0x7e00u) : result;
  return narrow(result | sign);
#endif
}

MLXC_INLINE F load(const Brain* p) { return from_brain(load_u16(p)); }
MLXC_INLINE F load(const Half* p) { return from_half(load_u16(p)); }
MLXC_INLINE F load_partial(const Brain* p, int64_t n) { return from_brain(load_u16_partial(p, n)); }
MLXC_INLINE F load_partial(const Half* p, int64_t n) { return from_half(load_u16_partial(p, n)); }
MLXC_INLINE void store(Brain* p, F v) { store_u16(p, to_brain(v)); }
MLXC_INLINE void store(Half* p, F v) { store_u16(p, to_half(v)); }
MLXC_INLINE void store_partial(Brain* p, F v, int64_t n) { store_u16_partial(p, to_brain(v), n); }
MLXC_INLINE void store_partial(Half* p, F v, int64_t n) { store_u16_partial(p, to_half(v), n); }

// Asks for what lies kAhead bytes behind p. One line beside the work on each: a burst of requests would only fill the line buffers and
// wait.
constexpr int64_t kAhead = 2048;
MLXC_INLINE void fetch_ahead(const void* p) { __builtin_prefetch(static_cast<const char*>(p) + kAhead, 0, 3); }

// Calls body(load, store) forms over n elements: whole vectors, then one partial with the same arithmetic.
// body(i, count): count is W, or the rest.
template <class Body>
MLXC_INLINE void over(int64_t n, Body&& body) {
  int64_t i = 0;
  for (; i + W <= n; i += W) body(i, int64_t(W));
  if (i < n) body(i, n - i);
}
template <class T>
MLXC_INLINE F load_n(const T* p, int64_t n) {
  return n == W ? load(p) : load_partial(p, n);
}
template <class T>
MLXC_INLINE void store_n(T* p, F v, int64_t n) {
  if (n == W) {
    store(p, v);
  } else {
    store_partial(p, v, n);
  }
}

// ---- arithmetic ---------------------------------------------------------------------------------------------------------------------

MLXC_INLINE F fma(F a, F b, F c) {  // a * b + c
#if defined(__AVX512F__)
  return _mm512_fmadd_ps(a, b, c);
#elif defined(__FMA__)
  return _mm256_fmadd_ps(a, b, c);
#else
  return a * b + c;
#endif
}

// A product that no sum behind it is fused with, so that it is the same at every instruction set.
MLXC_INLINE F rounded(F product) { return settled(product); }

MLXC_INLINE F sqrt(F v) {
#if defined(__AVX512F__)
  return _mm512_sqrt_ps(v);
#elif defined(__AVX2__)
  return _mm256_sqrt_ps(v);
#else
  for (int i = 0; i < W; ++i) v[i] = __builtin_sqrtf(v[i]);
  return v;
#endif
}

MLXC_INLINE F select(I mask, F yes, F no) { return mask ? yes : no; }
// The second operand where either is NaN, as the instructions do.
MLXC_INLINE F larger(F a, F b) {
#if defined(__AVX512F__)
  return _mm512_max_ps(a, b);
#elif defined(__AVX2__)
  return _mm256_max_ps(a, b);
#else
  return a > b ? a : b;
#endif
}
MLXC_INLINE F smaller(F a, F b) {
#if defined(__AVX512F__)
  return _mm512_min_ps(a, b);
#elif defined(__AVX2__)
  return _mm256_min_ps(a, b);
#else
  return a < b ? a : b;
#endif
}
MLXC_INLINE F magnitude(F v) { return bits_as<F>(bits_as<U>(v) & 0x7fffffffu); }
MLXC_INLINE F copy_sign(F v, F sign) { return bits_as<F>((bits_as<U>(v) & 0x7fffffffu) | (bits_as<U>(sign) & 0x80000000u)); }

MLXC_INLINE F round_even(F v) {
#if defined(__AVX512F__)
  return _mm512_roundscale_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#elif defined(__AVX2__)
  return _mm256_round_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#else
  F magic = splat(0x1p23f);  // adding 2^23 drops the fraction, rounding to even
  F a = magnitude(v);
  F rounded = (a + magic) - magic;
  return copy_sign(a < magic ? rounded : v, v);
#endif
}
MLXC_INLINE F floor(F v) {
#if defined(__AVX512F__)
  return _mm512_roundscale_ps(v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
#elif defined(__AVX2__)
  return _mm256_floor_ps(v);
#else
  F r = round_even(v);
  return copy_sign(r > v ? r - 1.0f : r, v);
#endif
}
MLXC_INLINE F ceil(F v) { return -floor(-v); }
MLXC_INLINE F trunc(F v) { return copy_sign(floor(magnitude(v)), v); }

MLXC_INLINE I to_int(F v) {  // v is integral and fits
#if defined(__AVX512F__)
  return (I)_mm512_cvttps_epi32(v);
#elif defined(__AVX2__)
  return (I)_mm256_cvttps_epi32(v);
#else
  return __builtin_convertvector(v, I);
#endif
}
MLXC_INLINE F to_float(I v) {
#if defined(__AVX512F__)
  return _mm512_cvtepi32_ps((__m512i)v);
#elif defined(__AVX2__)
  return _mm256_cvtepi32_ps((__m256i)v);
#else
  return __builtin_convertvector(v, F);
#endif
}

// p * 2^n for integral n in [-300, 300].
MLXC_INLINE F scale_by_power(F p, F n) {
#if defined(__AVX512F__)
  return _mm512_scalef_ps(p, n);
#else
  I whole = to_int(n), half = whole >> 1;  // in two steps: 2^n itself may be outside the normal range
  return p * bits_as<F>((half + 127) << 23) * bits_as<F>((whole - half + 127) << 23);
#endif
}

// ---- sums over the lanes, always by halves: lanes 8 apart, then 4, 2, 1 -----------------------------------------------------------------

MLXC_INLINE F4 fold_to_four(F v) {
#if defined(__AVX512F__)
  __m256 half = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
  return _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
#elif defined(__AVX2__)
  return _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
#else
  return v;
#endif
}

// Sums of the four lanes of each: {sum a, sum b, sum c, sum d}.
MLXC_INLINE F4 sum_lanes(F4 a, F4 b, F4 c, F4 d) {
  F4 ab = __builtin_shufflevector(a, b, 0, 4, 1, 5) + __builtin_shufflevector(a, b, 2, 6, 3, 7);
  F4 cd = __builtin_shufflevector(c, d, 0, 4, 1, 5) + __builtin_shufflevector(c, d, 2, 6, 3, 7);
  return __builtin_shufflevector(ab, cd, 0, 1, 4, 5) + __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
}

MLXC_INLINE float sum(F v) {
  F4 four = fold_to_four(v);
  float even = four[0] + four[2], odd = four[1] + four[3];
  return even + odd;
}

MLXC_INLINE float max_lane(F v) {
#if defined(__AVX512F__)
  F4 four = _mm_max_ps(_mm_max_ps(_mm512_extractf32x4_ps(v, 0), _mm512_extractf32x4_ps(v, 1)),
                       _mm_max_ps(_mm512_extractf32x4_ps(v, 2), _mm512_extractf32x4_ps(v, 3)));
#elif defined(__AVX2__)
  F4 four = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
#else
  F4 four = v;
#endif
  F4 other = __builtin_shufflevector(four, four, 2, 3, 0, 1);
  four = four > other ? four : other;
  return four[0] > four[1] ? four[0] : four[1];
}

#if defined(__AVX512F__)
// Folds four vectors to four lanes each: quarter i of the result belongs to vector i. Same order as fold_to_four.
MLXC_INLINE F fold_four(F a, F b, F c, F d) {
  F ab = F(_mm512_shuffle_f32x4(a, b, 0x44)) + F(_mm512_shuffle_f32x4(a, b, 0xee));
  F cd = F(_mm512_shuffle_f32x4(c, d, 0x44)) + F(_mm512_shuffle_f32x4(c, d, 0xee));
  return F(_mm512_shuffle_f32x4(ab, cd, 0x88)) + F(_mm512_shuffle_f32x4(ab, cd, 0xdd));
}
// The lane sums of sixteen vectors given as four folds: quarter q of the result = {sum of quarter q of a, of b, of c, of d}.
MLXC_INLINE F sum_quarters(F a, F b, F c, F d) {
  F ab = F(_mm512_unpacklo_ps(a, b)) + F(_mm512_unpackhi_ps(a, b));
  F cd = F(_mm512_unpacklo_ps(c, d)) + F(_mm512_unpackhi_ps(c, d));
  __m512d lo = _mm512_unpacklo_pd((__m512d)ab, (__m512d)cd), hi = _mm512_unpackhi_pd((__m512d)ab, (__m512d)cd);
  return F((__m512)lo) + F((__m512)hi);
}
#endif

}  // namespace
}  // namespace mlxc::cpu::MLXC_ISA
