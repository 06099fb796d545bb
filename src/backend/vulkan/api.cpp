#include "backend/vulkan/api.h"

#include <dlfcn.h>

#include <cstdlib>

#include "base/log.h"

namespace mlxc::vulkan {
namespace {

struct InjectedFault {
  std::atomic<bool> armed{false};
  std::mutex mutex;
  std::string function;
  int64_t left = 0;
  VkResult result = VK_SUCCESS;
  bool met = false;
} injected;

VkResult injected_result(const char* name) {
  if (!injected.armed.load(std::memory_order_relaxed)) return VK_SUCCESS;
  std::lock_guard lock(injected.mutex);
  if (injected.met || (!injected.function.empty() && injected.function != name) || injected.left-- > 0) return VK_SUCCESS;
  injected.met = true;
  return injected.result;
}

Status status_of(VkResult result) {
  switch (result) {
    case VK_ERROR_OUT_OF_HOST_MEMORY:
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
    case VK_ERROR_TOO_MANY_OBJECTS:
    case VK_ERROR_MEMORY_MAP_FAILED:
    case VK_ERROR_FRAGMENTATION: return Status::out_of_memory;
    case VK_ERROR_DEVICE_LOST: return Status::device_lost;
    case VK_ERROR_LAYER_NOT_PRESENT:
    case VK_ERROR_EXTENSION_NOT_PRESENT:
    case VK_ERROR_FEATURE_NOT_PRESENT:
    case VK_ERROR_INCOMPATIBLE_DRIVER:
    case VK_ERROR_INITIALIZATION_FAILED:
    case VK_ERROR_INVALID_EXTERNAL_HANDLE: return Status::unsupported;
    default: return result >= 0 ? Status::ok : Status::internal;
  }
}

}  // namespace

void inject_fault(std::string_view function, int64_t n, Fault fault) {
  std::lock_guard lock(injected.mutex);
  injected.function = function;
  injected.left = n;
  injected.met = false;
  injected.result = fault == Fault::device_lost            ? VK_ERROR_DEVICE_LOST
                    : fault == Fault::out_of_device_memory ? VK_ERROR_OUT_OF_DEVICE_MEMORY
                                                           : VK_ERROR_OUT_OF_HOST_MEMORY;
  injected.armed = true;
}

bool clear_fault() {
  std::lock_guard lock(injected.mutex);
  injected.armed = false;
  return injected.met;
}

const char* name_of(VkResult result) {
  switch (result) {
#define MLXC_NAME(value) \
  case value: return #value;
    MLXC_NAME(VK_SUCCESS)
    MLXC_NAME(VK_NOT_READY)
    MLXC_NAME(VK_TIMEOUT)
    MLXC_NAME(VK_INCOMPLETE)
    MLXC_NAME(VK_ERROR_OUT_OF_HOST_MEMORY)
    MLXC_NAME(VK_ERROR_OUT_OF_DEVICE_MEMORY)
    MLXC_NAME(VK_ERROR_INITIALIZATION_FAILED)
    MLXC_NAME(VK_ERROR_DEVICE_LOST)
    MLXC_NAME(VK_ERROR_MEMORY_MAP_FAILED)
    MLXC_NAME(VK_ERROR_LAYER_NOT_PRESENT)
    MLXC_NAME(VK_ERROR_EXTENSION_NOT_PRESENT)
    MLXC_NAME(VK_ERROR_FEATURE_NOT_PRESENT)
    MLXC_NAME(VK_ERROR_INCOMPATIBLE_DRIVER)
    MLXC_NAME(VK_ERROR_TOO_MANY_OBJECTS)
    MLXC_NAME(VK_ERROR_FRAGMENTATION)
    MLXC_NAME(VK_ERROR_INVALID_EXTERNAL_HANDLE)
    MLXC_NAME(VK_ERROR_UNKNOWN)
#undef MLXC_NAME
    default: return "an unknown VkResult";
  }
}

void Health::mark_lost(std::string_view reason) noexcept {
  std::lock_guard lock(mutex_);
  if (lost_.load(std::memory_order_relaxed)) return;
  try {
    reason_ = reason;
    const std::string report = report_ ? report_() : std::string();
    if (!report.empty()) reason_ += ": " + report;
  } catch (...) {  // no memory for the text: the fact is what counts
  }
  lost_.store(true, std::memory_order_release);
  log(LogLevel::error, "the Vulkan device is lost: ", reason_);
}

void Health::abandon(std::string_view reason) noexcept {
  abandoned_.store(true, std::memory_order_release);
  mark_lost(reason);
}

std::string Health::reason() const {
  std::lock_guard lock(mutex_);
  return reason_;
}

void Health::fail_lost(const char* function) const {
  throw Error(Status::device_lost,
              cat(function, ": the Vulkan device is lost (", reason(), "); free what lies on it and open the device again"),
              VK_ERROR_DEVICE_LOST);
}

void Health::fail_retired(const char* function) {
  throw Error(Status::device_lost, cat(function, ": the Vulkan device was lost; free what lies on it and open the device again"),
              VK_ERROR_DEVICE_LOST);
}

VkResult CheckedCall::before() const noexcept {
  if (health_ && health_->lost()) return VK_ERROR_DEVICE_LOST;
  return injected_result(name_);
}

Status CheckedCall::after(VkResult result) const noexcept {
  const Status status = status_of(result);
  if (status == Status::ok) return status;
  if (status != Status::device_lost || !health_) {
    // Memory that the driver cannot import is ordinary, and no news each time.
    log(result == VK_ERROR_INVALID_EXTERNAL_HANDLE ? LogLevel::debug : LogLevel::warning, name_, ": ", vulkan::name_of(result));
  } else if (!health_->lost()) {
    health_->mark_lost(name_);
  }
  return status;
}

void CheckedCall::raise(VkResult result) const {
  if (result == VK_ERROR_DEVICE_LOST && health_) health_->fail_lost(name_);
  throw Error(status_of(result), cat(name_, " failed with ", vulkan::name_of(result), " (", int(result), ")"), result);
}

PFN_vkVoidFunction Lookup::must_find(const char* name) const {
  const PFN_vkVoidFunction function = find(name);
  if (!function) fail(Status::unsupported, "the Vulkan driver has no function ", name);
  return function;
}

static PFN_vkGetInstanceProcAddr open_loader() {
  const char* chosen = std::getenv("MLXC_VULKAN_LOADER");
  const char* path = chosen && *chosen ? chosen : "libvulkan.so.1";
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char* reason = dlerror();
    fail(Status::unsupported, "the Vulkan loader cannot be opened: ", reason ? reason : path, "; install libvulkan1 and a driver");
  }
  auto get = reinterpret_cast<PFN_vkGetInstanceProcAddr>(dlsym(library, "vkGetInstanceProcAddr"));
  if (!get) fail(Status::unsupported, path, " is no Vulkan loader: it has no vkGetInstanceProcAddr");
  return get;
}

GlobalApi::GlobalApi() : get_(open_loader()) {
  if (!vkCreateInstance || !vkEnumerateInstanceVersion)
    fail(Status::unsupported, "the Vulkan loader is of version 1.0; at least 1.2 is needed");
}

}  // namespace mlxc::vulkan
