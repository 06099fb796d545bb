#include "array/storage.h"

#include <cstdlib>
#include <utility>

#include "base/error.h"

namespace mlxc {
namespace {

constexpr size_t kAlignment = 64;

// Four classes between powers of two: at most a quarter is wasted, and near sizes reuse each other's blocks.
size_t size_class(size_t bytes) {
  if (bytes <= 256) return 256;
  size_t step = size_t{1} << (63 - __builtin_clzll(bytes - 1)) >> 2;
  if (step < kAlignment) step = kAlignment;
  return (bytes + step - 1) / step * step;
}

void* host_allocate(size_t bytes) { return std::aligned_alloc(kAlignment, bytes); }
void host_release(void* data, size_t) { std::free(data); }

class HostSource final : public MemorySource {
 public:
  explicit HostSource(const MemoryCalls& calls) : calls_(calls) {}
  Memory allocate(size_t bytes, MemoryUse) override {
    void* data = calls_.allocate(bytes);
    return {data, reinterpret_cast<uintptr_t>(data), 0};
  }
  void release(const Memory& memory, size_t bytes) noexcept override { calls_.release(memory.host, bytes); }

 private:
  const MemoryCalls calls_;
};

}  // namespace

const MemoryCalls& host_memory_calls() {
  static constexpr MemoryCalls calls{host_allocate, host_release};
  return calls;
}

Storage::~Storage() {
  if (allocator_) allocator_->recycle(memory_, bytes_, use_);
}

Allocator::Allocator(const MemoryCalls& calls, size_t cache_limit) : Allocator(std::make_unique<HostSource>(calls), cache_limit) {}

Allocator::Allocator(std::unique_ptr<MemorySource> source, size_t cache_limit) : source_(std::move(source)), cache_limit_(cache_limit) {}

Allocator::~Allocator() { release_cache(); }

StoragePtr Allocator::allocate(size_t bytes, MemoryUse use) {
  if (bytes > size_t(PTRDIFF_MAX) / 2) fail(Status::out_of_memory, "an array of ", bytes, " bytes was asked for, more than the address space holds");
  size_t rounded = size_class(bytes);
  Memory memory = take(rounded, use);
  try {
    return std::make_shared<Storage>(memory, rounded, use, shared_from_this());
  } catch (...) {
    recycle(memory, rounded, use);
    throw;
  }
}

Memory Allocator::take(size_t bytes, MemoryUse use) {
  std::lock_guard lock(mutex_);
  Memory memory;
  if (auto found = cache_.find({use, bytes}); found != cache_.end()) {
    memory = found->second;
    cache_.erase(found);
    stats_.cached -= int64_t(bytes);
  } else {
    memory = source_->allocate(bytes, use);
    if (!memory) {  // give back what is only cached, then try once more
      drop_cache();
      memory = source_->allocate(bytes, use);
    }
    if (!memory) fail(Status::out_of_memory, "no memory for ", bytes, " bytes, with ", stats_.active, " bytes in use");
  }
  stats_.active += int64_t(bytes);
  if (stats_.active > stats_.peak) stats_.peak = stats_.active;
  return memory;
}

void Allocator::recycle(const Memory& memory, size_t bytes, MemoryUse use) noexcept {
  std::lock_guard lock(mutex_);
  stats_.active -= int64_t(bytes);
  if (size_t(stats_.cached) + bytes <= cache_limit_) {
    try {
      cache_.emplace(std::pair(use, bytes), memory);
      stats_.cached += int64_t(bytes);
      return;
    } catch (...) {  // no memory for the cache entry: release the block instead
    }
  }
  source_->release(memory, bytes);
}

void Allocator::drop_cache() {
  for (auto& [key, memory] : cache_) source_->release(memory, key.second);
  cache_.clear();
  stats_.cached = 0;
}

MemoryStats Allocator::stats() const {
  std::lock_guard lock(mutex_);
  return stats_;
}

void Allocator::reset_peak() {
  std::lock_guard lock(mutex_);
  stats_.peak = stats_.active;
}

void Allocator::release_cache() {
  std::lock_guard lock(mutex_);
  drop_cache();
}

void Allocator::set_cache_limit(size_t bytes) {
  {
    std::lock_guard lock(mutex_);
    cache_limit_ = bytes;
  }
  if (size_t(stats().cached) > bytes) release_cache();
}

}  // namespace mlxc
