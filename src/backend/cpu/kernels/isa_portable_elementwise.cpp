#define MLXC_ISA isa_portable
#include "backend/cpu/kernels/elementwise-inl.h"

namespace mlxc::cpu {
constinit const ElementwiseTable kElementwisePortable = MLXC_ISA::elementwise_table();
}  // namespace mlxc::cpu
