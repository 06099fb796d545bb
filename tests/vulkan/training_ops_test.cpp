// Losses, gradients and updates that are kernels of their own, on the Vulkan device against the CPU's, which tests/ops and tests/nn hold
// against PyTorch and finite differences.
#include <gtest/gtest.h>

#include "backend/vulkan/lower.h"
#include "ops/adam.h"
#include "ops/batch_norm.h"
#include "ops/cross_entropy.h"
#include "ops/pool.h"
#include "ops/transformer.h"
#include "vulkan/launch_compare.h"

namespace mlxc::vulkan {
namespace {

using TrainingOnDevice = LaunchTest;

constexpr double kInfinity = std::numeric_limits<double>::infinity(), kNan = std::numeric_limits<double>::quiet_NaN();

Operand dense(const Shape& shape, DType dtype = DType::f32) { return lay(shape, dtype, Lie::dense); }

TEST_F(TrainingOnDevice, CrossEntropyAndItsGradient) {
  for (const auto& [rows, classes] : {std::pair{1, 1}, {3, 10}, {70, 7}, {5, 1000}, {2, 4099}, {9, 128}}) {
    for (const Lie lie : {Lie::dense, Lie::shifted}) {
      const std::string what = cat(rows, " x ", classes, " ", name_of(lie));
      auto value = [&, classes = classes](size_t input, int64_t i) {
        // Classes, and in every fifth row none; logits around a large one.
        if (input == 1) return double(i % 5 == 4 ? (i % 2 ? -100 : classes) : i * 7 % classes);
        return 50 + 8 * noise(input, i);
      };
      const Launch forward =
          launch_of(std::make_shared<const CrossEntropyRows>(), {lay({rows, classes}, DType::f32, lie), dense({rows}, DType::i32)}, value);
      compare(forward, {16, 4e-6}, what);
      Launch backward =
          launch_of(std::make_shared<const CrossEntropyGradient>(),
                    {lay({rows, classes}, DType::f32, lie), dense({rows}, DType::i32), dense({rows, 2}), dense({rows})}, value);
      backward.data[2] = run_on_cpu(forward)[1];
      compare(backward, {64, 1e-6}, cat("gradient of ", what));
    }
  }
}

TEST_F(TrainingOnDevice, CrossEntropyOfInfinitiesAndNan) {
  const std::vector<double> logits{1, -kInfinity, 2, /**/ 1, kNan, 2, /**/ -kInfinity, 0, 1, /**/ kInfinity, 0, 1};
  const Launch launch = launch_of(std::make_shared<const CrossEntropyRows>(), {dense({4, 3}), dense({4}, DType::i32)},
                                  [&](size_t input, int64_t i) { return input ? 0.0 : logits[size_t(i)]; });
  const Bytes losses = run_on_vulkan(launch, "losses")[0];
  EXPECT_NEAR(element(losses, 0, DType::f32), std::log(1 + std::exp(1.0)), 1e-6);
  EXPECT_TRUE(std::isnan(element(losses, 1, DType::f32)));
  EXPECT_EQ(element(losses, 2, DType::f32), kInfinity);
  EXPECT_TRUE(std::isnan(element(losses, 3, DType::f32)));
}

TEST_F(TrainingOnDevice, GradientsOfNorms) {
  for (const auto& [rows, dim] : {std::pair{1, 1}, {3, 5}, {2000, 64}, {7, 128}, {33, 1027}, {5, 4096}, {600, 20}})
    for (const bool centered : {false, true})
      for (const DType weight : {DType::f32, DType::bf16})
        for (const Lie lie : {Lie::dense, Lie::shifted}) {
          const Launch launch = launch_of(std::make_shared<const NormGradient>(centered, 1e-5f, centered ? 0.0f : 1.0f),
                                          {lay({rows, dim}, DType::f32, lie), dense({dim}, weight), lay({rows, dim}, DType::f32, lie)},
                                          [](size_t input, int64_t i) { return noise(input, i) + (input == 0 ? 0.5 : 0); });
          // Sums over the rows: float32, in another order. What is left of a row of one element is multiplied by 1 / sqrt(eps).
          compare(launch, {64, 2e-6 * std::sqrt(double(rows)) + (dim == 1 ? 4e-5 : 4e-6)},
                  cat(centered ? "layer_norm " : "rms_norm ", rows, " x ", dim, " ", name_of(weight), " ", name_of(lie)));
        }
}

// Sums in float64, as the CPU's composition says what they are of.
struct Channels {
  Launch launch;
  int64_t images, channels, size;
  int64_t count() const { return images * size; }
  double at(size_t input, int64_t channel, int64_t i) const {
    return element(launch.data[input], size_t((i / size * channels + channel) * size + i % size), DType::f32);
  }
  double of_channel(size_t input, int64_t channel) const { return element(launch.data[input], size_t(channel), DType::f32); }
  template <class F>
  double sum(F&& f) const {
    double sum = 0;
    for (int64_t i = 0; i < count(); ++i) sum += f(i);
    return sum;
  }
  Bytes like(size_t input) const { return Bytes(launch.data[input].size()); }
  void set(Bytes& to, int64_t channel, int64_t i, double value) const {
    set_element(to, size_t((i / size * channels + channel) * size + i % size), DType::f32, value);
  }
};

constexpr double kBatchNormEps = 1e-3;

std::vector<Bytes> batch_norm(const Channels& c, bool affine, bool relu) {
  const Bytes each(size_t(c.channels) * 4);
  std::vector<Bytes> want{c.like(0), each, each};
  for (int64_t channel = 0; channel < c.channels; ++channel) {
    const double n = double(c.count()), mean = c.sum([&](int64_t i) { return c.at(0, channel, i); }) / n;
    const double variance = c.sum([&](int64_t i) { return std::pow(c.at(0, channel, i) - mean, 2); }) / n;
    for (int64_t i = 0; i < c.count(); ++i) {
      double y = (c.at(0, channel, i) - mean) / std::sqrt(variance + kBatchNormEps);
      if (affine) y = y * c.of_channel(1, channel) + c.of_channel(2, channel);
      c.set(want[0], channel, i, relu ? std::max(y, 0.0) : y);
    }
    set_element(want[1], size_t(channel), DType::f32, mean);
    set_element(want[2], size_t(channel), DType::f32, variance);
  }
  return want;
}

std::vector<Bytes> batch_norm_gradient(const Channels& c, bool affine, bool gated) {
  const Bytes each(size_t(c.channels) * 4);
  std::vector<Bytes> want{c.like(0)};
  if (affine) want.insert(want.end(), {each, each});
  const size_t gate = affine ? 5 : 4;
  for (int64_t channel = 0; channel < c.channels; ++channel) {
    const double n = double(c.count()), scale = 1 / std::sqrt(c.of_channel(2, channel) + kBatchNormEps);
    auto g = [&](int64_t i) { return gated && c.at(gate, channel, i) <= 0 ? 0 : c.at(3, channel, i); };
    auto normal = [&](int64_t i) { return (c.at(0, channel, i) - c.of_channel(1, channel)) * scale; };
    const double all = c.sum(g), along = c.sum([&](int64_t i) { return g(i) * normal(i); });
    for (int64_t i = 0; i < c.count(); ++i)
      c.set(want[0], channel, i, (g(i) - all / n - normal(i) * along / n) * scale * (affine ? c.of_channel(4, channel) : 1));
    if (!affine) continue;
    set_element(want[1], size_t(channel), DType::f32, along);
    set_element(want[2], size_t(channel), DType::f32, all);
  }
  return want;
}

TEST_F(TrainingOnDevice, BatchNormAndItsGradient) {
  // Whole channels, and parts of large ones; in fours and one by one.
  for (const Shape& shape : {Shape{1, 1, 1, 1}, {4, 3, 5}, {32, 5, 4, 4}, {7, 3, 3, 5, 3}, {3, 2, 90, 64}, {2, 3, 101, 99}, {3, 70, 8, 8}})
    for (const bool affine : {false, true})
      for (const bool gated : {false, true}) {
        const std::string what = cat("batch_norm ", to_string(shape), affine ? " with weight" : "", gated ? " with relu" : "");
        const int64_t size = element_count(shape) / (shape[0] * shape[1]);
        const Operand x = lay(shape, DType::f32, gated ? Lie::shifted : Lie::dense), channels = dense({shape[1]});
        const auto value = [](size_t input, int64_t i) { return noise(input, i) + (input == 0 ? 3 : 0); };
        auto check = [&](PrimitivePtr primitive, const std::vector<Operand>& inputs, const auto& values, auto&& reference,
                         const char* part) {
          Channels c{launch_of(primitive, inputs, values), shape[0], shape[1], size};
          const std::vector<Bytes> got = run_on_vulkan(c.launch, what);
          if (inputs[0].first) c.launch.data[0].erase(c.launch.data[0].begin(), c.launch.data[0].begin() + 4);
          const std::vector<Bytes> want = reference(c, affine, gated);
          for (size_t i = 0; i < want.size(); ++i)
            expect_close(got[i], want[i], DType::f32, {64, 2e-6 * std::sqrt(double(c.count()))}, cat(part, what, " output ", i));
        };
        auto forward = std::make_shared<BatchNorm>(affine, kBatchNormEps);
        forward->relu = gated;
        std::vector<Operand> inputs{x};
        if (affine) inputs.insert(inputs.end(), {channels, channels});
        check(forward, inputs, value, batch_norm, "");

        auto backward = std::make_shared<BatchNormGradient>(affine, kBatchNormEps);
        backward->gated = gated;
        inputs = {x, channels, channels, dense(shape)};
        if (affine) inputs.push_back(channels);
        if (gated) inputs.push_back(dense(shape));
        const auto given = [&](size_t input, int64_t i) {  // near what the mean and the variance of x are
          return input == 1 ? 3 + 0.01 * noise(input, i) : input == 2 ? 0.33 + 0.1 * noise(input, i) : value(input, i);
        };
        check(backward, inputs, given, batch_norm_gradient, "gradient of ");
      }
}

// What reductions and elementwise chains do instead.
TEST_F(TrainingOnDevice, BatchNormDeclinesWhatItsIndicesDoNotReach) {
  EXPECT_TRUE(lowers_batch_norm({{2, 3, 8, 8}, DType::f32}));
  EXPECT_FALSE(lowers_batch_norm({{2, 3, 8, 8}, DType::f64}));
  EXPECT_FALSE(lowers_batch_norm({{0, 3, 8, 8}, DType::f32})) << "empty";
  EXPECT_FALSE(lowers_batch_norm({{256, 64}, DType::f32})) << "single elements, channels apart";
  EXPECT_FALSE(lowers_batch_norm({{1 << 10, 2, 1 << 10, 1 << 10}, DType::f32})) << "past 4 GiB";
}

struct PoolCase {
  Shape x;
  PoolShape shape;
};
const std::vector<PoolCase>& pools() {
  static const std::vector<PoolCase> all{{{2, 3, 8, 8}, {{2, 2}, {2, 2}, {0, 0}, {1, 1}}},
                                         {{1, 2, 7, 9}, {{3, 2}, {2, 1}, {1, 1}, {1, 2}}},
                                         {{3, 1, 20}, {{5}, {3}, {2}, {1}}},
                                         {{1, 2, 5, 4, 6}, {{2, 2, 3}, {1, 2, 2}, {1, 0, 1}, {2, 1, 1}}},
                                         {{2, 2, 9, 9}, {{3, 3}, {4, 4}, {0, 0}, {1, 1}}},
                                         {{1, 1, 1, 1}, {{1, 1}, {1, 1}, {0, 0}, {1, 1}}}};
  return all;
}

// Few different values, so that maxima are equal; some are no numbers.
double pooled(size_t input, int64_t i) {
  if (input == 0 && i % 23 == 11) return kNan;
  if (input == 0 && i % 7 == 3) return -kInfinity;
  return input == 0 ? double(i * 5 % 11) - 4 : noise(input, i);
}

TEST_F(TrainingOnDevice, PoolsAndTheirGradients) {
  for (const DType dtype : {DType::f32, DType::f64})
    for (const PoolCase& c : pools())
      for (const PoolOp op : {PoolOp::max, PoolOp::mean, PoolOp::mean_of_inside}) {
        const std::string what = cat("pool ", int(op), " of ", name_of(dtype), " ", to_string(c.x));
        const Launch forward = launch_of(std::make_shared<const Pool>(op, c.shape), {dense(c.x, dtype)}, pooled);
        if (lacks_types(forward)) continue;
        const Tolerance tolerance{op == PoolOp::max ? 0.0 : 8.0, 0};
        compare(forward, tolerance, what);
        const Shape y = forward.plan.outputs[0].type.shape;
        Dims size;
        for (int axis = 2; axis < c.x.rank(); ++axis) size.push_back(c.x[axis]);
        // Of max the second input is x, of the others there is none.
        std::vector<Operand> inputs{dense(y, dtype)};
        if (op == PoolOp::max) inputs.push_back(dense(c.x, dtype));
        const Launch backward = launch_of(std::make_shared<const PoolGradient>(op, c.shape, size), inputs,
                                          [](size_t input, int64_t i) { return input ? pooled(0, i) : noise(0, i); });
        compare(backward, {8, 1e-6}, cat("gradient of ", what));
        if (op != PoolOp::max) continue;
        compare(launch_of(std::make_shared<const Pool>(op, c.shape, true), {dense(c.x, dtype), dense(c.x, dtype)}, pooled), tolerance,
                cat("picks of ", what));
      }
}

TEST_F(TrainingOnDevice, AdamsStep) {
  for (const int64_t n : {1, 3, 4, 1000, 100003})
    for (const Lie lie : {Lie::dense, Lie::shifted}) {
      Launch launch = launch_of(std::make_shared<const AdamUpdate>(0.9, 0.999, 1e-8),
                                {dense({n}), dense({n}), dense({n}), lay({n}, DType::f32, lie), dense({}), dense({}), dense({})},
                                [](size_t input, int64_t i) {
                                  if (input >= 4) return input == 4 ? 0.9999 : input == 5 ? 1e-2 : 0.03;
                                  return input == 2 ? std::abs(noise(input, i)) * (i % 3 ? 1e-3 : 0) : noise(input, i) * (i % 5 ? 1 : 0);
                                });
      launch.updates = true;
      for (size_t i = 0; i < 3; ++i)
        launch.data[launch.plan.inputs.size() + i] = launch.data[i];  // the results lie where the old values do
      compare(launch, {8, 4e-7}, cat(n, " ", name_of(lie)));          // moments round otherwise with one multiply-add
    }
}

}  // namespace
}  // namespace mlxc::vulkan
