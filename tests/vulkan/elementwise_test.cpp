// Elementwise chains on the Vulkan device against the CPU: every operation and conversion, layouts, special values, chains against their
// steps.
#include "ops/elementwise.h"

#include <algorithm>

#include "graph/pass_ops.h"
#include "vulkan/launch_compare.h"

namespace mlxc::vulkan {
namespace {

struct Elementwise : LaunchTest {};

PrimitivePtr chain(int inputs, std::vector<FusedStep> steps, const Shape& shape) {
  return std::make_shared<const Fused>(inputs, std::move(steps), shape);
}
PrimitivePtr unary_of(UnaryOp op) { return std::make_shared<const Unary>(op); }
PrimitivePtr binary_of(BinaryOp op) { return std::make_shared<const Binary>(op); }
PrimitivePtr cast_to(DType dtype) { return std::make_shared<const Cast>(dtype); }

// 16-bit floats and narrow integers go through the code of their wider kin: each meets a part of the operations, which saves compiling.
bool skips(int code, DType dtype) {
  if (dtype == DType::f16 || dtype == DType::bf16) return code % 3 != int(dtype == DType::f16);
  if (dtype == DType::u16 || dtype == DType::i16 || dtype == DType::u8) return code % 3 != int(dtype) % 3;
  return false;
}

// Numbers of all sizes, small whole ones, and the values where functions have corners.
double sample(std::mt19937& random, DType dtype, size_t at) {
  static const double kCorners[]{0,
                                 -0.0,
                                 1,
                                 -1,
                                 0.5,
                                 -0.5,
                                 2,
                                 -2,
                                 3,
                                 88.5,
                                 -88.5,
                                 104,
                                 1e-3,
                                 1e10,
                                 -1e10,
                                 3e38,
                                 1e-30,
                                 0.99999994,
                                 1.0000001,
                                 1e5,
                                 4096.7,
                                 std::numeric_limits<double>::infinity(),
                                 -std::numeric_limits<double>::infinity(),
                                 std::numeric_limits<double>::quiet_NaN()};
  if (is_float(dtype)) {
    if (at < std::size(kCorners)) return kCorners[at];
    if (at % 4 == 0) return std::ldexp(std::uniform_real_distribution<>(-2, 2)(random), int(random() % 40) - 20);
    if (at % 4 == 1) return double(int(random() % 21) - 10);
    return std::uniform_real_distribution<>(at % 4 == 2 ? -1.0 : -9.0, at % 4 == 2 ? 1.0 : 9.0)(random);
  }
  if (dtype == DType::boolean) return double(random() % 2);
  if (at % 3 == 0) return double(int(random() % 17) - (is_signed(dtype) ? 8 : 0));
  return double(int64_t((uint64_t(random()) << 32) | random()) >> (at % 60));
}

Tolerance tolerance_of(UnaryOp op, DType dtype) {
  using enum UnaryOp;
  if (!is_float(dtype) || gives_boolean(op)) return {};
  if (dtype == DType::f16 || dtype == DType::bf16) return {1.01, 0};  // the rounding of a float32 that differs in its last bits
  switch (op) {
    case abs:
    case negative:
    case floor:
    case ceil:
    case trunc:
    case round:
    case sign:
    case relu: return {};
    case sqrt:
    case square:
    case reciprocal: return {1.01, 0};
    case gelu_erf: return {8, 1e-9};        // what the exponent of its tail loses to rounding
    case gelu_erf_slope: return {8, 4e-7};  // absolute where it crosses zero
    case gelu_tanh: return {90, 0};         // the same, for all of it
    case tan: return {8, 0};
    default: return {4, 0};
  }
}

TEST_F(Elementwise, EveryUnaryOperationOfEveryDtype) {
  std::mt19937 random(1);
  const Shape shape{4099};
  int compared = 0, lacking = 0;
  for (int code = 0; code <= int(UnaryOp::gelu_erf_slope); ++code) {
    const auto op = UnaryOp(code);
    for (DType dtype : all_dtypes()) {
      if (skips(code, dtype)) continue;
      const DType result = gives_boolean(op) ? DType::boolean : dtype;
      const Launch launch = launch_of(chain(1, {{unary_of(op), {0, -1, -1}, result, 0}}, shape), {lay(shape, dtype, Lie::dense)},
                                      [&](size_t, int64_t i) { return sample(random, dtype, size_t(i)); });
      if (!cpu_takes(launch)) continue;
      const std::string what = cat(name_of(op), " of ", name_of(dtype));
      if (lacks_types(launch)) {
        ++lacking;
        continue;
      }
      if (!vulkan_takes(launch)) {
        EXPECT_EQ(dtype, DType::f64) << what;  // GLSL has no such functions of float64
        continue;
      }
      compare(launch, tolerance_of(op, dtype), what);
      ++compared;
    }
  }
  EXPECT_GT(compared + lacking, 120);
}

TEST_F(Elementwise, EveryBinaryOperationOfEveryDtype) {
  std::mt19937 random(2);
  const Shape shape{5003};
  int compared = 0, lacking = 0;
  for (int code = 0; code <= int(BinaryOp::shift_right); ++code) {
    const auto op = BinaryOp(code);
    for (DType dtype : all_dtypes()) {
      if (skips(code, dtype)) continue;
      const DType result = gives_boolean(op) ? DType::boolean : dtype;
      const bool small = op == BinaryOp::shift_left || op == BinaryOp::shift_right || (op == BinaryOp::power && !is_float(dtype));
      const Launch launch = launch_of(chain(2, {{binary_of(op), {0, 1, -1}, result, 0}}, shape),
                                      {lay(shape, dtype, Lie::dense), lay(shape, dtype, Lie::dense)}, [&](size_t input, int64_t i) {
                                        if (input && small && i % 7) return double(i % 70);
                                        // every pair of corners
                                        return sample(random, dtype, size_t(i < 600 ? (input ? i % 24 : i / 24) : i + int64_t(input)));
                                      });
      if (!cpu_takes(launch)) continue;
      const std::string what = cat(name_of(op), " of ", name_of(dtype));
      if (lacks_types(launch)) {
        ++lacking;
        continue;
      }
      if (!vulkan_takes(launch)) {
        EXPECT_EQ(dtype, DType::f64) << what;
        continue;
      }
      using enum BinaryOp;
      const bool exact =
          !is_float(dtype) || gives_boolean(op) || op == minimum || op == maximum || op == add || op == subtract || op == multiply;
      Tolerance tolerance{dtype != DType::f32 ? 1.01
                          : op == power       ? 6.0
                                              : 3.0,
                          op == logaddexp ? 4e-6 : 0};  // logaddexp: a sum that cancels
      if (exact) tolerance = {0, is_float(dtype) ? 0x1p-126 : 0};
      compare(launch, tolerance, what);
      ++compared;
    }
  }
  EXPECT_GT(compared + lacking, 120);
}

TEST_F(Elementwise, EveryConversion) {
  std::mt19937 random(3);
  const Shape shape{4099};
  for (DType from : all_dtypes()) {
    for (DType to : all_dtypes()) {
      if (from == to) continue;
      const Launch launch = launch_of(chain(1, {{cast_to(to), {0, -1, -1}, to, 0}}, shape), {lay(shape, from, Lie::dense)},
                                      [&](size_t, int64_t i) { return sample(random, from, size_t(i)); });
      compare(launch, {0, is_float(to) ? 0x1p-126 : 0}, cat(name_of(from), " to ", name_of(to)));
    }
  }
}

// A driver that knows where a number comes from may compute with it otherwise than with one it has loaded.
TEST_F(Elementwise, ConvertedIntegersAreAsLoadedOnes) {
  const Shape shape{600};
  const DType wide = DType::i64;
  const PrimitivePtr widen = std::make_shared<const Cast>(wide);
  for (DType dtype : {DType::i8, DType::i16, DType::i32, DType::u8, DType::u32, DType::boolean}) {
    auto value = [&](size_t, int64_t i) { return is_signed(dtype) ? double(i % 23 - 11) : double(i % 23); };
    for (UnaryOp op : {UnaryOp::abs, UnaryOp::negative, UnaryOp::sign})
      compare(launch_of(chain(1, {{widen, {0, -1, -1}, wide, 0}, {unary_of(op), {1, -1, -1}, wide, 0}}, shape),
                        {lay(shape, dtype, Lie::dense)}, value),
              {}, cat(name_of(op), " of a widened ", name_of(dtype)));
    for (BinaryOp op : {BinaryOp::floor_divide, BinaryOp::remainder, BinaryOp::maximum, BinaryOp::multiply, BinaryOp::power})
      for (bool first : {true, false})
        compare(launch_of(chain(2, {{widen, {0, -1, -1}, wide, 0}, {binary_of(op), {first ? 2 : 1, first ? 1 : 2, -1}, wide, 0}}, shape),
                          {lay(shape, dtype, Lie::dense), lay(shape, wide, Lie::dense)},
                          [&](size_t input, int64_t i) { return input ? double(i % 7 - 3) : value(input, i); }),
                {}, cat(name_of(op), " of a widened ", name_of(dtype)));
  }
}

// Elements that are loaded one by one, and compared: compilers like to compare what comes from 16 bits as 16 bits.
TEST_F(Elementwise, HalvesCompareAsTheirNumbers) {
  const Shape shape{33, 7};
  const auto value = [](size_t input, int64_t i) { return 1 + double((input ? 7 * i : 5 * i) % 41) / 4; };
  for (DType dtype : {DType::f16, DType::bf16}) {
    for (UnaryOp op : {UnaryOp::acosh, UnaryOp::erfinv, UnaryOp::relu, UnaryOp::sign, UnaryOp::gelu_erf})
      compare(launch_of(chain(1, {{unary_of(op), {0, -1, -1}, dtype, 0}}, shape), {lay(shape, dtype, Lie::transposed)}, value),
              {1.01, 1e-6}, cat(name_of(op), " of ", name_of(dtype)));
    for (BinaryOp op : {BinaryOp::minimum, BinaryOp::maximum, BinaryOp::less, BinaryOp::greater_equal})
      compare(launch_of(chain(2, {{binary_of(op), {0, 1, -1}, gives_boolean(op) ? DType::boolean : dtype, 0}}, shape),
                        {lay(shape, dtype, Lie::transposed), lay(shape, dtype, Lie::row)}, value),
              {}, cat(name_of(op), " of ", name_of(dtype)));
  }
}

TEST_F(Elementwise, LargeArraysTakeTwoPiecesAThread) {
  for (int64_t count : {1 << 20, (1 << 20) + 1, (1 << 20) + 1023, (1 << 20) + 1024, (1 << 20) + 2047})
    for (Lie lie : {Lie::dense, Lie::shifted}) {
      const Shape shape{count};
      const Launch launch = launch_of(chain(1, {{unary_of(UnaryOp::negative), {0, -1, -1}, DType::f32, 0}}, shape),
                                      {lay(shape, DType::f32, lie)}, [](size_t, int64_t i) { return double(i % 8191); });
      EXPECT_EQ(run_on_vulkan(launch, "negative"), run_on_cpu(launch)) << count << " " << name_of(lie);
    }
}

TEST_F(Elementwise, SelectsByCondition) {
  std::mt19937 random(4);
  const Shape shape{77, 13};
  for (DType dtype : all_dtypes()) {
    const Launch launch = launch_of(chain(3, {{std::make_shared<const Select>(), {0, 1, 2}, dtype, 0}}, shape),
                                    {lay(shape, DType::boolean, Lie::dense), lay(shape, dtype, Lie::dense), lay(shape, dtype, Lie::row)},
                                    [&](size_t input, int64_t i) { return sample(random, input ? dtype : DType::boolean, size_t(i)); });
    compare(launch, {0, is_float(dtype) ? 0x1p-126 : 0}, cat("where of ", name_of(dtype)));
  }
}

TEST_F(Elementwise, EveryPairOfLayouts) {
  const Shape shapes[]{{}, {1}, {7}, {1000}, {3, 5}, {33, 64}, {130, 257}, {2, 1, 9, 4}, {3, 4, 5, 6, 2}, {0}, {4, 0, 3}};
  for (const Shape& shape : shapes)
    for (Lie left : kLies)
      for (Lie right : kLies)
        for (DType dtype : {DType::f32, DType::i16}) {
          if (dtype == DType::i16 && (int(left) + int(right)) % 3) continue;
          const Launch launch = launch_of(chain(2, {{binary_of(BinaryOp::subtract), {0, 1, -1}, dtype, 0}}, shape),
                                          {lay(shape, dtype, left), lay(shape, dtype, right)},
                                          [&](size_t input, int64_t i) { return double(i * (input ? 2 : 3) % 997); });
          compare(launch, {}, cat(to_string(shape), " ", name_of(left), " - ", name_of(right), " of ", name_of(dtype)));
        }
}

TEST_F(Elementwise, MixedWidthsInOneChain) {
  std::mt19937 random(5);
  const Shape shape{40, 36};
  for (Lie lie : {Lie::dense, Lie::shifted, Lie::padded, Lie::column, Lie::spread})
    for (DType wide : {DType::f32, DType::f64, DType::i64})
      for (DType narrow : {DType::u8, DType::f16, DType::boolean}) {
        const Launch launch = launch_of(chain(2,
                                              {{cast_to(wide), {0, -1, -1}, wide, 0},
                                               {binary_of(BinaryOp::add), {2, 1, -1}, wide, 0},
                                               {cast_to(narrow), {3, -1, -1}, narrow, 0}},
                                              shape),
                                        {lay(shape, narrow, lie), lay(shape, wide, lie)},
                                        [&](size_t input, int64_t) { return double(random() % (input ? 50 : 2)); });
        compare(launch, {}, cat(name_of(lie), ": ", name_of(narrow), " and ", name_of(wide)));
      }
}

TEST_F(Elementwise, ConstantsKeepTheirBits) {
  const Shape shape{19};
  for (DType dtype : all_dtypes())
    for (double value : {0.1, -3.7, 1e9, 3e18, 1.0}) {
      std::vector<FusedStep> steps;  // more than fits beside the addresses
      int last = 0;
      for (int i = 0; i < 14; ++i) {
        steps.push_back({nullptr, {-1, -1, -1}, dtype, value + i});
        steps.push_back({binary_of(BinaryOp::maximum), {last, int(steps.size()), -1}, dtype, 0});
        last = int(steps.size());
      }
      const Launch launch =
          launch_of(chain(1, steps, shape), {lay(shape, dtype, Lie::dense)}, [](size_t, int64_t i) { return double(i % 2); });
      compare(launch, {}, cat(value, " of ", name_of(dtype)));
    }
}

// What a chain gives is what its steps give one by one, bit by bit.
TEST_F(Elementwise, ChainsGiveTheBitsOfTheirSteps) {
  using enum UnaryOp;
  std::mt19937 random(6);
  const Shape shape{3001};
  for (DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    for (int round = 0; round < (dtype == DType::f32 ? 8 : 2); ++round) {
      static constexpr UnaryOp kUnary[]{exp, tanh, sigmoid, square, log1p, sin, gelu_tanh, sqrt, erf, negative};
      static constexpr BinaryOp kBinary[]{BinaryOp::add, BinaryOp::multiply, BinaryOp::subtract, BinaryOp::divide, BinaryOp::maximum};
      std::vector<FusedStep> steps;
      for (int i = 0; i < 6; ++i) {
        const int operands = 2 + int(steps.size()), a = int(random() % unsigned(operands)), b = int(random() % unsigned(operands));
        if (random() % 2)
          steps.push_back({unary_of(kUnary[random() % std::size(kUnary)]), {a, -1, -1}, dtype, 0});
        else
          steps.push_back({binary_of(kBinary[random() % std::size(kBinary)]), {a, b, -1}, dtype, 0});
      }
      const std::vector<Operand> inputs{lay(shape, dtype, Lie::dense), lay(shape, dtype, Lie::dense)};
      Launch whole =
          launch_of(chain(2, steps, shape), inputs, [&](size_t, int64_t) { return std::uniform_real_distribution<>(-3, 3)(random); });
      std::vector<Bytes> values{whole.data[0], whole.data[1]};
      for (const FusedStep& step : steps) {
        FusedStep alone = step;
        const int count = step.arguments[1] >= 0 ? 2 : 1;
        std::vector<Operand> arguments(size_t(count), lay(shape, dtype, Lie::dense));
        for (int i = 0; i < count; ++i) alone.arguments[size_t(i)] = i;
        Launch one = launch_of(chain(count, {alone}, shape), arguments, [](size_t, int64_t) { return 0.0; });
        for (int i = 0; i < count; ++i) one.data[size_t(i)] = values[size_t(step.arguments[size_t(i)])];
        values.push_back(run_on_vulkan(one, "a step")[0]);
      }
      const Bytes got = run_on_vulkan(whole, "a chain")[0];
      size_t different = 0;
      for (size_t i = 0; i < got.size() / size_t(size_of(dtype)); ++i) {
        const double a = element(got, i, dtype), b = element(values.back(), i, dtype);
        different += !(a == b || (std::isnan(a) && std::isnan(b)));
      }
      EXPECT_EQ(different, 0u) << name_of(dtype) << ", chain " << round;
    }
  }
}

TEST_F(Elementwise, OneSourceServesAllSizes) {
  auto source = [&](const Shape& shape, Lie lie) {
    const Launch launch = launch_of(chain(2, {{binary_of(BinaryOp::add), {0, 1, -1}, DType::f32, 0}}, shape),
                                    {lay(shape, DType::f32, Lie::dense), lay(shape, DType::f32, lie)}, [](size_t, int64_t) { return 0.0; });
    return lower_program({launch.plan}, shared_device()->caps(), {}).kernels.at(0).source;
  };
  EXPECT_EQ(source({100}, Lie::dense), source({7, 13}, Lie::dense));
  EXPECT_EQ(source({64, 16}, Lie::row), source({3, 1000}, Lie::row));
  EXPECT_EQ(source({4, 8}, Lie::spread), source({20, 400}, Lie::spread));
}

// What a device cannot do runs on the CPU; everything else keeps its kernel and its bits.
TEST_F(Elementwise, DevicesWithoutOptionalTypes) {
  const auto bare = TestDevice::open("int8,int16,int64,float16,float64");
  ASSERT_TRUE(bare);
  const Shape shape{70, 30};
  for (DType dtype : all_dtypes()) {
    const Launch launch =
        launch_of(chain(2, {{binary_of(BinaryOp::add), {0, 1, -1}, dtype, 0}}, shape),
                  {lay(shape, dtype, Lie::dense), lay(shape, dtype, Lie::spread)}, [](size_t, int64_t i) { return double(i % 2); });
    const bool optional = size_of(dtype) == 1 || size_of(dtype) == 8;
    EXPECT_EQ(lower_program({launch.plan}, bare->caps(), {}).reasons[0].empty(), !optional) << name_of(dtype);
    if (optional) continue;
    std::vector<Bytes> data = launch.data;
    EXPECT_EQ(bare->run(launch.plan, data), std::vector<std::string>{}) << name_of(dtype);
    EXPECT_EQ(data.back(), run_on_vulkan(launch, "with everything")[0]) << name_of(dtype);
  }
}

}  // namespace
}  // namespace mlxc::vulkan
