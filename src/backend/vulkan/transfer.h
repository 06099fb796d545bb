// Bytes between the host and the device, and inside the device. Every call returns when it is done.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "array/storage.h"
#include "backend/vulkan/context.h"
#include "backend/vulkan/host_import.h"
#include "backend/vulkan/pipelines.h"

namespace mlxc::vulkan {

// Memory that the host sees is copied by it. The rest goes in chunks through two staging buffers, so that the host copies one chunk while
// the device transfers another; or, from Context::import_bytes on, straight from and to the caller's memory, of which one chunk is imported
// while another is transferred. Threads: any, one at a time.
class Transfer {
 public:
  Transfer(std::shared_ptr<Context> context, std::shared_ptr<Allocator> allocator);

  void write(Storage& to, int64_t offset, const void* from, size_t bytes);
  void read(const Storage& from, int64_t offset, void* to, size_t bytes);
  void copy(Storage& to, int64_t to_offset, const Storage& from, int64_t from_offset, size_t bytes);
  void clear(Storage& at, int64_t offset, size_t bytes);
  // From here on large copies inside the device are made by a kernel.
  void use_kernels(Pipelines& pipelines);

  // Chunks that went without staging, and those that the driver did not import. For tests and measurements.
  struct Imports {
    int64_t made = 0, refused = 0;
  };
  Imports imports() const;

 private:
  struct Slot {
    StoragePtr staging;
    VkCommandBuffer commands = VK_NULL_HANDLE;
    uint64_t submission = 0;
    std::optional<HostImport> import;  // what the submission uses
    std::byte* result = nullptr;       // where what was staged goes when the submission is done
    size_t result_bytes = 0;
  };
  // Starts the transfer of a chunk, `done` bytes from the start.
  using Chunk = std::function<void(Slot& slot, size_t done, size_t bytes)>;
  void in_chunks(const void* host, size_t bytes, const Chunk& imported, const Chunk& staged);
  void finish(Slot& slot);
  void prepare();
  void submit(Slot& slot, const std::function<void(VkCommandBuffer)>& record);
  void wait(const Slot& slot);
  void copy_between(Slot& slot, BufferPlace to, BufferPlace from, size_t bytes);
  void copy_inside(BufferPlace to, BufferPlace from, uint64_t to_address, uint64_t from_address, size_t bytes);
  // Runs `body` under the lock; when it fails, what is under way ends before its memory may go.
  void guarded(const std::function<void()>& body);

  const std::shared_ptr<Context> context_;
  const std::shared_ptr<Allocator> allocator_;
  mutable std::mutex mutex_;
  Imports imports_;
  Owned<VkCommandPool> commands_;
  Slot slots_[2];
  std::shared_ptr<const Owned<VkPipeline>> copy_;  // null: vkCmdCopyBuffer
  VkPipelineLayout layout_ = VK_NULL_HANDLE;
};

}  // namespace mlxc::vulkan
