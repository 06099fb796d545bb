#include "backend/vulkan/executable.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "base/log.h"
#include "ops/matmul.h"
#include "ops/transformer.h"
#include "vulkan/program_fixture.h"

namespace mlxc::vulkan {
namespace {

using testing::HasSubstr;

constexpr int64_t kRows = 5;

// What was logged while it lives.
class LogCapture {
 public:
  LogCapture() {
    set_log_callback(
        [](int32_t, const char* message, void* self) {
          auto* capture = static_cast<LogCapture*>(self);
          std::lock_guard lock(capture->mutex_);
          capture->text_ += message;
          capture->text_ += "\n";
        },
        this, LogLevel::warning);
  }
  ~LogCapture() { set_log_callback(nullptr, nullptr); }
  std::string text() const {
    std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

// A chain of norms: buffer 0 is x, 1 the weight, 2 the result, the rest lies between.
CompilePlan norms(int64_t rows, int64_t width, int count) {
  CompilePlan plan;
  const OperandType x{{{rows, width}, DType::f32}, {width, 1}}, weight{{{width}, DType::f32}, {1}};
  for (int i = 0; i < count; ++i) {
    LaunchPlan launch;
    launch.primitive = std::make_shared<RmsNorm>(1e-5f, 0.f);
    launch.inputs = {x, weight};
    launch.outputs = {x};
    const int from = i == 0 ? 0 : 2 + i, to = i + 1 == count ? 2 : 3 + i;
    launch.places = {{from, 0}, {1, 0}, {to, 0}};
    plan.launches.push_back(std::move(launch));
  }
  plan.temporary.assign(size_t(2 + count), false);
  return plan;
}

std::vector<float> numbers(size_t count, float seed) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = std::sin(float(i) * 0.37f + seed) + 0.1f;
  return values;
}

std::vector<float> norms_reference(std::vector<float> x, const std::vector<float>& weight, int count) {
  const size_t width = weight.size();
  for (int n = 0; n < count; ++n) {
    for (size_t row = 0; row < x.size(); row += width) {
      double sum = 0;
      for (size_t i = 0; i < width; ++i) sum += double(x[row + i]) * double(x[row + i]);
      const double scale = 1 / std::sqrt(sum / double(width) + 1e-5);
      for (size_t i = 0; i < width; ++i) x[row + i] = float(x[row + i] * scale * double(weight[i]));
    }
  }
  return x;
}

void expect_near(const std::vector<float>& actual, const std::vector<float>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) ASSERT_NEAR(actual[i], expected[i], 1e-5f * (1 + std::fabs(expected[i]))) << i;
}

class ExecutableTest : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    if (!IsSkipped()) parts_ = make_program_parts(shared_context(), device(), cpu_device());
  }
  std::unique_ptr<Executable> compile(CompilePlan plan) { return make_executable(parts_, std::move(plan)); }

  // The storages of one run of norms().
  struct Run {
    std::vector<StoragePtr> storages;
    std::vector<Binding> bindings;
    std::vector<float> x, weight;
    int count;

    Run(const Executable& executable, int64_t rows, int64_t width, int count, float seed) : count(count) {
      x = numbers(size_t(rows * width), seed);
      weight = numbers(size_t(width), seed + 1);
      storages = {upload(x), upload(weight)};
      while (storages.size() < size_t(2 + count)) storages.push_back(upload(std::vector<float>(x.size(), NAN)));
      if (const size_t scratch = executable.scratch_bytes()) storages.push_back(device().allocator().allocate(scratch));
      for (const StoragePtr& storage : storages) bindings.push_back({storage.get(), 0});
    }
    std::vector<float> result() const { return download(*storages[2], x.size()); }
    std::vector<float> expected() const { return norms_reference(x, weight, count); }
  };

  static int64_t recordings() { return program_counters().recordings.load(); }
  static int64_t host_launches() { return program_counters().host_launches.load(); }

  std::shared_ptr<ProgramParts> parts_;
};

TEST_F(ExecutableTest, RunsAChain) {
  const auto program = compile(norms(kRows, 96, 7));
  Run run(*program, kRows, 96, 7, 0);
  program->run(device().default_stream(), run.bindings, nullptr);
  expect_near(run.result(), run.expected());
}

TEST_F(ExecutableTest, SubmitsTheSameCommandsAgainWhileAddressesStay) {
  const auto program = compile(norms(kRows, 64, 3));
  Run run(*program, kRows, 64, 3, 0);
  const int64_t before = recordings();
  for (int round = 0; round < 4; ++round) {
    run.x = numbers(run.x.size(), float(round) * 3);
    device().write(*run.storages[0], 0, run.x.data(), run.x.size() * 4);
    program->run(device().default_stream(), run.bindings, nullptr);
    expect_near(run.result(), run.expected());
  }
  EXPECT_EQ(recordings() - before, 1);
}

