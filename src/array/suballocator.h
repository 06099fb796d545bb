// Pieces of regions: which parts of a few large blocks are taken. It knows offsets only, not memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace mlxc {

// Best fit over all regions, lowest address first among equals; freed pieces merge with their free neighbours.
// Sizes are rounded up to the alignment. Not locked.
class Suballocator {
 public:
  struct Piece {
    uint64_t region;
    uint64_t offset;
  };

  explicit Suballocator(uint64_t alignment) : alignment_(alignment) {}  // a power of two

  // A free region under a name of the caller's choice. bytes: a multiple of the alignment.
  void add_region(uint64_t region, uint64_t bytes);
  // Only when nothing of it is taken.
  void remove_region(uint64_t region);
  bool is_free(uint64_t region) const;

  // Nothing when no free piece is large enough.
  std::optional<Piece> take(uint64_t bytes);
  // Exactly what was taken, with the same bytes.
  void give(Piece piece, uint64_t bytes);

  // Calls visit(Piece, bytes) for every free piece, in address order.
  template <class Visit>
  void for_each_free(Visit&& visit) const {
    for (const auto& [place, bytes] : free_at_) visit(Piece{place.first, place.second}, bytes);
  }

  uint64_t total() const { return total_; }
  uint64_t taken() const { return total_ - free_; }
  uint64_t largest_free() const { return by_size_.empty() ? 0 : std::get<0>(*by_size_.rbegin()); }
  size_t free_pieces() const { return by_size_.size(); }

 private:
  using Place = std::pair<uint64_t, uint64_t>;  // region, offset
  uint64_t round_up(uint64_t bytes) const { return bytes ? (bytes + alignment_ - 1) & ~(alignment_ - 1) : alignment_; }
  void insert(Place place, uint64_t bytes);
  void erase(std::map<Place, uint64_t>::iterator piece);

  const uint64_t alignment_;
  std::map<uint64_t, uint64_t> regions_;                        // bytes of each
  std::map<Place, uint64_t> free_at_;                           // free pieces in address order, with their bytes
  std::set<std::tuple<uint64_t, uint64_t, uint64_t>> by_size_;  // the same as (bytes, region, offset)
  uint64_t total_ = 0, free_ = 0;
};

}  // namespace mlxc
