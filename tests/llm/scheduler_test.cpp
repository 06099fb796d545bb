// The scheduler alone, without the engine's thread: what depends on the order of events there.
#include "llm/scheduler.h"

#include <gtest/gtest.h>

#include "llm/engine_fake.h"

namespace mlxc {
namespace {

class Recorded : public Sequence {
 public:
  Recorded(std::vector<int32_t> tokens, std::shared_ptr<CancelSignal> signal, std::vector<SequencePtr> forks = {})
      : Sequence(std::move(tokens), Wants::logits, std::move(signal)), forks_(std::move(forks)) {}
  void take(int64_t, const OutputRow&) override {}
  void finish(Status status, const std::string&) noexcept override { statuses.push_back(status); }
  std::vector<SequencePtr> forks() override { return forks_; }

  std::vector<Status> statuses;

 private:
  const std::vector<SequencePtr> forks_;
};

struct Bench {
  SchedulerLimits limits = limits_for(fake::FakeModel().info(), 1, 1 << 20, {});
  std::shared_ptr<CancelSignal> signal = std::make_shared<CancelSignal>();
  std::shared_ptr<fake::Control> control = std::make_shared<fake::Control>();
  Scheduler scheduler{std::make_unique<fake::FakeRunner>(control, limits), limits, signal};

  void run() {
    for (int step = 0; step < 10 && !scheduler.idle(); ++step) scheduler.step();
  }
};

using Statuses = std::vector<Status>;

TEST(Scheduler, DropsWhatWasCancelledOnItsWayAfterTheNoteWasTaken) {
  Bench bench;
  auto sequence = std::make_shared<Recorded>(std::vector<int32_t>{1, 2, 3}, bench.signal);
  sequence->cancel();
  EXPECT_TRUE(bench.signal->take_note());  // as a step does that begins before the sequence arrives
  bench.scheduler.add(sequence);
  bench.run();
  EXPECT_TRUE(bench.scheduler.idle());
  EXPECT_EQ(sequence->statuses, Statuses{Status::cancelled});
  EXPECT_EQ(bench.control->runs, 0);
}

TEST(Scheduler, DropsForksThatWereCancelledBeforeTheirParentEnded) {
  Bench bench;
  auto child = std::make_shared<Recorded>(std::vector<int32_t>{1, 2, 3, 4}, bench.signal);
  auto parent = std::make_shared<Recorded>(std::vector<int32_t>{1, 2, 3}, bench.signal, std::vector<SequencePtr>{child});
  child->cancel();
  bench.scheduler.add(parent);
  bench.run();
  EXPECT_TRUE(bench.scheduler.idle());
  EXPECT_EQ(parent->statuses, Statuses{Status::ok});
  EXPECT_EQ(child->statuses, Statuses{Status::cancelled});
  EXPECT_EQ(bench.control->runs, 1);
}

}  // namespace
}  // namespace mlxc
