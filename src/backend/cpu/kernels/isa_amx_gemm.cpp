// bfloat16 matrix products in tile registers. A step takes 32 values of the sum: of a, tiles of 16 rows as they lie; of b, tiles of 16
// pairs along the sum by 16 columns.
#if defined(__AMX_BF16__)
#include "backend/cpu/kernels/brain-pack-inl.h"

namespace mlxc::cpu {
namespace {

constexpr int64_t kDepth = 384;        // panels of a and b are in L1
constexpr int64_t kPanel = 2 * kSide;  // rows and columns of a block of the result

struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

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
                                         kDepth,
                                         tile,
                                         pack<pack_tile_of_rows<uint16_t>, kPanel, kStep>,
                                         pack<pack_tile_of_pairs<uint16_t>, kPanel, kStep>,
                                         nullptr,
                                         pack<pack_tile_of_rows<float>, kPanel, kStep>,
                                         begin,
                                         end};

}  // namespace mlxc::cpu
#endif
