// A byte trie with contiguous children, and the Aho-Corasick search for the leftmost, then longest of its patterns.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace mlxc::text {

class Trie {
 public:
  static constexpr uint32_t kNone = ~uint32_t{0};
  static constexpr uint32_t kRoot = 0;

  Trie() = default;
  // Of equal patterns the last one's value stays. Time and memory are linear in the bytes of the patterns.
  explicit Trie(std::vector<std::pair<std::string_view, uint32_t>> patterns);

  bool empty() const { return nodes_.size() <= 1; }
  uint32_t child(uint32_t node, unsigned char label) const {
    if (node == kRoot) return root_.empty() ? kNone : root_[label];
    const Node& n = nodes_[node];
    uint32_t first = n.first_child, last = nodes_[node + 1].first_child;
    if (last - first > 8) return search(first, last, label);
    for (uint32_t c = first; c < last; ++c) {
      if (labels_[c] == label) return c;
    }
    return kNone;
  }
  uint32_t value(uint32_t node) const { return nodes_[node].value; }  // kNone where no pattern ends
  size_t longest() const { return longest_; }

 private:
  friend class PatternSearch;
  struct Node {
    uint32_t first_child;  // children are [first_child, next node's first_child)
    uint32_t value;
  };
  uint32_t search(uint32_t first, uint32_t last, unsigned char label) const;

  std::vector<Node> nodes_;  // breadth first, one more at the end
  std::vector<unsigned char> labels_;
  std::vector<uint32_t> root_;  // 256 children of the root
  size_t longest_ = 0;
};

// Finds non-overlapping matches in one pass, whatever the patterns.
class PatternSearch {
 public:
  struct Match {
    size_t begin, end;
    uint32_t value;
  };
  PatternSearch() = default;
  explicit PatternSearch(std::vector<std::pair<std::string_view, uint32_t>> patterns);

  bool empty() const { return trie_.empty(); }
  // The leftmost match that begins at or after `from`, the longest of those; false when there is none.
  bool find(std::string_view text, size_t from, Match& match) const;

 private:
  Trie trie_;
  std::vector<uint32_t> fail_;  // longest proper suffix that is a node
  std::vector<uint32_t> depth_;
  std::vector<uint32_t> output_;  // this node or the nearest on its fail chain where a pattern ends
};

}  // namespace mlxc::text
