// Vulkan in this process, and the devices it shows.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backend/vulkan/api.h"
#include "backend/vulkan/capabilities.h"

namespace mlxc::vulkan {

struct PhysicalDevice {
  VkPhysicalDevice handle = VK_NULL_HANDLE;
  Capabilities caps;   // everything the device could do
  std::string reason;  // why it is not usable; empty when it is
  uint32_t queue_family = 0;
  VkPhysicalDeviceMemoryProperties memory{};
};

class Instance {
 public:
  // Opens loader and drivers. Throws Error(unsupported) with the reason where there are none.
  // MLXC_VULKAN_VALIDATE=core, sync or gpu asks for that part of VK_LAYER_KHRONOS_validation.
  static std::shared_ptr<const Instance> open();
  // The one of this process, opened at first use; it stays.
  static std::shared_ptr<const Instance> process();
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  const InstanceApi& api() const { return *api_; }
  const std::vector<PhysicalDevice>& devices() const { return devices_; }
  bool validates() const { return messenger_ != VK_NULL_HANDLE; }

 private:
  Instance() = default;

  GlobalApi global_;
  VkInstance instance_ = VK_NULL_HANDLE;
  std::unique_ptr<InstanceApi> api_;
  VkDebugUtilsMessengerEXT messenger_ = VK_NULL_HANDLE;
  std::vector<PhysicalDevice> devices_;
};

// Messages of the validation layers since the process started. Each is in the log as an error.
int64_t validation_messages();

// The next five are in capabilities.cpp. chain: structures that the driver fills, too, or null.
VkPhysicalDeviceProperties properties_of(const InstanceApi& api, VkPhysicalDevice device, void* chain = nullptr);
// What a device can do and, in `reason`, what of the floor it lacks.
PhysicalDevice inspect_device(const InstanceApi& api, VkPhysicalDevice device);
// The features and extensions that caps ask for, as vkCreateDevice takes them.
VkDevice create_device(const InstanceApi& api, const PhysicalDevice& device, const Capabilities& caps);
// Switches off what `names` lists, separated by commas. Throws Error(invalid_argument) for a name that is none.
void disable_features(Capabilities& caps, std::string_view names);
// The hardware, its driver, and what of both is used.
std::string summary(const Capabilities& caps);

}  // namespace mlxc::vulkan
