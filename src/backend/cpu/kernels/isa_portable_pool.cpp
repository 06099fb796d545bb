#define MLXC_ISA isa_portable
#include "backend/cpu/kernels/pool-halving-inl.h"

namespace mlxc::cpu {
constinit const HalvingPool kHalvingPoolPortable = {MLXC_ISA::halving_largest, MLXC_ISA::halving_gradient};
}  // namespace mlxc::cpu
