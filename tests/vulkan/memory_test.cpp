#include "backend/vulkan/memory.h"

#include <gmock/gmock.h>

#include <random>

#include "backend/vulkan/instance.h"
#include "backend/vulkan/vulkan_device.h"
#include "graph/function.h"
#include "ops/elementwise.h"
#include "vulkan/open_test_device.h"

namespace mlxc::vulkan {
namespace {

using test::open_test_device;

constexpr int64_t kMiB = 1 << 20;
constexpr size_t kOwnBlock = 200 << 20;  // too large to share a block, so nothing smaller can be tried

// A context without anything else on it, and memory with a budget that the test decides.
class VulkanMemory : public testing::Test {
 protected:
  std::shared_ptr<Context> open(const char* disable = "") {
    const auto instance = Instance::process();
    return std::make_shared<Context>(instance, instance->devices().at(0), DeviceOptions{disable, 0, 0});
  }
  int64_t budget_ = int64_t{1} << 40;
  int64_t usage_ = 0;
  int questions_ = 0;
  std::shared_ptr<Context> context_ = open();
  VulkanMemorySource source_{context_, [this](uint32_t, int64_t ours) {
                               ++questions_;
                               return HeapBudget{budget_, usage_ + ours};
                             }};
};

TEST_F(VulkanMemory, PiecesShareABlockAndAreAlignedForKernels) {
  std::vector<std::pair<Memory, size_t>> taken;
  for (size_t bytes : {1, 255, 256, 257, 100000, 3000000}) {
    taken.emplace_back(source_.allocate(bytes, MemoryUse::device), bytes);
    ASSERT_TRUE(taken.back().first);
    EXPECT_EQ(taken.back().first.address % 256, 0u);
  }
  EXPECT_EQ(source_.blocks(), 1);
  for (size_t i = 0; i < taken.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      EXPECT_TRUE(taken[i].first.address >= taken[j].first.address + taken[j].second ||
                  taken[j].first.address >= taken[i].first.address + taken[i].second);
  for (const auto& [memory, bytes] : taken) source_.release(memory, bytes);
  EXPECT_EQ(source_.taken(), 0);
}

TEST_F(VulkanMemory, FreedPiecesMergeUntilTheBlockIsWholeAgain) {
  constexpr size_t piece = 4 << 20;
  std::vector<Memory> pieces;
  for (int i = 0; i < 15; ++i) pieces.push_back(source_.allocate(piece, MemoryUse::device));
  ASSERT_EQ(source_.blocks(), 1);
  std::shuffle(pieces.begin(), pieces.end(), std::mt19937(3));
  for (const Memory& memory : pieces) source_.release(memory, piece);
  const Memory whole = source_.allocate(60 << 20, MemoryUse::device);
  ASSERT_TRUE(whole);
  EXPECT_EQ(source_.blocks(), 1) << "the freed pieces did not become one";
  source_.release(whole, 60 << 20);
}

TEST_F(VulkanMemory, LargeRequestsHaveBlocksOfTheirOwn) {
  constexpr size_t bytes = 300 << 20;
  const Memory large = source_.allocate(bytes, MemoryUse::device);
  ASSERT_TRUE(large);
  EXPECT_GE(source_.counts().reserved, int64_t(bytes));
  EXPECT_LE(source_.counts().reserved, int64_t(bytes) + 2 * kMiB);
  source_.release(large, bytes);
  source_.release(source_.allocate(bytes + (64 << 20), MemoryUse::device), bytes + (64 << 20));
  EXPECT_EQ(source_.blocks(), 1) << "an idle block that was too small did not make room";
}

TEST_F(VulkanMemory, IdleBlocksStayForALoopUntilTheyAreTrimmed) {
  for (int i = 0; i < 5; ++i) source_.release(source_.allocate(1000, MemoryUse::device), 1000);
  EXPECT_EQ(source_.blocks(), 1);
  EXPECT_EQ(questions_, 1);
  EXPECT_EQ(source_.counts().idle, source_.counts().reserved);
  EXPECT_FALSE(source_.allocate(kOwnBlock, MemoryUse::device, false)) << "a block was made although none may be";
  source_.trim(0);
  EXPECT_EQ(source_.blocks(), 0);
  EXPECT_EQ(source_.counts().reserved, 0);
}

TEST_F(VulkanMemory, StaysWithinTheBudget) {
  budget_ = 40 * kMiB;
  const Memory first = source_.allocate(10 << 20, MemoryUse::device);
  ASSERT_TRUE(first) << "a block smaller than usual fits";
  EXPECT_LE(source_.counts().reserved, 40 * kMiB);
  EXPECT_FALSE(source_.allocate(60 << 20, MemoryUse::device));
  source_.release(first, 10 << 20);
}

TEST_F(VulkanMemory, UsageBeyondTheBudgetMeansNothingIsLeft) {
  budget_ = 100 * kMiB;
  usage_ = 200 * kMiB;
  EXPECT_FALSE(source_.allocate(1000, MemoryUse::device));
}

TEST_F(VulkanMemory, EmptyBlocksGoBeforeARequestFails) {
  const Memory small = source_.allocate(1000, MemoryUse::device);
  source_.release(small, 1000);  // an empty block of 64 MiB stays
  budget_ = 100 * kMiB;
  const Memory large = source_.allocate(80 << 20, MemoryUse::device);
  EXPECT_TRUE(large);
  source_.release(large, 80 << 20);
}

TEST_F(VulkanMemory, OtherMemoryServesWhatTheHostWritesWhenTheFirstIsFull) {
  const Memory upload = source_.allocate(1000, MemoryUse::upload), readback = source_.allocate(1000, MemoryUse::readback);
  ASSERT_TRUE(upload && readback);
  EXPECT_TRUE(upload.host && readback.host);
  source_.release(upload, 1000);
  source_.release(readback, 1000);
}

TEST_F(VulkanMemory, DriverWithoutMemoryIsAnEmptyAnswerAtEveryCall) {
  if (!context_->caps.unified) GTEST_SKIP() << "this device has memory of another kind to give";
  for (const char* function : {"vkCreateBuffer", "vkAllocateMemory", "vkBindBufferMemory", "vkMapMemory"}) {
    for (Fault fault : {Fault::out_of_device_memory, Fault::out_of_host_memory}) {
      inject_fault(function, 0, fault);
      EXPECT_FALSE(source_.allocate(kOwnBlock, MemoryUse::upload)) << function;
      EXPECT_TRUE(clear_fault()) << function;
      EXPECT_EQ(source_.counts().reserved, 0);
    }
  }
  const Memory memory = source_.allocate(kOwnBlock, MemoryUse::upload);
  EXPECT_TRUE(memory) << "and the next request works";
  source_.release(memory, kOwnBlock);
}

TEST_F(VulkanMemory, ARefusedBlockIsTriedSmaller) {
  inject_fault("vkAllocateMemory", 0, Fault::out_of_device_memory);
  const Memory memory = source_.allocate(1000, MemoryUse::device);
  EXPECT_TRUE(clear_fault());
  ASSERT_TRUE(memory);
  EXPECT_LT(source_.counts().reserved, 64 * kMiB);
  source_.release(memory, 1000);
}

TEST_F(VulkanMemory, NoBlockIsLargerThanABufferCanBe) {
  context_->caps.max_buffer = 20 * kMiB;
  const Memory small = source_.allocate(1000, MemoryUse::device), large = source_.allocate(19 << 20, MemoryUse::device);
  EXPECT_TRUE(small && large) << "blocks are made smaller than usual";
  EXPECT_FALSE(source_.allocate(20 << 20, MemoryUse::device)) << "with room to align its start";
  EXPECT_LE(source_.counts().reserved, 2 * 20 * kMiB);
  source_.release(small, 1000);
  source_.release(large, 19 << 20);
}

TEST_F(VulkanMemory, LostDeviceSaysSoAndStillTakesMemoryBack) {
  const Memory memory = source_.allocate(1000, MemoryUse::device);
  context_->health.mark_lost("a test");
  try {
    source_.allocate(1000, MemoryUse::device);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::device_lost);
  }
  source_.release(memory, 1000);
  EXPECT_EQ(source_.taken(), 0);
}

TEST_F(VulkanMemory, MemoryOutOfTheHostsSightHasAnAddressOnly) {
  VulkanMemorySource staged(open("unified"), [](uint32_t, int64_t ours) { return HeapBudget{int64_t{1} << 40, ours}; });
  const Memory device = staged.allocate(1000, MemoryUse::device), upload = staged.allocate(1000, MemoryUse::upload);
  EXPECT_EQ(device.host, nullptr);
  EXPECT_NE(device.address, 0u);
  EXPECT_NE(upload.host, nullptr);
  staged.release(device, 1000);
  staged.release(upload, 1000);
}

// A device that has run out says so, goes on with what there is, and works again once there is more.
TEST(VulkanMemoryOfADevice, OutOfMemoryIsAnErrorThatNamesTheSizeAndPasses) {
  auto budget = std::make_shared<int64_t>(int64_t{1} << 40);
  OpenDevice& device = open_test_device({}, [budget](uint32_t, int64_t ours) { return HeapBudget{*budget, ours}; });
  const std::vector<float> values(1 << 20, 1.5f);
  const Array small = Array::from_vector<float>(device, {1, 2}, {2}, DType::f32);
  *budget = 0;
  try {
    for (int i = 0; i < 1000; ++i) {
      static std::vector<Array> kept;
      kept.push_back(Array::from_vector<float>(device, values, {1 << 20}, DType::f32));
    }
    FAIL() << "a gigabyte fits into nothing";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::out_of_memory);
    EXPECT_THAT(error.what(), testing::HasSubstr("bytes"));
  }
  std::vector<float> back(2);
  read(small, back.data(), 8);
  EXPECT_THAT(back, testing::ElementsAre(1, 2));
  *budget = int64_t{1} << 40;
  read(small + small, back.data(), 8);
  EXPECT_THAT(back, testing::ElementsAre(2, 4));
}

}  // namespace
}  // namespace mlxc::vulkan
