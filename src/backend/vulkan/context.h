// One open device: what pipelines, recorded commands and transfers need of it.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "array/storage.h"
#include "backend/vulkan/api.h"
#include "backend/vulkan/capabilities.h"
#include "backend/vulkan/queue.h"

namespace mlxc::vulkan {

class Instance;
struct PhysicalDevice;

// How a device is opened. The defaults of a process come from MLXC_VULKAN_DISABLE, _SUBGROUP, _SHARED and _IMPORT.
struct DeviceOptions {
  std::string disable;  // names of optional features, separated by commas (capabilities.h), and "unified": treat its memory as out of sight
  uint32_t subgroup = 0;      // what a pipeline gets by default, where the device lets one ask; 0 = its own choice
  uint32_t shared_bytes = 0;  // no more shared memory than this; 0 = what there is
  uint32_t import_bytes = 0;  // from here on transfers import the host's memory instead of staging it; 0 = where that is faster
  static DeviceOptions from_environment();
};

// Members are in the order in which they are made. Everything of this device is destroyed before its context; Vulkan objects are freed
// with or without a lost device, which is why no destructor throws.
class Context {
 public:
  // Throws Error(unsupported) when the driver refuses, and what its calls report.
  Context(std::shared_ptr<const Instance> instance, const PhysicalDevice& device, const DeviceOptions& options);
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // A name for messages of the validation layers and for debuggers.
  void label(VkObjectType type, uint64_t handle, const char* name) const;

 private:
  VkDevice create(const PhysicalDevice& device, const DeviceOptions& options);
  std::string fault_report() const;  // what the driver knows about the loss of the device, where it can tell
  struct Closer {
    const Context& context;
    ~Closer();
  };

 public:
  const std::shared_ptr<const Instance> instance;
  const InstanceApi& instance_api;
  const VkPhysicalDevice physical;
  VkPhysicalDeviceMemoryProperties memory_properties{};
  Capabilities caps;               // with what was switched off; features that are true here are enabled on the VkDevice
  uint32_t subgroup = 0;           // size to ask for in every pipeline that asks for none itself; 0 = do not ask
  size_t import_bytes = SIZE_MAX;  // transfers of so many bytes import the host's memory; SIZE_MAX: none does
  uint32_t family = 0;             // of the queue
  Health health;
  const VkDevice device;

 private:
  const Closer closer_{*this};  // before api, which may lack a function

 public:
  const DeviceApi api;
  Queue queue;
};

// A Vulkan object of a context that is destroyed with this. Owned<VkPipeline> pipeline(context, context.api.vkDestroyPipeline, handle);
template <class Handle>
class Owned {
 public:
  using Destroy = Call<void(VKAPI_PTR*)(VkDevice, Handle, const VkAllocationCallbacks*)>;
  Owned() = default;
  Owned(const Context& context, const Destroy& destroy, Handle handle) : context_(&context), destroy_(&destroy), handle_(handle) {}
  Owned(Owned&& from) noexcept : context_(from.context_), destroy_(from.destroy_), handle_(std::exchange(from.handle_, VK_NULL_HANDLE)) {}
  Owned& operator=(Owned&& from) noexcept {
    std::swap(context_, from.context_);
    std::swap(destroy_, from.destroy_);
    std::swap(handle_, from.handle_);
    return *this;
  }
  ~Owned() {
    if (handle_ && !context_->health.abandoned()) (*destroy_)(context_->device, handle_, nullptr);
  }
  Handle get() const { return handle_; }
  explicit operator bool() const { return handle_ != VK_NULL_HANDLE; }

 private:
  const Context* context_ = nullptr;
  const Destroy* destroy_ = nullptr;
  Handle handle_ = VK_NULL_HANDLE;
};

// Where a storage of this device lies, for transfer commands: vkCmdCopyBuffer and vkCmdFillBuffer name buffers, kernels use addresses.
struct BufferPlace {
  VkBuffer buffer;
  VkDeviceSize offset;
};
// storage: from the allocator of this context's device.
BufferPlace place_of(const Storage& storage, int64_t offset);

}  // namespace mlxc::vulkan
