#define MLXC_ISA isa_portable
#include "backend/cpu/kernels/table-inl.h"

namespace mlxc::cpu {
constinit const Isa kPortable = MLXC_ISA::table(CpuLevel::portable, kElementwisePortable, kIntegersPortable);
}  // namespace mlxc::cpu
