#include "backend/vulkan/device_buffer.h"

#include <bit>

namespace mlxc::vulkan {

std::optional<DeviceBuffer> make_buffer(const Context& context, const BufferRequest& request) noexcept {
  const DeviceApi& api = context.api;
  DeviceBuffer made;
  VkBufferCreateInfo info{};
  info.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO;
  info.pNext = request.buffer_next;
  info.size = request.bytes;
  info.usage = request.usage;
  VkBuffer buffer = VK_NULL_HANDLE;
  if (api.vkCreateBuffer.attempt(context.device, &info, nullptr, &buffer) != Status::ok) return {};
  made.buffer = Owned<VkBuffer>(context, api.vkDestroyBuffer, buffer);
  VkMemoryRequirements needs{};
  api.vkGetBufferMemoryRequirements(context.device, buffer, &needs);
  const uint32_t possible = needs.memoryTypeBits & request.types;
  if (!possible || needs.size > request.most) return {};

  VkMemoryAllocateFlagsInfo flags{};
  flags.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO;
  flags.pNext = request.memory_next;
  flags.flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT;
  VkMemoryAllocateInfo allocate{};
  allocate.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO;
  allocate.pNext = &flags;
  allocate.allocationSize = needs.size;
  allocate.memoryTypeIndex = uint32_t(std::countr_zero(possible));
  VkDeviceMemory memory = VK_NULL_HANDLE;
  if (api.vkAllocateMemory.attempt(context.device, &allocate, nullptr, &memory) != Status::ok) return {};
  made.memory = Owned<VkDeviceMemory>(context, api.vkFreeMemory, memory);
  if (api.vkBindBufferMemory.attempt(context.device, buffer, memory, 0) != Status::ok) return {};
  VkBufferDeviceAddressInfo address{};
  address.sType = VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO;
  address.buffer = buffer;
  made.address = api.vkGetBufferDeviceAddress(context.device, &address);
  return made;
}

}  // namespace mlxc::vulkan
