// UTF-8: decoding without checks for text known to be valid, and replacement of what is not.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mlxc::text {

// Length in bytes of the character that starts with this byte (valid text only).
inline unsigned utf8_length(unsigned char lead) { return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4; }

// Decodes the character at text[at] and moves `at` behind it. The text must be valid UTF-8.
inline char32_t utf8_next(std::string_view text, size_t& at) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char lead = byte(at);
  if (lead < 0x80) return text[at++];
  if (lead < 0xE0) {
    char32_t c = (lead & 0x1Fu) << 6 | (byte(at + 1) & 0x3Fu);
    at += 2;
    return c;
  }
  if (lead < 0xF0) {
    char32_t c = (lead & 0x0Fu) << 12 | (byte(at + 1) & 0x3Fu) << 6 | (byte(at + 2) & 0x3Fu);
    at += 3;
    return c;
  }
  char32_t c = (lead & 0x07u) << 18 | (byte(at + 1) & 0x3Fu) << 12 | (byte(at + 2) & 0x3Fu) << 6 | (byte(at + 3) & 0x3Fu);
  at += 4;
  return c;
}

inline char32_t utf8_at(std::string_view text, size_t at) { return utf8_next(text, at); }

// Start of the character that ends right before `at` (at > 0).
inline size_t utf8_previous(std::string_view text, size_t at) {
  do --at;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80);
  return at;
}

void utf8_append(std::string& out, char32_t c);
std::string utf8_encode(char32_t c);
size_t utf8_count(std::string_view text);

// Length of the longest prefix of whole, valid characters; `incomplete` tells whether the rest could still become a valid character.
size_t utf8_valid_prefix(std::string_view bytes, bool* incomplete = nullptr);
bool utf8_valid(std::string_view bytes);

// Appends bytes as text, with U+FFFD for every maximal ill-formed part (as WHATWG and Rust's from_utf8_lossy do).
void utf8_append_lossy(std::string& out, std::string_view bytes);

}  // namespace mlxc::text
