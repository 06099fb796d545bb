// What the validation layers find fails the test during which they found it (MLXC_VULKAN_VALIDATE=core, sync or gpu).
#include <gtest/gtest.h>

#include "backend/vulkan/instance.h"
#include "base/log.h"

namespace mlxc {
namespace {

class FailOnMessages final : public testing::EmptyTestEventListener {
  void OnTestStart(const testing::TestInfo&) override { before_ = vulkan::validation_messages(); }
  void OnTestEnd(const testing::TestInfo&) override {
    EXPECT_EQ(vulkan::validation_messages(), before_) << "the validation layers complained: run with MLXC_TEST_LOG=1";
  }
  int64_t before_ = 0;
};

const bool listening = [] {
  testing::UnitTest::GetInstance()->listeners().Append(new FailOnMessages);
  if (std::getenv("MLXC_TEST_LOG"))
    set_log_callback([](int32_t, const char* message, void*) { std::fprintf(stderr, "%s\n", message); }, nullptr, LogLevel::info);
  return true;
}();

TEST(VulkanValidation, RunsWhenItIsAskedFor) {
  const char* lane = std::getenv("MLXC_VULKAN_VALIDATE");
  EXPECT_EQ(vulkan::Instance::process()->validates(), lane && *lane);
}

}  // namespace
}  // namespace mlxc
