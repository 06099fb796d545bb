#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "backend/cpu/cpu_device.h"
#include "base/json.h"
#include "io/safetensors.h"
#include "llm/model.h"
#include "llm/model_runner.h"
#include "nn/weights.h"
#include "support/expect_error.h"
#include "support/temp_folder.h"

namespace mlxc {
namespace {

using test::expect_error;

const std::string kModels = MLXC_TEST_DATA "/models/";

std::shared_ptr<Model> load(const std::string& folder, bool copy = false, Precision precision = Precision::high) {
  LoadOptions options;
  options.copy_weights = copy;
  options.precision = precision;
  return Model::load(cpu_device(), folder, options);
}

std::vector<float> logits(std::shared_ptr<const Model> model) { return test::Sequence(model, 8).run({5, 7, 11}).logits; }

int64_t active_bytes() { return cpu_device().allocator().stats().active; }

// A copy of a model's folder whose tensors and config a test changes.
class Folder {
 public:
  explicit Folder(const std::string& name) {
    std::filesystem::copy(kModels + name, path(), std::filesystem::copy_options::recursive);
    file_ = SafetensorsFile::open(kModels + name + "/model.safetensors", LoadMode::copied);
    for (const auto& tensor : file_->tensors()) tensors_.push_back({tensor.name, tensor.dtype(), tensor.shape, tensor.bytes});
  }
  std::string path() const { return folder_ / "model"; }
  struct Tensor {
    std::string name;
    DType dtype;
    std::vector<int64_t> shape;
    std::span<const std::byte> bytes;
  };
  std::vector<Tensor>& tensors() { return tensors_; }
  Tensor& at(const std::string& name) {
    return *std::find_if(tensors_.begin(), tensors_.end(), [&](const Tensor& tensor) { return tensor.name == name; });
  }
  void remove(const std::string& name) {
    std::erase_if(tensors_, [&](const Tensor& tensor) { return tensor.name == name; });
  }
  void write() const {
    SafetensorsWriter writer;
    for (const Tensor& tensor : tensors_) writer.add(tensor.name, tensor.dtype, tensor.shape, tensor.bytes);
    writer.write(path() + "/model.safetensors");
  }
  void write_config(const std::function<void(Json&)>& change) const {
    Json config = read_json(path() + "/config.json");
    change(config);
    folder_.write("model/config.json", config.dump());
  }

