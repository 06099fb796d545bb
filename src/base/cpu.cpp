#include "base/cpu.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#endif

namespace mlxc {
namespace {

constexpr std::array<std::string_view, 5> kNames{"portable", "avx2", "avx512", "avx512bf16", "amx"};

#if defined(__x86_64__)

constexpr uint32_t kAmd = 0x68747541;  // "Auth", which begins the name of the maker

struct CpuId {
  uint32_t a = 0, b = 0, c = 0, d = 0;
  CpuId(uint32_t leaf, uint32_t subleaf) { __get_cpuid_count(leaf, subleaf, &a, &b, &c, &d); }
};

bool has(uint32_t value, std::initializer_list<int> bits) {
  return std::all_of(bits.begin(), bits.end(), [&](int bit) { return (value >> bit) & 1; });
}

// Which register files the operating system saves on a context switch.
uint32_t enabled_states() {
  uint32_t low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

CpuFeatures detect() {
  CpuFeatures found;
  const CpuId basic(1, 0), extended(7, 0), more(7, 1);
  found.runs_ahead = CpuId(0, 0).b == kAmd;
  if (!has(basic.c, {27})) return found;  // OSXSAVE: xgetbv may be used
  const uint32_t states = enabled_states();
  const bool avx2 = has(basic.c, {12, 28, 29}) && has(extended.b, {5}) && has(states, {1, 2});  // FMA AVX F16C, AVX2
  const bool avx512 = has(extended.b, {16, 17, 30, 31}) && has(states, {5, 6, 7});              // F DQ BW VL
  const bool bf16 = has(more.a, {5});
  const bool amx = has(extended.d, {22, 24}) && has(states, {17, 18});  // AMX-BF16 AMX-TILE
  if (!avx2) return found;
  found.level = CpuLevel::avx2;
  if (!avx512) return found;
  found.level = !bf16 ? CpuLevel::avx512 : !amx ? CpuLevel::avx512bf16 : CpuLevel::amx;
  found.avx512_vnni = has(extended.c, {11});
  return found;
}

bool request_tiles() {
  constexpr long kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

#else

CpuFeatures detect() { return {}; }
bool request_tiles() { return false; }

#endif

}  // namespace

std::string_view name_of(CpuLevel level) { return kNames[size_t(level)]; }

CpuFeatures limited(CpuFeatures found, const char* limit) {
  const auto name = limit ? std::find(kNames.begin(), kNames.end(), limit) : kNames.end();
  if (name != kNames.end()) found.level = std::min(found.level, CpuLevel(name - kNames.begin()));
  if (found.level < CpuLevel::avx512) found.avx512_vnni = false;
  return found;
}

const CpuFeatures& cpu_features() {
  static const CpuFeatures features = limited(detect(), std::getenv("MLXC_CPU"));
  return features;
}

int64_t first_cache_bytes() {
  static const int64_t bytes = [] {
    const long known = sysconf(_SC_LEVEL1_DCACHE_SIZE);
    return known > 0 ? int64_t(known) : int64_t{32} << 10;
  }();
  return bytes;
}

bool amx_permitted() {
  static const bool granted = cpu_has(CpuLevel::amx) && request_tiles();
  return granted;
}

}  // namespace mlxc
