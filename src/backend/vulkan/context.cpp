#include "backend/vulkan/context.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <vector>

#include "backend/vulkan/instance.h"

namespace mlxc::vulkan {
namespace {

// Pinning pages takes time, too. Of staging's rate on an H200 (bench_vulkan_transfer): 1 MiB 0.5, 4 MiB 0.65, 16 MiB 0.8 to 1.2, 64 MiB and
// more 1.22 to 1.28.
constexpr size_t kImportBytes = size_t{64} << 20;

uint32_t number_from_environment(const char* name) {
  const char* text = std::getenv(name);
  if (!text || !*text) return 0;
  uint32_t value = 0;
  const std::string_view all = text;
  const auto [end, error] = std::from_chars(all.data(), all.data() + all.size(), value);
  if (error != std::errc() || end != all.data() + all.size()) fail(Status::invalid_argument, name, " is \"", all, "\", which is no number");
  return value;
}

}  // namespace

DeviceOptions DeviceOptions::from_environment() {
  const char* disable = std::getenv("MLXC_VULKAN_DISABLE");
  return {disable ? disable : "", number_from_environment("MLXC_VULKAN_SUBGROUP"), number_from_environment("MLXC_VULKAN_SHARED"),
          number_from_environment("MLXC_VULKAN_IMPORT")};
}

Context::Context(std::shared_ptr<const Instance> of, const PhysicalDevice& physical_device, const DeviceOptions& options)
    : instance(std::move(of)),
      instance_api(instance->api()),
      physical(physical_device.handle),
      memory_properties(physical_device.memory),
      caps(physical_device.caps),
      family(physical_device.queue_family),
      device(create(physical_device, options)),
      api(instance_api, device, &health),
      queue(api, health, device, family, caps.software) {
  health.on_loss([this] { return fault_report(); });
}

Context::Closer::~Closer() {
  if (context.health.abandoned()) return;
  const auto destroy = reinterpret_cast<PFN_vkDestroyDevice>(context.instance_api.vkGetDeviceProcAddr(context.device, "vkDestroyDevice"));
  if (destroy) destroy(context.device, nullptr);
}

VkDevice Context::create(const PhysicalDevice& physical_device, const DeviceOptions& options) {
  disable_features(caps, options.disable);
  if (options.subgroup) {
    const bool power = (options.subgroup & (options.subgroup - 1)) == 0;
    if (!power || !caps.subgroup_control || options.subgroup < caps.min_subgroup || options.subgroup > caps.max_subgroup)
      fail(Status::unsupported, "subgroups of ", options.subgroup, " were asked for; ", caps.name, " has ",
           caps.subgroup_control ? cat("powers of two from ", caps.min_subgroup, " to ", caps.max_subgroup)
                                 : cat(caps.subgroup_size, " and lets nobody choose"));
    caps.subgroup_size = options.subgroup;
  }
  // Without asking, some drivers choose a size for each pipeline.
  if (caps.subgroup_control && caps.subgroup_size >= caps.min_subgroup && caps.subgroup_size <= caps.max_subgroup)
    subgroup = caps.subgroup_size;
  if (subgroup && caps.most_subgroups)
    caps.workgroup_invocations = uint32_t(std::min<uint64_t>(caps.workgroup_invocations, uint64_t{subgroup} * caps.most_subgroups));
  import_bytes = !caps.external_host ? SIZE_MAX : options.import_bytes ? options.import_bytes : kImportBytes;
  if (options.shared_bytes) caps.shared_bytes = std::min(caps.shared_bytes, options.shared_bytes);
  return create_device(instance_api, physical_device, caps);
}

std::string Context::fault_report() const {
  if (!api.vkGetDeviceFaultInfoEXT || !caps.device_fault) return {};
  VkDeviceFaultCountsEXT counts{};
  counts.sType = VK_STRUCTURE_TYPE_DEVICE_FAULT_COUNTS_EXT;
  if (!api.vkGetDeviceFaultInfoEXT.unchecked(device, &counts, nullptr)) return {};
  counts.vendorBinarySize = 0;
  std::vector<VkDeviceFaultAddressInfoEXT> addresses(counts.addressInfoCount);
  std::vector<VkDeviceFaultVendorInfoEXT> vendor(counts.vendorInfoCount);
  VkDeviceFaultInfoEXT info{};
  info.sType = VK_STRUCTURE_TYPE_DEVICE_FAULT_INFO_EXT;
  info.pAddressInfos = addresses.data();
  info.pVendorInfos = vendor.data();
  if (!api.vkGetDeviceFaultInfoEXT.unchecked(device, &counts, &info)) return {};
  std::string text(info.description, std::find(info.description, std::end(info.description), '\0'));
  for (const VkDeviceFaultAddressInfoEXT& address : addresses)
    text += cat("; address 0x", std::hex, address.reportedAddress, " kind ", std::dec, int(address.addressType));
  for (const VkDeviceFaultVendorInfoEXT& entry : vendor)
    text += cat("; ", std::string(entry.description, std::find(entry.description, std::end(entry.description), '\0')));
  return text;
}

void Context::label(VkObjectType type, uint64_t handle, const char* name) const {
  if (!instance->validates() || !api.vkSetDebugUtilsObjectNameEXT) return;
  VkDebugUtilsObjectNameInfoEXT info{};
  info.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_NAME_INFO_EXT;
  info.objectType = type;
  info.objectHandle = handle;
  info.pObjectName = name;
  api.vkSetDebugUtilsObjectNameEXT.attempt(device, &info);
}

}  // namespace mlxc::vulkan
