// Hand-written splitters for the patterns that most published byte-level tokenizers use. They give the parts that the pattern's matches
// give (every character is matched), several times faster than a regular expression.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace mlxc::text {

// Returns the end of the part that begins at `at` (at < text.size(); text is valid UTF-8).
using Splitter = size_t (*)(std::string_view text, size_t at);

// nullptr when the pattern is not one of the known ones.
Splitter find_splitter(std::string_view pattern);

// The pattern of ByteLevel with use_regex.
extern const char kGpt2Pattern[];

// Known patterns, for tests.
std::vector<std::string_view> known_split_patterns();

}  // namespace mlxc::text
