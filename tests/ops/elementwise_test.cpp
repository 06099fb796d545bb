// Every elementwise operation against float64 arithmetic: dtypes x shapes x layouts, alone and fused.
#include "ops/elementwise.h"

#include "ops/creation.h"
#include "ops/numeric.h"
#include "ops/reference.h"

namespace mlxc {
namespace {

using namespace test;

struct UnaryCase {
  UnaryOp op;
  double low, high;  // domain
  double (*reference)(double);
  double ulps;  // allowed, of the result's type
};

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double gelu(double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }
double gelu_tanh(double x) { return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); }

const UnaryCase kUnary[]{
    {UnaryOp::abs, -9, 9, [](double x) { return std::abs(x); }, 0},
    {UnaryOp::negative, -9, 9, [](double x) { return -x; }, 0},
    {UnaryOp::exp, -9, 9, [](double x) { return std::exp(x); }, 4},
    {UnaryOp::expm1, -2, 4, [](double x) { return std::expm1(x); }, 8},
    {UnaryOp::log, 0.01, 50, [](double x) { return std::log(x); }, 4},
    {UnaryOp::log1p, -0.9, 50, [](double x) { return std::log1p(x); }, 8},
    {UnaryOp::log2, 0.01, 50, [](double x) { return std::log2(x); }, 6},
    {UnaryOp::log10, 0.01, 50, [](double x) { return std::log10(x); }, 6},
    {UnaryOp::sqrt, 0, 50, [](double x) { return std::sqrt(x); }, 2},
    {UnaryOp::rsqrt, 0.01, 50, [](double x) { return 1 / std::sqrt(x); }, 4},
    {UnaryOp::square, -9, 9, [](double x) { return x * x; }, 2},
    {UnaryOp::reciprocal, 0.1, 9, [](double x) { return 1 / x; }, 2},
    {UnaryOp::sin, -20, 20, [](double x) { return std::sin(x); }, 8},
    {UnaryOp::cos, -20, 20, [](double x) { return std::cos(x); }, 8},
    {UnaryOp::tan, -1.2, 1.2, [](double x) { return std::tan(x); }, 8},
    {UnaryOp::asin, -1, 1, [](double x) { return std::asin(x); }, 8},
    {UnaryOp::acos, -0.99, 0.99, [](double x) { return std::acos(x); }, 8},
    {UnaryOp::atan, -9, 9, [](double x) { return std::atan(x); }, 8},
    {UnaryOp::sinh, -5, 5, [](double x) { return std::sinh(x); }, 8},
    {UnaryOp::cosh, -5, 5, [](double x) { return std::cosh(x); }, 8},
    {UnaryOp::tanh, -5, 5, [](double x) { return std::tanh(x); }, 8},
    {UnaryOp::asinh, -9, 9, [](double x) { return std::asinh(x); }, 8},
    {UnaryOp::acosh, 1.01, 9, [](double x) { return std::acosh(x); }, 8},
    {UnaryOp::atanh, -0.9, 0.9, [](double x) { return std::atanh(x); }, 8},
    {UnaryOp::floor, -9, 9, [](double x) { return std::floor(x); }, 0},
    {UnaryOp::ceil, -9, 9, [](double x) { return std::ceil(x); }, 0},
    {UnaryOp::trunc, -9, 9, [](double x) { return std::trunc(x); }, 0},
    {UnaryOp::round, -9, 9, [](double x) { return std::nearbyint(x); }, 0},
    {UnaryOp::sign, -9, 9, [](double x) { return double((x > 0) - (x < 0)); }, 0},
    {UnaryOp::erf, -3, 3, [](double x) { return std::erf(x); }, 8},
    {UnaryOp::sigmoid, -9, 9, sigmoid, 8},
    {UnaryOp::silu, -9, 9, [](double x) { return x * sigmoid(x); }, 8},
    {UnaryOp::gelu_tanh, -4, 4, gelu_tanh, 16},
    {UnaryOp::gelu_erf, -4, 4, gelu, 16},
    {UnaryOp::relu, -9, 9, [](double x) { return x > 0 ? x : 0; }, 0},
    {UnaryOp::isnan, -9, 9, [](double) { return 0.0; }, 0},
    {UnaryOp::isinf, -9, 9, [](double) { return 0.0; }, 0},
    {UnaryOp::isfinite, -9, 9, [](double) { return 1.0; }, 0},
    {UnaryOp::logical_not, -1, 1, [](double x) { return double(x == 0); }, 0},
};

TEST(Unary, MatchesFloat64InEveryFloatTypeShapeAndLayout) {
  std::mt19937 random(1);
  for (const UnaryCase& test : kUnary)
    for (DType dtype : {DType::f16, DType::bf16, DType::f32, DType::f64})
      for (const Shape& shape : kShapes)
        for (Lay lay : kLayouts) {
          std::uniform_real_distribution<double> draw(test.low, test.high);
          Reference x;
          Array input = arrange(
              shape, dtype, lay, [&] { return draw(random); }, &x);
          Array output = unary(test.op, input);
          Reference expected{shape, {}};
          for (double value : x.values) expected.values.push_back(test.reference(value));
          // Small results of functions that pass through zero carry the absolute error of their inputs' rounding.
          double ulps = dtype == DType::f32 || dtype == DType::f64 ? test.ulps : 1;
          EXPECT_TRUE(near(fetch(output), expected, 2 * (ulps + 1) * unit(dtype), 0.1))
              << name_of(test.op) << " " << name_of(dtype) << " " << to_string(shape) << " layout " << int(lay);
        }
}

TEST(Unary, IntegersStayIntegersWhereTheyCan) {
  for (DType dtype : {DType::i8, DType::i16, DType::i32, DType::i64}) {
    Array x = make({-7, -1, 0, 1, 9}, {5}, dtype);
    EXPECT_EQ(unary(UnaryOp::abs, x).dtype(), dtype);
    EXPECT_EQ(fetch(unary(UnaryOp::abs, x)).values, (std::vector<double>{7, 1, 0, 1, 9}));
    EXPECT_EQ(fetch(unary(UnaryOp::negative, x)).values, (std::vector<double>{7, 1, 0, -1, -9}));
    EXPECT_EQ(fetch(unary(UnaryOp::sign, x)).values, (std::vector<double>{-1, -1, 0, 1, 1}));
    EXPECT_EQ(fetch(unary(UnaryOp::bitwise_not, x)).values, (std::vector<double>{6, 0, -1, -2, -10}));
  }
  EXPECT_EQ(unary(UnaryOp::exp, make({1}, {1}, DType::i32)).dtype(), DType::f32);
}

TEST(Unary, SpecialValuesFollowNumPy) {
  double inf = INFINITY, nan = NAN;
  for (DType dtype : {DType::f16, DType::bf16, DType::f32, DType::f64}) {
    Array x = make({nan, inf, -inf, -0.0}, {4}, dtype);
    auto values = [&](UnaryOp op) { return fetch(unary(op, x)); };
    EXPECT_TRUE(near(values(UnaryOp::exp), {{4}, {nan, inf, 0, 1}}, 0, 0)) << name_of(dtype);
    EXPECT_TRUE(near(values(UnaryOp::log), {{4}, {nan, inf, nan, -inf}}, 0, 0)) << name_of(dtype);
    EXPECT_TRUE(near(values(UnaryOp::sqrt), {{4}, {nan, inf, nan, -0.0}}, 0, 0)) << name_of(dtype);
    EXPECT_TRUE(near(values(UnaryOp::tanh), {{4}, {nan, 1, -1, -0.0}}, 0, 0)) << name_of(dtype);
    EXPECT_TRUE(near(values(UnaryOp::sigmoid), {{4}, {nan, 1, 0, 0.5}}, 0, 0)) << name_of(dtype);
    EXPECT_TRUE(near(values(UnaryOp::isnan), {{4}, {1, 0, 0, 0}}, 0, 0)) << name_of(dtype);
    EXPECT_TRUE(near(values(UnaryOp::isinf), {{4}, {0, 1, 1, 0}}, 0, 0)) << name_of(dtype);
    EXPECT_TRUE(near(values(UnaryOp::isfinite), {{4}, {0, 0, 0, 1}}, 0, 0)) << name_of(dtype);
  }
}

struct BinaryCase {
  BinaryOp op;
  double low, high;
  double (*reference)(double, double);
  bool integers;
};

double floor_mod(double a, double b) { return a - std::floor(a / b) * b; }

const BinaryCase kBinary[]{
    {BinaryOp::add, -9, 9, [](double a, double b) { return a + b; }, true},
    {BinaryOp::subtract, -9, 9, [](double a, double b) { return a - b; }, true},
    {BinaryOp::multiply, -9, 9, [](double a, double b) { return a * b; }, true},
    {BinaryOp::divide, 0.5, 9, [](double a, double b) { return a / b; }, false},
    {BinaryOp::floor_divide, 1, 9, [](double a, double b) { return std::floor(a / b); }, true},
    {BinaryOp::remainder, 1, 9, floor_mod, true},
    {BinaryOp::power, 0.5, 3, [](double a, double b) { return std::pow(a, b); }, false},
    {BinaryOp::minimum, -9, 9, [](double a, double b) { return std::min(a, b); }, true},
    {BinaryOp::maximum, -9, 9, [](double a, double b) { return std::max(a, b); }, true},
    {BinaryOp::atan2, -9, 9, [](double a, double b) { return std::atan2(a, b); }, false},
    {BinaryOp::hypot, -9, 9, [](double a, double b) { return std::hypot(a, b); }, false},
    {BinaryOp::logaddexp, -5, 5, [](double a, double b) { return std::log(std::exp(a) + std::exp(b)); }, false},
    {BinaryOp::equal, 0, 3, [](double a, double b) { return double(a == b); }, true},
    {BinaryOp::not_equal, 0, 3, [](double a, double b) { return double(a != b); }, true},
    {BinaryOp::less, 0, 3, [](double a, double b) { return double(a < b); }, true},
    {BinaryOp::less_equal, 0, 3, [](double a, double b) { return double(a <= b); }, true},
    {BinaryOp::greater, 0, 3, [](double a, double b) { return double(a > b); }, true},
    {BinaryOp::greater_equal, 0, 3, [](double a, double b) { return double(a >= b); }, true},
    {BinaryOp::logical_and, 0, 1.5, [](double a, double b) { return double(a && b); }, true},
    {BinaryOp::logical_or, 0, 1.5, [](double a, double b) { return double(a || b); }, true},
    {BinaryOp::logical_xor, 0, 1.5, [](double a, double b) { return double(bool(a) != bool(b)); }, true},
};

TEST(Binary, MatchesFloat64InEveryTypeShapeAndPairOfLayouts) {
  std::mt19937 random(2);
  for (const BinaryCase& test : kBinary)
    for (DType dtype : {DType::f16, DType::bf16, DType::f32, DType::f64, DType::i8, DType::i16, DType::i32, DType::i64}) {
      if (is_integer(dtype) && !test.integers) continue;
      for (const Shape& shape : kShapes)
        for (Lay lay : kLayouts) {
          std::uniform_real_distribution<double> draw(test.low, test.high);
          auto next = [&] { return is_integer(dtype) ? std::floor(draw(random)) : draw(random); };
          Reference a, b;
          Array x = arrange(shape, dtype, lay, next, &a), y = arrange(shape, dtype, Lay::contiguous, next, &b);
          Reference expected{shape, {}};
          bool defined = true;
          for (size_t i = 0; i < a.values.size(); ++i) {
            double quotient = a.values[i] / b.values[i];
            // next to a whole quotient, rounding decides
            if ((test.op == BinaryOp::floor_divide || test.op == BinaryOp::remainder) && is_float(dtype) &&
                std::abs(quotient - std::nearbyint(quotient)) < 1e-2)
              defined = false;
            expected.values.push_back(test.reference(a.values[i], b.values[i]));
          }
          if (!defined) continue;
          double floor = test.op == BinaryOp::remainder || test.op == BinaryOp::subtract || test.op == BinaryOp::add ? 9 : 0.5;
          EXPECT_TRUE(near(fetch(binary(test.op, x, y)), expected, 16 * unit(dtype), floor))
              << name_of(test.op) << " " << name_of(dtype) << " " << to_string(shape) << " layout " << int(lay);
        }
    }
}

TEST(Binary, IntegerDivisionRoundsDownAndRemainderTakesTheDivisorsSign) {
  for (DType dtype : {DType::i8, DType::i32, DType::i64}) {
    Array a = make({7, -7, 7, -7}, {4}, dtype), b = make({2, 2, -2, -2}, {4}, dtype);
    EXPECT_EQ(fetch(binary(BinaryOp::floor_divide, a, b)).values, (std::vector<double>{3, -4, -4, 3}));
    EXPECT_EQ(fetch(binary(BinaryOp::remainder, a, b)).values, (std::vector<double>{1, 1, -1, -1}));
    Array zero = make({0, 0, 0, 0}, {4}, dtype);
    EXPECT_EQ(fetch(binary(BinaryOp::floor_divide, a, zero)).values, (std::vector<double>{0, 0, 0, 0}));  // no trap
  }
}

TEST(Binary, BitOperationsWorkOnIntegersAndBooleansOnly) {
  Array a = make({12, 10}, {2}, DType::i32), b = make({10, 3}, {2}, DType::i32);
  EXPECT_EQ(fetch(binary(BinaryOp::bitwise_and, a, b)).values, (std::vector<double>{8, 2}));
  EXPECT_EQ(fetch(binary(BinaryOp::bitwise_or, a, b)).values, (std::vector<double>{14, 11}));
  EXPECT_EQ(fetch(binary(BinaryOp::bitwise_xor, a, b)).values, (std::vector<double>{6, 9}));
  EXPECT_EQ(fetch(binary(BinaryOp::shift_left, a, make({1, 2}, {2}, DType::i32))).values, (std::vector<double>{24, 40}));
  EXPECT_EQ(fetch(binary(BinaryOp::shift_right, a, make({1, 2}, {2}, DType::i32))).values, (std::vector<double>{6, 2}));
  Array t = make({1, 0}, {2}, DType::boolean), u = make({1, 1}, {2}, DType::boolean);
  EXPECT_EQ(fetch(binary(BinaryOp::bitwise_and, t, u)).values, (std::vector<double>{1, 0}));
  EXPECT_THROW(binary(BinaryOp::bitwise_and, make({1}, {1}, DType::f32), make({1}, {1}, DType::f32)), Error);
}

TEST(Binary, BroadcastsLikeNumPy) {
  Array column = make({1, 2, 3}, {3, 1}, DType::f32), row = make({10, 20}, {2}, DType::f32);
  Array sum = column + row;
  EXPECT_EQ(sum.shape(), (Shape{3, 2}));
  EXPECT_EQ(fetch(sum).values, (std::vector<double>{11, 21, 12, 22, 13, 23}));
  EXPECT_THROW(make({1, 2, 3}, {3}, DType::f32) + row, Error);
}

TEST(Binary, PromotesLikeTheArrayApi) {
  EXPECT_EQ((make({1}, {1}, DType::i8) + make({1}, {1}, DType::u8)).dtype(), DType::i16);
  EXPECT_EQ((make({1}, {1}, DType::i32) + make({1}, {1}, DType::f16)).dtype(), DType::f16);
  EXPECT_EQ((make({1}, {1}, DType::f16) + make({1}, {1}, DType::bf16)).dtype(), DType::f32);
  EXPECT_EQ((make({1}, {1}, DType::boolean) + make({1}, {1}, DType::i64)).dtype(), DType::i64);
}

TEST(Activation, KeepsNan) {
  const Array x = make({NAN, 1}, {2}, DType::f32);
  for (int code = 0; code < int(ActivationOp::step); ++code) {  // steps are of truth values
    const ActivationOp op = ActivationOp(code);
    const auto values = fetch(activation(op, x, default_parameter(op))).values;
    EXPECT_TRUE(std::isnan(values[0])) << code;
    EXPECT_TRUE(std::isfinite(values[1])) << code;
  }
}

TEST(Activation, ShrinksToZeroWithinTheBoundsOnly) {
  const Array x = make({-2, -0.5, -0.25, 0, 0.25, 0.5, 2, INFINITY}, {8}, DType::f32);
  EXPECT_EQ(fetch(activation(ActivationOp::hard_shrink, x, 0.5)).values, (std::vector<double>{-2, 0, 0, 0, 0, 0, 2, INFINITY}));
  EXPECT_EQ(fetch(activation(ActivationOp::soft_shrink, x, 0.5)).values, (std::vector<double>{-1.5, 0, 0, 0, 0, 0, 1.5, INFINITY}));
}

TEST(Where, PicksByConditionWithBroadcasting) {
  Array condition = make({1, 0, 1}, {3, 1}, DType::boolean);
  Array result = where(condition, make({1, 2}, {2}, DType::f32), make({-1}, {1}, DType::i32));
  EXPECT_EQ(result.dtype(), DType::f32);
  EXPECT_EQ(fetch(result).values, (std::vector<double>{1, 2, -1, -1, 1, 2}));
}

TEST(Cast, GoesBetweenAllTypesAndSaturatesFloatsIntoIntegers) {
  std::vector<double> values{0, 1, 2, 100};
  for (int from = 0; from < kDTypeCount; ++from)
    for (int to = 0; to < kDTypeCount; ++to) {
      Reference result = fetch(cast(make(values, {4}, DType(from)), DType(to)));
      std::vector<double> expected = values;
      if (DType(from) == DType::boolean || DType(to) == DType::boolean) expected = {0, 1, 1, 1};
      EXPECT_EQ(result.values, expected) << name_of(DType(from)) << " to " << name_of(DType(to));
    }
  EXPECT_EQ(fetch(cast(make({300, -5, NAN}, {3}, DType::f32), DType::u8)).values, (std::vector<double>{255, 0, 0}));
}

TEST(Fusion, GivesTheSameBytesAsStepByStep) {
  std::mt19937 random(3);
  for (DType dtype : {DType::f16, DType::bf16, DType::f32, DType::f64}) {
    std::uniform_real_distribution<double> draw(-3, 3);
    Reference ignored;
    Array x = arrange(
        {37, 129}, dtype, Lay::transposed, [&] { return draw(random); }, &ignored);
    Array y = arrange(
        {129}, dtype, Lay::contiguous, [&] { return draw(random); }, &ignored);
    auto build = [&](bool stepwise) {
      auto keep = [&](const Array& a) {
        if (stepwise) eval({a});
        return a;
      };
      Array first = keep(x + y);  // read again at the end: its memory must last
      Array s = keep(unary(UnaryOp::sigmoid, first));
      Array product = keep(s * keep(x * 1.25));
      return keep(where(keep(binary(BinaryOp::greater, product, y)), product, keep(unary(UnaryOp::exp, y)))) - first;
    };
    EXPECT_EQ(fetch(build(false)).values, fetch(build(true)).values) << name_of(dtype);
  }
}

// Additions, subtractions and products of float32 are computed two at a time; a value that two read, or that is read twice, stands alone.
TEST(Fusion, PairsOfArithmeticGiveTheSameBytesAsStepByStep) {
  std::mt19937 random(4);
  std::uniform_real_distribution<double> draw(-3, 3);
  Reference ignored;
  auto drawn = [&](const Shape& shape) {
    return arrange(
        shape, DType::f32, Lay::contiguous, [&] { return draw(random); }, &ignored);
  };
  const BinaryOp ops[] = {BinaryOp::add, BinaryOp::subtract, BinaryOp::multiply};
  for (const Shape& shape : {Shape{3, 70}, Shape{19, 2050}}) {
    const Array x = drawn(shape), y = drawn(shape), z = drawn(shape), row = drawn({shape.back()}), one = drawn({1});
    for (BinaryOp first : ops)
      for (BinaryOp second : ops)
        for (const Array& other : {z, row, one, x})
          for (bool turned : {false, true}) {
            auto build = [&](bool stepwise) {
              auto keep = [&](const Array& a) {
                if (stepwise) eval({a});
                return a;
              };
              const Array inner = keep(binary(first, x, y));
              const Array pair = keep(turned ? binary(second, other, inner) : binary(second, inner, other));
              const Array twice = keep(binary(second, pair, pair));
              return keep(keep(twice - row) * 0.5) + pair;
            };
            EXPECT_EQ(fetch(build(false)).values, fetch(build(true)).values) << int(first) << int(second) << turned << to_string(shape);
          }
  }
}

TEST(Creation, FillsAndRanges) {
  EXPECT_EQ(fetch(full(test::device(), {2, 2}, 3, DType::bf16)).values, (std::vector<double>{3, 3, 3, 3}));
  EXPECT_EQ(fetch(arange(test::device(), 1, 2, 0.25, DType::f32)).values, (std::vector<double>{1, 1.25, 1.5, 1.75}));
  EXPECT_EQ(fetch(arange(test::device(), 5, 0, -2, DType::i32)).values, (std::vector<double>{5, 3, 1}));
  EXPECT_EQ(arange(test::device(), 5, 0, 1, DType::i32).size(), 0);
  EXPECT_THROW(arange(test::device(), 0, 1, 0, DType::f32), Error);
}

// Beside 0 the result is the smaller exponential, which a sum with 1 would round off.
TEST(Binary, LogaddexpKeepsSmallExponentials) {
  for (const DType dtype : {DType::f32, DType::f64}) {
    const std::vector<double> values =
        fetch(binary(BinaryOp::logaddexp, make({-66, 0, -17, -40}, {4}, dtype), make({0, -30, 0, 0}, {4}, dtype))).values;
    const double exponents[] = {-66, -30, -17, -40};
    for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(values[i], std::log1p(std::exp(exponents[i])), 1e-6 * std::exp(exponents[i]));
  }
}

// NumPy's and Python's answers: a quotient below 0 is -1, however small.
TEST(Binary, FloorDivisionByInfinityIsZeroOrMinusOne) {
  for (const DType dtype : {DType::f16, DType::bf16, DType::f32, DType::f64}) {
    const Array a = make({1, -1, 1, -1, 0, 2.5}, {6}, dtype),
                b = make({INFINITY, INFINITY, -INFINITY, -INFINITY, -INFINITY, -1}, {6}, dtype);
    EXPECT_EQ(fetch(binary(BinaryOp::floor_divide, a, b)).values, (std::vector<double>{0, -1, -1, 0, 0, -3})) << name_of(dtype);
  }
}

}  // namespace
}  // namespace mlxc
