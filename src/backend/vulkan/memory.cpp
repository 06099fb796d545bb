#include "backend/vulkan/memory.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace mlxc::vulkan {
namespace {

constexpr uint64_t kAlignment = 256;
constexpr uint64_t kMiB = 1 << 20;
// vkAllocateMemory takes milliseconds, so blocks are large and grow with what is used.
constexpr uint64_t kFirstBlock = 64 * kMiB, kFirstHostBlock = 32 * kMiB, kLargestBlock = 256 * kMiB;
constexpr uint64_t kOwnBlock = kLargestBlock / 2;  // from here on a request has a block of its own

constexpr VkMemoryPropertyFlags kHost = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
constexpr VkBufferUsageFlags kUsage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                                      VK_BUFFER_USAGE_TRANSFER_DST_BIT | VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT |
                                      VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT;
// Memory for special purposes.
constexpr VkMemoryPropertyFlags kStrange = VK_MEMORY_PROPERTY_LAZILY_ALLOCATED_BIT | VK_MEMORY_PROPERTY_PROTECTED_BIT |
                                           VK_MEMORY_PROPERTY_DEVICE_COHERENT_BIT_AMD | VK_MEMORY_PROPERTY_DEVICE_UNCACHED_BIT_AMD;

uint64_t round_up(uint64_t bytes, uint64_t step) { return (bytes + step - 1) / step * step; }

}  // namespace

HeapBudget heap_budget(const InstanceApi& api, VkPhysicalDevice device, const VkPhysicalDeviceMemoryProperties& memory, bool extension,
                       uint32_t heap) {
  if (!extension) return {int64_t(memory.memoryHeaps[heap].size / 10 * 8), 0};
  VkPhysicalDeviceMemoryBudgetPropertiesEXT budget{};
  budget.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT;
  VkPhysicalDeviceMemoryProperties2 properties{};
  properties.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2;
  properties.pNext = &budget;
  api.vkGetPhysicalDeviceMemoryProperties2(device, &properties);
  return {int64_t(budget.heapBudget[heap]), int64_t(budget.heapUsage[heap])};
}

BudgetQuestion driver_budget(std::shared_ptr<const Context> context) {
  return [context = std::move(context)](uint32_t heap, int64_t ours) {
    HeapBudget found = heap_budget(context->instance_api, context->physical, context->memory_properties, context->caps.memory_budget, heap);
    if (!context->caps.memory_budget) found.usage = ours;
    return found;
  };
}

VulkanMemorySource::VulkanMemorySource(std::shared_ptr<const Context> context, BudgetQuestion budget)
    : context_(std::move(context)), budget_(std::move(budget)), reserved_(context_->memory_properties.memoryHeapCount) {
  choose_pools();
}

VulkanMemorySource::~VulkanMemorySource() = default;

// What kernels use most lies where they are fastest; what the host writes or reads, where it can. On a device that shares the host's memory
// the host sees everything.
void VulkanMemorySource::choose_pools() {
  const bool unified = context_->caps.unified;
  auto add = [&](MemoryUse use, VkMemoryPropertyFlags wanted, VkMemoryPropertyFlags unwanted, bool mapped) {
    for (uint32_t type = 0; type < context_->memory_properties.memoryTypeCount; ++type) {
      const VkMemoryPropertyFlags flags = context_->memory_properties.memoryTypes[type].propertyFlags;
      if ((flags & wanted) != wanted || (flags & (unwanted | kStrange))) continue;
      Pool* pool = pool_for(type, mapped, use == MemoryUse::device ? kFirstBlock : kFirstHostBlock);
      auto& list = by_use_[size_t(use)];
      if (std::find(list.begin(), list.end(), pool) == list.end()) list.push_back(pool);
    }
  };
  constexpr VkMemoryPropertyFlags local = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, cached = VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
  if (unified) {
    for (MemoryUse use : {MemoryUse::device, MemoryUse::upload, MemoryUse::readback}) {
      add(use, local | kHost | cached, 0, true);
      add(use, kHost | cached, 0, true);
    }
    return;
  }
  add(MemoryUse::device, local, VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT, false);
  add(MemoryUse::device, local, 0, false);
  add(MemoryUse::upload, local | kHost, 0, true);
  add(MemoryUse::upload, kHost, 0, true);
  add(MemoryUse::readback, kHost | cached, 0, true);
  add(MemoryUse::readback, kHost, 0, true);
}

