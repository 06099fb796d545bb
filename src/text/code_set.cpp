#include "text/code_set.h"

#include <algorithm>
#include <cstdio>

namespace mlxc::text {

void CodeSet::add(const CodeSet& other) {
  ranges_.insert(ranges_.end(), other.ranges().begin(), other.ranges().end());
  sorted_ = false;
}

const std::vector<Range>& CodeSet::ranges() const {
  if (sorted_) return ranges_;
  std::sort(ranges_.begin(), ranges_.end(), [](const Range& a, const Range& b) { return a.first < b.first; });
  std::vector<Range> merged;
  for (const Range& range : ranges_) {
    if (!merged.empty() && range.first <= merged.back().last + 1) {
      merged.back().last = std::max(merged.back().last, range.last);
    } else {
      merged.push_back(range);
    }
  }
  ranges_ = std::move(merged);
  sorted_ = true;
  return ranges_;
}

CodeSet CodeSet::complement() const {
  CodeSet out;
  uint32_t next = 0;
  for (const Range& range : ranges()) {
    if (range.first > next) out.ranges_.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= 0x10FFFF) out.ranges_.push_back({next, 0x10FFFF});
  return out;
}

CodeSet CodeSet::intersect(const CodeSet& other) const {
  CodeSet out;
  const auto& a = ranges();
  const auto& b = other.ranges();
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    uint32_t first = std::max(a[i].first, b[j].first), last = std::min(a[i].last, b[j].last);
    if (first <= last) out.ranges_.push_back({first, last});
    a[i].last < b[j].last ? ++i : ++j;
  }
  return out;
}

std::string CodeSet::pattern() const {
  std::string out;
  char buffer[40];
  auto write = [&](uint32_t first, uint32_t last) {
    if (first > last) return;
    if (first == last) {
      std::snprintf(buffer, sizeof buffer, "\\x{%X}", first);
    } else {
      std::snprintf(buffer, sizeof buffer, "\\x{%X}-\\x{%X}", first, last);
    }
    out += buffer;
  };
  for (const Range& range : ranges()) {  // PCRE2 rejects surrogates as the end of a range
    if (range.last < 0xD800 || range.first > 0xDFFF) {
      write(range.first, range.last);
    } else {
      if (range.first < 0xD800) write(range.first, 0xD7FF);
      if (range.last > 0xDFFF) write(0xE000, range.last);
    }
  }
  return out;
}

CodeSet CodeSet::of_categories(uint32_t mask) {
  CodeSet out;
  for (size_t i = 0; i < kCategoryRunCount; ++i) {
    if (!(mask >> (kCategoryRuns[i] & 31) & 1)) continue;
    out.add(kCategoryRuns[i] >> 5, (i + 1 < kCategoryRunCount ? kCategoryRuns[i + 1] >> 5 : 0x110000) - 1);
  }
  return out;
}

CodeSet CodeSet::newer_of_categories(uint32_t mask) {
  CodeSet out;
  for (size_t i = 0; i < kNewerCategoryCount; ++i) {
    if (mask >> kNewerCategories[i].category & 1) out.add(kNewerCategories[i].first, kNewerCategories[i].last);
  }
  return out;
}

uint32_t category_mask(std::string_view name) {
  struct Name {
    std::string_view brief, full;
    uint32_t mask;
  };
  constexpr auto bit = [](Category category) { return uint32_t{1} << category; };
  static const Name names[] = {
      {"l", "letter", 0x1F},
      {"lc", "casedletter", bit(Lu) | bit(Ll) | bit(Lt)},
      {"lu", "uppercaseletter", bit(Lu)},
      {"ll", "lowercaseletter", bit(Ll)},
      {"lt", "titlecaseletter", bit(Lt)},
      {"lm", "modifierletter", bit(Lm)},
      {"lo", "otherletter", bit(Lo)},
      {"m", "mark", bit(Mn) | bit(Mc) | bit(Me)},
      {"mn", "nonspacingmark", bit(Mn)},
      {"mc", "spacingmark", bit(Mc)},
      {"me", "enclosingmark", bit(Me)},
      {"n", "number", bit(Nd) | bit(Nl) | bit(No)},
      {"nd", "decimalnumber", bit(Nd)},
      {"nl", "letternumber", bit(Nl)},
      {"no", "othernumber", bit(No)},
      {"p", "punctuation", bit(Pc) | bit(Pd) | bit(Ps) | bit(Pe) | bit(Pi) | bit(Pf) | bit(Po)},
      {"pc", "connectorpunctuation", bit(Pc)},
      {"pd", "dashpunctuation", bit(Pd)},
      {"ps", "openpunctuation", bit(Ps)},
      {"pe", "closepunctuation", bit(Pe)},
      {"pi", "initialpunctuation", bit(Pi)},
      {"pf", "finalpunctuation", bit(Pf)},
      {"po", "otherpunctuation", bit(Po)},
      {"s", "symbol", bit(Sm) | bit(Sc) | bit(Sk) | bit(So)},
      {"sm", "mathsymbol", bit(Sm)},
      {"sc", "currencysymbol", bit(Sc)},
      {"sk", "modifiersymbol", bit(Sk)},
      {"so", "othersymbol", bit(So)},
      {"z", "separator", bit(Zs) | bit(Zl) | bit(Zp)},
      {"zs", "spaceseparator", bit(Zs)},
      {"zl", "lineseparator", bit(Zl)},
      {"zp", "paragraphseparator", bit(Zp)},
      {"c", "other", bit(Cc) | bit(Cf) | bit(Co) | bit(Cn)},
      {"cc", "control", bit(Cc)},
      {"cf", "format", bit(Cf)},
      {"co", "privateuse", bit(Co)},
      {"cn", "unassigned", bit(Cn)},
  };
  for (const Name& entry : names) {
    if (name == entry.brief || name == entry.full) return entry.mask;
  }
  return 0;
}

}  // namespace mlxc::text
