#include "base/thread_pool.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <limits>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/cores.h"
#include "base/error.h"
#include "base/system_calls.h"

namespace mlxc {
namespace {

TEST(ThreadPool, CoversEveryIndexOnceInRangesOfWholeGrains) {
  for (int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    ASSERT_EQ(pool.size(), threads);
    for (int64_t count : {0, 1, 2, 7, 64, 1000, 4097}) {
      for (int64_t grain : {0, 1, 3, 64, 5000}) {
        std::vector<std::atomic<int>> seen(static_cast<size_t>(count));
        std::atomic<bool> odd_range{false};
        pool.parallel_for(count, grain, [&](int64_t begin, int64_t end, int worker) {
          const int64_t unit = std::max<int64_t>(grain, 1);
          if (begin >= end || begin % unit != 0 || (end % unit != 0 && end != count) || worker < 0 || worker >= threads) odd_range = true;
          for (int64_t i = begin; i < end; ++i) ++seen[size_t(i)];
        });
        EXPECT_FALSE(odd_range) << count << " " << grain;
        for (auto& n : seen) ASSERT_EQ(n, 1) << count << " " << grain;
      }
    }
  }
}

TEST(ThreadPool, HandsOutLessTowardsTheEnd) {
  ThreadPool pool(2);
  for (int64_t count : {22, 64, 1000}) {
    std::vector<std::atomic<int64_t>> lengths(static_cast<size_t>(count));
    pool.parallel_for(count, 1, [&](int64_t begin, int64_t end, int) { lengths[size_t(begin)] = end - begin; });
    int64_t before = count;
    for (int64_t begin = 0; begin < count; begin += before) {
      const int64_t length = lengths[size_t(begin)];
      EXPECT_LE(length, std::min(before, std::max<int64_t>(1, (count - begin) / 4 + count / 32))) << count << " from " << begin;
      ASSERT_GT(length, 0);
      before = length;
    }
    EXPECT_LE(before, std::max<int64_t>(1, count / 32)) << count;  // nobody waits for more than a sixteenth of a thread's share
  }
}

TEST(ThreadPool, WorksOnTheLargestCountWithoutOverflow) {
  ThreadPool pool(3);
  std::atomic<uint64_t> total{0};
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  for (int64_t grain : {int64_t(1), kMost / 2, kMost - 1, kMost}) {
    total = 0;
    pool.parallel_for(kMost, grain, [&](int64_t begin, int64_t end, int) { total += uint64_t(end) - uint64_t(begin); });
    EXPECT_EQ(total, uint64_t(kMost)) << grain;
  }
}

TEST(ThreadPool, GivesEachThreadItsOwnWorkerNumber) {
  ThreadPool pool(4);
  std::vector<std::atomic<bool>> busy(4);
  std::atomic<bool> shared{false};
  for (int round = 0; round < 200; ++round) {
    pool.parallel_for(64, 1, [&](int64_t, int64_t, int worker) {
      if (busy[size_t(worker)].exchange(true)) shared = true;
      pool.parallel_for(100, 1, [&](int64_t begin, int64_t end, int inner) {  // nested: same thread, same number, one range
        if (begin != 0 || end != 100 || inner != worker) shared = true;
      });
      busy[size_t(worker)] = false;
    });
  }
  EXPECT_FALSE(shared);
}

TEST(ThreadPool, RunsManyJoinsFromManyCallers) {
  ThreadPool pool(3);
  std::vector<std::thread> callers;
  std::atomic<int64_t> total{0};
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&] {
      for (int round = 0; round < 500; ++round) {
        int64_t sum = 0;  // plain on purpose: the join must publish what workers wrote
        std::vector<int64_t> part(3);
        pool.parallel_for(97, 2, [&](int64_t begin, int64_t end, int worker) {
          for (int64_t i = begin; i < end; ++i) part[size_t(worker)] += i;
        });
        for (int64_t p : part) sum += p;
        total += sum;
      }
    });
  }
  for (auto& thread : callers) thread.join();
  EXPECT_EQ(total, 4 * 500 * (97 * 96 / 2));
}

TEST(ThreadPool, WakesWorkersThatWentToSleep) {
  ThreadPool pool(3);
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    std::atomic<int> arrived{0};
    // Each body waits for the two others, so the call ends only if all three threads take part.
    pool.parallel_for(3, 1, [&](int64_t, int64_t, int) {
      ++arrived;
      while (arrived < 3) std::this_thread::yield();
    });
    EXPECT_EQ(arrived, 3);
  }
}

