// Faults while a model is loaded and continues a prompt: what callers see of them.
#include <gtest/gtest.h>

#include "backend/vulkan/api.h"
#include "llm/engine.h"
#include "vulkan/linear_device.h"
#include "vulkan/open_test_device.h"

namespace mlxc::vulkan {
namespace {

using test::open_test_device;

// The model's own tokens, or the error.
GenerateResult continue_prompt(Device& device, const char* name) {
  GenerateResult result;
  try {
    LoadOptions load;
    load.precision = Precision::high;
    const std::shared_ptr<Model> model = Model::load(device, cat(MLXC_TEST_DATA, "/models/", name), load);
    const std::shared_ptr<Engine> engine = Engine::create(model, nullptr, {});
    GenerateOptions options;
    options.max_tokens = 3;
    options.ignore_model_stop_tokens = true;
    const std::shared_ptr<Request> request = engine->submit({5, 17, 9, 30, 4}, options, {}, {});
    request->wait(std::chrono::nanoseconds(-1));
    result = request->result();
  } catch (const Error& error) {
    result.status = error.status();
    result.message = error.what();
  }
  return result;
}

class ModelFaults : public testing::TestWithParam<Fault> {};
INSTANTIATE_TEST_SUITE_P(Every, ModelFaults, testing::Values(Fault::device_lost, Fault::out_of_device_memory),
                         [](const auto& info) { return info.param == Fault::device_lost ? "DeviceLost" : "OutOfDeviceMemory"; });

TEST_P(ModelFaults, AreClearErrorsOrTheSameTokensAndTheNextLoadWorks) {
  const bool loss = GetParam() == Fault::device_lost;
  const std::vector<int32_t> expected = continue_prompt(cpu_device(), "qwen3").tokens;
  ASSERT_EQ(expected.size(), 3u);
  OpenDevice* device = &open_test_device({.disable = "unified"});
  ASSERT_EQ(continue_prompt(*device, "qwen3").tokens, expected);
  bool met = true;
  int errors = 0;
  for (int64_t n = 0; met; n += 1 + n) {
    ASSERT_LT(n, 1 << 24);  // every look at a semaphore that is waited for is a call: on a busy machine there are many
    inject_fault("", n, GetParam());
    const GenerateResult result = continue_prompt(*device, "qwen3");
    met = clear_fault();
    if (result.status == Status::ok) {
      EXPECT_EQ(result.tokens, expected) << n;
    } else {
      ++errors;
      EXPECT_EQ(result.status, loss ? Status::device_lost : Status::out_of_memory) << n << ": " << result.message;
    }
    EXPECT_EQ(device->lost(), loss && met) << n;
    if (device->lost()) {
      device->retire();
      device = &open_test_device({.disable = "unified"});
    }
    EXPECT_EQ(continue_prompt(*device, "qwen3").tokens, expected) << n;
  }
  EXPECT_GT(errors, 0);
}

// One pipeline that the driver refuses: the same tokens with help of the CPU.
TEST(ModelPipelines, OfOnePipelineChangeNoToken) {
  for (const char* name : {"qwen3", "gemma3-text"}) {
    const std::vector<int32_t> expected = continue_prompt(cpu_device(), name).tokens;
    bool met = true;
    for (int64_t n = 0; met; n += 3) {
      OpenDevice& device = open_test_device({});
      inject_fault("vkCreateComputePipelines", n, Fault::out_of_device_memory);
      const GenerateResult result = continue_prompt(device, name);
      met = clear_fault();
      EXPECT_EQ(result.status, Status::ok) << name << " " << n << ": " << result.message;
      EXPECT_EQ(result.tokens, expected) << name << " " << n;
    }
  }
}

}  // namespace
}  // namespace mlxc::vulkan
