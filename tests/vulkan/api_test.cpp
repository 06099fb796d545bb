#include "backend/vulkan/api.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "backend/vulkan/instance.h"
#include "backend/vulkan/vulkan_device.h"
#include "graph/function.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "vulkan/open_test_device.h"

namespace mlxc::vulkan {
namespace {

using test::open_test_device;

std::vector<float> values_of(const Array& array) {
  std::vector<float> values(size_t(array.size()));
  read(array, values.data(), values.size() * sizeof(float));
  return values;
}

// Writes, computes and reads: 2x summed by rows. `length` makes it a program of its own.
std::vector<float> compute(Device& device, int64_t length) {
  std::vector<float> x(size_t(2 * length));
  for (size_t i = 0; i < x.size(); ++i) x[i] = float(i % 7);
  const Array a = Array::from_vector<float>(device, x, {2, length}, DType::f32);
  return values_of(reduce(ReduceOp::sum, a + a, {1}, false));
}

TEST(VulkanApi, ErrorsNameTheCallAndTheReason) {
  OpenDevice& device = open_test_device({});
  const std::shared_ptr<const Context> shared = device.context();
  const Context& context = *shared;
  inject_fault("vkCreateSemaphore", 0, Fault::out_of_device_memory);
  VkSemaphoreCreateInfo info{};
  info.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO;
  VkSemaphore semaphore = VK_NULL_HANDLE;
  try {
    context.api.vkCreateSemaphore(context.device, &info, nullptr, &semaphore);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::out_of_memory);
    EXPECT_EQ(error.native(), -2);
    EXPECT_THAT(error.what(), testing::AllOf(testing::HasSubstr("vkCreateSemaphore"), testing::HasSubstr("OUT_OF_DEVICE_MEMORY")));
  }
  EXPECT_TRUE(clear_fault());
  EXPECT_EQ(context.api.vkCreateSemaphore.attempt(context.device, &info, nullptr, &semaphore), Status::ok);
  context.api.vkDestroySemaphore(context.device, semaphore, nullptr);
}

TEST(VulkanApi, AFunctionThatADriverLacksIsNamed) {
  const Lookup lookup{[](const char*) { return PFN_vkVoidFunction(nullptr); }};
  try {
    lookup.must_find("vkWaitSemaphores");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::unsupported);
    EXPECT_THAT(error.what(), testing::HasSubstr("vkWaitSemaphores"));
  }
}

TEST(VulkanApi, FaultsMeetTheCallTheyAreMeantFor) {
  OpenDevice& device = open_test_device({});
  const std::shared_ptr<const Context> shared = device.context();
  const Context& context = *shared;
  auto submit = [&] { context.api.vkDeviceWaitIdle(context.device); };
  inject_fault("vkDeviceWaitIdle", 2, Fault::out_of_host_memory);
  EXPECT_NO_THROW(submit());
  EXPECT_NO_THROW(submit());
  EXPECT_THROW(submit(), Error);
  EXPECT_NO_THROW(submit()) << "once";
  EXPECT_TRUE(clear_fault());
  inject_fault("vkCreateSemaphore", 0, Fault::out_of_host_memory);
  EXPECT_NO_THROW(submit());
  EXPECT_FALSE(clear_fault()) << "that call was never made";
}

TEST(VulkanLoss, LatchesForTheDeviceItHappenedTo) {
  OpenDevice& lost = open_test_device({});
  OpenDevice& other = open_test_device({});
  const Array before = Array::from_vector<float>(lost, {1, 2, 3}, {3}, DType::f32);
  inject_fault("vkQueueSubmit", 0, Fault::device_lost);
  EXPECT_THROW(compute(lost, 3), Error);
  EXPECT_TRUE(clear_fault());
  EXPECT_TRUE(lost.lost());
  // One call of each kind, each at once and each saying so.
  const StoragePtr& storage = before.storage();
  float values[3] = {};
  const std::function<void()> calls[] = {
      [&] { lost.read(*storage, 0, values, sizeof values); },
      [&] { lost.write(*storage, 0, values, sizeof values); },
      [&] { lost.clear(*storage, 0, 4); },
      [&] { lost.copy(*storage, 0, *storage, 8, 4); },
      [&] { compute(lost, 3); },
      [&] { values_of(before + before); },
      [&] { lost.compile({}); },
  };
  for (size_t i = 0; i < std::size(calls); ++i) {
    try {
      calls[i]();
      ADD_FAILURE() << "call " << i << " did not say that the device is lost";
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), Status::device_lost) << i << ": " << error.what();
      EXPECT_EQ(error.native(), -4) << i;
    }
  }
  EXPECT_FALSE(other.lost());
  EXPECT_EQ(compute(other, 3), compute(cpu_device(), 3));
}

