#define MLXC_ISA isa_avx2
#if defined(__AVX2__)
#include "backend/cpu/kernels/pool-halving-inl.h"

namespace mlxc::cpu {
constinit const HalvingPool kHalvingPoolAvx2 = {MLXC_ISA::halving_largest, MLXC_ISA::halving_gradient};
}  // namespace mlxc::cpu
#endif
