// Adapters and training of language models against transformers, PEFT and PyTorch (golden/make_adapters.py).
#include "llm/training.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "io/safetensors.h"
#include "llm/model_runner.h"
#include "nn/losses.h"
#include "nn/optimizers.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/shape_ops.h"
#include "support/temp_folder.h"

namespace mlxc {
namespace {

const std::string kModels = MLXC_TEST_DATA "/models/", kAdapters = kModels + "adapters/";
constexpr double kHighLimit = 2e-4, kLossLimit = 1e-4;

class Golden {
 public:
  explicit Golden(const std::string& path) : file_(SafetensorsFile::open(path, LoadMode::copied)) {}
  template <class T>
  std::vector<T> values(const std::string& name) const {
    const auto& tensor = file_->at(name);
    std::vector<T> result(tensor.bytes.size() / sizeof(T));
    std::memcpy(result.data(), tensor.bytes.data(), tensor.bytes.size());
    return result;
  }
  Array array(const std::string& name) const {
    const auto& tensor = file_->at(name);
    return Array::from_data(test::device(), tensor.bytes.data(), Shape(std::span<const int64_t>(tensor.shape)), tensor.dtype());
  }
  std::vector<std::string> names(const std::string& prefix) const {
    std::vector<std::string> result;
    for (const auto& tensor : file_->tensors())
      if (tensor.name.starts_with(prefix)) result.push_back(tensor.name.substr(prefix.size()));
    return result;
  }

 private:
  std::shared_ptr<const SafetensorsFile> file_;
};

// The largest difference, relative to the largest expected value.
double difference(const std::vector<float>& actual, const std::vector<float>& expected) {
  EXPECT_EQ(actual.size(), expected.size());
  double most = 0, largest = 0;
  for (size_t i = 0; i < std::min(actual.size(), expected.size()); ++i) {
    const double d = std::abs(double(actual[i]) - double(expected[i]));
    most = std::isnan(d) ? INFINITY : std::max(most, d);
    largest = std::max(largest, double(std::abs(expected[i])));
  }
  return most / largest;
}

std::string of_peft(const std::string& name) { return name.starts_with("base_model.model.") ? name.substr(17) : name; }

// A step of training as one program: windows in, loss and gradients out, parameters and moments written where they lie.
class Step {
 public:
  Step(const nn::LayerPtr& model, const nn::Parameters& parameters, const nn::OptimizerOptions& options, const Array& windows)
      : optimizer_(options), values_(parameters.values(nn::Parameters::Select::trained)) {
    auto input_like = [](const Array& x) { return Array::placeholder(test::device(), x.shape(), x.dtype()); };
    states_ = optimizer_.initial_states(values_);
    Arrays inputs{input_like(windows), Array::placeholder(test::device(), {}, DType::f32)}, values, states;
    for (const Array& value : values_) values.push_back(input_like(value));
    for (const Array& state : states_) states.push_back(input_like(state));
    nn::Parameters graph = parameters;
    graph.set_values(nn::Parameters::Select::trained, values);
    const Arrays wrt = graph.values(nn::Parameters::Select::trained);

    const int64_t length = windows.dim(1) - 1;
    nn::Pass pass{.training = true, .key = {}};
    const Array logits = model->forward(Scope(graph, ""), slice_axis(inputs[0], 1, 0, length), pass);
    const Array loss = nn::cross_entropy(logits, slice_axis(inputs[0], 1, 1, length + 1));
    Arrays outputs{loss};
    const Arrays gradients = grad({loss}, wrt);
    const auto updated = optimizer_.update(wrt, gradients, states, inputs[1]);
    outputs.insert(outputs.end(), updated.parameters.begin(), updated.parameters.end());
    outputs.insert(outputs.end(), updated.states.begin(), updated.states.end());
    outputs.insert(outputs.end(), gradients.begin(), gradients.end());
    inputs.insert(inputs.end(), values.begin(), values.end());
    inputs.insert(inputs.end(), states.begin(), states.end());
    std::vector<StatePair> pairs;
    for (size_t i = 0; i < values.size() + states.size(); ++i) pairs.push_back({int(2 + i), int(1 + i)});
    function_ = Function::capture(std::move(inputs), std::move(outputs), std::move(pairs));
  }

  struct Result {
    float loss;
    Arrays gradients;
  };
  Result run(const Array& windows, float rate) {
    Arrays inputs{windows, Array::from_vector(test::device(), std::vector<float>{rate}, {}, DType::f32)};
    inputs.insert(inputs.end(), values_.begin(), values_.end());
    inputs.insert(inputs.end(), states_.begin(), states_.end());
    const Arrays outputs = function_.run(inputs);
    const auto values = outputs.begin() + 1, states = values + long(values_.size()), gradients = states + long(states_.size());
    values_.assign(values, states), states_.assign(states, gradients);
    return {test::floats(outputs[0])[0], {gradients, outputs.end()}};
  }
  const Arrays& values() const { return values_; }

