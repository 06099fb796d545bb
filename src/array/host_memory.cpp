#include "array/host_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace mlxc {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr size_t kGuard = 4096;  // between pieces of a block, where nobody may read or write
void forbid(const void* data, size_t bytes) { ASAN_POISON_MEMORY_REGION(data, bytes); }
void permit(const void* data, size_t bytes) { ASAN_UNPOISON_MEMORY_REGION(data, bytes); }
#else
constexpr size_t kGuard = 0;
void forbid(const void*, size_t) {}
void permit(const void*, size_t) {}
#endif

// Pages straight from the system: what is given back is not the process's any more, whatever malloc would keep.
constexpr size_t kFromSystem = size_t{64} << 10;
// From here on pages are large ones: a pass over an array finds each in the processor's table of pages.
constexpr size_t kLargePage = size_t{2} << 20, kLargePages = 2 * kLargePage;

void* map_pages(size_t bytes) {
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return data == MAP_FAILED ? nullptr : data;
}

void* host_allocate(size_t bytes) {
  if (bytes <= kFromSystem) return std::aligned_alloc(64, bytes);
  if (bytes < kLargePages || bytes > SIZE_MAX - kLargePage) return map_pages(bytes);
  auto* wide = static_cast<std::byte*>(map_pages(bytes + kLargePage));
  if (!wide) return nullptr;
  const size_t before = size_t(-reinterpret_cast<uintptr_t>(wide)) % kLargePage;
  if (before) munmap(wide, before);
  if (before < kLargePage) munmap(wide + before + bytes, kLargePage - before);
  madvise(wide + before, bytes, MADV_HUGEPAGE);  // a wish
  return wide + before;
}
void host_release(void* data, size_t bytes) {
  if (bytes <= kFromSystem)
    std::free(data);
  else
    munmap(data, bytes);
}
bool host_give_back(void* pages, size_t bytes) { return madvise(pages, bytes, MADV_DONTNEED) == 0; }

}  // namespace

const MemoryCalls& host_memory_calls() {
  static constexpr MemoryCalls calls{host_allocate, host_release, host_give_back};
  return calls;
}

HostMemorySource::~HostMemorySource() {
  for (Pool& pool : pools_)
    while (!pool.blocks.empty()) drop_block(pool, pool.blocks.begin()->first);
}

HostMemorySource::Pool& HostMemorySource::pool_for(size_t bytes) {
  return *std::find_if(std::begin(pools_), std::end(pools_), [&](const Pool& pool) { return bytes <= pool.largest_piece; });
}

Memory HostMemorySource::allocate(size_t bytes, MemoryUse, bool may_grow) {
  if (bytes <= single_bytes()) return may_grow ? allocate_single(bytes) : Memory();
  Pool& pool = pool_for(bytes);
  try {
    Memory memory = take(pool, bytes);
    if (!memory && may_grow && grow(pool, bytes + kGuard)) memory = take(pool, bytes);
    return memory;
  } catch (const std::exception&) {  // no memory for the bookkeeping is no memory
    return {};
  }
}

Memory HostMemorySource::allocate_single(size_t bytes) {
  void* data = calls_.allocate(bytes);
  if (!data) return {};
  counts_.reserved += int64_t(bytes);
  ++counts_.made;
  return {data, reinterpret_cast<uintptr_t>(data), 0};
}

Memory HostMemorySource::take(Pool& pool, size_t bytes) {
  const auto piece = pool.pieces.take(bytes + kGuard);
  if (!piece) return {};
  Block& block = pool.blocks.at(piece->region);
  block.taken += bytes + kGuard;
  if (block.away_bytes) bring_pages_back(block, piece->offset, bytes + kGuard);
  counts_.idle -= int64_t(bytes + kGuard);
  std::byte* data = block.data + piece->offset;
  permit(data, bytes);
  return {data, reinterpret_cast<uintptr_t>(data), reinterpret_cast<uintptr_t>(&block)};
}

