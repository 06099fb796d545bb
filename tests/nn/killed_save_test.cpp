// A process that is killed while it saves parameters leaves the old file or the new one, whole.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <random>

#include "backend/cpu/cpu_device.h"
#include "base/system_calls.h"
#include "graph/function.h"
#include "nn/parameters.h"
#include "ops/creation.h"
#include "support/temp_folder.h"

namespace mlxc::test {
namespace {

constexpr int64_t kElements = 1 << 18;

// All elements have one value, so that a mixture of two files would show.
nn::Parameters filled_with(float value) {
  nn::Parameters parameters(cpu_device(), 1);
  for (const char* name : {"first", "second"}) {
    const Array array = full(cpu_device(), {kElements}, value, DType::f32);
    eval({array});
    parameters.insert(name, array, false, false);
  }
  return parameters;
}

// The value that the whole file holds; NaN where it holds more than one.
float value_in(const std::string& path) {
  nn::Parameters parameters(cpu_device(), 1);
  parameters.load(path, false);
  EXPECT_EQ(parameters.names(), (std::vector<std::string>{"first", "second"}));
  float found = -1;
  for (const Array& array : parameters.values()) {
    std::vector<float> values(static_cast<size_t>(kElements));
    read(array, values.data(), values.size() * sizeof(float));
    if (found < 0) found = values[0];
    if (std::any_of(values.begin(), values.end(), [&](float x) { return x != found; })) return NAN;
  }
  return found;
}

// The process ends at call number `last_call`, in the middle of it where it writes.
int calls = 0, last_call = 0;
bool is_last() { return calls++ == last_call; }
void die() { kill(getpid(), SIGKILL); }
void die_at(int call) {
  last_call = call;
  system_calls.open = [](const char* path, int flags, mode_t mode) {
    return is_last() ? (die(), -1) : kSystemCalls.open(path, flags, mode);
  };
  system_calls.write = [](int fd, const void* data, size_t count) {
    if (is_last()) {
      if (kSystemCalls.write(fd, data, count / 2) >= 0) die();
    }
    return kSystemCalls.write(fd, data, count);
  };
  system_calls.fsync = [](int fd) { return is_last() ? (die(), -1) : kSystemCalls.fsync(fd); };
  system_calls.close = [](int fd) { return is_last() ? (die(), -1) : kSystemCalls.close(fd); };
  system_calls.rename = [](const char* from, const char* to) { return is_last() ? (die(), -1) : kSystemCalls.rename(from, to); };
}

// Runs body in a child, which must use no other thread; gives its wait status.
template <class Body>
pid_t in_child(Body&& body) {
  const pid_t child = fork();
  if (child != 0) return child;
  try {
    body();
  } catch (...) {
    _exit(2);
  }
  _exit(0);
}

TEST(KilledSave, AtAnyCallLeavesTheOldFileOrTheNewOne) {
  TempFolder folder;
  const std::string path = folder / "parameters.safetensors";
  const nn::Parameters before = filled_with(1), after = filled_with(2);
  int kept = 0, replaced = 0;
  for (int call = 0;; ++call) {
    ASSERT_LT(call, 1000);
    before.save(path);
    int status = 0;
    waitpid(in_child([&] {
              die_at(call);
              after.save(path);
            }),
            &status, 0);
    const float found = value_in(path);
    if (WIFEXITED(status)) {  // there are no more calls
      EXPECT_EQ(WEXITSTATUS(status), 0);
      EXPECT_EQ(found, 2);
      break;
    }
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    ASSERT_TRUE(found == 1 || found == 2) << "call " << call << ": " << found;
    EXPECT_TRUE(found == 1 || call > 3) << "call " << call;
    ++(found == 1 ? kept : replaced);
  }
  EXPECT_GE(kept, 5);  // open, at least one write, fsync, close, rename
  EXPECT_GE(replaced, 1);
}

TEST(KilledSave, AtAnyMomentLeavesAWholeFile) {
  TempFolder folder;
  const std::string path = folder / "parameters.safetensors";
  const nn::Parameters one = filled_with(1), two = filled_with(2);
  one.save(path);
  std::mt19937 random(1);
  for (int i = 0; i < 12; ++i) {
    const pid_t child = in_child([&] {
      for (;;) {
        two.save(path);
        one.save(path);
      }
    });
    usleep(useconds_t(random() % 12000));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << status;
    const float found = value_in(path);
    ASSERT_TRUE(found == 1 || found == 2) << found;
  }
}

}  // namespace
}  // namespace mlxc::test
