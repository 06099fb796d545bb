// One block of kPageSlots keys against a group of query rows: scores, online softmax, weighted sum of the values. Lanes run over slots for
// the scores and over head elements for the sum, so nothing crosses lanes but one maximum and one sum per row, and a row's bits do not
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
  static MLXC_INLINE void store_probabilities(float* row, int at, F p) { store(row + at, p); }
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
  static MLXC_INLINE U load_pairs_partial(const Element* p, int64_t n) { return bits_as<U>(load_n(reinterpret_cast<const float*>(p), n)); }
#if defined(__AVX512BF16__)
  using Query = Brain;
  static MLXC_INLINE void store_probabilities(float* row, int at, F p) {
    store_u16(reinterpret_cast<uint16_t*>(row) + at, bits_as<U16>(_mm512_cvtneps_pbh(p)));
  }
  static MLXC_INLINE F product(const Brain* scalar, U v, F acc) {
    int pair;
    __builtin_memcpy(&pair, scalar, sizeof(pair));
    return _mm512_dpbf16_ps(acc, (__m512bh)_mm512_set1_epi32(pair), (__m512bh)bits_as<__m512i>(v));
  }
#else
  using Query = float;
  static MLXC_INLINE void store_probabilities(float* row, int at, F p) { store(row + at, p); }
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

// scores[r][slot .. slot + C W) = q[r] . k[slot]. With Ahead, asks for the same stretch of v meanwhile: one group of queries alone waits
// for memory, not for arithmetic.
template <class Page, int R, int C, bool Ahead>
MLXC_INLINE void score_tile(const typename Page::Query* q, int64_t head_dim, const typename Page::Element* k, float* scores,
                            const typename Page::Element* v) {
  F acc[R][C];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int c = 0; c < C; ++c) acc[r][c] = zero();
  }
  const int64_t steps = head_dim / Page::kPerStep;
  for (int64_t i = 0; i < steps; ++i) {
    if constexpr (Ahead) {
      for (int c = 0; c < C; ++c) __builtin_prefetch(v + i * kSlots + c * W, 0, 3);
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) acc[r][c] = Page::multiply_add(q + r * head_dim + i * Page::kPerStep, k + i * kSlots + c * W, acc[r][c]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int c = 0; c < C; ++c) store(scores + r * kSlots + c * W, acc[r][c]);
  }
}

