#include "backend/vulkan/instance.h"

#include <atomic>
#include <cstdlib>
#include <cstring>

#include "base/log.h"

namespace mlxc::vulkan {
namespace {

constexpr const char* kValidationLayer = "VK_LAYER_KHRONOS_validation";

std::atomic<int64_t> messages{0};

// What the layers say of themselves and of the loader: limits that GPU-assisted validation changes for its own use, and functions that the
// loader asks for. We ask for those of api.h only.
bool concerns_us(const char* id) {
  return !id || (std::strcmp(id, "WARNING-Setting-Limit-Adjusted") != 0 && std::strcmp(id, "WARNING-vkGetDeviceProcAddr-device") != 0);
}

VKAPI_ATTR VkBool32 VKAPI_CALL on_message(VkDebugUtilsMessageSeverityFlagBitsEXT, VkDebugUtilsMessageTypeFlagsEXT,
                                          const VkDebugUtilsMessengerCallbackDataEXT* data, void*) {
  const bool ours = !data || concerns_us(data->pMessageIdName);
  if (ours) messages.fetch_add(1, std::memory_order_relaxed);
  log(ours ? LogLevel::error : LogLevel::info, "Vulkan validation: ", data && data->pMessage ? data->pMessage : "(no text)");
  return VK_FALSE;
}

// The parts of the validation layer run apart from each other: together they hide each other's findings, and GPU-assisted validation
// asks for that.
struct Validation {
  bool wanted = false;
  std::vector<VkValidationFeatureEnableEXT> enable;
  std::vector<VkValidationFeatureDisableEXT> disable;
  VkValidationFeaturesEXT features{};

  Validation() {
    const char* lane = std::getenv("MLXC_VULKAN_VALIDATE");
    if (!lane || !*lane) return;
    const std::string_view name = lane;
    if (name == "sync") {
      enable = {VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT};
      disable = {VK_VALIDATION_FEATURE_DISABLE_CORE_CHECKS_EXT};
    } else if (name == "gpu") {
      enable = {VK_VALIDATION_FEATURE_ENABLE_GPU_ASSISTED_EXT, VK_VALIDATION_FEATURE_ENABLE_GPU_ASSISTED_RESERVE_BINDING_SLOT_EXT};
      disable = {VK_VALIDATION_FEATURE_DISABLE_CORE_CHECKS_EXT};
    } else if (name != "core") {
      fail(Status::invalid_argument, "MLXC_VULKAN_VALIDATE is \"", name, "\"; it can be core, sync or gpu");
    }
    wanted = true;
    features.sType = VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT;
    features.enabledValidationFeatureCount = uint32_t(enable.size());
    features.pEnabledValidationFeatures = enable.data();
    features.disabledValidationFeatureCount = uint32_t(disable.size());
    features.pDisabledValidationFeatures = disable.data();
  }
};

bool has_layer(const GlobalApi& api, const char* name) {
  uint32_t count = 0;
  std::vector<VkLayerProperties> layers;
  do {
    api.vkEnumerateInstanceLayerProperties(&count, nullptr);
    layers.resize(count);
  } while (!api.vkEnumerateInstanceLayerProperties(&count, layers.data()));
  layers.resize(count);
  for (const VkLayerProperties& layer : layers)
    if (!std::strcmp(layer.layerName, name)) return true;
  return false;
}

}  // namespace

int64_t validation_messages() { return messages.load(std::memory_order_relaxed); }

std::shared_ptr<const Instance> Instance::open() {
  std::shared_ptr<Instance> opened(new Instance);
  Instance& instance = *opened;
  Validation validation;
  std::vector<const char*> layers, extensions;
  if (validation.wanted) {
    if (!has_layer(instance.global_, kValidationLayer))
      fail(Status::unsupported, "MLXC_VULKAN_VALIDATE is set and there is no ", kValidationLayer, "; install vulkan-validationlayers");
    layers.push_back(kValidationLayer);
    extensions.push_back(VK_EXT_DEBUG_UTILS_EXTENSION_NAME);
    if (!validation.enable.empty()) extensions.push_back(VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME);
  }
  VkApplicationInfo application{};
  application.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO;
  application.pEngineName = "libmlxc";
  application.apiVersion = VK_API_VERSION_1_3;  // the newest that we use parts of; devices may be of 1.2
  VkInstanceCreateInfo info{};
  info.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO;
  info.pNext = validation.enable.empty() ? nullptr : &validation.features;
  info.pApplicationInfo = &application;
  info.enabledLayerCount = uint32_t(layers.size());
  info.ppEnabledLayerNames = layers.data();
  info.enabledExtensionCount = uint32_t(extensions.size());
  info.ppEnabledExtensionNames = extensions.data();
  try {
    instance.global_.vkCreateInstance(&info, nullptr, &instance.instance_);
  } catch (const Error& error) {
    if (error.native() != VK_ERROR_INCOMPATIBLE_DRIVER) throw;
    throw Error(error.status(),
                cat("the Vulkan loader knows no driver that works here (", error.what(), "); install the driver of the hardware"),
                error.native());
  }
  instance.api_ = std::make_unique<InstanceApi>(instance.global_, instance.instance_);
  const InstanceApi& api = *instance.api_;
  if (validation.wanted) {
    VkDebugUtilsMessengerCreateInfoEXT messenger{};
    messenger.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT;
    messenger.messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT;
    messenger.messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT;
    messenger.pfnUserCallback = on_message;
    api.vkCreateDebugUtilsMessengerEXT(instance.instance_, &messenger, nullptr, &instance.messenger_);
  }

  uint32_t count = 0;
  std::vector<VkPhysicalDevice> handles;
  do {
    api.vkEnumeratePhysicalDevices(instance.instance_, &count, nullptr);
    handles.resize(count);
  } while (!api.vkEnumeratePhysicalDevices(instance.instance_, &count, handles.data()));
  handles.resize(count);
  for (VkPhysicalDevice handle : handles) {
    try {
      instance.devices_.push_back(inspect_device(api, handle));
    } catch (const Error& error) {  // one driver that does not work leaves the others usable
      instance.devices_.push_back({.handle = handle, .caps = {}, .reason = error.what(), .memory = {}});
    }
  }
  return opened;
}

Instance::~Instance() {
  if (messenger_) api_->vkDestroyDebugUtilsMessengerEXT(instance_, messenger_, nullptr);
  // From the loader: api_ may be what could not be made.
  const auto destroy = instance_ ? reinterpret_cast<PFN_vkDestroyInstance>(global_.get_address()(instance_, "vkDestroyInstance")) : nullptr;
  if (destroy) destroy(instance_, nullptr);
}

std::shared_ptr<const Instance> Instance::process() {
  static std::mutex mutex;
  static auto* instance = new std::shared_ptr<const Instance>;  // never destroyed: arrays on its devices may outlive every static object
  std::lock_guard lock(mutex);
  if (!*instance) *instance = open();
  return *instance;
}

}  // namespace mlxc::vulkan
