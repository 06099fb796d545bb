#include "text/charsmap.h"

#include <cstring>

#include "base/error.h"
#include "text/utf8.h"

namespace mlxc::text {
namespace {

std::string from_base64(std::string_view text) {
  if (text.size() % 4 != 0) fail(Status::format, "precompiled_charsmap: ", text.size(), " base64 characters are not a multiple of four");
  size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  std::string out;
  out.reserve(text.size() / 4 * 3);
  uint32_t bits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    int digit = c >= 'A' && c <= 'Z'                     ? c - 'A'
                : c >= 'a' && c <= 'z'                   ? c - 'a' + 26
                : c >= '0' && c <= '9'                   ? c - '0' + 52
                : c == '+'                               ? 62
                : c == '/'                               ? 63
                : c == '=' && i + padding >= text.size() ? 0
                                                         : -1;
    if (digit < 0) fail(Status::format, "precompiled_charsmap: character ", i, " is not base64");
    bits = bits << 6 | static_cast<uint32_t>(digit);
    if (i % 4 == 3) {
      out += static_cast<char>(bits >> 16 & 255);
      out += static_cast<char>(bits >> 8 & 255);
      out += static_cast<char>(bits & 255);
    }
  }
  out.resize(out.size() - padding);
  return out;
}

}  // namespace

Charsmap::Charsmap(std::string_view base64) {
  std::string blob = from_base64(base64);
  uint32_t trie_bytes = 0;
  if (blob.size() < 4) fail(Status::format, "precompiled_charsmap: ", blob.size(), " bytes hold no header");
  std::memcpy(&trie_bytes, blob.data(), 4);
  if (trie_bytes / 4 > (blob.size() - 4) / 4) {
    fail(Status::format, "precompiled_charsmap: its trie should have ", trie_bytes, " bytes, ", blob.size() - 4, " are there");
  }
  if (trie_bytes < 4) fail(Status::format, "precompiled_charsmap: its trie is empty");
  units_.resize(trie_bytes / 4);
  std::memcpy(units_.data(), blob.data() + 4, units_.size() * 4);
  replacements_ = blob.substr(4 + units_.size() * 4);
  if (!utf8_valid(replacements_)) fail(Status::format, "precompiled_charsmap: the replacements are not valid UTF-8");
}

std::optional<std::string_view> Charsmap::transform(std::string_view text) const {
  auto offset = [](uint32_t unit) -> size_t { return size_t{unit >> 10} << ((unit & 1u << 9) >> 6); };
  auto corrupt = [] { fail(Status::format, "precompiled_charsmap: the trie points outside of itself"); };
  size_t node = offset(units_[0]);
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte == 0) break;
    node ^= byte;
    if (node >= units_.size()) corrupt();
    uint32_t unit = units_[node];
    if ((unit & (1u << 31 | 0xFF)) != byte) return std::nullopt;
    node ^= offset(unit);
    if (!(unit >> 8 & 1)) continue;
    if (node >= units_.size()) corrupt();
    size_t begin = units_[node] & 0x7FFFFFFF;
    if (begin > replacements_.size() ||
        (begin < replacements_.size() && (static_cast<unsigned char>(replacements_[begin]) & 0xC0) == 0x80)) {
      corrupt();
    }
    size_t end = std::min(replacements_.find('\0', begin), replacements_.size());
    return std::string_view(replacements_).substr(begin, end - begin);
  }
  return std::nullopt;
}

}  // namespace mlxc::text
