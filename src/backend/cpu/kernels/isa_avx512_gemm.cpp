#define MLXC_ISA isa_avx512
#if defined(__AVX512F__)
#include "backend/cpu/kernels/gemm-inl.h"

namespace mlxc::cpu {
constinit const GemmKernel kGemmAvx512 = MLXC_ISA::kGemm;
}  // namespace mlxc::cpu
#endif
