// bfloat16 matrix products in tile registers. A step takes 32 values of the sum: of a, tiles of 16 rows as they lie; of b, tiles of 16
// pairs along the sum by 16 columns.
#if defined(__AMX_BF16__)
#include <immintrin.h>

#include <algorithm>

#include "backend/cpu/kernels/gemm.h"
#include "backend/cpu/kernels/transpose-inl.h"

namespace mlxc::cpu {
namespace {

constexpr int64_t kSide = 16;          // of a tile, in rows or columns
constexpr int64_t kStep = 32;          // of the sum
constexpr int64_t kTile = 512;         // elements
constexpr int64_t kPanel = 2 * kSide;  // rows and columns of a block of the result

struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

// One tile of a: up to 16 rows of up to 32 values.
void pack_tile_of_rows(const GemmOperand<uint16_t>& from, int64_t rows, int64_t k, uint16_t* to) {
  const __mmask32 mask = k >= kStep ? 0xffffffffu : (1u << k) - 1;
  for (int64_t r = 0; r < kSide; ++r) {
    __m512i values = _mm512_setzero_si512();
    const uint16_t* at = from.data + r * from.item_stride;
    if (r < rows && from.sum_stride == 1) {
      values = _mm512_maskz_loadu_epi16(mask, at);
    } else if (r < rows) {
      alignas(64) uint16_t gathered[kStep] = {};
      for (int64_t l = 0; l < std::min(k, kStep); ++l) gathered[l] = at[l * from.sum_stride];
      values = _mm512_load_si512(gathered);
    }
    _mm512_store_si512(to + r * kStep, values);
  }
}

// The same, rounded from float32.
void pack_tile_of_float_rows(const GemmOperand<float>& from, int64_t rows, int64_t k, uint16_t* to) {
  const uint32_t mask = k >= kStep ? 0xffffffffu : (1u << k) - 1;
  for (int64_t r = 0; r < kSide; ++r) {
    alignas(64) float gathered[kStep] = {};
    const float* at = from.data + r * from.item_stride;
    __m512 low = _mm512_setzero_ps(), high = low;
    if (r < rows && from.sum_stride == 1) {
      low = _mm512_maskz_loadu_ps(__mmask16(mask), at);
      high = _mm512_maskz_loadu_ps(__mmask16(mask >> kSide), at + kSide);
    } else if (r < rows) {
      for (int64_t l = 0; l < std::min(k, kStep); ++l) gathered[l] = at[l * from.sum_stride];
      low = _mm512_load_ps(gathered);
      high = _mm512_load_ps(gathered + kSide);
    }
    _mm512_store_si512(to + r * kStep, (__m512i)_mm512_cvtne2ps_pbh(high, low));
  }
}

// One tile of b: up to 16 columns of up to 32 values, as pairs along the sum.
void pack_tile_of_columns(const GemmOperand<uint16_t>& from, int64_t columns, int64_t k, uint16_t* to) {
  if (from.sum_stride == 1) {  // pairs lie together: columns as rows, turned
    const __mmask32 steps = k >= kStep ? 0xffffffffu : (1u << k) - 1;
    __m512i pairs[kSide];
    for (int64_t c = 0; c < kSide; ++c)
      pairs[c] = c < columns ? _mm512_maskz_loadu_epi16(steps, from.data + c * from.item_stride) : _mm512_setzero_si512();
    transpose(pairs);
    for (int64_t pair = 0; pair < kSide; ++pair) _mm512_store_si512(to + pair * kStep, pairs[pair]);
    return;
  }
  const __mmask16 mask = columns >= kSide ? 0xffff : __mmask16((1u << columns) - 1);
  for (int64_t l = 0; l < kStep; l += 2, to += kStep) {
    if (from.item_stride == 1) {
      const uint16_t* at = from.data + l * from.sum_stride;
      const __m256i zero = _mm256_setzero_si256(), low = l < k ? _mm256_maskz_loadu_epi16(mask, at) : zero,
                    high = l + 1 < k ? _mm256_maskz_loadu_epi16(mask, at + from.sum_stride) : zero;
      _mm512_store_si512(to, _mm512_or_si512(_mm512_cvtepu16_epi32(low), _mm512_slli_epi32(_mm512_cvtepu16_epi32(high), 16)));
      continue;
    }
    for (int64_t c = 0; c < kSide; ++c)
      for (int64_t i = 0; i < 2; ++i)
        to[2 * c + i] = c < columns && l + i < k ? from.data[c * from.item_stride + (l + i) * from.sum_stride] : uint16_t(0);
  }
}

template <auto PackTile, class T>
void pack(const GemmOperand<T>& from, int64_t count, int64_t k, uint16_t* to) {
  for (int64_t item = 0; item < count; item += kPanel)
    for (int64_t l = 0; l < k; l += kStep)
      for (int64_t half = 0; half < kPanel; half += kSide, to += kTile) {
        const int64_t items = std::clamp<int64_t>(count - item - half, 0, kSide);
        PackTile({from.data + (items ? (item + half) * from.item_stride : 0) + l * from.sum_stride, from.item_stride, from.sum_stride},
                 items, k - l, to);
      }
}

void begin() {
  static constexpr TileConfig config;
  _tile_loadconfig(&config);
}
void end() { _tile_release(); }

void tile(const uint16_t* a, const uint16_t* b, int64_t k, float* c, int64_t c_row, int64_t, int64_t, bool add) {
  const int64_t stride = c_row * int64_t(sizeof(float));
  float* below = c + kSide * c_row;
  if (add) {
    _tile_loadd(4, c, stride);
    _tile_loadd(5, c + kSide, stride);
    _tile_loadd(6, below, stride);
    _tile_loadd(7, below + kSide, stride);
  } else {
    _tile_zero(4);
    _tile_zero(5);
    _tile_zero(6);
    _tile_zero(7);
  }
  for (int64_t l = 0; l < k; l += kStep, a += 2 * kTile, b += 2 * kTile) {
    _tile_loadd(0, a, 64);
    _tile_loadd(2, b, 64);
    _tile_loadd(1, a + kTile, 64);
    _tile_loadd(3, b + kTile, 64);
    _tile_dpbf16ps(4, 0, 2);
    _tile_dpbf16ps(5, 0, 3);
    _tile_dpbf16ps(6, 1, 2);
    _tile_dpbf16ps(7, 1, 3);
  }
  _tile_stored(4, c, stride);
  _tile_stored(5, c + kSide, stride);
  _tile_stored(6, below, stride);
  _tile_stored(7, below + kSide, stride);
}

}  // namespace

constinit const BrainGemmKernel kGemmAmx{kPanel,
                                         kPanel,
                                         kStep,
                                         tile,
                                         pack<pack_tile_of_rows, uint16_t>,
                                         pack<pack_tile_of_columns, uint16_t>,
                                         nullptr,
                                         pack<pack_tile_of_float_rows, float>,
                                         begin,
                                         end};

}  // namespace mlxc::cpu
#endif