TEST_F(ExecutableTest, KeepsTheFourLastRecordings) {
  const auto program = compile(norms(kRows, 64, 1));
  std::vector<Run> runs;
  for (int i = 0; i < 5; ++i) runs.emplace_back(*program, kRows, 64, 1, float(i));
  auto run = [&](int i) {
    const int64_t before = recordings();
    program->run(device().default_stream(), runs[size_t(i)].bindings, nullptr);
    expect_near(runs[size_t(i)].result(), runs[size_t(i)].expected());
    return recordings() - before;
  };
  for (int i = 0; i < 5; ++i) EXPECT_EQ(run(i), 1) << i;
  for (int i = 4; i > 0; --i) EXPECT_EQ(run(i), 0) << i;
  EXPECT_EQ(run(0), 1);
  EXPECT_EQ(run(4), 1);  // was the least recently used
  EXPECT_EQ(run(1), 0);
}

TEST_F(ExecutableTest, RunsInSeveralThreadsAtOnce) {
  const auto program = compile(norms(kRows, 80, 4));
  std::vector<Run> runs;
  for (int i = 0; i < 6; ++i) runs.emplace_back(*program, kRows, 80, 4, float(i));
  std::vector<std::thread> threads;
  for (Run& run : runs) {
    threads.emplace_back([&] {
      for (int round = 0; round < 8; ++round) program->run(device().default_stream(), run.bindings, nullptr);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Run& run : runs) expect_near(run.result(), run.expected());
}

TEST_F(ExecutableTest, TemporariesThatShareMemoryDoNotMix) {
  const auto program = compile(norms(kRows, 64, 6));
  Run run(*program, kRows, 64, 6, 0);
  // As the planner lays them out: a value's memory is reused as soon as its last reader is through.
  for (size_t i = 3; i < 8; ++i) run.bindings[i] = {run.storages[3 + (i - 3) % 2].get(), 0};
  program->run(device().default_stream(), run.bindings, nullptr);
  expect_near(run.result(), run.expected());
}

TEST_F(ExecutableTest, TakesBindingsThatStartAnywhere) {
  const int64_t width = 64;
  const auto program = compile(norms(kRows, width, 1));
  Run run(*program, kRows, width, 1, 0);
  std::vector<float> shifted{-1, -2, -3};
  shifted.insert(shifted.end(), run.x.begin(), run.x.end());
  const StoragePtr input = upload(shifted), output = upload(std::vector<float>(run.x.size() + 2, 7.f));
  run.bindings[0] = {input.get(), 12};
  run.bindings[2] = {output.get(), 4};
  program->run(device().default_stream(), run.bindings, nullptr);
  expect_near(download(*output, run.x.size(), 4), run.expected());
  EXPECT_EQ(download(*output, 1)[0], 7.f);
  EXPECT_EQ(download(*output, 1, int64_t(run.x.size() + 1) * 4)[0], 7.f);
}

TEST_F(ExecutableTest, ACancelledRunDoesNotStart) {
  const auto program = compile(norms(kRows, 64, 2));
  Run run(*program, kRows, 64, 2, 0);
  const std::atomic<bool> cancel{true};
  const int64_t before = program_counters().submissions.load();
  try {
    program->run(device().default_stream(), run.bindings, &cancel);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::cancelled);
  }
  EXPECT_EQ(program_counters().submissions.load(), before);
}

TEST_F(ExecutableTest, CancellingStopsBetweenSubmissionsAndTheProgramRunsAgain) {
  const int64_t rows = 48, width = 4096;
  const int count = 40;
  LogCapture log;
  const auto program = compile(norms(rows, width, count));
  Run run(*program, rows, width, count, 0);
  std::atomic<bool> cancel{false}, over{false};
  const int64_t before = program_counters().submissions.load();
  std::thread canceller([&] {
    while (program_counters().submissions.load() == before && !over) std::this_thread::yield();
    cancel = true;
  });
  Status status = Status::ok;
  std::string message;
  try {
    program->run(device().default_stream(), run.bindings, &cancel);
  } catch (const Error& error) {
    status = error.status();
    message = error.what();
  }
  over = true;
  canceller.join();
  EXPECT_EQ(status, Status::cancelled) << message << log.text();
  EXPECT_LT(program_counters().submissions.load() - before, count);
  program->run(device().default_stream(), run.bindings, nullptr);
  expect_near(run.result(), run.expected());
}

TEST_F(ExecutableTest, ALaunchWithoutAPipelineRunsOnTheHostAndSaysSo) {
  const int64_t width = 73;  // no other test makes its pipeline
  LogCapture log;
  inject_fault("vkCreateComputePipelines", 0, Fault::out_of_device_memory);
  const auto program = compile(norms(kRows, width, 1));
  ASSERT_TRUE(clear_fault());
  Run run(*program, kRows, width, 1, 0);
  const int64_t before = host_launches();
  program->run(device().default_stream(), run.bindings, nullptr);
  expect_near(run.result(), run.expected());
  EXPECT_EQ(host_launches() - before, 1);
  parts_->profile.reset();
  parts_->profile.time(Timing::kernels);
  program->run(device().default_stream(), run.bindings, nullptr);
  parts_->profile.time(Timing::none);
  ASSERT_EQ(parts_->profile.table().kernels.size(), 1u);
  EXPECT_EQ(parts_->profile.table().kernels[0].label->device, "cpu");
  EXPECT_THAT(parts_->profile.table().kernels[0].label->reason, HasSubstr("vkCreateComputePipelines"));
  EXPECT_THAT(parts_->profile.table().text(), HasSubstr("because"));
  EXPECT_EQ(parts_->profile.table().programs.at(0).host_launches, 1);
  EXPECT_THAT(log.text(), HasSubstr("rms_norm of (float32, float32) runs on cpu"));
}

TEST_F(ExecutableTest, HostLaunchesStandBetweenThoseOfTheDevice) {
  CompilePlan plan = norms(kRows, 64, 5);
  compile(plan);
  // The middle one is another norm, whose pipeline the driver refuses.
  inject_fault("vkCreateComputePipelines", 0, Fault::out_of_device_memory);
  plan.launches[2].primitive = std::make_shared<LayerNorm>(1e-5f);
  plan.launches[2].inputs.push_back(plan.launches[2].inputs[1]);
  plan.launches[2].places.insert(plan.launches[2].places.begin() + 2, {1, 0});
  const auto program = compile(plan);
  ASSERT_TRUE(clear_fault());
  Run run(*program, kRows, 64, 5, 0);
  const int64_t before = host_launches();
  program->run(device().default_stream(), run.bindings, nullptr);
  EXPECT_EQ(host_launches() - before, 1);
  const std::vector<float> mixed = run.result();

  const auto on_device = compile(plan);
  on_device->run(device().default_stream(), run.bindings, nullptr);
  EXPECT_EQ(host_launches() - before, 1);
  expect_near(mixed, run.result());
}

TEST_F(ExecutableTest, WithoutFallbackAMissingKernelIsAnError) {
  ScopedVariable off("MLXC_VULKAN_FALLBACK", "0");
  inject_fault("vkCreateComputePipelines", 0, Fault::out_of_device_memory);
  try {
    compile(norms(kRows, 71, 1));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::unsupported);
    EXPECT_THAT(error.what(), HasSubstr("vkCreateComputePipelines"));
  }
  clear_fault();
}

