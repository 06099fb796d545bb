// An update takes over the memory of an array that nobody else will look at.
#include <gtest/gtest.h>

#include "backend/cpu/cpu_device.h"
#include "backend/null/null_device.h"
#include "graph/counters.h"
#include "graph/function.h"
#include "ops/adam.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/indexing.h"
#include "ops/linalg.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"

namespace mlxc {
namespace {

Array numbers(int64_t count) {
  std::vector<float> values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i) values[i] = float(i);
  return Array::from_vector(cpu_device(), values, {count}, DType::f32);
}

Array set(const Array& x, int64_t at, float value) {
  return slice_update(x, Array::from_vector(cpu_device(), std::vector<float>{value}, {1}, DType::f32), {at}, {at + 1}, {1});
}

float element(const Array& x, int64_t at) {
  eval({x});
  return x.data_as<float>()[at];
}

TEST(Donation, AChainOfUpdatesStaysInPlaceWithoutCopies) {
  Array x = numbers(1 << 16);
  const void* place = x.data();
  for (int i = 0; i < 50; ++i) {
    x = set(x, i, -1);
    const GraphCounters before = graph_counters();
    eval({x});
    ASSERT_EQ(graph_counters().launches - before.launches, 1u) << "a copy beside the update";
    ASSERT_EQ(x.data(), place);
  }
  EXPECT_EQ(element(x, 49), -1);
  EXPECT_EQ(element(x, 50), 50);
}

TEST(Donation, SeveralUpdatesInOneEvaluationStayInPlace) {
  Array x = numbers(1000);
  const void* place = x.data();
  for (int i = 0; i < 20; ++i) x = set(x, i, -1);
  eval({x});
  EXPECT_EQ(x.data(), place);
  EXPECT_EQ(element(x, 19), -1);
  EXPECT_EQ(element(x, 20), 20);
}

TEST(Donation, WhatTheCallerHoldsKeepsItsValue) {
  const Array x = numbers(100), y = set(x, 3, -1);
  eval({y});
  EXPECT_NE(x.data(), y.data());
  EXPECT_EQ(element(x, 3), 3);
  EXPECT_EQ(element(y, 3), -1);
}

TEST(Donation, WhatAnArrayToComeNeedsKeepsItsValue) {
  Array x = numbers(100);
  const Array doubled = x * 2.0, y = set(x, 3, -1);
  x = Array();
  eval({y});
  EXPECT_EQ(element(doubled, 3), 6);
}

TEST(Donation, AnArrayToComeBehindSharedStepsKeepsTheirInput) {
  Array x = numbers(100), y = set(x, 3, -1);
  const Array late = y * 2.0, early = y + 1.0;  // late is not evaluated with early, and needs y again
  x = y = Array();
  EXPECT_EQ(element(early, 3), 0);
  EXPECT_EQ(element(early, 4), 5);
  EXPECT_EQ(element(late, 3), -2);
  EXPECT_EQ(element(late, 4), 8);
}

TEST(Donation, ViewsOfTheSameMemoryKeepTheirValues) {
  Array x = numbers(100);
  const Array part = slice_axis(x, 0, 0, 10);
  eval({part});
  const Array y = set(x, 3, -1);
  x = Array();
  eval({y});
  EXPECT_EQ(element(part, 3), 3);
}

TEST(Donation, ReadersOfTheOldValueInTheSameEvaluationSeeIt) {
  Array x = numbers(100);
  const Array sum = reduce(ReduceOp::sum, x, {}, false), y = set(x, 3, 1000);
  x = Array();
  eval({y, sum});
  EXPECT_EQ(element(sum, 0), 4950);
  EXPECT_EQ(element(y, 3), 1000);
}

TEST(Donation, WhatAGradientMayAskForKeepsItsValue) {
  const Array weight = numbers(100);
  weight.set_requires_grad(true);
  const Array y = set(weight * 2.0, 3, -1);
  eval({y});
  const Array slope = grad({reduce(ReduceOp::sum, y * y, {}, false)}, {weight})[0];
  EXPECT_EQ(element(slope, 4), 2 * 2 * 8);
  EXPECT_EQ(element(slope, 3), 0);
  EXPECT_EQ(element(weight, 3), 3);
}

TEST(Donation, ScatterTakesOverTheMemoryToo) {
  Array x = numbers(1000);
  const void* place = x.data();
  x = scatter(ScatterOp::add, x, Array::from_vector(cpu_device(), std::vector<int64_t>{5, 5}, {2}, DType::i64), numbers(2));
  eval({x});
  EXPECT_EQ(x.data(), place);
  EXPECT_EQ(element(x, 5), 6);
}

std::vector<float> all(const Array& x) {
  eval({x});
  return {x.data_as<float>(), x.data_as<float>() + x.size()};
}

TEST(Donation, AnUpdateReadsItsOtherOperandsAsTheyWere) {
  const auto indices = [](std::vector<int64_t> list) { return Array::from_vector(cpu_device(), list, {int64_t(list.size())}, DType::i64); };
  const auto temporary = [] { return numbers(4) * 10.0 + 10.0; };
  Array x = temporary();
  EXPECT_EQ(all(scatter(ScatterOp::set, x, indices({1, 2, 3, 0}), x)), (std::vector<float>{40, 10, 20, 30}));
  x = temporary();
  EXPECT_EQ(all(scatter(ScatterOp::add, x, indices({0, 2, 3, 2}), x)), (std::vector<float>{20, 20, 90, 70}));
  x = temporary();
  EXPECT_EQ(all(slice_update(x, slice(x, {0}, {3}, {1}), {1}, {4}, {1})), (std::vector<float>{10, 10, 20, 30}));
  x = temporary();
  EXPECT_EQ(all(slice_update(x, x, {3}, {-5}, {-1})), (std::vector<float>{40, 30, 20, 10}));
  x = numbers(4);  // evaluated, and in nobody's hands while it is updated
  x = scatter(ScatterOp::set, x, indices({1, 2, 3, 0}), reshape(x, {4}));
  EXPECT_EQ(all(x), (std::vector<float>{3, 0, 1, 2}));

  const AdamUpdate adam(0.9, 0.99, 1e-8);
  const Array keep = Array::from_vector<float>(cpu_device(), {1}, {}, DType::f32);
  const auto step = [&](const Array& mean, const Array& variance) {
    return all(adam_update(adam, {numbers(4), mean, variance}, numbers(4), keep, keep, keep).variance);
  };
  const Array zeros = numbers(4) * 0.0;
  EXPECT_EQ(step(zeros, zeros), step(numbers(4) * 0.0, numbers(4) - numbers(4)));
}

TEST(Donation, AStateIsUpdatedFromItself) {
  const Array hole = Array::placeholder(cpu_device(), {4}, DType::f32);
  const Function shift = Function::capture({hole}, {slice_update(hole, slice(hole, {0}, {3}, {1}), {1}, {4}, {1})}, {{0, 0}});
  const Array x = numbers(4);
  EXPECT_EQ(all(shift.run({x})[0]), (std::vector<float>{0, 0, 1, 2}));
  EXPECT_EQ(all(x), (std::vector<float>{0, 0, 1, 2}));
}

// A rotation: each new value needs both old ones. A third state beside them is updated where it lies.
TEST(Donation, StatesThatNeedEachOthersOldValuesAreComputedBesideThem) {
  Arrays holes;
  for (int i = 0; i < 3; ++i) holes.push_back(Array::placeholder(cpu_device(), {4}, DType::f32));
  const Array &x = holes[0], &y = holes[1];
  const Function turn = Function::capture(holes, {x * 0.5 - y, x + y * 0.5, set(holes[2], 1, 7)}, {{0, 0}, {1, 1}, {2, 2}});
  const Array a = numbers(4), b = numbers(4) + 1.0, c = numbers(4);
  eval({b});
  turn.run({a, b, c});
  EXPECT_EQ(all(a), (std::vector<float>{-1, -1.5, -2, -2.5}));
  EXPECT_EQ(all(b), (std::vector<float>{0.5, 2, 3.5, 5}));
  EXPECT_EQ(all(c), (std::vector<float>{0, 7, 2, 3}));
}

TEST(Donation, EveryOutputOfAnOperationGivesItsMemoryToTheNextOne) {
  const AdamUpdate adam(0.9, 0.99, 1e-8);
  const Array keep = Array::from_vector<float>(cpu_device(), {1}, {}, DType::f32), gradient = numbers(1000);
  AdamState state{numbers(1000), numbers(1000), numbers(1000)};
  const Array held = numbers(1000);
  std::vector<const void*> places;
  for (int i = 0; i < 4; ++i) {
    state = adam_update(adam, state, gradient, keep, keep, keep);
    const GraphCounters before = graph_counters();
    eval({state.parameter, state.mean, state.variance});
    EXPECT_EQ(graph_counters().launches - before.launches, 1u) << "copies beside the update";
    const std::vector<const void*> now{state.parameter.data(), state.mean.data(), state.variance.data()};
    if (i > 0) {
      EXPECT_EQ(now, places);
    }
    places = now;
  }
  // One of them in other hands keeps them all.
  const Array mean = state.mean;
  const float value = element(mean, 7);
  state = adam_update(adam, state, gradient, keep, keep, keep);
  eval({state.parameter, state.mean, state.variance});
  EXPECT_NE(state.mean.data(), mean.data());
  EXPECT_EQ(element(mean, 7), value);
}

TEST(Donation, WhatFailsCanBeEvaluatedAgain) {
  Array x = numbers(8);
  const Array y = scatter(ScatterOp::add, x, Array::from_vector(cpu_device(), std::vector<int64_t>{5}, {1}, DType::i64),
                          Array::from_vector(cpu_device(), std::vector<float>{1}, {1}, DType::f32));
  x = Array();
  const Array indefinite = linalg::cholesky(full(cpu_device(), {2, 2}, -1, DType::f32), false);
  EXPECT_THROW(eval({y, indefinite}), Error);
  EXPECT_THROW(eval({indefinite, y}), Error);
  EXPECT_EQ(element(y, 5), 6);
}

// Runs nothing, and fails at it: as where memory for an operation's own use is not to be had.
class FailingDevice : public NullDevice {
  class Failing : public Executable {
    void run(Stream&, std::span<const Binding>, const std::atomic<bool>*) const override { fail(Status::out_of_memory, "no memory"); }
  };
  std::unique_ptr<Executable> compile(CompilePlan) override { return std::make_unique<Failing>(); }
};

TEST(Donation, WhatAFailedUpdateTookOverIsAnErrorFromThenOn) {
  FailingDevice device;
  const float values[4] = {1, 2, 3, 4};
  Array x = Array::from_data(device, values, {4}, DType::f32);
  const Array one = Array::from_data(device, values, {1}, DType::f32), y = slice_update(x, one, {0}, {1}, {1}),
              held = slice_update(one, one, {0}, {1}, {1});
  x = Array();
  EXPECT_THROW(eval({y}), Error);
  try {
    eval({y});
    ADD_FAILURE() << "evaluated from lost values";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::internal);
  }
  EXPECT_THROW(eval({held}), Error);
  EXPECT_EQ(*one.data_as<float>(), 1);  // in other hands: never given away
}

}  // namespace
}  // namespace mlxc
