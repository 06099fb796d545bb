#include "base/system_calls.h"

#include <cstdio>

namespace mlxc {

constexpr SystemCalls kSystemCalls{
    .open = [](const char* path, int flags, mode_t mode) { return ::open(path, flags, mode); },
    .close = ::close,
    .fstat = [](int fd, struct stat* info) { return ::fstat(fd, info); },
    .read = ::read,
    .pread = ::pread,
    .write = ::write,
    .fsync = ::fsync,
    .rename = ::rename,
    .unlink = ::unlink,
    .mmap = ::mmap,
    .munmap = ::munmap,
    .madvise = ::madvise,
    .pthread_create = ::pthread_create,
};
constinit SystemCalls system_calls = kSystemCalls;

}  // namespace mlxc
