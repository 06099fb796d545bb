#include "mlxc/device.h"

#include <span>

#include "backend/cpu/cpu_device.h"
#include "base/thread_pool.h"
#include "capi/objects.h"

namespace mlxc::capi {
namespace {

struct KnownDevice {
  const char* name;
  Device* (*open)();   // null: not in this build
  const char* reason;  // why it is not available
};

constexpr KnownDevice kDevices[] = {
    {"cpu", [] { return &cpu_device(); }, ""},
    {"vulkan:0", nullptr, "this build has no Vulkan backend"},
};

mlxc_device_info describe(const KnownDevice& known) {
  mlxc_device_info info = MLXC_DEVICE_INFO_INIT;
  copy_field(info.name, known.name);
  copy_field(info.reason, known.reason);
  if (!known.open) return info;
  Device* device = known.open();
  info.available = 1;
  info.memory_bytes = device->memory_bytes();
  info.threads = available_cores();
  copy_field(info.description, device->description());
  return info;
}

Device* open(const char* name) {
  if (!name || std::string_view(name) == "auto") return &cpu_device();
  std::string names;
  for (const KnownDevice& known : kDevices) {
    if (std::string_view(name) == known.name) {
      if (!known.open) fail(Status::unsupported, "device \"", name, "\" is not available: ", known.reason);
      return known.open();
    }
    names += cat(names.empty() ? "" : ", ", known.name);
  }
  fail(Status::not_found, "there is no device \"", name, "\"; known are auto, ", names);
}

}  // namespace

Device& device_of(mlxc_device* device) { return device ? *get(device)->device : cpu_device(); }

extern "C" {

mlxc_status mlxc_device_count(int32_t* count, mlxc_error* error) {
  return guard(error, [&] { *require(count, "count") = int32_t(std::size(kDevices)); });
}

mlxc_status mlxc_device_list(int32_t index, mlxc_device_info* info, mlxc_error* error) {
  return guard(error, [&] {
    in_range(index, 0, std::ssize(kDevices) - 1, "index");
    write_struct(info, describe(kDevices[index]), "info");
  });
}

mlxc_status mlxc_device_open(mlxc_device** out, const char* name, mlxc_error* error) {
  return guard(error, [&] {
    clear(out, "out");
    *out = put<mlxc_device>(std::make_shared<DeviceObject>(open(name)));
  });
}

mlxc_status mlxc_device_inspect(mlxc_device* device, mlxc_device_info* info, mlxc_error* error) {
  return guard(error, [&] {
    auto object = get(device);
    for (const KnownDevice& known : kDevices)
      if (object->device->name() == known.name) write_struct(info, describe(known), "info");
  });
}

void mlxc_device_free(mlxc_device* device) { take(device); }

}  // extern "C"
}  // namespace mlxc::capi
