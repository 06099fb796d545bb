// Packing of bfloat16 operands: tiles of 16 items and 32 steps of the sum, as dot products of pairs want them.
#pragma once

#include <immintrin.h>

#include <algorithm>

#include "backend/cpu/kernels/gemm.h"
#include "backend/cpu/kernels/transpose-inl.h"

namespace mlxc::cpu {
namespace {

constexpr int64_t kSide = 16;   // items of a tile: rows of a or columns of b
constexpr int64_t kStep = 32;   // of the sum
constexpr int64_t kTile = 512;  // elements

// 32 steps, or 16 items, side by side; of float32 rounded.
inline __m512i load_steps(const uint16_t* at, __mmask32 mask) { return _mm512_maskz_loadu_epi16(mask, at); }
inline __m512i load_steps(const float* at, __mmask32 mask) {
  const __m512 low = _mm512_maskz_loadu_ps(__mmask16(mask), at), high = _mm512_maskz_loadu_ps(__mmask16(mask >> 16), at + 16);
  return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}
inline __m256i load_items(const uint16_t* at, __mmask16 mask) { return _mm256_maskz_loadu_epi16(mask, at); }
inline __m256i load_items(const float* at, __mmask16 mask) { return (__m256i)_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(mask, at)); }

// The first 32 of k steps of one item.
template <class T>
__m512i steps_of(const T* at, int64_t sum_stride, int64_t k) {
  const __mmask32 mask = k >= kStep ? 0xffffffffu : (1u << k) - 1;
  if (sum_stride == 1) return load_steps(at, mask);
  T gathered[kStep] = {};
  for (int64_t l = 0; l < std::min(k, kStep); ++l) gathered[l] = at[l * sum_stride];
  return load_steps(gathered, mask);
}

// One tile: up to 16 items of up to 32 values, an item a row.
template <class T>
void pack_tile_of_rows(const GemmOperand<T>& from, int64_t items, int64_t k, uint16_t* to, int64_t to_row) {
  for (int64_t i = 0; i < kSide; ++i) {
    const T* at = from.data + i * from.item_stride;
    _mm512_store_si512(to + i * to_row, i < items ? steps_of(at, from.sum_stride, k) : _mm512_setzero_si512());
  }
}

// The same as pairs along the sum, items side by side.
template <class T>
void pack_tile_of_pairs(const GemmOperand<T>& from, int64_t items, int64_t k, uint16_t* to, int64_t to_row) {
  if (from.item_stride != 1 || from.sum_stride == 1) {  // items as rows, turned
    __m512i pairs[kSide];
    for (int64_t i = 0; i < kSide; ++i)
      pairs[i] = i < items ? steps_of(from.data + i * from.item_stride, from.sum_stride, k) : _mm512_setzero_si512();
    transpose(pairs);
    for (int64_t pair = 0; pair < kSide; ++pair) _mm512_store_si512(to + pair * to_row, pairs[pair]);
    return;
  }
  const __mmask16 mask = items >= kSide ? 0xffff : __mmask16((1u << items) - 1);
  for (int64_t l = 0; l < kStep; l += 2, to += to_row) {
    const T* at = from.data + l * from.sum_stride;
    const __m256i zero = _mm256_setzero_si256(), low = l < k ? load_items(at, mask) : zero,
                  high = l + 1 < k ? load_items(at + from.sum_stride, mask) : zero;
    _mm512_store_si512(to, _mm512_or_si512(_mm512_cvtepu16_epi32(low), _mm512_slli_epi32(_mm512_cvtepu16_epi32(high), 16)));
  }
}

// Panels of `panel` items. The tiles of a step lie one after the other (rows kStep apart) or side by side (2 * panel apart).
template <auto PackTile, int64_t panel, int64_t row, class T>
void pack(const GemmOperand<T>& from, int64_t count, int64_t k, uint16_t* to) {
  constexpr int64_t kItem = row == kStep ? kStep : 2;
  for (int64_t item = 0; item < count; item += panel)
    for (int64_t l = 0; l < k; l += kStep, to += panel * kStep)
      for (int64_t tile = 0; tile < panel; tile += kSide) {
        const int64_t items = std::clamp<int64_t>(count - item - tile, 0, kSide);
        PackTile({from.data + (items ? (item + tile) * from.item_stride : 0) + l * from.sum_stride, from.item_stride, from.sum_stride},
                 items, k - l, to + tile * kItem, row);
      }
}

}  // namespace
}  // namespace mlxc::cpu
