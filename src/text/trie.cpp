#include "text/trie.h"

#include <algorithm>

#include "base/error.h"

namespace mlxc::text {

Trie::Trie(std::vector<std::pair<std::string_view, uint32_t>> patterns) {
  std::stable_sort(patterns.begin(), patterns.end(), [](auto& a, auto& b) { return a.first < b.first; });
  struct Span {
    size_t begin, end;  // sorted patterns below this node
    uint32_t depth;
  };
  std::vector<Span> level = {{0, patterns.size(), 0}}, next;
  nodes_.push_back({0, kNone});
  labels_.push_back(0);
  size_t done = 0;  // nodes whose children are laid out
  while (!level.empty()) {
    next.clear();
    for (const Span& span : level) {
      Node& node = nodes_[done];
      node.first_child = static_cast<uint32_t>(nodes_.size());
      size_t at = span.begin;
      for (; at < span.end && patterns[at].first.size() == span.depth; ++at) nodes_[done].value = patterns[at].second;
      longest_ = std::max<size_t>(longest_, span.depth);
      while (at < span.end) {
        char label = patterns[at].first[span.depth];
        size_t end = at;
        while (end < span.end && patterns[end].first[span.depth] == label) ++end;
        if (nodes_.size() >= kNone - 1) fail(Status::unsupported, "the patterns have more than 2^32 trie nodes");
        nodes_.push_back({0, kNone});
        labels_.push_back(static_cast<unsigned char>(label));
        next.push_back({at, end, span.depth + 1});
        at = end;
      }
      ++done;
    }
    level.swap(next);
  }
  nodes_.push_back({static_cast<uint32_t>(nodes_.size()), kNone});
  root_.assign(256, kNone);
  for (uint32_t c = nodes_[0].first_child; c < nodes_[1].first_child; ++c) root_[labels_[c]] = c;
}

uint32_t Trie::search(uint32_t first, uint32_t last, unsigned char label) const {
  auto found = std::lower_bound(labels_.begin() + first, labels_.begin() + last, label);
  return found != labels_.begin() + last && *found == label ? static_cast<uint32_t>(found - labels_.begin()) : kNone;
}

PatternSearch::PatternSearch(std::vector<std::pair<std::string_view, uint32_t>> patterns) : trie_(std::move(patterns)) {
  size_t count = trie_.nodes_.size() - 1;
  fail_.assign(count, Trie::kRoot);
  depth_.assign(count, 0);
  output_.assign(count, Trie::kNone);
  for (uint32_t node = 0; node < count; ++node) {  // breadth first: parents and fail targets come before
    if (trie_.value(node) != Trie::kNone) {
      output_[node] = node;
    } else if (node != Trie::kRoot) {
      output_[node] = output_[fail_[node]];
    }
    for (uint32_t c = trie_.nodes_[node].first_child; c < trie_.nodes_[node + 1].first_child; ++c) {
      depth_[c] = depth_[node] + 1;
      if (node == Trie::kRoot) continue;
      uint32_t target = fail_[node];
      while (target != Trie::kRoot && trie_.child(target, trie_.labels_[c]) == Trie::kNone) target = fail_[target];
      uint32_t next = trie_.child(target, trie_.labels_[c]);
      fail_[c] = next == Trie::kNone ? Trie::kRoot : next;
    }
  }
}

bool PatternSearch::find(std::string_view text, size_t from, Match& match) const {
  if (empty()) return false;
  uint32_t node = Trie::kRoot;
  bool found = false;
  for (size_t at = from; at < text.size();) {
    auto label = static_cast<unsigned char>(text[at]);
    if (node == Trie::kRoot && !found) {  // most text: no pattern begins here
      while (trie_.root_[label] == Trie::kNone) {
        if (++at == text.size()) return false;
        label = static_cast<unsigned char>(text[at]);
      }
    }
    uint32_t next = trie_.child(node, label);
    if (next == Trie::kNone) {
      if (node == Trie::kRoot) break;  // only with a match in hand
      node = fail_[node];
      // A later start than the match in hand can only be worse.
      if (found && at - depth_[node] > match.begin) break;
      continue;
    }
    node = next;
    ++at;
    if (found && at - depth_[node] > match.begin) break;
    uint32_t end = output_[node];
    if (end == Trie::kNone) continue;
    // Of the patterns that end here the longest begins leftmost; a node's own path is the longest candidate still open.
    size_t begin = at - depth_[end];
    if (!found || begin < match.begin || (begin == match.begin && at > match.end)) {
      match = {begin, at, trie_.value(end)};
      found = true;
    }
  }
  return found;
}

}  // namespace mlxc::text
