// How values go from one kernel to the next other than as the graph says: in 16 bits where products would round them anyway, in the order
// in which products read them, and already multiplied by the weight of a norm.
#pragma once

#include <vector>

#include "backend/vulkan/lower.h"

namespace mlxc::vulkan {

// A product and the normalised product of its output.
struct ProductPair {
  int giver, taker;  // launches
  int blocks;        // of 8 tokens
  int64_t tokens, k, groups;
  float norm_offset;
};

// A launch that another, later one does as well.
struct Joined {
  int launch, by;
};

// Weights whose pages of memory are looked up beside a launch, because a launch soon after streams through them.
struct Ahead {
  int launch;
  struct Operand {
    int launch;
    size_t operand;
  };
  std::vector<Operand> weights;
};

struct Formats {
  std::vector<int> halved;         // buffers kept in 16 bits: the dtypes of their operands are changed
  std::vector<int> fragments;      // by buffer: > 0: of those, in the order of fragments for so many blocks of 8 tokens
  std::vector<ProductPair> pairs;  // in the order of their takers; the giver has the taker's norm weight as its last input
  std::vector<Joined> joined;  // rotations of single tokens by their attention, chains by reductions: what they read are its last inputs

  std::vector<Ahead> ahead;

  // Whether a launch counts on another one.
  bool depends(int launch) const;
};

// Chooses formats for temporary buffers but those in `keep`, and changes the launches accordingly. ordered: also fragments, pairs and
// joined launches.
Formats choose_formats(std::vector<LaunchPlan>& launches, const std::vector<bool>& temporary, const Capabilities& caps,
                       const std::vector<int>& keep, bool ordered);

inline int64_t fragment_bytes(int blocks, int64_t k) { return int64_t(blocks) * 8 * k * 2; }

}  // namespace mlxc::vulkan
