// Pieces and ids of a model: one arena of bytes, a flat hash table from piece to id, a dense or sorted index from id to piece.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlxc::text {

class Vocabulary {
 public:
  static constexpr int64_t kMissing = -1;

  Vocabulary();
  void reserve(size_t pieces, size_t bytes);
  // Of equal pieces the last one wins, as in Hugging Face's maps.
  void set(std::string_view piece, uint32_t id) { insert(piece, id, false); }
  // The same, but the earlier entry stays readable by its id (Unigram lists may repeat a piece).
  void append(std::string_view piece, uint32_t id) { insert(piece, id, true); }
  // Builds the index from ids; no set() afterwards.
  void finish();

  size_t size() const { return entries_.size(); }
  int64_t find(std::string_view piece) const;  // id or kMissing
  std::optional<std::string_view> piece(uint32_t id) const;
  uint32_t max_id() const { return max_id_; }
  bool has_duplicate_ids() const { return duplicate_ids_; }

  std::string_view piece_at(size_t entry) const { return {arena_.data() + entries_[entry].offset, entries_[entry].length}; }
  uint32_t id_at(size_t entry) const { return entries_[entry].id; }

 private:
  struct Entry {
    uint32_t offset, length, id;
  };
  struct Slot {
    uint32_t tag, entry;  // entry + 1; 0 is free
  };
  void insert(std::string_view piece, uint32_t id, bool keep_both);
  void grow(size_t slots);

  std::string arena_;
  std::vector<Entry> entries_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> by_id_;                        // entry + 1, when ids are dense
  std::vector<std::pair<uint32_t, uint32_t>> sorted_;  // (id, entry) when they are not
  uint64_t seed_;
  uint32_t max_id_ = 0;
  bool duplicate_ids_ = false;
};

}  // namespace mlxc::text
