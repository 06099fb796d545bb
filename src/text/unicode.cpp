#include "text/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <map>

#include "text/utf8.h"

namespace mlxc::text {
namespace {

constexpr char32_t kHangulBase = 0xAC00, kLeadBase = 0x1100, kVowelBase = 0x1161, kTailBase = 0x11A7;
constexpr uint32_t kLeadCount = 19, kVowelCount = 21, kTailCount = 28, kHangulCount = kLeadCount * kVowelCount * kTailCount;

int combining_class(char32_t c) {
  if (c < 0x300 || !(class_bits(c) & kNormalizable)) return 0;
  return utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->combining_class;
}

void decompose_into(char32_t c, bool compatible, std::vector<Change>& out) {
  if (c < 0x80 || !(class_bits(c) & kNormalizable)) {
    out.push_back({c, 0});
    return;
  }
  utf8proc_int32_t parts[32];
  int last_class = 0;
  auto options = static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | (compatible ? UTF8PROC_COMPAT : 0));
  utf8proc_ssize_t count = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), parts, 32, options, &last_class);
  if (count <= 0 || count > 32) {
    out.push_back({c, 0});
    return;
  }
  for (utf8proc_ssize_t i = 0; i < count; ++i) out.push_back({static_cast<char32_t>(parts[i]), i > 0});
}

// Canonical order: stable sort of each run of non-starters by class.
void reorder(std::vector<Change>& chars) {
  size_t begin = 0;
  auto sort_run = [&](size_t end) {
    if (end - begin > 1) {
      std::stable_sort(chars.begin() + begin, chars.begin() + end,
                       [](const Change& a, const Change& b) { return combining_class(a.c) < combining_class(b.c); });
    }
  };
  for (size_t i = 0; i < chars.size(); ++i) {
    if (combining_class(chars[i].c) == 0) {
      sort_run(i);
      begin = i + 1;
    }
  }
  sort_run(chars.size());
}

// Primary composites by pair, taken from utf8proc's decompositions once.
const std::map<std::pair<char32_t, char32_t>, char32_t>& composites() {
  static const auto table = [] {
    std::map<std::pair<char32_t, char32_t>, char32_t> pairs;
    for (size_t r = 0; r < kNormalizableCount; ++r) {
      for (char32_t c = kNormalizableRanges[r].first; c <= kNormalizableRanges[r].last; ++c) {
        if (c >= kHangulBase && c < kHangulBase + kHangulCount) continue;
        // utf8proc keeps full decompositions: the pair is (composite of all but the last, last).
        std::vector<Change> full;
        decompose_into(c, false, full);
        if (full.size() < 2 || full.size() > 8) continue;
        auto composed = [&](size_t count) -> char32_t {
          utf8proc_int32_t parts[8];
          for (size_t i = 0; i < count; ++i) parts[i] = static_cast<utf8proc_int32_t>(full[i].c);
          auto options = static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE);
          bool single = utf8proc_normalize_utf32(parts, static_cast<utf8proc_ssize_t>(count), options) == 1;
          return single ? static_cast<char32_t>(parts[0]) : 0;
        };
        if (composed(full.size()) != c) continue;  // excluded from composition, or another character's twin
        char32_t first = full.size() == 2 ? full[0].c : composed(full.size() - 1);
        if (first == 0) continue;
        pairs[{first, full.back().c}] = c;
      }
    }
    return pairs;
  }();
  return table;
}

char32_t compose_pair(char32_t a, char32_t b) {
  if (a >= kLeadBase && a < kLeadBase + kLeadCount && b >= kVowelBase && b < kVowelBase + kVowelCount) {
    return kHangulBase + ((a - kLeadBase) * kVowelCount + (b - kVowelBase)) * kTailCount;
  }
  if (a >= kHangulBase && a < kHangulBase + kHangulCount && (a - kHangulBase) % kTailCount == 0 && b > kTailBase &&
      b < kTailBase + kTailCount) {
    return a + (b - kTailBase);
  }
  if (!(class_bits(b) & kNfcMaybe)) return 0;
  auto found = composites().find({a, b});
  return found == composites().end() ? 0 : found->second;
}

// Composition of UAX #15, with the change of a composite being the sum over its parts, less one for each merged part.
std::vector<Change> compose(const std::vector<Change>& chars) {
  std::vector<Change> out;
  out.reserve(chars.size());
  constexpr size_t kNone = ~size_t{0};
  size_t starter = kNone;
  int last_class = -1;  // class of the last character kept after the starter; -1 when none is
  for (const Change& next : chars) {
    int next_class = combining_class(next.c);
    if (starter != kNone && last_class < next_class) {
      if (char32_t composite = compose_pair(out[starter].c, next.c)) {
        out[starter] = {composite, out[starter].change + next.change - 1};
        continue;
      }
    }
    if (next_class == 0) {
      starter = out.size();
      last_class = -1;
    } else {
      last_class = next_class;
    }
    out.push_back(next);
  }
  return out;
}

}  // namespace

