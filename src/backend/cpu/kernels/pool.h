// The pool that networks use most, 2 x 2 windows side by side, on whole planes of float32.
#pragma once

#include "backend/cpu/kernels/kernels.h"

namespace mlxc::cpu {

struct HalvingPool {
  // y [rows, n] from x [2 rows, width], width 2 n or more.
  void (*largest)(const float* x, int64_t width, float* y, int64_t rows, int64_t n);
  // dx [2 rows, width] takes g [rows, n] where x is largest and 0 elsewhere; columns from 2 n on are left alone.
  void (*gradient)(const float* x, int64_t width, const float* g, float* dx, int64_t rows, int64_t n);
};
extern const HalvingPool kHalvingPoolPortable;
#if defined(__x86_64__)
extern const HalvingPool kHalvingPoolAvx2, kHalvingPoolAvx512;
#endif

inline const HalvingPool& halving_pool(const Isa& isa) {
#if defined(__x86_64__)
  if (level_of(isa) >= CpuLevel::avx512) return kHalvingPoolAvx512;
  if (level_of(isa) >= CpuLevel::avx2) return kHalvingPoolAvx2;
#endif
  (void)isa;
  return kHalvingPoolPortable;
}

}  // namespace mlxc::cpu
