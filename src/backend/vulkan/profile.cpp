#include "backend/vulkan/profile.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace mlxc::vulkan {
namespace {

[[gnu::format(printf, 2, 3)]] void print(std::string* out, const char* format, ...) {
  char line[256];
  va_list arguments;
  va_start(arguments, format);
  const int length = std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  out->append(line, size_t(std::clamp(length, 0, int(sizeof line) - 1)));
}

}  // namespace

Profile::Profile() {
  const char* wanted = std::getenv("MLXC_VULKAN_PROFILE");
  timing_ = wanted && std::string_view(wanted) == "1" ? Timing::kernels : Timing::none;
}

void Profile::add(const ProfileKernel& kernel) {
  std::lock_guard lock(mutex_);
  ProfileKernel& total = kernels_[{kernel.operation, kernel.module}];
  total.operation = kernel.operation;
  total.module = kernel.module;
  total.dispatches += kernel.dispatches;
  total.groups += kernel.groups;
  total.nanoseconds += kernel.nanoseconds;
  total.flops += kernel.flops;
  total.bytes += kernel.bytes;
}

void Profile::add(const ProfileProgram& run) {
  std::lock_guard lock(mutex_);
  ProfileProgram& total = programs_[run.id];
  const int64_t runs = total.runs + run.runs;
  const double nanoseconds = total.nanoseconds + run.nanoseconds, host_nanoseconds = total.host_nanoseconds + run.host_nanoseconds;
  total = run;
  total.runs = runs;
  total.nanoseconds = nanoseconds;
  total.host_nanoseconds = host_nanoseconds;
}

ProfileTable Profile::table() const {
  ProfileTable table;
  std::lock_guard lock(mutex_);
  for (const auto& [key, kernel] : kernels_) table.kernels.push_back(kernel);
  for (const auto& [id, program] : programs_) table.programs.push_back(program);
  auto longer = [](const auto& a, const auto& b) { return a.nanoseconds > b.nanoseconds; };
  std::stable_sort(table.kernels.begin(), table.kernels.end(), longer);
  std::stable_sort(table.programs.begin(), table.programs.end(), longer);
  return table;
}

void Profile::reset() {
  std::lock_guard lock(mutex_);
  kernels_.clear();
  programs_.clear();
}

std::string ProfileTable::text() const {
  std::string out;
  double total = 0;
  for (const ProfileKernel& kernel : kernels) total += kernel.nanoseconds;
  if (!kernels.empty())
    print(&out, "%-18s %-34s %9s %12s %9s %6s %9s %9s\n", "operation", "kernel", "calls", "us", "us each", "share", "GB/s", "GFLOP/s");
  for (const ProfileKernel& kernel : kernels) {
    const double ns = std::max(kernel.nanoseconds, 1e-9);
    print(&out, "%-18.18s %-34.34s %9lld %12.1f %9.2f %5.1f%% %9.1f %9.1f\n", kernel.operation.c_str(), kernel.module.c_str(),
          static_cast<long long>(kernel.dispatches), kernel.nanoseconds / 1e3, kernel.nanoseconds / 1e3 / double(std::max<int64_t>(kernel.dispatches, 1)),
          total > 0 ? 100 * kernel.nanoseconds / total : 0, kernel.bytes / ns, kernel.flops / ns);
  }
  if (!kernels.empty()) out += "\n";
  print(&out, "%-10s %8s %9s %11s %9s %12s %14s %12s %12s\n", "program", "runs", "launches", "dispatches", "barriers", "submissions", "host launches", "GPU us a run",
        "us a run");
  for (const ProfileProgram& program : programs) {
    print(&out, "%-10lld %8lld %9lld %11lld %9lld %12lld %14lld %12.1f %12.1f\n", static_cast<long long>(program.id), static_cast<long long>(program.runs),
          static_cast<long long>(program.launches), static_cast<long long>(program.dispatches), static_cast<long long>(program.barriers),
          static_cast<long long>(program.submissions), static_cast<long long>(program.host_launches),
          program.nanoseconds / 1e3 / double(std::max<int64_t>(program.runs, 1)), program.host_nanoseconds / 1e3 / double(std::max<int64_t>(program.runs, 1)));
  }
  return out;
}

ProgramCounters& program_counters() {
  static ProgramCounters counters;
  return counters;
}

}  // namespace mlxc::vulkan
