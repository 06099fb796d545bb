// Patterns: groups of operations become one where a device claims them, and only where nobody else needs what is in between.
#include "ops/patterns.h"

#include <gtest/gtest.h>

#include "backend/cpu/cpu_device.h"
#include "backend/null/null_device.h"
#include "graph/function.h"
#include "ops/batch_norm.h"
#include "ops/convolution.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/matmul.h"
#include "ops/pool.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"
#include "ops/statistics.h"
#include "ops/transformer.h"

namespace mlxc {
namespace {

// Records launches and claims every pattern.
class Claiming final : public NullDevice {
 public:
  std::span<const Pattern* const> patterns() const override {
    static const Pattern* const list[] = {&patterns::rope_kv_write(),      &patterns::norm_linear(),      &patterns::gated_linear(),
                                          &patterns::linear_residual(),    &patterns::norm_residual(),    &patterns::matmul_bias(),
                                          &patterns::product_activation(), &patterns::convolution_relu(), &patterns::batch_norm_relu(),
                                          &patterns::batch_norm_gated(),   &patterns::reductions()};
    return list;
  }
  std::vector<std::string> launches(const std::vector<Array>& inputs, const std::vector<Array>& outputs,
                                    const std::vector<StatePair>& states = {}) {
    Function::capture(inputs, outputs, states);
    std::vector<std::string> names;
    for (const LaunchPlan& plan : last_compiled()) names.emplace_back(plan.primitive->name());
    return names;
  }
};
using Names = std::vector<std::string>;

struct Block {
  explicit Block(Device& device) : device(device) {}
  Array floats(Shape shape) { return Array::placeholder(device, shape, DType::f32); }
  Device& device;
  Array x = floats({3, 8}), norm = floats({8}), gate = floats({16, 8}), up = floats({16, 8}), down = floats({8, 16});
  std::vector<Array> inputs{x, norm, gate, up, down};
  std::vector<Array> gate_up() { return linear(rms_norm(x, norm, 1e-6f), {gate, up}, {}, Precision::high); }
};

TEST(Patterns, JoinNormActivationAndResidualToTheirProducts) {
  Claiming device;
  Block b(device);
  const auto parts = b.gate_up();
  const Array y = b.x + linear(unary(UnaryOp::silu, parts[0]) * parts[1], {b.down}, {}, Precision::high)[0];
  EXPECT_EQ(device.launches(b.inputs, {y}), (Names{"linear", "linear"}));
  const auto& first = as<Linear>(*device.last_compiled()[0].primitive);
  EXPECT_TRUE(first.norm);
  EXPECT_EQ(first.gate, Gate::silu);
  EXPECT_FALSE(first.residual);
  EXPECT_TRUE(as<Linear>(*device.last_compiled()[1].primitive).residual);
}

TEST(Patterns, LeaveAloneWhatOthersNeed) {
  Claiming device;
  Block b(device);
  const Array normed = rms_norm(b.x, b.norm, 1e-6f);
  const auto parts = linear(normed, {b.gate, b.up}, {}, Precision::high);
  const Array product = unary(UnaryOp::silu, parts[0]) * parts[1];
  EXPECT_EQ(device.launches(b.inputs, {product, normed, parts[1]}), (Names{"rms_norm", "linear", "fused"}));
  const Array z = linear(b.x, {b.gate}, {}, Precision::high)[0];
  EXPECT_EQ(device.launches({b.x, b.gate}, {z + z}), (Names{"linear", "fused"})) << "a sum of one value with itself is no residual";
}

TEST(Patterns, JoinResidualsToNorms) {
  Claiming device;
  Block b(device);
  EXPECT_EQ(device.launches({b.x, b.norm}, {b.x + rms_norm(b.x, b.norm, 1e-6f, 1)}), Names{"rms_norm"});
  EXPECT_TRUE(as<RmsNorm>(*device.last_compiled()[0].primitive).residual);
}

struct Layer {
  explicit Layer(Device& device) {
    auto floats = [&](Shape shape) { return Array::placeholder(device, shape, DType::f32); };
    auto ints = [&](Shape shape) { return Array::placeholder(device, shape, DType::i32); };
    pages = {floats({4, 2, kPageSlots, 8}), floats({4, 2, kPageSlots, 8})};
    q = floats({3, 4, 8}), k = floats({3, 2, 8}), v = floats({3, 2, 8}), norm = floats({8}), frequencies = floats({4});
    table = ints({2, 2}), sequences = ints({3}), positions = ints({3});
    inputs = {pages.keys, pages.values, q, k, v, norm, frequencies, table, sequences, positions};
  }
  KvPages pages;
  Array q, k, v, norm, frequencies, table, sequences, positions;
  std::vector<Array> inputs;
};

TEST(Patterns, JoinHeadNormsRotationsAndTheCacheWrite) {
  Claiming device;
  for (bool head_norm : {true, false}) {
    Layer l(device);
    auto rotated = [&](const Array& x) { return rope(head_norm ? rms_norm(x, l.norm, 1e-6f) : x, l.positions, l.frequencies); };
    const Array q = rotated(l.q);
    const KvPages pages = kv_write(l.pages, rotated(l.k), l.v, l.table, l.sequences, l.positions);
    const Array y = paged_attention(q, pages.keys, pages.values, l.table, l.sequences, l.positions, {}, 0);
    EXPECT_EQ(device.launches(l.inputs, {y, pages.keys, pages.values}, {{0, 1}, {1, 2}}), (Names{"rope_kv_write", "paged_attention"}));
    EXPECT_EQ(as<RopeKvWrite>(*device.last_compiled()[0].primitive).head_norm, head_norm);
    EXPECT_EQ(device.last_compiled()[0].inputs.size(), head_norm ? 11u : 9u);
  }
}

TEST(Patterns, KeepQueriesThatAreRotatedOtherwiseApart) {
  Claiming device;
  Layer l(device);
  const Array q = rope(l.q, l.positions, l.frequencies, 2);
  const KvPages pages = kv_write(l.pages, rope(l.k, l.positions, l.frequencies), l.v, l.table, l.sequences, l.positions);
  const Array y = paged_attention(q, pages.keys, pages.values, l.table, l.sequences, l.positions, {}, 0);
  EXPECT_EQ(device.launches(l.inputs, {y, pages.keys, pages.values}, {{0, 1}, {1, 2}}),
            (Names{"rope", "rope", "kv_write", "paged_attention"}));
}

// The CPU claims gates and residuals: one launch gives what the operations give one by one.
TEST(Patterns, GiveTheSameResultsOnTheCpu) {
  Device& cpu = cpu_device();
  auto values = [&](Shape shape, int seed) {
    std::vector<float> data(static_cast<size_t>(element_count(shape)));
    for (size_t i = 0; i < data.size(); ++i) data[i] = float((int(i) * 37 + seed * 11) % 23 - 11) / 8;
    return Array::from_vector(cpu, data, shape, DType::f32);
  };
  const Array x = values({5, 24}, 1), gate = values({40, 24}, 2), up = values({40, 24}, 3), down = values({24, 40}, 4);
  for (UnaryOp op : {UnaryOp::silu, UnaryOp::gelu_tanh, UnaryOp::gelu_erf, UnaryOp::relu}) {
    auto joined = [&] {
      const auto parts = linear(x, {gate, up}, {}, Precision::high);
      return x + linear(unary(op, parts[0]) * parts[1], {down}, {}, Precision::high)[0];
    };
    const Function function = Function::capture({}, {joined()});
    EXPECT_EQ(function.launches(), 2);
    const auto parts = linear(x, {gate, up}, {}, Precision::high);
    eval(parts);
    const Array product = unary(op, parts[0]) * parts[1];
    eval({product});
    const Array out = linear(product, {down}, {}, Precision::high)[0];
    eval({out});
    const Array expected = x + out;
    std::vector<float> a(size_t(x.size())), b(a.size());
    read(function.run({})[0], a.data(), a.size() * sizeof(float));
    read(expected, b.data(), b.size() * sizeof(float));
    for (size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-4f * std::max(1.0f, std::abs(b[i]))) << name_of(op) << " at " << i;
  }
}

TEST(Patterns, ReluJoinsItsConvolutionAlsoWhereAGradientFollows) {
  Claiming device;
  const Array x = Array::placeholder(device, {2, 3, 8, 8}, DType::f32), weight = Array::placeholder(device, {4, 3, 3, 3}, DType::f32);
  const Array y = unary(UnaryOp::relu, convolution(x, weight, Array(), {}));
  EXPECT_EQ(device.launches({x, weight}, {y}), Names{"convolution"});
  EXPECT_TRUE(as<Convolution>(*device.last_compiled()[0].primitive).relu);
  const Arrays gradients = grad({reduce(ReduceOp::sum, y, {}, false)}, {weight});
  EXPECT_EQ(device.launches({x, weight}, gradients), (Names{"convolution", "fused", "convolution_weight"}));
}

TEST(Patterns, ReductionsOfOneInputBecomeOneLaunch) {
  Claiming device;
  const Array x = Array::placeholder(device, {40, 50}, DType::f32);
  const Array sum = reduce(ReduceOp::sum, x, {}, false), mean = reduce(ReduceOp::mean, x, {}, false);
  EXPECT_EQ(device.launches({x}, {sum, mean, variance(x, {}, 0, false), standard_deviation(x, {}, 0, false)}), Names{"reductions"});
  EXPECT_EQ(device.launches({x}, {sum, mean, standard_deviation(x, {}, 1, false)}), (Names{"reductions", "fused"}));
  EXPECT_EQ(device.launches({x}, {sum, reduce(ReduceOp::sum, x, {1}, false)}), (Names{"sum", "sum"})) << "other axes";
  const Array centred = x - mean;  // reads one of them before the other is built
  EXPECT_EQ(device.launches({x}, {centred, reduce(ReduceOp::max, x, {}, false)}), (Names{"reductions", "fused"}));
}

TEST(Patterns, BatchNormTakesInItsReluAndTheGradientOfThat) {
  Claiming device;
  const Array x = Array::placeholder(device, {4, 3, 8, 8}, DType::f32), g = Array::placeholder(device, {4, 3, 8, 8}, DType::f32),
              weight = Array::placeholder(device, {3}, DType::f32), bias = Array::placeholder(device, {3}, DType::f32);
  const BatchNormResult norm = batch_normalization(x, weight, bias, 1e-5);
  const Array y = unary(UnaryOp::relu, norm.y), smooth = unary(UnaryOp::tanh, norm.y);
  EXPECT_EQ(device.launches({x, weight, bias}, {y}), Names{"batch_norm"});
  EXPECT_TRUE(as<BatchNorm>(*device.last_compiled()[0].primitive).relu);
  EXPECT_EQ(device.launches({x, weight, bias}, {y, norm.mean + 1}), (Names{"batch_norm", "fused"})) << "the statistics are not in the way";
  EXPECT_EQ(device.launches({x, weight, bias}, {y, norm.y}), (Names{"batch_norm", "fused"})) << "somebody else needs y";

  EXPECT_EQ(device.launches({x, weight, bias, g}, grad({y}, {x, weight, bias}, {g})), (Names{"batch_norm", "batch_norm_gradient"}));
  EXPECT_TRUE(as<BatchNormGradient>(*device.last_compiled()[1].primitive).gated);
  EXPECT_EQ(device.launches({x, weight, bias, g}, grad({smooth}, {x, weight, bias}, {g})),
            (Names{"batch_norm", "fused", "batch_norm_gradient"}));
  EXPECT_FALSE(as<BatchNormGradient>(*device.last_compiled()[2].primitive).gated);
}

// Has no kernels for convolutions and pools.
class Plain final : public NullDevice {
 public:
  bool claims(const Primitive& primitive, TensorTypes) const override {
    return primitive.code() < OpCode::convolution || primitive.code() > OpCode::pool_gradient;
  }
};

TEST(Expansion, WhatADeviceDoesNotClaimRunsAsItsComposition) {
  Plain device;
  const Array x = Array::placeholder(device, {2, 3, 8, 8}, DType::f32), weight = Array::placeholder(device, {4, 3, 3, 3}, DType::f32),
              bias = Array::placeholder(device, {4}, DType::f32);
  const Array y = max_pool(convolution(x, weight, bias, {}), {.kernel = {2, 2}, .stride = {}, .padding = {}, .dilation = {}});
  const Arrays gradients = grad({reduce(ReduceOp::sum, y * y, {}, false)}, {x, weight, bias});
  Function::capture({x, weight, bias}, {gradients[0], gradients[1], gradients[2], y}, {});
  int products = 0;
  for (const LaunchPlan& plan : device.last_compiled()) {
    EXPECT_TRUE(device.claims(*plan.primitive, {})) << plan.primitive->name();
    products += plan.primitive->code() == OpCode::matmul;
  }
  EXPECT_EQ(products, 3) << "the result and two gradients";
}

TEST(Patterns, BiasAndActivationJoinTheirProduct) {
  Claiming device;
  const Array a = Array::placeholder(device, {4, 8}, DType::f32), b = Array::placeholder(device, {8, 16}, DType::f32),
              bias = Array::placeholder(device, {16}, DType::f32);
  EXPECT_EQ(device.launches({a, b, bias}, {unary(UnaryOp::relu, matmul(a, b) + bias)}), Names{"matmul"});
  EXPECT_TRUE(as<Matmul>(*device.last_compiled()[0].primitive).bias);
  EXPECT_EQ(as<Matmul>(*device.last_compiled()[0].primitive).activation, Gate::relu);
  const Array column = reshape(bias, {16, 1});
  EXPECT_EQ(device.launches({b, bias}, {matmul(b, column) + broadcast_to(slice_axis(column, 0, 0, 8), {8, 1})}), (Names{"matmul", "fused"}))
      << "a column is no row";
}

}  // namespace
}  // namespace mlxc
