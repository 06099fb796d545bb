#include "base/cpu.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "base/file.h"

namespace mlxc {
namespace {

TEST(Cpu, TheLimitOnlyLowersTheLevel) {
  const CpuFeatures amx{CpuLevel::amx, true}, avx2{CpuLevel::avx2, false};
  EXPECT_EQ(limited(amx, nullptr).level, CpuLevel::amx);
  EXPECT_EQ(limited(amx, "portable").level, CpuLevel::portable);
  EXPECT_EQ(limited(amx, "avx512bf16").level, CpuLevel::avx512bf16);
  EXPECT_TRUE(limited(amx, "avx512").avx512_vnni);
  EXPECT_FALSE(limited(amx, "avx2").avx512_vnni);
  EXPECT_EQ(limited(avx2, "amx").level, CpuLevel::avx2);
  EXPECT_EQ(limited(amx, "").level, CpuLevel::amx);
  EXPECT_EQ(limited(amx, "sse9").level, CpuLevel::amx);
}

TEST(Cpu, EachLevelHasItsName) {
  for (int i = 0; i < 5; ++i) {
    const std::string name(name_of(CpuLevel(i)));
    EXPECT_EQ(limited({CpuLevel::amx, true}, name.c_str()).level, CpuLevel(i)) << name;
  }
}

TEST(Cpu, AgreesWithTheKernelsList) {
  const std::string flags = read_file("/proc/cpuinfo", 64 << 20);
  auto listed = [&](const char* flag) { return flags.find(std::string(" ") + flag) != flags.npos; };
  if (cpu_has(CpuLevel::avx2)) {
    EXPECT_TRUE(listed("avx2") && listed("fma") && listed("f16c"));
  }
  if (cpu_has(CpuLevel::avx512)) {
    EXPECT_TRUE(listed("avx512f") && listed("avx512bw") && listed("avx512vl") && listed("avx512dq"));
  }
  if (cpu_has(CpuLevel::avx512bf16)) {
    EXPECT_TRUE(listed("avx512_bf16"));
  }
  if (cpu_has(CpuLevel::amx)) {
    EXPECT_TRUE(listed("amx_bf16"));
  }
  if (!std::getenv("MLXC_CPU") && listed("avx2") && listed("fma") && listed("f16c")) {
    EXPECT_TRUE(cpu_has(CpuLevel::avx2));
  }
  EXPECT_EQ(amx_permitted(), amx_permitted());
  if (!cpu_has(CpuLevel::amx)) {
    EXPECT_FALSE(amx_permitted());
  }
}

}  // namespace
}  // namespace mlxc
