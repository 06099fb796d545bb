// Launches of the transformer's operations with data, and their answers in float64.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>

#include "ops/transformer.h"
#include "vulkan/linear_device.h"

namespace mlxc::vulkan {

inline float rounded(float value, DType dtype) {
  if (dtype == DType::f16) return float(float16(value));
  if (dtype == DType::bf16) return float(bfloat16(value));
  return value;
}

inline std::vector<std::byte> encode(const std::vector<float>& values, DType dtype) {
  std::vector<std::byte> bytes(values.size() * size_t(size_of(dtype)));
  for (size_t i = 0; i < values.size(); ++i) {
    if (dtype == DType::f32) {
      std::memcpy(&bytes[4 * i], &values[i], 4);
    } else {
      const uint16_t bits = dtype == DType::f16 ? float16(values[i]).bits : bfloat16(values[i]).bits;
      std::memcpy(&bytes[2 * i], &bits, 2);
    }
  }
  return bytes;
}

inline std::vector<float> decode(const std::vector<std::byte>& bytes, DType dtype) {
  std::vector<float> values(bytes.size() / size_t(size_of(dtype)));
  for (size_t i = 0; i < values.size(); ++i) {
    if (dtype == DType::f32) {
      std::memcpy(&values[i], &bytes[4 * i], 4);
      continue;
    }
    float16 half;
    std::memcpy(&half.bits, &bytes[2 * i], 2);
    values[i] = dtype == DType::f16 ? float(half) : std::bit_cast<float>(uint32_t(half.bits) << 16);
  }
  return values;
}

inline std::vector<std::byte> encode(const std::vector<int32_t>& values) {
  std::vector<std::byte> bytes(values.size() * 4);
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

// The device as it is, and without what kernels choose by: the parameter names what is disabled.
class OnTestDevice : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    std::unique_ptr<TestDevice>& device = devices()[GetParam()];
    if (!device) device = TestDevice::open(GetParam());
    device_ = device.get();
    if (!device_) GTEST_SKIP() << "no Vulkan device";
  }
  static void TearDownTestSuite() { devices().clear(); }  // before the driver's own clean-up at exit
  static std::map<std::string, std::unique_ptr<TestDevice>>& devices() {
    static std::map<std::string, std::unique_ptr<TestDevice>> all;
    return all;
  }
  TestDevice* device_ = nullptr;
};

// One launch: operands are added in order, inputs first.
class LaunchOnce {
 public:
  explicit LaunchOnce(PrimitivePtr primitive) { plan.primitive = std::move(primitive); }

  void in(const std::vector<float>& values, Shape shape, DType dtype = DType::f32, Strides strides = {}) {
    add(encode(values, dtype), shape, dtype, strides);
  }
  void in(const std::vector<int32_t>& values, Shape shape) { add(encode(values), shape, DType::i32, {}); }
  void out(Shape shape, DType dtype = DType::f32) {
    plan.outputs.push_back({{shape, dtype}, contiguous_strides(shape)});
    plan.places.push_back({int(plan.places.size()), 0});
    data.emplace_back(size_t(element_count(shape) * size_of(dtype)));
  }
  void run(TestDevice& device) {
    for (const std::string& text : device.run(plan, data)) ADD_FAILURE() << text;
  }
  std::vector<float> result(size_t i) const { return decode(data[plan.inputs.size() + i], plan.outputs[i].type.dtype); }

  LaunchPlan plan;
  std::vector<std::vector<std::byte>> data;

 private:
  void add(std::vector<std::byte> bytes, const Shape& shape, DType dtype, const Strides& strides) {
    plan.inputs.push_back({{shape, dtype}, strides.rank() ? strides : contiguous_strides(shape)});
    plan.places.push_back({int(plan.places.size()), 0});
    data.push_back(std::move(bytes));
  }
};

// `refused`: the driver refuses the launch's pipeline, and the CPU stands in for the device. No other test may have made such a pipeline.
inline void run_or_refuse(LaunchOnce& launch, TestDevice& device, bool refused) {
  if (!refused) return launch.run(device);
  const int64_t before = program_counters().host_launches;
  inject_fault("vkCreateComputePipelines", 0, Fault::out_of_device_memory);
  launch.run(device);
  EXPECT_TRUE(clear_fault());
  EXPECT_EQ(program_counters().host_launches - before, 1);
}

inline std::vector<float> random_floats(std::mt19937& random, int64_t count, float low = -1, float high = 1, DType dtype = DType::f32) {
  std::uniform_real_distribution<float> uniform(low, high);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = rounded(uniform(random), dtype);
  return values;
}

// |found - expected| <= absolute + relative |expected|, everywhere.
inline void expect_near(const std::vector<float>& found, const std::vector<double>& expected, double absolute, double relative) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    if (std::isnan(expected[i])) {
      if (!std::isnan(found[i])) FAIL() << "element " << i << " is " << found[i] << ", expected NaN";
      continue;
    }
    if (!(std::abs(found[i] - expected[i]) <= absolute + relative * std::abs(expected[i])))
      FAIL() << "element " << i << " is " << found[i] << ", expected " << expected[i];
  }
}

inline double unit_of(DType dtype) { return dtype == DType::f16 ? 1.0 / 2048 : dtype == DType::bf16 ? 1.0 / 256 : 0; }

}  // namespace mlxc::vulkan
