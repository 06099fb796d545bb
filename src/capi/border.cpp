#include "capi/border.h"

#include <algorithm>
#include <new>
#include <stdexcept>
#include <system_error>

namespace mlxc::capi {
namespace {

constexpr uint32_t kMaxStructSize = 4096;

// Bytes of the character that starts at text[i], or 0 when it is not well-formed UTF-8.
size_t character_bytes(std::string_view text, size_t i) noexcept {
  auto at = [&](size_t k) { return static_cast<unsigned char>(text[k]); };
  unsigned char first = at(i);
  if (first < 0x80) return 1;
  size_t bytes = first >= 0xc2 && first < 0xe0 ? 2 : (first & 0xf0) == 0xe0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0;
  if (bytes == 0 || i + bytes > text.size()) return 0;
  for (size_t k = 1; k < bytes; ++k)
    if ((at(i + k) & 0xc0) != 0x80) return 0;
  unsigned char second = at(i + 1);
  if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) || (first == 0xf0 && second < 0x90) ||
      (first == 0xf4 && second > 0x8f))
    return 0;
  return bytes;
}

uint32_t struct_size_of(const void* record, const char* name) {
  uint32_t size;
  std::memcpy(&size, record, sizeof size);
  if (size < sizeof size || size > kMaxStructSize)
    fail(Status::invalid_argument, "struct_size of ", name, " is ", size, "; initialise the struct with its MLXC_..._INIT macro");
  return size;
}

}  // namespace

void copy_field(char* field, size_t size, std::string_view text) noexcept {
  size_t written = 0;
  for (size_t i = 0; i < text.size();) {
    size_t bytes = character_bytes(text, i);
    if (written + std::max<size_t>(bytes, 1) >= size) break;
    if (bytes == 0 || text[i] == '\0') {
      field[written++] = '?';
      ++i;
      continue;
    }
    std::memcpy(field + written, text.data() + i, bytes);
    written += bytes;
    i += bytes;
  }
  std::memset(field + written, 0, size - written);
}

void write_error(mlxc_error* error, Status status, int64_t native, std::string_view message) noexcept {
  if (!error) return;
  size_t size = std::min<size_t>(error->struct_size, sizeof(mlxc_error));
  auto reaches = [&](size_t offset, size_t bytes) { return offset + bytes <= size; };
  if (reaches(offsetof(mlxc_error, status), sizeof error->status)) error->status = int32_t(status);
  if (reaches(offsetof(mlxc_error, native), sizeof error->native)) error->native = native;
  if (reaches(offsetof(mlxc_error, message), 1)) copy_field(error->message, size - offsetof(mlxc_error, message), message);
}

mlxc_status report_exception(mlxc_error* error) noexcept {
  auto report = [&](Status status, int64_t native, std::string_view message) {
    write_error(error, status, native, message);
    return mlxc_status(status);
  };
  try {
    throw;
  } catch (const Error& e) {
    // An Error that says ok would hide a failure.
    return report(e.status() == Status::ok ? Status::internal : e.status(), e.native(), e.what());
  } catch (const std::bad_alloc&) {
    return report(Status::out_of_memory, 0, "the host has no memory left for this call");
  } catch (const std::length_error&) {  // a list longer than the address space
    return report(Status::out_of_memory, 0, "no host has the memory that this call needs");
  } catch (const std::system_error& e) {
    return report(e.code() == std::errc::resource_unavailable_try_again ? Status::out_of_memory : Status::io, e.code().value(), e.what());
  } catch (const std::exception& e) {
    return report(Status::internal, 0, e.what());
  } catch (...) {
    return report(Status::internal, 0, "an unknown exception reached the border; please report how");
  }
}

int64_t check_count(int64_t count, int64_t limit, const char* name) {
  if (count < 0 || count > limit) fail(Status::invalid_argument, "the count of `", name, "` is ", count, ", expected 0 to ", limit);
  return count;
}

std::string_view text_of(const char* data, size_t bytes, const char* name) {
  if (bytes > size_t(PTRDIFF_MAX)) fail(Status::invalid_argument, "`", name, "` has ", bytes, " bytes, more than the address space holds");
  if (bytes > 0) require(data, name);
  return bytes > 0 ? std::string_view(data, bytes) : std::string_view();
}

std::string path_of(const char* path, const char* name) {
  std::string text = require(path, name);
  if (text.empty()) fail(Status::invalid_argument, "`", name, "` is empty");
  return text;
}

bool flag_of(int32_t value, const char* name) { return in_range(value, 0, 1, name) == 1; }

int64_t in_range(int64_t value, int64_t low, int64_t high, const char* name) {
  if (value < low || value > high) fail(Status::invalid_argument, "`", name, "` is ", value, ", expected ", low, " to ", high);
  return value;
}

void give_text(std::string_view text, char* buffer, size_t capacity, size_t* needed) {
  *require(needed, "needed") = text.size() + 1;
  if (capacity > 0) require(buffer, "buffer");
  if (capacity < text.size() + 1) fail(Status::buffer_too_small, "the buffer has ", capacity, " bytes, ", text.size() + 1, " are needed");
  if (!text.empty()) std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';
}

void check_room(const void* buffer, int64_t capacity, int64_t needed, const char* name) {
  check_count(capacity, INT64_MAX, name);
  if (capacity < needed) fail(Status::buffer_too_small, "`", name, "` has ", capacity, " places, ", needed, " are needed");
  if (needed > 0) require(buffer, name);
}

namespace detail {

void read_struct(const void* given, void* value, size_t size, const char* name) {
  uint32_t given_size = struct_size_of(given, name);
  auto bytes = static_cast<const unsigned char*>(given);
  for (size_t i = size; i < given_size; ++i)
    if (bytes[i] != 0)
      fail(Status::unsupported, name, " has ", given_size, " bytes, this library knows ", size,
           ", and a field beyond them is set; update libmlxc");
  // Whole steps of 8 bytes, so that no field is taken half.
  std::memcpy(value, given, std::min(size, size_t(given_size) / 8 * 8));
}

void write_struct(void* out, const void* value, size_t size, const char* name) {
  uint32_t out_size = struct_size_of(out, name);
  auto bytes = static_cast<unsigned char*>(out);
  size_t known = std::min(size, size_t(out_size) / 8 * 8);
  if (known > sizeof out_size)
    std::memcpy(bytes + sizeof out_size, static_cast<const unsigned char*>(value) + sizeof out_size, known - sizeof out_size);
  if (out_size > size) std::memset(bytes + size, 0, out_size - size);
}

void init_struct(void* out, uint32_t struct_size, const void* defaults, size_t size) noexcept {
  if (!out || struct_size < sizeof struct_size || struct_size > kMaxStructSize) return;
  std::memset(out, 0, struct_size);
  std::memcpy(out, defaults, std::min(size, size_t(struct_size)));
  std::memcpy(out, &struct_size, sizeof struct_size);
}

}  // namespace detail
}  // namespace mlxc::capi
