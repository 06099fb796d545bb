#include "llm/stop.h"

#include <algorithm>

namespace mlxc {

StopMatcher::StopMatcher(const std::vector<std::string>& strings) {
  for (const std::string& text : strings) {
    Pattern pattern{text, std::vector<uint32_t>(text.size() + 1, 0)};
    for (size_t k = 1; k < text.size(); ++k) {
      uint32_t length = pattern.border[k];
      while (length && text[length] != text[k]) length = pattern.border[length];
      pattern.border[k + 1] = text[length] == text[k] ? length + 1 : 0;
    }
    patterns_.push_back(std::move(pattern));
  }
}

void StopMatcher::Pattern::advance(char byte) {
  if (matched == text.size()) matched = border[matched];  // complete, but not counted
  while (matched && text[matched] != byte) matched = border[matched];
  if (text[matched] == byte) ++matched;
}

bool StopMatcher::push(std::string_view piece, std::string* out, bool armed) {
  if (patterns_.empty()) {
    out->append(piece);
    return false;
  }
  for (char byte : piece) {
    held_.push_back(byte);
    size_t longest = 0, complete = 0;
    for (Pattern& pattern : patterns_) {
      pattern.advance(byte);
      if (pattern.matched == pattern.text.size()) {
        if (armed)
          complete = std::max(complete, pattern.text.size());
        else
          longest = std::max<size_t>(longest, pattern.border[pattern.matched]);
      } else {
        longest = std::max<size_t>(longest, pattern.matched);
      }
    }
    if (complete) {
      out->append(held_, 0, held_.size() - complete);
      held_.clear();
      return true;
    }
    if (longest == 0) {
      out->append(held_);
      held_.clear();
    } else if (held_.size() >= 2 * longest + 64) {  // now and then, so that erasing stays linear in all
      out->append(held_, 0, held_.size() - longest);
      held_.erase(0, held_.size() - longest);
    }
  }
  size_t keep = 0;
  for (const Pattern& pattern : patterns_)
    keep = std::max<size_t>(keep, pattern.matched == pattern.text.size() ? pattern.border[pattern.matched] : pattern.matched);
  out->append(held_, 0, held_.size() - keep);
  held_.erase(0, held_.size() - keep);
  return false;
}

void StopMatcher::finish(std::string* out) {
  out->append(held_);
  held_.clear();
}

}  // namespace mlxc
