#include "array/storage.h"

#include <algorithm>
#include <chrono>
#include <exception>
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

Allocator::Allocator(std::unique_ptr<MemorySource> source, size_t cache_limit) : source_(std::move(source)), cache_limit_(cache_limit) {
  ready_.single = source_->single_bytes();
}

Allocator::~Allocator() { merge(true); }

size_t Allocator::rounded(size_t bytes) {
  if (bytes <= kUnit) return kUnit;
  size_t step = kPage;
  if (bytes <= size_t{1} << 20) step = std::max(size_t{1} << (63 - __builtin_clzll(bytes - 1)) >> 4, kUnit);
  return (bytes + step - 1) / step * step;
}

// 16 sizes up to 4 KiB, then 16 from one power of two to the next.
size_t Allocator::Ready::class_of(size_t bytes) {
  if (bytes <= 16 * kUnit) return bytes / kUnit - 1;
  const size_t power = size_t(63 - __builtin_clzll(bytes - 1));
  return 16 + (power - 12) * 16 + ((bytes - (size_t{1} << power)) >> (power - 4)) - 1;
}

void Allocator::Ready::count(size_t bytes, int64_t sign) {
  bytes_ += sign * int64_t(bytes);
  if (bytes <= single) single_bytes_ += sign * int64_t(bytes);
}

Memory Allocator::Ready::take(size_t bytes, MemoryUse use) {
  std::vector<Memory>* pieces;
  if (bytes <= kLargestClass) {
    pieces = &classes_[size_t(use)][class_of(bytes)].pieces;
  } else {
    const auto found = large_.find(bytes | size_t(use));
    if (found == large_.end()) return {};
    pieces = &found->second;
  }
  if (pieces->empty()) return {};
  const Memory memory = pieces->back();
  pieces->pop_back();
  count(bytes, -1);
  return memory;
}

void Allocator::Ready::give(const Memory& memory, size_t bytes, MemoryUse use) {
  if (bytes <= kLargestClass) {
    List& list = classes_[size_t(use)][class_of(bytes)];
    list.bytes = bytes;
    list.pieces.push_back(memory);
  } else {
    large_[bytes | size_t(use)].push_back(memory);
  }
  count(bytes, 1);
}

Allocator::Ready::List Allocator::Ready::take_list(size_t least) noexcept {
  List list;
  while (list.pieces.empty() && !large_.empty()) {
    list = {large_.begin()->first & ~(kUnit - 1), std::move(large_.begin()->second)};
    large_.erase(large_.begin());
  }
  for (auto& uses : classes_)
    for (List& each : uses)
      if (list.pieces.empty() && each.bytes > least && !each.pieces.empty()) list = {each.bytes, std::exchange(each.pieces, {})};
  const auto total = int64_t(list.bytes * list.pieces.size());
  bytes_ -= total;
  if (list.bytes <= single) single_bytes_ -= total;
  return list;
}

StoragePtr Allocator::allocate(size_t bytes, MemoryUse use) {
  if (bytes > size_t(PTRDIFF_MAX) / 2)
    fail(Status::out_of_memory, "an array of ", bytes, " bytes was asked for, more than the address space holds");
  const size_t given = rounded(bytes);
  const Memory memory = take(given, bytes, use);
  try {
    return std::make_shared<Storage>(memory, given, bytes, use, this);
  } catch (...) {
    recycle(memory, given, bytes, use);
    throw;
  }
}

void Allocator::count_in(size_t bytes, size_t requested) {
  if (live_++ == 0) self_ = shared_from_this();
  stats_.active += int64_t(bytes);
  stats_.requested += int64_t(requested);
  stats_.peak = std::max(stats_.peak, stats_.active);
  stats_.peak_requested = std::max(stats_.peak_requested, stats_.requested);
}

Memory Allocator::take(size_t bytes, size_t requested, MemoryUse use) {
  {
    std::lock_guard lock(ready_lock_);
    if (limit_ && size_t(stats_.active + promised_) + bytes > limit_)
      fail(Status::out_of_memory, "no memory for ", bytes, " bytes: ", stats_.active, " bytes are in use, the limit is ", limit_);
    const bool timed = stats_.hits % kTimeEvery == 0;
    const Clock::time_point start = timed ? Clock::now() : Clock::time_point();
    if (const Memory memory = ready_.take(bytes, use)) {
      count_in(bytes, requested);
      ++stats_.hits;
      if (timed) {
        ++timed_hits_;
        hit_time_ += nanoseconds_since(start);
      }
      return memory;
    }
    promised_ += int64_t(bytes);
  }
  return take_slowly(bytes, requested, use);
}

