#include "backend/vulkan/recorder.h"

#include <gtest/gtest.h>

#include <numeric>

#include "vulkan/program_fixture.h"

namespace mlxc::vulkan {
namespace {

using Touch = Hazards::Touch;

bool conflict(std::vector<Touch> before, std::vector<Touch> now) {
  Hazards hazards;
  hazards.add(before);
  return hazards.conflict(now);
}

TEST(Hazards, ReadAfterWriteWriteAfterReadAndWriteAfterWriteConflict) {
  EXPECT_TRUE(conflict({{0, 16, Access::write}}, {{8, 24, Access::read}}));
  EXPECT_TRUE(conflict({{0, 16, Access::read}}, {{8, 24, Access::write}}));
  EXPECT_TRUE(conflict({{0, 16, Access::write}}, {{8, 24, Access::write}}));
  EXPECT_TRUE(conflict({{0, 16, Access::update}}, {{15, 16, Access::read}}));
  EXPECT_TRUE(conflict({{0, 16, Access::read}}, {{0, 1, Access::update}}));
}

TEST(Hazards, ReadsOfTheSameBytesDoNot) { EXPECT_FALSE(conflict({{0, 16, Access::read}}, {{0, 16, Access::read}})); }

TEST(Hazards, NeighboursAndEmptyRangesDoNot) {
  EXPECT_FALSE(conflict({{0, 16, Access::write}}, {{16, 32, Access::write}}));
  EXPECT_FALSE(conflict({{16, 32, Access::write}}, {{0, 16, Access::read}}));
  EXPECT_FALSE(conflict({{0, 16, Access::write}}, {{8, 8, Access::read}}));
  EXPECT_FALSE(conflict({{8, 8, Access::write}}, {{0, 16, Access::read}}));
}

TEST(Hazards, EveryRangeCounts) {
  EXPECT_TRUE(conflict({{0, 16, Access::read}, {100, 116, Access::write}}, {{50, 60, Access::write}, {110, 111, Access::read}}));
}

TEST(Hazards, NothingConflictsAfterABarrier) {
  Hazards hazards;
  hazards.add(std::vector<Touch>{{0, 16, Access::update}});
  hazards.clear();
  EXPECT_FALSE(hazards.conflict(std::vector<Touch>{{0, 16, Access::update}}));
}

// y[i] = x[i] * scale + 1 for 64 floats.
constexpr const char* kStep = R"(#version 460
#include "common.glsl"
layout(local_size_x = 64) in;
layout(constant_id = 0) const uint kScale = 1;
layout(push_constant, scalar) uniform Args { F32 x; F32 y; uint n; } args;
void main() {
  const uint i = gl_GlobalInvocationID.x;
  if (i < args.n) args.y.v[i] = args.x.v[i] * float(kScale) + 1.0;
}
)";
constexpr int64_t kCount = 64, kBytes = kCount * 4;

class CommandsTest : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    if (!IsSkipped()) pipelines_ = std::make_unique<Pipelines>(shared_context(), nullptr);
  }

  // From the slot `from` of the only buffer to the slot `to`.
  static Dispatch step(int from, int to, Work work = {}) {
    auto target = [](int slot, Access access) {
      return Target{Ref::Kind::operand, 0, slot * kBytes, slot * kBytes, (slot + 1) * kBytes, access};
    };
    return {0, 0, {1, 1, 1}, {target(from, Access::read), target(to, Access::write)}, {uint32_t(kCount)}, work};
  }

  Commands record(const std::vector<Dispatch>& dispatches, const Storage& storage, Timing timing = Timing::none, uint32_t scale = 1) {
    const Kernel kernel{"step", {scale}, 0, kStep};
    std::vector<Pipelines::Pipeline> pipelines;
    for (const Pipelines::Result& result : pipelines_->get({&kernel, 1})) pipelines.push_back(result.pipeline);
    return Commands(context(), pipelines_->layout(), dispatches, pipelines, {{storage.memory().address}, 0, 0, 0},
                    Rates::of(context().caps), timing);
  }

  static void run(const Commands& commands) {
    for (const Commands::Part& part : commands.parts()) {
      const VkCommandBuffer buffer = part.commands;
      context().queue.wait(context().queue.submit({&buffer, 1}));
    }
  }

  static StoragePtr slots(int count) { return upload(std::vector<float>(size_t(count * kCount), 0.f)); }

  std::unique_ptr<Pipelines> pipelines_;
};

TEST_F(CommandsTest, AChainHasABarrierBeforeEachDependentDispatch) {
  const StoragePtr memory = slots(21);
  std::vector<Dispatch> chain;
  for (int i = 0; i < 20; ++i) chain.push_back(step(i, i + 1));
  const Commands commands = record(chain, *memory, Timing::none, 2);
  EXPECT_EQ(commands.barriers(), 19);
  run(commands);
  EXPECT_EQ(download(*memory, kCount, 20 * kBytes), std::vector<float>(kCount, float((1 << 20) - 1)));
}

TEST_F(CommandsTest, IndependentDispatchesHaveNone) {
  const StoragePtr memory = slots(9);
  std::vector<Dispatch> star;
  for (int i = 1; i < 9; ++i) star.push_back(step(0, i));
  const Commands commands = record(star, *memory);
  EXPECT_EQ(commands.barriers(), 0);
  run(commands);
  EXPECT_EQ(download(*memory, 8 * kCount, kBytes), std::vector<float>(8 * kCount, 1.f));
}

