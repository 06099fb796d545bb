// One block of kPageSlots keys against a group of query rows: scores, online softmax, weighted sum of the values. Lanes run over slots for the
// scores and over head elements for the sum, so nothing crosses lanes but one maximum and one sum per row, and a row's bits do not
// depend on the rows beside it.
#pragma once

#include "backend/cpu/kernels/isa.h"
#include "backend/cpu/kernels/math-inl.h"
#include "backend/cpu/kernels/simd.h"

namespace mlxc::cpu::MLXC_ISA {
namespace {

constexpr int kSlots = int(kPageSlots);
#if defined(__AVX512F__)
constexpr int kQueryRows = 6;
#else
constexpr int kQueryRows = 2;
#endif
constexpr int kVectors = 4;  // accumulators per row

// f32 and f16 pages: one element of the head, or one slot, per step.
template <class T>
struct PlainPage {
  using Query = float;
  static constexpr int kPerStep = 1;  // elements (scores) or slots (values) a step consumes
  static constexpr bool kBrainProbabilities = false;
  static MLXC_INLINE F multiply_add(const float* scalar, const T* vector, F acc) { return fma(splat(*scalar), load(vector), acc); }
  static MLXC_INLINE F multiply_add_partial(const float* scalar, const T* vector, int64_t n, F acc) {
    return fma(splat(*scalar), load_partial(vector, n), acc);
  }
  using Element = T;
};

// bf16 pages: elements lie in pairs (two elements of the head for K, two slots for V) inside 32-bit lanes.
struct PairedPage {
  static constexpr int kPerStep = 2;
  struct Element {
    Brain pair[2];
  };
  static MLXC_INLINE U load_pairs(const Element* p) {
    U v;
    __builtin_memcpy(&v, p, sizeof(v));
    return v;
  }
  static MLXC_INLINE U load_pairs_partial(const Element* p, int64_t n) {
    return bits_as<U>(load_n(reinterpret_cast<const float*>(p), n));
  }
#if defined(__AVX512BF16__)
  using Query = Brain;
  static constexpr bool kBrainProbabilities = true;
  static MLXC_INLINE F product(const Brain* scalar, U v, F acc) {
    int pair;
    __builtin_memcpy(&pair, scalar, sizeof(pair));
    return _mm512_dpbf16_ps(acc, (__m512bh)_mm512_set1_epi32(pair), (__m512bh)bits_as<__m512i>(v));
  }
#else
  using Query = float;
  static constexpr bool kBrainProbabilities = false;
  static MLXC_INLINE F product(const float* scalar, U v, F acc) {
    acc = fma(splat(scalar[0]), bits_as<F>(v << 16), acc);
    return fma(splat(scalar[1]), bits_as<F>(v & 0xffff0000u), acc);
  }
#endif
  static MLXC_INLINE F multiply_add(const Query* scalar, const Element* vector, F acc) { return product(scalar, load_pairs(vector), acc); }
  static MLXC_INLINE F multiply_add_partial(const Query* scalar, const Element* vector, int64_t n, F acc) {
    return product(scalar, load_pairs_partial(vector, n), acc);
  }
};

// scores[r][slot .. slot + 4 W) = q[r] . k[slot]
template <class Page, int R>
MLXC_INLINE void score_tile(const typename Page::Query* q, int64_t head_dim, const typename Page::Element* k, float* scores) {
  F acc[R][kVectors];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int c = 0; c < kVectors; ++c) acc[r][c] = zero();
  }
  const int64_t steps = head_dim / Page::kPerStep;
  for (int64_t i = 0; i < steps; ++i) {
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int c = 0; c < kVectors; ++c) acc[r][c] = Page::multiply_add(q + r * head_dim + i * Page::kPerStep, k + i * kSlots + c * W, acc[r][c]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int c = 0; c < kVectors; ++c) store(scores + r * kSlots + c * W, acc[r][c]);
  }
}

// accumulator[r][0 .. C W) = accumulator * rescale[r] + sum over slots of p[r][slot] v[slot]
template <class Page, int R, int C>
MLXC_INLINE void value_tile(const float* p, const typename Page::Element* v, int64_t head_dim, int64_t steps, const float* rescale, float* accumulator,
                            int64_t partial) {
  using Query = typename Page::Query;
  F acc[R][C];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
    F factor = splat(rescale[r]);
#pragma GCC unroll 4
    for (int c = 0; c < C; ++c) {
      const float* from = accumulator + r * head_dim + c * W;
      acc[r][c] = factor * (C == 1 ? load_n(from, partial) : load(from));
    }
  }
  for (int64_t i = 0; i < steps; ++i) {
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const Query* scalar = reinterpret_cast<const Query*>(p + r * kSlots) + i * Page::kPerStep;
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) {
        const auto* vector = v + i * head_dim + c * W;
        if constexpr (C == 1) {
          acc[r][c] = partial == W ? Page::multiply_add(scalar, vector, acc[r][c]) : Page::multiply_add_partial(scalar, vector, partial, acc[r][c]);
        } else {
          acc[r][c] = Page::multiply_add(scalar, vector, acc[r][c]);
        }
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int c = 0; c < C; ++c) {
      float* to = accumulator + r * head_dim + c * W;
      if constexpr (C == 1) {
        store_n(to, acc[r][c], partial);
      } else {
        store(to, acc[r][c]);
      }
    }
  }
}

