#define MLXC_ISA isa_portable
#include "backend/cpu/kernels/elementwise-inl.h"

namespace mlxc::cpu {
constinit const IntegerTable kIntegersPortable = {MLXC_ISA::binary_table<uint8_t>(),  MLXC_ISA::binary_table<int8_t>(),
                                                  MLXC_ISA::binary_table<uint16_t>(), MLXC_ISA::binary_table<int16_t>(),
                                                  MLXC_ISA::binary_table<uint32_t>(), MLXC_ISA::binary_table<int32_t>(),
                                                  MLXC_ISA::binary_table<uint64_t>(), MLXC_ISA::binary_table<int64_t>()};
}  // namespace mlxc::cpu
