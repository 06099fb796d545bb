#include "base/log.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace mlxc {
namespace {

class Log : public testing::Test {
 protected:
  ~Log() override { set_log_callback(nullptr, nullptr); }
};

TEST_F(Log, HandsMessagesOfTheWantedLevelsToTheCallback) {
  std::vector<std::string> lines;
  set_log_callback(
      [](int32_t level, const char* text, void* data) { static_cast<std::vector<std::string>*>(data)->push_back(cat(level, " ", text)); },
      &lines);
  log(LogLevel::debug, "dropped");
  log(LogLevel::info, "loaded ", 3, " files");
  log(LogLevel::error, "%s is text, not a format");
  EXPECT_EQ(lines, (std::vector<std::string>{"1 loaded 3 files", "3 %s is text, not a format"}));
  set_log_callback(nullptr, nullptr);
  log(LogLevel::error, "dropped");
  EXPECT_EQ(lines.size(), 2u);
}

TEST_F(Log, PrintsNothingByDefault) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  log(LogLevel::error, "nobody listens");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(Log, ACallbackCanNeitherRecurseNorReplaceItself) {
  static Status status;
  static int calls;
  status = Status::ok, calls = 0;
  set_log_callback(
      [](int32_t, const char*, void*) {
        ++calls;
        log(LogLevel::error, "again");
        try {
          set_log_callback(nullptr, nullptr);
        } catch (const Error& error) {
          status = error.status();
        }
      },
      nullptr);
  log(LogLevel::info, "once");
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(status, Status::busy);
}

TEST_F(Log, UserDataMayGoOnceTheCallbackIsReplaced) {
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (!stop) log(LogLevel::info, "message");
    });
  }
  for (int round = 0; round < 200; ++round) {
    auto count = std::make_unique<std::atomic<int>>(0);
    set_log_callback([](int32_t, const char*, void* data) { ++*static_cast<std::atomic<int>*>(data); }, count.get());
    set_log_callback(nullptr, nullptr);
    count.reset();  // a late call would touch freed memory: seen by the sanitizers
  }
  stop = true;
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace mlxc
