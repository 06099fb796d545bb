// Reductions that are one kernel together with others, or with the elementwise chain before them, on the Vulkan device against the CPU.
#include <gtest/gtest.h>

#include <numeric>

#include "backend/vulkan/formats.h"
#include "graph/pass_ops.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "vulkan/launch_compare.h"

namespace mlxc::vulkan {
namespace {

using ReductionsOnDevice = LaunchTest;

struct Case {
  Shape shape;
  Dims axes;
};
const std::vector<Case>& cases() {
  static const std::vector<Case> all{{{1}, {0}},          {{3, 1000}, {1}},       {{2, 1027}, {1}},  {{70000}, {0}},
                                     {{500, 3}, {1}},     {{2, 9, 33}, {1}},      {{4000, 5}, {0}},  {{6, 50, 132}, {0, 1}},
                                     {{3, 2000, 8}, {1}}, {{5, 3, 4}, {0, 1, 2}}, {{1027, 12}, {0}}, {{2, 777, 100}, {1}}};
  return all;
}

// Numbers far from zero beside how far apart they are: sums of squares would keep no digit of their spread.
double apart(int64_t i) { return 3000 + double(i % 17) * 0.25 - double(i % 5); }

TEST_F(ReductionsOnDevice, VarianceKeepsItsDigits) {
  for (ReduceOp op : {ReduceOp::variance, ReduceOp::deviation})
    for (DType dtype : {DType::f32, DType::f64, DType::bf16})
      for (const Case& c : cases()) {
        const Launch launch = launch_of(std::make_shared<const Reduce>(op, c.axes, false), {lay(c.shape, dtype, Lie::dense)},
                                        [&](size_t, int64_t i) { return dtype == DType::bf16 ? double(i % 13) : apart(i); });
        if (lacks_types(launch)) continue;
        compare(launch, {dtype == DType::bf16 ? 1.01 : 64.0, 1e-6},
                cat(name_of(op), " of ", name_of(dtype), " ", to_string(c.shape), " over ", to_string(c.axes)));
      }
}

TEST_F(ReductionsOnDevice, VarianceOfWhatIsNotFiniteIsNaN) {
  const double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  for (double odd : {infinity, -infinity, nan})
    compare(launch_of(std::make_shared<const Reduce>(ReduceOp::variance, Dims{1}, false), {lay({3, 600}, DType::f32, Lie::dense)},
                      [&](size_t, int64_t i) { return i == 777 ? odd : double(i % 7); }),
            {64, 1e-6}, "one odd element");
}

std::vector<ReduceOp> many() {
  return {ReduceOp::sum,       ReduceOp::variance, ReduceOp::mean, ReduceOp::max,      ReduceOp::any,
          ReduceOp::logsumexp, ReduceOp::min,      ReduceOp::all,  ReduceOp::deviation};
}
Tolerance tolerance_of(DType dtype) { return {dtype == DType::bf16 ? 1.01 : 64.0, dtype == DType::f64 ? 1e-10 : 2e-3}; }

size_t dispatches_of(const Launch& launch) { return lower_program({launch.plan}, shared_device()->caps(), {}).dispatches.size(); }

// Operands of one element are each as good as a row-major one.
TEST_F(ReductionsOnDevice, OfAChainOfSingleElements) {
  Device& device = shared_device()->device();
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{1, 1}}) {
    const Array x = Array::from_vector<float>(device, {3}, shape, DType::f32), y = x * 2.0 + 1.0;
    for (ReduceOp op : {ReduceOp::sum, ReduceOp::max, ReduceOp::logsumexp}) {
      float value = 0;
      read(reduce(op, y, {}, false), &value, sizeof value);
      EXPECT_FLOAT_EQ(value, 7) << name_of(op) << " of " << to_string(shape);
    }
  }
}

TEST_F(ReductionsOnDevice, SeveralOfOneInputAreOneDispatch) {
  for (DType dtype : {DType::f32, DType::bf16})
    for (const Case& c : cases()) {
      const Launch launch = launch_of(std::make_shared<const Reductions>(many(), c.axes, false), {lay(c.shape, dtype, Lie::dense)},
                                      [](size_t, int64_t i) { return double(i % 23) * 0.5 - 5; });
      if (lacks_types(launch)) continue;
      EXPECT_EQ(dispatches_of(launch), 1u);
      compare(launch, tolerance_of(dtype), cat("reductions of ", name_of(dtype), " ", to_string(c.shape), " over ", to_string(c.axes)));
    }
}

