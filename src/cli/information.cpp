// mlxc inspect, mlxc devices and mlxc version.
#include <cstdio>

#include "commands.h"
#include "session.h"

namespace cli {
namespace {

// {"a": {"b": 1}} as lines "a.b  1".
void print_fields(const Json& json, const std::string& prefix) {
  for (const auto& [key, value] : json.items()) {
    std::string name = prefix.empty() ? key : prefix + "." + key;
    if (value.is_object()) {
      print_fields(value, name);
      continue;
    }
    name.resize(std::max<size_t>(name.size(), 26), ' ');
    print(name + " " + (value.is_string() ? value.get<std::string>() : dump(value)) + "\n");
  }
}

std::string size_text(int64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f GiB", double(bytes) / (1 << 30));
  return text;
}

}  // namespace

int inspect_model(const Arguments& arguments) {
  CommonFlags common;
  std::vector<std::string> words;
  Flags flags("inspect", "Says what a model folder holds.");
  flags.positional(&words, "[FOLDER]");
  common.declare(flags);
  if (!flags.parse(arguments)) return 0;
  if (words.size() > 1) throw UsageError("one folder at a time");
  if (!words.empty()) common.model = words[0];
  if (common.device.empty()) common.device = "cpu";  // nothing is computed, so nothing need be uploaded
  auto model = load_model(common);
  std::string json = text_of([&](auto... rest) { return mlxc_model_json(model.get(), rest...); });
  if (common.json)
    print(dump(Json::parse(json), 1) + "\n");
  else
    print_fields(Json::parse(json), "");
  return 0;
}

int devices(const Arguments& arguments) {
  CommonFlags common;
  Flags flags("devices", "Lists where models can run, and why not elsewhere.");
  common.declare(flags);
  if (!flags.parse(arguments)) return 0;
  int32_t count = 0;
  call(mlxc_device_count, &count);
  Json list = Json::array();
  for (int32_t i = 0; i < count; ++i) {
    mlxc_device_info info = MLXC_DEVICE_INFO_INIT;
    call(mlxc_device_list, i, &info);
    list.push_back({{"name", info.name},
                    {"available", info.available == 1},
                    {"description", info.description},
                    {"reason", info.reason},
                    {"memory_bytes", info.memory_bytes},
                    {"available_bytes", info.available_bytes},
                    {"software", info.software == 1},
                    {"threads", info.threads}});
    if (common.json) continue;
    std::string name = info.name;
    name.resize(std::max<size_t>(name.size(), 10), ' ');
    const std::string description = info.description;
    std::string line = info.available ? description + ", " + size_text(info.memory_bytes)
                                      : (description.empty() ? "" : description + ", ") + "not available: " + std::string(info.reason);
    if (info.available && info.available_bytes) line += ", " + size_text(info.available_bytes) + " to be had";
    if (info.available && info.software) line += " (software: used when named, or with MLXC_VULKAN_SOFTWARE=1)";
    print(name + " " + line + "\n");
  }
  if (common.json) print(dump_list(list) + "\n");
  return 0;
}

int calibrate(const Arguments& arguments) {
  CommonFlags common;
  std::string output;
  Flags flags("calibrate",
              "Measures what launches, memory, matrix products and copies cost on each device; mlxc_placement_enable decides by it.");
  flags.text(&output, "--output -o", "FILE", "where to write (placement.json in the cache folder)");
  if (!flags.parse(arguments)) return 0;
  call(mlxc_placement_calibrate, output.empty() ? nullptr : output.c_str());
  return 0;
}

int version(const Arguments& arguments) {
  CommonFlags common;
  Flags flags("version", "Version of the command and the library, and how the library was built.");
  common.declare_model(flags);
  if (!flags.parse(arguments)) return 0;
  Json build = Json::parse(text_of(mlxc_build_info));
  if (common.json) {
    print(dump(build, 1) + "\n");
    return 0;
  }
  print(std::string("mlxc ") + MLXC_VERSION_STRING + "\n");
  print_fields(build, "");
  return 0;
}

}  // namespace cli
