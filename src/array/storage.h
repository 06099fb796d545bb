// Counted blocks of memory, and the caching allocator that hands them out and keeps the statistics.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/spin_lock.h"

namespace mlxc {

// All sizes in bytes.
struct MemoryStats {
  int64_t requested = 0;  // what live storages were asked for
  int64_t active = 0;     // what they hold: sizes are rounded up
  int64_t cached = 0;     // kept for reuse, and given back on request
  int64_t reserved = 0;   // from the system or the driver: active, cached, and a GPU's rest of blocks that are in use
  int64_t peak = 0;       // highest active since start or reset
  int64_t peak_requested = 0, peak_reserved = 0;
  int64_t limit = 0;  // of active; 0: none
  int64_t cache_limit = 0;
  int64_t hits = 0;  // allocations that needed no new block
  int64_t misses = 0;
  double hit_nanoseconds = 0, miss_nanoseconds = 0;  // mean time of an allocation; of hits every 64th is timed

  // The share of the highest reservation that was beyond the highest demand: rounding, holes and room that was never used.
  double fragmentation() const { return peak_reserved > 0 ? 1 - double(peak_requested) / double(peak_reserved) : 0; }
};

// What a block is for. On the CPU all are one; a GPU with memory of its own has a kind for each.
enum class MemoryUse : uint8_t {
  device,    // kernels read and write
  upload,    // the host writes, kernels read: inputs that change with every run
  readback,  // kernels write, the host reads: results
};

// A piece of memory as its two sides see it.
struct Memory {
  void* host = nullptr;  // null: the host does not see it
  uint64_t address = 0;  // for kernels; on the CPU the same as `host`
  uint64_t handle = 0;   // the source's own
  explicit operator bool() const { return host || address; }
};

// Where an allocator takes memory from: blocks of the heap or of a device, cut into pieces that merge again when they are free.
// Called under the allocator's lock.
class MemorySource {
 public:
  struct Counts {
    int64_t reserved = 0;  // bytes of all blocks and single pieces
    int64_t idle = 0;      // of those, what trim(0) gives back
    int64_t made = 0;      // blocks and single pieces made since the start
  };

  virtual ~MemorySource() = default;
  // At least 64-byte aligned. Empty on failure; without `grow`, when no block there is has room.
  virtual Memory allocate(size_t bytes, MemoryUse use, bool grow) = 0;
  Memory allocate(size_t bytes, MemoryUse use) { return allocate(bytes, use, true); }
  // Exactly what was allocated, with the same bytes.
  virtual void release(const Memory& memory, size_t bytes) noexcept = 0;
  // Gives blocks that nothing uses back until at most `keep` idle bytes are left; when none is to be kept, also what is free in others,
  // where the system takes parts of blocks.
  virtual void trim(size_t keep) noexcept = 0;
  // Up to this size pieces are taken and released one by one: nothing is cut or merged.
  virtual size_t single_bytes() const { return 0; }
  const Counts& counts() const { return counts_; }

 protected:
  Counts counts_;
};

// The heap, through a table so that tests can make the n-th allocation fail.
struct MemoryCalls {
  void* (*allocate)(size_t bytes);  // nullptr on failure; at least 64-byte aligned
  void (*release)(void* data, size_t bytes);
  bool (*give_back)(void* pages, size_t bytes) = nullptr;  // the contents of whole pages; null: not here
};
const MemoryCalls& host_memory_calls();

class Allocator;

// A block of memory. Owned by an allocator (returns to its cache), or borrowed with a keeper that owns the bytes.
class Storage {
 public:
  // The allocator lives as long as a storage of its own.
  Storage(const Memory& memory, size_t bytes, size_t requested, MemoryUse use, Allocator* allocator)
      : memory_(memory), bytes_(bytes), requested_(requested), use_(use), allocator_(allocator) {}
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
  size_t requested_ = 0;
  MemoryUse use_ = MemoryUse::device;
  Allocator* allocator_ = nullptr;
  std::shared_ptr<const void> keeper_;
};

using StoragePtr = std::shared_ptr<Storage>;

// Hands memory out and keeps what comes back. In front lie freed pieces by their exact size, which a loop finds again without searching;
// when none fits they go back to the source, where neighbours merge, and only then a new block is made. Single pieces of the source do not
// merge and stay in front. Threads: any.
class Allocator : public std::enable_shared_from_this<Allocator> {
 public:
  static constexpr size_t kCacheLimit = size_t{256} << 20;
  static constexpr size_t kSingleCacheLimit = size_t{64} << 20;  // of single pieces

