// Work beside the caller: order, fences, threads that want the same values.
#include "graph/task_stream.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <thread>

#include "backend/cpu/cpu_device.h"
#include "ops/elementwise.h"

namespace mlxc {
namespace {

Array filled(float value, int64_t count = 2000) {
  return Array::from_vector(cpu_device(), std::vector<float>(size_t(count), value), {count}, DType::f32);
}

float first_of(const Array& array) {
  std::vector<float> values(size_t(array.size()));
  read(array, values.data(), values.size() * sizeof(float));
  return values[0];
}

Arrays evaluated(const Arrays& arrays, const RunOptions& options) {
  eval(arrays, options);
  return arrays;
}

TEST(TaskStream, RunsInOrderAndTellsWhenItIsDone) {
  const auto stream = TaskStream::create(cpu_device(), 1);
  std::atomic<int> ran{0}, told{0};
  FencePtr last;
  for (int i = 0; i < 50; ++i) {
    last = stream->add([&ran, i](const RunOptions&) {
      EXPECT_EQ(ran++, i);
      return Arrays();
    });
    last->on_done([&](Status status) { told += status == Status::ok; });
  }
  EXPECT_TRUE(last->wait());
  EXPECT_EQ(ran, 50);
  stream->close();
  EXPECT_EQ(told, 50);
}

TEST(TaskStream, WaitsForFencesOfOthers) {
  const auto first = TaskStream::create(cpu_device(), 1), second = TaskStream::create(cpu_device(), 1);
  std::atomic<int> turn{0};
  FencePtr done;
  for (int i = 0; i < 40; ++i) {  // back and forth
    const auto& stream = i % 2 ? second : first;
    if (done) stream->wait_for(done);
    done = stream->add([&turn, i](const RunOptions&) {
      EXPECT_EQ(turn++, i);
      return Arrays();
    });
  }
  done->wait();
  EXPECT_EQ(turn, 40);
  first->close();
  second->close();
}

// The same values from several streams and threads at once: chains over chains, of which each is evaluated somewhere. Values that are
// computed elsewhere are waited for, and memory that a computation takes over is nobody else's.
TEST(TaskStream, SharedGraphsAreEvaluatedFromManyThreads) {
  for (int round = 0; round < 20; ++round) {
    std::vector<std::shared_ptr<TaskStream>> streams;
    for (int i = 0; i < 3; ++i) streams.push_back(TaskStream::create(cpu_device(), 1));
    std::vector<Array> chain{filled(1)};
    for (int i = 0; i < 12; ++i) chain.push_back(chain.back() * 0.5 + 1.0);  // 1.5, 1.75, ...
    std::vector<FencePtr> fences;
    for (size_t i = 1; i < chain.size(); ++i)
      fences.push_back(streams[i % 3]->add([array = chain[i]](const RunOptions& options) { return evaluated({array}, options); }));
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t)
      threads.emplace_back([&chain, t] {
        for (size_t i = chain.size() - 1 - size_t(t); i > 2; i -= 2) EXPECT_FLOAT_EQ(first_of(chain[i]), 2 - std::exp2(-float(i)));
      });
    for (std::thread& thread : threads) thread.join();
    for (size_t i = 0; i < fences.size(); ++i) {
      fences[i]->wait();
      EXPECT_FLOAT_EQ(first_of(fences[i]->results()[0]), 2 - std::exp2(-float(i + 1)));
    }
    for (const auto& stream : streams) stream->close();
  }
}

TEST(TaskStream, ErrorsBelongToTheirFence) {
  const auto stream = TaskStream::create(cpu_device(), 1);
  const Array hole = Array::placeholder(cpu_device(), {2}, DType::f32);
  const FencePtr failed = stream->add([hole](const RunOptions& options) { return evaluated({hole}, options); });
  const Array sum = filled(1) + filled(2);
  const FencePtr good = stream->add([sum](const RunOptions& options) { return evaluated({sum}, options); });
  EXPECT_THROW(failed->wait(), Error);
  EXPECT_THROW(failed->results(), Error);
  EXPECT_TRUE(good->wait());
  EXPECT_FLOAT_EQ(first_of(sum), 3);
  stream->close();
  EXPECT_THROW(stream->record(), Error);
}

TEST(TaskStream, ClosingEndsWhatWaits) {
  const auto first = TaskStream::create(cpu_device(), 1), second = TaskStream::create(cpu_device(), 1);
  std::atomic<bool> open{false};
  const FencePtr held = first->add([&](const RunOptions&) {
    while (!open) std::this_thread::yield();
    return Arrays();
  });
  second->wait_for(held);
  const FencePtr never = second->record();
  second->close();
  try {
    never->wait();
    ADD_FAILURE() << "it was done";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::cancelled);
  }
  EXPECT_FALSE(held->done());
  open = true;
  held->wait();
  first->close();
}

}  // namespace
}  // namespace mlxc
