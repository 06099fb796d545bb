// Matrix products on the Vulkan device against the CPU: tile sizes and their edges, layouts, batches, dtypes.
#include "ops/matmul.h"

#include "vulkan/launch_compare.h"

namespace mlxc::vulkan {
namespace {

struct MatmulOnDevice : LaunchTest {};

struct Case {
  Shape a, b;
  Lie a_lie, b_lie;
};

void check(const Case& c, DType dtype, double ulps) {
  const int rank = c.a.rank();
  // Sums of k products of numbers up to 1: float32 is off by some of their last bits.
  const double absolute = is_float(dtype) ? ulps * epsilon(dtype) * double(c.a[rank - 1]) : 0;
  const Launch launch =
      launch_of(std::make_shared<const Matmul>(), {lay(c.a, dtype, c.a_lie), lay(c.b, dtype, c.b_lie)}, [&](size_t input, int64_t i) {
        const int64_t v = (i * 7919 + int64_t(input) * 31) % 201 - 100;
        return is_float(dtype) ? double(v) / 100 : dtype == DType::boolean ? double(v % 5 == 0) : double(is_signed(dtype) ? v : v + 100);
      });
  compare(launch, {is_float(dtype) ? 0.5 : 0, absolute},
          cat(name_of(dtype), " ", to_string(c.a), " ", name_of(c.a_lie), " x ", to_string(c.b), " ", name_of(c.b_lie)));
}

TEST_F(MatmulOnDevice, EveryPairOfLayouts) {
  for (Lie a : kLies)
    for (Lie b : kLies) check({{37, 50}, {50, 29}, a, b}, DType::f32, 8);
  for (Lie a : {Lie::dense, Lie::transposed, Lie::padded})
    for (Lie b : {Lie::dense, Lie::transposed, Lie::padded}) check({{64, 32}, {32, 96}, a, b}, DType::f32, 8);
}

TEST_F(MatmulOnDevice, ShapesAroundTheTiles) {
  for (const auto& [m, n, k] : {std::array<int64_t, 3>{1, 1, 1},
                                {1, 300, 77},
                                {300, 1, 77},
                                {31, 33, 0},
                                {32, 32, 8},
                                {33, 31, 9},
                                {128, 128, 16},
                                {129, 127, 17},
                                {520, 516, 40},
                                {517, 519, 33},
                                {640, 512, 24},
                                {257, 300, 21},
                                {256, 320, 32},
                                {1664, 1408, 16},
                                {4, 4, 3000}})
    for (Lie lie : {Lie::dense, Lie::transposed}) check({{m, k}, {k, n}, lie, lie}, DType::f32, 8);
}

TEST_F(MatmulOnDevice, Batches) {
  check({{5, 20, 12}, {5, 12, 24}, Lie::dense, Lie::dense}, DType::f32, 8);
  check({{2, 3, 65, 64}, {2, 3, 64, 66}, Lie::padded, Lie::transposed}, DType::f32, 8);
  check({{4, 2, 16, 16}, {4, 2, 16, 16}, Lie::backwards, Lie::row}, DType::f32, 8);
  check({{3, 512, 64}, {3, 64, 512}, Lie::dense, Lie::one}, DType::f32, 8);
  check({{0, 4, 4}, {0, 4, 4}, Lie::dense, Lie::dense}, DType::f32, 8);
  check({{300, 3, 2}, {300, 2, 3}, Lie::dense, Lie::dense}, DType::f32, 8);
}

TEST_F(MatmulOnDevice, NarrowResultsOfAnyLayout) {
  constexpr std::array kAnyLie{Lie::dense, Lie::shifted, Lie::transposed, Lie::padded, Lie::backwards};
  for (Lie a : kAnyLie)
    for (Lie b : kAnyLie) check({{37, 66}, {66, 5}, a, b}, DType::f32, 8);
  for (const auto& [m, n, k] : {std::array<int64_t, 3>{256, 8, 128}, {8, 256, 128}, {11, 30, 67}, {16, 16, 64}})
    for (Lie lie : {Lie::dense, Lie::transposed}) check({{m, k}, {k, n}, lie, lie}, DType::f32, 8);
  for (int64_t n : {1, 9, 16, 17}) {  // 17 is not narrow
    check({{600, 300}, {300, n}, Lie::dense, Lie::dense}, DType::f32, 8);
    check({{n, 300}, {300, 600}, Lie::transposed, Lie::dense}, DType::f32, 8);
  }
  check({{3, 40, 96}, {3, 96, 8}, Lie::dense, Lie::transposed}, DType::f32, 8);
  check({{2, 2, 7, 100}, {2, 2, 100, 33}, Lie::padded, Lie::row}, DType::f32, 8);
}

TEST_F(MatmulOnDevice, LongSumsInParts) {
  for (int64_t k : {511, 512, 513, 1000, 5000, 5120})
    for (Lie lie : {Lie::dense, Lie::transposed, Lie::backwards}) check({{40, k}, {k, 3}, lie, Lie::dense}, DType::f32, 8);
  check({{2, 8, 2000}, {2, 2000, 9}, Lie::padded, Lie::transposed}, DType::f32, 8);
  check({{1, 70000}, {70000, 1}, Lie::dense, Lie::dense}, DType::f32, 8);
}

TEST_F(MatmulOnDevice, OtherDtypes) {
  for (DType dtype : all_dtypes()) {
    if (dtype == DType::f16 || dtype == DType::bf16 || dtype == DType::f32) continue;  // the builder makes 16-bit floats float32
    check({{19, 35}, {35, 40}, Lie::dense, Lie::transposed}, dtype, 8);
    check({{2, 17, 16}, {2, 16, 18}, Lie::backwards, Lie::spread}, dtype, 8);
  }
}

TEST_F(MatmulOnDevice, InfinitiesAndNanStayInTheirRowsAndColumns) {
  const Shape shape{70, 70};
  const Launch launch = launch_of(std::make_shared<const Matmul>(),
                                  {lay(shape, DType::f32, Lie::dense), lay(shape, DType::f32, Lie::dense)}, [&](size_t input, int64_t i) {
                                    if (!input && i == 3 * 70 + 5) return std::numeric_limits<double>::quiet_NaN();
                                    if (input && i == 7 * 70 + 69) return std::numeric_limits<double>::infinity();
                                    return double(i % 3);
                                  });
  compare(launch, {1, 1e-4}, "with NaN and infinity");
  // The last of 67 terms, four at a time: what pads them must not meet it.
  const Launch narrow = launch_of(
      std::make_shared<const Matmul>(), {lay({20, 67}, DType::f32, Lie::dense), lay({67, 8}, DType::f32, Lie::dense)},
      [&](size_t input, int64_t i) { return input && i == 66 * 8 + 3 ? std::numeric_limits<double>::infinity() : double(i % 3 + 1); });
  compare(narrow, {1, 1e-4}, "narrow, with infinity in the last row");
}

}  // namespace
}  // namespace mlxc::vulkan
