// Character classes of patterns, as Oniguruma knows them and as PCRE2 writes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "text/code_set.h"

namespace mlxc::text {

// What a class escape or a bracket stands for: written out for a PCRE2 class, and as a set where one is needed.
struct Members {
  std::string inside;          // items of a PCRE2 class
  std::optional<CodeSet> set;  // absent for properties only PCRE2 knows
};

Members of_set(CodeSet set);
Members of_categories(uint32_t mask);
Members space_members();
Members hex_members();
const Members& word_members();

// A property or, with `posix`, a POSIX bracket; `shown` is its name for messages. Status::unsupported when it is not known.
Members named_members(std::string name, std::string_view shown, bool posix);

}  // namespace mlxc::text
