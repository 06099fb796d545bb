#include "backend/vulkan/jit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "backend/vulkan/modules.h"
#include "base/error.h"
#include "vulkan/environment.h"

namespace mlxc::vulkan {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string shader(const std::string& body) {
  return "#version 460\n#include \"common.glsl\"\nlayout(local_size_x = 64) in;\nlayout(push_constant, scalar) uniform Args { F32 y; } "
         "args;\nvoid main() { " +
         body + " }\n";
}

constexpr uint32_t kMagic = 0x07230203;

TEST(CompileGlsl, MakesSpirvAndFindsTheIncludesOfKernels) {
  const std::vector<uint32_t> words = compile_glsl("k", shader("args.y.v[group_index()] = bf16_low(7u);"));
  ASSERT_GT(words.size(), 5u);
  EXPECT_EQ(words[0], kMagic);
}

TEST(CompileGlsl, TellsKernelLineAndMessageOfAnError) {
  try {
    compile_glsl("fused_17", shader("\n  args.y.v[0] = no_such_function();"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::internal);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("fused_17"), HasSubstr(":6:"), HasSubstr("no_such_function")));
  }
}

TEST(CompileGlsl, TellsOfAnIncludeThatIsNotThere) {
  try {
    compile_glsl("k", "#version 460\n#include \"nowhere.glsl\"\nvoid main() {}\n");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("nowhere.glsl"));
  }
}

TEST(Includes, AreThoseOfTheKernelsFolder) {
  const IncludeText* common = find_include("common.glsl");
  ASSERT_TRUE(common);
  EXPECT_THAT(std::string(common->text), AllOf(HasSubstr("group_index()"), HasSubstr("#endif")));
  EXPECT_FALSE(find_include("nowhere.glsl"));
}

TEST(Modules, AreFoundByName) {
  ASSERT_FALSE(modules().empty());
  for (const Module& module : modules()) {
    EXPECT_EQ(find_module(module.name), &module) << module.name;
    EXPECT_EQ(module.words[0], kMagic) << module.name;
  }
  EXPECT_FALSE(find_module("nowhere"));
}

TEST(Jit, CompilesASourceOnce) {
  Jit jit(nullptr);
  const std::string source = shader("args.y.v[0] = 1.0;");
  const Jit::Words first = jit.get("k", source);
  EXPECT_EQ(jit.get("k", source), first);
  EXPECT_NE(*jit.get("k", shader("args.y.v[0] = 2.0;")), *first);
  EXPECT_EQ(jit.compiled(), 2);
}

TEST(Jit, CompilesInSeveralThreadsAtOnce) {
  Jit jit(nullptr);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 4; ++i) jit.get("k", shader("args.y.v[0] = " + std::to_string(i + thread % 2) + ".0;"));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(*jit.get("k", shader("args.y.v[0] = " + std::to_string(i) + ".0;")),
              compile_glsl("k", shader("args.y.v[0] = " + std::to_string(i) + ".0;")));
}

TEST(Jit, RemembersOnDiskAndIgnoresADamagedFile) {
  TemporaryFolder folder;
  ScopedVariable directory("MLXC_CACHE_DIR", folder.path("cache")), enabled("MLXC_VULKAN_CACHE", nullptr);
  const std::string source = shader("args.y.v[0] = 3.0;");
  Jit::Words words;
  {
    Jit jit(DiskCache::open());
    words = jit.get("k", source);
    jit.save();
    EXPECT_EQ(jit.compiled(), 1);
  }
  {
    Jit jit(DiskCache::open());
    EXPECT_EQ(*jit.get("k", source), *words);
    EXPECT_EQ(jit.compiled(), 0);
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder.path("cache"))) {
    std::string file = read_whole(entry.path());
    file[file.size() / 2] ^= 1;
    write_whole(entry.path(), file);
  }
  Jit jit(DiskCache::open());
  EXPECT_EQ(*jit.get("k", source), *words);
  EXPECT_EQ(jit.compiled(), 1);
}

}  // namespace
}  // namespace mlxc::vulkan
