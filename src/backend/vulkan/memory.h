// Memory of a Vulkan device: few large blocks from the driver, pieces of them to the allocator.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "array/storage.h"
#include "array/suballocator.h"
#include "backend/vulkan/device_buffer.h"

namespace mlxc::vulkan {

// How much of a memory heap this process should use, and how much of it is used. Both are estimates of the driver.
struct HeapBudget {
  int64_t budget, usage;
};
// heap: its index; ours: bytes that this device holds of it. Tests give a function of their own.
using BudgetQuestion = std::function<HeapBudget(uint32_t heap, int64_t ours)>;
// VK_EXT_memory_budget, or 80 % of the heap where there is none.
HeapBudget heap_budget(const InstanceApi& api, VkPhysicalDevice device, const VkPhysicalDeviceMemoryProperties& memory, bool extension,
                       uint32_t heap);
BudgetQuestion driver_budget(std::shared_ptr<const Context> context);

// One vkAllocateMemory with one buffer over all of it. Memory::handle of every piece is its address.
struct Block {
  std::shared_ptr<const Context> context;
  DeviceBuffer buffer;
  uint64_t bytes = 0;
  std::byte* host = nullptr;  // mapped as long as it lives, or null
  bool cached = false;        // the host reads it at full speed
  uint64_t taken = 0;
  size_t pool = 0;  // whose it is, and its name there
  uint64_t id = 0;
};

// Allocates under the allocator's lock. When a budget or the driver refuses: gives back empty blocks, takes another kind of memory, fails.
// When the device is lost and trimmed, only blocks in use still keep its context.
class VulkanMemorySource final : public MemorySource {
 public:
  VulkanMemorySource(std::shared_ptr<const Context> context, BudgetQuestion budget);
  ~VulkanMemorySource() override;

  using MemorySource::allocate;
  // Throws Error(device_lost), nothing else.
  Memory allocate(size_t bytes, MemoryUse use, bool grow) override;
  void release(const Memory& memory, size_t bytes) noexcept override;
  void trim(size_t keep) noexcept override;

  // Not locked: for tests.
  int64_t blocks() const;
  int64_t taken() const;  // bytes

 private:
  // Blocks of one memory type.
  struct Pool {
    size_t index;
    uint32_t type, heap;
    bool mapped, cached;
    uint64_t next_block;  // bytes
    Suballocator pieces;
    std::map<uint64_t, std::unique_ptr<Block>> blocks;
  };

  Pool* pool_for(uint32_t type, bool mapped, uint64_t first_block);
  void choose_pools();
  Memory take(Pool& pool, uint64_t bytes);
  bool grow(Pool& pool, uint64_t bytes);
  std::unique_ptr<Block> new_block(const Pool& pool, uint64_t bytes) const;
  void drop_block(Pool& pool, uint64_t id);
  // Gives idle blocks of at least so many bytes back, up to a sum; whether there was one.
  bool drop_idle(Pool& pool, uint64_t least, uint64_t bytes);

  std::shared_ptr<const Context> context_;
  BudgetQuestion budget_;
  std::vector<std::unique_ptr<Pool>> pools_;
  std::vector<Pool*> by_use_[3];   // in order of preference
  std::vector<int64_t> reserved_;  // by heap
  uint64_t next_id_ = 1;
};

inline const Block& block_of(const Storage& storage) { return *reinterpret_cast<const Block*>(storage.memory().handle); }

}  // namespace mlxc::vulkan
