#define MLXC_ISA isa_avx512bf16
#if defined(__AVX512BF16__)
#include "backend/cpu/kernels/attention-inl.h"
#include "backend/cpu/kernels/dot-inl.h"

namespace mlxc::cpu {

Isa avx512bf16() {
  Isa isa = kAvx512;
  isa.level = CpuLevel::avx512bf16;
  isa.dot_brain = MLXC_ISA::dot<MLXC_ISA::BrainProduct>;
  isa.attend_bf16 = MLXC_ISA::attend<MLXC_ISA::PairedPage>;
  isa.query_is_brain = true;
  return isa;
}

}  // namespace mlxc::cpu
#endif
