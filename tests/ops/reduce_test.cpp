// Reductions and softmax against float64 loops.
#include "ops/reduce.h"

#include "backend/cpu/cpu_device.h"
#include "ops/creation.h"
#include "ops/reference.h"

namespace mlxc {
namespace {

using namespace test;

Reference reduce_slowly(ReduceOp op, const Reference& x, const Dims& axes, bool keepdims) {
  auto reduced = [&](int axis) { return axes.rank() == 0 || std::find(axes.begin(), axes.end(), axis) != axes.end(); };
  Shape kept, full;
  for (int axis = 0; axis < x.shape.rank(); ++axis) {
    full.push_back(reduced(axis) ? 1 : x.shape[axis]);
    if (!reduced(axis) || keepdims) kept.push_back(reduced(axis) ? 1 : x.shape[axis]);
  }
  std::vector<std::vector<double>> groups(size_t(element_count(full)));
  for_each_index(x.shape, [&](const Dims& index) {
    int64_t flat = 0;
    for (int axis = 0; axis < full.rank(); ++axis) flat = flat * full[axis] + (full[axis] == 1 ? 0 : index[axis]);
    groups[size_t(flat)].push_back(x.at(index));
  });
  Reference result{kept, {}};
  for (const auto& group : groups) {
    double total = 0, product = 1, high = -INFINITY, low = INFINITY, exponentials = 0;
    bool any = false, all = true;
    for (double v : group) {
      total += v;
      product *= v;
      high = std::max(high, v);
      low = std::min(low, v);
      exponentials += std::exp(v);
      any |= v != 0;
      all &= v != 0;
    }
    switch (op) {
      case ReduceOp::sum: result.values.push_back(total); break;
      case ReduceOp::mean: result.values.push_back(total / double(group.size())); break;
      case ReduceOp::prod: result.values.push_back(product); break;
      case ReduceOp::max: result.values.push_back(high); break;
      case ReduceOp::min: result.values.push_back(low); break;
      case ReduceOp::any: result.values.push_back(any); break;
      case ReduceOp::all: result.values.push_back(all); break;
      case ReduceOp::logsumexp: result.values.push_back(std::log(exponentials)); break;
      case ReduceOp::variance:
      case ReduceOp::deviation: {
        double squares = 0;
        for (double v : group) squares += (v - total / double(group.size())) * (v - total / double(group.size()));
        const double variance = squares / double(group.size());
        result.values.push_back(op == ReduceOp::variance ? variance : std::sqrt(variance));
        break;
      }
    }
  }
  return result;
}

TEST(Reduce, MatchesFloat64OverEveryChoiceOfAxesAndLayout) {
  std::mt19937 random(4);
  std::uniform_real_distribution<double> draw(-1.5, 1.5);
  for (ReduceOp op : {ReduceOp::sum, ReduceOp::mean, ReduceOp::prod, ReduceOp::max, ReduceOp::min, ReduceOp::any, ReduceOp::all,
                      ReduceOp::logsumexp, ReduceOp::variance, ReduceOp::deviation})
    for (DType dtype : {DType::f16, DType::bf16, DType::f32, DType::f64, DType::i32, DType::i64, DType::u8})
      for (const Shape& shape : {Shape{2, 3, 4}, Shape{3, 700}, Shape{1031}})
        for (Lay lay : kLayouts)
          for (int mask = 0; mask < (1 << shape.rank()); ++mask) {
            bool keepdims = (mask + int(lay)) % 2;
            if (op == ReduceOp::prod && element_count(shape) > 100) continue;  // overflows
            if (is_integer(dtype) && (op == ReduceOp::mean || op >= ReduceOp::logsumexp)) continue;
            Dims axes;
            for (int axis = 0; axis < shape.rank(); ++axis)
              if (mask >> axis & 1) axes.push_back(axis);
            Reference x;
            auto next = [&] { return is_integer(dtype) ? std::floor(std::abs(draw(random)) * 2) : draw(random); };
            Array result = reduce(op, arrange(shape, dtype, lay, next, &x), axes, keepdims);
            double count = double(element_count(shape));
            double tolerance = is_float(result.dtype()) ? unit(result.dtype()) * (op == ReduceOp::prod ? 2 * count : 8) +
                                                              (dtype == DType::f64 ? 1e-14 : 2e-7) * std::sqrt(count)
                                                        : 0;
            EXPECT_TRUE(near(fetch(result), reduce_slowly(op, x, axes, keepdims), tolerance,
                             op == ReduceOp::prod ? 1e-4 : 1))  // f16 is subnormal below 6e-5
                << name_of(op) << " " << name_of(dtype) << " " << to_string(shape) << " axes " << to_string(axes) << " layout " << int(lay);
          }
}

TEST(Reduce, EmptyAxesGiveTheNeutralElementWhereThereIsOne) {
  Array x = make({}, {2, 0}, DType::f32);
  EXPECT_EQ(fetch(reduce(ReduceOp::sum, x, {1}, false)).values, (std::vector<double>{0, 0}));
  EXPECT_EQ(fetch(reduce(ReduceOp::prod, x, {1}, false)).values, (std::vector<double>{1, 1}));
  EXPECT_EQ(fetch(reduce(ReduceOp::any, x, {1}, false)).values, (std::vector<double>{0, 0}));
  EXPECT_EQ(fetch(reduce(ReduceOp::all, x, {1}, false)).values, (std::vector<double>{1, 1}));
  EXPECT_THROW(reduce(ReduceOp::max, x, {1}, false), Error);
  EXPECT_THROW(argmax(x, 1, false), Error);
}

// The mean of numbers far from zero is rounded by more than they lie apart.
TEST(Reduce, VarianceKeepsItsDigitsFarFromZero) {
  for (const Shape& shape : {Shape{1000}, Shape{100, 33}, Shape{300000}}) {
    Reference x{shape, {}};
    for (int64_t i = 0; i < element_count(shape); ++i) x.values.push_back(30000 + double(i % 17) / 64);
    for (ReduceOp op : {ReduceOp::variance, ReduceOp::deviation})
      EXPECT_TRUE(near(fetch(reduce(op, make(x.values, shape, DType::f32), {}, false)), reduce_slowly(op, x, {}, false), 1e-5, 0))
          << name_of(op) << " " << to_string(shape);
  }
}

// A captured function meets shapes that nobody has checked.
TEST(Reduce, ExtremesOfNothingAreErrorsInFunctionsToo) {
  const std::function<Array(const Array&)> extremes[] = {[](const Array& x) { return reduce(ReduceOp::max, x, {}, false); },
                                                         [](const Array& x) { return reduce(ReduceOp::min, x, {0}, false); },
                                                         [](const Array& x) { return argmax(x, 0, false); }};
  for (const auto& extreme : extremes) {
    const Array x = Array::placeholder(test::device(), {3}, DType::f32);
    const Function function = Function::capture({x}, {extreme(x)});
    EXPECT_EQ(fetch(function.run({make({1, 2, 0}, {3}, DType::f32)})[0]).values.size(), 1u);
    EXPECT_THROW(function.run({make({}, {0}, DType::f32)}), Error);
  }
}

// The CPU computes such a chain inside the reduction. What is also an output is computed first and read.
TEST(Reduce, TakesAChainOfOperationsWithTheBitsOfBothApart) {
  std::mt19937 random(6);
  std::uniform_real_distribution<double> draw(-1, 1);
  for (DType dtype : {DType::f32, DType::f64}) {
    for (const Shape& shape : {Shape{100003}, Shape{70, 1001}, Shape{3, 40, 600}, Shape{5, 70000}}) {
      for (Lay lay : {Lay::contiguous, Lay::transposed, Lay::broadcast}) {
        Reference values;
        const Array x = arrange(
            shape, dtype, lay, [&] { return draw(random); }, &values);
        const Array y = arrange(
            {shape.back()}, dtype, Lay::contiguous, [&] { return draw(random); }, &values);
        const Array flat = make({0.5}, {}, dtype);
        auto chain = [&] { return unary(UnaryOp::tanh, x * y + flat) - x; };
        auto outputs = [](const Array& v) {
          return Arrays{reduce(ReduceOp::sum, v, {-1}, false),
                        reduce(ReduceOp::variance, v, {-1}, false),
                        reduce(ReduceOp::max, v, {-1}, true),
                        reduce(ReduceOp::sum, v, {}, false),
                        reduce(ReduceOp::logsumexp, v, {-1}, false),
                        argmax(v, -1, false),
                        reduce(ReduceOp::sum, reshape(v, {-1}), {}, false)};
        };
        const Array whole = chain();
        eval({whole});
        const Arrays apart = outputs(whole);
        for (size_t i = 0; i < apart.size(); ++i) {
          const Array joined = outputs(chain())[i];
          EXPECT_EQ(fetch(joined).values, fetch(apart[i]).values) << name_of(dtype) << " " << to_string(shape) << " output " << i;
        }
        const Array v = chain();
        const Arrays all = {reduce(ReduceOp::sum, v, {-1}, false), reduce(ReduceOp::max, v, {-1}, false), v};  // v is needed for itself too
        eval(all);
        EXPECT_EQ(fetch(all[0]).values, fetch(apart[0]).values);
        EXPECT_EQ(fetch(all[2]).values, fetch(whole).values);
      }
    }
  }
}

TEST(Reduce, OfAChainIsOneLaunchOnTheCpu) {
  Profile& profile = *cpu_device().profile();
  const Array x = full(cpu_device(), {100000}, 2, DType::f32), doubled = x * 2.0;
  eval({x});
  profile.reset();
  profile.time(Timing::kernels);
  const Array total = reduce(ReduceOp::sum, unary(UnaryOp::sqrt, doubled), {}, false);
  eval({total});
  profile.time(Timing::none);
  const ProfileTable table = profile.table();
  ASSERT_EQ(table.kernels.size(), 1u);
  EXPECT_EQ(table.kernels[0].label->operations, 3);
  EXPECT_EQ(table.kernels[0].label->bytes, 400004);
  EXPECT_EQ(fetch(total).values, (std::vector<double>{200000}));
  profile.reset();
}

TEST(Reduce, OfAnyAndAllIsBooleanOverAxesThatAreApart) {
  for (const DType dtype : {DType::f16, DType::bf16, DType::f32, DType::i8})
    for (const ReduceOp op : {ReduceOp::any, ReduceOp::all}) {
      const Array y = reduce(op, make({0, 0, 1, 0, 2, 3, 4, 0}, {2, 2, 2}, dtype), {0, 2}, false);
      EXPECT_EQ(y.dtype(), DType::boolean) << name_of(dtype);
      EXPECT_EQ(fetch(y).values, (op == ReduceOp::any ? std::vector<double>{1, 1} : std::vector<double>{0, 0}));
    }
}

TEST(Reduce, RefusesAxesTwiceOrOutOfRange) {
  Array x = make({1, 2}, {2}, DType::f32);
  EXPECT_THROW(reduce(ReduceOp::sum, x, {0, -1}, false), Error);
  EXPECT_THROW(reduce(ReduceOp::sum, x, {1}, false), Error);
}

TEST(ArgReduce, FindsTheFirstWinnerAlongEachAxis) {
  Array x = make({3, 9, 9, 1, 4, 4}, {2, 3}, DType::f32);
  EXPECT_EQ(fetch(argmax(x, 1, false)).values, (std::vector<double>{1, 1}));
  EXPECT_EQ(fetch(argmax(x, 0, false)).values, (std::vector<double>{0, 0, 0}));
  EXPECT_EQ(fetch(argmin(x, 1, true)).values, (std::vector<double>{0, 0}));
  EXPECT_EQ(argmin(x, 1, true).shape(), (Shape{2, 1}));
  EXPECT_EQ(fetch(argmax(make({1, NAN, 3}, {3}, DType::f32), 0, false)).values, (std::vector<double>{1}));  // NaN wins, as in NumPy
}

TEST(Softmax, SumsToOneAndMatchesFloat64AlongEveryAxis) {
  std::mt19937 random(5);
  std::uniform_real_distribution<double> draw(-30, 30);
  for (DType dtype : {DType::f16, DType::bf16, DType::f32})
    for (const Shape& shape : {Shape{1}, Shape{33}, Shape{5, 1000}, Shape{2, 3, 17}})
      for (Lay lay : kLayouts)
        for (int axis = 0; axis < shape.rank(); ++axis) {
          Reference x;
          Array input = arrange(
              shape, dtype, lay, [&] { return draw(random); }, &x);
          Reference shifted = reduce_slowly(ReduceOp::logsumexp, x, {axis}, true), expected{shape, {}}, expected_log{shape, {}};
          for_each_index(shape, [&](const Dims& index) {
            Dims at = index;
            at[axis] = 0;
            expected_log.values.push_back(x.at(index) - shifted.at(at));
            expected.values.push_back(std::exp(expected_log.values.back()));
          });
          double tolerance = 4 * unit(dtype) + 2e-6;
          EXPECT_TRUE(near(fetch(softmax(input, axis)), expected, tolerance, dtype == DType::f16 ? 6e-5 : 1e-6))
              << name_of(dtype) << " " << to_string(shape) << " axis " << axis;
          EXPECT_TRUE(near(fetch(log_softmax(input, axis)), expected_log, tolerance, 1))
              << name_of(dtype) << " " << to_string(shape) << " axis " << axis;
        }
}

TEST(TopK, GivesTheLargestWithTiesByIndexAndNanFirst) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Array x = Array::from_vector<float>(test::device(), {1, 5, 3, 5, -1, 0, 7, nan, 2, 7, 7, -4}, {2, 6}, DType::f32);
  const TopValues top = top_k(x, 4);
  std::vector<float> values(8);
  std::vector<int32_t> indices(8);
  read(top.values, values.data(), 32);
  read(top.indices, indices.data(), 32);
  EXPECT_EQ(indices, (std::vector<int32_t>{1, 3, 2, 0, 1, 0, 3, 4}));
  EXPECT_TRUE(std::isnan(values[4]));
  values[4] = 0;
  EXPECT_EQ(values, (std::vector<float>{5, 5, 3, 1, 0, 7, 7, 7}));
  EXPECT_THROW(top_k(x, 7), Error);
  EXPECT_THROW(top_k(x, 0), Error);
}

// The largest element is subtracted first: of an infinite one nothing is left that has a value.
TEST(Softmax, OfAnInfinityIsNaNInEveryType) {
  for (DType dtype : {DType::f16, DType::bf16, DType::f32, DType::f64})
    for (const Reference& y :
         {fetch(softmax(make({1, INFINITY, 2}, {3}, dtype), 0)), fetch(log_softmax(make({1, INFINITY, 2}, {3}, dtype), 0))})
      EXPECT_TRUE(std::isnan(y.values[1])) << name_of(dtype);
}

}  // namespace
}  // namespace mlxc
