#include "mlxc/profile.h"

#include "backend/cpu/cpu_device.h"
#include "backend/vulkan/vulkan_device.h"
#include "capi/objects.h"

namespace mlxc::capi {
extern "C" {

mlxc_status mlxc_device_profile(mlxc_device* device, int32_t what, mlxc_error* error) {
  return guard(error, [&] {
    Profile& profile = *get(device)->device->profile();
    in_range(what, MLXC_PROFILE_OFF, MLXC_PROFILE_PROGRAMS, "what");
    if (what != MLXC_PROFILE_OFF) profile.reset();
    profile.time(Timing(what));
  });
}

mlxc_status mlxc_device_profile_entries(mlxc_device* device, mlxc_profile_entry* entries, int64_t capacity, int64_t* needed,
                                        mlxc_error* error) {
  return guard(error, [&] {
    std::vector<mlxc_profile_entry> list;
    for (const ProfileKernel& kernel : get(device)->device->profile()->table().kernels) {
      const ProfileLabel& label = *kernel.label;
      mlxc_profile_entry entry{};
      copy_field(entry.operation, label.operation);
      copy_field(entry.kernel, label.kernel);
      copy_field(entry.device, label.device);
      copy_field(entry.holds, label.holds);
      copy_field(entry.reason, label.reason);
      entry.operations = label.operations;
      entry.launches = kernel.launches;
      entry.nanoseconds = kernel.nanoseconds;
      entry.bytes = kernel.bytes;
      entry.flops = kernel.flops;
      list.push_back(entry);
    }
    give_list(std::span<const mlxc_profile_entry>(list), entries, capacity, needed);
  });
}

mlxc_status mlxc_device_profile_text(mlxc_device* device, char* buffer, size_t capacity, size_t* needed, mlxc_error* error) {
  return guard(error, [&] { give_text(get(device)->device->profile()->table().text(), buffer, capacity, needed); });
}

mlxc_status mlxc_device_profile_trace(mlxc_device* device, char* buffer, size_t capacity, size_t* needed, mlxc_error* error) {
  return guard(error, [&] {
    std::vector<Device*> devices{&cpu_device()};
    if (device)
      devices = {get(device)->device};
    else
      for (Device* open : open_vulkan_devices()) devices.push_back(open);
    std::string events;
    for (size_t i = 0; i < devices.size(); ++i) events += (i ? ",\n" : "") + devices[i]->profile()->trace(int(i) + 1, devices[i]->name());
    give_text(chrome_trace(events), buffer, capacity, needed);
  });
}

}  // extern "C"
}  // namespace mlxc::capi
