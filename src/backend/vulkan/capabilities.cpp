// What a device can do: asked of the driver, compared with the floor, and asked for again when the device is opened.
#include "backend/vulkan/capabilities.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "backend/vulkan/host_import.h"
#include "backend/vulkan/instance.h"

namespace mlxc::vulkan {
namespace {

// Every feature structure that we look at, chained as far as the device knows them.
struct Features {
  VkPhysicalDeviceFeatures2 core{};
  VkPhysicalDeviceVulkan11Features v11{};
  VkPhysicalDeviceVulkan12Features v12{};
  VkPhysicalDeviceSubgroupSizeControlFeatures subgroup_size{};
  VkPhysicalDeviceShaderIntegerDotProductFeatures integer_dot{};
  VkPhysicalDeviceMaintenance4Features maintenance4{};
  VkPhysicalDeviceFaultFeaturesEXT fault{};
  CooperativeMatrixFeatures cooperative_matrix{};
  Bfloat16Features bfloat16{};

  Features() {
    core.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2;
    v11.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES;
    v12.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES;
    subgroup_size.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES;
    integer_dot.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_FEATURES;
    maintenance4.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_4_FEATURES;
    fault.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FAULT_FEATURES_EXT;
  }
  Features(const Features&) = delete;
  Features& operator=(const Features&) = delete;

  template <class Structure>
  void chain(Structure& next) {
    *tail_ = &next;
    tail_ = reinterpret_cast<void**>(reinterpret_cast<std::byte*>(&next) + offsetof(VkBaseOutStructure, pNext));
  }

