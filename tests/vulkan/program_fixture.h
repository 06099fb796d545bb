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

// A fresh device; null where there is none.
inline std::unique_ptr<OpenDevice> open_software_device() {
  try {
    const auto instance = Instance::process();
    for (size_t i = 0; i < instance->devices().size(); ++i)
      if (instance->devices()[i].reason.empty() && instance->devices()[i].caps.software) return open_device(i, cpu_device(), {});
  } catch (const Error&) {  // no Vulkan here
  }
  return nullptr;
}

// Opened once and kept: programs refer to their device.
inline OpenDevice* test_device() {
  static OpenDevice* device = open_software_device().release();
  return device;
}

class ProgramTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!test_device()) GTEST_SKIP() << "no software Vulkan device";
  }

  static Device& device() { return *test_device(); }
  static std::shared_ptr<Context> shared_context() { return test_device()->context(); }
  static Context& context() { return *shared_context(); }

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
