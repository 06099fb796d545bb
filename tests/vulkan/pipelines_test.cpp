#include "backend/vulkan/pipelines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <thread>

#include "backend/vulkan/module_needs.h"
#include "backend/vulkan/modules.h"
#include "base/system_calls.h"
#include "vulkan/program_fixture.h"

namespace mlxc::vulkan {
namespace {

using testing::HasSubstr;

std::string shader(const std::string& body) {
  return "#version 460\n#include \"common.glsl\"\nlayout(local_size_x = 64) in;\nlayout(constant_id = 0) const uint kA = 0;\n"
         "layout(push_constant, scalar) uniform Args { F32 y; } args;\nvoid main() { " +
         body + " }\n";
}
Kernel kernel(const std::string& body, uint32_t constant = 0) { return {"k", {constant}, 0, shader(body)}; }

class PipelinesTest : public ProgramTest {
 protected:
  static std::unique_ptr<Pipelines> open() { return std::make_unique<Pipelines>(shared_context(), DiskCache::open()); }
  TemporaryFolder folder_;
  ScopedVariable directory_{"MLXC_CACHE_DIR", folder_.path("cache")};
  ScopedVariable enabled_{"MLXC_VULKAN_CACHE", nullptr};
};

TEST_F(PipelinesTest, MakesEachKernelOnce) {
  const auto pipelines = open();
  const std::vector<Kernel> kernels{kernel("args.y.v[0] = 1.0;"), kernel("args.y.v[0] = float(kA);", 1),
                                    kernel("args.y.v[0] = float(kA);", 2), kernel("args.y.v[0] = 1.0;")};
  const auto first = pipelines->get(kernels);
  ASSERT_EQ(first.size(), 4u);
  for (const auto& result : first) ASSERT_TRUE(result.pipeline) << result.reason;
  EXPECT_EQ(first[0].pipeline, first[3].pipeline);
  EXPECT_NE(first[1].pipeline, first[2].pipeline);
  EXPECT_EQ(pipelines->made(), 3);
  EXPECT_EQ(pipelines->get(kernels)[2].pipeline, first[2].pipeline);
  EXPECT_EQ(pipelines->made(), 3);
}

TEST_F(PipelinesTest, SeveralThreadsGetTheSameOnes) {
  const auto pipelines = open();
  std::vector<Kernel> kernels;
  for (uint32_t i = 0; i < 6; ++i) kernels.push_back(kernel("args.y.v[kA] = 1.0;", i));
  std::vector<std::vector<Pipelines::Result>> results(4);
  std::vector<std::thread> threads;
  for (auto& result : results) threads.emplace_back([&] { result = pipelines->get(kernels); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(pipelines->made(), 6);
  for (const auto& result : results)
    for (size_t i = 0; i < kernels.size(); ++i) EXPECT_EQ(result[i].pipeline, results[0][i].pipeline);
}

TEST_F(PipelinesTest, WhereNoThreadCanBeStartedKernelsAreMadeOneAfterAnother) {
  const auto pipelines = open();
  const std::vector<Kernel> kernels{kernel("args.y.v[kA] = 1.0;", 7), kernel("args.y.v[kA] = 1.0;", 8)};
  system_calls.pthread_create = [](pthread_t*, const pthread_attr_t*, void* (*)(void*), void*) { return EAGAIN; };
  const auto results = pipelines->get(kernels);
  system_calls = kSystemCalls;
  for (const auto& result : results) EXPECT_TRUE(result.pipeline) << result.reason;
  EXPECT_EQ(pipelines->get(kernels)[1].pipeline, results[1].pipeline);
}

TEST_F(PipelinesTest, AnUnknownModuleAndGlslThatDoesNotCompileAreErrors) {
  const auto pipelines = open();
  const Kernel unknown{"no_such_module", {}, 0, {}}, wrong = kernel("nonsense");
  try {
    pipelines->get({&unknown, 1});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::internal);
    EXPECT_THAT(error.what(), HasSubstr("no_such_module"));
  }
  EXPECT_THROW(pipelines->get({&wrong, 1}), Error);
  EXPECT_THROW(pipelines->get({&wrong, 1}), Error);  // not remembered as made
}

TEST_F(PipelinesTest, WhatTheDriverRefusesIsAResult) {
  const auto pipelines = open();
  const std::vector<Kernel> kernels{kernel("args.y.v[0] = 4.0;")};
  inject_fault("vkCreateComputePipelines", 0, Fault::out_of_device_memory);
  const auto refused = pipelines->get(kernels);
  EXPECT_TRUE(clear_fault());
  EXPECT_FALSE(refused[0].pipeline);
  EXPECT_THAT(refused[0].reason, HasSubstr("vkCreateComputePipelines"));
  EXPECT_TRUE(pipelines->get(kernels)[0].pipeline);  // the next one to ask tries again
}

TEST_F(PipelinesTest, AModuleThatNeedsWhatTheDeviceLacksIsRefusedBeforeTheDriverSeesIt) {
  if (context().caps.coopmat_f16 || context().caps.coopmat_bf16) GTEST_SKIP() << "this device has cooperative matrices";
  const Module* found = nullptr;
  for (const Module& module : modules())
    if (what_it_lacks(context().caps, needs_of(module.words, {})).starts_with("cooperative matrices")) found = &module;
  if (!found) GTEST_SKIP() << "no kernel uses cooperative matrices";
  const Kernel wanted{std::string(found->name), {}, 0, {}};
  const auto results = open()->get({&wanted, 1});
  EXPECT_FALSE(results[0].pipeline);
  EXPECT_THAT(results[0].reason, HasSubstr("cooperative matrices"));
}

TEST_F(PipelinesTest, MoreSharedMemoryThanThereIsIsRefusedBeforeTheDriverSeesIt) {
  Kernel wanted = kernel("args.y.v[0] = big[uint(args.y.v[1])];");
  wanted.source.insert(wanted.source.find("void main"), "shared float big[1 << 20];\n");
  const auto results = open()->get({&wanted, 1});
  EXPECT_FALSE(results[0].pipeline);
  EXPECT_THAT(results[0].reason, HasSubstr("4194304 bytes of shared memory"));
}

TEST_F(PipelinesTest, ASubgroupSizeThatTheDeviceLacksIsRefused) {
  Kernel wanted = kernel("args.y.v[0] = 1.0;");
  wanted.subgroup = 512;
  EXPECT_THAT(open()->get({&wanted, 1})[0].reason, HasSubstr("512"));
}

TEST(CacheHeader, MustBeOfThisDriver) {
  VkPipelineCacheHeaderVersionOne header{};
  header.headerSize = sizeof header;
  header.headerVersion = VK_PIPELINE_CACHE_HEADER_VERSION_ONE;
  header.vendorID = 1;
  header.deviceID = 2;
  header.pipelineCacheUUID[3] = 4;
  uint8_t uuid[VK_UUID_SIZE] = {0, 0, 0, 4};
  auto fits = [&](const VkPipelineCacheHeaderVersionOne& data) { return is_cache_of(std::as_bytes(std::span(&data, 1)), 1, 2, uuid); };
  EXPECT_TRUE(fits(header));
  auto changed = [&](auto change) {
    VkPipelineCacheHeaderVersionOne other = header;
    change(other);
    return fits(other);
  };
  EXPECT_FALSE(changed([](auto& other) { other.vendorID = 2; }));
  EXPECT_FALSE(changed([](auto& other) { other.deviceID = 3; }));
  EXPECT_FALSE(changed([](auto& other) { other.pipelineCacheUUID[15] = 1; }));
  EXPECT_FALSE(changed([](auto& other) { other.headerVersion = VkPipelineCacheHeaderVersion(2); }));
  EXPECT_FALSE(changed([](auto& other) { other.headerSize = 8; }));
  EXPECT_FALSE(changed([](auto& other) { other.headerSize = 1000; }));
  for (size_t length = 0; length < sizeof header; ++length)
    EXPECT_FALSE(is_cache_of(std::as_bytes(std::span(&header, 1)).first(length), 1, 2, uuid)) << length;
}

class PipelineFileTest : public PipelinesTest {
 protected:
  std::string file() const {
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path("cache")))
      if (entry.path().filename().string().starts_with("pipelines")) return entry.path();
    return {};
  }
  void make_file() {
    const Kernel wanted = kernel("args.y.v[0] = 5.0;");
    const auto pipelines = open();
    EXPECT_FALSE(pipelines->found_on_disk());
    ASSERT_TRUE(pipelines->get({&wanted, 1})[0].pipeline);
    pipelines->save();
    ASSERT_FALSE(file().empty());
  }
};

TEST_F(PipelineFileTest, IsFoundByTheNextProcess) {
  make_file();
  EXPECT_TRUE(open()->found_on_disk());
  ScopedVariable off("MLXC_VULKAN_CACHE", "0");
  EXPECT_FALSE(open()->found_on_disk());
}

TEST_F(PipelineFileTest, IsIgnoredAndRewrittenWhenDamaged) {
  make_file();
  const std::string whole = read_whole(file());
  for (size_t length = 0; length < whole.size(); length += std::max<size_t>(64, whole.size() / 40 / 64 * 64)) {
    write_whole(file(), whole.substr(0, length));
    EXPECT_FALSE(open()->found_on_disk()) << length;
  }
  for (size_t at = 0; at < whole.size(); at += 1 + whole.size() / 50) {
    std::string damaged = whole;
    damaged[at] = char(damaged[at] ^ 0x10);
    write_whole(file(), damaged);
    EXPECT_FALSE(open()->found_on_disk()) << at;
  }
  const Kernel wanted = kernel("args.y.v[0] = 5.0;");
  {
    const auto pipelines = open();
    ASSERT_TRUE(pipelines->get({&wanted, 1})[0].pipeline);
  }  // saves what it made
  EXPECT_TRUE(open()->found_on_disk());
}

TEST_F(PipelineFileTest, OfAnotherDriverInsideOurHeaderIsIgnored) {
  make_file();
  // The content of a foreign driver with a right header of ours around it: stored under the same identity.
  const std::string whole = read_whole(file());
  uint64_t identity_bytes;
  std::memcpy(&identity_bytes, whole.data() + 8, 8);
  const std::string identity = whole.substr(32, identity_bytes);
  std::vector<std::byte> foreign(64);
  DiskCache::open()->store("pipelines", identity, foreign);
  EXPECT_FALSE(open()->found_on_disk());
}

}  // namespace
}  // namespace mlxc::vulkan
