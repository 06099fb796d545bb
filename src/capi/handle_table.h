// Handles: addresses inside slots that are never unmapped, so that any pointer a caller passes can be judged without touching freed memory.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

namespace mlxc::capi {

// A handle is the address of its slot plus the slot's generation in the low six bits. Freeing a handle moves the generation on, and a slot
// waits behind at least kDelay others before it is used again: an old handle is told from a new one for 64 such rounds.
// Threads: any.
class HandleTable {
 public:
  static constexpr int kKinds = 32;  // kind 0 means free
  static constexpr uint32_t kDelay = 1024;

  static HandleTable& global();  // lives as long as the process
  explicit HandleTable(size_t reserve_bytes = size_t{1} << 30);
  HandleTable(const HandleTable&) = delete;
  HandleTable& operator=(const HandleTable&) = delete;

  void* insert(int kind, std::shared_ptr<void> object);                     // throws Error(out_of_memory)
  std::shared_ptr<void> find(const void* handle, int kind) const noexcept;  // null: not a live handle of this kind
  std::shared_ptr<void> remove(const void* handle, int kind) noexcept;      // the table's reference, or null
  int64_t count(int kind) const noexcept { return counts_[size_t(kind)].load(std::memory_order_relaxed); }

 private:
  static constexpr size_t kSlotBytes = 64, kGrow = 1024;
  struct Slot {
    std::mutex mutex;
    std::shared_ptr<void> object;
    uint32_t next = 0;  // in the line of freed slots
    uint8_t kind = 0;
    uint8_t generation = 0;
  };
  static_assert(sizeof(Slot) <= kSlotBytes);

  Slot* slot(size_t index) const { return reinterpret_cast<Slot*>(base_ + index * kSlotBytes); }
  // The slot that `handle` points into and its generation, or null.
  Slot* locate(const void* handle, uint8_t* generation) const noexcept;
  uint32_t take_index();

  std::byte* base_ = nullptr;
  size_t capacity_ = 0;          // slots reserved
  std::atomic<size_t> used_{0};  // slots that exist; they stay for ever
  size_t committed_ = 0;         // slots whose memory is writable
  std::mutex line_mutex_;        // the line of freed slots, oldest first
  uint32_t first_ = 0, last_ = 0, waiting_ = 0;
  std::array<std::atomic<int64_t>, kKinds> counts_{};
};

}  // namespace mlxc::capi
