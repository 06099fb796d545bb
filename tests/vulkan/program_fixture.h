// A software device of its own for tests of pipelines and programs. They skip where there is none.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "backend/cpu/cpu_device.h"
#include "backend/vulkan/instance.h"
#include "backend/vulkan/open.h"
#include "backend/vulkan/recorder.h"
#include "vulkan/environment.h"

namespace mlxc::vulkan {

// Opened once and kept: programs refer to their device.
inline OpenDevice* test_device() {
  static OpenDevice* device = [] {
    std::unique_ptr<OpenDevice> opened;
    try {
      const auto instance = Instance::process();
      for (size_t i = 0; i < instance->devices().size() && !opened; ++i)
        if (instance->devices()[i].reason.empty() && instance->devices()[i].caps.software) opened = open_device(i, cpu_device(), {});
    } catch (const Error&) {  // no Vulkan here
    }
    return opened.release();
  }();
  return device;
}

class ProgramTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!test_device()) GTEST_SKIP() << "no software Vulkan device";
  }

  static Device& device() { return *test_device(); }
  static Context& context() { return test_device()->context(); }

  static StoragePtr upload(const std::vector<float>& values) {
    StoragePtr storage = device().allocator().allocate(values.size() * 4);
    device().write(*storage, 0, values.data(), values.size() * 4);
    return storage;
  }
  static std::vector<float> download(const Storage& storage, size_t count, int64_t offset = 0) {
    std::vector<float> values(count);
    device().read(storage, offset, values.data(), count * 4);
    return values;
  }
};

}  // namespace mlxc::vulkan
