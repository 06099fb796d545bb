// sentencepiece's compiled replacement rules: a Darts double-array trie and a blob of zero-terminated replacements.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlxc::text {

class Charsmap {
 public:
  explicit Charsmap(std::string_view base64);
  // The replacement for the shortest rule that the text begins with.
  std::optional<std::string_view> transform(std::string_view text) const;

 private:
  std::vector<uint32_t> units_;
  std::string replacements_;
};

}  // namespace mlxc::text
