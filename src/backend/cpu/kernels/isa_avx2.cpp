#define MLXC_ISA isa_avx2
#if defined(__AVX2__)
#include "backend/cpu/kernels/table-inl.h"

namespace mlxc::cpu {
constinit const Isa kAvx2 = MLXC_ISA::table(CpuLevel::avx2, kElementwiseAvx2, kIntegersAvx2);
}  // namespace mlxc::cpu
#endif
