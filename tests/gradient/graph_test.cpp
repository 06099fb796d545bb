// What gradients mean on a graph: uses, marks, histories, checkpoints, depth.
#include "backend/null/null_device.h"
#include "finite_differences.h"
#include "graph/program.h"
#include "ops/matmul.h"
#include "ops/transformer.h"

namespace mlxc::test {
namespace {

Array sum(const Array& x) { return reduce(ReduceOp::sum, x, {}, false); }
template <class Body>
std::string message_of(Body body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Grad, AddsUpOverAllUses) {
  const Array x = make({1, 2, 3}, {3});
  EXPECT_EQ(fetch(grad({sum(x * x * x + x)}, {x})[0]), (std::vector<double>{4, 13, 28}));
}

TEST(Grad, OfSeveralOutputsIsWeightedByTheirCotangents) {
  const Array x = make({1, 2}, {2}), y = make({3, 4}, {2});
  const Arrays g = grad({x * y, x + y}, {x, y}, {make({10, 20}, {2}), make({1, 2}, {2})});
  EXPECT_EQ(fetch(g[0]), (std::vector<double>{31, 82}));
  EXPECT_EQ(fetch(g[1]), (std::vector<double>{11, 42}));
}

TEST(Grad, OverAComputedArrayAndWhatItWasComputedFrom) {
  const Array x = make({2, 3}, {2}), middle = x * x;
  const Arrays g = grad({sum(middle * middle)}, {middle, x});
  EXPECT_EQ(fetch(g[0]), (std::vector<double>{8, 18}));
  EXPECT_EQ(fetch(g[1]), (std::vector<double>{32, 108}));
}

TEST(Grad, IsZeroWhereNothingDepends) {
  const Array x = make({2, 3}, {2}), y = make({1}, {1});
  EXPECT_EQ(fetch(grad({sum(x)}, {y})[0]), (std::vector<double>{0}));
}

TEST(Grad, PassesNothingThroughIntegersAndComparisons) {
  const Array x = make({2.5, 3.5}, {2});
  const Array whole = cast(cast(x, DType::i32), DType::f64), above = cast(binary(BinaryOp::greater, x, scalar_like(x, 3)), DType::f64);
  EXPECT_EQ(fetch(grad({sum(x * whole + above)}, {x})[0]), (std::vector<double>{2, 3}));
}

TEST(Grad, NamesTheOperationThatHasNone) {
  NullDevice device;
  auto array = [&](Shape shape, DType dtype) { return Array::allocate(device, shape, dtype); };
  const Array q = array({3, 2, 8}, DType::f32), pages = array({4, 2, kPageSlots, 8}, DType::f32), ints = array({3}, DType::i32);
  const Array y = paged_attention(q, pages, pages, array({1, 4}, DType::i32), ints, ints, {}, 0);
  EXPECT_NE(message_of([&] { grad({sum(y)}, {q}); }).find("paged_attention has no gradient"), std::string::npos);
  EXPECT_EQ(grad({sum(stop_gradient(y) + q)}, {q}).size(), 1u);
}

TEST(Grad, RefusesWhatHasNoGradient) {
  const Array x = make({1, 2}, {2}), i = make({1, 2}, {2}, DType::i32);
  EXPECT_NE(message_of([&] { grad({x * x}, {x}); }).find("give cotangents"), std::string::npos);
  EXPECT_NE(message_of([&] { grad({sum(i)}, {x}); }).find("int64"), std::string::npos);
  EXPECT_NE(message_of([&] { grad({sum(x)}, {i}); }).find("int32"), std::string::npos);
  EXPECT_NE(message_of([&] { grad({x}, {x}, {sum(x)}); }).find("like its output"), std::string::npos);
  EXPECT_NE(message_of([&] { grad({}, {x}); }).find("no output"), std::string::npos);
}

TEST(Grad, OfAGradientIsTheSecondDerivative) {
  const Array x = make({1, 2, 3}, {3});
  const Array first = grad({sum(x * x * x)}, {x})[0];
  EXPECT_EQ(fetch(grad({sum(first)}, {x})[0]), (std::vector<double>{6, 12, 18}));
  auto penalty = [](const Arrays& in) {  // the squared norm of a network's gradient
    const Array hidden = unary(UnaryOp::tanh, matmul(in[0], in[1])), g = grad({sum(hidden * hidden)}, {in[0]})[0];
    return sum(g * g);
  };
  check_gradient(penalty, {drawn({3, 4}), drawn({4, 2}, -1, 1, 2)}, "gradient penalty");
}

TEST(Grad, OfAFusedFormHasASecondDerivative) {
  auto gradient_of_norm = [](const RmsNorm& norm) {
    return [norm](const Arrays& in) { return grad({sum(norm.compose(in)[0] * in[0])}, {in[0]})[0]; };
  };
  const RmsNorm norm(1e-5f, 0);
  auto fused = [norm](const Arrays& in) { return grad({sum(apply(norm, in) * in[0])}, {in[0]})[0]; };
  check_gradient(fused, {drawn({2, 5}), drawn({5}, 0.5, 1.5, 2)}, "rms_norm twice", 1e-4, DType::f32, gradient_of_norm(norm));
}

TEST(Grad, OfAChainOfAHundredThousandOperationsNeedsNoStack) {
  NullDevice device;
  const Array x = Array::allocate(device, {2}, DType::f32);
  Array y = x, part;
  for (int i = 0; i < 100'000; ++i) {
    y = unary(UnaryOp::negative, y);
    if (i == 20'000) part = checkpoint({y}, {x})[0];
  }
  EXPECT_EQ(grad({sum(y)}, {x})[0].shape(), Shape{2});
  EXPECT_EQ(grad({sum(part)}, {x})[0].shape(), Shape{2});
}

TEST(StopGradient, MakesAConstantAndCostsNothing) {
  const Array x = make({2, 3}, {2});
  const Array y = x * stop_gradient(x * 2.0);
  EXPECT_EQ(fetch(grad({sum(y)}, {x})[0]), (std::vector<double>{4, 6}));
  NullDevice device;
  const Array a = Array::allocate(device, {8}, DType::f32);
  eval({unary(UnaryOp::exp, stop_gradient(a + 1.0))});
  EXPECT_EQ(device.take_launches(), (std::vector<std::string>{"fused"}));
}

TEST(RequiresGrad, KeepsTheHistoryThatEvalWouldDrop) {
  const Array x = make({2, 3}, {2});
  x.set_requires_grad(true);
  const Array loss = sum(x * x), half = loss * 0.5;
  eval({loss, half});
  EXPECT_EQ(fetch(grad({loss}, {x})[0]), (std::vector<double>{4, 6}));
  EXPECT_EQ(fetch(grad({half}, {x})[0]), (std::vector<double>{2, 3}));
  const Array constant = stop_gradient(x) * 2.0;
  eval({constant});
  EXPECT_TRUE(constant.node()->inputs().empty());
}

TEST(RequiresGrad, IsAskedForWhereTheHistoryIsGone) {
  const Array x = make({2, 3}, {2}), loss = sum(x * x);
  eval({loss});
  EXPECT_NE(message_of([&] { grad({loss}, {x}); }).find("before evaluating"), std::string::npos);
}

TEST(Checkpoint, GivesTheSameGradients) {
  auto block = [](const Array& x, const Array& w) { return unary(UnaryOp::tanh, matmul(x, w)) * x; };
  const Array x = drawn({3, 4}), w = drawn({4, 4}, -1, 1, 2);
  auto plain = [&](const Arrays& in) { return block(block(in[0], in[1]), in[1]); };
  auto marked = [&](const Arrays& in) {
    const Array middle = checkpoint({block(in[0], in[1])}, {in[0]})[0];
    return checkpoint({block(middle, in[1])}, {middle})[0];
  };
  const Arrays expected = grad({sum(plain({x, w}))}, {x, w}), actual = grad({sum(marked({x, w}))}, {x, w});
  for (size_t i = 0; i < 2; ++i) expect_near(fetch(actual[i]), fetch(expected[i]), 1e-12, "checkpoint");
  auto gradient = [&](const Formula& formula) { return [formula](const Arrays& in) { return grad({sum(formula(in))}, {in[0]})[0]; }; };
  check_gradient(gradient(marked), {x, w}, "second derivative", 1e-7, DType::f64, gradient(plain));
}

TEST(Checkpoint, OverAnArrayInsideThePartCountsItsUses) {
  const Array x = make({2, 3}, {2}), inside = x * x, y = checkpoint({inside * inside}, {x})[0];
  const Arrays g = grad({sum(y)}, {inside, x});
  EXPECT_EQ(fetch(g[0]), (std::vector<double>{8, 18}));
  EXPECT_EQ(fetch(g[1]), (std::vector<double>{32, 108}));
}

TEST(Checkpoint, KeepsLessMemory) {
  NullDevice device;
  auto temporary_bytes = [&](bool marked) {
    Arrays weights;
    Array x = Array::allocate(device, {256, 256}, DType::f32);
    for (int layer = 0; layer < 8; ++layer) {
      Array y = x;
      for (int i = 0; i < 8; ++i) {
        weights.push_back(Array::allocate(device, {256, 256}, DType::f32));
        y = unary(UnaryOp::tanh, matmul(y, weights.back()));
      }
      x = marked ? checkpoint({y}, {x})[0] : y;
    }
    return Program::plan(trace(grad({sum(x)}, weights), {}, {}).graph)->temporary_bytes();
  };
  EXPECT_LT(temporary_bytes(true), temporary_bytes(false) / 3);
}

TEST(Function, RunsATrainingStepAsOneProgram) {
  Device& device = cpu_device();
  const Array x = Array::placeholder(device, {4, 3}, DType::f64), target = Array::placeholder(device, {4, 1}, DType::f64);
  const Array w = Array::placeholder(device, {3, 1}, DType::f64);
  const Array error = matmul(x, w) - target, loss = sum(error * error);
  const Array next = w - grad({loss}, {w})[0] * 0.05;
  const Function step = Function::capture({x, target, w}, {loss, next}, {{2, 1}});
  Array weights = make({0, 0, 0}, {3, 1});
  const Array data = drawn({4, 3}), goal = matmul(data, make({1, -2, 3}, {3, 1}));
  double first = 0, last = 0;
  for (int i = 0; i < 50; ++i) {
    const StoragePtr storage = weights.storage();
    const Arrays results = step.run({data, goal, weights});
    weights = results[1];
    EXPECT_EQ(weights.storage(), storage);  // updated where it lay
    last = fetch(results[0])[0];
    if (i == 0) first = last;
  }
  EXPECT_LT(last, first / 20);
}

}  // namespace
}  // namespace mlxc::test
