#include <gmock/gmock.h>
#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <thread>

#include "backend/cpu/cpu_device.h"
#include "backend/vulkan/instance.h"
#include "backend/vulkan/memory.h"
#include "backend/vulkan/open.h"
#include "backend/vulkan/transfer.h"
#include "backend/vulkan/vulkan_device.h"
#include "graph/function.h"
#include "graph/graph.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "vulkan/open_test_device.h"

namespace mlxc {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using vulkan::test::open_test_device;

std::vector<float> floats(const Array& array) {
  std::vector<float> values(size_t(array.size()));
  read(array, values.data(), values.size() * sizeof(float));
  return values;
}

std::vector<float> three_doubled(Device& device) {
  const Array a = Array::from_vector<float>(device, {1, 2, 3}, {3}, DType::f32);
  return floats(a + a);
}

TEST(VulkanDevices, ListSaysWhatEachIsAndWhetherItIsSoftware) {
  const VulkanDevices& list = list_vulkan_devices();
  ASSERT_FALSE(list.devices.empty()) << list.reason;
  for (size_t i = 0; i < list.devices.size(); ++i) {
    const VulkanDeviceInfo& info = list.devices[i];
    EXPECT_EQ(info.name, cat("vulkan:", i));
    EXPECT_FALSE(info.description.empty());
    if (!info.reason.empty()) continue;
    EXPECT_THAT(info.description, HasSubstr("Vulkan 1."));
    EXPECT_GT(info.memory_bytes, 0);
    EXPECT_EQ(info.automatic, !info.software || (std::getenv("MLXC_VULKAN_SOFTWARE") && *std::getenv("MLXC_VULKAN_SOFTWARE") == '1'));
  }
}

TEST(VulkanDevices, OpenOnceAndNameWhatIsThereWhenAskedForMore) {
  Device& device = vulkan_device(0, cpu_device());
  EXPECT_EQ(&vulkan_device(0, cpu_device()), &device);
  EXPECT_EQ(device.name(), "vulkan:0");
  EXPECT_GT(device.memory_bytes(), 0);
  try {
    vulkan_device(999, cpu_device());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::not_found);
    EXPECT_THAT(error.what(), HasSubstr("vulkan:999"));
  }
}

TEST(VulkanDevices, ComputeSideBySideInOneProcess) {
  Device& first = open_test_device({});
  Device& second = open_test_device({.disable = "all"});
  std::thread other([&] {
    for (int i = 0; i < 5; ++i) EXPECT_THAT(three_doubled(second), ElementsAre(2, 4, 6));
  });
  for (int i = 0; i < 5; ++i) EXPECT_THAT(three_doubled(first), ElementsAre(2, 4, 6));
  other.join();
  EXPECT_NE(first.id(), second.id());
}

