#define MLXC_ISA isa_avx2
#if defined(__AVX2__)
#include "backend/cpu/kernels/gemm-inl.h"

namespace mlxc::cpu {
constinit const GemmKernel kGemmAvx2 = MLXC_ISA::kGemm;
}  // namespace mlxc::cpu
#endif
