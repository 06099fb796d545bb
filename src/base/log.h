// The optional log callback. Without one nothing is logged and nothing is ever printed.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "base/error.h"

namespace mlxc {

// Values are part of the C ABI (MLXC_LOG_...): pinned.
enum class LogLevel : int32_t { debug = 0, info = 1, warning = 2, error = 3 };
using LogCallback = void (*)(int32_t level, const char* message, void* user_data);

// Replaces the callback of the process; null clears it. Calls of lower levels than `least` are dropped before their text is made.
// The callback runs on whichever thread logs, several at once. On return the former one is not running and will not run again,
// so its user_data may go; hence Error(busy) from inside a callback. What a callback itself causes to be logged is dropped.
void set_log_callback(LogCallback callback, void* user_data, LogLevel least = LogLevel::info);

namespace detail {
extern std::atomic<int32_t> log_least;
void log(LogLevel level, const std::string& message) noexcept;
}  // namespace detail

template <class... Parts>
void log(LogLevel level, const Parts&... parts) noexcept {
  if (int32_t(level) < detail::log_least.load(std::memory_order_relaxed)) return;
  try {
    detail::log(level, cat(parts...));
  } catch (...) {  // no memory for the text: logging never changes what the program does
  }
}

}  // namespace mlxc
