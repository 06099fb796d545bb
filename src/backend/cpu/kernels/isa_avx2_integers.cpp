#define MLXC_ISA isa_avx2
#if defined(__AVX2__)
#include "backend/cpu/kernels/elementwise-inl.h"

namespace mlxc::cpu {
constinit const IntegerTable kIntegersAvx2 = {MLXC_ISA::binary_table<uint8_t>(),  MLXC_ISA::binary_table<int8_t>(),
                                              MLXC_ISA::binary_table<uint16_t>(), MLXC_ISA::binary_table<int16_t>(),
                                              MLXC_ISA::binary_table<uint32_t>(), MLXC_ISA::binary_table<int32_t>(),
                                              MLXC_ISA::binary_table<uint64_t>(), MLXC_ISA::binary_table<int64_t>()};
}  // namespace mlxc::cpu
#endif