TEST_F(CommandsTest, OneBarrierServesEverythingBeforeIt) {
  const StoragePtr memory = slots(9);
  const Commands commands = record({step(0, 1), step(0, 2), step(0, 3), step(1, 4), step(2, 5), step(3, 6)}, *memory);
  EXPECT_EQ(commands.barriers(), 1);
}

TEST_F(CommandsTest, OverwritingWhatIsStillReadWaits) {
  const StoragePtr memory = slots(3);
  EXPECT_EQ(record({step(0, 1), step(2, 0)}, *memory).barriers(), 1);
  EXPECT_EQ(record({step(0, 1), step(2, 1)}, *memory).barriers(), 1);
  EXPECT_EQ(record({step(0, 1), step(0, 2)}, *memory).barriers(), 0);
}

TEST_F(CommandsTest, BuffersThatLieOverEachOtherAreSeenByAddress) {
  const StoragePtr memory = slots(4);
  const Kernel kernel{"step", {1}, 0, kStep};
  const auto pipelines = pipelines_->get({&kernel, 1});
  Dispatch second = step(0, 1);
  for (Target& target : second.targets) target.buffer = 1;
  auto barriers = [&](int64_t distance) {
    const uint64_t address = memory->memory().address;
    const std::vector<Dispatch> both{step(0, 1), second};
    const std::vector<Pipelines::Pipeline> made{pipelines[0].pipeline};
    return Commands(context(), pipelines_->layout(), both, made, {{address, address + uint64_t(distance)}, 0, 0, 0},
                    Rates::of(context().caps), Timing::none)
        .barriers();
  };
  EXPECT_EQ(barriers(0), 1);           // the same slots
  EXPECT_EQ(barriers(kBytes), 1);      // reads what the first wrote
  EXPECT_EQ(barriers(2 * kBytes), 0);  // beside it
}

TEST_F(CommandsTest, LongWorkIsCutAndStaysInOrder) {
  const StoragePtr memory = slots(13);
  const double a_third = kMostSecondsASubmission / 3 * Rates::of(context().caps).flops;
  std::vector<Dispatch> chain;
  for (int i = 0; i < 12; ++i) chain.push_back(step(i, i + 1, {a_third * 0.9, 0}));
  const Commands commands = record(chain, *memory);
  EXPECT_EQ(commands.parts().size(), 4u);
  EXPECT_EQ(commands.barriers(), 8);  // a part begins with one of its own
  for (const Commands::Part& part : commands.parts()) EXPECT_LE(part.seconds, kMostSecondsASubmission);
  run(commands);
  EXPECT_EQ(download(*memory, kCount, 12 * kBytes), std::vector<float>(kCount, 12.f));
}

TEST_F(CommandsTest, ADispatchThatIsTooLongStandsAlone) {
  const StoragePtr memory = slots(4);
  const double long_work = 10 * kMostSecondsASubmission * Rates::of(context().caps).flops;
  EXPECT_EQ(record({step(0, 1), step(1, 2, {long_work, 0}), step(2, 3)}, *memory).parts().size(), 3u);
}

TEST_F(CommandsTest, AreSubmittedAgainWithNewData) {
  const StoragePtr memory = slots(2);
  const Commands commands = record({step(0, 1)}, *memory);
  std::vector<float> values(kCount);
  for (int round = 0; round < 3; ++round) {
    std::iota(values.begin(), values.end(), float(round * 100));
    device().write(*memory, 0, values.data(), kBytes);
    run(commands);
    for (float& value : values) value += 1;
    EXPECT_EQ(download(*memory, kCount, kBytes), values);
  }
}

TEST_F(CommandsTest, TellHowLongEachDispatchTook) {
  const StoragePtr memory = slots(13);
  const double half = kMostSecondsASubmission / 2 * Rates::of(context().caps).flops;
  std::vector<Dispatch> chain;
  for (int i = 0; i < 5; ++i) chain.push_back(step(i, i + 1, {half * 0.9, 0}));
  const Commands commands = record(chain, *memory, Timing::kernels);
  EXPECT_EQ(commands.parts().size(), 3u);
  run(commands);
  const Commands::Times times = commands.times();
  ASSERT_EQ(times.dispatches.size(), 5u);
  double sum = 0;
  for (double nanoseconds : times.dispatches) {
    EXPECT_GT(nanoseconds, 0);
    EXPECT_LT(nanoseconds, 60e9);
    sum += nanoseconds;
  }
  EXPECT_GE(times.whole, 0.999 * sum);
  EXPECT_TRUE(record(chain, *memory, Timing::none).times().dispatches.empty());
}

TEST_F(CommandsTest, TellHowLongTheyTookWithoutKeepingDispatchesApart) {
  const StoragePtr memory = slots(4);
  const Commands commands = record({step(0, 1), step(1, 2)}, *memory, Timing::programs);
  run(commands);
  EXPECT_TRUE(commands.times().dispatches.empty());
  EXPECT_GT(commands.times().whole, 0);
}

TEST_F(CommandsTest, NothingToDoIsNothingToSubmit) { EXPECT_TRUE(record({}, *slots(1)).parts().empty()); }

}  // namespace
}  // namespace mlxc::vulkan