TEST_F(ReductionsOnDevice, WhatDoesNotFitOneDispatchTakesTwo) {
  const std::vector<ReduceOp> ops{ReduceOp::sum, ReduceOp::variance, ReduceOp::prod, ReduceOp::max,
                                  ReduceOp::min, ReduceOp::any,      ReduceOp::all,  ReduceOp::mean};
  const Launch launch = launch_of(std::make_shared<const Reductions>(ops, Dims{1}, false), {lay({3, 700}, DType::f64, Lie::dense)},
                                  [](size_t, int64_t i) { return 1 + double(i % 23) * 1e-4; });
  if (lacks_types(launch)) GTEST_SKIP() << "this device has no float64 or no 8-bit integers";
  EXPECT_EQ(dispatches_of(launch), 2u);
  compare(launch, {256, 1e-10}, "reductions of f64");
}

// Buffers 0, 1, ...: the chain's inputs; then what lies between; then results.
struct Chained {
  std::vector<LaunchPlan> launches;
  std::vector<Bytes> data;
  std::vector<bool> temporary;

  // sqrt(|x * 1.5 + y * s|), then ops over axes.
  Chained(const Case& c, const std::vector<ReduceOp>& ops, DType dtype, Lie y_lies) {
    auto value = [](size_t input, int64_t i) { return input == 2 ? 0.75 : double((i * 7 + int64_t(input)) % 29) * 0.125 - 1.5; };
    auto binary = [](BinaryOp op) { return std::make_shared<const Binary>(op); };
    auto unary = [](UnaryOp op) { return std::make_shared<const Unary>(op); };
    const DType f32 = DType::f32;
    std::vector<FusedStep> steps{{nullptr, {-1, -1, -1}, f32, 1.5},
                                 {binary(BinaryOp::multiply), {0, 3, -1}, f32, 0},
                                 {std::make_shared<const Cast>(f32), {1, -1, -1}, f32, 0},
                                 {binary(BinaryOp::multiply), {5, 2, -1}, f32, 0},
                                 {binary(BinaryOp::add), {4, 6, -1}, f32, 0},
                                 {unary(UnaryOp::abs), {7, -1, -1}, f32, 0},
                                 {unary(UnaryOp::sqrt), {8, -1, -1}, f32, 0}};
    Launch chain = launch_of(std::make_shared<const Fused>(3, std::move(steps), c.shape),
                             {lay(c.shape, f32, Lie::dense), lay(c.shape, dtype, y_lies), lay(c.shape, f32, Lie::one)}, value);
    Launch reduction = launch_of(std::make_shared<const Reductions>(ops, c.axes, false), {lay(c.shape, f32, Lie::dense)}, value);
    data = chain.data;
    for (OperandPlace& place : reduction.plan.places) place.buffer += 3;
    data.insert(data.end(), reduction.data.begin() + 1, reduction.data.end());
    launches = {std::move(chain.plan), std::move(reduction.plan)};
    temporary.assign(data.size(), false);
    temporary[3] = true;
  }

  std::vector<Bytes> run(Device& device) const {
    const auto executable = device.compile({launches, temporary});
    std::vector<StoragePtr> storages;
    std::vector<Binding> bindings;
    for (const Bytes& bytes : data) {
      storages.push_back(device.allocator().allocate(std::max<size_t>(bytes.size(), 1)));
      device.write(*storages.back(), 0, bytes.data(), bytes.size());
      bindings.push_back({storages.back().get(), 0});
    }
    if (executable->scratch_bytes()) {
      storages.push_back(device.allocator().allocate(executable->scratch_bytes()));
      bindings.push_back({storages.back().get(), 0});
    }
    executable->run(device.default_stream(), bindings, nullptr);
    std::vector<Bytes> results;
    for (size_t i = 4; i < data.size(); ++i) {
      results.emplace_back(data[i].size());
      device.read(*storages[i], 0, results.back().data(), results.back().size());
    }
    return results;
  }
  size_t dispatches() const {
    std::vector<LaunchPlan> changed = launches;
    const Capabilities& caps = shared_device()->caps();
    const Formats formats = choose_formats(changed, temporary, caps, {}, true);
    return lower_program(std::move(changed), caps, std::vector<std::string>(launches.size()), formats).dispatches.size();
  }
};

