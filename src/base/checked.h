// Checked integer arithmetic for every size that comes from a file or a caller.
#pragma once

#include <concepts>

#include "base/error.h"

namespace mlxc {

template <std::integral T>
T checked_add(T a, T b, const char* what) {
  T result;
  if (__builtin_add_overflow(a, b, &result)) fail(Status::invalid_argument, what, " overflows: ", a, " + ", b);
  return result;
}

template <std::integral T>
T checked_mul(T a, T b, const char* what) {
  T result;
  if (__builtin_mul_overflow(a, b, &result)) fail(Status::invalid_argument, what, " overflows: ", a, " x ", b);
  return result;
}

}  // namespace mlxc