 private:
  void** tail_ = &core.pNext;
};

using Names = std::set<std::string, std::less<>>;

Names extensions_of(const InstanceApi& api, VkPhysicalDevice device) {
  std::vector<VkExtensionProperties> list;
  uint32_t count = 0;
  do {
    api.vkEnumerateDeviceExtensionProperties(device, nullptr, &count, nullptr);
    list.resize(count);
  } while (!api.vkEnumerateDeviceExtensionProperties(device, nullptr, &count, list.data()));
  list.resize(count);
  Names names;
  for (const VkExtensionProperties& extension : list) names.insert(extension.extensionName);
  return names;
}

// A part of core from 1.3 on, an extension before. The name to enable, if one has to be.
struct Promoted {
  bool there = false;
  const char* extension = nullptr;
};
Promoted promoted(uint32_t api_version, const Names& extensions, const char* name) {
  if (api_version >= VK_API_VERSION_1_3) return {true, nullptr};
  return {extensions.contains(name), name};
}

struct Available {
  Promoted subgroup_size, integer_dot, maintenance4;
  bool cooperative_matrix, bfloat16, fault;
  Available(uint32_t api_version, const Names& extensions)
      : subgroup_size(promoted(api_version, extensions, VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME)),
        integer_dot(promoted(api_version, extensions, VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME)),
        maintenance4(promoted(api_version, extensions, VK_KHR_MAINTENANCE_4_EXTENSION_NAME)),
        cooperative_matrix(extensions.contains(kCooperativeMatrixExtension)),
        bfloat16(extensions.contains(kBfloat16Extension)),
        fault(extensions.contains(VK_EXT_DEVICE_FAULT_EXTENSION_NAME)) {}
};

void ask_features(const InstanceApi& api, VkPhysicalDevice device, const Available& available, Features& features) {
  features.chain(features.v11);
  features.chain(features.v12);
  if (available.subgroup_size.there) features.chain(features.subgroup_size);
  if (available.integer_dot.there) features.chain(features.integer_dot);
  if (available.maintenance4.there) features.chain(features.maintenance4);
  if (available.fault) features.chain(features.fault);
  if (available.cooperative_matrix) features.chain(features.cooperative_matrix);
  if (available.bfloat16) features.chain(features.bfloat16);
  api.vkGetPhysicalDeviceFeatures2(device, &features.core);
}

// Matrices of 16x16x16 at subgroup scope with float32 accumulators.
void ask_cooperative_matrices(const InstanceApi& api, VkPhysicalDevice device, Capabilities& caps) {
  if (!api.get_cooperative_matrix_properties) return;
  uint32_t count = 0;
  std::vector<CooperativeMatrixProperties> shapes;
  do {
    api.get_cooperative_matrix_properties(device, &count, nullptr);
    shapes.assign(count, {});
  } while (!api.get_cooperative_matrix_properties(device, &count, shapes.data()));
  for (const CooperativeMatrixProperties& shape : shapes) {
    if (shape.m != 16 || shape.n != 16 || shape.k != 16 || shape.scope != kSubgroupScope || shape.saturating) continue;
    if (shape.a != shape.b || shape.c != shape.result) continue;
    caps.coopmat_f16 |= shape.a == ComponentType::f16 && shape.c == ComponentType::f32;
    caps.coopmat_bf16 |= shape.a == ComponentType::bf16 && shape.c == ComponentType::f32;
    caps.coopmat_f16_sums |= shape.a == ComponentType::f16 && shape.c == ComponentType::f16;
    caps.coopmat_bf16_sums |= shape.a == ComponentType::bf16 && shape.c == ComponentType::bf16;
  }
}

// Whether buffers over memory of the host can be made for all that they are used for. Sets the alignment that the driver asks for.
bool imports_host_memory(const InstanceApi& api, VkPhysicalDevice device, const Names& extensions, uint64_t* alignment) {
  if (!extensions.contains(VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME)) return false;
  VkPhysicalDeviceExternalMemoryHostPropertiesEXT host{};
  host.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_MEMORY_HOST_PROPERTIES_EXT;
  properties_of(api, device, &host);
  *alignment = host.minImportedHostPointerAlignment;
  VkPhysicalDeviceExternalBufferInfo wanted{};
  wanted.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_BUFFER_INFO;
  wanted.usage = kImportUsage;
  wanted.handleType = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT;
  VkExternalBufferProperties possible{};
  possible.sType = VK_STRUCTURE_TYPE_EXTERNAL_BUFFER_PROPERTIES;
  api.vkGetPhysicalDeviceExternalBufferProperties(device, &wanted, &possible);
  const VkExternalMemoryFeatureFlags features = possible.externalMemoryProperties.externalMemoryFeatures;
  return *alignment && (features & VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT) &&
         !(features & VK_EXTERNAL_MEMORY_FEATURE_DEDICATED_ONLY_BIT);
}

// Units that run workgroups side by side. Only some drivers say; kernels use it to choose how far to split work, never for correctness.
uint32_t multiprocessors_of(const InstanceApi& api, VkPhysicalDevice device, const Names& extensions, bool software) {
  VkPhysicalDeviceShaderSMBuiltinsPropertiesNV nvidia{};
  nvidia.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_SM_BUILTINS_PROPERTIES_NV;
  VkPhysicalDeviceShaderCorePropertiesAMD amd{};
  amd.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_CORE_PROPERTIES_AMD;
  if (extensions.contains(VK_NV_SHADER_SM_BUILTINS_EXTENSION_NAME))
    properties_of(api, device, &nvidia);
  else if (extensions.contains(VK_AMD_SHADER_CORE_PROPERTIES_EXTENSION_NAME))
    properties_of(api, device, &amd);
  if (nvidia.shaderSMCount) return nvidia.shaderSMCount;
  if (amd.shaderEngineCount) return amd.shaderEngineCount * amd.shaderArraysPerEngineCount * amd.computeUnitsPerShaderArray;
  return software ? 4 : 32;
}

void ask_properties(const InstanceApi& api, VkPhysicalDevice device, const Available& available, Capabilities& caps) {
  VkPhysicalDeviceVulkan11Properties v11{};
  v11.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES;
  VkPhysicalDeviceVulkan12Properties v12{};
  v12.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_PROPERTIES;
  VkPhysicalDeviceSubgroupSizeControlProperties sizes{};
  sizes.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES;
  v11.pNext = &v12;
  VkPhysicalDeviceMaintenance4Properties maintenance4{};
  maintenance4.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_4_PROPERTIES;
  if (available.subgroup_size.there) v12.pNext = &sizes;
  if (available.maintenance4.there) {
    maintenance4.pNext = v12.pNext;
    v12.pNext = &maintenance4;
  }
  const VkPhysicalDeviceProperties core = properties_of(api, device, &v11);
  caps.name = core.deviceName;
  caps.driver = cat(v12.driverName, " ", v12.driverInfo);
  caps.api_version = core.apiVersion;
  caps.vendor = core.vendorID;
  caps.device = core.deviceID;
  caps.driver_version = core.driverVersion;
  std::memcpy(caps.driver_uuid, v11.driverUUID, sizeof caps.driver_uuid);
  std::memcpy(caps.device_uuid, core.pipelineCacheUUID, sizeof caps.device_uuid);
  caps.software = core.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU;
  caps.subgroup_size = v11.subgroupSize;
  caps.min_subgroup = sizes.minSubgroupSize ? sizes.minSubgroupSize : v11.subgroupSize;
  caps.max_subgroup = sizes.maxSubgroupSize ? sizes.maxSubgroupSize : v11.subgroupSize;
  caps.most_subgroups = sizes.maxComputeWorkgroupSubgroups;
  caps.subgroup_control = sizes.requiredSubgroupSizeStages & VK_SHADER_STAGE_COMPUTE_BIT;
  caps.shared_bytes = core.limits.maxComputeSharedMemorySize;
  caps.workgroup_invocations = core.limits.maxComputeWorkGroupInvocations;
  std::copy_n(core.limits.maxComputeWorkGroupCount, 3, caps.max_groups);
  std::copy_n(core.limits.maxComputeWorkGroupSize, 3, caps.max_group);
  // There are drivers that allocate more than their maxMemoryAllocationSize: memory is for them to refuse.
  caps.max_buffer = maintenance4.maxBufferSize ? maintenance4.maxBufferSize : UINT64_MAX;
  caps.subgroup_operations = v11.subgroupSupportedStages & VK_SHADER_STAGE_COMPUTE_BIT ? v11.subgroupSupportedOperations : 0;
  caps.timestamp_period = core.limits.timestampPeriod;
}

void ask_memory(PhysicalDevice& device) {
  const VkPhysicalDeviceMemoryProperties& memory = device.memory;
  for (uint32_t heap = 0; heap < memory.memoryHeapCount; ++heap) {
    if (!(memory.memoryHeaps[heap].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT)) continue;
    if (int64_t(memory.memoryHeaps[heap].size) <= device.caps.memory_bytes) continue;
    device.caps.memory_bytes = int64_t(memory.memoryHeaps[heap].size);
    device.caps.memory_heap = heap;
  }
  // One memory: all of it is near both, and the host reads it at full speed, which it does not through a bus.
  constexpr VkMemoryPropertyFlags near_both = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT | VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
                                              VK_MEMORY_PROPERTY_HOST_COHERENT_BIT | VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
  for (uint32_t type = 0; type < memory.memoryTypeCount; ++type)
    device.caps.unified |=
        memory.memoryTypes[type].heapIndex == device.caps.memory_heap && (memory.memoryTypes[type].propertyFlags & near_both) == near_both;
}

// The first family that computes; the timestamps of a queue without them are not to be trusted.
std::string ask_queue(const InstanceApi& api, PhysicalDevice& device) {
  uint32_t count = 0;
  api.vkGetPhysicalDeviceQueueFamilyProperties(device.handle, &count, nullptr);
  std::vector<VkQueueFamilyProperties> families(count);
  api.vkGetPhysicalDeviceQueueFamilyProperties(device.handle, &count, families.data());
  for (uint32_t family = 0; family < count; ++family) {
    if (!(families[family].queueFlags & VK_QUEUE_COMPUTE_BIT)) continue;
    device.queue_family = family;
    if (!families[family].timestampValidBits) device.caps.timestamp_period = 0;
    return {};
  }
  return "it has no queue that computes";
}

std::string missing_floor(const Features& features, VkSubgroupFeatureFlags operations) {
  constexpr VkSubgroupFeatureFlags needed = VK_SUBGROUP_FEATURE_BASIC_BIT | VK_SUBGROUP_FEATURE_VOTE_BIT |
                                            VK_SUBGROUP_FEATURE_ARITHMETIC_BIT | VK_SUBGROUP_FEATURE_BALLOT_BIT |
                                            VK_SUBGROUP_FEATURE_SHUFFLE_BIT;
  const std::pair<bool, const char*> floor[] = {
      {features.v12.bufferDeviceAddress, "buffer device addresses"}, {features.v11.storageBuffer16BitAccess, "16-bit storage"},
      {features.v12.timelineSemaphore, "timeline semaphores"},       {features.v12.scalarBlockLayout, "scalar block layout"},
      {(operations & needed) == needed, "subgroup operations"},
  };
  std::string missing;
  for (const auto& [there, what] : floor)
    if (!there) missing += cat(missing.empty() ? "it lacks " : ", ", what);
  return missing;
}

}  // namespace

VkPhysicalDeviceProperties properties_of(const InstanceApi& api, VkPhysicalDevice device, void* chain) {
  VkPhysicalDeviceProperties2 properties{};
  properties.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2;
  properties.pNext = chain;
  api.vkGetPhysicalDeviceProperties2(device, &properties);
  return properties.properties;
}

PhysicalDevice inspect_device(const InstanceApi& api, VkPhysicalDevice handle) {
  PhysicalDevice device;
  device.handle = handle;
  const VkPhysicalDeviceProperties properties = properties_of(api, handle);
  Capabilities& caps = device.caps;
  caps.name = properties.deviceName;
  caps.api_version = properties.apiVersion;
  caps.software = properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU;
  if (caps.api_version < VK_API_VERSION_1_2) {
    device.reason = cat("its driver speaks Vulkan ", VK_API_VERSION_MAJOR(caps.api_version), ".", VK_API_VERSION_MINOR(caps.api_version),
                        ", at least 1.2 is needed");
    return device;
  }
  const Names extensions = extensions_of(api, handle);
  const Available available(caps.api_version, extensions);
  ask_properties(api, handle, available, caps);
  VkPhysicalDeviceMemoryProperties2 memory{};
  memory.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2;
  api.vkGetPhysicalDeviceMemoryProperties2(handle, &memory);
  device.memory = memory.memoryProperties;
  ask_memory(device);
  device.reason = ask_queue(api, device);
  if (!device.reason.empty()) return device;

  Features features;
  ask_features(api, handle, available, features);
  device.reason = missing_floor(features, caps.subgroup_operations);
  caps.multiprocessors = multiprocessors_of(api, handle, extensions, caps.software);
  caps.subgroup_control &= features.subgroup_size.subgroupSizeControl && features.subgroup_size.computeFullSubgroups;
  caps.float16 = features.v12.shaderFloat16;
  caps.float64 = features.core.features.shaderFloat64;
  caps.int8 = features.v12.shaderInt8 && features.v12.storageBuffer8BitAccess;
  caps.int16 = features.core.features.shaderInt16;
  caps.int64 = features.core.features.shaderInt64;
  caps.integer_dot = features.integer_dot.shaderIntegerDotProduct && caps.int8;
  caps.memory_model = features.v12.vulkanMemoryModel && features.v12.vulkanMemoryModelDeviceScope;
  if (features.cooperative_matrix.cooperative_matrix && caps.memory_model && features.maintenance4.maintenance4 && caps.float16)
    ask_cooperative_matrices(api, handle, caps);
  caps.coopmat_bf16 &= features.bfloat16.bfloat16_type && features.bfloat16.cooperative_matrix;
  caps.memory_budget = extensions.contains(VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);
  caps.external_host = imports_host_memory(api, handle, extensions, &caps.import_alignment);
  caps.device_fault = available.fault && features.fault.deviceFault;
  caps.fragment_layout = caps.coopmat_f16;  // until the probe says otherwise
  return device;
}

VkDevice create_device(const InstanceApi& api, const PhysicalDevice& device, const Capabilities& caps) {
  const Names extensions = extensions_of(api, device.handle);
  const Available available(caps.api_version, extensions);
  Features there;
  ask_features(api, device.handle, available, there);

  const bool matrices = caps.coopmat_f16 || caps.coopmat_bf16;
  Features wanted;
  std::vector<const char*> names;
  auto enable = [&](auto& structure, const char* extension) {
    wanted.chain(structure);
    if (extension) names.push_back(extension);
  };
  wanted.core.features.shaderFloat64 = caps.float64;
  wanted.core.features.shaderInt16 = caps.int16;
  wanted.core.features.shaderInt64 = caps.int64;
  wanted.v11.storageBuffer16BitAccess = VK_TRUE;
  wanted.v12.bufferDeviceAddress = wanted.v12.timelineSemaphore = wanted.v12.scalarBlockLayout = VK_TRUE;
  wanted.v12.shaderFloat16 = caps.float16;
  wanted.v12.shaderInt8 = wanted.v12.storageBuffer8BitAccess = caps.int8;
  wanted.v12.shaderSubgroupExtendedTypes = there.v12.shaderSubgroupExtendedTypes;
  wanted.v12.vulkanMemoryModel = wanted.v12.vulkanMemoryModelDeviceScope = caps.memory_model;
  wanted.chain(wanted.v11);
  wanted.chain(wanted.v12);
  if (caps.subgroup_control) {
    wanted.subgroup_size.subgroupSizeControl = wanted.subgroup_size.computeFullSubgroups = VK_TRUE;
    enable(wanted.subgroup_size, available.subgroup_size.extension);
  }
  if (caps.integer_dot) {
    wanted.integer_dot.shaderIntegerDotProduct = VK_TRUE;
    enable(wanted.integer_dot, available.integer_dot.extension);
  }
  if (there.maintenance4.maintenance4) {
    wanted.maintenance4.maintenance4 = VK_TRUE;
    enable(wanted.maintenance4, available.maintenance4.extension);
  }
  if (matrices) {
    wanted.cooperative_matrix.cooperative_matrix = VK_TRUE;
    enable(wanted.cooperative_matrix, kCooperativeMatrixExtension);
  }
  if (caps.coopmat_bf16) {
    wanted.bfloat16.bfloat16_type = wanted.bfloat16.cooperative_matrix = VK_TRUE;
    enable(wanted.bfloat16, kBfloat16Extension);
  }
  if (caps.device_fault) {
    wanted.fault.deviceFault = VK_TRUE;
    enable(wanted.fault, VK_EXT_DEVICE_FAULT_EXTENSION_NAME);
  }
  if (caps.memory_budget) names.push_back(VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);
  if (caps.external_host) names.push_back(VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME);

  const float priority = 1;
  VkDeviceQueueCreateInfo queue{};
  queue.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO;
  queue.queueFamilyIndex = device.queue_family;
  queue.queueCount = 1;
  queue.pQueuePriorities = &priority;
  VkDeviceCreateInfo info{};
  info.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO;
  info.pNext = &wanted.core;
  info.queueCreateInfoCount = 1;
  info.pQueueCreateInfos = &queue;
  info.enabledExtensionCount = uint32_t(names.size());
  info.ppEnabledExtensionNames = names.data();
  VkDevice created = VK_NULL_HANDLE;
  api.vkCreateDevice(device.handle, &info, nullptr, &created);
  return created;
}

namespace {

struct Switch {
  std::string_view name;
  bool Capabilities::*feature;
};
constexpr Switch kSwitches[] = {
    {"subgroup_control", &Capabilities::subgroup_control},
    {"float16", &Capabilities::float16},
    {"float64", &Capabilities::float64},
    {"int8", &Capabilities::int8},
    {"int16", &Capabilities::int16},
    {"int64", &Capabilities::int64},
    {"integer_dot", &Capabilities::integer_dot},
    {"coopmat", &Capabilities::coopmat_f16},
    {"bfloat16", &Capabilities::coopmat_bf16},
    {"memory_budget", &Capabilities::memory_budget},
    {"external_host", &Capabilities::external_host},
    {"device_fault", &Capabilities::device_fault},
    {"fragments", &Capabilities::fragment_layout},
    {"unified", &Capabilities::unified},
};

}  // namespace

void disable_features(Capabilities& caps, std::string_view names) {
  while (!names.empty()) {
    const std::string_view name = names.substr(0, names.find(','));
    names.remove_prefix(std::min(names.size(), name.size() + 1));
    if (name.empty()) continue;
    const Switch* found = nullptr;
    std::string known;
    for (const Switch& entry : kSwitches) {
      if (entry.name == name || name == "all") (found = &entry, caps.*entry.feature = false);
      known += cat(known.empty() ? "" : ", ", entry.name);
    }
    if (!found)
      fail(Status::invalid_argument, "MLXC_VULKAN_DISABLE names \"", name, "\", which is no optional feature; those are all, ", known);
  }
  // What rests on another goes with it.
  if (!caps.float16) caps.coopmat_f16 = false;
  if (!caps.coopmat_f16) caps.coopmat_bf16 = caps.fragment_layout = false;
  if (!caps.int8) caps.integer_dot = false;
}

std::string summary(const Capabilities& caps) {
  std::string text = cat(caps.name, ", ", caps.driver, ", Vulkan ", VK_API_VERSION_MAJOR(caps.api_version), ".",
                         VK_API_VERSION_MINOR(caps.api_version), ", subgroups of ", caps.subgroup_size);
  for (const Switch& entry : kSwitches)
    if (caps.*entry.feature) text += cat(", ", entry.name);
  return text;
}

}  // namespace mlxc::vulkan