  explicit Allocator(const MemoryCalls& calls = host_memory_calls(), size_t cache_limit = kCacheLimit);
  explicit Allocator(std::unique_ptr<MemorySource> source, size_t cache_limit = kCacheLimit);
  ~Allocator();

  // Uninitialised memory, 64-byte aligned. Throws Error(out_of_memory) naming the size. bytes may be 0.
  StoragePtr allocate(size_t bytes, MemoryUse use = MemoryUse::device);
  MemoryStats stats() const;
  void reset_peak();
  // Gives freed memory back until at most `keep` bytes of it are left, as far as whole blocks are free; everything when none is to be kept,
  // where the source can (MemorySource::trim).
  void trim(size_t keep);
  void release_cache() { trim(0); }
  // Of what is kept for reuse, as far as whole blocks are free.
  void set_cache_limit(size_t bytes);
  // Of what storages hold; 0: none. What is held already stays.
  void set_limit(size_t bytes);

  // Up to a mebibyte a sixteenth is wasted at most (a unit of 256 bytes where that is more), then less than a page.
  static size_t rounded(size_t bytes);

 private:
  friend class Storage;

  // Freed pieces by their exact size and use: a list for each size up to a mebibyte, a table of lists beyond.
  class Ready {
   public:
    Memory take(size_t bytes, MemoryUse use);
    void give(const Memory& memory, size_t bytes, MemoryUse use);
    int64_t bytes() const { return bytes_; }
    int64_t single_bytes() const { return single_bytes_; }  // of them, in pieces of at most `single`
    size_t single = 0;

    // Takes the pieces of some list that is not empty, of a size above `least`; none: no list is left.
    struct List {
      size_t bytes = 0;  // of each piece
      std::vector<Memory> pieces;
    };
    List take_list(size_t least) noexcept;

   private:
    static constexpr size_t kLargestClass = size_t{1} << 20, kClasses = 144;
    static size_t class_of(size_t bytes);
    struct SizeHash {
      size_t operator()(size_t key) const { return key * 0x9e3779b97f4a7c15ull >> 20; }
    };
    void count(size_t bytes, int64_t sign);

    std::array<std::array<List, kClasses>, 3> classes_;
    std::unordered_map<size_t, std::vector<Memory>, SizeHash> large_;  // by size | use: sizes are multiples of 256
    int64_t bytes_ = 0, single_bytes_ = 0;
  };

  Memory take(size_t bytes, size_t requested, MemoryUse use);
  Memory take_slowly(size_t bytes, size_t requested, MemoryUse use);
  Memory take_from_source(size_t bytes, MemoryUse use, bool* hit);
  void recycle(const Memory& memory, size_t bytes, size_t requested, MemoryUse use) noexcept;
  void count_in(size_t bytes, size_t requested);
  void merge(bool singles) noexcept;
  void note_idle() noexcept { idle_.store(source_->counts().idle, std::memory_order_relaxed); }

  mutable std::mutex source_mutex_;  // taken before ready_lock_
  const std::unique_ptr<MemorySource> source_;
  std::atomic<int64_t> idle_{0};  // of the source

  mutable SpinLock ready_lock_;  // of everything below
  Ready ready_;
  size_t cache_limit_, limit_ = 0;
  int64_t promised_ = 0;             // bytes that threads are getting from the source
  int64_t live_ = 0;                 // storages
  std::shared_ptr<Allocator> self_;  // while there are any
  MemoryStats stats_;
  int64_t timed_hits_ = 0;
  double hit_time_ = 0, miss_time_ = 0;  // nanoseconds in all
};

}  // namespace mlxc
