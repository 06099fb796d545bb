#include "base/log.h"

#include <limits>
#include <mutex>
#include <shared_mutex>

namespace mlxc {
namespace {

constexpr int32_t kNothing = std::numeric_limits<int32_t>::max();

std::shared_mutex mutex;  // shared while a callback runs, exclusive to replace it
LogCallback current = nullptr;
void* current_data = nullptr;
thread_local bool inside = false;

}  // namespace

std::atomic<int32_t> detail::log_least{kNothing};

void set_log_callback(LogCallback callback, void* user_data, LogLevel least) {
  if (inside) fail(Status::busy, "the log callback cannot be replaced from inside a log callback");
  std::unique_lock lock(mutex);
  current = callback;
  current_data = user_data;
  detail::log_least.store(callback ? int32_t(least) : kNothing, std::memory_order_relaxed);
}

void detail::log(LogLevel level, const std::string& message) noexcept {
  if (inside) return;
  std::shared_lock lock(mutex);
  if (!current || int32_t(level) < log_least.load(std::memory_order_relaxed)) return;
  inside = true;
  current(int32_t(level), message.c_str(), current_data);
  inside = false;
}

}  // namespace mlxc
