// Copies, joins, lookups, fills, reductions and softmax on the Vulkan device against the CPU.
#include <algorithm>
#include <cstdlib>

#include "graph/pass_ops.h"
#include "ops/creation.h"
#include "ops/custom.h"
#include "ops/elementwise.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"
#include "vulkan/launch_compare.h"

namespace mlxc::vulkan {
namespace {

struct ArrayOps : LaunchTest {};

double number(std::mt19937& random, DType dtype) {
  if (dtype == DType::boolean) return double(random() % 4 > 0);
  if (is_float(dtype)) return std::uniform_real_distribution<>(-2, 2)(random);
  return double(int(random() % 100) - (is_signed(dtype) ? 50 : 0));
}

TEST_F(ArrayOps, CopiesEveryLayoutOfEveryWidth) {
  const Shape shapes[]{{}, {1}, {5000}, {3, 5}, {130, 257}, {128, 64}, {300, 4}, {2, 60, 70}, {5, 40, 3, 33}, {17, 1, 90, 2, 16}, {0, 3}};
  for (const Shape& shape : shapes)
    for (Lie lie : kLies)
      for (DType dtype : {DType::u8, DType::bf16, DType::f32, DType::i64})
        compare(launch_of(std::make_shared<const Copy>(), {lay(shape, dtype, lie)}, [](size_t, int64_t i) { return double(i % 251); }), {},
                cat(to_string(shape), " ", name_of(lie), " of ", name_of(dtype)));
}

TEST_F(ArrayOps, CopiesMoveBitsNotNumbers) {
  Launch launch =
      launch_of(std::make_shared<const Copy>(), {lay({64, 48}, DType::f32, Lie::transposed)}, [](size_t, int64_t) { return 0.0; });
  for (uint32_t i = 0; i < 64 * 48; ++i) {
    const uint32_t bits = i % 3 == 0 ? i : i % 3 == 1 ? 0x7f800001u + i : 0x80000000u + i;  // subnormal numbers, signalling NaN
    std::memcpy(launch.data[0].data() + i * 4, &bits, 4);
  }
  EXPECT_EQ(run_on_vulkan(launch, "bits"), run_on_cpu(launch));
}

TEST_F(ArrayOps, JoinsAlongEveryAxis) {
  for (int axis = 0; axis < 3; ++axis)
    for (DType dtype : {DType::boolean, DType::f16, DType::f32, DType::f64}) {
      std::vector<Operand> parts;
      for (int64_t length : {8, 1, 0, 5, 12}) {
        Shape shape{4, 6, 8};
        shape[axis] = length;
        parts.push_back(lay(shape, dtype, Lie::dense));
      }
      compare(launch_of(std::make_shared<const Concatenate>(axis), parts,
                        [](size_t input, int64_t i) { return double(i * 3 % 101 + int64_t(input)); }),
              {}, cat("axis ", axis, " of ", name_of(dtype)));
    }
}

TEST_F(ArrayOps, TakesRowsOfATable) {
  for (const auto& [from, to] : {std::pair{DType::f32, DType::f32},
                                 {DType::bf16, DType::f32},
                                 {DType::f16, DType::f32},
                                 {DType::i8, DType::i8},
                                 {DType::f32, DType::f16},
                                 {DType::i64, DType::i64},
                                 {DType::f64, DType::f64}})
    for (DType index : {DType::i32, DType::i64})
      for (int64_t width : {1, 7, 64, 515}) {
        const int64_t rows = 20;
        compare(launch_of(std::make_shared<const Take>(to), {lay({rows, width}, from, Lie::dense), lay({3, 11}, index, Lie::dense)},
                          [&](size_t input, int64_t i) { return input ? double(i % 25 - 3) : double(i % 97); }),  // some out of range
                {}, cat(name_of(from), " to ", name_of(to), " by ", name_of(index), ", width ", width));
      }
}

TEST_F(ArrayOps, FillsAndRanges) {
  for (DType dtype : all_dtypes())
    for (int64_t count : {1, 15, 4096, 10001}) {
      compare(launch_of(std::make_shared<const Fill>(Shape{count}, dtype, 3.3), {}, [](size_t, int64_t) { return 0.0; }), {},
              cat("fill of ", name_of(dtype)));
      if (dtype == DType::boolean) continue;
      compare(launch_of(std::make_shared<const Arange>(count, -3.5, 0.37, dtype), {}, [](size_t, int64_t) { return 0.0; }), {},
              cat("arange of ", name_of(dtype)));
    }
}

PrimitivePtr reduction(ReduceOp op, const Dims& axes) { return std::make_shared<const Reduce>(op, axes, false); }

TEST_F(ArrayOps, ReducesEveryDtype) {
  std::mt19937 random(1);
  struct Case {
    Shape shape;
    Dims axes;
  };
  const Case cases[]{{{1}, {0}},       {{3, 1000}, {1}},       {{70000}, {0}},      {{500, 3}, {1}}, {{2, 9, 33}, {1}},
                     {{4000, 5}, {0}}, {{6, 50, 132}, {0, 1}}, {{3, 2000, 8}, {1}}, {{3, 0}, {1}},   {{0, 3}, {1}}};
  for (ReduceOp op :
       {ReduceOp::sum, ReduceOp::mean, ReduceOp::prod, ReduceOp::max, ReduceOp::min, ReduceOp::any, ReduceOp::all, ReduceOp::logsumexp})
    for (DType dtype : all_dtypes())
      for (const Case& c : cases) {
        const bool extreme = op == ReduceOp::max || op == ReduceOp::min, fractional = op == ReduceOp::mean || op == ReduceOp::logsumexp;
        // Compiling takes most of the time: float32 meets everything, another type a part of the operations and shapes, every one of them
        // some.
        if (size_of(dtype) < 4 && (int(dtype) + int(op)) % 3) continue;
        if (dtype != DType::f32 && (int(dtype) + int(op) + (&c - cases)) % 3) continue;
        if ((extreme && element_count(c.shape) == 0 && c.shape[0] == 3) || (fractional && !is_float(dtype))) continue;
        const Launch launch = launch_of(reduction(op, c.axes), {lay(c.shape, dtype, Lie::dense)}, [&](size_t, int64_t) {
          if (op == ReduceOp::prod && is_float(dtype)) return 1 + number(random, dtype) / 100;
          return number(random, dtype);
        });
        const std::string what = cat(name_of(op), " of ", name_of(dtype), " ", to_string(c.shape), " over ", to_string(c.axes));
        if (!cpu_takes(launch)) continue;
        if (!vulkan_takes(launch)) {
          EXPECT_TRUE((dtype == DType::f64 && op == ReduceOp::logsumexp) || lacks_types(launch)) << what;
          continue;
        }
        const bool half = dtype == DType::f16 || dtype == DType::bf16, sums = op == ReduceOp::sum || op == ReduceOp::mean;
        const double count = double(element_count(c.shape));
        Tolerance tolerance{extreme || !is_float(dtype) ? 0.0 : half ? 1.01 : op == ReduceOp::prod ? 4 + std::sqrt(count) : 8.0, 0};
        if (op == ReduceOp::logsumexp) tolerance.absolute = 1e-6;  // it may be near zero
        if (sums && is_float(dtype)) tolerance.absolute = 4 * std::sqrt(count) * (dtype == DType::f64 ? 0x1p-52 : 0x1p-23);
        compare(launch, tolerance, what);
      }
}

TEST_F(ArrayOps, LongSumsKeepTheirDigits) {
  const Shape shape{3, 1 << 20};
  const Launch launch = launch_of(reduction(ReduceOp::sum, {1}), {lay(shape, DType::f32, Lie::dense)},
                                  [](size_t, int64_t i) { return 1 + double(i % 1000) * 1e-3; });
  compare(launch, {4, 0}, "a million terms");
}

TEST_F(ArrayOps, ExtremesAndTheirPlacesWithNan) {
  std::mt19937 random(2);
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  for (DType dtype : {DType::f32, DType::bf16, DType::f64, DType::i32, DType::u8, DType::i64})
    for (const auto& [shape, axis] :
         {std::pair{Shape{40, 37}, 1}, {Shape{40, 37}, 0}, {Shape{3, 50000}, 1}, {Shape{2, 900, 7}, 1}, {Shape{5, 1}, 1}})
      for (bool most : {true, false}) {
        auto value = [&](size_t, int64_t i) -> double {
          if (is_float(dtype) && i % 409 == 200) return nan;
          if (is_float(dtype) && i % 97 == 3) return most ? infinity : -infinity;
          return double(int(random() % 9)) - (is_signed(dtype) ? 4 : 0);  // many ties
        };
        const std::string what = cat(most ? "max of " : "min of ", name_of(dtype), " ", to_string(shape), " over ", axis);
        compare(launch_of(std::make_shared<const ArgReduce>(most, axis, false), {lay(shape, dtype, Lie::dense)}, value), {}, "arg" + what);
        compare(launch_of(reduction(most ? ReduceOp::max : ReduceOp::min, {axis}), {lay(shape, dtype, Lie::dense)}, value), {}, what);
      }
}

TEST_F(ArrayOps, LogsumexpOfInfinities) {
  const double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> rows[]{{-infinity, -infinity, -infinity},
                                   {infinity, 1, -infinity},
                                   {infinity, nan, 0},
                                   {1000, 1000.5, -1000},
                                   {-infinity, 2, 3},
                                   {nan, nan, 1}};
  const Launch launch = launch_of(reduction(ReduceOp::logsumexp, {1}), {lay({6, 3}, DType::f32, Lie::dense)},
                                  [&](size_t, int64_t i) { return rows[i / 3][size_t(i % 3)]; });
  compare(launch, {4, 0}, "logsumexp");
}

TEST_F(ArrayOps, SoftmaxOfAllWidths) {
  std::mt19937 random(3);
  for (int64_t width : {1, 2, 3, 4, 8, 31, 64, 1000, 1001, 2050, 8192, 8193, 20000, 50001})
    for (Lie lie : {Lie::dense, Lie::padded, Lie::shifted})
      for (bool log : {false, true}) {
        const Shape shape{width > 5000 ? 2 : 9, width};
        const Launch launch = launch_of(std::make_shared<const Softmax>(log), {lay(shape, DType::f32, lie)},
                                        [&](size_t, int64_t) { return std::normal_distribution<>(0, 4)(random); });
        compare(launch,
                {log             ? 4.0
                 : width > 10000 ? 16.0
                                 : 8.0,
                 log ? 2e-6 : 0},
                cat(log ? "log_softmax " : "softmax ", to_string(shape), " ", name_of(lie)));
      }
}

TEST_F(ArrayOps, SoftmaxOfSpecialRows) {
  const double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  for (int64_t width : {3, 400, 9000})
    for (bool log : {false, true}) {
      const Launch launch =
          launch_of(std::make_shared<const Softmax>(log), {lay({6, width}, DType::f32, Lie::dense)}, [&](size_t, int64_t i) -> double {
            const int64_t row = i / width, at = i % width;
            switch (row) {
              case 0: return -infinity;
              case 1: return at == 1 ? infinity : 0;
              case 2: return at == 2 ? nan : 1;
              case 3: return at ? -infinity : 5;
              case 4: return at ? 1e30 : -1e30;
              default: return -200 + double(at % 2) * 100;
            }
          });
      compare(launch, {8, 1e-30}, cat(log ? "log_softmax" : "softmax", " of width ", width));
    }
}

TEST_F(ArrayOps, ResultsRepeatBitByBit) {
  std::mt19937 random(4);
  for (const auto& [shape, axis] : {std::pair{Shape{1, 300000}, 1}, {Shape{3000, 40}, 0}}) {
    const Launch launch = launch_of(reduction(ReduceOp::sum, {axis}), {lay(shape, DType::f32, Lie::dense)},
                                    [&](size_t, int64_t) { return number(random, DType::f32); });
    const Bytes first = run_on_vulkan(launch, "sum")[0];
    for (int i = 0; i < 3; ++i) EXPECT_EQ(run_on_vulkan(launch, "sum")[0], first);
  }
}

// ---- large buffers
// -------------------------------------------------------------------------------------------------------------------------

TEST_F(ArrayOps, BuffersPast128MiB) {
  const Shape shape{40 << 20};  // 160 MiB
  const Launch launch =
      launch_of(reduction(ReduceOp::sum, {0}), {lay(shape, DType::i32, Lie::dense)}, [](size_t, int64_t i) { return double(i & 0xffff); });
  compare(launch, {}, "160 MiB");
}

// What a caller's source does with an index is its own affair, so operands end where an index does.
TEST_F(ArrayOps, CustomKernelsSayHowFarTheirIndicesReach) {
  const auto kernel = std::make_shared<const CustomKernel>(
      CustomKernel{.name = "twice", .source = "void main() { y.at[0] = x.at[0]; }", .inputs = {"x"}, .outputs = {"y"}});
  for (const auto& [dtype, most] : {std::pair{DType::f32, int64_t{1} << 30}, {DType::u8, int64_t{1} << 31}}) {
    const std::vector<TensorType> one{{{1}, dtype}};
    for (const bool fits : {true, false}) {
      const OperandType x{{{fits ? 1000 : most}, dtype}, {1}};
      const LaunchPlan plan{std::make_shared<const Custom>(kernel, one, Dims{1, 1, 1}), {x}, {{one[0], {1}}}, {{0, 0}, {1, 0}}};
      const std::string reason = lower_program({plan}, shared_device()->caps(), {}).reasons[0];
      EXPECT_EQ(reason.find("indices of a custom kernel reach") == std::string::npos, fits) << name_of(dtype) << ": " << reason;
    }
  }
}

// More than 4 GiB in one buffer: only where MLXC_TEST_LARGE=1 says that there is memory for it. What is checked is the far end.
TEST_F(ArrayOps, OffsetsPast4GiB) {
  const char* large = std::getenv("MLXC_TEST_LARGE");
  if (!large || std::string(large) != "1") GTEST_SKIP() << "set MLXC_TEST_LARGE=1 to run it; needs 10 GiB of device memory";
  Device& device = shared_device()->device();
  const int64_t rows = 1100000, width = 1024;  // 4.2 GiB of float32
  const LaunchPlan fill{
      std::make_shared<const Fill>(Shape{rows, width}, DType::f32, 2.5), {}, {{{{rows, width}, DType::f32}, {width, 1}}}, {{0, 0}}};
  LaunchPlan rows_sum{
      reduction(ReduceOp::sum, {1}), {{{{rows, width}, DType::f32}, {width, 1}}}, {{{{rows}, DType::f32}, {1}}}, {{0, 0}, {1, 0}}};
  LaunchPlan take{std::make_shared<const Take>(DType::f32),
                  {{{{rows, width}, DType::f32}, {width, 1}}, {{{1}, DType::i32}, {1}}},
                  {{{{1, width}, DType::f32}, {width, 1}}},
                  {{0, 0}, {2, 0}, {3, 0}}};
  const OperandType matrix{{{rows, width}, DType::f32}, {width, 1}}, flat{{{rows * width}, DType::f32}, {1}};
  const std::vector<FusedStep> more{{nullptr, {-1, -1, -1}, DType::f32, 1},
                                    {std::make_shared<const Binary>(BinaryOp::add), {0, 1, -1}, DType::f32, 0}};
  const LaunchPlan add{std::make_shared<const Fused>(1, more, Shape{rows * width}), {flat}, {flat}, {{0, 0}, {4, 0}}};
  const LaunchPlan columns{reduction(ReduceOp::max, {0}), {matrix}, {{{{width}, DType::f32}, {1}}}, {{4, 0}, {3, 0}}};
  // All but the first three elements: no piece of four begins where memory's do.
  const OperandType odd{{{rows * width - 3}, DType::f32}, {1}};
  const LaunchPlan largest{std::make_shared<const ArgReduce>(true, 0, false), {odd}, {{{{}, DType::i64}, {}}}, {{4, 12}, {2, 0}}};
  const LaunchPlan times{std::make_shared<const Matmul>(),
                         {matrix, {{{width, 1}, DType::f32}, {1, 1}}},
                         {{{{rows, 1}, DType::f32}, {1, 1}}},
                         {{4, 0}, {3, 0}, {1, 0}}};
  std::vector<StoragePtr> storages;
  for (int64_t bytes : {rows * width * 4, rows * 4, int64_t{8}, width * 4, rows * width * 4})
    storages.push_back(device.allocator().allocate(size_t(bytes)));
  const auto& [big, sums, index, row, other] = std::tie(storages[0], storages[1], storages[2], storages[3], storages[4]);
  auto run = [&](const LaunchPlan& plan) {
    const auto executable = device.compile({{plan}, std::vector<bool>(plan.places.size(), false)});
    std::vector<Binding> bindings;
    for (const StoragePtr& storage : storages) bindings.push_back({storage.get(), 0});
    StoragePtr scratch;
    if (executable->scratch_bytes()) {
      scratch = device.allocator().allocate(executable->scratch_bytes());
      bindings.push_back({scratch.get(), 0});
    }
    executable->run(device.default_stream(), bindings, nullptr);
  };
  auto floats = [&](const StoragePtr& storage, int64_t first, int64_t count) {
    std::vector<float> values(static_cast<size_t>(count));
    device.read(*storage, first * 4, values.data(), values.size() * 4);
    return values;
  };
  run(fill);
  EXPECT_EQ(floats(big, (rows - 2) * width, 2), (std::vector<float>{2.5f, 2.5f}));
  std::vector<float> tail(size_t(width), 7.0f);
  tail[width - 2] = 9;
  device.write(*big, (rows - 1) * width * 4, tail.data(), tail.size() * 4);
  run(rows_sum);
  EXPECT_EQ(floats(sums, rows - 2, 2), (std::vector<float>{2.5f * width, 7.0f * width + 2}));
  const int32_t last = int32_t(rows - 1);
  device.write(*index, 0, &last, 4);
  run(take);
  EXPECT_EQ(floats(row, 0, width), tail);
  run(add);
  EXPECT_EQ(floats(other, rows * width - 3, 3), (std::vector<float>{8, 10, 8}));
  run(columns);
  for (float& x : tail) x += 1;
  EXPECT_EQ(floats(row, 0, width), tail);
  run(largest);
  int64_t place = 0;
  device.read(*index, 0, &place, 8);
  EXPECT_EQ(place, rows * width - 5);
  run(times);
  EXPECT_FLOAT_EQ(floats(sums, rows - 1, 1)[0], 8 * 8 * (width - 1) + 100);
}

}  // namespace
}  // namespace mlxc::vulkan
