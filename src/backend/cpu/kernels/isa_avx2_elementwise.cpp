#define MLXC_ISA isa_avx2
#if defined(__AVX2__)
#include "backend/cpu/kernels/elementwise-inl.h"

namespace mlxc::cpu {
constinit const ElementwiseTable kElementwiseAvx2 = MLXC_ISA::elementwise_table();
}  // namespace mlxc::cpu
#endif