TEST_F(ReductionsOnDevice, ChainBeforeThemIsTheSameDispatch) {
  const std::vector<ReduceOp> ops{ReduceOp::sum, ReduceOp::variance, ReduceOp::max};
  for (DType dtype : {DType::f32, DType::bf16, DType::f16})
    for (Lie lie : {Lie::dense, Lie::shifted})
      for (const Case& c : cases()) {
        const std::string what = cat(name_of(dtype), " ", name_of(lie), " ", to_string(c.shape), " over ", to_string(c.axes));
        const Chained chained(c, ops, dtype, lie);
        EXPECT_EQ(chained.dispatches(), 1u) << what;
        const std::vector<Bytes> got = chained.run(shared_device()->device()), want = chained.run(cpu_device());
        ASSERT_EQ(got.size(), ops.size());
        for (size_t i = 0; i < ops.size(); ++i)
          expect_close(got[i], want[i], DType::f32, {64, 1e-4}, cat(name_of(ops[i]), " of a chain of ", what));
      }
}

TEST_F(ReductionsOnDevice, TheProfileTellsWhatIsJoined) {
  Device& device = shared_device()->device();
  device.profile()->reset();
  device.profile()->time(Timing::kernels);
  Chained({{9, 300}, {1}}, {ReduceOp::sum, ReduceOp::max}, DType::f32, Lie::dense).run(device);
  const ProfileTable table = device.profile()->table();
  device.profile()->time(Timing::none);
  device.profile()->reset();
  ASSERT_EQ(table.kernels.size(), 1u);
  EXPECT_EQ(table.kernels[0].label->operation, "reductions");
  EXPECT_EQ(table.kernels[0].label->holds, "multiply cast multiply add abs sqrt reductions");
  EXPECT_EQ(table.kernels[0].label->operations, 7);
}

TEST_F(ReductionsOnDevice, ChainsThatOthersReadOrThatAreSpreadStayTheirOwn) {
  const Case c{{40, 66}, {1}};
  EXPECT_EQ(Chained(c, {ReduceOp::sum}, DType::f32, Lie::row).dispatches(), 2u) << "an operand that is repeated along an axis";
  EXPECT_EQ(Chained(c, {ReduceOp::sum}, DType::f32, Lie::transposed).dispatches(), 2u) << "an operand that is turned";
  Chained seen(c, {ReduceOp::sum}, DType::f32, Lie::dense);
  seen.temporary[3] = false;
  EXPECT_EQ(seen.dispatches(), 2u);
  for (Lie lie : {Lie::row, Lie::transposed}) {
    const Chained chained(c, many(), DType::f32, lie);
    const std::vector<Bytes> got = chained.run(shared_device()->device()), want = chained.run(cpu_device());
    for (size_t i = 0; i < got.size(); ++i)
      expect_close(got[i], want[i], chained.launches[1].outputs[i].type.dtype, {64, 1e-4}, name_of(lie));
  }
}

// What was joined runs as two launches when its pipeline is refused.
TEST_F(ReductionsOnDevice, ChainsRunByThemselvesWhereTheirReductionIsRefused) {
  const Chained chained({{7, 93}, {1}}, {ReduceOp::sum, ReduceOp::min}, DType::f32, Lie::dense);
  const std::vector<Bytes> want = chained.run(cpu_device());
  inject_fault("vkCreateComputePipelines", 0, Fault::out_of_device_memory);
  const std::vector<Bytes> got = chained.run(shared_device()->device());
  EXPECT_TRUE(clear_fault());
  for (size_t i = 0; i < want.size(); ++i) expect_close(got[i], want[i], DType::f32, {64, 1e-4}, "refused");
}

}  // namespace
}  // namespace mlxc::vulkan
