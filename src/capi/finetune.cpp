#include "mlxc/finetune.h"

#include "capi/devices.h"
#include "capi/objects.h"
#include "llm/training.h"
#include "mlxc/model.h"

namespace mlxc::capi {
namespace {

// "q_proj, v_proj" -> q_proj and v_proj
std::vector<std::string> names_of(const std::string& list) {
  std::vector<std::string> names;
  for (size_t begin = 0; begin <= list.size();) {
    const size_t end = std::min(list.find(',', begin), list.size());
    std::string name = list.substr(begin, end - begin);
    name.erase(0, name.find_first_not_of(' '));
    name.erase(name.find_last_not_of(' ') + 1);
    if (name.empty()) fail(Status::invalid_argument, "`targets` has an empty name");
    names.push_back(std::move(name));
    begin = end + 1;
  }
  return names;
}

nn::LoraConfig config_of(const mlxc_lora_options* options) {
  const auto given = read_options(options, mlxc_lora_options MLXC_LORA_OPTIONS_INIT, "options");
  nn::LoraConfig config;
  config.rank = given.rank, config.alpha = given.alpha, config.dropout = given.dropout;
  config.rank_stabilized = flag_of(given.rank_stabilized, "rank_stabilized");
  if (given.targets) config.targets = names_of(path_of(given.targets, "targets"));
  return config;
}

}  // namespace

extern "C" {

mlxc_status mlxc_module_language_model(mlxc_module** out, const char* folder, mlxc_error* error) {
  return guard(error, [&] {
    clear(out, "out");
    *out = put<mlxc_module>(language_model(FolderConfig::read(path_of(folder, "folder")).model));
  });
}

mlxc_status mlxc_parameters_load_model(mlxc_parameters** out, mlxc_device* device, const char* folder, int32_t trained, int32_t precision,
                                       uint64_t seed, mlxc_error* error) {
  return guard(error, [&] {
    clear(out, "out");
    const bool high = in_range(precision, MLXC_PRECISION_NATIVE, MLXC_PRECISION_HIGH, "precision") == MLXC_PRECISION_HIGH;
    const TrainedWeights options{!flag_of(trained, "trained"), high ? Precision::high : Precision::native, seed};
    *out = put<mlxc_parameters>(std::make_shared<ParametersObject>(load_parameters(device_of(device), path_of(folder, "folder"), options)));
  });
}

mlxc_status mlxc_parameters_save_model(mlxc_parameters* parameters, const char* like, const char* folder, mlxc_error* error) {
  return guard(error, [&] {
    const auto object = get(parameters);
    std::lock_guard lock(object->mutex);
    save_model(object->parameters, path_of(like, "like"), path_of(folder, "folder"));
  });
}

void mlxc_lora_options_init(mlxc_lora_options* options, uint32_t struct_size) {
  init_struct(options, struct_size, mlxc_lora_options MLXC_LORA_OPTIONS_INIT);
}

mlxc_status mlxc_parameters_add_lora(mlxc_parameters* parameters, const mlxc_lora_options* options, mlxc_error* error) {
  return guard(error, [&] {
    const auto object = get(parameters);
    const nn::LoraConfig config = config_of(options);
    std::lock_guard lock(object->mutex);
    object->parameters.adapt(config);
  });
}

mlxc_status mlxc_parameters_load_adapter(mlxc_parameters* parameters, const char* folder, mlxc_error* error) {
  return guard(error, [&] {
    const auto object = get(parameters);
    std::lock_guard lock(object->mutex);
    load_adapter(object->parameters, path_of(folder, "folder"));
  });
}

mlxc_status mlxc_parameters_save_adapter(mlxc_parameters* parameters, const char* folder, const char* base_model, mlxc_error* error) {
  return guard(error, [&] {
    const auto object = get(parameters);
    const std::string path = path_of(folder, "folder");
    std::lock_guard lock(object->mutex);
    nn::Adapter adapter = object->parameters.adapter();
    if (base_model) adapter.base_model = path_of(base_model, "base_model");
    adapter.save(path);
  });
}

mlxc_status mlxc_parameters_merge_adapter(mlxc_parameters* parameters, mlxc_error* error) {
  return guard(error, [&] {
    const auto object = get(parameters);
    std::lock_guard lock(object->mutex);
    object->parameters.merge();
  });
}

mlxc_status mlxc_adapter_merge(mlxc_device* device, const char* model, const char* adapter, const char* folder, mlxc_error* error) {
  return guard(error,
               [&] { merge_adapter(device_of(device), path_of(model, "model"), path_of(adapter, "adapter"), path_of(folder, "folder")); });
}

}  // extern "C"
}  // namespace mlxc::capi
