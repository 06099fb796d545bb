// The largest values of rows, against the CPU.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "backend/cpu/cpu_device.h"
#include "backend/vulkan/vulkan_device.h"
#include "graph/function.h"
#include "ops/reduce.h"

namespace mlxc {
namespace {

std::pair<std::vector<float>, std::vector<int32_t>> top(Device& device, const std::vector<float>& values, int64_t rows, int64_t k) {
  const TopValues found = top_k(Array::from_vector(device, values, {rows, int64_t(values.size()) / rows}, DType::f32), k);
  std::pair<std::vector<float>, std::vector<int32_t>> result{std::vector<float>(size_t(rows * k)), std::vector<int32_t>(size_t(rows * k))};
  read(found.values, result.first.data(), result.first.size() * 4);
  read(found.indices, result.second.data(), result.second.size() * 4);
  return result;
}

TEST(VulkanTopK, FindsWhatTheCpuFinds) {
  Device& gpu = vulkan_device(0, cpu_device());
  std::mt19937 random(3);
  for (int64_t width : {1, 2, 63, 1024, 1025, 4096, 4097, 20000, 151936}) {
    for (int64_t rows : {1, 3}) {
      std::vector<float> values(size_t(rows * width));
      for (float& value : values) value = float(int(random() % 2001) - 1000) / 8;  // with many equal ones
      if (width > 100) {
        values[50] = -std::numeric_limits<float>::infinity();
        values[60] = -0.0f;
        values[70] = 0.0f;
      }
      for (int64_t k : {1, 2, 64, 256}) {
        if (k > width) continue;
        const auto expected = top(cpu_device(), values, rows, k), found = top(gpu, values, rows, k);
        ASSERT_EQ(found.second, expected.second) << rows << " x " << width << ", " << k;
        for (size_t i = 0; i < expected.first.size(); ++i) ASSERT_EQ(found.first[i], expected.first[i]);
      }
    }
  }
}

TEST(VulkanTopK, PutsNanFirstAndInfinityNext) {
  Device& gpu = vulkan_device(0, cpu_device());
  std::vector<float> values(5000, 1.0f);
  values[4000] = std::numeric_limits<float>::quiet_NaN();
  values[4500] = std::numeric_limits<float>::infinity();
  for (int64_t k : {1, 3}) {
    const auto found = top(gpu, values, 1, k);
    EXPECT_TRUE(std::isnan(found.first[0]));
    EXPECT_EQ(found.second[0], 4000);
    if (k == 3) {
      EXPECT_EQ(found.second, (std::vector<int32_t>{4000, 4500, 0}));
    }
  }
}

}  // namespace
}  // namespace mlxc
