// Makes the n-th system call of the library fail, or lets every transfer move only a few bytes.
#pragma once

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iterator>
#include <string>

#include "base/system_calls.h"

namespace mlxc::test {

inline size_t open_descriptors() { return size_t(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {})); }

// One at a time, from one thread. Calls are counted from 0 over all kinds, in the order they are made.
class Faults {
 public:
  static constexpr int kNever = -1;
  explicit Faults(int fail_at, int error = EIO, size_t most_bytes = SIZE_MAX) {
    state() = {fail_at, error, most_bytes, 0, ""};
    system_calls.open = [](const char* path, int flags, mode_t mode) { return fires("open") ? -1 : kSystemCalls.open(path, flags, mode); };
    system_calls.close = [](int fd) {
      const int result = kSystemCalls.close(fd);  // a failing close still closes
      return fires("close") ? -1 : result;
    };
    system_calls.fstat = [](int fd, struct stat* info) { return fires("fstat") ? -1 : kSystemCalls.fstat(fd, info); };
    system_calls.read = [](int fd, void* buffer, size_t count) {
      return fires("read") ? -1 : kSystemCalls.read(fd, buffer, std::min(count, state().most_bytes));
    };
    system_calls.pread = [](int fd, void* buffer, size_t count, off_t offset) {
      return fires("pread") ? -1 : kSystemCalls.pread(fd, buffer, std::min(count, state().most_bytes), offset);
    };
    system_calls.write = [](int fd, const void* buffer, size_t count) {
      return fires("write") ? -1 : kSystemCalls.write(fd, buffer, std::min(count, state().most_bytes));
    };
    system_calls.fsync = [](int fd) { return fires("fsync") ? -1 : kSystemCalls.fsync(fd); };
    system_calls.rename = [](const char* from, const char* to) { return fires("rename") ? -1 : kSystemCalls.rename(from, to); };
    system_calls.mmap = [](void* address, size_t length, int protection, int flags, int fd, off_t offset) {
      return fires("mmap") ? MAP_FAILED : kSystemCalls.mmap(address, length, protection, flags, fd, offset);
    };
  }
  ~Faults() { system_calls = kSystemCalls; }
  Faults(const Faults&) = delete;
  Faults& operator=(const Faults&) = delete;

  std::string failed() const { return state().failed; }  // the kind of the call that failed, "" if fewer were made
  int calls() const { return state().calls; }

 private:
  struct State {
    int fail_at, error;
    size_t most_bytes;
    int calls;
    const char* failed;
  };
  static State& state() {
    static State state;
    return state;
  }
  static bool fires(const char* call) {
    if (state().calls++ != state().fail_at) return false;
    state().failed = call;
    errno = state().error;
    return true;
  }
};

}  // namespace mlxc::test
