// Patterns: the hand-written splitters against PCRE2, Oniguruma's rules, and limits.
#include "text/pattern.h"

#include <gtest/gtest.h>

#include <random>

#include "base/error.h"
#include "text/pattern_syntax.h"
#include "text/splitter.h"
#include "text/unicode.h"
#include "text/utf8.h"

namespace mlxc::text {
namespace {

std::vector<std::string> parts(const Pattern& pattern, std::string_view text) {
  std::vector<Span> spans;
  pattern.find(text, spans);
  std::vector<std::string> out;
  for (const Span& span : spans) out.emplace_back(text.substr(span.begin, span.end - span.begin));
  return out;
}

TEST(Splitter, EqualsItsPatternOnRandomText) {
  std::mt19937 random(11);
  static const char* const bits[] = {" ",      "  ",     "\n",     "\r\n",   "\t",     "'s",         "'S",         "'\u017f",    "'ll",
                                     "'LL",    "'re",    "'",      "a",      "Z",      "\u00e9",     "\u0301",     "\u0903",     "1",
                                     "22",     "333",    "4444",   "\u0663", "\u2168", "\u00bd",     ".",          "!?",         "_",
                                     "\u00a0", "\u3000", "\u2028", "\u0085", "\u4e2d", "\U00020000", "\U000323af", "\U0001f389", "\u200d"};
  for (std::string_view source : known_split_patterns()) {
    Splitter splitter = find_splitter(source);
    ASSERT_NE(splitter, nullptr);
    Pattern pattern = Pattern::regex(source);
    for (int i = 0; i < 3000; ++i) {
      std::string text;
      for (size_t n = 1 + random() % 12; n > 0; --n) {
        if (random() % 5 == 0) {
          char32_t c = 1 + random() % (random() % 2 ? 0x3000 : 0x20000);
          utf8_append(text, c >= 0xD800 && c < 0xE000 ? U'x' : c);
        } else {
          text += bits[random() % std::size(bits)];
        }
      }
      std::vector<std::string> split;
      for (size_t at = 0; at < text.size();) {
        size_t end = splitter(text, at);
        ASSERT_GT(end, at);
        split.push_back(text.substr(at, end - at));
        at = end;
      }
      ASSERT_EQ(split, parts(pattern, text)) << source;
    }
  }
}

TEST(Pattern, LiteralAndEmptyMatches) {
  using Parts = std::vector<std::string>;
  EXPECT_EQ(parts(Pattern::literal("ab"), "xabab"), Parts({"x", "ab", "ab"}));
  EXPECT_EQ(parts(Pattern::literal("aa"), "aaa"), Parts({"aa", "a"}));
  EXPECT_EQ(parts(Pattern::regex("x*"), "axb"), Parts({"", "a", "x", "b", ""}));
  EXPECT_EQ(parts(Pattern::regex("a"), ""), Parts({""}));
}

TEST(Pattern, LongTextsAreSearchedInWindows) {
  std::string text(10000, '.');
  text += "\u4e2d" + std::string(1000, '.') + "x";
  EXPECT_EQ(parts(Pattern::regex("[\\x{4E00}x]"), text).size(), 2u);
  EXPECT_EQ(parts(Pattern::regex("\\p{L}"), text).size(), 4u);
}

TEST(PatternSyntax, RubyRulesBecomePcreRules) {
  EXPECT_EQ(translate_pattern("a(?i)b|c"), "a(?i:b|c)");
  EXPECT_EQ(translate_pattern("(?m:.)"), "(?s:.)");
  EXPECT_EQ(translate_pattern("a{2}?"), "(?:a{2})?");
  EXPECT_EQ(translate_pattern("a{,3}"), "a{0,3}");
  EXPECT_EQ(translate_pattern("a{1,2}+"), "(?:a{1,2})+");
  EXPECT_EQ(translate_pattern("a**"), "(?:a*)*");
  EXPECT_EQ(translate_pattern("\\h"), "[\\x{30}-\\x{39}\\x{41}-\\x{46}\\x{61}-\\x{66}]");
  EXPECT_EQ(translate_pattern("\\Q"), "Q");
}

TEST(PatternSyntax, WhatHasNoEqualIsRefused) {
  for (const char* source : {"(?~a)", "(*FAIL)", "\\K", "(?u)a", "[a", "a)", "(?<n", "\\p{Nope}", "[\\p{Greek}&&a]", "\\cA", "*a", "a\\",
                             "[z-a]", "(?(1)a|b)"}) {
    try {
      Pattern::regex(source);
      ADD_FAILURE() << source << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), Status::unsupported) << source;
    }
  }
}

TEST(Pattern, BacktrackingWithoutBoundIsAnError) {
  std::vector<Span> spans;
  EXPECT_THROW(Pattern::regex("(a+)+\\1$").find(std::string(60, 'a') + "!", spans), Error);
  EXPECT_NO_THROW(Pattern::regex("(a+)b").find(std::string(20000, 'a') + "b", spans));
}

TEST(Utf8, ValidPrefixAndReplacementFollowRust) {
  auto lossy = [](std::string_view bytes) {
    std::string out;
    utf8_append_lossy(out, bytes);
    return out;
  };
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(lossy("a\xFFz"), "a" + bad + "z");
  EXPECT_EQ(lossy("\xE4\xB8"), bad);  // a character cut short is one
  EXPECT_EQ(lossy("\xE4\xB8z"), bad + "z");
  EXPECT_EQ(lossy("\xF0\x9F\x8E\xF0"), bad + bad);
  EXPECT_EQ(lossy("\xED\xA0\x80"), bad + bad + bad);  // a surrogate
  EXPECT_EQ(lossy("\xC0\x80"), bad + bad);            // an overlong form
  EXPECT_EQ(lossy("\xF4\x90\x80\x80"), bad + bad + bad + bad);
  bool incomplete = false;
  EXPECT_EQ(utf8_valid_prefix("ab\xE4\xB8", &incomplete), 2u);
  EXPECT_TRUE(incomplete);
  EXPECT_EQ(utf8_valid_prefix("ab\xE4z", &incomplete), 2u);
  EXPECT_FALSE(incomplete);
}

TEST(Unicode, NormalFormsOfSingleCharactersAndMarks) {
  auto form = [](std::string_view text, NormalForm which) {
    std::string out;
    if (is_normalized(text, which)) return std::string(text);
    for (const Change& change : normalize(text, which)) utf8_append(out, change.c);
    return out;
  };
  EXPECT_EQ(form("e\u0301", NormalForm::nfc), "\u00e9");
  EXPECT_EQ(form("\u212b", NormalForm::nfc), "\u00c5");
  EXPECT_EQ(form("\u0958", NormalForm::nfc), "\u0915\u093c");  // excluded from composition
  EXPECT_EQ(form("q\u0307\u0323", NormalForm::nfd), "q\u0323\u0307");
  EXPECT_EQ(form("\u1112\u1161\u11ab", NormalForm::nfkc), "\ud55c");
  EXPECT_EQ(form("\ufb01\u00b2", NormalForm::nfkd), "fi2");
  EXPECT_EQ(form("plain", NormalForm::nfd), "plain");
  EXPECT_EQ(to_lower(U'\u0130'), U'i');
  EXPECT_EQ(to_lower(U'\u1E9E'), U'\u00DF');
}

}  // namespace
}  // namespace mlxc::text
