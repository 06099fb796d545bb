// The inner kernels of float32 matrix products, by instruction set.
#pragma once

#include "backend/cpu/kernels/kernels.h"

namespace mlxc::cpu {

// Where element (i, l) of an operand lies: l runs along the sum.
template <class T>
struct GemmOperand {
  const T* data;
  int64_t item_stride, sum_stride;
};

// T: float, or uint16_t for bfloat16, whose products are summed in float32.
template <class T>
struct GemmKernelOf {
  int64_t rows, columns;  // of a tile of the result
  int64_t unit;           // packed sums are a multiple of this long
  int64_t depth;          // of the sum that panels are packed of at a time, in units
  // c [m, n] = (add: +=) sum over l < k of a[l, rows] b[l, columns], m <= rows, n <= columns; a and b are packed, k in units.
  // Of bfloat16 c has room for a whole tile, and what lies there beyond row m and column n may change.
  void (*tile)(const T* a, const T* b, int64_t k, float* c, int64_t c_row, int64_t m, int64_t n, bool add);
  // Items [0, count) of a (of b) in panels of `rows` (`columns`) items and k steps, with zeros beyond the last item and step.
  void (*pack_rows)(const GemmOperand<T>& from, int64_t count, int64_t k, T* to);
  void (*pack_columns)(const GemmOperand<T>& from, int64_t count, int64_t k, T* to);
  // Of float32: the same from rows of a as they lie, contiguous along the sum and a_row apart.
  void (*tile_of_rows)(const T* a, int64_t a_row, const T* b, int64_t k, float* c, int64_t c_row, int64_t m, int64_t n, bool add) = nullptr;
  // Of bfloat16: a from float32.
  void (*pack_float_rows)(const GemmOperand<float>& from, int64_t count, int64_t k, T* to) = nullptr;
  // Around the tiles of a thread, where the registers want to be set up.
  void (*begin)() = nullptr;
  void (*end)() = nullptr;
};
using GemmKernel = GemmKernelOf<float>;
using BrainGemmKernel = GemmKernelOf<uint16_t>;
extern const GemmKernel kGemmPortable;
#if defined(__x86_64__)
extern const GemmKernel kGemmAvx2, kGemmAvx512;
extern const BrainGemmKernel kGemmAmx, kGemmAvx512Brain;
#endif

inline const GemmKernel& gemm_kernel(const Isa& isa) {
#if defined(__x86_64__)
  if (level_of(isa) >= CpuLevel::avx512) return kGemmAvx512;
  if (level_of(isa) >= CpuLevel::avx2) return kGemmAvx2;
#endif
  (void)isa;
  return kGemmPortable;
}

// The kernel of bfloat16 products, null where the machine has none that is worth it.
inline const BrainGemmKernel* brain_gemm_kernel(const Isa& isa) {
#if defined(__x86_64__)
  if (level_of(isa) >= CpuLevel::amx) return &kGemmAmx;
  if (level_of(isa) >= CpuLevel::avx512bf16) return &kGemmAvx512Brain;
#endif
  (void)isa;
  return nullptr;
}

// args.dtype is f32, or bf16 where there is a kernel, all extents at least 1 (of bf16 k may be 0). Each element is one chain of
// multiply-adds per `depth` of the sum: its bits depend on nothing else.
void gemm(ThreadPool& pool, const MatmulArgs& args, const Isa& isa);

// Bias, activation and dropout of a part of a result c.
void finish_rows(const MatmulArgs& args, float* c, int64_t row, int64_t m, int64_t column, int64_t n, const Isa& isa);

}  // namespace mlxc::cpu
