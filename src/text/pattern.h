// A search pattern of tokenizer.json: a literal string or a regular expression, with limits on what a search may cost.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mlxc::text {

struct Span {
  size_t begin, end;
  bool match;
};

class Pattern {
 public:
  static Pattern literal(std::string text);
  static Pattern regex(std::string_view source);  // Oniguruma's Ruby syntax

  // Cuts the text into matches and what lies between, in order, without gaps. Empty matches are listed too.
  // Status::unsupported when a search exceeds its limits: the pattern backtracks without bound on this text.
  void find(std::string_view text, std::vector<Span>& spans) const;

  bool is_literal() const { return !code_; }
  const std::string& source() const { return source_; }

 private:
  Pattern() = default;
  void find_regex(std::string_view text, std::vector<Span>& spans) const;
  std::string source_;
  std::shared_ptr<const void> code_;  // pcre2_code
};

}  // namespace mlxc::text
