// Counted blocks of memory, and the caching allocator that hands them out and keeps the statistics.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace mlxc {

struct MemoryStats {
  int64_t active = 0;  // bytes in live storages
  int64_t cached = 0;  // bytes kept for reuse
  int64_t peak = 0;    // highest active since start or reset
};

// What a block is for. On the CPU all are one; a GPU with memory of its own has a kind for each.
enum class MemoryUse : uint8_t {
  device,    // kernels read and write
  upload,    // the host writes, kernels read: inputs that change with every run
  readback,  // kernels write, the host reads: results
};

// A piece of memory as its two sides see it.
struct Memory {
  void* host = nullptr;   // null: the host does not see it
  uint64_t address = 0;   // for kernels; on the CPU the same as `host`
  uint64_t handle = 0;    // the source's own
  explicit operator bool() const { return host || address; }
};

// Where an allocator takes memory from: the heap, or a device.
class MemorySource {
 public:
  virtual ~MemorySource() = default;
  // Empty on failure; at least 64-byte aligned. Called under the allocator's lock.
  virtual Memory allocate(size_t bytes, MemoryUse use) = 0;
  virtual void release(const Memory& memory, size_t bytes) noexcept = 0;
};

// The heap, through a table so that tests can make the n-th allocation fail.
struct MemoryCalls {
  void* (*allocate)(size_t bytes);  // nullptr on failure; at least 64-byte aligned
  void (*release)(void* data, size_t bytes);
};
const MemoryCalls& host_memory_calls();

class Allocator;

// A block of memory. Owned by an allocator (returns to its cache), or borrowed with a keeper that owns the bytes.
class Storage {
 public:
  Storage(const Memory& memory, size_t bytes, MemoryUse use, std::shared_ptr<Allocator> allocator)
      : memory_(memory), bytes_(bytes), use_(use), allocator_(std::move(allocator)) {}
  // Host memory of someone else. A device reads it only if Device::reads_host_memory().
  Storage(void* data, size_t bytes, std::shared_ptr<const void> keeper)
      : memory_{data, reinterpret_cast<uintptr_t>(data), 0}, bytes_(bytes), keeper_(std::move(keeper)) {}
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  // As the host sees it; null when it does not.
  std::byte* data() const { return static_cast<std::byte*>(memory_.host); }
  const Memory& memory() const { return memory_; }
  size_t bytes() const { return bytes_; }
  // Read-only memory (a mapped file, a caller's buffer) must not be written in place.
  bool writable() const { return allocator_ != nullptr; }

 private:
  Memory memory_;
  size_t bytes_;
  MemoryUse use_ = MemoryUse::device;
  std::shared_ptr<Allocator> allocator_;
  std::shared_ptr<const void> keeper_;
};

using StoragePtr = std::shared_ptr<Storage>;

// Rounds sizes into classes and keeps freed blocks up to a limit. Threads: any.
class Allocator : public std::enable_shared_from_this<Allocator> {
 public:
  explicit Allocator(const MemoryCalls& calls = host_memory_calls(), size_t cache_limit = size_t{256} << 20);
  explicit Allocator(std::unique_ptr<MemorySource> source, size_t cache_limit = size_t{256} << 20);
  ~Allocator();

  // Uninitialised memory, 64-byte aligned. Throws Error(out_of_memory) naming the size. bytes may be 0.
  StoragePtr allocate(size_t bytes, MemoryUse use = MemoryUse::device);
  MemoryStats stats() const;
  void reset_peak();
  void release_cache();
  void set_cache_limit(size_t bytes);

 private:
  friend class Storage;
  void recycle(const Memory& memory, size_t bytes, MemoryUse use) noexcept;
  Memory take(size_t bytes, MemoryUse use);
  void drop_cache();

  const std::unique_ptr<MemorySource> source_;
  mutable std::mutex mutex_;
  std::multimap<std::pair<MemoryUse, size_t>, Memory> cache_;
  size_t cache_limit_;
  MemoryStats stats_;
};

}  // namespace mlxc
