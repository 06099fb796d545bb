#define MLXC_ISA isa_avx512
#if defined(__AVX512F__)
#include "backend/cpu/kernels/pool-halving-inl.h"

namespace mlxc::cpu {
constinit const HalvingPool kHalvingPoolAvx512 = {MLXC_ISA::halving_largest, MLXC_ISA::halving_gradient};
}  // namespace mlxc::cpu
#endif
