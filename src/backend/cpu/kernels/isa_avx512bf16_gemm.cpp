// bfloat16 matrix products by dot products of pairs: a step adds two products to each of 16 sums. Like tile registers, the instruction
// takes denormals for zero and gives zero for them, and rounds each addition to the nearest, whatever the modes of the processor.
#if defined(__AVX512BF16__)
#include "backend/cpu/kernels/brain-pack-inl.h"

namespace mlxc::cpu {
namespace {

constexpr int64_t kRows = 8, kVectors = 3;  // 8 x 3 accumulators + 3 of b + 1 of a = 28 registers of 32
constexpr int64_t kDepth = 512;             // longer is not faster: a panel of b is in L2, rows of a in L1
constexpr int64_t kColumns = kVectors * kSide;

// Rows [0, 8) of a panel of a times the first V vectors of a panel of b.
template <int V>
void multiply(const uint16_t* a, const uint16_t* b, int64_t k, float* c, int64_t c_row, bool add) {
  __m512 sums[kRows][V];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) sums[r][v] = add ? _mm512_loadu_ps(c + r * c_row + v * kSide) : _mm512_setzero_ps();
  for (int64_t l = 0; l < k; l += 2, a += 2 * kSide, b += 2 * kColumns) {
    __m512bh columns[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) columns[v] = (__m512bh)_mm512_load_si512(b + v * 2 * kSide);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      int32_t both;
      __builtin_memcpy(&both, a + 2 * r, sizeof both);
      const auto row = (__m512bh)_mm512_set1_epi32(both);
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) sums[r][v] = _mm512_dpbf16_ps(sums[r][v], row, columns[v]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) _mm512_storeu_ps(c + r * c_row + v * kSide, sums[r][v]);
}

void tile(const uint16_t* a, const uint16_t* b, int64_t k, float* c, int64_t c_row, int64_t m, int64_t n, bool add) {
  const auto multiply_columns = n > 2 * kSide ? multiply<3> : n > kSide ? multiply<2> : multiply<1>;
  for (int64_t row = 0; row < m; row += kRows) multiply_columns(a + 2 * row, b, k, c + row * c_row, c_row, add);
}

}  // namespace

constinit const BrainGemmKernel kGemmAvx512Brain{kSide,
                                                 kColumns,
                                                 kStep,
                                                 kDepth,
                                                 tile,
                                                 pack<pack_tile_of_pairs<uint16_t>, kSide, 2 * kSide>,
                                                 pack<pack_tile_of_pairs<uint16_t>, kColumns, 2 * kColumns>,
                                                 nullptr,
                                                 pack<pack_tile_of_pairs<float>, kSide, 2 * kSide>};

}  // namespace mlxc::cpu
#endif
