// Convolutions and their gradients on the Vulkan device against the CPU's, which tests/ops hold against PyTorch and finite differences.
#include "ops/convolution.h"

#include <gtest/gtest.h>

#include "backend/vulkan/lower.h"
#include "vulkan/launch_compare.h"

namespace mlxc::vulkan {
namespace {

using ConvolutionOnDevice = LaunchTest;

struct Case {
  const char* what;
  Shape x, weight;
  ConvolutionWindow window;
  Dims beyond = {};  // what the input has behind the last window, as output padding leaves it
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"3 x 3", {5, 3, 9, 7}, {6, 3, 3, 3}, {{1, 1}, {1, 1}, {1, 1}, 1}},
      {"one element", {1, 1, 1, 1}, {1, 1, 1, 1}, {{1, 1}, {0, 0}, {1, 1}, 1}},
      {"1 x 1", {3, 8, 5, 5}, {12, 8, 1, 1}, {{1, 1}, {0, 0}, {1, 1}, 1}},
      {"strides, dilation, uneven", {2, 4, 17, 13}, {5, 4, 3, 2}, {{3, 2}, {2, 0}, {2, 3}, 1}, {1, 0}},
      {"padding beyond the kernel", {2, 2, 4, 5}, {3, 2, 2, 3}, {{2, 1}, {4, 3}, {1, 1}, 1}},
      {"groups", {3, 6, 8, 8}, {9, 2, 3, 3}, {{1, 1}, {1, 1}, {1, 1}, 3}},
      {"depthwise", {2, 8, 10, 6}, {8, 1, 5, 3}, {{2, 1}, {2, 1}, {1, 1}, 8}},
      {"one axis", {4, 3, 50}, {7, 3, 5}, {{2}, {3}, {2}, 1}, {1}},
      {"three axes", {2, 2, 5, 6, 7}, {3, 2, 2, 3, 3}, {{1, 2, 1}, {1, 0, 1}, {2, 1, 1}, 1}},
      {"large tiles", {2, 40, 40, 36}, {70, 40, 3, 3}, {{1, 1}, {1, 1}, {1, 1}, 1}},
      {"large tiles in two groups", {3, 72, 24, 24}, {80, 36, 3, 3}, {{1, 1}, {1, 1}, {1, 1}, 2}},
      {"parts of long sums", {64, 1, 28, 28}, {16, 1, 3, 3}, {{1, 1}, {1, 1}, {1, 1}, 1}},
  };
  return all;
}

Operand lay_f32(const Shape& shape, Lie lie) { return lay(shape, DType::f32, lie); }

// Every element is a sum in another order than the CPU's.
void compare_sums(const Launch& launch, int64_t terms, const std::string& what) {
  compare(launch, {16, 2e-7 * double(terms) + 1e-6}, what);
}

TEST_F(ConvolutionOnDevice, AndItsGradients) {
  constexpr size_t kBothWays = 4;  // cases; the others take turns, since every kernel is compiled for its shape
  for (size_t at = 0; at < cases().size(); ++at)
    for (const bool extra : {false, true}) {  // a bias, a relu, operands that lie at no multiple of four elements
      if (at >= kBothWays && extra != (at % 2 == 1)) continue;
      const Case& c = cases()[at];
      const Lie lie = extra ? Lie::shifted : Lie::dense;
      const std::string what = cat(c.what, extra ? " with bias, " : ", ", name_of(lie));
      std::vector<Operand> inputs{lay_f32(c.x, lie), lay_f32(c.weight, lie)};
      if (extra) inputs.push_back(lay_f32({c.weight[0]}, lie));
      auto forward = std::make_shared<Convolution>(c.window, extra);
      forward->relu = extra;
      const Launch launch = launch_of(forward, inputs, noise);
      EXPECT_TRUE(lowers_convolution(*forward, std::vector{inputs[0].type.type, inputs[1].type.type})) << what;
      const Shape y = launch.plan.outputs[0].type.shape;
      const int64_t taps = element_count(c.weight) / c.weight[0], places = element_count(y) / y[1];
      compare_sums(launch, taps, what);

      Dims size, kernel;
      for (int axis = 2; axis < c.x.rank(); ++axis) {
        size.push_back(c.x[axis] + (c.beyond.rank() && extra ? c.beyond[axis - 2] : 0));
        kernel.push_back(c.weight[axis]);
      }
      inputs = {lay_f32(y, lie), lay_f32(c.weight, lie)};
      if (extra) inputs.push_back(lay_f32({c.x[1]}, lie));
      compare_sums(launch_of(std::make_shared<const ConvolutionInput>(c.window, size, extra), inputs, noise),
                   taps / c.x[1] * c.weight[0] + 1, cat("input of ", what));
      compare_sums(
          launch_of(std::make_shared<const ConvolutionWeight>(c.window, kernel, extra), {lay_f32(c.x, lie), lay_f32(y, lie)}, noise),
          places, cat("weight of ", what));
    }
}

// Floats that are no numbers go where they belong and nowhere else; padding is zero times the weight.
TEST_F(ConvolutionOnDevice, NanAndInfinity) {
  const auto value = [](size_t input, int64_t i) {
    if (input == 0 && i == 12) return std::numeric_limits<double>::quiet_NaN();
    if (input == 0 && i == 57) return std::numeric_limits<double>::infinity();
    return std::abs(noise(input, i)) + 0.25;
  };
  auto op = std::make_shared<Convolution>(ConvolutionWindow{{1, 1}, {1, 1}, {1, 1}, 1}, false);
  op->relu = true;
  compare(launch_of(op, {lay_f32({1, 1, 8, 8}, Lie::dense), lay_f32({3, 1, 3, 3}, Lie::dense)}, value), {16, 1e-6}, "no numbers");
}

// What the composition does instead.
TEST_F(ConvolutionOnDevice, DeclinesWhatItsIndicesDoNotReach) {
  const Convolution op({{1, 1}, {0, 0}, {1, 1}, 1}, false);
  auto takes = [&](const Shape& x, const Shape& weight, DType dtype = DType::f32) {
    return lowers_convolution(op, std::vector<TensorType>{{x, dtype}, {weight, dtype}});
  };
  EXPECT_TRUE(takes({2, 3, 8, 8}, {4, 3, 3, 3}));
  EXPECT_FALSE(takes({2, 3, 8, 8}, {4, 3, 3, 3}, DType::f64));
  EXPECT_FALSE(takes({0, 3, 8, 8}, {4, 3, 3, 3})) << "empty";
  EXPECT_FALSE(takes({1 << 10, 3, 1 << 10, 1 << 10}, {4, 3, 3, 3})) << "past 4 GiB";
}

}  // namespace
}  // namespace mlxc::vulkan
