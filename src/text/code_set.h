// Sets of code points as sorted, disjoint ranges.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/unicode_tables.h"

namespace mlxc::text {

class CodeSet {
 public:
  CodeSet() = default;
  CodeSet(const Range* ranges, size_t count) : ranges_(ranges, ranges + count) {}

  void add(uint32_t first, uint32_t last) { ranges_.push_back({first, last}), sorted_ = false; }
  void add(const CodeSet& other);
  CodeSet complement() const;
  CodeSet intersect(const CodeSet& other) const;
  CodeSet minus(const CodeSet& other) const { return intersect(other.complement()); }
  const std::vector<Range>& ranges() const;
  bool empty() const { return ranges().empty(); }
  // The inside of a PCRE2 class: \x{..}-\x{..}
  std::string pattern() const;

  // All categories whose bit is set (1 << Category).
  static CodeSet of_categories(uint32_t mask);
  // What of them PCRE2 10.42 (Unicode 14) does not know.
  static CodeSet newer_of_categories(uint32_t mask);

 private:
  mutable std::vector<Range> ranges_;
  mutable bool sorted_ = true;
};

// Bits of a general category name: "L", "Lu", "Letter", "uppercase_letter"; 0 when it is none.
uint32_t category_mask(std::string_view name);

}  // namespace mlxc::text
