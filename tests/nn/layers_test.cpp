// Layers over parameters: names, beginnings, modes, files, and training as one captured function.
#include "nn/layers.h"

#include <gmock/gmock.h>

#include "golden.h"
#include "io/safetensors.h"
#include "nn/losses.h"
#include "nn/optimizers.h"
#include "nn/parameters.h"
#include "ops/creation.h"
#include "ops/gradient.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"
#include "support/expect_error.h"
#include "support/temp_folder.h"

namespace mlxc::test {
namespace {

using nn::Parameters;
using nn::Pass;
using ::testing::ElementsAre;
using Select = Parameters::Select;

Array drawn(const Shape& shape, uint64_t seed = 1) { return random::normal(random::key(device(), seed), shape, DType::f32); }

nn::LayerPtr small_network() {
  using namespace nn::layers;
  return sequential({convolution(1, 4, {3, 3}, {.stride = {}, .padding = {1, 1}, .dilation = {}}, true), batch_norm(4, 1e-5, 0.1),
                     activation(ActivationOp::relu, 0), max_pool({.kernel = {2, 2}, .stride = {}, .padding = {}, .dilation = {}}),
                     flatten(), dropout(0.2), linear(4 * 3 * 3, 3, true)});
}
Array run(const nn::LayerPtr& layer, Parameters& parameters, const Array& x, Pass pass = {}) {
  return layer->forward({parameters, ""}, x, pass);
}

TEST(Layers, FindTheirParametersByName) {
  Parameters parameters(device(), 1);
  EXPECT_EQ(run(small_network(), parameters, drawn({2, 1, 6, 6})).shape(), (Shape{2, 3}));
  EXPECT_THAT(parameters.names(),
              ElementsAre("0.bias", "0.weight", "1.bias", "1.running_mean", "1.running_var", "1.weight", "6.bias", "6.weight"));
  EXPECT_EQ(parameters.count(Select::trained), 4 * 9 + 4 + 4 + 4 + 3 * 36 + 3);
  EXPECT_THAT(parameters.names(Select::buffers), ElementsAre("1.running_mean", "1.running_var"));
}

TEST(Layers, OfEveryKindKeepTheirShapes) {
  using namespace nn::layers;
  Parameters parameters(device(), 1);
  const Array rows = drawn({2, 5, 8});
  auto shape = [&](const char* name, const nn::LayerPtr& layer, const Array& x) {
    Pass pass;
    const Array y = layer->forward({parameters, name}, x, pass);
    eval({y});
    return y.shape();
  };
  EXPECT_EQ(shape("a", layer_norm(8, 1e-5), rows), rows.shape());
  EXPECT_EQ(shape("b", rms_norm(8, 1e-5), rows), rows.shape());
  EXPECT_EQ(shape("c", group_norm(5, 5, 1e-5), rows), rows.shape());
  EXPECT_EQ(shape("d", multi_head_attention(8, 2, true, true), rows), rows.shape());
  EXPECT_EQ(shape("e", recurrent(CellKind::gru, {.in = 8, .hidden = 3}), rows), (Shape{2, 5, 3}));
  EXPECT_EQ(shape("f", residual(sequential({linear(8, 8, false), activation(ActivationOp::gelu, 0)})), rows), rows.shape());
  EXPECT_EQ(shape("g", average_pool({.kernel = {2}, .stride = {}, .padding = {}, .dilation = {}}), rows), (Shape{2, 5, 4}));
  EXPECT_EQ(shape("h", embedding(10, 4), Array::from_vector<int32_t>(device(), {1, 9}, {2}, DType::i32)), (Shape{2, 4}));
  EXPECT_EQ(shape("i", positions(6, 8), rows), rows.shape());
  const std::vector<double> added = fetch(run(sequential({positions(6, 8)}), parameters, rows) - rows);
  EXPECT_NEAR(added[40], fetch(parameters.get("0.weight"))[0], 1e-6);  // the first place of the second sequence
  EXPECT_THROW(shape("j", positions(4, 8), rows), Error);
  EXPECT_TRUE(parameters.has("d.q_proj.weight") && parameters.has("e.weight_hh_l0") && parameters.has("f.0.weight"));
}

TEST(Layers, CapturedWithOneBatchTakeOthers) {
  using namespace nn::layers;
  Parameters parameters(device(), 1);
  const struct {
    const char* name;
    nn::LayerPtr layer;
    Shape sample;
  } cases[] = {{"network", small_network(), {1, 6, 6}},
               {"attention", multi_head_attention(8, 2, true, true), {5, 8}},
               {"group norm", group_norm(2, 4, 1e-5), {4, 3, 2}},
               {"flatten", flatten(), {3, 2}}};
  for (const auto& each : cases) {
    auto batch = [&](int64_t size) {
      Shape shape = each.sample;
      shape.insert(0, size);
      return drawn(shape);
    };
    auto of = [&](const Array& x) {
      Pass pass;
      return each.layer->forward({parameters, each.name}, x, pass);
    };
    const Array hole = batch(2);
    const Function function = Function::capture({hole}, {of(hole)});
    for (int64_t size : {1, 2, 5, 0}) {
      const Array x = batch(size), expected = of(x), result = function.run({x})[0];
      EXPECT_EQ(result.shape(), expected.shape()) << each.name;
      EXPECT_EQ(fetch(result), fetch(expected)) << each.name << ", batch " << size;
    }
  }
}

// Names, values and gradients: a state that PyTorch saved is a state of ours.
TEST(Layers, AreTheModulesOfPyTorch) {
  using namespace nn::layers;
  const struct {
    const char* name;
    nn::LayerPtr layer;
  } cases[] = {
      {"conv2d", convolution(4, 6, {3, 2}, {.stride = {2, 1}, .padding = {1, 1}, .dilation = {1, 2}, .groups = 2}, true)},
      {"conv_transpose2d",
       transposed_convolution(4, 6, {3, 2}, {.stride = {2, 3}, .padding = {1, 1}, .dilation = {}, .groups = 2}, {1, 0}, true)},
      {"conv_transpose2d_dilated", transposed_convolution(4, 3, {3, 3}, {.stride = {}, .padding = {}, .dilation = {2, 2}}, {}, false)},
      {"conv_transpose1d", transposed_convolution(4, 2, {4}, {.stride = {2}, .padding = {1}, .dilation = {}}, {}, true)},
      {"batch_norm", batch_norm(4, 1e-5, 0.1)},
      {"group_norm", group_norm(2, 4, 1e-5)},
      {"layer_norm", layer_norm(6, 1e-5)},
      {"log_softmax", softmax(1, true)},
      {"rnn", recurrent(CellKind::rnn_relu, {.in = 6, .hidden = 5})},
      {"gru", recurrent(CellKind::gru, {.in = 6, .hidden = 5, .layers = 2, .batch_first = true})},
      {"lstm", recurrent(CellKind::lstm, {.in = 6, .hidden = 5, .layers = 2, .batch_first = true, .bidirectional = true})},
      {"lstm_last", recurrent(CellKind::lstm, {.in = 6, .hidden = 5, .layers = 2, .bias = false, .bidirectional = true, .last = true})},
  };
  for (const auto& [name, layer] : cases) {
    const std::string at = std::string("module/") + name;
    const Array x = golden(at + "/x");
    Parameters parameters(device(), 1);
    run(layer, parameters, x);  // names begin
    for (const std::string& parameter : parameters.names()) parameters.set(parameter, golden(at + "/state/" + parameter));
    const Array y = run(layer, parameters, x, {.training = true, .key = {}});
    expect_near(y, golden(at + "/output"), 1e-5, at);
    for (const std::string& buffer : parameters.names(Select::buffers))
      expect_near(parameters.get(buffer), golden(at + "/after/" + buffer), 1e-5, at + " " + buffer);
    std::vector<std::string> names = parameters.names(Select::trained);
    Arrays wrt = parameters.values(Select::trained);
    names.push_back("x"), wrt.push_back(x);
    const Arrays gradients = grad({reduce(ReduceOp::sum, y * y, {}, false)}, wrt);
    for (size_t i = 0; i < names.size(); ++i) expect_near(gradients[i], golden(at + "/grad/" + names[i]), 2e-5, at + " by " + names[i]);
  }
}

TEST(Layers, RecurrentOnesDropBetweenLayersInTrainingOnly) {
  Parameters parameters(device(), 1);
  const nn::LayerPtr layer = nn::layers::recurrent(CellKind::gru, {.in = 8, .hidden = 16, .layers = 2, .dropout = 0.5});
  const Array x = drawn({3, 2, 8});
  const std::vector<double> y = fetch(run(layer, parameters, x));
  EXPECT_EQ(fetch(run(layer, parameters, x)), y);
  EXPECT_NE(fetch(run(layer, parameters, x, {.training = true, .key = random::key(device(), 1)})), y);
  EXPECT_THROW(run(layer, parameters, x, {.training = true, .key = {}}), Error);
  EXPECT_THROW(run(layer, parameters, drawn({3, 2, 7})), Error);
}

TEST(Layers, RefuseTransposedConvolutionsWhoseSizesOverflow) {
  Parameters parameters(device(), 1);
  const Array x = drawn({1, 1, 9});
  constexpr int64_t kMost = INT64_MAX;
  const ConvolutionShape shapes[] = {
      {.stride = {int64_t(1) << 60}, .padding = {}, .dilation = {}},
      {.stride = {int64_t(1) << 61}, .padding = {}, .dilation = {}},
      {.stride = {kMost}, .padding = {}, .dilation = {}},
      {.stride = {}, .padding = {}, .dilation = {kMost}},
      {.stride = {}, .padding = {kMost}, .dilation = {}},
      {.stride = {}, .padding = {}, .dilation = {int64_t(3) << 60}},
  };
  for (const ConvolutionShape& shape : shapes)
    expect_error(Status::invalid_argument, "transposed convolution",
                 [&] { run(nn::layers::transposed_convolution(1, 2, {3}, shape, {}, true), parameters, x); });
}

TEST(Layers, BeginAlikeForTheSameSeedOnly) {
  auto first = [](uint64_t seed) {
    Parameters parameters(device(), seed);
    run(nn::layers::linear(6, 3, true), parameters, drawn({1, 6}));
    return fetch(parameters.get("weight"));
  };
  EXPECT_EQ(first(1), first(1));
  EXPECT_NE(first(1), first(2));
  for (double value : first(3)) EXPECT_LE(std::abs(value), 1 / std::sqrt(6.0));
}

TEST(Layers, BatchNormRenewsItsStatisticsInTrainingOnly) {
  Parameters parameters(device(), 1);
  const nn::LayerPtr norm = nn::layers::batch_norm(2, 1e-5, 0.5);
  const Array x = Array::from_vector<float>(device(), {1, 10, 3, 30}, {2, 2}, DType::f32);
  run(norm, parameters, x);
  EXPECT_EQ(fetch(parameters.get("running_mean")), (std::vector<double>{0, 0}));
  EXPECT_NEAR(fetch(run(norm, parameters, x, {.training = true, .key = {}}))[0], -1, 1e-4);
  EXPECT_EQ(fetch(parameters.get("running_mean")), (std::vector<double>{1, 10}));
  EXPECT_EQ(fetch(parameters.get("running_var")), (std::vector<double>{1.5, 100.5}));  // half of 1 and half of the unbiased variance
}

TEST(Layers, BatchNormKeepsItsStatisticsInATrainingPassOfNothing) {
  for (const Shape& shape : {Shape{0, 2}, Shape{0, 2, 3, 3}, Shape{4, 2, 0}}) {
    Parameters parameters(device(), 1);
    const Array y =
        run(nn::layers::batch_norm(2, 1e-5, 0.5), parameters, full(device(), shape, 1, DType::f32), {.training = true, .key = {}});
    EXPECT_EQ(y.shape(), shape);
    EXPECT_TRUE(fetch(y).empty());
    const Arrays gradients = grad({reduce(ReduceOp::sum, y, {}, false)}, parameters.values(Select::trained));
    for (const Array& gradient : gradients) EXPECT_THAT(fetch(gradient), ElementsAre(0, 0));
    EXPECT_THAT(fetch(parameters.get("running_mean")), ElementsAre(0, 0));
    EXPECT_THAT(fetch(parameters.get("running_var")), ElementsAre(1, 1));
  }
}

TEST(Layers, DropoutNeedsAKeyInTrainingAndDoesNothingElsewhere) {
  Parameters parameters(device(), 1);
  const nn::LayerPtr layer = nn::layers::dropout(0.5);
  const Array x = drawn({64});
  EXPECT_EQ(fetch(run(layer, parameters, x)), fetch(x));
  EXPECT_THROW(run(layer, parameters, x, {.training = true, .key = {}}), Error);
  EXPECT_NE(fetch(run(layer, parameters, x, {.training = true, .key = random::key(device(), 1)})), fetch(x));
}

TEST(Parameters, AreSavedWholeAndLoadedByName) {
  TempFolder folder;
  const std::string path = folder.path() + "/model.safetensors";
  Parameters parameters(device(), 1), other(device(), 2), empty(device(), 3);
  const Array x = drawn({2, 1, 6, 6});
  const Array y = run(small_network(), parameters, x);
  parameters.save(path);
  EXPECT_NE(fetch(run(small_network(), other, x)), fetch(y));
  other.load(path);
  EXPECT_EQ(fetch(run(small_network(), other, x)), fetch(y));
  empty.load(path);
  EXPECT_EQ(fetch(run(small_network(), empty, x)), fetch(y));
  EXPECT_EQ(empty.names(Select::trained), parameters.names(Select::trained));
  Parameters different(device(), 1);
  run(nn::layers::linear(2, 2, true), different, drawn({1, 2}));
  EXPECT_THROW(different.load(path), Error);
}

// PyTorch's state of a batch norm counts its batches.
TEST(Parameters, TakeNoIntegersFromAFile) {
  TempFolder folder;
  const std::string path = folder.path() + "/model.safetensors";
  const nn::LayerPtr norm = nn::layers::batch_norm(2, 1e-5, 0.1);
  const std::vector<float> gain{3, 4}, zeros{0, 0};
  const std::vector<int64_t> counter{5};
  SafetensorsWriter writer;
  for (const char* name : {"bias", "running_mean", "running_var", "weight"})
    writer.add(name, DType::f32, {2}, std::as_bytes(std::span(std::string_view(name) == "weight" ? gain : zeros)));
  writer.add("num_batches_tracked", DType::i64, {}, std::as_bytes(std::span(counter)));
  writer.write(path);
  Parameters begun(device(), 1), empty(device(), 2);
  run(norm, begun, drawn({2, 2}));
  for (Parameters* parameters : {&begun, &empty}) {
    parameters->load(path);
    run(norm, *parameters, drawn({2, 2}));
    EXPECT_THAT(parameters->names(Select::trained), ElementsAre("bias", "weight"));
    EXPECT_THAT(parameters->names(Select::buffers), ElementsAre("running_mean", "running_var"));
    EXPECT_THAT(fetch(parameters->get("weight")), ElementsAre(3, 4));
  }
  SafetensorsWriter wrong;
  for (const char* name : {"bias", "running_mean", "running_var", "weight"})
    wrong.add(name, DType::i64, {1}, std::as_bytes(std::span(counter)));
  wrong.write(path);
  EXPECT_THROW(begun.load(path), Error);
}

TEST(Parameters, ThatAreFrozenAreNotTrained) {
  Parameters parameters(device(), 1);
  run(small_network(), parameters, drawn({2, 1, 6, 6}));
  EXPECT_EQ(parameters.freeze("0"), 2);
  EXPECT_THAT(parameters.names(Select::trained), ElementsAre("1.bias", "1.weight", "6.bias", "6.weight"));
  parameters.freeze("", false);
  EXPECT_EQ(parameters.names(Select::trained).size(), 6u);
}

TEST(Parameters, DropTheStepsThatMadeThem) {
  Parameters parameters(device(), 1);
  const nn::LayerPtr layer = nn::layers::linear(3, 3, false);
  const Array x = drawn({2, 3});
  for (int step = 0; step < 3; ++step) {
    const Array y = run(layer, parameters, x), loss = reduce(ReduceOp::sum, y * y, {}, false);
    const Array weight = parameters.get("weight");
    parameters.set("weight", weight - grad({loss}, {weight})[0] * 0.1);
    eval(parameters.values());
    EXPECT_TRUE(parameters.get("weight").node()->inputs().empty());
  }
  EXPECT_THROW(parameters.set("weight", x), Error);
  EXPECT_THROW(parameters.get("wieght"), Error);
}

// The whole step, running statistics and random numbers included, is one program: parameters, buffers, states and the key are state pairs.
TEST(Training, OfANetworkIsOneCapturedFunction) {
  Device& device = test::device();
  const nn::LayerPtr network = small_network();
  Parameters parameters(device, 1);
  const Array x = drawn({12, 1, 6, 6}),
              target = Array::from_vector<int32_t>(device, {0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2}, {12}, DType::i32);
  run(network, parameters, x);
  const nn::Optimizer optimizer({.kind = nn::OptimizerKind::adamw});
  Arrays values = parameters.values(Select::trained);
  const size_t trained = values.size();
  const Arrays states = optimizer.initial_states(values), buffers = parameters.values(Select::buffers);
  values.insert(values.end(), states.begin(), states.end());
  values.insert(values.end(), buffers.begin(), buffers.end());
  Array key = random::key(device, 7);
  eval({key});
  values.push_back(key);

  Arrays places;
  for (const Array& value : values) places.push_back(Array::placeholder(device, value.shape(), value.dtype()));
  Parameters symbolic = parameters;
  const Arrays p(places.begin(), places.begin() + long(trained));
  symbolic.set_values(Select::trained, p);
  symbolic.set_values(Select::buffers, Arrays(places.end() - 1 - long(buffers.size()), places.end() - 1));
  Pass pass{.training = true, .key = places.back()};
  const Array loss = nn::cross_entropy(network->forward({symbolic, ""}, x, pass), target);
  const auto next =
      optimizer.update(p, grad({loss}, p), Arrays(places.begin() + long(trained), places.begin() + long(trained + states.size())),
                       Array::from_vector<float>(device, {0.02f}, {}, DType::f32));
  Arrays outputs = next.parameters;
  outputs.insert(outputs.end(), next.states.begin(), next.states.end());
  for (const Array& buffer : symbolic.values(Select::buffers)) outputs.push_back(buffer);
  outputs.push_back(pass.key);
  std::vector<StatePair> pairs;
  for (int i = 0; i < int(values.size()); ++i) pairs.push_back({i, i});
  outputs.push_back(loss);
  const Function step = Function::capture(places, outputs, pairs);

  std::vector<double> losses;
  for (int i = 0; i < 60; ++i) {
    Arrays results = step.run(values);
    losses.push_back(fetch(results.back())[0]);
    results.pop_back();
    for (size_t j = 0; j < results.size(); ++j) EXPECT_EQ(results[j].storage(), values[j].storage());
    values = results;
  }
  EXPECT_LT(losses.back(), losses.front() / 4);
  EXPECT_NE(fetch(values[values.size() - 2]), fetch(parameters.get("1.bias")));
}

}  // namespace
}  // namespace mlxc::test
