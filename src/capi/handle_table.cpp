#include "capi/handle_table.h"

#include <sys/mman.h>

#include <cerrno>
#include <new>
#include <utility>

#include "base/error.h"

namespace mlxc::capi {

HandleTable& HandleTable::global() {
  static HandleTable* table = new HandleTable;  // never destroyed: handles may be freed while the process ends
  return *table;
}

HandleTable::HandleTable(size_t reserve_bytes) {
  // Address space only: pages are made writable as slots are needed. Under a limit on address space take what there is.
  for (size_t bytes = reserve_bytes; bytes >= kGrow * kSlotBytes; bytes /= 2) {
    void* base = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) continue;
    base_ = static_cast<std::byte*>(base);
    capacity_ = bytes / kSlotBytes;
    return;
  }
}

uint32_t HandleTable::take_index() {
  std::lock_guard lock(line_mutex_);
  if (waiting_ > kDelay) {
    uint32_t index = first_;
    first_ = slot(index)->next;
    --waiting_;
    return index;
  }
  size_t index = used_.load(std::memory_order_relaxed);
  if (index == capacity_) fail(Status::out_of_memory, "all ", capacity_, " handles are in use; free some");
  if (index == committed_) {
    if (mprotect(slot(index), kGrow * kSlotBytes, PROT_READ | PROT_WRITE) != 0)
      throw Error(Status::out_of_memory, "no memory for more handles", errno);
    committed_ += kGrow;
  }
  new (slot(index)) Slot;
  used_.store(index + 1, std::memory_order_release);
  return uint32_t(index);
}

void* HandleTable::insert(int kind, std::shared_ptr<void> object) {
  uint32_t index = take_index();
  Slot* s = slot(index);
  std::lock_guard lock(s->mutex);
  s->object = std::move(object);
  s->kind = uint8_t(kind);
  counts_[size_t(kind)].fetch_add(1, std::memory_order_relaxed);
  return base_ + size_t(index) * kSlotBytes + s->generation;
}

HandleTable::Slot* HandleTable::locate(const void* handle, uint8_t* generation) const noexcept {
  uintptr_t address = reinterpret_cast<uintptr_t>(handle), base = reinterpret_cast<uintptr_t>(base_);
  if (!handle || address < base || address - base >= used_.load(std::memory_order_acquire) * kSlotBytes) return nullptr;
  *generation = uint8_t((address - base) % kSlotBytes);
  return slot((address - base) / kSlotBytes);
}

std::shared_ptr<void> HandleTable::find(const void* handle, int kind) const noexcept {
  uint8_t generation;
  Slot* s = locate(handle, &generation);
  if (!s) return nullptr;
  std::lock_guard lock(s->mutex);
  return s->kind == kind && s->generation == generation ? s->object : nullptr;
}

std::shared_ptr<void> HandleTable::remove(const void* handle, int kind) noexcept {
  uint8_t generation;
  Slot* s = locate(handle, &generation);
  if (!s) return nullptr;
  std::shared_ptr<void> object;
  {
    std::lock_guard lock(s->mutex);
    if (s->kind != kind || s->generation != generation) return nullptr;
    object = std::move(s->object);
    s->kind = 0;
    s->generation = uint8_t((s->generation + 1) % kSlotBytes);
  }
  counts_[size_t(kind)].fetch_sub(1, std::memory_order_relaxed);
  std::lock_guard lock(line_mutex_);
  auto index = uint32_t((reinterpret_cast<std::byte*>(s) - base_) / std::ptrdiff_t(kSlotBytes));
  if (waiting_ == 0)
    first_ = index;
  else
    slot(last_)->next = index;
  last_ = index;
  ++waiting_;
  return object;
}

}  // namespace mlxc::capi
