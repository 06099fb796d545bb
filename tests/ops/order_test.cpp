// Orders, running results and writes at positions, in every type and layout, against loops.
#include <numeric>

#include "ops/arrange.h"
#include "ops/creation.h"
#include "ops/indexing.h"
#include "ops/reference.h"
#include "ops/scan.h"
#include "ops/sort.h"
#include "ops/views.h"

namespace mlxc {
namespace {

using namespace test;

const std::vector<DType> kNumbers{DType::u8,  DType::i8,  DType::u16, DType::i16,  DType::u32, DType::i32,
                                  DType::u64, DType::i64, DType::f16, DType::bf16, DType::f32, DType::f64};

// Few different values, so that there are ties; negative ones where the type has them.
std::function<double()> small_numbers(DType dtype, std::mt19937& random) {
  return [dtype, &random] { return double(int(random() % 9) - (is_signed(dtype) ? 4 : 0)); };
}

TEST(Sort, IsStableInEveryTypeAndLayoutBothWays) {
  std::mt19937 random(8);
  for (DType dtype : kNumbers)
    for (const Shape& shape : {Shape{1}, Shape{5, 7}, Shape{3, 300}})  // below and above where the radix sort begins
      for (Lay lay : kLayouts)
        for (bool descending : {false, true}) {
          Reference x;
          const Array input = arrange(shape, dtype, lay, small_numbers(dtype, random), &x);
          const Reference values = fetch(sort(input, -1, descending)), places = fetch(argsort(input, -1, descending));
          const int64_t n = shape.back();
          for (int64_t row = 0; row < element_count(shape) / n; ++row) {
            std::vector<int64_t> order(static_cast<size_t>(n));
            std::iota(order.begin(), order.end(), 0);
            auto at = [&](int64_t i) { return x.values[size_t(row * n + i)]; };
            std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return descending ? at(a) > at(b) : at(a) < at(b); });
            for (int64_t i = 0; i < n; ++i) {
              ASSERT_EQ(places.values[size_t(row * n + i)], double(order[size_t(i)])) << name_of(dtype) << " layout " << int(lay);
              ASSERT_EQ(values.values[size_t(row * n + i)], at(order[size_t(i)])) << name_of(dtype) << " layout " << int(lay);
            }
          }
        }
}

TEST(Sort, OfNothingAndOfScalars) {
  EXPECT_EQ(sort(make({}, {3, 0}, DType::f32), -1).shape(), (Shape{3, 0}));
  EXPECT_EQ(fetch(argsort(make({}, {0, 3}, DType::f32), -1)).values.size(), 0u);
  EXPECT_THROW(sort(make({1}, {}, DType::f32), 0), Error);
}

TEST(Scan, MatchesLoopsInEveryTypeLayoutAndAxis) {
  std::mt19937 random(9);
  for (DType dtype : kNumbers)
    for (ScanOp op : {ScanOp::sum, ScanOp::max, ScanOp::min})
      for (Lay lay : kLayouts)
        for (int axis = 0; axis < 2; ++axis)
          for (bool reverse : {false, true}) {
            Reference x;
            const Array input = arrange({5, 7}, dtype, lay, small_numbers(dtype, random), &x);
            const Reference result = fetch(scan(op, input, axis, reverse));
            for_each_index(x.shape, [&](const Dims& index) {
              double total = x.at(index);
              Dims at = index;
              for (at[axis] = reverse ? x.shape[axis] - 1 : 0; at[axis] != index[axis]; at[axis] += reverse ? -1 : 1) {
                const double v = x.at(at);
                total = op == ScanOp::sum ? total + v : op == ScanOp::max ? std::max(total, v) : std::min(total, v);
              }
              ASSERT_EQ(result.at(index), total) << name_of(op) << " " << name_of(dtype) << " axis " << axis << " layout " << int(lay);
            });
          }
}