// A process without a loader is what a server without a GPU looks like.
TEST(VulkanDevicesDeathTest, NoLoaderIsAnEmptyListWithAReason) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        setenv("MLXC_VULKAN_LOADER", "/nonexistent/libvulkan.so.1", 1);
        const VulkanDevices& list = list_vulkan_devices();
        bool fails = false;
        try {
          vulkan_device(0, cpu_device());
        } catch (const Error& error) {
          fails = error.status() == Status::unsupported;
        }
        std::exit(list.devices.empty() && list.reason.find("loader") != std::string::npos && fails ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST(VulkanDevicesDeathTest, NoDriverIsAnEmptyListWithAReason) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        setenv("VK_ICD_FILENAMES", "/nonexistent.json", 1);
        setenv("VK_DRIVER_FILES", "/nonexistent.json", 1);
        const VulkanDevices& list = list_vulkan_devices();
        std::exit(list.devices.empty() && !list.reason.empty() ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST(VulkanOptions, SwitchFeaturesOffOneByOneAndAllAtOnce) {
  const vulkan::Capabilities all = open_test_device({}).context()->caps;
  EXPECT_TRUE(all.float16 && all.int8 && all.int64) << "every driver that this is tested on has these";
  const vulkan::Capabilities less = open_test_device({.disable = "float16,int64"}).context()->caps;
  EXPECT_FALSE(less.float16 || less.int64 || less.coopmat_f16 || less.coopmat_bf16 || less.fragment_layout);
  EXPECT_EQ(less.int8, all.int8);
  const vulkan::Capabilities none = open_test_device({.disable = "all"}).context()->caps;
  EXPECT_FALSE(none.subgroup_control || none.float16 || none.float64 || none.int8 || none.int16 || none.int64 || none.integer_dot ||
               none.coopmat_f16 || none.coopmat_bf16 || none.memory_budget || none.external_host || none.device_fault ||
               none.fragment_layout || none.unified);
}

TEST(VulkanOptions, UnknownNamesAndSubgroupSizesAreErrorsThatNameTheKnown) {
  try {
    open_test_device({.disable = "float17"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::invalid_argument);
    EXPECT_THAT(error.what(), testing::AllOf(HasSubstr("float17"), HasSubstr("float16")));
  }
  EXPECT_THROW(open_test_device({.disable = "", .subgroup = 7}), Error);
  EXPECT_THROW(open_test_device({.disable = "", .subgroup = 4096}), Error);
}

TEST(VulkanOptions, LessSharedMemoryIsWhatKernelsSee) {
  EXPECT_EQ(open_test_device({.disable = "", .subgroup = 0, .shared_bytes = 16384}).context()->caps.shared_bytes, 16384u);
  const uint32_t most = open_test_device({}).context()->caps.shared_bytes;
  EXPECT_EQ(open_test_device({.disable = "", .subgroup = 0, .shared_bytes = 1u << 30}).context()->caps.shared_bytes, most);
}

// All ways to memory: seen by the host, through staging buffers, and from and to the host's memory as the device imports it.
struct Way {
  const char* name;
  vulkan::DeviceOptions options;
};
class VulkanTransfer : public testing::TestWithParam<Way> {
 protected:
  Device& device_ = open_test_device(GetParam().options);
};
INSTANTIATE_TEST_SUITE_P(Memory, VulkanTransfer,
                         testing::Values(Way{"AsItIs", {}}, Way{"Staged", {.disable = "unified,external_host"}},
                                         Way{"Imported", {.disable = "unified", .import_bytes = 1}}),
                         [](const auto& info) { return info.param.name; });

std::vector<uint8_t> pattern(size_t bytes, uint8_t seed) {
  std::vector<uint8_t> values(bytes);
  uint32_t state = seed * 2654435761u + 1;
  for (uint8_t& value : values) value = uint8_t((state = state * 1664525 + 1013904223) >> 24);
  return values;
}

TEST_P(VulkanTransfer, WritesAndReadsOddSizesAtOddOffsets) {
  constexpr size_t total = 70000;
  for (MemoryUse use : {MemoryUse::device, MemoryUse::upload, MemoryUse::readback}) {
    const StoragePtr storage = device_.allocator().allocate(total, use);
    EXPECT_TRUE(use == MemoryUse::device || storage->data()) << "the host sees what it writes and reads";
    std::vector<uint8_t> expected = pattern(total, 1);
    device_.write(*storage, 0, expected.data(), total);
    uint8_t seed = 2;
    for (const auto& [offset, bytes] :
         {std::pair<size_t, size_t>{0, 1}, {1, 1}, {3, 5}, {7, 4096}, {4093, 4099}, {69999, 1}, {12345, 40001}, {5, 0}}) {
      const std::vector<uint8_t> part = pattern(bytes, seed++);
      device_.write(*storage, int64_t(offset), part.data(), bytes);
      std::copy(part.begin(), part.end(), expected.begin() + long(offset));
      std::vector<uint8_t> back(bytes);
      device_.read(*storage, int64_t(offset), back.data(), bytes);
      EXPECT_EQ(back, part);
    }
    std::vector<uint8_t> all(total);
    device_.read(*storage, 0, all.data(), total);
    EXPECT_EQ(all, expected);
  }
}

TEST_P(VulkanTransfer, MovesMoreThanTheStagingBuffersHold) {
  const size_t total = (size_t{20} << 20) + 13;
  const StoragePtr from = device_.allocator().allocate(total), to = device_.allocator().allocate(total + 3);
  const std::vector<uint8_t> values = pattern(total, 9);
  device_.write(*from, 0, values.data(), total);
  std::vector<uint8_t> back(total);
  for (int64_t offset : {3, 0}) {  // in pieces that lie alike on both sides, and in others
    device_.clear(*to, 0, total + 3);
    device_.copy(*to, offset, *from, 0, total);
    device_.read(*to, offset, back.data(), total);
    EXPECT_TRUE(back == values);
    device_.copy(*to, offset + 5, *from, 5, total - 11);  // ends that are no whole pieces
    device_.read(*to, offset, back.data(), total);
    EXPECT_TRUE(back == values);
  }
}

TEST_P(VulkanTransfer, ClearsAndCopiesNoByteMoreThanAsked) {
  constexpr size_t total = 64;
  const StoragePtr storage = device_.allocator().allocate(total), other = device_.allocator().allocate(total);
  for (size_t offset = 0; offset < 9; ++offset) {
    for (size_t bytes = 0; bytes < 14; ++bytes) {
      std::vector<uint8_t> expected = pattern(total, uint8_t(offset)), back(total);
      device_.write(*storage, 0, expected.data(), total);
      std::fill_n(expected.begin() + long(offset), bytes, uint8_t(0));
      device_.clear(*storage, int64_t(offset), bytes);
      device_.read(*storage, 0, back.data(), total);
      ASSERT_EQ(back, expected) << offset << " " << bytes;
      std::vector<uint8_t> second = pattern(total, 77);
      device_.write(*other, 0, second.data(), total);
      device_.copy(*other, int64_t(offset), *storage, int64_t(2 * offset + 1), bytes);
      std::copy_n(back.begin() + long(2 * offset + 1), bytes, second.begin() + long(offset));
      device_.read(*other, 0, back.data(), total);
      ASSERT_EQ(back, second) << offset << " " << bytes;
    }
  }
}

TEST_P(VulkanTransfer, ServesManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  for (uint8_t t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      const StoragePtr storage = device_.allocator().allocate(100000);
      for (uint8_t round = 0; round < 10; ++round) {
        const std::vector<uint8_t> values = pattern(99999, uint8_t(t * 16 + round));
        std::vector<uint8_t> back(values.size());
        device_.write(*storage, 1, values.data(), values.size());
        device_.read(*storage, 1, back.data(), back.size());
        EXPECT_TRUE(back == values);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// Transfers on a device of their own, which count what they import.
class VulkanImport : public testing::Test {
 protected:
  std::shared_ptr<vulkan::Context> open(const char* disable) {
    const auto instance = vulkan::Instance::process();
    return std::make_shared<vulkan::Context>(instance, instance->devices().at(0),
                                             vulkan::DeviceOptions{.disable = disable, .import_bytes = kBytes});
  }
  void SetUp() override {
    if (!context_->caps.external_host) GTEST_SKIP() << "the driver imports no memory of the host";
  }
  // What comes back of what was written.
  static std::vector<uint8_t> there_and_back(vulkan::Transfer& transfer, Allocator& allocator, const std::vector<uint8_t>& values) {
    const StoragePtr storage = allocator.allocate(values.size());
    std::vector<uint8_t> back(values.size());
    transfer.write(*storage, 0, values.data(), values.size());
    transfer.read(*storage, 0, back.data(), back.size());
    return back;
  }
  static std::shared_ptr<Allocator> memory_of(const std::shared_ptr<vulkan::Context>& context) {
    return std::make_shared<Allocator>(std::make_unique<vulkan::VulkanMemorySource>(context, vulkan::driver_budget(context)));
  }
  static constexpr uint32_t kBytes = 1 << 20;
  const std::vector<uint8_t> values_ = pattern(kBytes + 4321, 5);
  std::shared_ptr<vulkan::Context> context_ = open("unified");
  std::shared_ptr<Allocator> memory_ = memory_of(context_);
  vulkan::Transfer transfer_{context_, memory_};
};

TEST_F(VulkanImport, LargeTransfersGoWithoutStagingUnlessItIsSwitchedOff) {
  EXPECT_TRUE(there_and_back(transfer_, *memory_, values_) == values_);
  EXPECT_EQ(transfer_.imports().made, 2);
  EXPECT_EQ(transfer_.imports().refused, 0);
  const std::vector<uint8_t> small = pattern(kBytes - 1, 6);
  EXPECT_TRUE(there_and_back(transfer_, *memory_, small) == small);
  EXPECT_EQ(transfer_.imports().made, 2);

  const auto without = open("unified,external_host");
  const auto memory = memory_of(without);
  vulkan::Transfer staged(without, memory);
  EXPECT_TRUE(there_and_back(staged, *memory, values_) == values_);
  EXPECT_EQ(staged.imports().made + staged.imports().refused, 0);
}

TEST_F(VulkanImport, WhatTheDriverRefusesIsStaged) {
  there_and_back(transfer_, *memory_, values_);  // memory of the device's own is made
  int64_t refused = 0;
  for (const char* function : {"vkGetMemoryHostPointerPropertiesEXT", "vkCreateBuffer", "vkAllocateMemory", "vkBindBufferMemory"}) {
    vulkan::inject_fault(function, 0, vulkan::Fault::out_of_host_memory);
    EXPECT_TRUE(there_and_back(transfer_, *memory_, values_) == values_) << function;
    EXPECT_TRUE(vulkan::clear_fault()) << function;
    EXPECT_EQ(transfer_.imports().refused, ++refused) << function;
  }
  // A mapping that cannot be written to, of a file: some drivers take it, some do not.
  std::FILE* file = std::tmpfile();
  ASSERT_TRUE(file && std::fwrite(values_.data(), 1, values_.size(), file) == values_.size() && std::fflush(file) == 0);
  void* mapped = mmap(nullptr, values_.size(), PROT_READ, MAP_SHARED, fileno(file), 0);
  ASSERT_NE(mapped, MAP_FAILED);
  const StoragePtr storage = memory_->allocate(values_.size());
  transfer_.write(*storage, 0, mapped, values_.size());
  munmap(mapped, values_.size());
  std::fclose(file);
  std::vector<uint8_t> back(values_.size());
  transfer_.read(*storage, 0, back.data(), back.size());
  EXPECT_TRUE(back == values_);
}

TEST_P(VulkanTransfer, ArraysOfHostMemoryBecomeCopiesThatOutliveIt) {
  auto owner = std::make_shared<std::vector<float>>(std::vector<float>{1, 2, 3});
  Array array = Array::from_storage(device_, std::make_shared<Storage>(owner->data(), 12, owner), {3}, DType::f32);
  (*owner)[0] = 99;
  EXPECT_THAT(floats(array), ElementsAre(1, 2, 3));
  EXPECT_THAT(floats(array + array), ElementsAre(2, 4, 6));
}

TEST(VulkanQueue, WaitsStopAtADeadlineAndWhenCancelled) {
  vulkan::OpenDevice& device = open_test_device({});
  vulkan::Queue& queue = device.context()->queue;
  const uint64_t never = queue.submit({}) + 1;
  EXPECT_FALSE(queue.wait(never, nullptr, vulkan::Queue::Clock::now() + std::chrono::milliseconds(5)));
  EXPECT_TRUE(queue.wait(never - 1));
  std::atomic<bool> cancel{true};
  EXPECT_FALSE(queue.wait(never, &cancel));
  EXPECT_TRUE(queue.wait(never - 1, &cancel)) << "what is done is done, cancelled or not";
  EXPECT_FALSE(queue.done(never));
  queue.submit({});
  EXPECT_TRUE(queue.wait(never));
}

}  // namespace
}  // namespace mlxc
