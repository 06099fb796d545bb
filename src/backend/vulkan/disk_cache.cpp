#include "backend/vulkan/disk_cache.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <system_error>

#include "base/cache_folder.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/quote.h"
#include "base/system_calls.h"

namespace mlxc::vulkan {
namespace {

// A file: this header, the identity, the content.
struct Header {
  char magic[8];
  uint64_t identity_bytes, content_bytes;
  uint64_t checksum;  // of the identity, then the content
};
constexpr char kMagic[8] = {'m', 'l', 'x', 'c', 'v', 'k', '0', '1'};

std::string reason(int error) { return std::generic_category().message(error); }

// Closes a descriptor that is not a File's: those follow symbolic links.
struct Descriptor {
  ~Descriptor() {
    if (fd != -1) system_calls.close(fd);
  }
  int fd;
};

// Empty, or why a file or folder is not to be trusted.
std::string distrust(const struct stat& info) {
  if (info.st_uid != geteuid()) return cat("user ", info.st_uid, " owns it");
  if (info.st_mode & (S_IWGRP | S_IWOTH)) return cat("others may write to it");
  return {};
}

}  // namespace

uint64_t checksum_of(std::span<const std::byte> bytes, uint64_t seed) {
  constexpr uint64_t kPrime = 0x100000001b3ull;
  uint64_t hash = seed ^ bytes.size();
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), 8);
    hash = (hash ^ word) * kPrime;
    hash ^= hash >> 29;  // the multiplication carries upwards only
  }
  for (std::byte byte : bytes) hash = (hash ^ uint64_t(byte)) * kPrime;
  return hash ^ hash >> 32;
}

std::shared_ptr<const DiskCache> DiskCache::open() {
  const char* wanted = std::getenv("MLXC_VULKAN_CACHE");
  if (wanted && std::string_view(wanted) == "0") return nullptr;
  const std::optional<std::string> folder = cache_folder();
  if (!folder) return nullptr;
  make_folders(*folder);
  const Descriptor opened{system_calls.open(folder->c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0)};
  struct stat info;
  std::string problem;
  if (opened.fd == -1 || system_calls.fstat(opened.fd, &info) != 0)
    problem = reason(errno);
  else
    problem = distrust(info);
  if (problem.empty()) return std::shared_ptr<const DiskCache>(new DiskCache(*folder));
  log(LogLevel::warning, "no cache of compiled kernels in ", quote(*folder, 300), ": ", problem);
  return nullptr;
}

std::string DiskCache::path_of(std::string_view name, std::string_view identity) const {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(checksum_of(identity)));
  return cat(folder_, "/", name, "-", digits);
}

std::vector<std::byte> DiskCache::load(std::string_view name, std::string_view identity, size_t limit) const noexcept {
  try {
    const std::string path = path_of(name, identity);
    auto ignore = [&](const auto&... why) {
      log(LogLevel::warning, "the cache file ", quote(path, 300), " is ignored: ", why...);
      return std::vector<std::byte>();
    };
    const Descriptor file{system_calls.open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0)};
    if (file.fd == -1) return errno == ENOENT ? std::vector<std::byte>() : ignore(reason(errno));
    struct stat info;
    if (system_calls.fstat(file.fd, &info) != 0) return ignore(reason(errno));
    if (!S_ISREG(info.st_mode)) return ignore("it is not a regular file");
    if (const std::string problem = distrust(info); !problem.empty()) return ignore(problem);
    const size_t overhead = sizeof(Header) + identity.size();
    if (size_t(info.st_size) < overhead) return ignore("it has ", info.st_size, " bytes, expected at least ", overhead);
    if (size_t(info.st_size) > overhead + limit) return ignore("it has ", info.st_size, " bytes, expected at most ", overhead + limit);

    std::vector<std::byte> bytes(static_cast<size_t>(info.st_size));
    for (size_t done = 0; done < bytes.size();) {
      const ssize_t got = system_calls.read(file.fd, bytes.data() + done, bytes.size() - done);
      if (got == -1 && errno == EINTR) continue;
      if (got <= 0) return ignore(got == 0 ? "it ends early" : reason(errno));
      done += size_t(got);
    }
    Header header;
    std::memcpy(&header, bytes.data(), sizeof header);
    const std::span<const std::byte> content = std::span(bytes).subspan(overhead);
    if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0) return ignore("it does not begin as such a file does");
    if (header.identity_bytes != identity.size() || std::memcmp(bytes.data() + sizeof header, identity.data(), identity.size()) != 0)
      return ignore("it was made for another driver or version");
    if (header.content_bytes != content.size())
      return ignore("it has ", content.size(), " bytes of content, expected ", header.content_bytes);
    if (header.checksum != checksum_of(content, checksum_of(identity))) return ignore("its checksum is wrong");
    bytes.erase(bytes.begin(), bytes.begin() + std::ptrdiff_t(overhead));
    return bytes;
  } catch (...) {  // no memory: then there is no cache
    return {};
  }
}

void DiskCache::store(std::string_view name, std::string_view identity, std::span<const std::byte> bytes) const noexcept {
  try {
    Header header{{}, identity.size(), bytes.size(), checksum_of(bytes, checksum_of(identity))};
    std::memcpy(header.magic, kMagic, sizeof kMagic);
    AtomicFileWriter file(path_of(name, identity));
    file.write(std::as_bytes(std::span(&header, 1)));
    file.write(identity);
    file.write(bytes);
    file.commit();
  } catch (const std::exception& error) {
    log(LogLevel::warning, "compiled kernels are not kept: ", error.what());
  }
}

}  // namespace mlxc::vulkan
