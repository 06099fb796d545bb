// What the planner makes of a graph, seen through the null device: it records launches and computes nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backend/null/null_device.h"
#include "graph/function.h"
#include "graph/program.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"
#include "ops/sort.h"
#include "ops/transformer.h"

namespace mlxc {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Array ones(Device& device, Shape shape, DType dtype = DType::f32) { return Array::allocate(device, shape, dtype); }

TEST(Plan, MergesEqualOperationsOnEqualInputs) {
  NullDevice device;
  Array x = ones(device, {4, 4}), y = ones(device, {4, 4});
  Array sum = matmul(x, y) + matmul(x, y);
  eval({sum});
  EXPECT_THAT(device.take_launches(), ElementsAre("matmul", "fused"));
}

TEST(Plan, RunsOnlyWhatTheOutputsNeed) {
  NullDevice device;
  Array x = ones(device, {4, 4});
  Array unused = matmul(x, x);
  eval({softmax(x, -1)});
  EXPECT_THAT(device.take_launches(), ElementsAre("softmax"));
}

TEST(Plan, FusesAnElementwiseChainIntoOneLaunch) {
  NullDevice device;
  Array x = ones(device, {8, 8}), y = ones(device, {8});
  eval({unary(UnaryOp::exp, x * 2.0 + y) / (x + 1.0)});
  EXPECT_THAT(device.take_launches(), ElementsAre("fused"));
}

TEST(Plan, KeepsAStepThatIsAlsoAnOutputApart) {
  NullDevice device;
  Array x = ones(device, {8});
  Array middle = unary(UnaryOp::exp, x);
  eval({middle, unary(UnaryOp::sin, middle)});
  EXPECT_THAT(device.take_launches(), ElementsAre("fused", "fused"));
}

TEST(Plan, FusionOffGivesOneLaunchAnOperation) {
  NullDevice device({0, 0});
  Array x = ones(device, {8});
  eval({unary(UnaryOp::exp, unary(UnaryOp::sin, unary(UnaryOp::cos, x)))});
  EXPECT_THAT(device.take_launches(), ElementsAre("fused", "fused", "fused"));
}

TEST(Plan, ViewsLaunchNothing) {
  NullDevice device;
  Array x = ones(device, {4, 6});
  Array view = slice(transpose(reshape(x, {2, 12})), {0, 0}, {12, 2}, {3, 1});
  eval({view});
  EXPECT_THAT(device.take_launches(), IsEmpty());
  EXPECT_EQ(view.storage(), x.storage());
}

TEST(Plan, AReshapeOfATransposedArrayCopiesOnce) {
  NullDevice device;
  Array x = ones(device, {4, 6});
  eval({reshape(transpose(x), {24})});
  EXPECT_THAT(device.take_launches(), ElementsAre("copy"));
}

TEST(Plan, ReusesTheMemoryOfDeadTemporaries) {
  NullDevice device({0, 0});
  Array x = ones(device, {1024});
  for (int i = 0; i < 50; ++i) x = unary(UnaryOp::sin, x);
  TracedGraph traced = trace({x}, {}, {});
  EXPECT_LE(Program::plan(traced.graph)->temporary_bytes(), 2 * 1024 * sizeof(float));  // one read, one written
}

TEST(Plan, TemporariesAliveTogetherDoNotOverlap) {
  NullDevice device({0, 0});
  Array x = ones(device, {1000});
  std::vector<Array> layer{unary(UnaryOp::sin, x), unary(UnaryOp::cos, x), unary(UnaryOp::exp, x), unary(UnaryOp::tanh, x)};
  Array total = (layer[0] + layer[1]) * (layer[2] + layer[3]) + layer[0] * layer[3];
  eval({total});
  // Replay the launches: what a launch reads must still be what the latest writer of that place wrote for it.
  struct Range {
    int64_t begin, end;
  };
  std::vector<LaunchPlan> launches = device.last_compiled();
  ASSERT_EQ(launches.size(), 9u);
  for (const LaunchPlan& launch : launches) {
    const OperandPlace& out = launch.places.back();
    for (size_t i = 0; i + 1 < launch.places.size(); ++i) {
      const OperandPlace& in = launch.places[i];
      if (in.buffer == out.buffer) {
        EXPECT_NE(in.offset_bytes, out.offset_bytes);
      }
    }
  }
}

class SideBySideDevice : public NullDevice {
 public:
  using NullDevice::NullDevice;
  bool side_by_side() const override { return true; }
  bool may_join(const Primitive& first, const Primitive& second) const override {
    return first.code() == OpCode::fused && second.code() == OpCode::reduce;
  }
};

TEST(Order, WhatIsSmallRunsBesideWhatIsLarge) {
  auto launches = [](NullDevice& device) {
    const Array x = ones(device, {256, 256}), y = ones(device, {1000}), z = ones(device, {300});
    const Array product = matmul(softmax(matmul(x, x), -1), x);
    const Array scale = reduce(ReduceOp::sum, sort(y, 0), {}, false), other = reduce(ReduceOp::max, unary(UnaryOp::exp, z), {}, false);
    eval({product * scale + other});
    return device.take_launches();
  };
  NullDevice plain;
  EXPECT_THAT(launches(plain), ElementsAre("matmul", "softmax", "matmul", "sort", "sum", "fused", "max", "fused"));
  SideBySideDevice device;  // exp and max stay together: the device may do them in one launch
  EXPECT_THAT(launches(device), ElementsAre("matmul", "sort", "fused", "max", "softmax", "sum", "matmul", "fused"));
}

TEST(Order, WhatIsLargeKeepsItsPlace) {
  auto bytes = [](Device& device) {
    const Array x = ones(device, {64, 1024, 1024});
    Array total = ones(device, {64, 1024, 1});
    for (int i = 1; i < 9; ++i) total = total + reduce(ReduceOp::max, softmax(x * double(i), -1), {-1}, true);
    return Program::plan(trace({total}, {}, {}).graph)->temporary_bytes();
  };
  NullDevice plain;
  SideBySideDevice device;
  EXPECT_LT(bytes(device), bytes(plain) + (size_t{9} << 20));
}

TEST(Order, ResultsThatComeEarlyAreOfBoundedSize) {
  SideBySideDevice device;
  const Array x = ones(device, {128, 128});
  Array total = matmul(x, x);
  for (int i = 0; i < 500; ++i) total = matmul(total, softmax(x * double(i), -1));  // 500 of 64 KiB, each read by a product of its own
  EXPECT_LT(Program::plan(trace({total}, {}, {}).graph)->temporary_bytes(), size_t{20} << 20);
}

TEST(Order, LaunchesSideBySideDoNotShareMemory) {
  auto bytes = [](Device& device) {
    const Array x = ones(device, {1024});
    const Array left = unary(UnaryOp::cos, unary(UnaryOp::sin, x)), right = unary(UnaryOp::tanh, unary(UnaryOp::exp, x));
    return Program::plan(trace({left + right}, {}, {}).graph)->temporary_bytes();
  };
  NullDevice plain({0, 0});
  SideBySideDevice device({0, 0});
  EXPECT_EQ(bytes(plain), 3 * 4096u);   // one after the other: the second pair finds the first one's memory
  EXPECT_EQ(bytes(device), 4 * 4096u);  // two at a time
}

TEST(Plan, IsCachedByStructureAndShape) {
  NullDevice device;
  auto build = [&](int64_t n) { return unary(UnaryOp::exp, ones(device, {n})) + 1.0; };
  eval({build(16)});
  int64_t plans = graph_counters().plans;
  eval({build(16)});
  EXPECT_EQ(graph_counters().plans, plans);
  eval({build(17)});
  EXPECT_EQ(graph_counters().plans, plans + 1);
}

struct Pages {
  Array keys, values, k, table, sequences, positions;
};
Pages make_pages(Device& device) {
  return {Array::placeholder(device, {4, 2, kPageSlots, 8}, DType::f32),
          Array::placeholder(device, {4, 2, kPageSlots, 8}, DType::f32),
          Array::placeholder(device, {3, 2, 8}, DType::f32),
          Array::placeholder(device, {1, 4}, DType::i32),
          Array::placeholder(device, {3}, DType::i32),
          Array::placeholder(device, {3}, DType::i32)};
}
Array filled(const Array& like) { return Array::allocate(like.device(), like.shape(), like.dtype()); }

TEST(State, SharesTheBufferOfItsInput) {
  NullDevice device;
  Pages p = make_pages(device);
  KvPages written = kv_write({p.keys, p.values}, p.k, p.k, p.table, p.sequences, p.positions);
  Function step =
      Function::capture({p.keys, p.values, p.k, p.table, p.sequences, p.positions}, {written.keys, written.values}, {{0, 0}, {1, 1}});
  std::vector<Array> inputs{filled(p.keys), filled(p.values), filled(p.k), filled(p.table), filled(p.sequences), filled(p.positions)};
  std::vector<Array> outputs = step.run(inputs);
  EXPECT_EQ(outputs[0].storage(), inputs[0].storage());
  EXPECT_EQ(outputs[1].storage(), inputs[1].storage());
  EXPECT_THAT(device.take_launches(), ElementsAre("kv_write"));
}

TEST(State, AReaderOfTheOldValueRunsBeforeTheUpdate) {
  NullDevice device;
  Pages p = make_pages(device);
  KvPages written = kv_write({p.keys, p.values}, p.k, p.k, p.table, p.sequences, p.positions);
  Array old_total = reduce(ReduceOp::sum, p.keys, {}, false);
  Function step = Function::capture({p.keys, p.values, p.k, p.table, p.sequences, p.positions}, {written.keys, written.values, old_total},
                                    {{0, 0}, {1, 1}});
  step.run({filled(p.keys), filled(p.values), filled(p.k), filled(p.table), filled(p.sequences), filled(p.positions)});
  EXPECT_THAT(device.take_launches(), ElementsAre("sum", "kv_write"));
}

TEST(State, RefusesToPlanWhenTheOldValueIsNeededAfterwards) {
  NullDevice device;
  Pages p = make_pages(device);
  KvPages written = kv_write({p.keys, p.values}, p.k, p.k, p.table, p.sequences, p.positions);
  Array difference = written.keys - p.keys;  // needs both at once
  EXPECT_THROW(Function::capture({p.keys, p.values, p.k, p.table, p.sequences, p.positions}, {written.keys, written.values, difference},
                                 {{0, 0}, {1, 1}}),
               Error);
}

TEST(State, WithoutADeclaredPairTheOldValueStays) {
  NullDevice device;
  Pages p = make_pages(device);
  KvPages written = kv_write({p.keys, p.values}, p.k, p.k, p.table, p.sequences, p.positions);
  Function step = Function::capture({p.keys, p.values, p.k, p.table, p.sequences, p.positions}, {written.keys});
  std::vector<Array> inputs{filled(p.keys), filled(p.values), filled(p.k), filled(p.table), filled(p.sequences), filled(p.positions)};
  EXPECT_NE(step.run(inputs)[0].storage(), inputs[0].storage());
  EXPECT_THAT(device.take_launches(), ElementsAre("copy", "copy", "kv_write"));
}

TEST(Function, PlansAgainForOtherShapesAndOnlyThen) {
  NullDevice device;
  Array x = Array::placeholder(device, {4, 8}, DType::f32);
  Array w = ones(device, {8, 8});
  Function f = Function::capture({x}, {matmul(x, w)});
  int64_t plans = graph_counters().plans;
  f.run({ones(device, {4, 8})});
  EXPECT_EQ(graph_counters().plans, plans);
  EXPECT_EQ(f.run({ones(device, {5, 8})})[0].shape(), (Shape{5, 8}));
  EXPECT_EQ(graph_counters().plans, plans + 1);
  f.run({ones(device, {5, 8})});
  f.run({ones(device, {4, 8})});
  EXPECT_EQ(graph_counters().plans, plans + 1);
}

TEST(Function, RefusesWrongInputsByName) {
  NullDevice device;
  Array x = Array::placeholder(device, {4}, DType::f32);
  Function f = Function::capture({x}, {unary(UnaryOp::exp, x)});
  EXPECT_THROW(f.run({}), Error);
  EXPECT_THROW(f.run({ones(device, {4}, DType::i32)}), Error);
  EXPECT_THROW(Function::capture({}, {unary(UnaryOp::exp, x)}), Error);  // depends on a placeholder that is no input
}

TEST(Eval, AMillionOperationsDeepIsAnOrdinaryGraph) {
  NullDevice device;
  Array x = ones(device, {1});
  for (int i = 0; i < 100000; ++i) x = reshape(x, i % 2 ? Shape{1} : Shape{1, 1});
  eval({x});
  Array y = ones(device, {1});
  for (int i = 0; i < 100000; ++i) y = reshape(y, i % 2 ? Shape{1} : Shape{1, 1});  // freed without ever running
}

TEST(Eval, ACancelFlagStopsBetweenLaunches) {
  NullDevice device;
  std::atomic<bool> cancel{true};
  Array y = softmax(ones(device, {4}), -1);
  try {
    eval({y}, {nullptr, &cancel});
    FAIL() << "not cancelled";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::cancelled);
  }
  EXPECT_FALSE(y.evaluated());
  eval({y});
  EXPECT_TRUE(y.evaluated());
}

TEST(Dot, NamesOperationsAndShapes) {
  NullDevice device;
  std::string text = to_dot({matmul(Array::placeholder(device, {2, 3}, DType::f32), ones(device, {3, 4}))});
  EXPECT_THAT(text, ::testing::HasSubstr("matmul\\nfloat32 [2, 4]"));
  EXPECT_THAT(text, ::testing::StartsWith("digraph"));
}

}  // namespace
}  // namespace mlxc