TEST_F(ExecutableTest, ALostDeviceIsAnErrorAndNotAFallback) {
  const std::unique_ptr<OpenDevice> other = open_software_device();
  const auto parts = make_program_parts(other->context(), *other, cpu_device());
  const auto program = make_executable(parts, norms(kRows, 64, 2));
  std::vector<StoragePtr> storages;
  std::vector<Binding> bindings;
  for (int i = 0; i < 5; ++i) {
    storages.push_back(other->allocator().allocate(size_t(kRows * 64 * 4) + program->scratch_bytes()));
    bindings.push_back({storages.back().get(), 0});
  }
  inject_fault("vkQueueSubmit", 0, Fault::device_lost);
  try {
    program->run(other->default_stream(), bindings, nullptr);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::device_lost);
  }
  EXPECT_TRUE(clear_fault());
  EXPECT_THROW(make_executable(parts, norms(kRows, 67, 2)), Error);
}

TEST_F(ExecutableTest, TheProfileTellsTimesKernelsAndBarriers) {
  parts_->profile.reset();
  parts_->profile.time(Timing::kernels);
  const auto program = compile(norms(kRows, 64, 3));
  Run run(*program, kRows, 64, 3, 0);
  for (int i = 0; i < 2; ++i) program->run(device().default_stream(), run.bindings, nullptr);
  const ProfileTable table = parts_->profile.table();
  ASSERT_EQ(table.programs.size(), 1u);
  EXPECT_EQ(table.programs[0].runs, 2);
  EXPECT_EQ(table.programs[0].launches, 3);
  EXPECT_EQ(table.programs[0].dispatches, 3);
  EXPECT_EQ(table.programs[0].barriers, 2);
  EXPECT_EQ(table.programs[0].host_launches, 0);
  ASSERT_EQ(table.kernels.size(), 1u);
  EXPECT_EQ(table.kernels[0].label->operation, "rms_norm");
  EXPECT_EQ(table.kernels[0].launches, 6);
  EXPECT_GT(table.kernels[0].nanoseconds, 0);
  EXPECT_GT(table.kernels[0].bytes, 0);
  EXPECT_THAT(table.text(), HasSubstr("rms_norm"));
  parts_->profile.reset();
  EXPECT_TRUE(parts_->profile.table().kernels.empty());
  parts_->profile.time(Timing::none);
  program->run(device().default_stream(), run.bindings, nullptr);
  EXPECT_TRUE(parts_->profile.table().programs.empty());
}

}  // namespace
}  // namespace mlxc::vulkan
