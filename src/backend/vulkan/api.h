// Vulkan's functions, and the one way in which they are called.
//
// A call that can fail is checked here and nowhere else: `api.vkCreateBuffer(device, &info, nullptr, &buffer)` throws an Error that names
// the function and the reason. The same place logs failures, remembers that a device is lost, and lets tests make a call fail. No other
// file sees a VkResult.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "backend/vulkan/vk.h"
#include "base/error.h"

namespace mlxc::vulkan {

// What all calls of one device share: whether it is lost. A lost device stays lost; its later calls fail at once, freeing still works.
class Health {
 public:
  bool lost() const { return lost_.load(std::memory_order_acquire); }
  // Whether the hardware may still be writing although nobody can wait for it: its memory must then not be given back, ever.
  bool abandoned() const { return abandoned_.load(std::memory_order_acquire); }
  void mark_lost(std::string_view reason) noexcept;  // the first reason is kept
  void abandon(std::string_view reason) noexcept;    // lost, and abandoned
  std::string reason() const;
  // More about a loss, asked for once when it happens; empty when nothing is known. Set it before the device is in use.
  void on_loss(std::function<std::string()> report) { report_ = std::move(report); }
  [[noreturn]] void fail_lost(const char* function) const;
  [[noreturn]] static void fail_retired(const char* function);  // of a lost device that has given everything back

 private:
  std::atomic<bool> lost_{false}, abandoned_{false};
  mutable std::mutex mutex_;
  std::string reason_;
  std::function<std::string()> report_;
};

// For tests: faults instead of calls. One at a time in a process.
enum class Fault { device_lost, out_of_device_memory, out_of_host_memory };
// The n-th call from now (0 = the next one) of `function` (empty: of any that can fail) is not made and reports the fault.
void inject_fault(std::string_view function, int64_t n, Fault fault);
// Whether the injected fault was met; none is injected any more.
bool clear_fault();

const char* name_of(VkResult result);

// What is the same for all functions that can fail.
class CheckedCall {
 public:
  CheckedCall(const char* name, Health* health) : name_(name), health_(health) {}
  const char* name() const { return name_; }

 protected:
  // VK_SUCCESS: make the call. Anything else stands for its result: a fault injected here, or the device is lost.
  VkResult before() const noexcept;
  Status after(VkResult result) const noexcept;  // logs, and remembers a loss
  [[noreturn]] void raise(VkResult result) const;

 private:
  const char* name_;
  Health* health_;
};

template <class Function>
class Call;

template <class... Arguments>
class Call<VkResult(VKAPI_PTR*)(Arguments...)> : public CheckedCall {
 public:
  using Function = VkResult(VKAPI_PTR*)(Arguments...);
  Call(PFN_vkVoidFunction function, const char* name, Health* health)
      : CheckedCall(name, health), function_(reinterpret_cast<Function>(function)) {}
  explicit operator bool() const { return function_; }

  // Throws Error on failure. False where the call worked but has more to give or needs more time: VK_INCOMPLETE, VK_TIMEOUT, VK_NOT_READY.
  bool operator()(Arguments... arguments) const {
    VkResult result = before();
    if (result == VK_SUCCESS) result = function_(arguments...);
    if (result == VK_SUCCESS) return true;
    if (after(result) != Status::ok) raise(result);
    return false;
  }
  // The same without throwing, for those who know what to do instead: ok (also for those three), out_of_memory, device_lost, ...
  Status attempt(Arguments... arguments) const noexcept {
    VkResult result = before();
    if (result == VK_SUCCESS) result = function_(arguments...);
    return result == VK_SUCCESS ? Status::ok : after(result);
  }
  // Past faults and loss, for the way out of a failure only. Whether the call worked.
  bool unchecked(Arguments... arguments) const noexcept { return function_(arguments...) == VK_SUCCESS; }

 private:
  Function function_;
};

// Functions that cannot fail. They work on a lost device too.
template <class Result, class... Arguments>
class Call<Result(VKAPI_PTR*)(Arguments...)> {
 public:
  using Function = Result(VKAPI_PTR*)(Arguments...);
  Call(PFN_vkVoidFunction function, const char*, Health*) : function_(reinterpret_cast<Function>(function)) {}
  explicit operator bool() const { return function_; }
  Result operator()(Arguments... arguments) const { return function_(arguments...); }

