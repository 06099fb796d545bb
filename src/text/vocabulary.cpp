#include "text/vocabulary.h"

#include <algorithm>
#include <bit>
#include <chrono>

#include "base/error.h"
#include "text/hash.h"

namespace mlxc::text {

uint64_t hash_seed() {
  static const uint64_t seed = [] {
    auto now = static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    int local = 0;
    return fold_multiply(now ^ 0x8EBC6AF09C88C6E3u, reinterpret_cast<uintptr_t>(&local) ^ 0x589965CC75374CC3u);
  }();
  return seed;
}

Vocabulary::Vocabulary() : seed_(hash_seed()) { grow(64); }

void Vocabulary::reserve(size_t pieces, size_t bytes) {
  entries_.reserve(pieces);
  arena_.reserve(bytes);
  if (pieces * 2 > slots_.size()) grow(std::bit_ceil(pieces * 2));
}

void Vocabulary::grow(size_t slots) {
  slots_.assign(slots, Slot{0, 0});
  for (size_t i = 0; i < entries_.size(); ++i) {
    uint64_t hash = hash_bytes(piece_at(i), seed_);
    size_t at = hash & (slots - 1);
    while (slots_[at].entry && piece_at(slots_[at].entry - 1) != piece_at(i)) at = (at + 1) & (slots - 1);
    slots_[at] = {static_cast<uint32_t>(hash >> 32), static_cast<uint32_t>(i + 1)};
  }
}

void Vocabulary::insert(std::string_view piece, uint32_t id, bool keep_both) {
  if (entries_.size() * 2 >= slots_.size()) grow(slots_.size() * 2);
  uint64_t hash = hash_bytes(piece, seed_);
  auto tag = static_cast<uint32_t>(hash >> 32);
  size_t mask = slots_.size() - 1, at = hash & mask;
  for (; slots_[at].entry; at = (at + 1) & mask) {
    if (slots_[at].tag != tag || piece_at(slots_[at].entry - 1) != piece) continue;
    if (!keep_both) {
      entries_[slots_[at].entry - 1].id = id;
      return;
    }
    break;
  }
  if (arena_.size() + piece.size() > UINT32_MAX) fail(Status::unsupported, "the pieces of the vocabulary have more than 4 GiB");
  entries_.push_back({static_cast<uint32_t>(arena_.size()), static_cast<uint32_t>(piece.size()), id});
  arena_.append(piece);
  slots_[at] = {tag, static_cast<uint32_t>(entries_.size())};
}

void Vocabulary::finish() {
  max_id_ = 0;
  for (const Entry& entry : entries_) max_id_ = std::max(max_id_, entry.id);
  duplicate_ids_ = false;
  if (max_id_ < entries_.size() * 4 + 65536) {
    by_id_.assign(entries_.empty() ? 0 : size_t{max_id_} + 1, 0);
    for (size_t i = 0; i < entries_.size(); ++i) {
      duplicate_ids_ |= by_id_[entries_[i].id] != 0;
      by_id_[entries_[i].id] = static_cast<uint32_t>(i + 1);
    }
    return;
  }
  for (size_t i = 0; i < entries_.size(); ++i) sorted_.emplace_back(entries_[i].id, static_cast<uint32_t>(i));
  std::stable_sort(sorted_.begin(), sorted_.end(), [](auto& a, auto& b) { return a.first < b.first; });
  for (size_t i = 1; i < sorted_.size(); ++i) duplicate_ids_ |= sorted_[i].first == sorted_[i - 1].first;
}

int64_t Vocabulary::find(std::string_view piece) const {
  uint64_t hash = hash_bytes(piece, seed_);
  auto tag = static_cast<uint32_t>(hash >> 32);
  size_t mask = slots_.size() - 1;
  for (size_t at = hash & mask; slots_[at].entry; at = (at + 1) & mask) {
    if (slots_[at].tag != tag) continue;
    const Entry& entry = entries_[slots_[at].entry - 1];
    if (std::string_view(arena_.data() + entry.offset, entry.length) == piece) return entry.id;
  }
  return kMissing;
}

std::optional<std::string_view> Vocabulary::piece(uint32_t id) const {
  if (id < by_id_.size()) return by_id_[id] ? std::optional(piece_at(by_id_[id] - 1)) : std::nullopt;
  auto found = std::lower_bound(sorted_.begin(), sorted_.end(), id, [](auto& pair, uint32_t value) { return pair.first < value; });
  return found != sorted_.end() && found->first == id ? std::optional(piece_at(found->second)) : std::nullopt;
}

}  // namespace mlxc::text
