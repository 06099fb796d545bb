#include "text/utf8.h"

#include <cstring>

namespace mlxc::text {
namespace {

// Length of the valid character at bytes[at], or 0. `broken` is then the length of the maximal ill-formed part, and
// `incomplete` says that the text ended inside a character that was right so far.
unsigned character_length(std::string_view bytes, size_t at, unsigned& broken, bool& incomplete) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  unsigned char lead = byte(at);
  if (lead < 0x80) return 1;
  unsigned length = lead >= 0xC2 && lead <= 0xDF ? 2 : lead >= 0xE0 && lead <= 0xEF ? 3 : lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
  broken = 1;
  incomplete = false;
  for (unsigned i = 1; i < length; ++i) {
    if (at + i >= bytes.size()) {
      broken = i;
      incomplete = true;
      return 0;
    }
    unsigned char low = 0x80, high = 0xBF;
    if (i == 1) {
      if (lead == 0xE0) low = 0xA0;
      if (lead == 0xED) high = 0x9F;
      if (lead == 0xF0) low = 0x90;
      if (lead == 0xF4) high = 0x8F;
    }
    if (byte(at + i) < low || byte(at + i) > high) {
      broken = i;
      return 0;
    }
  }
  return length;
}

}  // namespace

void utf8_append(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    const char bytes[] = {static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 0x3F))};
    out.append(bytes, 2);
  } else if (c < 0x10000) {
    const char bytes[] = {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3F)),
                          static_cast<char>(0x80 | (c & 0x3F))};
    out.append(bytes, 3);
  } else {
    const char bytes[] = {static_cast<char>(0xF0 | c >> 18), static_cast<char>(0x80 | (c >> 12 & 0x3F)),
                          static_cast<char>(0x80 | (c >> 6 & 0x3F)), static_cast<char>(0x80 | (c & 0x3F))};
    out.append(bytes, 4);
  }
}

std::string utf8_encode(char32_t c) {
  std::string out;
  utf8_append(out, c);
  return out;
}

size_t utf8_count(std::string_view text) {
  size_t count = 0;
  for (char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

size_t utf8_valid_prefix(std::string_view bytes, bool* incomplete) {
  size_t at = 0;
  unsigned broken = 0;
  bool cut = false;
  while (at < bytes.size()) {
    uint64_t eight;
    while (at + 8 <= bytes.size()) {  // skip ASCII eight bytes at a time
      std::memcpy(&eight, bytes.data() + at, 8);
      if (eight & 0x8080808080808080u) break;
      at += 8;
    }
    if (at == bytes.size()) break;
    unsigned length = character_length(bytes, at, broken, cut);
    if (length == 0) break;
    at += length;
    cut = false;
  }
  if (incomplete) *incomplete = at < bytes.size() && cut;
  return at;
}

bool utf8_valid(std::string_view bytes) { return utf8_valid_prefix(bytes) == bytes.size(); }

void utf8_append_lossy(std::string& out, std::string_view bytes) {
  while (!bytes.empty()) {
    size_t good = utf8_valid_prefix(bytes);
    out.append(bytes.substr(0, good));
    bytes.remove_prefix(good);
    if (bytes.empty()) break;
    unsigned broken = 1;
    bool cut = false;
    character_length(bytes, 0, broken, cut);
    out += "\xEF\xBF\xBD";
    bytes.remove_prefix(broken);
  }
}

}  // namespace mlxc::text
