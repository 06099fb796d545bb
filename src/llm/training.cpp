#include "llm/training.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/file.h"
#include "base/json.h"
#include "base/quote.h"
#include "io/checkpoint.h"
#include "llm/families/families.h"
#include "nn/weights.h"
#include "ops/elementwise.h"

namespace mlxc {
namespace {

class LanguageModel final : public nn::Layer {
 public:
  explicit LanguageModel(const ModelConfig& config) : config_(config) {}
  Array forward(const Scope& at, const Array& x, nn::Pass& pass) const override {
    at.source().serve_language_model();
    nn::PassSource source(at.source(), pass);
    return build_model(config_, Scope(source, at.name()))->logits(x);
  }

 private:
  ModelConfig config_;
};

// Hands tensors on and notes which ones a model asked for.
class NotingSource final : public SourceOver {
 public:
  using SourceOver::SourceOver;
  Array tensor(const std::string& name, const Shape& shape, const Initializer& initial) override {
    return tensors[name] = SourceOver::tensor(name, shape, initial);
  }
  std::map<std::string, Array> tensors;
};

void make_folder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw Error(Status::io, cat("cannot make the folder ", quote(folder, 200), ": ", error.message()), error.value());
}

// config.json, the tokenizer, generation_config.json, ...: what lies beside the weights.
bool is_small_file(const std::filesystem::directory_entry& entry) {
  constexpr int64_t kMost = int64_t(64) << 20;
  const std::string name = entry.path().filename().string(), end = entry.path().extension().string();
  const bool text = end == ".json" || end == ".jinja" || end == ".txt" || end == ".model";
  return entry.is_regular_file() && text && !name.ends_with(".safetensors.index.json") && !name.starts_with("adapter_") &&
         name != "golden.json" && int64_t(entry.file_size()) <= kMost;
}

void write_text(const std::string& path, std::string_view text) {
  AtomicFileWriter file(path);
  file.write(text);
  file.commit();
}

void copy_small_files(const std::string& from, const std::string& to) {
  std::error_code error;
  if (std::filesystem::equivalent(from, to, error))
    fail(Status::invalid_argument, "the folder ", quote(to, 200), " is the model's own; choose another one");
  for (const auto& entry : std::filesystem::directory_iterator(from)) {
    if (!is_small_file(entry)) continue;
    const std::string name = entry.path().filename().string();
    write_text(cat(to, "/", name), read_file(entry.path().string(), int64_t(entry.file_size())));
  }
}

// transformers loads weights in the type that the config states.
void state_dtype(const std::string& folder, DType dtype) {
  const std::string path = folder + "/config.json";
  Json config = read_json(path);
  for (const char* key : {"dtype", "torch_dtype"})
    if (config.contains(key)) config[key] = name_of(dtype);
  write_text(path, config.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

std::vector<std::byte> bytes_of(const Array& array) {
  std::vector<std::byte> bytes(size_t(array.bytes()));
  read(array, bytes.data(), bytes.size());
  return bytes;
}

class CheckpointNames final : public TensorSource {  // for Adapter::fit
 public:
  CheckpointNames(Device& device, const Checkpoint& checkpoint) : device_(device), checkpoint_(checkpoint) {}
  Device& device() const override { return device_; }
  Precision precision() const override { return Precision::high; }
  bool has(const std::string& name) const override { return checkpoint_.find(name) != nullptr; }
  std::optional<Shape> shape_of(const std::string& name) const override { return shape_in(checkpoint_, name); }
  Array tensor(const std::string& name, const Shape&, const Initializer&) override { fail(Status::internal, "tensor ", quote(name)); }

 private:
  Device& device_;
  const Checkpoint& checkpoint_;
};

}  // namespace

nn::LayerPtr language_model(const ModelConfig& config) {
  if (config.family == Family::bert) fail(Status::unsupported, "model family bert is an encoder: there are no next tokens to train on");
  return std::make_shared<const LanguageModel>(config);
}

nn::Parameters load_parameters(Device& device, const std::string& folder, const TrainedWeights& options) {
  const FolderConfig config = FolderConfig::read(folder);
  Weights weights(device, folder, LoadMode::mapped, options.precision, {});
  NotingSource noted(weights);
  build_model(config.model, Scope(noted, ""));
  nn::Parameters parameters(device, options.seed, DType::f32, options.precision);
  parameters.serve_language_model();
  for (const auto& [name, tensor] : noted.tensors)
    parameters.insert(name, options.frozen ? tensor : nn::own_copy(device, cast(tensor, DType::f32)), false, options.frozen);
  return parameters;
}

void load_adapter(nn::Parameters& parameters, const std::string& folder) {
  nn::Adapter adapter = nn::Adapter::load(parameters.device(), folder);
  adapter.fit(parameters, kBodies);
  parameters.adapt(std::move(adapter));
}

void save_model(const nn::Parameters& parameters, const std::string& like, const std::string& folder) {
  make_folder(folder);
  copy_small_files(like, folder);
  SafetensorsWriter writer;
  std::vector<std::vector<std::byte>> bytes;
  DType dtype = DType::f32;
  for (const std::string& name : parameters.names()) {
    if (nn::is_low_rank(name)) continue;
    const Array value = parameters.get(name);
    dtype = value.dtype();
    bytes.push_back(bytes_of(value));
    writer.add(name, value.dtype(), {value.shape().begin(), value.shape().end()}, bytes.back());
  }
  writer.set_metadata("format", "pt");
  writer.write(folder + "/model.safetensors");
  state_dtype(folder, dtype);
}

void merge_adapter(Device& device, const std::string& model, const std::string& adapter_folder, const std::string& folder) {
  const auto checkpoint = Checkpoint::open(model, LoadMode::mapped);
  nn::Adapter adapter = nn::Adapter::load(device, adapter_folder);
  adapter.fit(CheckpointNames(device, *checkpoint), kBodies);
  for (const auto& [linear, pair] : adapter.linears)
    if (!checkpoint->find(nn::inside(linear, "weight")))
      fail(Status::unsupported, "the adapter changes ", quote(linear),
           ", which shares its weight with the embedding table; serve the model with the adapter instead");
  make_folder(folder);
  copy_small_files(model, folder);
  for (const auto& file : checkpoint->files()) {
    SafetensorsWriter writer;
    std::vector<std::vector<std::byte>> changed;
    for (const SafetensorsFile::Tensor& tensor : file->tensors()) {
      std::span<const std::byte> bytes = tensor.bytes;
      const std::optional<std::string> linear = nn::around(tensor.name, "weight");
      if (linear && adapter.linears.count(*linear)) {
        const Array weight = Array::from_data(device, tensor.bytes.data(), Shape(std::span<const int64_t>(tensor.shape)), tensor.dtype());
        changed.push_back(bytes_of(adapter.merged(*linear, weight)));
        bytes = changed.back();
      }
      writer.add(tensor.name, tensor.dtype(), tensor.shape, bytes);
    }
    for (const auto& [key, value] : file->metadata()) writer.set_metadata(key, value);
    writer.write(cat(folder, "/", std::filesystem::path(file->path()).filename().string()));
  }
  const std::string index = "/model.safetensors.index.json";
  if (checkpoint->files().size() > 1 && file_exists(model + index)) write_text(folder + index, read_file(model + index, int64_t(64) << 20));
}

}  // namespace mlxc
