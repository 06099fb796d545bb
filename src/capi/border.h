// What every function of the C ABI does at its border: catch everything, check arguments, read option structs, write results.
#pragma once

#include <cxxabi.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/error.h"
#include "mlxc/types.h"

namespace mlxc::capi {

// Fills the caller's record, as far as its struct_size reaches. `message` may hold anything; what is not UTF-8 becomes '?'.
void write_error(mlxc_error* error, Status status, int64_t native, std::string_view message) noexcept;
// Inside a catch block: turns the exception in flight into a status and a message.
mlxc_status report_exception(mlxc_error* error) noexcept;

// Runs the body of a function of the ABI. No exception leaves, except the unwinding of a thread that is being cancelled, which must.
template <class Body>
mlxc_status guard(mlxc_error* error, Body&& body) {
  try {
    body();
    return MLXC_OK;
  } catch (abi::__forced_unwind&) {
    throw;
  } catch (...) {
    return report_exception(error);
  }
}

template <class T>
T* require(T* pointer, const char* name) {
  if (!pointer) fail(Status::invalid_argument, "`", name, "` is NULL");
  return pointer;
}

// For out-parameters: required, and cleared before anything can fail.
template <class T>
void clear(T* out, const char* name) {
  *require(out, name) = T{};
}

// Larger counts are mistakes (an uninitialised variable, a negative number) and are refused before any memory is touched.
inline constexpr int64_t kMaxElements = int64_t{1} << 31, kMaxItems = int64_t{1} << 24;
int64_t check_count(int64_t count, int64_t limit, const char* name);

template <class T>
std::span<const T> list_of(const T* data, int64_t count, const char* name, int64_t limit = kMaxElements) {
  check_count(count, limit, name);
  if (count > 0) require(data, name);
  return {data, size_t(count)};
}
std::string_view text_of(const char* data, size_t bytes, const char* name);
std::string path_of(const char* path, const char* name = "path");  // NUL-terminated, not empty
bool flag_of(int32_t value, const char* name);                     // 0 or 1
int64_t in_range(int64_t value, int64_t low, int64_t high, const char* name);

// Text result: (buffer, capacity, &needed), NUL included. List result: the same in elements.
void give_text(std::string_view text, char* buffer, size_t capacity, size_t* needed);
template <class T>
void give_list(std::span<const T> values, T* buffer, int64_t capacity, int64_t* needed) {
  *require(needed, "needed") = int64_t(values.size());
  check_count(capacity, INT64_MAX, "capacity");
  if (capacity > 0) require(buffer, "buffer");
  if (capacity < int64_t(values.size()))
    fail(Status::buffer_too_small, "the buffer has ", capacity, " places, ", values.size(), " are needed");
  if (!values.empty()) std::memcpy(buffer, values.data(), values.size_bytes());
}
// Room for `needed` elements in the caller's buffer.
void check_room(const void* buffer, int64_t capacity, int64_t needed, const char* name);

namespace detail {
// Copies the part of an option struct that both sides know; the rest of `value` keeps its defaults.
void read_struct(const void* given, void* value, size_t size, const char* name);
void write_struct(void* out, const void* value, size_t size, const char* name);
void init_struct(void* out, uint32_t struct_size, const void* defaults, size_t size) noexcept;
}  // namespace detail

// Options of the caller over the defaults; NULL gives the defaults. Structs grow in steps of 8 bytes.
template <class T>
T read_options(const T* given, T defaults, const char* name) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) % 8 == 0);
  if (given) detail::read_struct(given, &defaults, sizeof(T), name);
  return defaults;
}

// Fills a struct of the caller (struct_size set) as far as it reaches; what it has beyond this library's fields becomes zero.
template <class T>
void write_struct(T* out, const T& value, const char* name) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) % 8 == 0);
  detail::write_struct(require(out, name), &value, sizeof(T), name);
}

template <class T>
void init_struct(T* out, uint32_t struct_size, const T& defaults) noexcept {
  detail::init_struct(out, struct_size, &defaults, sizeof(T));
}

// Copies text into a fixed field, cut at a character's border.
void copy_field(char* field, size_t size, std::string_view text) noexcept;
template <size_t N>
void copy_field(char (&field)[N], std::string_view text) noexcept {
  copy_field(field, N, text);
}

}  // namespace mlxc::capi