 private:
  nn::Optimizer optimizer_;
  Arrays values_, states_;
  Function function_;
};

void expect_training_like(const Golden& golden, const nn::LayerPtr& model, const nn::Parameters& parameters) {
  const Array windows = golden.array("tokens");
  Step step(model, parameters, {.kind = nn::OptimizerKind::adamw, .weight_decay = 0.01}, windows);
  const std::vector<std::string> names = parameters.names(nn::Parameters::Select::trained);
  auto place_of = [&](const std::string& name) {
    const auto found = std::find(names.begin(), names.end(), of_peft(name));
    EXPECT_NE(found, names.end()) << name;
    return size_t(found - names.begin());
  };
  const auto losses = golden.values<float>("losses");
  for (size_t i = 0; i < losses.size(); ++i) {
    const Step::Result result = step.run(windows, golden.values<float>("rate")[0]);
    EXPECT_NEAR(result.loss, losses[i], kLossLimit * losses[i]) << "step " << i;
    if (i > 0) continue;
    for (const std::string& name : golden.names("grad/"))
      EXPECT_LE(difference(test::floats(result.gradients.at(place_of(name))), golden.values<float>("grad/" + name)), kHighLimit) << name;
  }
  for (const std::string& name : golden.names("final/"))
    EXPECT_LE(difference(test::floats(step.values().at(place_of(name))), golden.values<float>("final/" + name)), 1e-3) << name;
}

std::vector<std::string> adapters() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kAdapters))
    if (entry.is_directory()) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

class PublishedAdapter : public testing::TestWithParam<std::string> {
 protected:
  std::string folder() const { return kAdapters + GetParam(); }
  std::string base() const { return kModels + GetParam().substr(0, GetParam().find('.')); }
  Golden golden() const { return Golden(folder() + "/golden.safetensors"); }
  std::shared_ptr<Model> load(const std::string& model, const std::string& adapter) const {
    LoadOptions options;
    options.precision = Precision::high;
    options.adapter = adapter;
    return Model::load(test::device(), model, options);
  }
  nn::Parameters parameters() const {
    nn::Parameters parameters = load_parameters(test::device(), base(), {.precision = Precision::high});
    load_adapter(parameters, folder());
    return parameters;
  }
  nn::LayerPtr layer() const { return language_model(FolderConfig::read(base()).model); }
};

TEST_P(PublishedAdapter, IsServedWithTheLogitsAndGreedyTokensOfPeft) {
  const Golden golden = this->golden();
  const auto prompt = golden.values<int32_t>("prompt"), greedy = golden.values<int32_t>("greedy");
  const auto model = load(base(), folder());
  EXPECT_LE(difference(test::Sequence(model, int64_t(prompt.size())).run(prompt).logits, golden.values<float>("logits")), kHighLimit);
  EXPECT_EQ(test::Sequence(model, int64_t(prompt.size() + greedy.size())).greedy(prompt, greedy.size()), greedy);
}

TEST_P(PublishedAdapter, IsTrainedWithTheGradientsAndLossesOfPyTorch) { expect_training_like(golden(), layer(), parameters()); }

TEST_P(PublishedAdapter, SavedAgainGivesTheSameLogits) {
  const test::TempFolder folder;
  parameters().adapter().save(folder / "adapter");
  const auto prompt = golden().values<int32_t>("prompt");
  const auto model = load(base(), folder / "adapter");
  EXPECT_LE(difference(test::Sequence(model, int64_t(prompt.size())).run(prompt).logits, golden().values<float>("logits")), kHighLimit);
}

TEST_P(PublishedAdapter, MergedIntoTheWeightsGivesTheSameUpToTheirRounding) {
  const test::TempFolder folder;
  merge_adapter(test::device(), base(), this->folder(), folder / "merged");
  const auto prompt = golden().values<int32_t>("prompt");
  const auto merged = load(folder / "merged", "");
  const double limit = merged->info().weight_dtype == DType::f32 ? kHighLimit : 2e-2;
  EXPECT_LE(difference(test::Sequence(merged, int64_t(prompt.size())).run(prompt).logits, golden().values<float>("logits")), limit);
}

INSTANTIATE_TEST_SUITE_P(Folders, PublishedAdapter, testing::ValuesIn(adapters()), [](const auto& info) {
  std::string name = info.param;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(c); }, '_');
  return name;
});

TEST(LanguageModelTraining, AtNativePrecisionLossesStayNearThoseInFloat32) {
  const std::string base = kModels + "fable-qwen3", folder = kAdapters + "fable-qwen3.attention";
  nn::Parameters parameters = load_parameters(test::device(), base, {.precision = Precision::native});
  load_adapter(parameters, folder);
  const Golden golden(folder + "/golden.safetensors");
  const Array windows = golden.array("tokens");
  Step step(language_model(FolderConfig::read(base).model), parameters, {.kind = nn::OptimizerKind::adamw, .weight_decay = 0.01}, windows);
  for (float loss : golden.values<float>("losses")) EXPECT_NEAR(step.run(windows, golden.values<float>("rate")[0]).loss, loss, 0.01 * loss);
}

TEST(LanguageModelTraining, OfAllWeightsGivesTheGradientsAndLossesOfPyTorch) {
  const auto parameters = load_parameters(test::device(), kModels + "qwen3", {.frozen = false, .precision = Precision::high});
  expect_training_like(Golden(kAdapters + "full.safetensors"), language_model(FolderConfig::read(kModels + "qwen3").model), parameters);
}

}  // namespace
}  // namespace mlxc