ClassTable::ClassTable() {
  std::vector<uint16_t> flat(0x110000, 0);
  auto mark = [&](const Range* ranges, size_t count, uint16_t bit) {
    for (size_t i = 0; i < count; ++i) {
      for (uint32_t c = ranges[i].first; c <= ranges[i].last; ++c) flat[c] |= bit;
    }
  };
  for (size_t i = 0; i < kCategoryRunCount; ++i) {
    uint32_t first = kCategoryRuns[i] >> 5, category = kCategoryRuns[i] & 31;
    uint32_t end = i + 1 < kCategoryRunCount ? kCategoryRuns[i + 1] >> 5 : 0x110000;
    uint16_t bits = 0;
    if (category <= Lo) bits |= kLetter;
    if (category >= Mn && category <= Me) bits |= kMark | kUpperLike | kLowerLike;
    if (category >= Nd && category <= No) bits |= kNumber;
    if (category == Lu || category == Lt || category == Lm || category == Lo) bits |= kUpperLike;
    if (category == Ll || category == Lm || category == Lo) bits |= kLowerLike;
    for (uint32_t c = first; c < end; ++c) flat[c] |= bits;
  }
  mark(kPatternSpaceRanges, kPatternSpaceCount, kSpace);
  mark(kWordRanges, kWordCount, kWord);
  mark(kNumericRanges, kNumericCount, kNumeric);
  mark(kPunctuationRanges, kPunctuationCount, kPunctuation);
  mark(kBertControlRanges, kBertControlCount, kBertControl);
  mark(kBertAccentRanges, kBertAccentCount, kBertAccent);
  mark(kAccentRanges, kAccentCount, kAccent);
  mark(kNormalizableRanges, kNormalizableCount, kNormalizable);
  mark(kNfcMaybeRanges, kNfcMaybeCount, kNfcMaybe);
  mark(kPatternWordRanges, kPatternWordCount, kPatternWord);
  for (size_t i = 0; i < kLowerRunCount; ++i) {
    for (uint32_t c = kLowerRuns[i].first; c <= kLowerRuns[i].last; c += kLowerRuns[i].stride) flat[c] |= kLower;
  }
  flat[0x130] |= kLower;
  std::map<std::vector<uint16_t>, uint16_t> known;
  for (size_t b = 0; b < block.size(); ++b) {
    std::vector<uint16_t> content(flat.begin() + b * 256, flat.begin() + (b + 1) * 256);
    auto [where, added] = known.emplace(content, static_cast<uint16_t>(known.size()));
    if (added) blocks.insert(blocks.end(), content.begin(), content.end());
    block[b] = where->second;
  }
}

const ClassTable& class_table() {
  static const ClassTable table;
  return table;
}

Category category_of(char32_t c) {
  const uint32_t* end = kCategoryRuns + kCategoryRunCount;
  const uint32_t* after = std::upper_bound(kCategoryRuns, end, static_cast<uint32_t>(c) << 5 | 31);
  return static_cast<Category>(after[-1] & 31);
}

int script_class(char32_t c) {
  const uint32_t* end = kScriptRuns + kScriptRunCount;
  const uint32_t* after = std::upper_bound(kScriptRuns, end, static_cast<uint32_t>(c) << 8 | 255);
  return static_cast<int>(after[-1] & 255);
}

char32_t to_lower(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  if (!(class_bits(c) & kLower)) return c;
  if (c == 0x130) return 'i';
  const CaseRun* end = kLowerRuns + kLowerRunCount;
  const CaseRun* run = std::upper_bound(kLowerRuns, end, c, [](char32_t value, const CaseRun& r) { return value < r.first; });
  // Runs of stride two interleave with their neighbours, so the one that holds c may lie further left.
  while (run != kLowerRuns) {
    --run;
    if (c <= run->last && (c - run->first) % run->stride == 0) return static_cast<char32_t>(static_cast<int32_t>(c) + run->delta);
  }
  return c;
}

bool is_normalized(std::string_view text, NormalForm form) {
  const ClassTable& table = class_table();
  uint16_t mask = form == NormalForm::nfc ? kNfcMaybe : form == NormalForm::nfkc ? kNormalizable | kNfcMaybe : kNormalizable;
  size_t at = 0;
  while (at < text.size()) {
    auto lead = static_cast<unsigned char>(text[at]);
    // Under NFC nothing below U+0300 changes by itself; the other forms touch U+00A0 and up.
    if (lead < 0x80 || (form == NormalForm::nfc && lead < 0xCC)) {
      at += lead < 0x80 ? 1 : 2;
      continue;
    }
    if (table[utf8_next(text, at)] & mask) return false;
  }
  return true;
}

std::vector<Change> normalize(std::string_view text, NormalForm form) {
  bool compatible = form == NormalForm::nfkc || form == NormalForm::nfkd;
  std::vector<Change> chars;
  chars.reserve(text.size());
  for (size_t at = 0; at < text.size();) decompose_into(utf8_next(text, at), compatible, chars);
  reorder(chars);
  return form == NormalForm::nfc || form == NormalForm::nfkc ? compose(chars) : chars;
}

}  // namespace mlxc::text
