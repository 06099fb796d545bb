#define MLXC_ISA isa_avx512
#if defined(__AVX512F__)
#include "backend/cpu/kernels/elementwise-inl.h"

namespace mlxc::cpu {
constinit const ElementwiseTable kElementwiseAvx512 = MLXC_ISA::elementwise_table();
}  // namespace mlxc::cpu
#endif
