// The heap as a memory source: few large blocks, cut into pieces.
#pragma once

#include <map>
#include <memory>

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

 private:
  struct Pool;
  struct Block {
    Pool* pool;
    uint64_t id;
    std::byte* data;
    size_t bytes, taken;
  };
  // Pieces of like size share blocks: a small array that lives long would hold a large block otherwise.
  struct Pool {
    size_t largest_piece;
    size_t least_block, largest_block;
    Suballocator pieces;
    std::map<uint64_t, Block> blocks;
    size_t reserved = 0;
  };
  static constexpr uint64_t kAlignment = 256;

  Pool& pool_for(size_t bytes);
  Memory take(Pool& pool, size_t bytes);
  bool grow(Pool& pool, size_t bytes);
  bool add_block(Pool& pool, size_t bytes);
  void drop_block(Pool& pool, uint64_t id) noexcept;
  void drop_idle(Pool& pool, size_t bytes) noexcept;

  const MemoryCalls calls_;
  uint64_t next_id_ = 1;
  Pool pools_[3] = {{size_t{32} << 10, size_t{128} << 10, size_t{1} << 20, Suballocator(kAlignment), {}},
                    {size_t{8} << 20, size_t{512} << 10, size_t{32} << 20, Suballocator(kAlignment), {}},
                    {SIZE_MAX, 0, 0, Suballocator(kAlignment), {}}};  // blocks of their own
};

}  // namespace mlxc
