#include "text/pattern_classes.h"

#include <algorithm>

#include "base/error.h"

namespace mlxc::text {

constexpr uint32_t kAllCategories = (1u << (Cn + 1)) - 1;

Members of_set(CodeSet set) { return {set.pattern(), set}; }

Members of_categories(uint32_t mask) {
  static const char* const names[] = {"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe",
                                      "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Co", "Cn"};
  CodeSet set = CodeSet::of_categories(mask);
  if (mask >> Cn & 1) return of_set(std::move(set));  // "unassigned" shrinks with each Unicode version: only our table is right
  std::string inside;
  for (const auto& [group, letter] :
       {std::pair<uint32_t, char>{0x1F, 'L'}, {0xE0, 'M'}, {0x700, 'N'}, {0x3F800, 'P'}, {0x3C0000, 'S'}, {0x1C00000, 'Z'}}) {
    if ((mask & group) == group) inside += std::string("\\p{") + letter + "}", mask &= ~group;
  }
  for (int c = Lu; c < Cn; ++c) {
    if (mask >> c & 1) inside += std::string("\\p{") + names[c] + "}";
  }
  uint32_t all = 0;
  for (int c = Lu; c < Cn; ++c) all |= 1u << c;
  CodeSet newer;
  for (size_t i = 0; i < kNewerCategoryCount; ++i) newer.add(kNewerCategories[i].first, kNewerCategories[i].last);
  inside += set.intersect(newer).pattern();
  return {inside, std::move(set)};
}

const Members& word_members() {
  static const Members members = [] {
    uint32_t mask = category_mask("l") | category_mask("m") | category_mask("nd") | category_mask("nl") | category_mask("pc");
    CodeSet word(kPatternWordRanges, kPatternWordCount), base = CodeSet::of_categories(mask);
    if (!base.minus(word).empty()) return of_set(word);
    return Members{of_categories(mask).inside + word.minus(base).pattern(), word};
  }();
  return members;
}

// \w is Alphabetic with all marks, digits and connectors.
static Members alphabetic_members() {
  uint32_t letters = category_mask("l") | category_mask("nl");
  CodeSet set = CodeSet(kPatternWordRanges, kPatternWordCount)
                    .minus(CodeSet::of_categories(category_mask("m") | category_mask("nd") | category_mask("pc")));
  set.add(CodeSet(kAlphabeticMarkRanges, kAlphabeticMarkCount));
  return {of_categories(letters).inside + set.minus(CodeSet::of_categories(letters)).pattern(), set};
}

Members space_members() { return of_set(CodeSet(kPatternSpaceRanges, kPatternSpaceCount)); }

Members hex_members() {
  CodeSet set;
  set.add('0', '9');
  set.add('A', 'F');
  set.add('a', 'f');
  return of_set(set);
}

Members named_members(std::string name, std::string_view shown, bool posix) {
  std::string plain;
  for (char c : name) {
    if (c != ' ' && c != '_' && c != '-') plain += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  }
  if (uint32_t mask = category_mask(plain)) return of_categories(mask);
  if (plain == "digit") return of_categories(category_mask("nd"));
  if (plain == "space" || plain == "whitespace") return space_members();
  if (plain == "word") return word_members();
  if (plain == "punct" && posix) {  // in brackets Oniguruma's POSIX class holds the symbols too
    return of_categories(category_mask("p") | category_mask("s"));
  }
  if (plain == "xdigit") return hex_members();
  if (plain == "cntrl") return of_categories(category_mask("cc"));
  if (plain == "han") return of_set(CodeSet(kHanRanges, kHanCount));
  CodeSet set;
  if (plain == "any") return set.add(0, 0x10FFFF), of_set(set);
  if (plain == "ascii") return set.add(0, 0x7F), of_set(set);
  if (plain == "assigned") return of_set(CodeSet::of_categories(kAllCategories & ~category_mask("cn")));
  if (plain == "blank") return set.add('\t', '\t'), set.add(CodeSet::of_categories(category_mask("zs"))), of_set(set);
  if (plain == "punct") return of_categories(category_mask("p"));
  if (plain == "graph" || plain == "print") {
    set = CodeSet::of_categories(kAllCategories & ~(category_mask("cc") | category_mask("cn")));
    if (plain == "graph") set = set.minus(CodeSet(kPatternSpaceRanges, kPatternSpaceCount));
    if (plain == "print") set = set.minus(CodeSet::of_categories(category_mask("zl") | category_mask("zp")));
    return of_set(set);
  }
  if (plain == "alpha" || plain == "alphabetic") return alphabetic_members();
  if (plain == "alnum") {
    Members members = alphabetic_members(), digits = of_categories(category_mask("nd"));
    members.set->add(*digits.set);
    return {members.inside + digits.inside, members.set};
  }
  if (plain == "upper" || plain == "uppercase") {
    return {"\\p{Uppercase}" + CodeSet::newer_of_categories(category_mask("lu")).pattern(), std::nullopt};
  }
  if (plain == "lower" || plain == "lowercase") {
    return {"\\p{Lowercase}" + CodeSet::newer_of_categories(category_mask("ll")).pattern(), std::nullopt};
  }
  // Scripts by their Script property (PCRE2's \p{Greek} would mean script extensions).
  static const char* const scripts[] = {"arabic",    "armenian",   "bengali",   "bopomofo", "braille",  "cherokee", "common",   "coptic",
                                        "cyrillic",  "devanagari", "ethiopic",  "georgian", "greek",    "gujarati", "gurmukhi", "hangul",
                                        "hebrew",    "hiragana",   "inherited", "kannada",  "katakana", "khmer",    "lao",      "latin",
                                        "malayalam", "mongolian",  "myanmar",   "oriya",    "sinhala",  "syriac",   "tamil",    "telugu",
                                        "thaana",    "thai",       "tibetan",   "yi"};
  if (std::find(std::begin(scripts), std::end(scripts), plain) != std::end(scripts)) return {"\\p{sc:" + plain + "}", std::nullopt};
  if (plain == "emoji" || plain == "extendedpictographic" || plain == "emojipresentation" || plain == "ideographic") {
    return {"\\p{" + plain + "}", std::nullopt};
  }
  fail(Status::unsupported, "pattern: the property \"", shown,
       "\" is not known; known are general categories, POSIX names and common scripts");
}

}  // namespace mlxc::text