Memory Allocator::take_slowly(size_t bytes, size_t requested, MemoryUse use) {
  std::lock_guard source_lock(source_mutex_);
  bool hit = true;
  Memory memory;
  const auto start = Clock::now();
  std::exception_ptr failure;
  try {
    memory = take_from_source(bytes, use, &hit);
  } catch (...) {  // a device that is lost
    failure = std::current_exception();
  }
  note_idle();
  std::lock_guard lock(ready_lock_);
  promised_ -= int64_t(bytes);
  if (failure) std::rethrow_exception(failure);
  if (!memory) fail(Status::out_of_memory, "no memory for ", bytes, " bytes, with ", stats_.active, " bytes in use");
  count_in(bytes, requested);
  stats_.peak_reserved = std::max(stats_.peak_reserved, source_->counts().reserved);
  if (!hit) {
    ++stats_.misses;
    miss_time_ += nanoseconds_since(start);
  } else if (stats_.hits++ % kTimeEvery == 0) {
    ++timed_hits_;
    hit_time_ += nanoseconds_since(start);
  }
  return memory;
}

Memory Allocator::take_from_source(size_t bytes, MemoryUse use, bool* hit) {
  if (bytes > source_->single_bytes()) {
    if (const Memory memory = source_->allocate(bytes, use, false)) return memory;
    merge(false);
    if (const Memory memory = source_->allocate(bytes, use, false)) return memory;
  }
  *hit = false;
  auto release_all = [&] {
    merge(true);
    source_->trim(0);
  };
  size_t limit;
  {
    std::lock_guard lock(ready_lock_);
    limit = limit_;
  }
  if (limit && size_t(source_->counts().reserved) + bytes > limit) release_all();
  if (const Memory memory = source_->allocate(bytes, use, true)) return memory;
  release_all();  // what is idle may be another kind of memory
  return source_->allocate(bytes, use, true);
}

void Allocator::recycle(const Memory& memory, size_t bytes, size_t requested, MemoryUse use) noexcept {
  std::shared_ptr<Allocator> last;  // goes after the locks
  const bool single = bytes <= ready_.single;
  {
    std::lock_guard lock(ready_lock_);
    stats_.active -= int64_t(bytes);
    stats_.requested -= int64_t(requested);
    if (--live_ == 0) last = std::move(self_);
    if (size_t(ready_.bytes() + idle_.load(std::memory_order_relaxed)) + bytes <= cache_limit_ &&
        (!single || size_t(ready_.single_bytes()) + bytes <= kSingleCacheLimit)) {
      try {
        ready_.give(memory, bytes, use);
        return;
      } catch (...) {  // no memory for the entry: to the source instead
      }
    }
  }
  std::lock_guard lock(source_mutex_);
  source_->release(memory, bytes);
  if (!single) {
    merge(false);
    if (size_t(source_->counts().idle) > cache_limit_) source_->trim(cache_limit_ / 2);
  }
  note_idle();
}

// What is ready goes back to where neighbours become one; single pieces, which would become nothing larger, only on request.
void Allocator::merge(bool singles) noexcept {
  const size_t least = singles ? 0 : ready_.single;
  while (true) {
    Ready::List list;
    {
      std::lock_guard lock(ready_lock_);
      list = ready_.take_list(least);
    }
    if (list.pieces.empty()) return;
    for (const Memory& memory : list.pieces) source_->release(memory, list.bytes);
  }
}

MemoryStats Allocator::stats() const {
  std::lock_guard source_lock(source_mutex_);
  std::lock_guard lock(ready_lock_);
  MemoryStats stats = stats_;
  stats.reserved = source_->counts().reserved;
  stats.cached = ready_.bytes() + source_->counts().idle;
  stats.limit = int64_t(limit_);
  stats.cache_limit = int64_t(cache_limit_);
  if (timed_hits_) stats.hit_nanoseconds = hit_time_ / double(timed_hits_);
  if (stats.misses) stats.miss_nanoseconds = miss_time_ / double(stats.misses);
  return stats;
}

void Allocator::reset_peak() {
  std::lock_guard source_lock(source_mutex_);
  std::lock_guard lock(ready_lock_);
  stats_.peak = stats_.active;
  stats_.peak_requested = stats_.requested;
  stats_.peak_reserved = source_->counts().reserved;
}

void Allocator::trim(size_t keep) {
  std::lock_guard lock(source_mutex_);
  merge(true);
  source_->trim(keep);
  note_idle();
}

void Allocator::set_cache_limit(size_t bytes) {
  std::lock_guard source_lock(source_mutex_);
  int64_t ready;
  {
    std::lock_guard lock(ready_lock_);
    cache_limit_ = bytes;
    ready = ready_.bytes();
  }
  if (size_t(ready + source_->counts().idle) <= bytes) return;
  merge(true);
  source_->trim(bytes);
  note_idle();
}

void Allocator::set_limit(size_t bytes) {
  std::lock_guard lock(ready_lock_);
  limit_ = bytes;
}

}  // namespace mlxc
