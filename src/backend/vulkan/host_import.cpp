#include "backend/vulkan/host_import.h"

namespace mlxc::vulkan {
namespace {

constexpr auto kHandle = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT;
// Of memory that is not coherent the device would see what happened to be in caches.
constexpr VkMemoryPropertyFlags kWanted = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;

}  // namespace

std::optional<HostImport> import_host(const Context& context, const void* data, size_t bytes) noexcept {
  const DeviceApi& api = context.api;
  if (!context.caps.external_host || !api.vkGetMemoryHostPointerPropertiesEXT || !bytes) return {};
  // The driver pins whole pages, and the pages at both ends exist because bytes in them do.
  const uint64_t page = context.caps.import_alignment, begin = reinterpret_cast<uintptr_t>(data) / page * page;
  const uint64_t end = (reinterpret_cast<uintptr_t>(data) + bytes + page - 1) / page * page;
  void* const first = reinterpret_cast<void*>(begin);

  VkMemoryHostPointerPropertiesEXT properties{};
  properties.sType = VK_STRUCTURE_TYPE_MEMORY_HOST_POINTER_PROPERTIES_EXT;
  if (api.vkGetMemoryHostPointerPropertiesEXT.attempt(context.device, kHandle, first, &properties) != Status::ok) return {};
  HostImport import;
  VkExternalMemoryBufferCreateInfo external{};
  external.sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO;
  external.handleTypes = kHandle;
  VkBufferCreateInfo info{};
  info.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO;
  info.pNext = &external;
  info.size = end - begin;
  info.usage = kImportUsage;
  VkBuffer buffer = VK_NULL_HANDLE;
  if (api.vkCreateBuffer.attempt(context.device, &info, nullptr, &buffer) != Status::ok) return {};
  import.buffer = Owned<VkBuffer>(context, api.vkDestroyBuffer, buffer);
  VkMemoryRequirements needs{};
  api.vkGetBufferMemoryRequirements(context.device, buffer, &needs);
  if (needs.size > end - begin) return {};

  VkMemoryAllocateFlagsInfo flags{};
  flags.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO;
  flags.flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT;
  VkImportMemoryHostPointerInfoEXT host{};
  host.sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT;
  host.pNext = &flags;
  host.handleType = kHandle;
  host.pHostPointer = first;
  VkMemoryAllocateInfo allocate{};
  allocate.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO;
  allocate.pNext = &host;
  allocate.allocationSize = end - begin;
  const uint32_t possible = properties.memoryTypeBits & needs.memoryTypeBits;
  const VkPhysicalDeviceMemoryProperties& memory = context.memory_properties;
  while (allocate.memoryTypeIndex < memory.memoryTypeCount &&
         (!(possible >> allocate.memoryTypeIndex & 1) || (memory.memoryTypes[allocate.memoryTypeIndex].propertyFlags & kWanted) != kWanted))
    ++allocate.memoryTypeIndex;
  if (allocate.memoryTypeIndex == memory.memoryTypeCount) return {};
  VkDeviceMemory imported = VK_NULL_HANDLE;
  if (api.vkAllocateMemory.attempt(context.device, &allocate, nullptr, &imported) != Status::ok) return {};
  import.memory = Owned<VkDeviceMemory>(context, api.vkFreeMemory, imported);
  if (api.vkBindBufferMemory.attempt(context.device, buffer, imported, 0) != Status::ok) return {};
  VkBufferDeviceAddressInfo address{};
  address.sType = VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO;
  address.buffer = buffer;
  import.offset = reinterpret_cast<uintptr_t>(data) - begin;
  import.address = api.vkGetBufferDeviceAddress(context.device, &address) + import.offset;
  return import;
}

}  // namespace mlxc::vulkan
