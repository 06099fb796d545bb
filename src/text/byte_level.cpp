#include "text/byte_level.h"

#include <array>

#include "text/utf8.h"

namespace mlxc::text {
namespace {

struct Tables {
  std::array<char32_t, 256> to_char;
  std::array<int16_t, 512> to_byte;
  Tables() {
    to_byte.fill(-1);
    char32_t next = 256;
    for (unsigned byte = 0; byte < 256; ++byte) {
      bool printable = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte != 0xAD);
      to_char[byte] = printable ? byte : next++;
      to_byte[to_char[byte]] = static_cast<int16_t>(byte);
    }
  }
};

const Tables& tables() {
  static const Tables instance;
  return instance;
}

}  // namespace

char32_t byte_to_char(unsigned char byte) { return tables().to_char[byte]; }

int char_to_byte(char32_t c) { return c < 512 ? tables().to_byte[c] : -1; }

bool from_byte_level(std::string_view piece, std::string& bytes) {
  bytes.clear();
  for (size_t at = 0; at < piece.size();) {
    int byte = char_to_byte(utf8_next(piece, at));
    if (byte < 0) return false;
    bytes += static_cast<char>(byte);
  }
  return true;
}

std::string to_byte_level(std::string_view bytes) {
  std::string out;
  for (char c : bytes) utf8_append(out, byte_to_char(static_cast<unsigned char>(c)));
  return out;
}

std::string byte_token(unsigned char byte) {
  static const char digits[] = "0123456789ABCDEF";
  return {'<', '0', 'x', digits[byte >> 4], digits[byte & 15], '>'};
}

}  // namespace mlxc::text
