// Words already tokenized, shared by all threads: reading takes no lock, entries are never changed or removed, the size is bounded.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

namespace mlxc::text {

class WordCache {
 public:
  static constexpr size_t kMaxWord = 128;  // bytes; longer words hardly come again

  WordCache();
  // The ids of the word, or nullptr as data when it is not there. The span lives as long as the cache.
  std::span<const int32_t> find(std::string_view word, uint64_t hash) const;
  void insert(std::string_view word, uint64_t hash, std::span<const int32_t> ids);
  uint64_t hash(std::string_view word) const;

 private:
  struct Entry;
  static constexpr size_t kSlots = size_t{1} << 16, kProbes = 8, kMaxBytes = size_t{8} << 20, kChunk = size_t{64} << 10;

  std::unique_ptr<std::atomic<const Entry*>[]> slots_;
  uint64_t seed_;
  std::mutex mutex_;  // guards the arena; taken only to insert
  std::vector<std::unique_ptr<std::byte[]>> chunks_;
  size_t chunk_used_ = kChunk, bytes_ = 0;
  std::atomic<bool> full_ = false;
};

}  // namespace mlxc::text
