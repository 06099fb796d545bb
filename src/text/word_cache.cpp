#include "text/word_cache.h"

#include <cstring>
#include <new>

#include "text/hash.h"

namespace mlxc::text {

// Header, then the ids, then the word.
struct WordCache::Entry {
  uint64_t hash;
  uint32_t length, count;
  const int32_t* ids() const { return reinterpret_cast<const int32_t*>(this + 1); }
  const char* word() const { return reinterpret_cast<const char*>(ids() + count); }
};

WordCache::WordCache() : slots_(new std::atomic<const Entry*>[kSlots]()), seed_(hash_seed()) {}

uint64_t WordCache::hash(std::string_view word) const { return hash_bytes(word, seed_); }

std::span<const int32_t> WordCache::find(std::string_view word, uint64_t hash) const {
  for (size_t probe = 0; probe < kProbes; ++probe) {
    const Entry* entry = slots_[(hash + probe) & (kSlots - 1)].load(std::memory_order_acquire);
    if (!entry) return {};
    if (entry->hash == hash && entry->length == word.size() && std::memcmp(entry->word(), word.data(), word.size()) == 0) {
      return {entry->ids(), entry->count};
    }
  }
  return {};
}

void WordCache::insert(std::string_view word, uint64_t hash, std::span<const int32_t> ids) {
  if (word.size() > kMaxWord || ids.empty() || ids.size() > 4 * kMaxWord || full_.load(std::memory_order_relaxed)) return;
  std::lock_guard lock(mutex_);
  size_t slot = hash & (kSlots - 1), probe = 0;
  for (; probe < kProbes; ++probe) {
    slot = (hash + probe) & (kSlots - 1);
    const Entry* entry = slots_[slot].load(std::memory_order_relaxed);
    if (!entry) break;
    if (entry->hash == hash && entry->length == word.size() && std::memcmp(entry->word(), word.data(), word.size()) == 0) return;
  }
  if (probe == kProbes) return;
  size_t size = (sizeof(Entry) + ids.size_bytes() + word.size() + alignof(Entry) - 1) / alignof(Entry) * alignof(Entry);
  if (chunk_used_ + size > kChunk) {
    if (bytes_ + kChunk > kMaxBytes) {
      full_.store(true, std::memory_order_relaxed);
      return;
    }
    chunks_.emplace_back(new std::byte[kChunk]);
    bytes_ += kChunk;
    chunk_used_ = 0;
  }
  auto* entry = new (chunks_.back().get() + chunk_used_) Entry{hash, static_cast<uint32_t>(word.size()), static_cast<uint32_t>(ids.size())};
  chunk_used_ += size;
  std::memcpy(const_cast<int32_t*>(entry->ids()), ids.data(), ids.size_bytes());
  std::memcpy(const_cast<char*>(entry->word()), word.data(), word.size());
  slots_[slot].store(entry, std::memory_order_release);
}

}  // namespace mlxc::text
