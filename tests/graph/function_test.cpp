// Functions captured with one shape and run with others, and calls that stay prepared.
#include "graph/function.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <span>

#include "backend/cpu/cpu_device.h"
#include "ops/elementwise.h"
#include "ops/matmul.h"
#include "ops/pool.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"

namespace mlxc {
namespace {

Array filled(const Shape& shape, float first) {
  std::vector<float> values(size_t(element_count(shape)));
  for (size_t i = 0; i < values.size(); ++i) values[i] = first + float(i);
  return Array::from_vector(cpu_device(), values, shape, DType::f32);
}

std::vector<float> values_of(const Array& array) {
  std::vector<float> values(size_t(array.size()));
  read(array, values.data(), values.size() * sizeof(float));
  return values;
}

// What the function gives for every number of rows equals what the same operations give lazily.
template <class Build>
void follows_rows(int64_t captured, Build build) {
  Array hole = Array::placeholder(cpu_device(), {captured, 3}, DType::f32);
  Function function = Function::capture({hole}, {build(hole)});
  for (int64_t rows : {1, 2, 5, 64, 3}) {
    const Array x = filled({rows, 3}, -4);
    const Array expected = build(x), result = function.run({x})[0];
    EXPECT_EQ(to_string(result.shape()), to_string(expected.shape()));
    EXPECT_EQ(values_of(result), values_of(expected)) << rows << " rows, captured with " << captured;
  }
}

TEST(Reinfer, BiasesFollowTheBatch) {
  const Array weight = filled({3, 4}, 1), bias = filled({4}, 10), scale = filled({1, 4}, 2);
  for (int64_t captured : {1, 2, 7}) follows_rows(captured, [&](const Array& x) { return (matmul(x, weight) + bias) * 0.5; });
  for (int64_t captured : {2, 7})  // of one row nothing tells that it is to be stretched
    follows_rows(captured, [&](const Array& x) { return (matmul(x, weight) + bias) * scale; });
}

TEST(Reinfer, StatisticsOfRowsFollowTheBatch) {
  for (int64_t captured : {1, 4}) follows_rows(captured, [](const Array& x) { return x - reduce(ReduceOp::mean, x, {1}, true); });
}

TEST(Reinfer, OuterOperandsFollowTheBatch) {
  const Array row = filled({1, 3}, 2);
  follows_rows(4, [&](const Array& x) { return reduce(ReduceOp::sum, x, {1}, true) * row; });
}

TEST(Reinfer, OpenDimensionsAndNewAxesFollowTheBatch) {
  const Array weight = filled({3, 4}, 1);
  for (int64_t captured : {1, 2, 7}) {
    follows_rows(captured, [](const Array& x) { return reshape(x, {-1}); });
    follows_rows(captured, [](const Array& x) { return reshape_by_axes(x, {3, 1, same_as(0)}); });
    follows_rows(captured, [&](const Array& x) { return squeeze(reduce(ReduceOp::sum, expand_dims(x, 2) * weight, {1}, true), 1); });
  }
}

TEST(Reinfer, ShapesThatDoNotFitAreErrors) {
  Array hole = Array::placeholder(cpu_device(), {4, 3}, DType::f32);
  Function function = Function::capture({hole}, {hole + filled({4, 3}, 0)});
  EXPECT_THROW(function.run({filled({5, 3}, 0)}), Error);
  Function fixed = Function::capture({hole}, {broadcast_to(hole, {2, 4, 3})});
  EXPECT_THROW(fixed.run({filled({5, 3}, 0)}), Error);
  Function even = Function::capture({hole}, {reshape(hole, {2, -1})});
  EXPECT_THROW(even.run({filled({5, 3}, 0)}), Error);
  Array image = Array::placeholder(cpu_device(), {1, 1, 4, 4}, DType::f32);
  Function pooled = Function::capture({image}, {max_pool(image, {.kernel = {2, 2}, .stride = {}, .padding = {}, .dilation = {}})});
  for (const Shape& shape : {Shape{4}, Shape{1, 1, 4, 4, 4}}) EXPECT_THROW(pooled.run({filled(shape, 0)}), Error);
}

// A batch of any size is served by few programs.
TEST(RowsOfFunctions, PlansAreFew) {
  Array hole = Array::placeholder(cpu_device(), {1, 3}, DType::f32);
  Function function = Function::capture({hole}, {reduce(ReduceOp::sum, hole * filled({3}, 1), {1}, false)});
  const std::vector<float> rows(3 * 200000, 1);
  std::vector<float> results(200000);
  const int64_t before = graph_counters().plans;
  for (int64_t count = 1; count < 200000; count += 1 + count / 16) {
    double mean = 0;
    function.run_rows({rows.data(), size_t(count) * 12, count, results.data(), size_t(count) * 4, &mean});
    EXPECT_EQ(mean, 6);
    EXPECT_EQ(results[size_t(count) - 1], 6);
  }
  EXPECT_LE(graph_counters().plans - before, 40);
}

TEST(PreparedCall, GivesTheOutputsOfWhatItsInputsHoldNow) {
  Array hole = Array::placeholder(cpu_device(), {2, 3}, DType::f32);
  const Function function = Function::capture({hole}, {matmul(hole, filled({3, 2}, 1)), hole * 2.0});
  const Array x = filled({2, 3}, 0);
  const PreparedCall call = function.prepare({x});
  const std::vector<float> first = values_of(call.run()[0]);
  EXPECT_EQ(first, values_of(function.run({x})[0]));
  const void* memory = call.run()[0].data();
  std::ranges::fill(std::span(x.data_as<float>(), 6), 5.0f);
  const std::vector<Array>& outputs = call.run();
  EXPECT_EQ(values_of(outputs[0]), values_of(function.run({x})[0]));
  EXPECT_NE(values_of(outputs[0]), first);
  EXPECT_EQ(values_of(outputs[1]), std::vector<float>(6, 10.0f));
  EXPECT_EQ(outputs[0].data(), memory);
}

TEST(PreparedCall, KeepsWhatItNeedsAlive) {
  PreparedCall call;
  {
    Array hole = Array::placeholder(cpu_device(), {3}, DType::f32);
    const Function function = Function::capture({hole}, {hole + filled({3}, 1)});
    call = function.prepare({filled({3}, 10) + 0.0});                                                  // not evaluated yet
    EXPECT_EQ(values_of(function.prepare({filled({3}, 0)}).run()[0]), (std::vector<float>{1, 3, 5}));  // one of many
  }
  EXPECT_EQ(values_of(call.run()[0]), (std::vector<float>{11, 13, 15}));
}

TEST(PreparedCall, RunsStopAndStartAgain) {
  Array hole = Array::placeholder(cpu_device(), {3}, DType::f32);
  const PreparedCall call = Function::capture({hole}, {hole + 1.0}).prepare({filled({3}, 0)});
  std::atomic<bool> cancel{true};
  RunOptions options;
  options.cancel = &cancel;
  EXPECT_THROW(call.run(options), Error);
  cancel = false;
  EXPECT_EQ(values_of(call.run(options)[0]), (std::vector<float>{1, 2, 3}));
}

TEST(PreparedCall, RefusesInputsThatItWouldHaveToCopy) {
  Array hole = Array::placeholder(cpu_device(), {2, 3}, DType::f32);
  const Function function = Function::capture({hole}, {hole + 1.0});
  EXPECT_THROW(function.prepare({transpose(filled({3, 2}, 0), {1, 0})}), Error);
  EXPECT_THROW(function.prepare({}), Error);
  EXPECT_THROW(Function().prepare({}), Error);
}

}  // namespace
}  // namespace mlxc
