#include "base/profile.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace mlxc {
namespace {

[[gnu::format(printf, 2, 3)]] void print(std::string* out, const char* format, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  const int length = std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  out->append(line, size_t(std::clamp(length, 0, int(sizeof line) - 1)));
}

// Rows of a trace: threads in the order in which they came.
int this_thread() {
  static std::atomic<int> last{0};
  thread_local const int number = ++last;
  return number;
}

int64_t whole(double value) { return std::llround(value); }

std::string quoted(const std::string& text) { return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace); }

// Microseconds of the trace's format, whatever the locale's decimal point is.
std::string microseconds(double nanoseconds) {
  std::string text;
  const int64_t count = whole(std::max(nanoseconds, 0.0));
  print(&text, "%lld.%03lld", static_cast<long long>(count / 1000), static_cast<long long>(count % 1000));
  return text;
}

}  // namespace

int64_t Profile::next_program() {
  static std::atomic<int64_t> last{0};
  return ++last;
}

void Profile::add(const ProfileLabelPtr& label, Clock::time_point start, double nanoseconds, int64_t program) {
  std::lock_guard lock(mutex_);
  ProfileKernel& total = kernels_[Key(label->operation, label->kernel, label->holds, label->device, label->reason)];
  if (!total.label) total.label = label;
  ++total.launches;
  total.nanoseconds += nanoseconds;
  total.flops += label->flops;
  total.bytes += label->bytes;
  if (events_.size() < kMostEvents) events_.push_back({label, start, nanoseconds, program, this_thread()});
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
  events_.clear();
}

std::string ProfileTable::text() const {
  std::string out;
  double total = 0;
  for (const ProfileKernel& kernel : kernels) total += kernel.nanoseconds;
  if (!kernels.empty())
    print(&out, "%-18s %-34s %-9s %9s %12s %9s %6s %9s %9s  %s\n", "operation", "kernel", "device", "calls", "us", "us each", "share",
          "GB/s", "GFLOP/s", "holds");
  for (const ProfileKernel& kernel : kernels) {
    const ProfileLabel& label = *kernel.label;
    const double ns = std::max(kernel.nanoseconds, 1e-9);
    print(&out, "%-18.18s %-34.34s %-9.9s %9lld %12.1f %9.2f %5.1f%% %9.1f %9.1f", label.operation.c_str(), label.kernel.c_str(),
          label.device.c_str(), static_cast<long long>(kernel.launches), kernel.nanoseconds / 1e3,
          kernel.nanoseconds / 1e3 / double(std::max<int64_t>(kernel.launches, 1)), total > 0 ? 100 * kernel.nanoseconds / total : 0,
          kernel.bytes / ns, kernel.flops / ns);
    if (label.operations > 1) print(&out, "  %lld: %.160s", static_cast<long long>(label.operations), label.holds.c_str());
    out += '\n';
  }
  bool headed = false;
  for (const ProfileKernel& kernel : kernels) {
    if (kernel.label->reason.empty()) continue;
    if (!headed) print(&out, "\n%-18s %-9s %s\n", "placed", "on", "because");
    headed = true;
    print(&out, "%-18.18s %-9.9s %.400s\n", kernel.label->operation.c_str(), kernel.label->device.c_str(), kernel.label->reason.c_str());
  }
  if (!kernels.empty()) out += '\n';
  print(&out, "%-10s %8s %9s %11s %9s %12s %14s %12s %12s\n", "program", "runs", "launches", "dispatches", "barriers", "submissions",
        "host launches", "timed us", "us a run");
  for (const ProfileProgram& program : programs) {
    const double runs = 1e3 * double(std::max<int64_t>(program.runs, 1));
    print(&out, "%-10lld %8lld %9lld %11lld %9lld %12lld %14lld %12.1f %12.1f\n", static_cast<long long>(program.id),
          static_cast<long long>(program.runs), static_cast<long long>(program.launches), static_cast<long long>(program.dispatches),
          static_cast<long long>(program.barriers), static_cast<long long>(program.submissions),
          static_cast<long long>(program.host_launches), program.nanoseconds / runs, program.host_nanoseconds / runs);
  }
  return out;
}

std::string Profile::trace(int pid, const std::string& process) const {
  std::vector<Event> events;
  {
    std::lock_guard lock(mutex_);
    events = events_;
  }
  std::string out;
  print(&out, R"({"ph":"M","name":"process_name","pid":%d,"args":{"name":)", pid);
  out += quoted(process) + "}}";
  for (const Event& event : events) {
    const ProfileLabel& label = *event.label;
    const double start = std::chrono::duration<double, std::nano>(event.start.time_since_epoch()).count();
    print(&out, ",\n{\"ph\":\"X\",\"pid\":%d,\"tid\":%d,\"ts\":%s,\"dur\":%s,\"cat\":\"launch\",\"name\":", pid, event.thread,
          microseconds(start).c_str(), microseconds(event.nanoseconds).c_str());
    out += quoted(label.operation) + ",\"args\":{\"kernel\":" + quoted(label.kernel) + ",\"device\":" + quoted(label.device) +
           ",\"shape\":" + quoted(label.shape);
    if (label.operations > 1) out += ",\"holds\":" + quoted(label.holds);
    if (!label.reason.empty()) out += ",\"reason\":" + quoted(label.reason);
    print(&out, ",\"operations\":%lld,\"bytes\":%lld,\"flops\":%lld,\"program\":%lld}}", static_cast<long long>(label.operations),
          static_cast<long long>(whole(label.bytes)), static_cast<long long>(whole(label.flops)), static_cast<long long>(event.program));
  }
  return out;
}

std::string chrome_trace(const std::string& events) { return "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n" + events + "\n]}\n"; }

}  // namespace mlxc
