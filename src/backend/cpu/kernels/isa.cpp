#include "backend/cpu/kernels/isa.h"

namespace mlxc::cpu {

const Isa* isa_for(CpuLevel level) {
  if (!cpu_has(level)) return nullptr;
  switch (level) {
    case CpuLevel::portable: return &kPortable;
#if defined(__x86_64__)
    case CpuLevel::avx2: return &kAvx2;
    case CpuLevel::avx512: return &kAvx512;
    case CpuLevel::avx512bf16: {
      static const Isa isa = avx512bf16();
      return &isa;
    }
    case CpuLevel::amx: {
      if (!amx_permitted()) return nullptr;
      static const Isa isa = amx();
      return &isa;
    }
#endif
    default: return nullptr;
  }
}

const Isa& best_isa() {
  static const Isa& best = []() -> const Isa& {
    for (int level = int(cpu_features().level); level > 0; --level) {
      if (const Isa* isa = isa_for(CpuLevel(level))) return *isa;
    }
    return kPortable;
  }();
  return best;
}

CpuLevel level_of(const Isa& isa) { return isa.level; }

}  // namespace mlxc::cpu
