#include "backend/vulkan/transfer.h"

#include <algorithm>
#include <cstring>

#include "backend/vulkan/memory.h"

namespace mlxc::vulkan {
namespace {

constexpr size_t kChunk = size_t{8} << 20, kImportChunk = size_t{32} << 20;
// Reading what the device holds for the host to write (write-combined memory) runs at a thousandth of the transfer's speed.
constexpr size_t kDirectRead = 4096;
constexpr size_t kKernelCopy = size_t{64} << 10;  // from here on the kernel is faster than the driver's copy

}  // namespace

Transfer::Transfer(std::shared_ptr<Context> context, std::shared_ptr<Allocator> allocator)
    : context_(std::move(context)), allocator_(std::move(allocator)) {}

void Transfer::guarded(const std::function<void()>& body) {
  std::lock_guard lock(mutex_);
  try {
    body();
  } catch (...) {
    context_->queue.settle();
    commands_ = {};  // a command buffer may be half recorded
    for (Slot& slot : slots_) {
      slot.submission = 0;
      slot.import.reset();
      slot.result = nullptr;
    }
    throw;
  }
}

void Transfer::prepare() {
  const Context& context = *context_;
  if (!commands_) {
    VkCommandPoolCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO;
    info.flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT | VK_COMMAND_POOL_CREATE_TRANSIENT_BIT;
    info.queueFamilyIndex = context.family;
    VkCommandPool pool = VK_NULL_HANDLE;
    context.api.vkCreateCommandPool(context.device, &info, nullptr, &pool);
    Owned<VkCommandPool> owned(context, context.api.vkDestroyCommandPool, pool);
    VkCommandBuffer commands[2];
    VkCommandBufferAllocateInfo allocate{};
    allocate.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO;
    allocate.commandPool = pool;
    allocate.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
    allocate.commandBufferCount = 2;
    context.api.vkAllocateCommandBuffers(context.device, &allocate, commands);
    for (int i = 0; i < 2; ++i) slots_[i].commands = commands[i];
    commands_ = std::move(owned);
  }
  for (Slot& slot : slots_)
    if (!slot.staging) slot.staging = allocator_->allocate(kChunk, MemoryUse::readback);
}

void Transfer::submit(Slot& slot, const std::function<void(VkCommandBuffer)>& record) {
  const DeviceApi& api = context_->api;
  wait(slot);
  VkCommandBufferBeginInfo info{};
  info.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO;
  info.flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT;
  api.vkBeginCommandBuffer(slot.commands, &info);
  barrier_before(api, slot.commands);
  record(slot.commands);
  barrier_after(api, slot.commands);
  api.vkEndCommandBuffer(slot.commands);
  slot.submission = context_->queue.submit({&slot.commands, 1});
}

void Transfer::wait(const Slot& slot) { context_->queue.wait(slot.submission); }

void Transfer::finish(Slot& slot) {
  wait(slot);
  slot.import.reset();
  if (slot.result) std::memcpy(std::exchange(slot.result, nullptr), slot.staging->data(), slot.result_bytes);
}

void Transfer::in_chunks(const void* host, size_t bytes, const Chunk& imported, const Chunk& staged) {
  prepare();
  bool import = bytes >= context_->import_bytes;
  int turn = 0;
  for (size_t done = 0; done < bytes; turn ^= 1) {
    Slot& slot = slots_[turn];
    finish(slot);
    size_t part = std::min(kImportChunk, bytes - done);
    if (import && (slot.import = import_host(*context_, static_cast<const std::byte*>(host) + done, part))) {
      ++imports_.made;
      imported(slot, done, part);
    } else {
      imports_.refused += import;
      import = false;
      part = std::min(kChunk, part);
      staged(slot, done, part);
    }
    done += part;
  }
  for (int i = 0; i < 2; ++i) finish(slots_[turn ^ i]);
}

Transfer::Imports Transfer::imports() const {
  std::lock_guard lock(mutex_);
  return imports_;
}

void Transfer::copy_between(Slot& slot, BufferPlace to, BufferPlace from, size_t bytes) {
  submit(slot, [&](VkCommandBuffer commands) {
    const VkBufferCopy region{from.offset, to.offset, bytes};
    context_->api.vkCmdCopyBuffer(commands, from.buffer, to.buffer, 1, &region);
  });
}

void Transfer::use_kernels(Pipelines& pipelines) {
  const Kernel kernel{.module = "copy_bytes", .constants = {}};
  std::vector<Pipelines::Result> made = pipelines.get({&kernel, 1});
  std::lock_guard lock(mutex_);
  copy_ = std::move(made[0].pipeline);
  layout_ = pipelines.layout();
}

// The kernel copies pieces of 16 bytes, aligned on both sides; what is left at the ends is copied by the driver.
void Transfer::copy_inside(BufferPlace to, BufferPlace from, uint64_t to_address, uint64_t from_address, size_t bytes) {
  if (!copy_ || bytes < kKernelCopy || (to_address - from_address) % 16) return copy_between(slots_[0], to, from, bytes);
  const size_t head = size_t(-to_address % 16), pieces = (bytes - head) / 16, tail = bytes - head - pieces * 16;
  struct Arguments {
    uint64_t from, to;
    uint32_t pieces;
  } arguments{from_address + head, to_address + head, 0};
  submit(slots_[0], [&](VkCommandBuffer commands) {
    const DeviceApi& api = context_->api;
    for (const auto& [offset, part] : {std::pair<size_t, size_t>{0, head}, {bytes - tail, tail}}) {
      const VkBufferCopy region{from.offset + offset, to.offset + offset, part};
      if (part) api.vkCmdCopyBuffer(commands, from.buffer, to.buffer, 1, &region);
    }
    api.vkCmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, copy_->get());
    constexpr size_t most = size_t{1} << 31;  // pieces of one dispatch
    for (size_t done = 0; done < pieces; done += most) {
      arguments.pieces = uint32_t(std::min(most, pieces - done));
      const uint32_t groups = (arguments.pieces + 255) / 256, x = std::min(groups, context_->caps.max_groups[0]);
      api.vkCmdPushConstants(commands, layout_, VK_SHADER_STAGE_COMPUTE_BIT, 0, 20, &arguments);
      api.vkCmdDispatch(commands, x, (groups + x - 1) / x, 1);
      arguments.from += uint64_t(arguments.pieces) * 16;
      arguments.to += uint64_t(arguments.pieces) * 16;
    }
  });
}