// Turns a row of scores into probabilities against the new running maximum; returns the factor for what was summed before.
template <class Page>
MLXC_INLINE float soften(const AttentionBlock& b, int64_t row) {
  float* scores = b.scores + row * kSlots;
  const I slot = [] {
    I v;
    for (int i = 0; i < W; ++i) v[i] = i;
    return v;
  }();
  F s[kSlots / W];
  F best = splat(-kInfinity);
#pragma GCC unroll 16
  for (int c = 0; c < kSlots / W; ++c) {
    s[c] = load(scores + c * W) * b.scale;
    if (b.softcap > 0) s[c] = b.softcap * tanh(s[c] * (1.0f / b.softcap));
    I place = slot + c * W;
    s[c] = (place >= b.first[row]) & (place < b.last[row]) ? s[c] : splat(-kInfinity);
    best = larger(s[c], best);
  }
  float maximum = b.maximum[row], block_maximum = max_lane(best);
  if (block_maximum > maximum) maximum = block_maximum;
  float rescale = 1;
  if (maximum == -kInfinity) {  // nothing visible up to here
#pragma GCC unroll 16
    for (int c = 0; c < kSlots / W; ++c) s[c] = zero();
  } else {
    rescale = exp(splat(b.maximum[row] - maximum))[0];
    F total = zero();
#pragma GCC unroll 16
    for (int c = 0; c < kSlots / W; ++c) {
      s[c] = exp(s[c] - maximum);
      total += s[c];
    }
    b.total[row] = b.total[row] * rescale + sum(total);
    b.maximum[row] = maximum;
  }
#pragma GCC unroll 16
  for (int c = 0; c < kSlots / W; ++c) {
    if constexpr (Page::kBrainProbabilities) {
      store(reinterpret_cast<Brain*>(scores) + c * W, s[c]);
    } else {
      store(scores + c * W, s[c]);
    }
  }
  return rescale;
}

template <class Page, int R>
MLXC_INLINE void attend_rows(const AttentionBlock& b, int64_t row) {
  using Element = typename Page::Element;
  const auto* q = static_cast<const typename Page::Query*>(b.q) + row * b.head_dim;
  const auto* k = static_cast<const Element*>(b.k);
  const auto* v = static_cast<const Element*>(b.v);
  float* scores = b.scores + row * kSlots;
  for (int slot = 0; slot < kSlots; slot += kVectors * W) score_tile<Page, R>(q, b.head_dim, k + slot, scores + slot);
  float rescale[R];
#pragma GCC unroll 1
  for (int r = 0; r < R; ++r) rescale[r] = soften<Page>(b, row + r);

  float* accumulator = b.accumulator + row * b.head_dim;
  const int64_t steps = b.used / Page::kPerStep;
  int64_t d = 0;
  for (; d + kVectors * W <= b.head_dim; d += kVectors * W) value_tile<Page, R, kVectors>(scores, v + d, b.head_dim, steps, rescale, accumulator + d, W);
  for (; d < b.head_dim; d += W) value_tile<Page, R, 1>(scores, v + d, b.head_dim, steps, rescale, accumulator + d, min64(W, b.head_dim - d));
  if constexpr (Page::kPerStep == 2) {
    if (b.used % 2) {  // the last pair's second slot holds nothing yet, maybe NaN: leave it out
      for (int r = 0; r < R; ++r) {
        const auto* scalar = reinterpret_cast<const typename Page::Query*>(scores + r * kSlots) + steps * 2;
        over(b.head_dim, [&](int64_t i, int64_t count) __attribute__((always_inline)) {
          U pairs = Page::load_pairs_partial(v + steps * b.head_dim + i, count) & 0xffffu;
          store_n(accumulator + r * b.head_dim + i, Page::product(scalar, pairs, load_n(accumulator + r * b.head_dim + i, count)), count);
        });
      }
    }
  }
}

template <class Page>
void attend(const AttentionBlock& b) {
  int64_t row = 0;
  for (; row + kQueryRows <= b.rows; row += kQueryRows) attend_rows<Page, kQueryRows>(b, row);
#if defined(__AVX512F__)
  switch (b.rows - row) {
    case 5: return attend_rows<Page, 5>(b, row);
    case 4: return attend_rows<Page, 4>(b, row);
    case 3: return attend_rows<Page, 3>(b, row);
    case 2: return attend_rows<Page, 2>(b, row);
    default: break;
  }
#endif
  if (row < b.rows) attend_rows<Page, 1>(b, row);
}

inline void merge_attention(float* accumulator, float scale, const float* other, float other_scale, int64_t n) {
  over(n, [&](int64_t i, int64_t count) __attribute__((always_inline)) {
    F merged = fma(load_n(accumulator + i, count), splat(scale), load_n(other + i, count) * other_scale);
    store_n(accumulator + i, merged, count);
  });
}

}  // namespace
}  // namespace mlxc::cpu::MLXC_ISA
