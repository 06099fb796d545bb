#define MLXC_ISA isa_portable
#include "backend/cpu/kernels/gemm-inl.h"

namespace mlxc::cpu {
constinit const GemmKernel kGemmPortable = MLXC_ISA::kGemm;
}  // namespace mlxc::cpu