// In a process of its own: other tests share the process's device.
TEST(VulkanLossDeathTest, ANameGivesANewDeviceAfterTheOldOneWasLost) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        Device& old = vulkan_device(0, cpu_device());
        const Array kept = Array::from_vector<float>(old, {1, 2, 3}, {3}, DType::f32);
        inject_fault("vkQueueSubmit", 0, Fault::device_lost);
        bool failed = false;
        try {
          compute(old, 3);
        } catch (const Error& error) {
          failed = error.status() == Status::device_lost;
        }
        clear_fault();
        Device& fresh = vulkan_device(0, cpu_device());
        const bool works = &fresh != &old && compute(fresh, 3) == compute(cpu_device(), 3) && open_vulkan_devices().size() == 2;
        std::exit(failed && works && &vulkan_device(0, cpu_device()) == &fresh ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST(VulkanLoss, WhatTheDriverHoldsGoesWithTheLastThatLiesOnIt) {
  OpenDevice& device = open_test_device({});
  Array kept = Array::from_vector<float>(device, {1, 2, 3}, {3}, DType::f32);
  inject_fault("vkQueueSubmit", 0, Fault::device_lost);
  EXPECT_THROW(compute(device, 3), Error);
  clear_fault();
  const std::weak_ptr<Context> context = device.context();
  device.retire();
  EXPECT_FALSE(context.expired());
  EXPECT_THROW(compute(device, 3), Error);
  EXPECT_THROW(device.context(), Error);
  kept = Array::from_vector<float>(cpu_device(), {1}, {1}, DType::f32);
  OpenDevice& other = open_test_device({});
  EXPECT_EQ(compute(other, 77), compute(cpu_device(), 77));  // a new program: those of lost devices go
  EXPECT_TRUE(context.expired());
}

// Which calls fail one after the other: of a software device every one. Waits for hardware poll, by calls that are many, alike and never as
// many twice: steps grow with what is behind.
struct CallsToFail {
  bool software;
  int64_t known;  // no computation of a software device makes more

  int64_t after(int64_t n, int64_t least) const { return software ? n + 1 : n + std::max(least, n / 8); }
  int64_t most() const { return software ? known : int64_t{1} << 24; }
};

// Some compute, some make and free arrays, while the device is lost under them and given up: each is told so, and nothing hangs.
TEST(VulkanLoss, ReachesEveryThreadAtWork) {
  for (const int64_t calls : {0, 3, 17}) {
    OpenDevice& device = open_test_device({.disable = calls % 2 ? "unified" : ""});
    std::atomic<int> working{0}, told{0};
    std::vector<std::thread> threads;
    for (int64_t t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        const std::vector<float> values(50000, 1.5f);
        std::vector<Array> kept;
        try {
          for (int round = 0;; ++round) {
            if (t % 2) {
              kept.push_back(Array::from_vector<float>(device, values, {50000}, DType::f32));
              if (kept.size() > 5) kept.erase(kept.begin());
            } else {
              compute(device, 3 + t);
            }
            if (round == 2) ++working;
          }
        } catch (const Error& error) {
          EXPECT_EQ(error.status(), Status::device_lost) << error.what();
          ++told;
        }
      });
    }
    while (working < 4) std::this_thread::yield();
    inject_fault("vkQueueSubmit", calls, Fault::device_lost);
    while (!device.lost()) std::this_thread::yield();
    device.retire();
    for (std::thread& thread : threads) thread.join();
    EXPECT_TRUE(clear_fault());
    EXPECT_EQ(told, 4);
  }
  EXPECT_EQ(compute(open_test_device({}), 3), compute(cpu_device(), 3));
}

// The n-th call of a small computation fails, for every n. Whatever the fault: a clear status or, where there was another way, the right
// answer; everything can be freed; the CPU and other devices go on; a new device works.
class VulkanFaults : public testing::TestWithParam<Fault> {};
INSTANTIATE_TEST_SUITE_P(Every, VulkanFaults, testing::Values(Fault::device_lost, Fault::out_of_device_memory, Fault::out_of_host_memory),
                         [](const auto& info) {
                           return info.param == Fault::device_lost            ? "DeviceLost"
                                  : info.param == Fault::out_of_device_memory ? "OutOfDeviceMemory"
                                                                              : "OutOfHostMemory";
                         });

TEST_P(VulkanFaults, AtEveryCallOfAComputationLeaveEverythingUsable) {
  const bool loss = GetParam() == Fault::device_lost;
  for (const uint32_t import_bytes : {0, 1}) {  // a device with memory of its own: through staging buffers, and importing the host's memory
    const DeviceOptions options{.disable = import_bytes ? "unified" : "unified,external_host", .import_bytes = import_bytes};
    bool met = true;
    int errors = 0;
    OpenDevice* device = &open_test_device(options);
    const CallsToFail calls{device->context()->caps.software, 2000};
    for (int64_t n = 0; met; n = calls.after(n, loss ? 8 : 1)) {  // opening a device of hardware takes a third of a second
      ASSERT_LT(n, calls.most());
      const int64_t length = 3 + n % 50;  // mostly a program that is new to the device
      const std::vector<float> expected = compute(cpu_device(), length);
      inject_fault("", n, GetParam());
      try {
        EXPECT_EQ(compute(*device, length), expected) << n;
      } catch (const Error& error) {
        ++errors;
        EXPECT_EQ(error.status(), loss ? Status::device_lost : Status::out_of_memory) << n << ": " << error.what();
      }
      met = clear_fault();
      EXPECT_EQ(device->lost(), loss && met) << n;
      if (device->lost()) {
        device->retire();
        device = &open_test_device(options);
      }
      if (n % 8 == 0) {
        EXPECT_EQ(compute(*device, length), expected) << n;
      }
    }
    EXPECT_GT(errors, 0);
  }
}

// Faults while a device is opened: an error, and the next attempt works.
TEST_P(VulkanFaults, AtEveryCallOfOpeningADeviceLeaveNothingBehind) {
  bool met = true;
  const CallsToFail calls{open_test_device({}).context()->caps.software, 500};
  for (int64_t n = 0; met; n = calls.after(n, 1)) {
    ASSERT_LT(n, calls.most());
    inject_fault("", n, GetParam());
    try {
      const std::unique_ptr<OpenDevice> device = open_device(0, cpu_device(), {});
    } catch (const Error& error) {
      EXPECT_TRUE(error.status() == Status::device_lost || error.status() == Status::out_of_memory) << n << ": " << error.what();
    }
    met = clear_fault();
  }
  EXPECT_EQ(compute(open_test_device({}), 3), compute(cpu_device(), 3));
}

}  // namespace
}  // namespace mlxc::vulkan
