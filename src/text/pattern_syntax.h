// Translates patterns of Oniguruma's Ruby syntax, which tokenizer.json uses, into PCRE2's.
#pragma once

#include <string>
#include <string_view>

namespace mlxc::text {

// Throws Status::unsupported, naming the construct, for what has no equal in PCRE2.
// The result is for PCRE2_UTF | PCRE2_MULTILINE, without PCRE2_UCP: every class is written out.
std::string translate_pattern(std::string_view pattern);

}  // namespace mlxc::text
