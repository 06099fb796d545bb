#include "text/splitter.h"

#include <algorithm>

#include "text/unicode.h"
#include "text/utf8.h"

namespace mlxc::text {
namespace {

struct Reader {
  std::string_view text;
  const ClassTable& table = class_table();

  bool end(size_t at) const { return at >= text.size(); }
  char byte(size_t at) const { return at < text.size() ? text[at] : '\0'; }
  uint16_t bits(size_t at) const {
    auto lead = static_cast<unsigned char>(text[at]);
    return lead < 0x80 ? table.blocks[lead | size_t{table.block[0]} << 8] : table[utf8_at(text, at)];
  }
  size_t next(size_t at) const { return at + utf8_length(static_cast<unsigned char>(text[at])); }
  // End of the run of characters with any of the classes (or, inverted, with none).
  size_t run(size_t at, uint16_t classes) const {
    while (at < text.size() && (bits(at) & classes)) at = next(at);
    return at;
  }
  size_t run_without(size_t at, uint16_t classes) const {
    while (at < text.size() && !(bits(at) & classes)) at = next(at);
    return at;
  }
};

constexpr uint16_t kOther = kSpace | kLetter | kNumber;  // a character with none of them is punctuation or a symbol

bool is_break(char c) { return c == '\r' || c == '\n'; }

// \s+(?!\S)|\s+ with `at` on white space: all but the last one where something follows, else all.
size_t spaces(const Reader& in, size_t at) {
  size_t end = in.run(at, kSpace);
  if (end == in.text.size()) return end;
  size_t last = utf8_previous(in.text, end);
  return last > at ? last : end;
}

// 's|'t|'re|'ve|'m|'ll|'d with the apostrophe at `at`; 0 when none. `fold` also takes capitals and U+017F, which folds to s.
size_t contraction(const Reader& in, size_t at, bool fold) {
  auto letter = [&](size_t i) {
    char c = in.byte(i);
    return fold && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  };
  char first = letter(at + 1), second = letter(at + 2);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return at + 2;
  if ((first == 'r' && second == 'e') || (first == 'v' && second == 'e') || (first == 'l' && second == 'l')) return at + 3;
  if (fold && in.byte(at + 1) == '\xC5' && in.byte(at + 2) == '\xBF') return at + 3;
  return 0;
}

// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
size_t gpt2(std::string_view text, size_t at) {
  Reader in{text};
  if (text[at] == '\'') {
    if (size_t end = contraction(in, at, false)) return end;
  }
  size_t word = text[at] == ' ' ? at + 1 : at;
  if (!in.end(word)) {
    uint16_t bits = in.bits(word);
    if (bits & kLetter) return in.run(word, kLetter);
    if (bits & kNumber) return in.run(word, kNumber);
    if (!(bits & kSpace)) return in.run_without(word, kOther);
  }
  return spaces(in, at);
}

// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
// With `marks` the letters are [\p{L}\p{M}] and the punctuation excludes marks too.
template <int digits, bool marks>
size_t cl100k(std::string_view text, size_t at) {
  constexpr uint16_t kWordPart = marks ? kLetter | kMark : kLetter;
  constexpr uint16_t kNotSymbol = marks ? kOther | kMark : kOther;
  Reader in{text};
  char lead = text[at];
  if (lead == '\'') {
    if (size_t end = contraction(in, at, true)) return end;
  }
  uint16_t bits = in.bits(at);
  if (bits & kLetter) return in.run(in.next(at), kWordPart);
  if (!(bits & kNumber) && !is_break(lead)) {
    size_t next = in.next(at);
    if (!in.end(next) && (in.bits(next) & kWordPart)) return in.run(next, kWordPart);
    if (marks && (bits & kMark)) return in.run(at, kWordPart);
  }
  if (bits & kNumber) {
    size_t end = at;
    for (int i = 0; i < digits && !in.end(end) && (in.bits(end) & kNumber); ++i) end = in.next(end);
    return end;
  }
  size_t symbol = lead == ' ' ? at + 1 : at;
  if (!in.end(symbol) && !(in.bits(symbol) & kNotSymbol)) {
    size_t end = in.run_without(symbol, kNotSymbol);
    while (is_break(in.byte(end)) && !in.end(end)) ++end;
    return end;
  }
  // \s*[\r\n]+: white space up to and with its last line break.
  size_t end = in.run(at, kSpace);
  for (size_t i = end; i > at; --i) {
    if (is_break(text[i - 1])) return i;
  }
  return spaces(in, at);
}

struct Known {
  std::string_view pattern;
  Splitter splitter;
};

constexpr std::string_view kGpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

const Known kKnown[] = {
    {kGpt2, gpt2},
    {R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", gpt2},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     cl100k<3, false>},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)", cl100k<1, false>},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     cl100k<1, true>},
};

}  // namespace

const char kGpt2Pattern[] = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

Splitter find_splitter(std::string_view pattern) {
  for (const Known& known : kKnown) {
    if (known.pattern == pattern) return known.splitter;
  }
  return nullptr;
}

std::vector<std::string_view> known_split_patterns() {
  std::vector<std::string_view> out;
  for (const Known& known : kKnown) out.push_back(known.pattern);
  return out;
}

}  // namespace mlxc::text
