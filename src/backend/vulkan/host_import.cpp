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
  VkExternalMemoryBufferCreateInfo external{};
  external.sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO;
  external.handleTypes = kHandle;
  VkImportMemoryHostPointerInfoEXT host{};
  host.sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT;
  host.handleType = kHandle;
  host.pHostPointer = first;
  uint32_t types = properties.memoryTypeBits;
  for (uint32_t i = 0; i < context.memory_properties.memoryTypeCount; ++i)
    if ((context.memory_properties.memoryTypes[i].propertyFlags & kWanted) != kWanted) types &= ~(1u << i);
  std::optional<DeviceBuffer> pages = make_buffer(
      context,
      {.bytes = end - begin, .usage = kImportUsage, .types = types, .most = end - begin, .buffer_next = &external, .memory_next = &host});
  if (!pages) return {};
  return HostImport{std::move(*pages), reinterpret_cast<uintptr_t>(data) - begin};
}

}  // namespace mlxc::vulkan
