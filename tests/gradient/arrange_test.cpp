// Gradients of what moves, reads and writes elements, of reductions and of products.
#include "ops/arrange.h"

#include "finite_differences.h"
#include "ops/indexing.h"
#include "ops/matmul.h"
#include "ops/scan.h"
#include "ops/sort.h"
#include "ops/views.h"

namespace mlxc::test {
namespace {

Array integers(const std::vector<double>& values, const Shape& shape, DType dtype = DType::i64) { return make(values, shape, dtype); }
Array squared(const Array& x) { return x * x; }  // so that gradients depend on where an element went

TEST(ShapeGradient, OfViewsMatchesDifferences) {
  const Array x = drawn({4, 6});
  for (const View& view : kViews) {
    check_gradient([&](const Arrays& in) { return squared(reshape(view.of(in[0]), {-1})); }, {x}, cat("reshape ", view.name));
    check_gradient([&](const Arrays& in) { return squared(contiguous(view.of(in[0]))); }, {x}, cat("copy ", view.name));
    check_gradient([&](const Arrays& in) { return squared(transpose(view.of(in[0]))); }, {x}, cat("transpose ", view.name));
  }
  check_gradient([](const Arrays& in) { return squared(transpose(reshape(in[0], {2, 3, 4}), {2, 0, 1})); }, {x}, "transpose of three axes");
  check_gradient([](const Arrays& in) { return squared(slice(in[0], {3, 1}, {INT64_MIN, 6}, {-2, 3})); }, {x}, "slice");
  check_gradient([](const Arrays& in) { return squared(slice(in[0], {2, 0}, {2, 6}, {1, 1})); }, {x}, "empty slice");
  check_gradient([](const Arrays& in) { return squared(as_strided(in[0], {5, 3}, {2, 3}, 1)); }, {x}, "as_strided");
  check_gradient([](const Arrays& in) { return squared(windows(reshape(in[0], {2, 3, 4}), {2, 2}, {1, 2}, {1, 1})); }, {x}, "windows");
  check_gradient([](const Arrays& in) { return squared(windows(in[0], {3}, {2}, {1})); }, {x}, "windows of rows");
}

TEST(ShapeGradient, OfConcatenationGoesToTheParts) {
  auto joined = [](const Arrays& in) { return squared(concatenate({in[0], in[1], in[0]}, 1)); };
  check_gradient(joined, {drawn({2, 3}), drawn({2, 1}, -1, 1, 2)}, "concatenate");
}

TEST(ShapeGradient, OfPaddingAndRollingMatchesDifferences) {
  const Array x = drawn({3, 4});
  for (PadMode mode : {PadMode::constant, PadMode::edge, PadMode::reflect, PadMode::symmetric, PadMode::wrap})
    check_gradient([&](const Arrays& in) { return squared(pad(in[0], {1, 2}, {2, 0}, mode)); }, {x}, "pad");
  check_gradient([](const Arrays& in) { return squared(roll(in[0], {2}, {1})); }, {x}, "roll");
  check_gradient([](const Arrays& in) { return squared(repeat(in[0], 3, 1)); }, {x}, "repeat");
  check_gradient([](const Arrays& in) { return squared(tile(in[0], {2, 3})); }, {x}, "tile");
  check_gradient([](const Arrays& in) { return squared(triangle(in[0], 1, false)); }, {x}, "triangle");
  check_gradient([](const Arrays& in) { return squared(diagonal(in[0], 1)); }, {x}, "diagonal");
}

TEST(IndexGradient, OfTakeAddsUpWhatIsTakenTwice) {
  const Array table = drawn({5, 3}), rows = integers({4, 0, 4, 7}, {2, 2}, DType::i32);
  check_gradient([&](const Arrays& in) { return squared(take(in[0], rows, DType::f64)); }, {table}, "take");
  check_gradient([&](const Arrays& in) { return squared(take_axis(in[0], integers({2, -1, 2}, {3}), 1)); }, {table}, "take_axis");
  check_gradient(
      [&](const Arrays& in) {
        return squared(take_along_axis(in[0], integers({2, 1, 0, 2, 2}, {5, 1}), 1));
      },
      {table}, "take_along_axis");
  check_gradient(
      [&](const Arrays& in) {
        return squared(gather(in[0], {integers({1, 4}, {2}), integers({0, 2}, {2})}));
      },
      {table}, "gather");
}

TEST(IndexGradient, OfScatterMatchesDifferences) {
  const Array x = drawn({4, 2}, 0.5, 2), values = drawn({3, 2}, 0.5, 2, 2), rows = integers({2, 0, 2}, {3});
  for (ScatterOp op : {ScatterOp::set, ScatterOp::add, ScatterOp::multiply, ScatterOp::minimum, ScatterOp::maximum})
    check_gradient([&](const Arrays& in) { return squared(scatter(op, in[0], rows, in[1])); }, {x, values}, cat("scatter ", int(op)));
  const Array zeros = make({0, 1, 2, 0, 3, 1, 0, 2}, {4, 2}), more = make({0, 2, 1, 0, 3, 1}, {3, 2});
  check_gradient([&](const Arrays& in) { return scatter(ScatterOp::multiply, in[0], rows, in[1]); }, {zeros, more}, "scatter of zeros");
  auto update = [](const Arrays& in) { return squared(slice_update(in[0], in[1], {0, 1}, {4, 2}, {2, 1})); };
  check_gradient(update, {x, drawn({2, 1}, 0.5, 2, 3)}, "slice_update");
  check_gradient([&](const Arrays& in) { return squared(sort(in[0], 1)); }, {drawn({3, 5})}, "sort");
  check_gradient([&](const Arrays& in) { return squared(sort(in[0], 0, true)); }, {drawn({3, 5})}, "sort, descending");
}

TEST(ScanGradient, MatchesDifferencesInEveryDirection) {
  const Array x = drawn({3, 5}, 0.5, 2);
  for (ScanOp op : {ScanOp::sum, ScanOp::prod, ScanOp::max, ScanOp::min, ScanOp::logsumexp})
    for (int axis : {0, 1})
      for (bool reverse : {false, true}) {
        auto inclusive = [&](const Arrays& in) { return scan(op, in[0], axis, reverse); };
        check_gradient(inclusive, {x}, cat(name_of(op), " ", axis, reverse ? " reverse" : ""), 1e-6);
        auto exclusive = [&](const Arrays& in) {  // without the first element, which is infinite where nothing precedes it
          const Array all = scan(op, in[0], 1, reverse, true);
          return reverse ? slice_axis(all, 1, 0, 4) : slice_axis(all, 1, 1, 5);
        };
        check_gradient(exclusive, {x}, cat(name_of(op), " exclusive", reverse ? " reverse" : ""), 1e-6);
      }
  check_gradient([](const Arrays& in) { return scan(ScanOp::prod, in[0], 0); }, {make({2, 0, 3, 0, 4}, {5})}, "prod with zeros");
}

TEST(ReduceGradient, MatchesDifferencesOverAnyAxes) {
  const Array x = drawn({4, 6}, 0.5, 2);
  for (ReduceOp op : {ReduceOp::sum, ReduceOp::mean, ReduceOp::prod, ReduceOp::max, ReduceOp::min, ReduceOp::logsumexp, ReduceOp::variance,
                      ReduceOp::deviation})
    for (const View& view : kViews)
      for (const Dims& axes : {Dims{}, Dims{0}, Dims{-1}})
        for (bool keep : {false, true})
          check_gradient([&](const Arrays& in) { return squared(reduce(op, view.of(in[0]), axes, keep)); }, {x},
                         cat(name_of(op), " over ", to_string(axes), " ", view.name), 1e-6);
  check_gradient(
      [](const Arrays& in) {
        return squared(reduce(ReduceOp::mean, reshape(in[0], {2, 3, 4}), {0, 2}, true));
      },
      {x}, "axes apart");
}

TEST(ReduceGradient, OfAProductWithZerosIsTheProductOfTheOthers) {
  check_gradient([](const Arrays& in) { return reduce(ReduceOp::prod, in[0], {1}, false); },
                 {make({2, 0, 3, 0, 0, 5, 1, 2, 4, 0, 7, 0}, {4, 3})}, "prod with zeros");
}

TEST(ReduceGradient, OfEqualMaximaIsShared) {
  const Array x = make({3, 1, 3, 0}, {4});
  EXPECT_EQ(fetch(grad({reduce(ReduceOp::max, x, {}, false)}, {x})[0]), (std::vector<double>{0.5, 0, 0.5, 0}));
}

TEST(ReduceGradient, OfSoftmaxMatchesDifferences) {
  for (const View& view : kViews)
    for (int axis : {0, -1})
      for (bool log : {false, true}) {
        auto formula = [&](const Arrays& in) { return log ? log_softmax(view.of(in[0]), axis) : softmax(view.of(in[0]), axis); };
        auto reference = [&](const Arrays& in) {
          const Array x = view.of(in[0]), y = x - reduce(ReduceOp::logsumexp, x, {axis}, true);
          return log ? y : unary(UnaryOp::exp, y);
        };
        check_gradient(formula, {drawn({4, 6}, -2, 2)}, cat("softmax ", view.name), 1e-6, DType::f32, reference);
      }
}

TEST(ReduceGradient, OfTheLargestValuesGoesToWhereTheyCameFrom) {
  const Array x = make({1, 4, 2, 3, 9, 8, 7, 6}, {2, 4}, DType::f32);
  const Array g = grad({top_k(x, 2).values}, {x}, {make({10, 20, 30, 40}, {2, 2}, DType::f32)})[0];
  EXPECT_EQ(fetch(g), (std::vector<double>{0, 10, 0, 20, 30, 40, 0, 0}));
}

TEST(MatmulGradient, MatchesDifferencesForVectorsMatricesAndBatches) {
  auto product = [](const Arrays& in) { return matmul(in[0], in[1]); };
  const std::vector<std::pair<Shape, Shape>> shapes{
      {{2, 3}, {3, 4}},       {{3}, {3, 2}},       {{2, 3}, {3}},       {{3}, {3}},
      {{2, 2, 3}, {2, 3, 2}}, {{2, 2, 3}, {3, 4}}, {{2, 3}, {2, 3, 2}}, {{2, 1, 2, 3}, {3, 3, 2}}};
  for (const auto& [a, b] : shapes) check_gradient(product, {drawn(a), drawn(b, -1, 1, 2)}, cat(to_string(a), " by ", to_string(b)));
  check_gradient([](const Arrays& in) { return matmul(kViews[1].of(in[0]), in[0]); }, {drawn({4, 6})}, "with itself, strided", 1e-6);
}

TEST(MatmulGradient, OfALinearLayerMatchesDifferences) {
  const Array x = drawn({2, 3, 5}), w0 = drawn({4, 5}, -1, 1, 2), w1 = drawn({2, 5}, -1, 1, 3), b0 = drawn({4}, -1, 1, 4),
              b1 = drawn({2}, -1, 1, 5);
  auto layer = [](const Arrays& in) {
    const std::vector<Array> y = linear(in[0], {in[1], in[2]}, {in[3], in[4]}, Precision::high);
    return reduce(ReduceOp::sum, y[0], {-1}, true) * y[1];
  };
  auto reference = [](const Arrays& in) {
    const Array y0 = matmul(in[0], transpose(in[1])) + in[3], y1 = matmul(in[0], transpose(in[2])) + in[4];
    return reduce(ReduceOp::sum, y0, {-1}, true) * y1;
  };
  check_gradient(layer, {x, w0, w1, b0, b1}, "linear", 1e-5, DType::f32, reference);
}

TEST(MatmulGradient, OfAnOutputNobodyUsesIsLeftOut) {
  const Array x = make({1, 2}, {1, 2}, DType::f32), w0 = make({3, 4}, {1, 2}, DType::f32), w1 = make({5, 6}, {1, 2}, DType::f32);
  const Arrays g = grad({linear(x, {w0, w1}, {}, Precision::high)[1]}, {x, w0, w1});
  EXPECT_EQ(fetch(g[0]), (std::vector<double>{5, 6}));
  EXPECT_EQ(fetch(g[1]), (std::vector<double>{0, 0}));
  EXPECT_EQ(fetch(g[2]), (std::vector<double>{1, 2}));
}

}  // namespace
}  // namespace mlxc::test