TEST(ThreadPool, WaitsForAWorkerThatTakesLong) {
  ThreadPool pool(2);
  std::atomic<bool> slow_done{false}, started{false};
  pool.parallel_for(2, 1, [&](int64_t, int64_t, int worker) {
    if (worker == 0) {
      while (!started) std::this_thread::yield();
    } else {
      started = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));  // longer than the caller spins
      slow_done = true;
    }
  });
  EXPECT_TRUE(slow_done);
}

TEST(ThreadPool, RethrowsOneExceptionAndStaysUsable) {
  for (int threads : {1, 4}) {
    ThreadPool pool(threads);
    for (int round = 0; round < 50; ++round) {
      EXPECT_THROW(pool.parallel_for(1000, 1, [](int64_t, int64_t, int) { throw std::runtime_error("body"); }), std::runtime_error);
      std::atomic<int64_t> covered{0};
      pool.parallel_for(1000, 1, [&](int64_t begin, int64_t end, int) { covered += end - begin; });
      ASSERT_EQ(covered, 1000);
    }
  }
}

TEST(ThreadPool, FinishesWithFarMoreThreadsThanCores) {
  ThreadPool pool(32);
  std::atomic<int64_t> covered{0};
  for (int round = 0; round < 100; ++round) pool.parallel_for(256, 1, [&](int64_t begin, int64_t end, int) { covered += end - begin; });
  EXPECT_EQ(covered, 25600);
}

TEST(ThreadPool, RejectsAThreadCountOutOfRange) {
  for (int threads : {-1, 5000}) {
    try {
      ThreadPool pool(threads);
      FAIL() << threads;
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), Status::invalid_argument);
    }
  }
}

TEST(ThreadPool, ReportsThreadsThatCannotBeStarted) {
  static int left;
  for (left = 0; left < 3;) {
    const int started = left;
    system_calls.pthread_create = [](pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*), void* argument) {
      return left-- > 0 ? kSystemCalls.pthread_create(thread, attributes, start, argument) : EAGAIN;
    };
    try {
      ThreadPool pool(4);
      ADD_FAILURE() << "started";
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), Status::out_of_memory);
      EXPECT_EQ(error.native(), EAGAIN);
    }
    left = started + 1;
  }
  system_calls = kSystemCalls;
}

TEST(Cores, AvailableCoresIsWithinTheAffinityMask) {
  cpu_set_t set;
  ASSERT_EQ(sched_getaffinity(0, sizeof set, &set), 0);
  EXPECT_GE(available_cores(), 1);
  EXPECT_LE(available_cores(), CPU_COUNT(&set));
  std::thread([] {
    cpu_set_t all, one;
    sched_getaffinity(0, sizeof all, &all);
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE; ++i) {
      if (CPU_ISSET(i, &all)) {
        CPU_SET(i, &one);
        break;
      }
    }
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);  // this thread only
    EXPECT_EQ(available_cores(), 1);
  }).join();
}

class CgroupQuota : public testing::Test {
 protected:
  CgroupQuota() : mount_(std::filesystem::path(testing::TempDir()) / ("mlxc-cgroup-" + std::to_string(getpid()))) {}
  ~CgroupQuota() override { std::filesystem::remove_all(mount_); }
  void write(const std::string& name, const std::string& text) {
    const auto path = mount_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  double quota(const char* membership) { return cgroup_quota(membership, mount_.string()); }
  std::filesystem::path mount_;
};

TEST_F(CgroupQuota, TakesTheSmallestOfAVersion2Path) {
  write("a/b/cpu.max", "max 100000\n");
  write("a/cpu.max", "150000 100000\n");
  write("cpu.max", "400000 100000\n");
  EXPECT_EQ(quota("0::/a/b\n"), 1.5);
  EXPECT_EQ(quota("0::/\n"), 4);
  EXPECT_EQ(quota("0::/not/mounted/here\n"), 4);
}

TEST_F(CgroupQuota, ReadsVersion1) {
  write("cpu/docker/x/cpu.cfs_quota_us", "200000\n");
  write("cpu/docker/x/cpu.cfs_period_us", "100000\n");
  write("cpu/cpu.cfs_quota_us", "-1\n");
  write("cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota("5:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n"), 2);
  EXPECT_EQ(quota("4:cpu,cpuacct:/\n"), 0);
}

TEST_F(CgroupQuota, IgnoresWhatItCannotRead) {
  EXPECT_EQ(quota(""), 0);
  EXPECT_EQ(quota("garbage"), 0);
  EXPECT_EQ(quota("0::/nowhere\n"), 0);
  for (const char* text : {"", "max", "0 0", "x y", "100000 0", "-5 100000", "100000"}) {
    write("cpu.max", text);
    EXPECT_EQ(quota("0::/\n"), 0) << text;
  }
}

}  // namespace
}  // namespace mlxc
