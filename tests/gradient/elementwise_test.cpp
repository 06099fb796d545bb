#include "finite_differences.h"
#include "ops/numeric.h"

namespace mlxc::test {
namespace {

struct UnaryCase {
  UnaryOp op;
  double low, high;  // where it is smooth
};
const std::vector<UnaryCase> kUnaryCases{
    {UnaryOp::abs, 0.1, 2},        {UnaryOp::abs, -2, -0.1},    {UnaryOp::negative, -2, 2},   {UnaryOp::exp, -2, 2},
    {UnaryOp::expm1, -1, 1},       {UnaryOp::log, 0.2, 3},      {UnaryOp::log1p, -0.5, 2},    {UnaryOp::log2, 0.2, 3},
    {UnaryOp::log10, 0.2, 3},      {UnaryOp::sqrt, 0.2, 3},     {UnaryOp::rsqrt, 0.3, 3},     {UnaryOp::square, -2, 2},
    {UnaryOp::reciprocal, 0.4, 2}, {UnaryOp::sin, -3, 3},       {UnaryOp::cos, -3, 3},        {UnaryOp::tan, -1, 1},
    {UnaryOp::asin, -0.9, 0.9},    {UnaryOp::acos, -0.9, 0.9},  {UnaryOp::atan, -3, 3},       {UnaryOp::sinh, -2, 2},
    {UnaryOp::cosh, -2, 2},        {UnaryOp::tanh, -2, 2},      {UnaryOp::asinh, -3, 3},      {UnaryOp::acosh, 1.2, 3},
    {UnaryOp::atanh, -0.8, 0.8},   {UnaryOp::floor, 0.1, 0.9},  {UnaryOp::ceil, 0.1, 0.9},    {UnaryOp::trunc, 0.1, 0.9},
    {UnaryOp::round, 0.1, 0.4},    {UnaryOp::sign, 0.1, 2},     {UnaryOp::erf, -2, 2},        {UnaryOp::sigmoid, -3, 3},
    {UnaryOp::silu, -3, 3},        {UnaryOp::gelu_tanh, -3, 3}, {UnaryOp::gelu_erf, -3, 3},   {UnaryOp::gelu_erf_slope, -3, 3},
    {UnaryOp::relu, 0.1, 2},       {UnaryOp::relu, -2, -0.1},   {UnaryOp::erfinv, -0.8, 0.8},
};

TEST(ElementwiseGradient, OfEveryUnaryFunctionMatchesDifferences) {
  for (const UnaryCase& each : kUnaryCases)
    for (const View& view : kViews)
      check_gradient([&](const Arrays& in) { return unary(each.op, view.of(in[0])); }, {drawn({4, 6}, each.low, each.high)},
                     cat(name_of(each.op), " ", view.name));
}

struct BinaryCase {
  BinaryOp op;
  double low, high;
};
const std::vector<BinaryCase> kBinaryCases{
    {BinaryOp::add, -2, 2},    {BinaryOp::subtract, -2, 2},  {BinaryOp::multiply, -2, 2}, {BinaryOp::divide, 0.5, 2},
    {BinaryOp::power, 0.3, 2}, {BinaryOp::minimum, -2, 2},   {BinaryOp::maximum, -2, 2},  {BinaryOp::atan2, 0.2, 2},
    {BinaryOp::hypot, 0.2, 2}, {BinaryOp::logaddexp, -2, 2},
};

TEST(ElementwiseGradient, OfEveryBinaryFunctionMatchesDifferences) {
  for (const BinaryCase& each : kBinaryCases) {
    const Array a = drawn({4, 6}, each.low, each.high, 1), b = drawn({4, 6}, each.low, each.high, 2);
    for (const View& view : kViews) {
      auto formula = [&](const Arrays& in) { return binary(each.op, view.of(in[0]), view.of(in[1])); };
      check_gradient(formula, {a, b}, cat(name_of(each.op), " ", view.name));
    }
    auto spread = [&](const Arrays& in) { return binary(each.op, in[0], in[1]); };
    check_gradient(spread, {a, drawn({6}, each.low, each.high, 3)}, cat(name_of(each.op), " with a row"));
    check_gradient(spread, {drawn({3, 1, 1}, each.low, each.high, 4), a}, cat(name_of(each.op), " with outer numbers"));
    check_gradient(spread, {a, drawn({}, each.low, each.high, 5)}, cat(name_of(each.op), " with a scalar"));
  }
}

TEST(ElementwiseGradient, OfRemainderFollowsTheQuotient) {
  const Array a = make({5.3, -4.1, 7.7}, {3}), b = make({2.0, 1.5, -3.0}, {3});
  check_gradient([](const Arrays& in) { return binary(BinaryOp::remainder, in[0], in[1]); }, {a, b}, "remainder");
  check_gradient([](const Arrays& in) { return binary(BinaryOp::floor_divide, in[0], in[1]); }, {a, b}, "floor_divide");
}

TEST(ElementwiseGradient, OfWhereGoesToTheChosenSide) {
  const Array condition = make({1, 0, 1, 0, 0, 1}, {6}, DType::boolean);
  check_gradient([&](const Arrays& in) { return where(condition, in[0], in[1]); }, {drawn({4, 6}, -1, 1, 1), drawn({1}, -1, 1, 2)},
                 "where");
}

TEST(ElementwiseGradient, OfACastComesBackInTheTypeItCameFrom) {
  const Array x = drawn({5}), narrow = cast(x, DType::f32);
  const Array gradient = grad({reduce(ReduceOp::sum, narrow * narrow, {}, false)}, {x})[0];
  EXPECT_EQ(gradient.dtype(), DType::f64);
  std::vector<double> expected = fetch(x);
  for (double& value : expected) value *= 2;
  expect_near(fetch(gradient), expected, 1e-6, "cast");
}

TEST(ElementwiseGradient, AtAZeroPowerIsFinite) {
  const Array a = make({0, 2, 0}, {3}), b = make({2, 0, 0}, {3});
  const Arrays g = grad({reduce(ReduceOp::sum, binary(BinaryOp::power, a, b), {}, false)}, {a, b});
  EXPECT_EQ(fetch(g[0]), (std::vector<double>{0, 0, 0}));
  expect_near(fetch(g[1]), {0, std::log(2.0), 0}, 1e-12, "exponent");
}

TEST(ElementwiseGradient, OfEqualOperandsOfAMaximumIsShared) {
  const Array a = make({1, 2, 3}, {3}), b = make({1, 5, 0}, {3});
  const Arrays g = grad({reduce(ReduceOp::sum, binary(BinaryOp::maximum, a, b), {}, false)}, {a, b});
  EXPECT_EQ(fetch(g[0]), (std::vector<double>{0.5, 0, 1}));
  EXPECT_EQ(fetch(g[1]), (std::vector<double>{0.5, 1, 0}));
}

TEST(ElementwiseGradient, OfLogaddexpReachesTheEnds) {
  const Array a = make({INFINITY, 1, 800, -800}, {4}), b = make({1, -INFINITY, -800, 800}, {4});
  const Arrays g = grad({reduce(ReduceOp::sum, binary(BinaryOp::logaddexp, a, b), {}, false)}, {a, b});
  EXPECT_EQ(fetch(g[0]), (std::vector<double>{1, 1, 1, 0}));
  EXPECT_EQ(fetch(g[1]), (std::vector<double>{0, 0, 0, 1}));
}

// PyTorch's clamp: on a bound the gradient is that of the value.
TEST(ElementwiseGradient, OfAClippedValueHoldsOnTheBounds) {
  const Array x = make({-1, 0, 0.5, 1, 2, NAN}, {6}), low = make({0}, {}), high = make({1}, {});
  const Arrays g = grad({reduce(ReduceOp::sum, clip(x, low, high), {}, false)}, {x, low, high});
  EXPECT_EQ(fetch(g[0]), (std::vector<double>{0, 1, 1, 1, 0, 1}));
  EXPECT_EQ(fetch(g[1]), (std::vector<double>{1}));
  EXPECT_EQ(fetch(g[2]), (std::vector<double>{1}));
}

// What PyTorch gives where the pieces of an activation meet, and where the piece that is not chosen overflows.
TEST(ElementwiseGradient, OfActivationsIsPyTorchsWhereTheirPiecesMeet) {
  const struct {
    ActivationOp op;
    double parameter;
    std::vector<double> x, slopes;
  } cases[] = {
      {ActivationOp::relu6, 0, {0, 6, 3}, {0, 0, 1}},
      {ActivationOp::leaky_relu, 0.25, {0, -1, 1}, {0.25, 0.25, 1}},
      {ActivationOp::elu, 0.5, {0, 1000, -1000}, {0.5, 1, 0}},
      {ActivationOp::selu, 0, {1000, -1000}, {1.0507009873554804934, 0}},
      {ActivationOp::celu, 0.5, {0, 1000, -1000}, {1, 1, 0}},
      {ActivationOp::celu, -1, {-1, 1}, {M_E, 1}},
      {ActivationOp::hard_sigmoid, 0, {-3, 3, 0}, {0, 0, 1.0 / 6}},
      {ActivationOp::hard_swish, 0, {-3, 3, 0}, {0, 1, 0.5}},
      {ActivationOp::hard_tanh, 0, {-1, 1, 0}, {0, 0, 1}},
      {ActivationOp::hard_shrink, 0.5, {-0.5, 0.5, 1}, {0, 0, 1}},
      {ActivationOp::soft_shrink, 0.5, {-0.5, 0.5, 1}, {0, 0, 1}},
      {ActivationOp::softplus, 2, {-1000, 1000}, {0, 1}},
      {ActivationOp::mish, 0, {-1000, 1000}, {0, 1}},
  };
  for (const auto& each : cases)
    for (const DType dtype : {DType::f32, DType::f64}) {
      const Array x = make(each.x, {int64_t(each.x.size())}, dtype);
      expect_near(fetch(grad({reduce(ReduceOp::sum, activation(each.op, x, each.parameter), {}, false)}, {x})[0]), each.slopes, 1e-6,
                  cat("activation ", int(each.op)));
    }
}

TEST(ElementwiseGradient, SecondDerivativesMatchDifferencesOfTheFirst) {
  for (UnaryOp op : {UnaryOp::tanh, UnaryOp::sigmoid, UnaryOp::gelu_erf, UnaryOp::gelu_tanh, UnaryOp::silu, UnaryOp::log, UnaryOp::sqrt})
    check_gradient([&](const Arrays& in) { return grad({reduce(ReduceOp::sum, unary(op, in[0]), {}, false)}, {in[0]})[0]; },
                   {drawn({7}, 0.3, 1.5)}, cat("second derivative of ", name_of(op)));
}

}  // namespace
}  // namespace mlxc::test
