#include "array/suballocator.h"

#include "base/error.h"

namespace mlxc {

void Suballocator::insert(Place place, uint64_t bytes) {
  free_at_.emplace(place, bytes);
  by_size_.emplace(bytes, place.first, place.second);
}

void Suballocator::erase(std::map<Place, uint64_t>::iterator piece) {
  by_size_.erase({piece->second, piece->first.first, piece->first.second});
  free_at_.erase(piece);
}

void Suballocator::add_region(uint64_t region, uint64_t bytes) {
  if (!bytes || bytes % alignment_ || !regions_.emplace(region, bytes).second)
    fail(Status::internal, "a region of ", bytes, " bytes cannot be added");
  insert({region, 0}, bytes);
  total_ += bytes;
  free_ += bytes;
}

bool Suballocator::is_free(uint64_t region) const {
  const auto bytes = regions_.find(region);
  const auto piece = free_at_.find({region, 0});
  return bytes != regions_.end() && piece != free_at_.end() && piece->second == bytes->second;
}

void Suballocator::remove_region(uint64_t region) {
  if (!is_free(region)) fail(Status::internal, "region ", region, " is still in use");
  const auto piece = free_at_.find({region, 0});
  total_ -= piece->second;
  free_ -= piece->second;
  erase(piece);
  regions_.erase(region);
}

std::optional<Suballocator::Piece> Suballocator::take(uint64_t bytes) {
  if (bytes > UINT64_MAX - alignment_) return std::nullopt;
  bytes = round_up(bytes);
  const auto found = by_size_.lower_bound({bytes, 0, 0});
  if (found == by_size_.end()) return std::nullopt;
  const auto [size, region, offset] = *found;
  erase(free_at_.find({region, offset}));
  if (size > bytes) insert({region, offset + bytes}, size - bytes);
  free_ -= bytes;
  return Piece{region, offset};
}

void Suballocator::give(Piece piece, uint64_t bytes) {
  bytes = round_up(bytes);
  free_ += bytes;
  uint64_t offset = piece.offset;
  const auto after = free_at_.lower_bound({piece.region, offset});
  if (after != free_at_.begin()) {
    const auto before = std::prev(after);
    if (before->first.first == piece.region && before->first.second + before->second == offset) {
      offset = before->first.second;
      bytes += before->second;
      erase(before);
    }
  }
  if (after != free_at_.end() && after->first == Place(piece.region, offset + bytes)) {
    bytes += after->second;
    erase(after);
  }
  insert({piece.region, offset}, bytes);
}

}  // namespace mlxc
