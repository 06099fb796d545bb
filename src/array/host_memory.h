// The heap as a memory source: small pieces from malloc, larger ones from few blocks of pages.
#pragma once

#include <map>
#include <vector>

#include "array/storage.h"
#include "array/suballocator.h"

namespace mlxc {

class HostMemorySource final : public MemorySource {
 public:
  explicit HostMemorySource(const MemoryCalls& calls) : calls_(calls) {}
  ~HostMemorySource() override;

  using MemorySource::allocate;
  Memory allocate(size_t bytes, MemoryUse use, bool grow) override;
  void release(const Memory& memory, size_t bytes) noexcept override;
  void trim(size_t keep) noexcept override;
  // malloc shares pages among small arrays better than blocks do: one that lives long would hold a block.
  size_t single_bytes() const override { return size_t{64} << 10; }

 private:
  struct Pool;
  struct Block {
    Pool* pool;
    uint64_t id;
    std::byte* data;
    size_t bytes, taken;
    std::vector<bool> away;  // pages that the system has back; empty: none
    size_t away_bytes;
    size_t resident() const { return bytes - away_bytes; }
  };
  struct Pool {
    size_t largest_piece;
    size_t least_block, largest_block;
    Suballocator pieces;
    std::map<uint64_t, Block> blocks;
    size_t reserved = 0;
  };
  static constexpr uint64_t kPage = 4096;  // what pieces of blocks are multiples of

  Memory allocate_single(size_t bytes);
  Pool& pool_for(size_t bytes);
  Memory take(Pool& pool, size_t bytes);
  bool grow(Pool& pool, size_t bytes);
  bool add_block(Pool& pool, size_t bytes);
  void drop_block(Pool& pool, uint64_t id) noexcept;
  void drop_idle(Pool& pool, size_t bytes) noexcept;
  void give_pages_back(Pool& pool) noexcept;
  void bring_pages_back(Block& block, uint64_t offset, size_t bytes) noexcept;

  const MemoryCalls calls_;
  uint64_t next_id_ = 1;
  Pool pools_[2] = {{size_t{8} << 20, size_t{512} << 10, size_t{32} << 20, Suballocator(kPage), {}},
                    {SIZE_MAX, 0, 0, Suballocator(kPage), {}}};  // blocks of their own
};

}  // namespace mlxc
