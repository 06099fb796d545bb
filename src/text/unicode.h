// Character classes, lower case and normal forms, each as the tokenizers package sees them.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/unicode_tables.h"

namespace mlxc::text {

// One bit a class; class_bits(c) & (kLetter | kNumber) answers most questions of a splitter with one load.
enum ClassBit : uint16_t {
  kLetter = 1 << 0,       // \p{L} of patterns
  kNumber = 1 << 1,       // \p{N} of patterns
  kSpace = 1 << 2,        // \s of patterns; White_Space
  kMark = 1 << 3,         // \p{M} of patterns
  kWord = 1 << 4,         // \w of the Whitespace pre-tokenizer and of single_word
  kNumeric = 1 << 5,      // Digits
  kPunctuation = 1 << 6,  // Punctuation, BertPreTokenizer
  kBertControl = 1 << 7,  // erased by clean_text
  kBertAccent = 1 << 8,   // erased by strip_accents
  kAccent = 1 << 9,       // erased by StripAccents
  kNormalizable = 1 << 10,
  kNfcMaybe = 1 << 11,
  kPatternWord = 1 << 12,  // \w of patterns
  kLower = 1 << 13,        // has a lower case other than itself
  kUpperLike = 1 << 14,    // Lu, Lt, Lm, Lo or M: first part of a word in the o200k pattern
  kLowerLike = 1 << 15,    // Ll, Lm, Lo or M
};

// The two-stage table behind class_bits: 256-character blocks, shared where equal.
struct ClassTable {
  ClassTable();
  uint16_t operator[](char32_t c) const { return blocks[size_t{block[c >> 8]} << 8 | (c & 0xFF)]; }
  std::array<uint16_t, 0x1100> block;
  std::vector<uint16_t> blocks;
};
const ClassTable& class_table();
inline uint16_t class_bits(char32_t c) { return class_table()[c]; }

inline bool is_space(char32_t c) { return c < 0x80 ? c == ' ' || (c >= 9 && c <= 13) : (class_bits(c) & kSpace) != 0; }

Category category_of(char32_t c);
int script_class(char32_t c);  // 0 joins with every script

// U+0130 is the only character with two: it returns 'i' and the caller appends U+0307.
char32_t to_lower(char32_t c);

// One character of a normal form, with its change as the tokenizers package counts it: 0 replaces a character, a positive
// value inserts one, a negative value -n replaces one and removes the n that follow.
struct Change {
  char32_t c;
  int change;
};

enum class NormalForm { nfc, nfd, nfkc, nfkd };

// True when the text is surely unchanged by the form.
bool is_normalized(std::string_view text, NormalForm form);
std::vector<Change> normalize(std::string_view text, NormalForm form);

}  // namespace mlxc::text
