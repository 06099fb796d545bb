// Sorting, running results, random words and scattered rows on the Vulkan device against the CPU, at the sizes where their kernels change.
#include <cstring>

#include "graph/function.h"
#include "ops/elementwise.h"
#include "ops/indexing.h"
#include "ops/random.h"
#include "ops/scan.h"
#include "ops/sort.h"
#include "vulkan/launch_compare.h"

namespace mlxc::vulkan {
namespace {

struct IndexOps : LaunchTest {};

TEST_F(IndexOps, SortsBlocksAndMergesThem) {
  struct Case {
    Shape shape;
    DType dtype;
  };
  for (const Case& c : {Case{{3000, 3}, DType::f32},
                        {{7, 1000}, DType::f16},
                        {{2, 1024}, DType::i8},
                        {{3, 1025}, DType::f32},
                        {{2, 5000}, DType::i64},
                        {{20000}, DType::f64},
                        {{2, 3000}, DType::bf16},
                        {{4097}, DType::u8}})
    for (bool descending : {false, true})
      for (bool indices : {false, true}) {
        const auto value = [&](size_t, int64_t i) {
          const int64_t v = i * 7919 % 613 - 300;
          if (is_float(c.dtype) && i % 97 == 5) return i % 2 ? std::numeric_limits<double>::quiet_NaN() : -0.0;
          return is_signed(c.dtype) ? double(v % 128) : double((v + 300) % 250);
        };
        const Launch launch = launch_of(std::make_shared<const Sort>(descending, indices), {lay(c.shape, c.dtype, Lie::dense)}, value);
        EXPECT_EQ(run_on_vulkan(launch, "sort"), run_on_cpu(launch))
            << to_string(c.shape) << " " << name_of(c.dtype) << (descending ? " descending" : "") << (indices ? " places" : "");
      }
}

TEST_F(IndexOps, ScansShortLongAndStridedRows) {
  struct Case {
    Shape shape;
    int axis;
  };
  for (const Case& c : {Case{{1}, 0}, {{300, 5}, 1}, {{5, 300}, 0}, {{3, 1030}, 1}, {{40000}, 0}, {{2, 700, 3}, 1}, {{2, 70, 3000}, 1}})
    for (DType dtype : {DType::f32, DType::f16, DType::i64, DType::u8, DType::f64})
      for (ScanOp op : {ScanOp::sum, ScanOp::max, ScanOp::min})
        for (bool reverse : {false, true})
          for (bool exclusive : {false, true}) {
            const Launch launch = launch_of(std::make_shared<const Scan>(op, c.axis, reverse, exclusive), {lay(c.shape, dtype, Lie::dense)},
                                            [&](size_t, int64_t i) { return double(i * 31 % 17) - (is_signed(dtype) ? 8 : 0); });
            compare(launch, {.ulps = is_float(dtype) ? 1.0 : 0},
                    cat(to_string(c.shape), " axis ", c.axis, " ", name_of(dtype), " ", name_of(op), reverse ? " reverse" : "",
                        exclusive ? " exclusive" : ""));
          }
}

TEST_F(IndexOps, ANanStaysFromWhereItStands) {
  for (ScanOp op : {ScanOp::sum, ScanOp::prod, ScanOp::max}) {
    const Launch launch =
        launch_of(std::make_shared<const Scan>(op, 0, false, false), {lay({3000}, DType::f32, Lie::dense)}, [](size_t, int64_t i) {
          return i == 1500 ? std::numeric_limits<double>::quiet_NaN() : i % 2 ? 0.5 : 2.0;
        });
    compare(launch, {.ulps = 1}, std::string(name_of(op)));
  }
}

TEST_F(IndexOps, RandomWordsAreThoseOfTheCpu) {
  for (int64_t count : {1, 3, 4, 1000, 1025, 70001})
    for (uint32_t purpose : {0u, 1u}) {
      const Launch launch = launch_of(std::make_shared<const RandomBits>(Shape{count}, purpose), {lay({2}, DType::u32, Lie::dense)},
                                      [](size_t, int64_t i) { return i ? 3141592653.0 : 2718281828.0; });
      EXPECT_EQ(run_on_vulkan(launch, "random"), run_on_cpu(launch)) << count;
    }
}

template <class T>
std::vector<T> values_of(const Array& array) {
  std::vector<T> values(static_cast<size_t>(array.size()));
  read(array, values.data(), values.size() * sizeof(T));
  return values;
}

TEST_F(IndexOps, RandomNumbersAreThoseOfTheCpu) {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    auto on = [&](Device& device) {
      const Array key = random::key(device, 17);
      const Shape shape{100001};
      std::vector<std::vector<float>> all;
      for (const Array& numbers : {random::uniform(key, shape, dtype, -2, 3), random::normal(key, shape, dtype, 0.5, 2),
                                   random::truncated_normal(key, shape, dtype, -1, 2)})
        all.push_back(values_of<float>(cast(numbers, DType::f32)));
      return all;
    };
    EXPECT_EQ(on(shared_device()->device()), on(cpu_device())) << name_of(dtype);
  }
}

TEST_F(IndexOps, ScatteredRowsCombineInOrder) {
  for (const auto& [n, rows, width] : {std::array<int64_t, 3>{5, 7, 1}, {1500, 40, 3}, {3000, 2000, 1}, {900, 10, 65}}) {
    std::vector<float> x(size_t(rows * width)), values(size_t(n * width));
    std::vector<int64_t> indices(static_cast<size_t>(n));
    for (size_t i = 0; i < x.size(); ++i) x[i] = float(i % 13) - 6;
    for (size_t i = 0; i < values.size(); ++i) values[i] = float(double(i * 7919 % 1009) / 509 - 1);  // sums depend on their order
    for (size_t i = 0; i < indices.size(); ++i) indices[i] = int64_t(i * 31 % size_t(rows + 3)) - 1;  // some out of range
    for (ScatterOp op : {ScatterOp::set, ScatterOp::add, ScatterOp::multiply, ScatterOp::minimum, ScatterOp::maximum}) {
      auto on = [&](Device& device) {
        const Array to = Array::from_vector<float>(device, x, {rows, width}, DType::f32),
                    at = Array::from_vector<int64_t>(device, indices, {n}, DType::i64),
                    from = Array::from_vector<float>(device, values, {n, width}, DType::f32);
        return values_of<float>(scatter(op, to, at, from));
      };
      EXPECT_EQ(on(shared_device()->device()), on(cpu_device()))
          << n << " rows into " << rows << " x " << width << ", operation " << int(op);
    }
  }
}

TEST_F(IndexOps, NothingOfThisRunsOnTheHost) {
  const Launch launches[]{
      launch_of(std::make_shared<const Sort>(false, true), {lay({3, 5000}, DType::f32, Lie::dense)},
                [](size_t, int64_t i) { return double(i); }),
      launch_of(std::make_shared<const Scan>(ScanOp::max, 0, false, false), {lay({50, 3}, DType::f32, Lie::dense)},
                [](size_t, int64_t i) { return double(i); }),
      launch_of(std::make_shared<const RandomBits>(Shape{10}, 0), {lay({2}, DType::u32, Lie::dense)},
                [](size_t, int64_t i) { return double(i); }),
      launch_of(std::make_shared<const Scatter>(ScatterOp::add),
                {lay({5, 3}, DType::f32, Lie::dense), lay({4}, DType::i64, Lie::dense), lay({4, 3}, DType::f32, Lie::dense)},
                [](size_t, int64_t i) { return double(i % 5); }),
      launch_of(std::make_shared<const Update>(Dims{1, 0}, Dims{2, 1}),
                {lay({5, 3}, DType::f32, Lie::dense), lay({2, 3}, DType::f32, Lie::dense)}, [](size_t, int64_t i) { return double(i); }),
  };
  for (const Launch& launch : launches) EXPECT_TRUE(vulkan_takes(launch)) << launch.plan.primitive->name();
}

}  // namespace
}  // namespace mlxc::vulkan