TEST(Update, WritesSlicesOfAnyStepInEveryTypeAndLayout) {
  std::mt19937 random(10);
  for (DType dtype : kNumbers)
    for (Lay lay : kLayouts)
      for (Lay from : kLayouts) {
        Reference x, values;
        const Array into = arrange({4, 6}, dtype, lay, small_numbers(dtype, random), &x);
        const Array part = arrange({4, 3}, dtype, from, small_numbers(dtype, random), &values);
        const Array result = slice_update(into, part, {0, -1}, {4, INT64_MIN}, {1, -2});
        Reference expected = x;
        for (int64_t i = 0; i < 4; ++i)
          for (int64_t j = 0; j < 3; ++j) expected.values[size_t(i * 6 + 5 - 2 * j)] = values.values[size_t(i * 3 + j)];
        EXPECT_EQ(fetch(result).values, expected.values) << name_of(dtype) << " layouts " << int(lay) << ", " << int(from);
        EXPECT_EQ(fetch(into).values, x.values);  // the old array is as it was
      }
}

TEST(Scatter, CombinesInOrderAndDropsWhatIsOutOfRange) {
  for (DType dtype : kNumbers) {
    const Array x = make({1, 2, 3, 4}, {4}, dtype), at = make({0, 3, 0, 4, -1, -5}, {6}, DType::i32),
                values = make({5, 6, 7, 9, 2, 9}, {6}, dtype);
    EXPECT_EQ(fetch(scatter(ScatterOp::set, x, at, values)).values, (std::vector<double>{7, 2, 3, 2})) << name_of(dtype);
    EXPECT_EQ(fetch(scatter(ScatterOp::add, x, at, values)).values, (std::vector<double>{13, 2, 3, 12})) << name_of(dtype);
    EXPECT_EQ(fetch(scatter(ScatterOp::multiply, x, at, values)).values, (std::vector<double>{35, 2, 3, 48})) << name_of(dtype);
    EXPECT_EQ(fetch(scatter(ScatterOp::minimum, x, at, values)).values, (std::vector<double>{1, 2, 3, 2})) << name_of(dtype);
    EXPECT_EQ(fetch(scatter(ScatterOp::maximum, x, at, values)).values, (std::vector<double>{7, 2, 3, 6})) << name_of(dtype);
  }
  EXPECT_THROW(scatter(ScatterOp::add, make({1}, {1}, DType::f32), make({0}, {1}, DType::f32), make({1}, {1}, DType::f32)), Error);
  EXPECT_THROW(scatter(ScatterOp::add, make({1, 2}, {1, 2}, DType::f32), make({0}, {1}, DType::i32), make({1, 2, 3}, {3}, DType::f32)),
               Error);
}

TEST(Scatter, SharedAmongThreadsGivesTheSumOfAll) {
  const int64_t rows = 97, count = 5000, width = 16;
  std::mt19937 random(11);
  std::vector<double> places(static_cast<size_t>(count)), expected(size_t(rows), 0);
  for (double& place : places) {
    place = double(random() % rows);
    expected[size_t(place)] += 1;
  }
  const Array sums = scatter(ScatterOp::add, full(test::device(), {rows, width}, 0, DType::f32), make(places, {count}, DType::i64),
                             full(test::device(), {count, width}, 1, DType::f32));
  const Reference result = fetch(sums);
  for (int64_t i = 0; i < rows * width; ++i) ASSERT_EQ(result.values[size_t(i)], expected[size_t(i / width)]);
}