VulkanMemorySource::Pool* VulkanMemorySource::pool_for(uint32_t type, bool mapped, uint64_t first_block) {
  for (const auto& pool : pools_)
    if (pool->type == type && pool->mapped == mapped) return pool.get();
  const VkMemoryType& memory = context_->memory_properties.memoryTypes[type];
  const bool cached = mapped && (memory.propertyFlags & VK_MEMORY_PROPERTY_HOST_CACHED_BIT);
  // A small heap, as the window of 256 MiB into a GPU's memory, is not taken by one block.
  first_block = std::min<uint64_t>(
      first_block, std::max<uint64_t>(kMiB, round_up(context_->memory_properties.memoryHeaps[memory.heapIndex].size / 32, kMiB)));
  pools_.push_back(
      std::make_unique<Pool>(Pool{pools_.size(), type, memory.heapIndex, mapped, cached, first_block, Suballocator(kAlignment), {}}));
  return pools_.back().get();
}

Memory VulkanMemorySource::allocate(size_t bytes, MemoryUse use, bool may_grow) {
  if (!context_) Health::fail_retired("allocate");
  if (context_->health.lost()) context_->health.fail_lost("allocate");
  try {
    const auto& pools = by_use_[size_t(use)];
    for (Pool* pool : pools)
      if (Memory memory = take(*pool, bytes)) return memory;
    if (!may_grow) return {};
    // Idle blocks that are too small for a large request would only stay beside the new one, which serves what they did.
    if (bytes >= kOwnBlock && !pools.empty()) drop_idle(*pools.front(), kOwnBlock, bytes);
    for (bool again = true; again;) {
      for (Pool* pool : pools)
        if (grow(*pool, bytes)) return take(*pool, bytes);
      again = false;
      for (const auto& pool : pools_) again |= drop_idle(*pool, 0, UINT64_MAX);
    }
    if (context_->health.lost()) context_->health.fail_lost("vkAllocateMemory");
  } catch (const std::bad_alloc&) {  // no host memory for the bookkeeping is no memory
  }
  return {};
}

Memory VulkanMemorySource::take(Pool& pool, uint64_t bytes) {
  const auto piece = pool.pieces.take(bytes);
  if (!piece) return {};
  Block& block = *pool.blocks.at(piece->region);
  if (!block.taken) counts_.idle -= int64_t(block.bytes);
  block.taken += bytes;
  const uint64_t offset = piece->offset + (round_up(block.buffer.address, kAlignment) - block.buffer.address);
  return {block.host ? block.host + offset : nullptr, block.buffer.address + offset, reinterpret_cast<uint64_t>(&block)};
}

void VulkanMemorySource::release(const Memory& memory, size_t bytes) noexcept {
  Block& block = *reinterpret_cast<Block*>(memory.handle);
  try {
    pools_[block.pool]->pieces.give({block.id, memory.address - round_up(block.buffer.address, kAlignment)}, bytes);
  } catch (const std::exception&) {  // no host memory: the piece stays taken
    return;
  }
  block.taken -= bytes;
  if (!block.taken) counts_.idle += int64_t(block.bytes);
}

