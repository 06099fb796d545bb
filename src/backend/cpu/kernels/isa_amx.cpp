// The tile kernels. w is the left operand, since its rows lie along k as the left operand's must; x, packed once for all columns, is the
// right one. A product therefore comes out transposed and is turned on its way to y.
#define MLXC_ISA isa_amx
#if defined(__AMX_BF16__)
#include <immintrin.h>

#include <algorithm>

#include "backend/cpu/kernels/attention-inl.h"
#include "backend/cpu/kernels/isa.h"
#include "backend/cpu/kernels/scratch.h"
#include "backend/cpu/kernels/transpose-inl.h"

namespace mlxc::cpu {
namespace {

constexpr int64_t kTileRows = 16;     // rows of x in a block, columns of w in a tile
constexpr int64_t kTileDepth = 32;    // values of k a step takes
constexpr int64_t kTileColumns = 32;  // columns of w worked on together
constexpr int64_t kTileBytes = 1024;
constexpr int64_t kStepBytes = 2 * kTileBytes;  // of a panel: two tiles of w

struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

void pack(const float* x, int64_t x_stride, int64_t rows, int64_t k, uint16_t* out) {
  for (int64_t at = 0; at < k; at += kTileDepth, out += kTileDepth * kTileRows) {
    int64_t left = k - at;
    __mmask16 low = left >= 16 ? 0xffff : __mmask16((1u << left) - 1);
    __mmask16 high = left >= 32 ? 0xffff : left <= 16 ? 0 : __mmask16((1u << (left - 16)) - 1);
    __m512i pairs[16];
    for (int64_t r = 0; r < kTileRows; ++r) {
      if (r >= rows) {
        pairs[r] = _mm512_setzero_si512();
        continue;
      }
      const float* from = x + r * x_stride + at;
      __m512bh narrow = _mm512_cvtne2ps_pbh(_mm512_maskz_loadu_ps(high, from + 16), _mm512_maskz_loadu_ps(low, from));
      pairs[r] = (__m512i)narrow;
    }
    transpose(pairs);
    for (int64_t p = 0; p < 16; ++p) _mm512_store_si512(out + p * 32, pairs[p]);
  }
}

// Copies 32 columns of w, tile by tile, zero beyond the last column and the last k: strided rows of a power of two apart share few
// cache sets, and a tile must not read past the end of the file.
void copy_panel(const DotArgs& args, const uint16_t* w, int64_t columns, std::byte* panel) {
  const int64_t whole = args.k / kTileDepth, steps = (args.k + kTileDepth - 1) / kTileDepth;
  constexpr int64_t kBlock = 8;
  for (int64_t first = 0; first < steps; first += kBlock) {
    const int64_t last = std::min(steps, first + kBlock);
    for (int64_t c = 0; c < kTileColumns; ++c) {
      const uint16_t* from = w + c * args.w_stride;
      std::byte* to = panel + c * 64;
      for (int64_t step = first; step < last; ++step) {
        __m512i values;
        if (c >= columns)
          values = _mm512_setzero_si512();
        else if (step < whole)
          values = _mm512_loadu_si512(from + step * kTileDepth);
        else
          values = _mm512_maskz_loadu_epi16((1u << (args.k % kTileDepth)) - 1, from + step * kTileDepth);
        _mm512_store_si512(to + step * kStepBytes, values);
      }
    }
  }
}

// Writes a product tile [16 columns][16 rows] to its place in y.
inline void store(const std::byte* tile, float* y, int64_t y_stride, int64_t rows, int64_t columns) {
  if (columns <= 0) return;
  __m512i values[16];
  for (int64_t i = 0; i < 16; ++i) values[i] = _mm512_load_si512(tile + i * 64);
  transpose(values);
  const __mmask16 mask = columns >= 16 ? 0xffff : __mmask16((1u << columns) - 1);
  for (int64_t r = 0; r < std::min<int64_t>(rows, 16); ++r) _mm512_mask_storeu_ps(y + r * y_stride, mask, (__m512)values[r]);
}

void product(const DotArgs& args) {
  static constexpr TileConfig config;
  _tile_loadconfig(&config);
  const int64_t steps = (args.k + kTileDepth - 1) / kTileDepth;
  std::byte* panel = scratch<std::byte>(ScratchUse::tile, steps * kStepBytes + 4 * kTileBytes);
  std::byte* sums = panel + steps * kStepBytes;
  for (int64_t column = 0; column < args.columns; column += kTileColumns) {
    const uint16_t* w = static_cast<const uint16_t*>(args.w) + column * args.w_stride;
    const int64_t columns = std::min(kTileColumns, args.columns - column);
    copy_panel(args, w, columns, panel);
    const bool fetch_ahead = column + 2 * kTileColumns <= args.columns;
    for (int64_t row = 0; row < args.rows; row += 2 * kTileRows) {
      const uint16_t* x0 = static_cast<const uint16_t*>(args.x) + row / kTileRows * args.x_stride;
      const uint16_t* x1 = x0 + args.x_stride;
      const bool two = row + kTileRows < args.rows;
      const bool ahead = row == 0 && fetch_ahead;
      _tile_zero(4);
      _tile_zero(5);
      _tile_zero(6);
      _tile_zero(7);
      for (int64_t step = 0; step < steps; ++step) {
        const std::byte* w_step = panel + step * kStepBytes;
        if (ahead)
          for (int64_t c = 0; c < kTileColumns; ++c)
            _mm_prefetch(reinterpret_cast<const char*>(w + (kTileColumns + c) * args.w_stride + step * kTileDepth), _MM_HINT_T1);
        _tile_loadd(0, w_step, 64);
        _tile_loadd(2, x0 + step * 512, 64);
        _tile_loadd(1, w_step + kTileBytes, 64);
        _tile_dpbf16ps(4, 0, 2);
        _tile_dpbf16ps(6, 1, 2);
        if (two) {
          _tile_loadd(3, x1 + step * 512, 64);
          _tile_dpbf16ps(5, 0, 3);
          _tile_dpbf16ps(7, 1, 3);
        }
      }
      float* y = args.y + row * args.y_stride + column;
      _tile_stored(4, sums, 64);
      _tile_stored(6, sums + kTileBytes, 64);
      store(sums, y, args.y_stride, args.rows - row, columns);
      store(sums + kTileBytes, y + kTileRows, args.y_stride, args.rows - row, columns - kTileRows);
      if (two) {
        _tile_stored(5, sums + 2 * kTileBytes, 64);
        _tile_stored(7, sums + 3 * kTileBytes, 64);
        y += kTileRows * args.y_stride;
        store(sums + 2 * kTileBytes, y, args.y_stride, args.rows - row - kTileRows, columns);
        store(sums + 3 * kTileBytes, y + kTileRows, args.y_stride, args.rows - row - kTileRows, columns - kTileRows);
      }
    }
  }
  _tile_release();
}

}  // namespace

// ---- attention: a page's pairs of keys, and of values, lie as a right operand must already ----------------------------------------------

namespace MLXC_ISA {
namespace {

// Sixteen query rows against a block whose slots are all written.
void attend_sixteen(const AttentionBlock& b, int64_t row) {
  const int64_t d = b.head_dim;
  const auto* q = static_cast<const uint16_t*>(b.q) + row * d;
  const auto* k = static_cast<const PairedPage::Element*>(b.k);
  const auto* v = static_cast<const PairedPage::Element*>(b.v);
  float* scores = b.scores + row * kSlots;
  float* accumulator = b.accumulator + row * d;
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (int64_t i = 0; i < d; i += kTileDepth) {
    const auto* keys = k + i / 2 * kSlots;
    _tile_loadd(4, q + i, d * 2);
    _tile_loadd(5, keys, kSlots * 4);
    _tile_dpbf16ps(0, 4, 5);
    _tile_loadd(6, keys + 16, kSlots * 4);
    _tile_dpbf16ps(1, 4, 6);
    _tile_loadd(7, keys + 32, kSlots * 4);
    _tile_dpbf16ps(2, 4, 7);
    _tile_loadd(5, keys + 48, kSlots * 4);
    _tile_dpbf16ps(3, 4, 5);
  }
  _tile_stored(0, scores, kSlots * 4);
  _tile_stored(1, scores + 16, kSlots * 4);
  _tile_stored(2, scores + 32, kSlots * 4);
  _tile_stored(3, scores + 48, kSlots * 4);
  for (int64_t r = 0; r < kTileRows; ++r) {
    const float rescale = soften<PairedPage>(b, row + r);
    if (rescale == 1) continue;
    for (int64_t i = 0; i < d; i += W) store(accumulator + r * d + i, load(accumulator + r * d + i) * rescale);
  }
  for (int64_t i = 0; i < d; i += 4 * W) {
    float* sums = accumulator + i;
    _tile_loadd(0, sums, d * 4);
    _tile_loadd(1, sums + W, d * 4);
    _tile_loadd(2, sums + 2 * W, d * 4);
    _tile_loadd(3, sums + 3 * W, d * 4);
    for (int64_t slot = 0; slot < kSlots; slot += kTileDepth) {
      const auto* values = v + slot / 2 * d + i;
      _tile_loadd(4, reinterpret_cast<const uint16_t*>(scores) + slot, kSlots * 4);
      _tile_loadd(5, values, d * 4);
      _tile_dpbf16ps(0, 4, 5);
      _tile_loadd(6, values + W, d * 4);
      _tile_dpbf16ps(1, 4, 6);
      _tile_loadd(7, values + 2 * W, d * 4);
      _tile_dpbf16ps(2, 4, 7);
      _tile_loadd(5, values + 3 * W, d * 4);
      _tile_dpbf16ps(3, 4, 5);
    }
    _tile_stored(0, sums, d * 4);
    _tile_stored(1, sums + W, d * 4);
    _tile_stored(2, sums + 2 * W, d * 4);
    _tile_stored(3, sums + 3 * W, d * 4);
  }
}

void attend_tiles(const AttentionBlock& b) {
  int32_t written = 0;
  for (int64_t r = 0; r < b.rows; ++r) written = b.last[r] > written ? b.last[r] : written;
  // A page's unwritten slots may hold NaN, which even a probability of 0 would spread.
  if (b.rows < kTileRows || written < kSlots || b.head_dim % (4 * W) != 0) return attend<PairedPage>(b);
  static constexpr TileConfig config;
  _tile_loadconfig(&config);
  int64_t row = 0;
  for (; row + kTileRows <= b.rows; row += kTileRows) {
    int32_t seen = 0;
    for (int64_t r = row; r < row + kTileRows; ++r) seen |= b.last[r];
    if (seen > 0) attend_sixteen(b, row);
  }
  _tile_release();
  if (row == b.rows) return;
  AttentionBlock rest = b;
  rest.q = static_cast<const uint16_t*>(b.q) + row * b.head_dim;
  rest.rows -= row;
  rest.first += row;
  rest.last += row;
  rest.scores += row * kSlots;
  rest.maximum += row;
  rest.total += row;
  rest.accumulator += row * b.head_dim;
  attend<PairedPage>(rest);
}

}  // namespace
}  // namespace MLXC_ISA

Isa amx() {
  Isa isa = avx512bf16();
  isa.level = CpuLevel::amx;
  isa.dot_tiles = product;
  isa.pack_tiles = pack;
  isa.attend_bf16 = MLXC_ISA::attend_tiles;
  return isa;
}

}  // namespace mlxc::cpu
#endif