 private:
  test::TempFolder folder_;
  std::shared_ptr<const SafetensorsFile> file_;
  std::vector<Tensor> tensors_;
};

TEST(ModelLoad, TellsWhatItLoaded) {
  const auto model = load(kModels + "llama");
  const ModelInfo& info = model->info();
  EXPECT_EQ(info.family, "llama");
  EXPECT_EQ(info.architecture, "LlamaForCausalLM");
  EXPECT_EQ(info.vocabulary, 331);
  EXPECT_EQ(info.layers, 3);
  EXPECT_EQ(info.weight_dtype, DType::f16);
  int64_t bytes = 0;  // every tensor of the shards is used
  const auto checkpoint = Checkpoint::open(kModels + "llama", LoadMode::mapped);
  for (const auto& file : checkpoint->files()) bytes += file->data_bytes();
  EXPECT_EQ(info.weight_bytes, bytes);
  EXPECT_EQ(info.parameters * 2, bytes);
}

TEST(ModelLoad, MappedWeightsLieInTheFileAndCopiedOnesInTheDevicesMemory) {
  const int64_t before = active_bytes();
  auto mapped = load(kModels + "qwen3");
  EXPECT_LT(active_bytes() - before, mapped->info().weight_bytes / 10);
  auto copied = load(kModels + "qwen3", true);
  EXPECT_GE(active_bytes() - before, copied->info().weight_bytes);
  EXPECT_EQ(logits(mapped), logits(copied));
}

TEST(ModelLoad, TheSameFolderTwiceSharesItsWeights) {
  const int64_t stores = WeightStore::live(), before = active_bytes();
  auto first = load(kModels + "qwen3-untied", true);
  const int64_t once = active_bytes() - before;
  auto second = load(kModels + "qwen3-untied", true, Precision::native);
  EXPECT_EQ(WeightStore::live(), stores + 1);
  EXPECT_LT(active_bytes() - before, once + first->info().weight_bytes / 10);
  first.reset();
  EXPECT_EQ(WeightStore::live(), stores + 1);
  EXPECT_GE(active_bytes() - before, second->info().weight_bytes);
  second.reset();
  EXPECT_EQ(WeightStore::live(), stores);
  EXPECT_LT(active_bytes() - before, once / 10);
}

TEST(ModelLoad, AChangedFileIsReadAgain) {
  Folder folder("qwen3-untied");
  auto before = load(folder.path());
  auto& norm = folder.at("model.norm.weight");
  std::vector<std::byte> zeros(norm.bytes.size());
  norm.bytes = zeros;
  folder.write();
  auto after = load(folder.path());
  EXPECT_NE(logits(before), logits(after));
  EXPECT_EQ(logits(after)[0], 0);
}

TEST(ModelLoad, CopiedWeightsSurviveAFileThatShrinks) {
  Folder folder("qwen3-untied");
  auto model = load(folder.path(), true);
  std::filesystem::resize_file(folder.path() + "/model.safetensors", 16);
  EXPECT_EQ(logits(model), logits(load(kModels + "qwen3-untied")));
}

TEST(ModelLoad, MisalignedTensorsAreCopied) {
  Folder folder("qwen3-untied");
  // A header of odd length shifts all data behind it.
  const std::string path = folder.path() + "/model.safetensors";
  std::ifstream in(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  in.close();
  uint64_t header = 0;
  std::memcpy(&header, bytes.data(), 8);
  bytes.insert(8 + header, " ");
  ++header;
  std::memcpy(bytes.data(), &header, 8);
  std::ofstream(path, std::ios::binary) << bytes;

  const int64_t before = active_bytes();
  auto model = load(folder.path());
  EXPECT_GE(active_bytes() - before, model->info().weight_bytes);
  EXPECT_EQ(logits(model), logits(load(kModels + "qwen3-untied")));
}

TEST(ModelLoad, NamesAMissingTensor) {
  Folder folder("llama-biases");
  folder.remove("model.layers.1.mlp.up_proj.bias");
  folder.write();
  expect_error(Status::not_found, "model.layers.1.mlp.up_proj.bias", [&] { load(folder.path()); });
}

TEST(ModelLoad, NamesATensorOfTheWrongShapeWithBothShapes) {
  Folder folder("qwen3-untied");
  folder.write_config([](Json& config) { config["intermediate_size"] = 96; });
  expect_error(Status::format, "model.layers.0.mlp.gate_proj.weight' has shape [112, 64], expected [96, 64]", [&] { load(folder.path()); });
}

TEST(ModelLoad, NamesATensorOfAnUnsupportedType) {
  Folder folder("qwen3-untied");
  auto& norm = folder.at("model.norm.weight");
  std::vector<std::byte> wide(norm.bytes.size() * 2);
  norm.bytes = wide, norm.dtype = DType::f64;
  folder.write();
  expect_error(Status::unsupported, "model.norm.weight' is float64", [&] { load(folder.path()); });
}

TEST(ModelLoad, AnUntiedHeadThatIsMissingIsNamed) {
  Folder folder("qwen3-untied");
  folder.remove("lm_head.weight");
  folder.write();
  expect_error(Status::not_found, "lm_head.weight", [&] { load(folder.path()); });
}

TEST(ModelLoad, ATiedConfigWithAnotherHeadUsesThatHead) {
  Folder folder("qwen3-untied");
  const auto own = logits(load(folder.path()));
  folder.write_config([](Json& config) { config["tie_word_embeddings"] = true; });
  EXPECT_EQ(logits(load(folder.path())), own);
  // With equal tensors, or with the head alone, the two are one.
  folder.at("lm_head.weight").bytes = folder.at("model.embed_tokens.weight").bytes;
  folder.write();
  auto tied = load(folder.path());
  EXPECT_NE(logits(tied), own);
  folder.remove("model.embed_tokens.weight");
  folder.write();
  auto head_only = load(folder.path());
  EXPECT_EQ(logits(head_only), logits(tied));
  EXPECT_EQ(head_only->info().parameters, tied->info().parameters);
}

TEST(ModelLoad, ReportsProgressUpToTheTotalAndCanBeCancelled) {
  for (bool copy : {false, true}) {
    LoadOptions options;
    options.copy_weights = copy;
    int64_t last = 0, total = 0, calls = 0;
    options.progress = [&](int64_t done, int64_t all) {
      EXPECT_GE(done, last);
      last = done, total = all, ++calls;
      return true;
    };
    Model::load(cpu_device(), kModels + "llama", options);
    EXPECT_EQ(last, total);
    EXPECT_GT(calls, 10);
    options.progress = [&](int64_t, int64_t) { return --calls > 5; };
    expect_error(Status::cancelled, "cancelled", [&] { Model::load(cpu_device(), kModels + "llama", options); });
  }
}

TEST(ModelLoad, TheCallersContextLimitsTheModels) {
  LoadOptions options;
  options.context = 100;
  EXPECT_EQ(Model::load(cpu_device(), kModels + "llama", options)->info().context, 100);
  options.context = 100'000;
  EXPECT_EQ(Model::load(cpu_device(), kModels + "llama", options)->info().context, 512);
  options.context = -1;
  EXPECT_THROW(Model::load(cpu_device(), kModels + "llama", options), Error);
}

TEST(ModelLoad, EncodersDoNotStepAndCausalModelsDoNotEncode) {
  expect_error(Status::unsupported, "encoder", [] { load(kModels + "bert-mean")->step({}); });
  expect_error(Status::unsupported, "llama", [] { load(kModels + "llama")->encode({}, {}, {}); });
}

TEST(ModelLoad, AFolderWithoutWeightsSaysWhatItLooksFor) {
  test::TempFolder folder;
  expect_error(Status::not_found, "config.json", [&] { load(folder.path()); });
  folder.write("config.json", R"({"model_type": "llama"})");
  expect_error(Status::not_found, "model.safetensors", [&] { load(folder.path()); });
}

// Huge sizes in config.json meet the shapes in the file before anything is allocated for them.
TEST(ModelLoad, ConfigsThatPromiseMoreThanTheFileHoldsAreRefused) {
  struct Case {
    const char* key;
    Json value;
  };
  const Case cases[] = {{"vocab_size", 2147483647}, {"hidden_size", 16777216}, {"num_hidden_layers", 10000},
                        {"num_key_value_heads", 1}, {"head_dim", 1024},        {"num_attention_heads", 65536}};
  for (const Case& wrong : cases) {
    SCOPED_TRACE(wrong.key);
    Folder folder("qwen3-untied");
    folder.write_config([&](Json& config) { config.erase("layer_types"), config[wrong.key] = wrong.value; });
    const int64_t before = active_bytes();
    EXPECT_THROW(load(folder.path()), Error);
    EXPECT_EQ(active_bytes(), before);
  }
}

}  // namespace
}  // namespace mlxc
