// Memory that a caller owns as a buffer of the device (VK_EXT_external_memory_host): the device copies from it and to it by itself.
#pragma once

#include <optional>

#include "backend/vulkan/device_buffer.h"

namespace mlxc::vulkan {

// What buffers over such memory are used for: the driver says whether it imports for that (capabilities.cpp).
constexpr VkBufferUsageFlags kImportUsage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                                            VK_BUFFER_USAGE_TRANSFER_DST_BIT | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT;

// Lives as long as the device uses the memory, and no longer than the memory itself.
struct HostImport {
  DeviceBuffer pages;       // whole pages are imported
  VkDeviceSize offset = 0;  // of the first byte asked for, in them
};

// Nothing when the driver takes no such memory (many refuse mapped files) or no more of it (it is pinned): there is always the way
// through staging buffers. Only bytes that were asked for are ever touched. Throws nothing; a lost device is nothing, too.
std::optional<HostImport> import_host(const Context& context, const void* data, size_t bytes) noexcept;

}  // namespace mlxc::vulkan
