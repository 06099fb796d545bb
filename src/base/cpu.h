// What the processor offers. The environment variable MLXC_CPU=portable|avx2|avx512|avx512bf16|amx lowers it, for tests; it never raises
// it.
#pragma once

#include <cstdint>
#include <string_view>

namespace mlxc {

// Each level includes the ones before it.
enum class CpuLevel {
  portable,    // no assumption
  avx2,        // AVX2, FMA, F16C
  avx512,      // AVX-512 F, BW, VL, DQ
  avx512bf16,  // bfloat16 dot products
  amx,         // bfloat16 tiles; also needs amx_permitted()
};
std::string_view name_of(CpuLevel level);

struct CpuFeatures {
  CpuLevel level = CpuLevel::portable;
  bool avx512_vnni = false;  // 8-bit dot products; only with avx512 or higher
  bool runs_ahead = false;   // fetches what follows in long arrays sooner by itself than when software asks for it
};

// Detected once.
const CpuFeatures& cpu_features();
inline bool cpu_has(CpuLevel level) { return cpu_features().level >= level; }

// Of data, a core's own; 32 KiB where the system does not say.
int64_t first_cache_bytes();

// Asks the operating system once for the tile registers, as a kernel must before it uses them; false: use the level below.
bool amx_permitted();

// The features for a value of MLXC_CPU (null = not set; an unknown word changes nothing).
CpuFeatures limited(CpuFeatures found, const char* limit);

}  // namespace mlxc
