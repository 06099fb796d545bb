#include "backend/vulkan/module_needs.h"

#include <gmock/gmock.h>

#include "backend/vulkan/jit.h"
#include "backend/vulkan/modules.h"
#include "base/error.h"

namespace mlxc::vulkan {
namespace {

using testing::HasSubstr;

constexpr uint32_t kAddresses[] = {5347, 1};  // what every kernel declares

Capabilities device() {
  Capabilities caps;
  caps.float16 = caps.float64 = caps.int8 = caps.int16 = caps.int64 = caps.integer_dot = caps.coopmat_f16 = caps.coopmat_bf16 = true;
  caps.memory_model = true;
  caps.subgroup_operations = 0x1f;
  caps.shared_bytes = 16384;
  caps.workgroup_invocations = 256;
  caps.max_group[0] = caps.max_group[1] = 256;
  caps.max_group[2] = 16;
  return caps;
}

// body: writes; `result` is what keeps them from being dropped.
ModuleNeeds needs(const std::string& globals, const std::string& body, const std::string& result, std::vector<uint32_t> constants = {}) {
  return needs_of(
      compile_glsl("k", cat("#version 460\n#include \"common.glsl\"\n#extension GL_EXT_shader_explicit_arithmetic_types : require\n",
                            globals, "\nlayout(push_constant, scalar) uniform Args { F32 y; uint at; } args;\nvoid main() { ", body,
                            "\nbarrier();\nargs.y.v[args.at] = float(", result, "); }\n")),
      constants);
}

TEST(ModuleNeeds, FeaturesAreThoseThatADeviceIsOpenedWith) {
  for (uint32_t capability : {9, 10, 11, 22, 39, 61, 65, 4448, 5116, 5118, 5345, 6017, 6019, 6022}) {
    const ModuleNeeds one{.capabilities = {1, capability}};
    EXPECT_NE(what_it_lacks(Capabilities(), one), "") << capability;
    EXPECT_EQ(what_it_lacks(device(), one), "") << capability;
  }
  for (uint32_t capability : {1, 4433, 5347}) EXPECT_EQ(what_it_lacks(device(), {.capabilities = {capability}}), "") << "the floor";
  EXPECT_THAT(what_it_lacks(device(), {.capabilities = {67}}), HasSubstr("subgroup"));
  EXPECT_THAT(what_it_lacks(device(), {.capabilities = {4472}}), HasSubstr("4472")) << "ray queries";
}

TEST(ModuleNeeds, SizesOfWorkgroupsAndSharedMemoryFollowTheConstants) {
  const char* const globals =
      "layout(local_size_x_id = 0, local_size_y = 3) in;\nlayout(constant_id = 0) const uint THREADS = 32;\nlayout(constant_id = 1) const "
      "bool WIDE = false;\n"
      "const uint ROWS = WIDE ? THREADS * 4 / 3 : 2 + THREADS % 5;\nshared float sums[ROWS][7];\nshared uvec3 three[THREADS >> 2];\nshared "
      "bool done;\nshared int16_t small[3];";
  const char* const body =
      "uint i = gl_LocalInvocationIndex; sums[i][i] = i; three[i] = uvec3(i); if (i == args.at) done = true; small[i] = int16_t(i);";
  const char* const result = "sums[args.at][2] + three[args.at].z + int(small[args.at]) + (done ? 1 : 0)";
  auto bytes = [](uint64_t threads, uint64_t rows) { return rows * 28 + threads / 4 * 16 + 4 + 6; };
  const ModuleNeeds plain = needs(globals, body, result), wide = needs(globals, body, result, {96, 1});
  EXPECT_EQ(plain.invocations(), 1u * 3) << "a size has its own default";
  EXPECT_EQ(wide.invocations(), 96u * 3);
  // Members are aligned, in whatever order they come.
  EXPECT_GE(plain.shared_bytes, bytes(32, 4));
  EXPECT_LE(plain.shared_bytes, bytes(32, 4) + 24);
  EXPECT_GE(wide.shared_bytes, bytes(96, 128));
  EXPECT_LE(wide.shared_bytes, bytes(96, 128) + 24);
}

TEST(ModuleNeeds, WhatIsBeyondADeviceIsNamed) {
  const std::string fill = "big[gl_LocalInvocationIndex] = 1;", read = "big[args.at]";
  EXPECT_THAT(what_it_lacks(device(), needs("layout(local_size_x = 8) in;\nshared float big[4097];", fill, read)),
              testing::AllOf(HasSubstr("16388"), HasSubstr("16384")));
  EXPECT_EQ(what_it_lacks(device(), needs("layout(local_size_x = 8) in;\nshared float big[4096];", fill, read)), "");
  EXPECT_THAT(what_it_lacks(device(), needs("layout(local_size_x = 16, local_size_y = 32) in;", "", "1")), HasSubstr("512"));
  EXPECT_THAT(what_it_lacks(device(), needs("layout(local_size_z = 17) in;", "", "1")), HasSubstr("of 17 along"));
  EXPECT_THAT(what_it_lacks(device(), needs("layout(set = 0, binding = 3) buffer B { float v; } b;", "", "b.v")), HasSubstr("bindings"));
}

TEST(ModuleNeeds, MatricesAndSizesBeyond64BitsCount) {
  EXPECT_EQ(
      needs("layout(local_size_x = 8) in;\nshared mat4 m[300];", "m[gl_LocalInvocationIndex] = mat4(1);", "m[args.at][0][0]").shared_bytes,
      300u * 64);
  const std::string size = "[65536][65536][65536][65536]";
  EXPECT_THAT(what_it_lacks(device(), needs("layout(local_size_x = 8) in;\nshared float x" + size + ";",
                                            "x[0][0][0][gl_LocalInvocationIndex] = 1;", "x[0][0][0][args.at]")),
              HasSubstr("shared memory"));
}

TEST(ModuleNeeds, OfEveryKernelAreKnown) {
  for (const Module& module : modules()) {
    const ModuleNeeds found = needs_of(module.words, {});
    EXPECT_GE(found.invocations(), 1u) << module.name;
    EXPECT_THAT(found.capabilities, testing::IsSupersetOf(kAddresses)) << module.name;
    EXPECT_FALSE(found.descriptors) << module.name;
    Capabilities caps = device();
    caps.shared_bytes = 48 << 10;
    caps.workgroup_invocations = caps.max_group[0] = 1024;
    EXPECT_EQ(what_it_lacks(caps, found), "") << module.name;
  }
}

}  // namespace
}  // namespace mlxc::vulkan
