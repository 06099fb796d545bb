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

}  // namespace

const MemoryCalls& host_memory_calls() {
  static constexpr MemoryCalls calls{host_allocate, host_release};
  return calls;
}

Storage::~Storage() {
  if (allocator_) allocator_->recycle(data_, bytes_);
}

Allocator::Allocator(const MemoryCalls& calls, size_t cache_limit) : calls_(calls), cache_limit_(cache_limit) {}

Allocator::~Allocator() { release_cache(); }

StoragePtr Allocator::allocate(size_t bytes) {
  if (bytes > size_t(PTRDIFF_MAX) / 2) fail(Status::out_of_memory, "an array of ", bytes, " bytes was asked for, more than the address space holds");
  size_t rounded = size_class(bytes);
  void* data = take(rounded);
  try {
    return std::make_shared<Storage>(data, rounded, shared_from_this());
  } catch (...) {
    recycle(data, rounded);
    throw;
  }
}

void* Allocator::take(size_t bytes) {
  std::lock_guard lock(mutex_);
  void* data = nullptr;
  if (auto found = cache_.find(bytes); found != cache_.end()) {
    data = found->second;
    cache_.erase(found);
    stats_.cached -= int64_t(bytes);
  } else {
    data = calls_.allocate(bytes);
    if (!data) {  // give back what is only cached, then try once more
      for (auto& [size, block] : cache_) calls_.release(block, size);
      cache_.clear();
      stats_.cached = 0;
      data = calls_.allocate(bytes);
    }
    if (!data) fail(Status::out_of_memory, "no memory for ", bytes, " bytes, with ", stats_.active, " bytes in use");
  }
  stats_.active += int64_t(bytes);
  if (stats_.active > stats_.peak) stats_.peak = stats_.active;
  return data;
}

void Allocator::recycle(void* data, size_t bytes) noexcept {
  std::lock_guard lock(mutex_);
  stats_.active -= int64_t(bytes);
  if (size_t(stats_.cached) + bytes <= cache_limit_) {
    try {
      cache_.emplace(bytes, data);
      stats_.cached += int64_t(bytes);
      return;
    } catch (...) {  // no memory for the cache entry: release the block instead
    }
  }
  calls_.release(data, bytes);
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
  for (auto& [size, block] : cache_) calls_.release(block, size);
  cache_.clear();
  stats_.cached = 0;
}

void Allocator::set_cache_limit(size_t bytes) {
  {
    std::lock_guard lock(mutex_);
    cache_limit_ = bytes;
  }
  if (size_t(stats().cached) > bytes) release_cache();
}

}  // namespace mlxc
