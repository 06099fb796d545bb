#include "mlxc/model.h"

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "capi/devices.h"
#include "capi/requests.h"

namespace mlxc::capi {
namespace {

std::shared_ptr<ModelObject> load(const std::string& path, const mlxc_model_options& options) {
  LoadOptions load;
  load.copy_weights = in_range(options.weights, MLXC_WEIGHTS_MAPPED, MLXC_WEIGHTS_COPIED, "weights") == MLXC_WEIGHTS_COPIED;
  bool high = in_range(options.precision, MLXC_PRECISION_NATIVE, MLXC_PRECISION_HIGH, "precision") == MLXC_PRECISION_HIGH;
  load.precision = high ? Precision::high : Precision::native;
  load.context = in_range(options.context, 0, INT64_MAX, "context");
  if (options.adapter) load.adapter = path_of(options.adapter, "adapter");
  if (options.progress)
    load.progress = [&](int64_t done, int64_t total) { return options.progress(done, total, options.progress_user_data) == 0; };
  EngineOptions engine;
  engine.threads = int(in_range(options.threads, 0, 4096, "threads"));
  if (options.max_sequences != 0) engine.max_sequences = in_range(options.max_sequences, 0, 65536, "max_sequences");
  engine.cache_tokens = in_range(options.cache_tokens, 0, INT64_MAX, "cache_tokens");
  engine.step_tokens = in_range(options.step_tokens, 0, INT64_MAX, "step_tokens");

  std::shared_ptr<Model> model = Model::load(device_of(options.device), path, load);
  std::shared_ptr<const Tokenizer> tokenizer;
  if (file_exists(path + "/tokenizer.json")) tokenizer = Tokenizer::load_file(path);
  return std::make_shared<ModelObject>(Engine::create(std::move(model), std::move(tokenizer), engine), path);
}

mlxc_model_info describe(const ModelObject& object) {
  const ModelInfo& from = object.info();
  mlxc_model_info info = MLXC_MODEL_INFO_INIT;
  info.causal = from.causal;
  info.vocabulary = from.vocabulary;
  info.hidden = from.hidden;
  info.layers = from.layers;
  info.heads = from.heads;
  info.kv_heads = from.kv_heads;
  info.head_dim = from.head_dim;
  info.context = from.context;
  info.parameters = from.parameters;
  info.weight_bytes = from.weight_bytes;
  info.weight_dtype = int32_t(from.weight_dtype);
  info.precision = object.engine().model().precision() == Precision::high ? MLXC_PRECISION_HIGH : MLXC_PRECISION_NATIVE;
  info.bos_token = from.bos_token.value_or(-1);
  info.pad_token = from.pad_token.value_or(-1);
  info.pooling = int32_t(from.pooling);
  info.normalize_embeddings = from.normalize_embeddings;
  info.max_embedding_tokens = from.max_embedding_tokens > 0 ? from.max_embedding_tokens : from.context;
  info.temperature = from.temperature.value_or(0);
  info.top_k = int32_t(std::min<int64_t>(from.top_k.value_or(0), INT32_MAX));
  info.top_p = from.top_p.value_or(1);
  info.min_p = from.min_p.value_or(0);
  info.repetition_penalty = from.repetition_penalty.value_or(1);
  info.has_tokenizer = object.engine().tokenizer() != nullptr;
  copy_field(info.family, from.family);
  copy_field(info.architecture, from.architecture);
  return info;
}

// What the model needs of a device for one sequence as long as its context, and which devices have that.
void describe_memory(const ModelObject& object, nlohmann::ordered_json& json) {
  const ModelInfo& from = object.info();
  const int64_t token = from.causal ? 2 * from.layers * from.kv_heads * from.head_dim * size_of(object.engine().model().cache_dtype()) : 0;
  const int64_t needed = from.weight_bytes + token * from.context;
  json["memory"] = {
      {"weights", from.weight_bytes}, {"cache_per_token", token}, {"cache_at_context", token * from.context}, {"needed", needed}};
  for (const mlxc_device_info& device : known_devices()) {
    if (!device.available) continue;
    const int64_t room = device.available_bytes ? device.available_bytes : device.memory_bytes;
    json["fits"][device.name] = {{"fits", needed <= room}, {"room", room}};
  }
}

std::string describe_json(const ModelObject& object) {
  const ModelInfo& from = object.info();
  mlxc_model_info info = describe(object);
  static constexpr const char* kPoolings[] = {"mean", "last", "cls"};
  nlohmann::ordered_json json = {
      {"path", object.path()},
      {"adapter", from.adapter.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(from.adapter)},
      {"family", from.family},
      {"architecture", from.architecture},
      {"kind", from.causal ? "causal" : "encoder"},
      {"parameters", from.parameters},
      {"weight_bytes", from.weight_bytes},
      {"weight_dtype", name_of(from.weight_dtype)},
      {"precision", info.precision == MLXC_PRECISION_HIGH ? "high" : "native"},
      {"vocabulary", from.vocabulary},
      {"hidden", from.hidden},
      {"layers", from.layers},
      {"heads", from.heads},
      {"kv_heads", from.kv_heads},
      {"head_dim", from.head_dim},
      {"context", from.context},
      {"stop_tokens", from.stop_tokens},
      {"bos_token", from.bos_token ? nlohmann::ordered_json(*from.bos_token) : nullptr},
      {"pad_token", from.pad_token ? nlohmann::ordered_json(*from.pad_token) : nullptr},
      {"sampling",
       {{"temperature", info.temperature},
        {"top_k", from.top_k.value_or(0)},
        {"top_p", info.top_p},
        {"min_p", info.min_p},
        {"repetition_penalty", info.repetition_penalty}}},
      {"embedding",
       {{"pooling", kPoolings[int(from.pooling)]}, {"normalize", from.normalize_embeddings}, {"max_tokens", info.max_embedding_tokens}}},
      {"tokenizer", info.has_tokenizer == 1},
      {"device", {{"name", object.engine().model().device().name()}, {"description", object.engine().model().device().description()}}},
  };
  describe_memory(object, json);
  // A path may hold bytes that are not UTF-8.
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

extern "C" {

void mlxc_model_options_init(mlxc_model_options* options, uint32_t struct_size) {
  init_struct(options, struct_size, mlxc_model_options MLXC_MODEL_OPTIONS_INIT);
}

mlxc_status mlxc_model_load(mlxc_model** out, const char* path, const mlxc_model_options* options, mlxc_error* error) {
  return guard(error, [&] {
    clear(out, "out");
    mlxc_model_options defaults = MLXC_MODEL_OPTIONS_INIT;
    *out = put<mlxc_model>(load(path_of(path), read_options(options, defaults, "options")));
  });
}

mlxc_status mlxc_model_inspect(mlxc_model* model, mlxc_model_info* info, mlxc_error* error) {
  return guard(error, [&] { write_struct(info, describe(*get(model)), "info"); });
}

mlxc_status mlxc_model_json(mlxc_model* model, char* buffer, size_t capacity, size_t* needed, mlxc_error* error) {
  return guard(error, [&] { give_text(describe_json(*get(model)), buffer, capacity, needed); });
}

mlxc_status mlxc_model_stop_tokens(mlxc_model* model, int32_t* tokens, int64_t capacity, int64_t* needed, mlxc_error* error) {
  return guard(error, [&] { give_list(std::span(std::as_const(get(model)->info().stop_tokens)), tokens, capacity, needed); });
}

mlxc_status mlxc_model_read_stats(mlxc_model* model, mlxc_model_stats* stats, mlxc_error* error) {
  return guard(error, [&] {
    EngineStats read = get(model)->engine().stats();
    mlxc_model_stats value = MLXC_MODEL_STATS_INIT;
    value.running = read.running;
    value.waiting = read.waiting;
    value.submitted = read.submitted;
    value.finished = read.finished;
    value.prompt_tokens = read.prompt_tokens;
    value.generated_tokens = read.generated_tokens;
    value.steps = read.steps;
    value.cache_pages = read.cache_pages;
    value.cache_pages_used = read.cache_pages_used;
    write_struct(stats, value, "stats");
  });
}

mlxc_status mlxc_model_tokenizer_copy(mlxc_tokenizer** out, mlxc_model* model, mlxc_error* error) {
  return guard(error, [&] {
    clear(out, "out");
    auto object = get(model);
    if (!object->engine().tokenizer()) fail(Status::not_found, object->path(), " has no tokenizer.json");
    *out = put<mlxc_tokenizer>(object->engine().tokenizer());
  });
}

mlxc_status mlxc_model_device_copy(mlxc_device** out, mlxc_model* model, mlxc_error* error) {
  return guard(error, [&] {
    clear(out, "out");
    *out = put<mlxc_device>(std::make_shared<DeviceObject>(DeviceObject{&get(model)->engine().model().device()}));
  });
}

void mlxc_model_free(mlxc_model* model) {
  if (auto object = take(model)) object->close();
}

}  // extern "C"
}  // namespace mlxc::capi