// accumulator[r][0 .. C W) = accumulator * rescale[r] + sum over slots of p[r][slot] v[slot]. With Ahead, asks for the next block's k
// meanwhile.
template <class Page, int R, int C, bool Ahead>
MLXC_INLINE void value_tile(const float* p, const typename Page::Element* v, int64_t head_dim, int64_t steps, const float* rescale,
                            float* accumulator, int64_t partial, const typename Page::Element* next) {
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
    if constexpr (Ahead) {
      for (int c = 0; c < C; ++c) __builtin_prefetch(next + i * head_dim + c * W, 0, 3);
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const Query* scalar = reinterpret_cast<const Query*>(p + r * kSlots) + i * Page::kPerStep;
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) {
        const auto* vector = v + i * head_dim + c * W;
        if constexpr (C == 1) {
          acc[r][c] =
              partial == W ? Page::multiply_add(scalar, vector, acc[r][c]) : Page::multiply_add_partial(scalar, vector, partial, acc[r][c]);
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

// Turns a row of scores into probabilities against the new running maximum; returns the factor for what was summed before. Scores are kept
// in units of log 2, so that an exponential is a power of two.
template <class Page>
MLXC_INLINE float soften(const AttentionBlock& b, int64_t row) {
  constexpr float kLog2E = 1.44269504f;
  constexpr int kCount = kSlots / W;
  float* scores = b.scores + row * kSlots;
  F s[kCount];
  if (b.softcap > 0) {
    const float inner = b.scale / b.softcap, outer = b.softcap * kLog2E;
#pragma GCC unroll 16
    for (int c = 0; c < kCount; ++c) s[c] = outer * tanh(load(scores + c * W) * inner);
  } else {
    const float factor = b.scale * kLog2E;
#pragma GCC unroll 16
    for (int c = 0; c < kCount; ++c) s[c] = load(scores + c * W) * factor;
  }
  if (b.first[row] > 0 || b.last[row] < kSlots) {
    const I first = I{} + b.first[row], last = I{} + b.last[row];
    I slot;
    for (int i = 0; i < W; ++i) slot[i] = i;
#pragma GCC unroll 16
    for (int c = 0; c < kCount; ++c) s[c] = ((slot + c * W) >= first) & ((slot + c * W) < last) ? s[c] : splat(-kInfinity);
  }
  F best = s[0];
#pragma GCC unroll 16
  for (int c = 1; c < kCount; ++c) best = larger(s[c], best);
  float maximum = b.maximum[row], block_maximum = max_lane(best);
  if (block_maximum > maximum) maximum = block_maximum;
  float rescale = 1;
  if (maximum == -kInfinity) {  // nothing visible up to here
#pragma GCC unroll 16
    for (int c = 0; c < kCount; ++c) s[c] = zero();
  } else {
    rescale = power_of_two(splat(b.maximum[row] - maximum))[0];
    F total = zero();
#pragma GCC unroll 16
    for (int c = 0; c < kCount; ++c) {
      s[c] = power_of_two(s[c] - maximum);
      total += s[c];
    }
    b.total[row] = b.total[row] * rescale + sum(total);
    b.maximum[row] = maximum;
  }
#pragma GCC unroll 16
  for (int c = 0; c < kCount; ++c) Page::store_probabilities(scores, c * W, s[c]);
  return rescale;
}

template <class Page, int R, bool Ahead>
MLXC_INLINE void attend_rows(const AttentionBlock& b, int64_t row) {
  using Element = typename Page::Element;
  const auto* q = static_cast<const typename Page::Query*>(b.q) + row * b.head_dim;
  const auto* k = static_cast<const Element*>(b.k);
  const auto* v = static_cast<const Element*>(b.v);
  const auto* next = static_cast<const Element*>(b.next_k);
  float* scores = b.scores + row * kSlots;
  int32_t used = 0;  // what lies at and after it is masked for all rows of the tile, or not even written yet
  for (int r = 0; r < R; ++r) used = b.last[row + r] > used ? b.last[row + r] : used;
  if (used == 0) return;
  int slot = 0;
  for (; slot + kVectors / 2 * W < used; slot += kVectors * W)
    score_tile<Page, R, kVectors, Ahead>(q, b.head_dim, k + slot, scores + slot, v + slot);
  if (slot < used) score_tile<Page, R, kVectors / 2, Ahead>(q, b.head_dim, k + slot, scores + slot, v + slot);
  float rescale[R];
#pragma GCC unroll 1
  for (int r = 0; r < R; ++r) rescale[r] = soften<Page>(b, row + r);

  float* accumulator = b.accumulator + row * b.head_dim;
  const int64_t steps = used / Page::kPerStep;
  int64_t d = 0;
  for (; d + kVectors * W <= b.head_dim; d += kVectors * W) {
    value_tile<Page, R, kVectors, Ahead>(scores, v + d, b.head_dim, steps, rescale, accumulator + d, W, next + d);
  }
  for (; d < b.head_dim; d += W) {
    value_tile<Page, R, 1, false>(scores, v + d, b.head_dim, steps, rescale, accumulator + d, min64(W, b.head_dim - d), nullptr);
  }
  if constexpr (Page::kPerStep == 2) {
    if (used % 2) {  // the last pair's second slot is masked, or holds nothing yet, maybe NaN: leave it out
      for (int r = 0; r < R; ++r) {
        const auto* scalar = reinterpret_cast<const typename Page::Query*>(scores + r * kSlots) + steps * 2;
        over(
            b.head_dim, [&](int64_t i, int64_t count) __attribute__((always_inline)) {
              U pairs = Page::load_pairs_partial(v + steps * b.head_dim + i, count) & 0xffffu;
              store_n(accumulator + r * b.head_dim + i, Page::product(scalar, pairs, load_n(accumulator + r * b.head_dim + i, count)),
                      count);
            });
      }
    }
  }
}

template <class Page, bool Ahead>
MLXC_INLINE void attend_rest(const AttentionBlock& b, int64_t row) {
#if defined(__AVX512F__)
  switch (b.rows - row) {
    case 6: return attend_rows<Page, 6, Ahead>(b, row);
    case 5: return attend_rows<Page, 5, Ahead>(b, row);
    case 4: return attend_rows<Page, 4, Ahead>(b, row);
    case 3: return attend_rows<Page, 3, Ahead>(b, row);
    default: break;
  }
#endif
  if (b.rows - row == 2) return attend_rows<Page, 2, Ahead>(b, row);
  if (b.rows - row == 1) attend_rows<Page, 1, Ahead>(b, row);
}

template <class Page>
void attend(const AttentionBlock& b) {
  if (b.rows <= kQueryRows && b.next_k) return attend_rest<Page, true>(b, 0);
  int64_t row = 0;
  for (; row + kQueryRows < b.rows; row += kQueryRows) attend_rows<Page, kQueryRows, false>(b, row);
  attend_rest<Page, false>(b, row);
}

inline void merge_attention(float* accumulator, float scale, const float* other, float other_scale, int64_t n) {
  over(
      n, [&](int64_t i, int64_t count) __attribute__((always_inline)) {
        F merged = fma(load_n(accumulator + i, count), splat(scale), load_n(other + i, count) * other_scale);
        store_n(accumulator + i, merged, count);
      });
}

}  // namespace
}  // namespace mlxc::cpu::MLXC_ISA
