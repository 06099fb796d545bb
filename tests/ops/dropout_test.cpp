// Dropout draws as it computes: the same elements as a mask of random numbers would drop, in any layout, and in the gradient again.
#include "graph/function.h"
#include "ops/creation.h"
#include "ops/gradient.h"
#include "ops/matmul.h"
#include "ops/normalization.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "ops/reference.h"

namespace mlxc {
namespace {

using namespace test;

Array by_mask(const Array& x, const Array& key, double probability) {
  const Array drawn = random::uniform(key, x.shape(), DType::f32);
  eval({drawn});
  const Array kept = binary(BinaryOp::greater_equal, drawn, scalar_like(drawn, probability));
  return where(kept, x * (probability < 1 ? 1 / (1 - probability) : 0.0), scalar_like(x, 0));
}

TEST(Dropout, DropsWhatAMaskOfTheSameKeyDrops) {
  std::mt19937 random(3);
  std::uniform_real_distribution<double> draw(-1, 1);
  const Array key = random::key(test::device(), 0x123456789abcdef0);
  for (DType dtype : {DType::f32, DType::f16, DType::bf16, DType::f64})
    for (const Shape& shape : kShapes)
      for (Lay lay : kLayouts)
        for (double probability : {0.3, 1.0}) {
          Reference ignored;
          const Array x = arrange(
              shape, dtype, lay, [&] { return draw(random); }, &ignored);
          EXPECT_TRUE(near(fetch(dropout(x, key, probability)), fetch(by_mask(x, key, probability)), 0, 0))
              << name_of(dtype) << " " << to_string(shape);
        }
}

TEST(Dropout, InChainsAndOfRowsOfManyKeys) {
  const Array keys = random::split(random::key(test::device(), 5), 3);
  const Array x = random::normal(random::key(test::device(), 6), {37, 111}, DType::f32);
  auto key = [&](int64_t i) { return squeeze(slice_axis(keys, 0, i, i + 1), 0); };
  const Array chain = dropout(unary(UnaryOp::relu, dropout(x * 2.0, key(0), 0.5) + 1.0), key(2), 0.25);
  const Array masked = by_mask(unary(UnaryOp::relu, by_mask(x * 2.0, key(0), 0.5) + 1.0), key(2), 0.25);
  EXPECT_TRUE(near(fetch(chain), fetch(masked), 0, 0));
  eval({keys});
  EXPECT_TRUE(near(fetch(dropout(x, key(1), 0.5)), fetch(by_mask(x, key(1), 0.5)), 0, 0));
}

TEST(Dropout, OfOneValueDrawsForEveryElement) {
  const Array key = random::key(test::device(), 8), ones = full(test::device(), {5000}, 1, DType::f32);
  const Reference y = fetch(dropout(ones, key, 0.2));
  double sum = 0;
  for (double value : y.values) {
    EXPECT_TRUE(value == 0 || value == 1.25) << value;
    sum += value;
  }
  EXPECT_NEAR(sum / 5000, 1, 0.03);
}

TEST(Dropout, InsideAReductionDrawsByTheIndexInItsInput) {
  const Array key = random::key(test::device(), 8), x = random::normal(random::key(test::device(), 6), {7, 3000}, DType::f32);
  const Array dropped = dropout(x, key, 0.5), most = reduce(ReduceOp::max, dropped, {1}, false);
  const Array masked = by_mask(x, key, 0.5);
  eval({masked});
  EXPECT_TRUE(near(fetch(most), fetch(reduce(ReduceOp::max, masked, {1}, false)), 0, 0));
}

TEST(Dropout, GradientPassesWhereTheValueDid) {
  const Array key = random::key(test::device(), 9), x = random::normal(random::key(test::device(), 6), {40, 30}, DType::f32);
  const Array y = dropout(x, key, 0.4), g = grad({reduce(ReduceOp::sum, y * y, {0, 1}, false)}, {x})[0];
  const Array masked = by_mask(x, key, 0.4), want = by_mask(masked * 2.0, key, 0.4);
  EXPECT_TRUE(near(fetch(g), fetch(want), 1e-6, 1));
}

// Thin products, tiles, batches, few rows against weights, weights in 16 bits.
TEST(Dropout, BehindAProductBiasAndActivationIsPartOfItsLaunch) {
  Device& device = test::device();
  const Array key = random::key(device, 11);
  auto drawn = [&](const Shape& shape, DType dtype = DType::f32) {
    const Array x = cast(random::normal(random::key(device, uint64_t(element_count(shape))), shape, DType::f32), dtype);
    eval({x});
    return x;
  };
  auto check = [&](const Array& product, double probability, const char* what) {
    const Array joined = dropout(product, key, probability);
    const int64_t before = graph_counters().launches;
    eval({joined});
    EXPECT_EQ(graph_counters().launches - before, 1) << what << " " << to_string(product.shape());
    eval({product});
    EXPECT_TRUE(near(fetch(joined), fetch(by_mask(product, key, probability)), 0, 0)) << what << " " << to_string(product.shape());
  };
  const bool here = &device == &cpu_device();
  for (const auto& [m, n, k] : {std::array<int64_t, 3>{3, 5, 7}, {5, 300, 40}, {40, 60, 600}, {200, 33, 64}}) {
    if (!here && (m == 3 || m == 200)) continue;  // each is a kernel to compile
    const Array x = drawn({m, k}), weight = drawn({n, k}), bias = drawn({n});
    const Array sum = matmul(x, transpose(weight)) + bias;
    check(matmul(x, transpose(weight)), 0.5, "matmul");
    check(unary(UnaryOp::gelu_tanh, sum), 0.25, "matmul + bias + gelu");
    check(unary(UnaryOp::relu, sum), 1, "all dropped");
    check(matmul(drawn({4, m, k}), drawn({4, k, n})), 0.1, "batch");
    for (DType dtype : {DType::f32, DType::bf16})
      for (Precision precision : {Precision::high, Precision::native}) {
        if (!here && (precision == Precision::high || (dtype == DType::bf16 && m > 5))) continue;
        const Array narrow = drawn({n, k}, dtype);
        check(linear(x, {narrow}, {}, precision)[0], 0.5, "linear");
        check(unary(UnaryOp::silu, linear(x, {narrow}, {bias}, precision)[0]), 0.5, "linear + bias + silu");
      }
  }
}

// The joined activation beside the one that stands alone.
TEST(Dropout, ActivationsInAProductAreTheOnesBehindIt) {
  Device& device = test::device();
  const Array x = random::normal(random::key(device, 1), {20, 30}, DType::f32),
              w = random::normal(random::key(device, 2), {40, 30}, DType::f32);
  eval({x, w});
  for (UnaryOp op : {UnaryOp::relu, UnaryOp::silu, UnaryOp::gelu_tanh, UnaryOp::gelu_erf})
    for (const auto& build : {+[](const Array&a, const Array&b) { return matmul(a, transpose(b)); },
                              +[](const Array&a, const Array&b) { return linear(a, {b}, {}, Precision::native)[0]; }}) {
      const Array alone = build(x, w), joined = unary(op, build(x, w));
      eval({alone});
      eval({joined});
      EXPECT_TRUE(near(fetch(joined), fetch(unary(op, alone)), 2e-6, 1)) << int(op);
    }
}

TEST(Dropout, LeavesAProductThatOthersNeed) {
  Device& cpu = cpu_device();
  const Array x = random::normal(random::key(cpu, 1), {20, 30}, DType::f32), w = random::normal(random::key(cpu, 2), {30, 40}, DType::f32);
  eval({x, w});
  const Array product = matmul(x, w), dropped = dropout(product, random::key(cpu, 3), 0.5);
  eval({product, dropped});
  EXPECT_TRUE(near(fetch(dropped), fetch(by_mask(product, random::key(cpu, 3), 0.5)), 0, 0));
}

TEST(Dropout, RefusesWhatIsNoKeyOrProbability) {
  const Array x = full(test::device(), {3}, 1, DType::f32);
  EXPECT_THROW(dropout(x, x, 0.5), Error);
  EXPECT_THROW(dropout(x, random::key(test::device(), 1), 1.5), Error);
}

}  // namespace
}  // namespace mlxc
