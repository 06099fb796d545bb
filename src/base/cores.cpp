#include "base/cores.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/thread_pool.h"

namespace mlxc {
namespace {

std::optional<std::string> small_file(const std::string& path) {
  try {
    return read_file(path, 1 << 20);
  } catch (const Error&) {
    return std::nullopt;  // a file system without the file, or one we may not read, sets no limit
  }
}

std::string_view take_field(std::string_view& text, char separator) {
  const size_t end = text.find(separator);
  std::string_view field = text.substr(0, end);
  text.remove_prefix(end == text.npos ? text.size() : end + 1);
  return field;
}

double number(std::string_view text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

double ratio(double quota, double period) { return quota > 0 && period > 0 ? quota / period : 0; }

double group_quota(const std::string& folder, bool version2) {
  if (version2) {  // "max 100000" or "150000 100000"
    auto text = small_file(folder + "/cpu.max");
    if (!text) return 0;
    std::string_view rest = *text;
    const double quota = number(take_field(rest, ' '));
    return ratio(quota, number(rest));
  }
  auto quota = small_file(folder + "/cpu.cfs_quota_us"), period = small_file(folder + "/cpu.cfs_period_us");  // -1: none
  return quota && period ? ratio(number(*quota), number(*period)) : 0;
}

// In a container the path can be the host's, of which only the top is mounted: every level that exists counts.
double smallest_quota(const std::string& mount, std::string path, bool version2) {
  double smallest = 0;
  for (;;) {
    while (!path.empty() && path.back() == '/') path.pop_back();
    const double quota = group_quota(mount + path, version2);
    if (quota > 0 && (smallest == 0 || quota < smallest)) smallest = quota;
    if (path.empty()) return smallest;
    path.resize(path.rfind('/') == path.npos ? 0 : path.rfind('/'));
  }
}

int affinity_cores() {
  for (int capacity = 1024; capacity <= (1 << 20); capacity *= 2) {  // the kernel's mask can be longer than cpu_set_t
    std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> set(CPU_ALLOC(capacity), [](cpu_set_t* p) { CPU_FREE(p); });
    if (!set) break;
    if (sched_getaffinity(0, CPU_ALLOC_SIZE(capacity), set.get()) == 0) return CPU_COUNT_S(CPU_ALLOC_SIZE(capacity), set.get());
  }
  return 1;
}

}  // namespace

double cgroup_quota(std::string_view membership, const std::string& mount) {
  double smallest = 0;
  while (!membership.empty()) {  // "0::/path" (version 2) or "4:cpu,cpuacct:/path"
    std::string_view path = take_field(membership, '\n');
    take_field(path, ':');
    std::string_view controllers = take_field(path, ':');
    std::string hierarchy = mount;
    const bool version2 = controllers.empty();
    if (!version2) {
      std::string_view rest = controllers;
      bool cpu = false;
      while (!rest.empty()) cpu |= take_field(rest, ',') == "cpu";
      if (!cpu) continue;
      hierarchy += "/cpu";  // distributions link it to the combined name
    }
    const double quota = smallest_quota(hierarchy, std::string(path), version2);
    if (quota > 0 && (smallest == 0 || quota < smallest)) smallest = quota;
  }
  return smallest;
}

int available_cores() {
  int cores = affinity_cores();
  if (auto membership = small_file("/proc/self/cgroup")) {
    const double quota = cgroup_quota(*membership, "/sys/fs/cgroup");
    if (quota > 0) cores = std::min(cores, int(std::min(std::ceil(quota), 1e6)));
  }
  return std::max(cores, 1);
}

}  // namespace mlxc
