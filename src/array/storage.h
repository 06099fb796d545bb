// Counted blocks of memory, and the caching allocator that hands them out and keeps the statistics.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

namespace mlxc {

struct MemoryStats {
  int64_t active = 0;  // bytes in live storages
  int64_t cached = 0;  // bytes kept for reuse
  int64_t peak = 0;    // highest active since start or reset
};

// Where a device takes raw memory from. A table so that tests can make the n-th allocation fail.
struct MemoryCalls {
  void* (*allocate)(size_t bytes);  // nullptr on failure; at least 64-byte aligned
  void (*release)(void* data, size_t bytes);
};
const MemoryCalls& host_memory_calls();

class Allocator;

// A block of memory. Owned by an allocator (returns to its cache), or borrowed with a keeper that owns the bytes.
class Storage {
 public:
  Storage(void* data, size_t bytes, std::shared_ptr<Allocator> allocator) : data_(data), bytes_(bytes), allocator_(std::move(allocator)) {}
  Storage(void* data, size_t bytes, std::shared_ptr<const void> keeper) : data_(data), bytes_(bytes), keeper_(std::move(keeper)) {}
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  std::byte* data() const { return static_cast<std::byte*>(data_); }
  size_t bytes() const { return bytes_; }
  // Read-only memory (a mapped file, a caller's buffer) must not be written in place.
  bool writable() const { return allocator_ != nullptr; }

 private:
  void* data_;
  size_t bytes_;
  std::shared_ptr<Allocator> allocator_;
  std::shared_ptr<const void> keeper_;
};

using StoragePtr = std::shared_ptr<Storage>;

// Rounds sizes into classes and keeps freed blocks up to a limit. Threads: any.
class Allocator : public std::enable_shared_from_this<Allocator> {
 public:
  explicit Allocator(const MemoryCalls& calls = host_memory_calls(), size_t cache_limit = size_t{256} << 20);
  ~Allocator();

  // Uninitialised memory, 64-byte aligned. Throws Error(out_of_memory) naming the size. bytes may be 0.
  StoragePtr allocate(size_t bytes);
  MemoryStats stats() const;
  void reset_peak();
  void release_cache();
  void set_cache_limit(size_t bytes);

 private:
  friend class Storage;
  void recycle(void* data, size_t bytes) noexcept;
  void* take(size_t bytes);

  const MemoryCalls calls_;
  mutable std::mutex mutex_;
  std::multimap<size_t, void*> cache_;
  size_t cache_limit_;
  MemoryStats stats_;
};

}  // namespace mlxc