 private:
  Function function_;
};

// clang-format off
#define MLXC_VULKAN_GLOBAL_CALLS(X) \
  X(vkCreateInstance) X(vkEnumerateInstanceVersion) X(vkEnumerateInstanceLayerProperties) X(vkEnumerateInstanceExtensionProperties)
#define MLXC_VULKAN_INSTANCE_CALLS(X) \
  X(vkEnumeratePhysicalDevices) X(vkGetPhysicalDeviceProperties2) X(vkGetPhysicalDeviceFeatures2) \
  X(vkGetPhysicalDeviceMemoryProperties2) X(vkGetPhysicalDeviceQueueFamilyProperties) X(vkEnumerateDeviceExtensionProperties) \
  X(vkGetPhysicalDeviceExternalBufferProperties) X(vkCreateDevice) X(vkGetDeviceProcAddr)
#define MLXC_VULKAN_INSTANCE_OPTIONAL_CALLS(X) X(vkCreateDebugUtilsMessengerEXT) X(vkDestroyDebugUtilsMessengerEXT)
#define MLXC_VULKAN_DEVICE_CALLS(X) \
  X(vkGetDeviceQueue) X(vkQueueSubmit) X(vkDeviceWaitIdle) \
  X(vkAllocateMemory) X(vkFreeMemory) X(vkMapMemory) X(vkCreateBuffer) X(vkDestroyBuffer) X(vkGetBufferMemoryRequirements) \
  X(vkBindBufferMemory) X(vkGetBufferDeviceAddress) \
  X(vkCreateSemaphore) X(vkDestroySemaphore) X(vkGetSemaphoreCounterValue) X(vkWaitSemaphores) \
  X(vkCreateCommandPool) X(vkDestroyCommandPool) X(vkResetCommandPool) X(vkAllocateCommandBuffers) X(vkFreeCommandBuffers) \
  X(vkBeginCommandBuffer) X(vkEndCommandBuffer) X(vkResetCommandBuffer) \
  X(vkCmdBindPipeline) X(vkCmdPushConstants) X(vkCmdDispatch) X(vkCmdPipelineBarrier) X(vkCmdCopyBuffer) X(vkCmdFillBuffer) \
  X(vkCmdUpdateBuffer) X(vkCmdWriteTimestamp) X(vkCmdResetQueryPool) \
  X(vkCreateQueryPool) X(vkDestroyQueryPool) X(vkGetQueryPoolResults) \
  X(vkCreateShaderModule) X(vkDestroyShaderModule) X(vkCreatePipelineLayout) X(vkDestroyPipelineLayout) \
  X(vkCreateComputePipelines) X(vkDestroyPipeline) \
  X(vkCreatePipelineCache) X(vkDestroyPipelineCache) X(vkGetPipelineCacheData) X(vkMergePipelineCaches)
#define MLXC_VULKAN_DEVICE_OPTIONAL_CALLS(X) X(vkGetDeviceFaultInfoEXT) X(vkSetDebugUtilsObjectNameEXT) X(vkGetMemoryHostPointerPropertiesEXT)
// clang-format on

// Finds functions by name for the tables below.
struct Lookup {
  std::function<PFN_vkVoidFunction(const char*)> find;
  Health* health = nullptr;
  PFN_vkVoidFunction must_find(const char* name) const;  // throws Error(unsupported) where a driver lacks what its version promises
};
#define MLXC_VULKAN_MEMBER(name) Call<PFN_##name> name{lookup_.must_find(#name), #name, lookup_.health};
#define MLXC_VULKAN_OPTIONAL_MEMBER(name) Call<PFN_##name> name{lookup_.find(#name), #name, lookup_.health};

// The loader, opened by dlopen: $MLXC_VULKAN_LOADER, else libvulkan.so.1. It is never closed: drivers leave threads behind.
class GlobalApi {
  PFN_vkGetInstanceProcAddr get_;
  Lookup lookup_{[this](const char* name) { return get_(nullptr, name); }};

 public:
  GlobalApi();  // throws Error(unsupported) saying what is missing
  GlobalApi(const GlobalApi&) = delete;
  GlobalApi& operator=(const GlobalApi&) = delete;
  PFN_vkGetInstanceProcAddr get_address() const { return get_; }
  MLXC_VULKAN_GLOBAL_CALLS(MLXC_VULKAN_OPTIONAL_MEMBER)
};

class InstanceApi {
  Lookup lookup_;

 public:
  InstanceApi(const GlobalApi& global, VkInstance instance)
      : lookup_{[=, get = global.get_address()](const char* name) { return get(instance, name); }} {}
  InstanceApi(const InstanceApi&) = delete;
  InstanceApi& operator=(const InstanceApi&) = delete;
  MLXC_VULKAN_INSTANCE_CALLS(MLXC_VULKAN_MEMBER)
  // Of extensions: null without them.
  MLXC_VULKAN_INSTANCE_OPTIONAL_CALLS(MLXC_VULKAN_OPTIONAL_MEMBER)
  Call<GetCooperativeMatrixProperties> get_cooperative_matrix_properties{lookup_.find("vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR"),
                                                                         "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR", nullptr};
};

class DeviceApi {
  Lookup lookup_;

 public:
  DeviceApi(const InstanceApi& instance, VkDevice device, Health* health)
      : lookup_{[&instance, device](const char* name) { return instance.vkGetDeviceProcAddr(device, name); }, health} {}
  DeviceApi(const DeviceApi&) = delete;
  DeviceApi& operator=(const DeviceApi&) = delete;
  MLXC_VULKAN_DEVICE_CALLS(MLXC_VULKAN_MEMBER)
  // Of extensions: null without them.
  MLXC_VULKAN_DEVICE_OPTIONAL_CALLS(MLXC_VULKAN_OPTIONAL_MEMBER)
};
#undef MLXC_VULKAN_MEMBER
#undef MLXC_VULKAN_OPTIONAL_MEMBER

}  // namespace mlxc::vulkan