void Transfer::write(Storage& to, int64_t offset, const void* from, size_t bytes) {
  if (!bytes) return;
  if (context_->health.lost()) context_->health.fail_lost("write");
  if (to.data()) {
    std::memcpy(to.data() + offset, from, bytes);
    return;
  }
  guarded([&] {
    const auto to_device = [&](Slot& slot, BufferPlace place, size_t done, size_t part) {
      copy_between(slot, place_of(to, offset + int64_t(done)), place, part);
    };
    in_chunks(
        from, bytes,
        [&](Slot& slot, size_t done, size_t part) {
          to_device(slot, {slot.import->pages.buffer.get(), slot.import->offset}, done, part);
        },
        [&](Slot& slot, size_t done, size_t part) {
          std::memcpy(slot.staging->data(), static_cast<const std::byte*>(from) + done, part);
          to_device(slot, place_of(*slot.staging, 0), done, part);
        });
  });
}

void Transfer::read(const Storage& from, int64_t offset, void* to, size_t bytes) {
  if (!bytes) return;
  if (context_->health.lost()) context_->health.fail_lost("read");
  if (from.data() && (bytes <= kDirectRead || block_of(from).cached)) {
    std::memcpy(to, from.data() + offset, bytes);
    return;
  }
  guarded([&] {
    const auto to_host = [&](Slot& slot, BufferPlace place, size_t done, size_t part) {
      copy_between(slot, place, place_of(from, offset + int64_t(done)), part);
    };
    in_chunks(
        to, bytes,
        [&](Slot& slot, size_t done, size_t part) {
          to_host(slot, {slot.import->pages.buffer.get(), slot.import->offset}, done, part);
        },
        [&](Slot& slot, size_t done, size_t part) {
          to_host(slot, place_of(*slot.staging, 0), done, part);
          slot.result = static_cast<std::byte*>(to) + done;
          slot.result_bytes = part;
        });
  });
}

void Transfer::copy(Storage& to, int64_t to_offset, const Storage& from, int64_t from_offset, size_t bytes) {
  if (!bytes) return;
  if (context_->health.lost()) context_->health.fail_lost("copy");
  if (to.data() && from.data() && block_of(from).cached) {
    std::memcpy(to.data() + to_offset, from.data() + from_offset, bytes);
    return;
  }
  guarded([&] {
    prepare();
    copy_inside(place_of(to, to_offset), place_of(from, from_offset), to.memory().address + uint64_t(to_offset),
                from.memory().address + uint64_t(from_offset), bytes);
    wait(slots_[0]);
  });
}

void Transfer::clear(Storage& at, int64_t offset, size_t bytes) {
  if (!bytes) return;
  if (context_->health.lost()) context_->health.fail_lost("clear");
  if (at.data()) {
    std::memset(at.data() + offset, 0, bytes);
    return;
  }
  guarded([&] {
    prepare();
    Slot& slot = slots_[0];
    wait(slot);
    std::memset(slot.staging->data(), 0, 8);
    // vkCmdFillBuffer takes multiples of 4; what is left at both ends comes from the staging buffer.
    const BufferPlace start = place_of(at, offset), zeros = place_of(*slot.staging, 0);
    const VkDeviceSize end = start.offset + bytes;
    const VkDeviceSize middle = std::min<VkDeviceSize>((start.offset + 3) / 4 * 4, end), last = std::max<VkDeviceSize>(end / 4 * 4, middle);
    submit(slot, [&](VkCommandBuffer commands) {
      const DeviceApi& api = context_->api;
      if (last > middle) api.vkCmdFillBuffer(commands, start.buffer, middle, last - middle, 0);
      for (const auto& [from, to] : {std::pair{start.offset, middle}, std::pair{last, end}}) {
        const VkBufferCopy region{zeros.offset, from, to - from};
        if (region.size) api.vkCmdCopyBuffer(commands, zeros.buffer, start.buffer, 1, &region);
      }
    });
    wait(slot);
  });
}

}  // namespace mlxc::vulkan
