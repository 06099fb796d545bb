// Views, copies, lookups and matrix products against index arithmetic.
#include "ops/arrange.h"
#include "ops/creation.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/reference.h"

namespace mlxc {
namespace {

using namespace test;

Array counting(const Shape& shape, DType dtype = DType::f32) {
  std::vector<double> values(size_t(element_count(shape)));
  for (size_t i = 0; i < values.size(); ++i) values[i] = double(i % 100);
  return make(values, shape, dtype);
}

TEST(Views, ReadsGiveLogicalOrder) {
  Array x = counting({2, 3});
  EXPECT_EQ(fetch(transpose(x)).values, (std::vector<double>{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(fetch(reshape(transpose(x), {6})).values, (std::vector<double>{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(fetch(broadcast_to(slice_axis(x, 0, 1, 2), {2, 3})).values, (std::vector<double>{3, 4, 5, 3, 4, 5}));
  EXPECT_EQ(fetch(expand_dims(x, -1)).shape, (Shape{2, 3, 1}));
  EXPECT_EQ(fetch(squeeze(expand_dims(x, 0), 0)).values, fetch(x).values);
}

TEST(Views, SliceFollowsPythonOnEveryBoundAndStep) {
  for (int64_t n : {0, 1, 5, 8}) {
    Array x = counting({n});
    for (int64_t start : {-9, -3, -1, 0, 2, 9})
      for (int64_t stop : {-9, -3, -1, 0, 2, 9})
        for (int64_t step : {-3, -1, 1, 2}) {
          auto clip = [&](int64_t i) {
            return step > 0 ? std::clamp<int64_t>(i < 0 ? i + n : i, 0, n) : std::clamp<int64_t>(i < 0 ? i + n : i, -1, n - 1);
          };
          std::vector<double> expected;
          for (int64_t i = clip(start); step > 0 ? i < clip(stop) : i > clip(stop); i += step) expected.push_back(double(i));
          EXPECT_EQ(fetch(slice(x, {start}, {stop}, {step})).values, expected) << n << ": " << start << ":" << stop << ":" << step;
        }
  }
  EXPECT_THROW(slice(counting({4}), {0}, {4}, {0}), Error);
  EXPECT_THROW(slice(counting({4}), {0, 0}, {4, 1}, {1, 1}), Error);
}

TEST(Views, ReshapeOfEveryStridedFormKeepsTheOrder) {
  for (Lay lay : kLayouts)
    for (const Shape& to : {Shape{24}, Shape{4, 6}, Shape{2, 2, 6}, Shape{-1, 3}, Shape{1, 24, 1}}) {
      Reference expected;
      int next = 0;
      Array x = arrange(
          {2, 3, 4}, DType::i16, lay, [&] { return double(next++); }, &expected);
      EXPECT_EQ(fetch(reshape(x, to)).values, expected.values) << int(lay) << " " << to_string(to);
    }
  EXPECT_THROW(reshape(counting({6}), {4}), Error);
  EXPECT_THROW(reshape(counting({6}), {-1, -1}), Error);
  EXPECT_THROW(reshape(counting({6}), {-1, 4}), Error);
}

TEST(Views, RefusesWrongAxes) {
  Array x = counting({2, 3});
  EXPECT_THROW(transpose(x, {0, 0}), Error);
  EXPECT_THROW(transpose(x, {0}), Error);
  EXPECT_THROW(transpose(x, {0, 2}), Error);
  EXPECT_THROW(broadcast_to(x, {2, 4}), Error);
  EXPECT_THROW(squeeze(x, 0), Error);
}

// Every operation works at the limit of axes, also those that would like one more for a moment; one more is an error.
TEST(Views, ArraysHaveUpToSixtyFourAxes) {
  constexpr int kLast = kMaxRank - 1;
  Shape shape = Dims::filled(kMaxRank, 1);
  shape[0] = 2, shape[kLast - 1] = 3, shape[kLast] = 2;
  const Array flat = counting({2, 3, 2}), x = reshape(flat, shape);
  auto values = [](const Array& array) { return fetch(array).values; };
  Dims twice = Dims::filled(kMaxRank, 1), swapped;
  twice[0] = twice[kLast - 1] = twice[kLast] = 2;
  for (int axis = 0; axis < kMaxRank; ++axis) swapped.push_back(axis);
  std::swap(swapped[kLast - 1], swapped[kLast]);
  EXPECT_EQ(values(tile(x, twice)), values(tile(flat, {2, 2, 2})));
  twice[30] = 3;
  EXPECT_EQ(values(tile(x, twice)), values(tile(reshape(flat, {2, 1, 3, 2}), {2, 3, 2, 2})));
  EXPECT_EQ(tile(x, Dims::filled(kMaxRank, 0)).size(), 0);
  for (int axis : {0, kLast - 1, kLast})
    EXPECT_EQ(values(repeat(x, 3, axis)), values(repeat(flat, 3, axis ? axis - kLast + 2 : 0))) << axis;
  EXPECT_EQ(values(transpose(x)), values(transpose(flat)));
  EXPECT_EQ(values(roll(x, {1}, {kLast})), values(roll(flat, {1}, {2})));
  EXPECT_EQ(values(matmul(x, transpose(x, swapped))), values(matmul(flat, transpose(flat, {0, 2, 1}))));
  EXPECT_EQ(values(reduce(ReduceOp::sum, x, {0, kLast}, false)), values(reduce(ReduceOp::sum, flat, {0, 2}, false)));
  EXPECT_THROW(expand_dims(x, 0), Error);
  EXPECT_THROW(stack({x, x}, 0), Error);
}

TEST(Concatenate, JoinsAnyLayoutAlongAnyAxis) {
  Array a = counting({2, 3}), b = transpose(counting({3, 2}));
  EXPECT_EQ(fetch(concatenate({a, b}, 0)).values, (std::vector<double>{0, 1, 2, 3, 4, 5, 0, 2, 4, 1, 3, 5}));
  EXPECT_EQ(fetch(concatenate({a, b}, -1)).values, (std::vector<double>{0, 1, 2, 0, 2, 4, 3, 4, 5, 1, 3, 5}));
  EXPECT_EQ(concatenate({a, counting({0, 3})}, 0).shape(), (Shape{2, 3}));
  EXPECT_THROW(concatenate({a, counting({2, 2})}, 0), Error);
  EXPECT_THROW(concatenate({}, 0), Error);
}

TEST(Take, LooksUpRowsAndGivesZerosOutOfRange) {
  for (DType table : {DType::f32, DType::f16, DType::bf16, DType::i32})
    for (DType index : {DType::i32, DType::i64}) {
      Array rows = take(counting({4, 3}, table), make({2, 0, -1, 4}, {2, 2}, index), DType::f32);
      EXPECT_EQ(rows.shape(), (Shape{2, 2, 3}));
      EXPECT_EQ(fetch(rows).values, (std::vector<double>{6, 7, 8, 0, 1, 2, 0, 0, 0, 0, 0, 0}));
    }
}

TEST(Matmul, MatchesFloat64OverTypesShapesLayoutsAndBatches) {
  std::mt19937 random(6);
  std::uniform_real_distribution<double> draw(-1, 1);
  struct Case {
    Shape a, b;
  };
  for (const Case& test : {Case{{1, 1}, {1, 1}}, Case{{5, 7}, {7, 3}}, Case{{33, 130}, {130, 65}}, Case{{2, 3, 4}, {2, 4, 5}},
                           Case{{3, 1, 4, 6}, {2, 6, 2}}, Case{{4, 0}, {0, 3}}, Case{{0, 4}, {4, 3}}})
    for (DType dtype : {DType::f32, DType::f64, DType::i32, DType::f16, DType::bf16})
      for (Lay left : kLayouts)
        for (Lay right : {Lay::contiguous, Lay::transposed, Lay::every_second}) {
          auto next = [&] { return is_integer(dtype) ? std::floor(draw(random) * 5) : draw(random); };
          Reference a, b;
          Array x = arrange(test.a, dtype, left, next, &a), y = arrange(test.b, dtype, right, next, &b);
          Array product = matmul(x, y);
          Reference expected{product.shape(), {}};
          int64_t k = test.a.back();
          for_each_index(product.shape(), [&](const Dims& index) {
            auto element = [&](const Reference& m, int64_t row, int64_t column) {
              Dims at = Dims::filled(m.shape.rank(), 0);
              for (int axis = 0; axis < m.shape.rank() - 2; ++axis)
                at[axis] = m.shape[axis] == 1 ? 0 : index[axis + index.rank() - m.shape.rank()];
              at[m.shape.rank() - 2] = row;
              at[m.shape.rank() - 1] = column;
              return m.at(at);
            };
            double total = 0;
            for (int64_t i = 0; i < k; ++i) total += element(a, index[index.rank() - 2], i) * element(b, i, index.back());
            expected.values.push_back(total);
          });
          EXPECT_TRUE(near(fetch(product), expected, unit(dtype) * 2 * (1 + std::sqrt(double(k))) * 4, 1))
              << to_string(test.a) << " x " << to_string(test.b) << " " << name_of(dtype) << " layouts " << int(left) << ", " << int(right);
        }
}

TEST(Matmul, VectorsLoseTheirAxis) {
  Array m = counting({2, 3}), v = counting({3});
  EXPECT_EQ(fetch(matmul(m, v)).values, (std::vector<double>{5, 14}));
  EXPECT_EQ(matmul(counting({2}), m).shape(), (Shape{3}));
  EXPECT_EQ(matmul(v, v).shape(), Shape{});
  EXPECT_THROW(matmul(m, m), Error);
  EXPECT_THROW(matmul(full(test::device(), {}, 1, DType::f32), v), Error);
}

}  // namespace
}  // namespace mlxc
