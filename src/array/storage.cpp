#include "array/storage.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "array/host_memory.h"
#include "base/error.h"

namespace mlxc {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kUnit = 256, kPage = 4096;
constexpr int64_t kTimeEvery = 64;  // reading the clock takes as long as what it measures

double nanoseconds_since(Clock::time_point start) { return std::chrono::duration<double, std::nano>(Clock::now() - start).count(); }

}  // namespace

Storage::~Storage() {
  if (allocator_) allocator_->recycle(memory_, bytes_, requested_, use_);
}

Allocator::Allocator(const MemoryCalls& calls, size_t cache_limit) : Allocator(std::make_unique<HostMemorySource>(calls), cache_limit) {}

Allocator::Allocator(std::unique_ptr<MemorySource> source, size_t cache_limit) : source_(std::move(source)), cache_limit_(cache_limit) {}

Allocator::~Allocator() { merge(); }

size_t Allocator::rounded(size_t bytes) {
  if (bytes <= kUnit) return kUnit;
  size_t step = kPage;
  if (bytes <= size_t{1} << 20) step = std::max(size_t{1} << (63 - __builtin_clzll(bytes - 1)) >> 4, kUnit);
  return (bytes + step - 1) / step * step;
}

StoragePtr Allocator::allocate(size_t bytes, MemoryUse use) {
  if (bytes > size_t(PTRDIFF_MAX) / 2)
    fail(Status::out_of_memory, "an array of ", bytes, " bytes was asked for, more than the address space holds");
  const size_t given = rounded(bytes);
  bool hit = true;
  const Memory memory = take(given, bytes, use, &hit);
  try {
    return std::make_shared<Storage>(memory, given, bytes, use, shared_from_this());
  } catch (...) {
    recycle(memory, given, bytes, use);
    throw;
  }
}

Memory Allocator::take(size_t bytes, size_t requested, MemoryUse use, bool* hit) {
  std::lock_guard lock(mutex_);
  if (limit_ && size_t(stats_.active) + bytes > limit_)
    fail(Status::out_of_memory, "no memory for ", bytes, " bytes: ", stats_.active, " bytes are in use, the limit is ", limit_);
  const bool timed = stats_.hits % kTimeEvery == 0;
  const Clock::time_point start = timed ? Clock::now() : Clock::time_point();
  Memory memory;
  if (const auto found = ready_.find(key_of(bytes, use)); found != ready_.end() && !found->second.empty()) {
    memory = found->second.back();
    found->second.pop_back();
    ready_bytes_ -= int64_t(bytes);
  } else {
    memory = take_slowly(bytes, use, hit);
  }
  if (*hit) {
    ++stats_.hits;
    if (timed) {
      ++timed_hits_;
      hit_time_ += nanoseconds_since(start);
    }
  }
  stats_.active += int64_t(bytes);
  stats_.requested += int64_t(requested);
  stats_.peak = std::max(stats_.peak, stats_.active);
  stats_.peak_requested = std::max(stats_.peak_requested, stats_.requested);
  return memory;
}

Memory Allocator::take_slowly(size_t bytes, MemoryUse use, bool* hit) {
  if (Memory memory = source_->allocate(bytes, use, false)) return memory;
  merge();
  if (Memory memory = source_->allocate(bytes, use, false)) return memory;

  const auto start = Clock::now();
  if (limit_ && size_t(source_->counts().reserved) + bytes > limit_) source_->trim(0);
  Memory memory = source_->allocate(bytes, use, true);
  if (!memory) {  // what is idle may be another kind of memory
    source_->trim(0);
    memory = source_->allocate(bytes, use, true);
  }
  if (!memory) fail(Status::out_of_memory, "no memory for ", bytes, " bytes, with ", stats_.active, " bytes in use");
  *hit = false;
  ++stats_.misses;
  miss_time_ += nanoseconds_since(start);
  stats_.peak_reserved = std::max(stats_.peak_reserved, source_->counts().reserved);
  return memory;
}

void Allocator::recycle(const Memory& memory, size_t bytes, size_t requested, MemoryUse use) noexcept {
  std::lock_guard lock(mutex_);
  stats_.active -= int64_t(bytes);
  stats_.requested -= int64_t(requested);
  if (size_t(ready_bytes_ + source_->counts().idle) + bytes <= cache_limit_) {
    try {
      ready_[key_of(bytes, use)].push_back(memory);
      ready_bytes_ += int64_t(bytes);
      return;
    } catch (...) {  // no memory for the entry: to the source instead
    }
  }
  source_->release(memory, bytes);
  merge();
  if (size_t(source_->counts().idle) > cache_limit_) source_->trim(cache_limit_ / 2);
}

// Everything that is ready goes back to where neighbours become one.
void Allocator::merge() noexcept {
  for (auto& [key, pieces] : ready_)
    for (const Memory& memory : pieces) source_->release(memory, key & ~(kUnit - 1));
  ready_.clear();
  ready_bytes_ = 0;
}

MemoryStats Allocator::stats() const {
  std::lock_guard lock(mutex_);
  MemoryStats stats = stats_;
  stats.reserved = source_->counts().reserved;
  stats.cached = stats.reserved - stats.active;
  stats.limit = int64_t(limit_);
  stats.cache_limit = int64_t(cache_limit_);
  if (timed_hits_) stats.hit_nanoseconds = hit_time_ / double(timed_hits_);
  if (stats.misses) stats.miss_nanoseconds = miss_time_ / double(stats.misses);
  return stats;
}

void Allocator::reset_peak() {
  std::lock_guard lock(mutex_);
  stats_.peak = stats_.active;
  stats_.peak_requested = stats_.requested;
  stats_.peak_reserved = source_->counts().reserved;
}

void Allocator::trim(size_t keep) {
  std::lock_guard lock(mutex_);
  merge();
  source_->trim(keep);
}

void Allocator::set_cache_limit(size_t bytes) {
  std::lock_guard lock(mutex_);
  cache_limit_ = bytes;
  if (size_t(ready_bytes_ + source_->counts().idle) <= bytes) return;
  merge();
  source_->trim(bytes);
}

void Allocator::set_limit(size_t bytes) {
  std::lock_guard lock(mutex_);
  limit_ = bytes;
}

}  // namespace mlxc
