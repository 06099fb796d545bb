// A buffer with device memory of its own and an address for kernels: blocks of the allocator, imported memory of the host.
#pragma once

#include <optional>

#include "backend/vulkan/context.h"

namespace mlxc::vulkan {

struct DeviceBuffer {
  Owned<VkDeviceMemory> memory;
  Owned<VkBuffer> buffer;
  uint64_t address = 0;  // of its first byte
};

struct BufferRequest {
  VkDeviceSize bytes;
  VkBufferUsageFlags usage;           // with SHADER_DEVICE_ADDRESS
  uint32_t types;                     // one bit a memory type: the first of them that the buffer may lie in is taken
  VkDeviceSize most = UINT64_MAX;     // bytes of memory
  const void* buffer_next = nullptr;  // behind VkBufferCreateInfo
  const void* memory_next = nullptr;  // behind VkMemoryAllocateInfo
};

// Nothing when no such memory is possible or the driver refuses; throws nothing, a lost device is nothing, too.
std::optional<DeviceBuffer> make_buffer(const Context& context, const BufferRequest& request) noexcept;

}  // namespace mlxc::vulkan
