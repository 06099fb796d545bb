// The one exception type of the library. The C border turns it into a status and a message.
#pragma once

#include <cstdint>
#include <exception>
#include <sstream>
#include <string>
#include <utility>

#include "mlxc/status.h"

namespace mlxc {

enum class Status : int32_t {
  ok = MLXC_OK,
  cancelled = MLXC_CANCELLED,
  invalid_argument = MLXC_INVALID_ARGUMENT,
  invalid_handle = MLXC_INVALID_HANDLE,
  buffer_too_small = MLXC_BUFFER_TOO_SMALL,
  out_of_memory = MLXC_OUT_OF_MEMORY,
  io = MLXC_IO,
  not_found = MLXC_NOT_FOUND,
  format = MLXC_FORMAT,
  unsupported = MLXC_UNSUPPORTED,
  context_full = MLXC_CONTEXT_FULL,
  device_lost = MLXC_DEVICE_LOST,
  timeout = MLXC_TIMEOUT,
  busy = MLXC_BUSY,
  end = MLXC_END,
  internal = MLXC_INTERNAL,
};

class Error : public std::exception {
 public:
  Error(Status status, std::string message, int64_t native = 0) : status_(status), native_(native), message_(std::move(message)) {}
  const char* what() const noexcept override { return message_.c_str(); }
  Status status() const noexcept { return status_; }
  int64_t native() const noexcept { return native_; }

 private:
  Status status_;
  int64_t native_;
  std::string message_;
};

// Joins the arguments as operator<< prints them.
template <class... Parts>
std::string cat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return std::move(out).str();
}

// Throws Error with the joined parts as its message: one sentence saying what, the actual and the expected value, and a hint.
template <class... Parts>
[[noreturn]] void fail(Status status, const Parts&... parts) {
  throw Error(status, cat(parts...));
}

}  // namespace mlxc
