// Names from files in messages: always valid UTF-8, one line, of bounded length.
#pragma once

#include <string>
#include <string_view>

namespace mlxc {

// 'text' in quotes; control characters and invalid UTF-8 as \xNN, cut with "..." past `most` bytes.
std::string quote(std::string_view text, size_t most = 100);
std::string printable(std::string_view text, size_t most);  // the same without quotes

// The length of the well-formed UTF-8 character that text starts with; 0 if there is none.
size_t utf8_length(std::string_view text);

}  // namespace mlxc