void HostMemorySource::release(const Memory& memory, size_t bytes) noexcept {
  if (bytes <= single_bytes()) {
    calls_.release(memory.host, bytes);
    counts_.reserved -= int64_t(bytes);
    return;
  }
  Block& block = *reinterpret_cast<Block*>(memory.handle);
  auto* data = static_cast<std::byte*>(memory.host);
  try {
    block.pool->pieces.give({block.id, uint64_t(data - block.data)}, bytes + kGuard);
  } catch (const std::exception&) {  // no memory for the bookkeeping: the piece stays taken
    return;
  }
  forbid(data, bytes);
  block.taken -= bytes + kGuard;
  counts_.idle += int64_t(bytes + kGuard);
}

// Blocks grow with what there is, so that the room in the last one stays a small part.
bool HostMemorySource::grow(Pool& pool, size_t bytes) {
  const size_t block = std::clamp(pool.reserved / 16 / kPage * kPage, pool.least_block, pool.largest_block);
  // Idle blocks that are too small for a large request would only stay beside the new one, which serves what they did.
  if (!pool.largest_block) drop_idle(pool, bytes);
  return (block / 2 > bytes && add_block(pool, block)) || add_block(pool, bytes);
}

bool HostMemorySource::add_block(Pool& pool, size_t bytes) {
  auto* data = static_cast<std::byte*>(calls_.allocate(bytes));
  if (!data) return false;
  const uint64_t id = next_id_++;
  try {
    pool.blocks.emplace(id, Block{&pool, id, data, bytes, 0, {}, 0});
    pool.pieces.add_region(id, bytes);
  } catch (...) {
    pool.blocks.erase(id);
    calls_.release(data, bytes);
    throw;
  }
  forbid(data, bytes);
  pool.reserved += bytes;
  counts_.reserved += int64_t(bytes);
  counts_.idle += int64_t(bytes);
  ++counts_.made;
  return true;
}

void HostMemorySource::drop_block(Pool& pool, uint64_t id) noexcept {
  const auto found = pool.blocks.find(id);
  const Block& block = found->second;
  if (!block.taken) {
    pool.pieces.remove_region(id);
    counts_.idle -= int64_t(block.resident());
  }
  permit(block.data, block.bytes);
  calls_.release(block.data, block.bytes);
  pool.reserved -= block.bytes;
  counts_.reserved -= int64_t(block.resident());
  pool.blocks.erase(found);
}

void HostMemorySource::drop_idle(Pool& pool, size_t bytes) noexcept {
  for (auto next = pool.blocks.begin(); next != pool.blocks.end() && bytes > 0;) {
    const Block& block = (next++)->second;
    if (block.taken) continue;
    bytes -= std::min(bytes, block.resident());
    drop_block(pool, block.id);
  }
}

// The free pages of blocks that something else uses. The addresses stay ours, and are pages again when they are touched.
void HostMemorySource::give_pages_back(Pool& pool) noexcept {
  pool.pieces.for_each_free([&](Suballocator::Piece piece, uint64_t bytes) {
    Block& block = pool.blocks.at(piece.region);
    try {
      block.away.resize(block.bytes / kPage);
    } catch (const std::bad_alloc&) {
      return;
    }
    if (!calls_.give_back(block.data + piece.offset, bytes)) return;
    for (uint64_t page = piece.offset / kPage; page < (piece.offset + bytes) / kPage; ++page) {
      if (block.away[page]) continue;
      block.away[page] = true;
      block.away_bytes += kPage;
      counts_.reserved -= int64_t(kPage);
      counts_.idle -= int64_t(kPage);
    }
  });
}

void HostMemorySource::bring_pages_back(Block& block, uint64_t offset, size_t bytes) noexcept {
  for (uint64_t page = offset / kPage; page < (offset + bytes) / kPage; ++page) {
    if (!block.away[page]) continue;
    block.away[page] = false;
    block.away_bytes -= kPage;
    counts_.reserved += int64_t(kPage);
    counts_.idle += int64_t(kPage);
  }
}

void HostMemorySource::trim(size_t keep) noexcept {
  for (size_t i = std::size(pools_); i-- > 0;)  // the largest first
    if (size_t(counts_.idle) > keep) drop_idle(pools_[i], size_t(counts_.idle) - keep);
  if (keep == 0 && calls_.give_back)
    for (Pool& pool : pools_) give_pages_back(pool);
}

}  // namespace mlxc
