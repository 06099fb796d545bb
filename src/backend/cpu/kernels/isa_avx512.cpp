#define MLXC_ISA isa_avx512
#if defined(__AVX512F__)
#include "backend/cpu/kernels/table-inl.h"

namespace mlxc::cpu {
constinit const Isa kAvx512 = MLXC_ISA::table(CpuLevel::avx512, kElementwiseAvx512, kIntegersAvx2);
}  // namespace mlxc::cpu
#endif
