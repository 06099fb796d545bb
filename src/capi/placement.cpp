#include "mlxc/placement.h"

#include "base/cache_folder.h"
#include "base/file.h"
#include "capi/devices.h"
#include "ops/calibrate.h"

namespace mlxc::capi {
namespace {

std::string file_of(const char* path, bool writing) {
  if (path) return path_of(path);
  const std::optional<std::string> folder = cache_folder();
  if (!folder) fail(Status::not_found, "there is no folder for placement.json: neither MLXC_CACHE_DIR nor XDG_CACHE_HOME nor HOME is set");
  if (writing) make_folders(*folder);
  return *folder + "/placement.json";
}

bool software_wanted() {
  const char* text = std::getenv("MLXC_VULKAN_SOFTWARE");
  return text && *text && std::string_view(text) != "0";
}

// Devices that can be opened here and may be chosen.
std::vector<Device*> usable_devices() {
  std::vector<Device*> devices;
  for (const mlxc_device_info& info : known_devices())
    if (info.available && (!info.software || software_wanted())) devices.push_back(&open_device(info.name));
  return devices;
}

}  // namespace

extern "C" {

mlxc_status mlxc_placement_calibrate(const char* path, mlxc_error* error) {
  return guard(error, [&] {
    const std::string name = file_of(path, true);
    std::vector<MeasuredDevice> measured;
    for (Device* device : usable_devices()) measured.push_back({device->name(), device->description(), measure_costs(*device)});
    AtomicFileWriter file(name);
    file.write(costs_to_json(measured));
    file.commit();
  });
}

mlxc_status mlxc_placement_enable(mlxc_device* device, const char* path, mlxc_error* error) {
  return guard(error, [&] {
    Device& home = device_of(device);
    const std::string name = file_of(path, false);
    const std::vector<MeasuredDevice> measured = costs_from_json(name);
    std::vector<Device*> devices = usable_devices();
    if (std::find(devices.begin(), devices.end(), &home) == devices.end()) devices.push_back(&home);
    std::vector<Candidate> candidates;
    bool found = false;
    for (Device* usable : devices)
      for (const MeasuredDevice& one : measured) {
        if (one.name != usable->name() || one.description != usable->description()) continue;
        candidates.push_back({usable, one.costs});
        found |= usable == &home;
        break;
      }
    if (!found)
      fail(Status::unsupported, name, " holds no figures of \"", home.name(), "\" as it is now (", home.description(),
           "); mlxc calibrate writes it anew");
    set_placement(home, std::move(candidates));
  });
}

mlxc_status mlxc_placement_disable(mlxc_device* device, mlxc_error* error) {
  return guard(error, [&] { set_placement(device_of(device), {}); });
}

}  // extern "C"
}  // namespace mlxc::capi
