// Bytes between the host and the device, and inside the device. Every call returns when it is done.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "array/storage.h"
#include "backend/vulkan/context.h"
#include "backend/vulkan/pipelines.h"

namespace mlxc::vulkan {

// Memory that the host sees is copied by it. The rest goes in chunks through two staging buffers, so that the host copies one chunk while
// the device transfers another. Threads: any, one at a time.
class Transfer {
 public:
  Transfer(std::shared_ptr<Context> context, std::shared_ptr<Allocator> allocator);

  void write(Storage& to, int64_t offset, const void* from, size_t bytes);
  void read(const Storage& from, int64_t offset, void* to, size_t bytes);
  void copy(Storage& to, int64_t to_offset, const Storage& from, int64_t from_offset, size_t bytes);
  void clear(Storage& at, int64_t offset, size_t bytes);
  // From here on large copies inside the device are made by a kernel.
  void use_kernels(Pipelines& pipelines);
  // Gives the staging buffers back; the next call that needs them makes them again.
  void trim();

 private:
  struct Slot {
    StoragePtr staging;
    VkCommandBuffer commands = VK_NULL_HANDLE;
    uint64_t submission = 0;
  };
  void prepare();
  void submit(Slot& slot, const std::function<void(VkCommandBuffer)>& record);
  void wait(const Slot& slot);
  void copy_between(Slot& slot, BufferPlace to, BufferPlace from, size_t bytes);
  void copy_inside(BufferPlace to, BufferPlace from, uint64_t to_address, uint64_t from_address, size_t bytes);
  // Runs `body` under the lock; when it fails, what is under way ends before its memory may go.
  void guarded(const std::function<void()>& body);

  const std::shared_ptr<Context> context_;
  const std::shared_ptr<Allocator> allocator_;
  std::mutex mutex_;
  Owned<VkCommandPool> commands_;
  Slot slots_[2];
  std::shared_ptr<const Owned<VkPipeline>> copy_;  // null: vkCmdCopyBuffer
  VkPipelineLayout layout_ = VK_NULL_HANDLE;
};

}  // namespace mlxc::vulkan
