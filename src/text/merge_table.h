// The merges of a BPE model: (left, right) -> (rank, merged id), in a flat table.
#pragma once

#include <cstdint>
#include <vector>

#include "text/hash.h"

namespace mlxc::text {

class MergeTable {
 public:
  static constexpr uint32_t kNone = ~uint32_t{0};
  struct Merge {
    uint32_t rank = kNone;
    uint32_t id = 0;
  };

  explicit MergeTable(size_t count);
  void set(uint32_t left, uint32_t right, uint32_t rank, uint32_t id);  // the last of equal pairs wins
  Merge find(uint32_t left, uint32_t right) const {
    uint64_t key = uint64_t{left} << 32 | right;
    for (size_t at = hash_number(key, seed_) & mask_;; at = (at + 1) & mask_) {
      const Slot& slot = slots_[at];
      if (slot.merge.rank == kNone) return {};
      if (slot.key == key) return slot.merge;
    }
  }

 private:
  struct Slot {
    uint64_t key = 0;
    Merge merge;
  };
  std::vector<Slot> slots_;
  size_t mask_;
  uint64_t seed_;
};

}  // namespace mlxc::text