bool VulkanMemorySource::grow(Pool& pool, uint64_t bytes) {
  const uint64_t least = round_up(bytes + kAlignment, kMiB);
  uint64_t size = bytes >= kOwnBlock ? least : std::max(pool.next_block, least);
  if (const uint64_t most = context_->caps.max_buffer; size > most) {
    if (least > most) {
      log(LogLevel::warning, "a Vulkan memory block of ", least, " bytes is larger than a buffer of ", context_->caps.name, " can be, ",
          most, " bytes");
      return false;
    }
    size = least;
  }
  const HeapBudget heap = budget_(pool.heap, reserved_[pool.heap]);
  const uint64_t left = uint64_t(std::max<int64_t>(0, heap.budget - heap.usage));  // both are estimates: less than nothing is possible
  size = std::min(size, std::max(least, left / kMiB * kMiB));
  if (size > left) {
    log(LogLevel::info, "a Vulkan memory block of ", size, " bytes is over the budget: ", heap.usage, " of ", heap.budget,
        " bytes of heap ", pool.heap, " are in use");
    return false;
  }
  std::unique_ptr<Block> block;
  while (!(block = new_block(pool, size))) {
    if (size == least || context_->health.lost()) return false;
    size = std::max(least, round_up(size / 2, kMiB));
  }
  block->pool = pool.index;
  const uint64_t id = block->id = next_id_++;
  const uint64_t usable = (block->bytes - (round_up(block->buffer.address, kAlignment) - block->buffer.address)) / kAlignment * kAlignment;
  const int64_t reserved = int64_t(block->bytes);
  pool.blocks.emplace(id, std::move(block));
  pool.pieces.add_region(id, usable);
  reserved_[pool.heap] += reserved;
  counts_.reserved += reserved;
  counts_.idle += reserved;
  ++counts_.made;
  if (bytes < kOwnBlock) pool.next_block = std::min(pool.next_block * 2, kLargestBlock);
  return true;
}

std::unique_ptr<Block> VulkanMemorySource::new_block(const Pool& pool, uint64_t bytes) const {
  const Context& context = *context_;
  std::optional<DeviceBuffer> buffer = make_buffer(context, {.bytes = bytes, .usage = kUsage, .types = 1u << pool.type});
  if (!buffer) return nullptr;
  auto block = std::make_unique<Block>();
  block->context = context_;
  block->buffer = std::move(*buffer);
  if (pool.mapped) {
    void* host = nullptr;
    if (context.api.vkMapMemory.attempt(context.device, block->buffer.memory.get(), 0, VK_WHOLE_SIZE, 0, &host) != Status::ok)
      return nullptr;
    block->host = static_cast<std::byte*>(host);
    block->cached = pool.cached;
  }
  block->bytes = bytes;
  log(LogLevel::debug, "a Vulkan memory block of ", bytes, " bytes of type ", pool.type, pool.mapped ? ", mapped" : "");
  return block;
}

void VulkanMemorySource::drop_block(Pool& pool, uint64_t id) {
  const auto block = pool.blocks.find(id);
  const auto bytes = int64_t(block->second->bytes);
  reserved_[pool.heap] -= bytes;
  counts_.reserved -= bytes;
  counts_.idle -= bytes;
  pool.pieces.remove_region(id);
  pool.blocks.erase(block);
}

bool VulkanMemorySource::drop_idle(Pool& pool, uint64_t least, uint64_t bytes) {
  uint64_t dropped = 0;
  for (auto next = pool.blocks.begin(); next != pool.blocks.end() && dropped < bytes;) {
    const Block& block = *(next++)->second;
    if (block.taken || block.bytes < least) continue;
    dropped += block.bytes;
    drop_block(pool, block.id);
  }
  return dropped > 0;
}

void VulkanMemorySource::trim(size_t keep) noexcept {
  for (const auto& pool : pools_)
    if (size_t(counts_.idle) > keep) drop_idle(*pool, 0, size_t(counts_.idle) - keep);
  if (!keep && context_ && context_->health.lost()) {
    budget_ = nullptr;
    context_.reset();
  }
}

int64_t VulkanMemorySource::blocks() const {
  int64_t blocks = 0;
  for (const auto& pool : pools_) blocks += int64_t(pool->blocks.size());
  return blocks;
}

int64_t VulkanMemorySource::taken() const {
  int64_t taken = 0;
  for (const auto& pool : pools_) taken += int64_t(pool->pieces.taken());
  return taken;
}

BufferPlace place_of(const Storage& storage, int64_t offset) {
  if (!storage.writable() || !storage.memory().handle) fail(Status::internal, "a Vulkan device was given memory that is not its own");
  const Block& block = block_of(storage);
  return {block.buffer.buffer.get(), storage.memory().address - block.buffer.address + uint64_t(offset)};
}

}  // namespace mlxc::vulkan
