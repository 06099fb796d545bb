#include "mlxc/device.h"

#include <charconv>
#include <cstdlib>

#include "backend/cpu/cpu_device.h"
#include "backend/vulkan/vulkan_device.h"
#include "base/thread_pool.h"
#include "capi/devices.h"

namespace mlxc::capi {
namespace {

constexpr std::string_view kVulkan = "vulkan:";

mlxc_device_info describe_cpu() {
  mlxc_device_info info = MLXC_DEVICE_INFO_INIT;
  copy_field(info.name, "cpu");
  copy_field(info.description, cpu_device().description());
  info.available = 1;
  info.memory_bytes = cpu_device().memory_bytes();
  info.threads = available_cores();
  return info;
}

mlxc_device_info describe(const VulkanDeviceInfo& device, size_t index) {
  mlxc_device_info info = MLXC_DEVICE_INFO_INIT;
  copy_field(info.name, device.name);
  copy_field(info.description, device.description);
  copy_field(info.reason, device.reason);
  info.available = device.reason.empty();
  info.software = device.software;
  info.memory_bytes = device.memory_bytes;
  if (info.available) info.available_bytes = vulkan_memory_left(index);
  return info;
}

Device& open_automatically() {
  const VulkanDevices& list = list_vulkan_devices();
  for (size_t i = 0; i < list.devices.size(); ++i)
    if (list.devices[i].automatic) return vulkan_device(i, cpu_device());
  return cpu_device();
}

[[noreturn]] void fail_unknown(std::string_view name) {
  std::string names = "auto";
  for (const mlxc_device_info& info : known_devices()) names += cat(", ", info.name);
  fail(Status::not_found, "there is no device \"", name, "\"; known are ", names);
}

Device& open_vulkan(std::string_view name) {
  const std::string_view number = name.substr(kVulkan.size());
  size_t index = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), index);
  const VulkanDevices& list = list_vulkan_devices();
  if (number.empty() || error != std::errc() || end != number.data() + number.size()) fail_unknown(name);
  if (list.devices.empty()) fail(Status::unsupported, "device \"", name, "\" is not available: ", list.reason);
  if (index >= list.devices.size()) fail_unknown(name);
  return vulkan_device(index, cpu_device());
}

}  // namespace

std::vector<mlxc_device_info> known_devices() {
  std::vector<mlxc_device_info> all{describe_cpu()};
  const VulkanDevices& list = list_vulkan_devices();
  for (size_t i = 0; i < list.devices.size(); ++i) all.push_back(describe(list.devices[i], i));
  if (list.devices.empty()) {
    mlxc_device_info info = MLXC_DEVICE_INFO_INIT;
    copy_field(info.name, "vulkan:0");
    copy_field(info.reason, list.reason);
    all.push_back(info);
  }
  return all;
}

Device& open_device(const char* given) {
  if (!given) given = std::getenv("MLXC_DEVICE");
  const std::string_view name = given && *given ? given : "cpu";
  if (name == "cpu") return cpu_device();
  if (name == "auto") return open_automatically();
  if (name.substr(0, kVulkan.size()) == kVulkan) return open_vulkan(name);
  fail_unknown(name);
}

Device& device_of(mlxc_device* device) { return device ? *get(device)->device : open_device(nullptr); }

extern "C" {

mlxc_status mlxc_device_count(int32_t* count, mlxc_error* error) {
  return guard(error, [&] { *require(count, "count") = 1 + std::max(1, int32_t(list_vulkan_devices().devices.size())); });
}

mlxc_status mlxc_device_list(int32_t index, mlxc_device_info* info, mlxc_error* error) {
  return guard(error, [&] {
    const std::vector<mlxc_device_info> all = known_devices();
    in_range(index, 0, std::ssize(all) - 1, "index");
    write_struct(info, all[size_t(index)], "info");
  });
}

mlxc_status mlxc_device_open(mlxc_device** out, const char* name, mlxc_error* error) {
  return guard(error, [&] {
    clear(out, "out");
    *out = put<mlxc_device>(std::make_shared<DeviceObject>(DeviceObject{&open_device(name)}));
  });
}

mlxc_status mlxc_device_inspect(mlxc_device* device, mlxc_device_info* info, mlxc_error* error) {
  return guard(error, [&] {
    auto object = get(device);
    for (const mlxc_device_info& known : known_devices())
      if (object->device->name() == known.name) write_struct(info, known, "info");
  });
}

void mlxc_device_free(mlxc_device* device) { take(device); }

}  // extern "C"
}  // namespace mlxc::capi