TEST(Windows, SeeEveryPlaceOfEveryLayout) {
  std::mt19937 random(12);
  for (Lay lay : kLayouts) {
    Reference x;
    const Array input = arrange(
        {2, 9, 8}, DType::f32, lay, [&] { return double(random() % 100); }, &x);
    const Array cut = windows(input, {3, 2}, {2, 1}, {1, 3});
    ASSERT_EQ(cut.shape(), (Shape{2, 4, 5, 3, 2}));
    const Reference result = fetch(cut);
    for_each_index(cut.shape(), [&](const Dims& i) {
      ASSERT_EQ(result.at(i), x.at({i[0], i[1] * 2 + i[3], i[2] + i[4] * 3})) << int(lay);
    });
  }
  EXPECT_THROW(windows(make({1, 2}, {2}, DType::f32), {3}, {1}, {1}), Error);
}

TEST(Bitcast, KeepsTheBytes) {
  EXPECT_EQ(fetch(bitcast(make({1, -2}, {2}, DType::f32), DType::i32)).values, (std::vector<double>{0x3f800000, -0x40000000}));
  EXPECT_THROW(bitcast(make({1}, {1}, DType::f32), DType::i64), Error);
}

TEST(AsStrided, RefusesWhatLiesOutside) {
  const Array x = make({1, 2, 3, 4}, {2, 2}, DType::f32);
  EXPECT_EQ(fetch(as_strided(transpose(x), {3, 2}, {1, 1}, 0)).values,
            (std::vector<double>{1, 3, 3, 2, 2, 4}));  // of the row-major order of x^T
  EXPECT_THROW(as_strided(x, {3, 2}, {1, 2}, 0), Error);
  EXPECT_THROW(as_strided(x, {2}, {-1}, 0), Error);
  EXPECT_THROW(as_strided(x, {2}, {INT64_MAX}, 3), Error);
}

TEST(Scan, BeginsExclusiveExtremesOfIntegersWithTheEndsOfTheirTypes) {
  for (const auto& [dtype, low, high] : std::vector<std::tuple<DType, double, double>>{{DType::boolean, 0, 1},
                                                                                       {DType::u8, 0, 255},
                                                                                       {DType::i8, -128, 127},
                                                                                       {DType::u16, 0, 65535},
                                                                                       {DType::i16, -32768, 32767},
                                                                                       {DType::u32, 0, 4294967295.0},
                                                                                       {DType::i32, -2147483648.0, 2147483647.0},
                                                                                       {DType::i64, -0x1p63, 0x1p63},
                                                                                       {DType::u64, 0, 0x1p64}}) {
    const Array x = make({1, 0, 1}, {3}, dtype);
    EXPECT_EQ(fetch(scan(ScanOp::max, x, 0, false, true)).values, (std::vector<double>{low, 1, 1})) << name_of(dtype);
    EXPECT_EQ(fetch(scan(ScanOp::min, x, 0, true, true)).values, (std::vector<double>{0, 1, high})) << name_of(dtype);
    EXPECT_EQ(fetch(scan(ScanOp::min, reshape(x, {3, 1}), 0, true, true)).values, (std::vector<double>{0, 1, high})) << name_of(dtype);
  }
}

TEST(Emptiness, GoesThroughEverything) {
  const Array none = make({}, {0, 3}, DType::f32);
  EXPECT_EQ(tile(none, {2, 2}).shape(), (Shape{0, 6}));
  EXPECT_EQ(fetch(flip(transpose(none), {})).values.size(), 0u);
  EXPECT_EQ(fetch(pad(none, {1, 0}, {1, 0}, PadMode::constant, 2)).values, (std::vector<double>(6, 2)));
  EXPECT_EQ(fetch(scan(ScanOp::sum, none, 0)).values.size(), 0u);
  EXPECT_EQ(nonzero(none)[0].size(), 0);
  EXPECT_EQ(unique(none).values.size(), 0);
  EXPECT_EQ(fetch(take_along_axis(none, make({}, {0, 3}, DType::i64), 0)).values.size(), 0u);
  EXPECT_EQ(fetch(searchsorted(make({}, {0}, DType::f32), make({1, 2}, {2}, DType::f32), false)).values, (std::vector<double>{0, 0}));
}

}  // namespace
}  // namespace mlxc
