// Low-rank adaptation of modules, and the folders of adapters: what is accepted and how the rest is refused.
#include "nn/lora.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/json.h"
#include "graph/function.h"
#include "io/safetensors.h"
#include "nn/golden.h"
#include "nn/layers.h"
#include "nn/losses.h"
#include "nn/optimizers.h"
#include "nn/parameters.h"
#include "ops/creation.h"
#include "ops/gradient.h"
#include "ops/random.h"
#include "support/expect_error.h"
#include "support/temp_folder.h"

namespace mlxc::nn {
namespace {

using test::device;
using test::fetch;
using Select = Parameters::Select;

LoraConfig config_with(const std::function<void(LoraConfig&)>& set) {
  LoraConfig config;
  set(config);
  return config;
}

LayerPtr network() {
  return layers::sequential({layers::linear(6, 8, true), layers::activation(ActivationOp::tanh, NAN), layers::linear(8, 3, true)});
}

Array numbers(uint64_t seed, const Shape& shape) { return random::normal(random::key(device(), seed), shape, DType::f32); }

Array run(const LayerPtr& layer, Parameters& parameters, const Array& x, bool training = false, const Array& key = {}) {
  Pass pass{training, key};
  return layer->forward(Scope(parameters, ""), x, pass);
}

double difference(const Array& a, const Array& b) {
  const auto x = fetch(a), y = fetch(b);
  double most = 0;
  for (size_t i = 0; i < x.size(); ++i) most = std::max(most, std::abs(x[i] - y[i]));
  return most;
}

// A network whose adapter says something: its b is not zero.
Parameters adapted(const LoraConfig& config) {
  Parameters parameters(device(), 1);
  eval({run(network(), parameters, numbers(2, {4, 6}))});
  parameters.adapt(config);
  eval({run(network(), parameters, numbers(2, {4, 6}))});
  for (const std::string& name : parameters.names(Select::trained))
    parameters.set(name, numbers(name.size(), parameters.get(name).shape()));
  return parameters;
}

TEST(Lora, ChangesNothingUntilItIsTrained) {
  const Array x = numbers(2, {4, 6});
  Parameters parameters(device(), 1);
  const auto before = fetch(run(network(), parameters, x));
  parameters.adapt(config_with([](LoraConfig& c) { c.rank = 2; }));
  EXPECT_EQ(fetch(run(network(), parameters, x)), before);
}

TEST(Lora, OnlyItsMatricesAreTrained) {
  EXPECT_EQ(adapted(config_with([](LoraConfig& c) { c.rank = 2; })).names(Select::trained),
            (std::vector<std::string>{"0.lora_A.weight", "0.lora_B.weight", "2.lora_A.weight", "2.lora_B.weight"}));
  EXPECT_EQ(adapted(config_with([](LoraConfig& c) {
              c.rank = 2;
              c.targets = {"2"};
            })).count(Select::trained),
            2 * (8 + 3));
  EXPECT_EQ(adapted(config_with([](LoraConfig& c) {
              c.rank = 2;
              c.ranks = {{"0", 5}};
            })).count(Select::trained),
            5 * (6 + 8) + 2 * (8 + 3));
}

TEST(Lora, WhatAppearsLaterIsFrozen) {
  Parameters parameters(device(), 1);
  parameters.adapt(config_with([](LoraConfig& c) {
    c.rank = 2;
    c.targets = {"0"};
  }));
  eval({run(network(), parameters, numbers(2, {4, 6}))});
  EXPECT_EQ(parameters.names(Select::trained), (std::vector<std::string>{"0.lora_A.weight", "0.lora_B.weight"}));
}

TEST(Lora, WeightsLoadedBesideItAreFrozenAndItsMatricesAreNot) {
  const test::TempFolder folder;
  const LoraConfig config = config_with([](LoraConfig& c) { c.rank = 2; });
  const std::vector<std::string> matrices{"0.lora_A.weight", "0.lora_B.weight", "2.lora_A.weight", "2.lora_B.weight"};
  Parameters base(device(), 1);
  eval({run(network(), base, numbers(2, {4, 6}))});
  base.save(folder / "base.safetensors");
  adapted(config).save(folder / "all.safetensors");
  for (const char* file : {"base.safetensors", "all.safetensors"}) {
    Parameters parameters(device(), 5);
    parameters.adapt(config);
    parameters.load(folder / file);
    eval({run(network(), parameters, numbers(2, {4, 6}))});
    EXPECT_EQ(parameters.names(Select::trained), matrices) << file;
  }
}

TEST(Lora, StepsLowerTheLossAndLeaveTheWeightsAlone) {
  const Array x = numbers(2, {16, 6}), target = numbers(3, {16, 3});
  Parameters parameters = adapted(config_with([](LoraConfig& c) {
    c.rank = 2;
    c.alpha = 4;
  }));
  const auto weight = fetch(parameters.get("0.weight"));
  const Optimizer optimizer({.kind = OptimizerKind::adamw});
  Arrays states = optimizer.initial_states(parameters.values(Select::trained));
  const Array rate = full(device(), {}, 0.03, DType::f32);
  std::vector<double> losses;
  for (int step = 0; step < 30; ++step) {
    const Array loss = squared_error(run(network(), parameters, x, true), target);
    const Arrays values = parameters.values(Select::trained);
    const auto updated = optimizer.update(values, grad({loss}, values), states, rate);
    Arrays all = updated.parameters;
    all.insert(all.end(), updated.states.begin(), updated.states.end());
    all.push_back(loss);
    eval(all);
    parameters.set_values(Select::trained, updated.parameters);
    states = updated.states;
    losses.push_back(fetch(loss)[0]);
  }
  EXPECT_LT(losses.back(), 0.6 * losses.front());
  EXPECT_EQ(fetch(parameters.get("0.weight")), weight);
}

TEST(Lora, MergedWeightsGiveTheSameResults) {
  const Array x = numbers(2, {4, 6});
  for (const LoraConfig& config : {config_with([](LoraConfig& c) {
                                     c.rank = 2;
                                     c.alpha = 3;
                                   }),
                                   config_with([](LoraConfig& c) {
                                     c.rank = 4;
                                     c.alpha = 3;
                                     c.rank_stabilized = true;
                                   }),
                                   config_with([](LoraConfig& c) {
                                     c.rank = 1;
                                     c.targets = {"2"};
                                     c.alphas = {{"2", 5}};
                                   })}) {
    Parameters parameters = adapted(config);
    const Array before = run(network(), parameters, x);
    eval({before});
    parameters.merge();
    EXPECT_LT(difference(run(network(), parameters, x), before), 1e-5);
    EXPECT_EQ(parameters.names(), (std::vector<std::string>{"0.bias", "0.weight", "2.bias", "2.weight"}));
    parameters.adapt(LoraConfig{});  // another one may come
  }
}

TEST(Lora, OfALinearThatIsTheWholeModelIsSavedLoadedAndMerged) {
  const test::TempFolder folder;
  const LayerPtr linear = layers::linear(6, 3, true);
  const Array x = numbers(2, {4, 6});
  Parameters parameters(device(), 1), again(device(), 1);
  eval({run(linear, parameters, x), run(linear, again, x)});
  parameters.adapt(config_with([](LoraConfig& c) { c.rank = 2; }));
  eval({run(linear, parameters, x)});
  EXPECT_EQ(parameters.names(), (std::vector<std::string>{"bias", "lora_A.weight", "lora_B.weight", "weight"}));
  parameters.set("lora_B.weight", numbers(3, {3, 2}));
  const Array adapted = run(linear, parameters, x);
  EXPECT_GT(difference(adapted, run(linear, again, x)), 1e-3);
  parameters.adapter().save(folder.path());
  Adapter read = Adapter::load(device(), folder.path());
  constexpr std::string_view kBodies[] = {"model", ""};
  read.fit(again, kBodies);
  again.adapt(std::move(read));
  EXPECT_EQ(fetch(run(linear, again, x)), fetch(adapted));
  again.merge();
  EXPECT_EQ(again.names(), (std::vector<std::string>{"bias", "weight"}));
  EXPECT_LT(difference(run(linear, again, x), adapted), 1e-5);
}

TEST(Lora, DropsInTrainingOnlyAndNeedsAKeyThen) {
  const Array x = numbers(2, {4, 6}), key = random::key(device(), 4);
  Parameters parameters = adapted(config_with([](LoraConfig& c) {
    c.rank = 2;
    c.dropout = 0.5;
  }));
  EXPECT_GT(difference(run(network(), parameters, x, true, key), run(network(), parameters, x)), 1e-3);
  EXPECT_EQ(fetch(run(network(), parameters, x, true, key)), fetch(run(network(), parameters, x, true, key)));
  EXPECT_THROW(run(network(), parameters, x, true), Error);
}

TEST(Lora, ASecondAdapterIsRefused) {
  Parameters parameters = adapted({});
  EXPECT_THROW(parameters.adapt(LoraConfig{}), Error);
}

TEST(AdapterFolder, IsReadAsItWasWritten) {
  const test::TempFolder folder;
  Adapter written = adapted(config_with([](LoraConfig& c) {
                      c.rank = 2;
                      c.alpha = 3.5;
                      c.dropout = 0.25;
                      c.rank_stabilized = true;
                      c.ranks = {{"0", 3}};
                      c.alphas = {{"2", 7}};
                    })).adapter();
  written.base_model = "a/model";
  written.save(folder / "deep/adapter");
  const Adapter read = Adapter::load(device(), folder / "deep/adapter");
  EXPECT_EQ(read.base_model, "a/model");
  EXPECT_EQ(read.config.rank, 2);
  EXPECT_EQ(read.config.alpha, 3.5);
  EXPECT_EQ(read.config.dropout, 0.25);
  EXPECT_TRUE(read.config.rank_stabilized);
  EXPECT_EQ(read.config.ranks, written.config.ranks);
  EXPECT_EQ(read.config.alphas, written.config.alphas);
  EXPECT_EQ(read.config.targets, (std::vector<std::string>{"0", "2"}));
  EXPECT_TRUE(read.config.whole_names);
  EXPECT_FALSE(read.language_model);
  ASSERT_EQ(read.linears.size(), 2u);
  for (const auto& [name, pair] : read.linears) {
    EXPECT_EQ(fetch(pair.a), fetch(written.linears.at(name).a));
    EXPECT_EQ(fetch(pair.b), fetch(written.linears.at(name).b));
  }
}

// PEFT takes a string as a regular expression that matches the whole name of a module, a list as ends of names, which containers have
// too, and asks models of a task for methods that plain ones have not.
TEST(AdapterFolder, NamesTheLinearsOfAPlainModuleExactly) {
  const test::TempFolder folder;
  const LayerPtr nested =
      layers::sequential({layers::linear(6, 8, true), layers::sequential({layers::layer_norm(8, 1e-5), layers::linear(8, 3, true)})});
  Parameters parameters(device(), 1);
  eval({run(nested, parameters, numbers(2, {4, 6}))});
  parameters.adapt(config_with([](LoraConfig& c) { c.rank = 2; }));
  eval({run(nested, parameters, numbers(2, {4, 6}))});
  parameters.adapter().save(folder.path());
  const Json config = read_json(folder / "adapter_config.json");
  EXPECT_EQ(config.at("target_modules"), Json("0|1\\.1"));
  EXPECT_TRUE(config.at("task_type").is_null());
  const LoraConfig read = Adapter::load(device(), folder.path()).config;
  for (const auto& [name, targeted] :
       std::vector<std::pair<const char*, bool>>{{"0", true}, {"1.1", true}, {"1", false}, {"1.0", false}, {"2.1.1", false}})
    EXPECT_EQ(read.targets_linear(name), targeted) << name;
}

TEST(AdapterFolder, OfALanguageModelSaysSoAndListsEndsOfNames) {
  const test::TempFolder folder;
  Parameters parameters = adapted(config_with([](LoraConfig& c) { c.targets = {"2", "0"}; }));
  parameters.serve_language_model();
  parameters.adapter().save(folder.path());
  const Json config = read_json(folder / "adapter_config.json");
  EXPECT_EQ(config.at("target_modules"), Json({"2", "0"}));
  EXPECT_EQ(config.at("task_type"), "CAUSAL_LM");
  const Adapter read = Adapter::load(device(), folder.path());
  EXPECT_TRUE(read.language_model);
  EXPECT_FALSE(read.config.whole_names);
  EXPECT_TRUE(read.config.targets_linear("1.0"));
}

TEST(AdapterFolder, IsAnErrorThatSaysWhyWhenItsConfigIsMalformedOrBeyondUs) {
  struct Case {
    const char *config, *message;
    Status status;
  };
  const Case cases[] = {
      {R"({})", "peft_type", Status::format},
      {R"({"peft_type": "IA3"})", "only LORA", Status::unsupported},
      {R"({"peft_type": 3})", "peft_type", Status::format},
      {R"({"peft_type": "LORA", "r": 0})", "rank", Status::format},
      {R"({"peft_type": "LORA", "r": "8"})", "\"r\"", Status::format},
      {R"({"peft_type": "LORA", "r": 1e18})", "rank", Status::format},
      {R"({"peft_type": "LORA", "lora_alpha": NaN})", "lora_alpha", Status::format},
      {R"({"peft_type": "LORA", "lora_dropout": 1})", "lora_dropout", Status::format},
      {R"({"peft_type": "LORA", "use_dora": true})", "use_dora", Status::unsupported},
      {R"({"peft_type": "LORA", "bias": "all"})", "bias", Status::unsupported},
      {R"({"peft_type": "LORA", "modules_to_save": ["lm_head"]})", "modules_to_save", Status::unsupported},
      {R"({"peft_type": "LORA", "fan_in_fan_out": true})", "fan_in_fan_out", Status::unsupported},
      {R"({"peft_type": "LORA", "alpha_pattern": {"^a.*": 2}})", "regular expression", Status::unsupported},
      {R"({"peft_type": "LORA", "rank_pattern": {"a": -2}})", "rank", Status::format},
      {R"({"peft_type": "LORA", "target_modules": [1]})", "target_modules", Status::format},
      {R"([])", "adapter_config.json", Status::format},
      {R"({"peft_type": "LORA")", "adapter_config.json", Status::format},
  };
  const test::TempFolder folder;
  adapted(config_with([](LoraConfig& c) { c.rank = 2; })).adapter().save(folder.path());
  for (const Case& each : cases) {
    SCOPED_TRACE(each.config);
    folder.write("adapter_config.json", each.config);
    test::expect_error(each.status, each.message, [&] { Adapter::load(device(), folder.path()); });
  }
}

TEST(AdapterFolder, IsAnErrorThatSaysWhyWhenItsTensorsAreWrong) {
  struct Tensor {
    std::string name;
    std::vector<int64_t> shape;
    DType dtype = DType::f32;
  };
  const Tensor a{"base_model.model.x.q_proj.lora_A.weight", {2, 6}}, b{"base_model.model.x.q_proj.lora_B.weight", {8, 2}};
  struct Case {
    std::vector<Tensor> tensors;
    const char* message;
    Status status;
  };
  const Case cases[] = {
      {{}, "no low-rank matrices", Status::format},
      {{a}, "has no lora_B", Status::format},
      {{b}, "has no lora_A", Status::format},
      {{a, {b.name, {8, 3}}}, "rank", Status::format},
      {{a, {b.name, {8}}}, "two axes", Status::format},
      {{{a.name, {0, 6}}, {b.name, {8, 0}}}, "rank", Status::format},
      {{a, {b.name, {8, 2}, DType::i32}}, "int32", Status::unsupported},
      {{a, b, {"base_model.model.x.embed.lora_embedding_A", {2, 9}}}, "lora_embedding_A", Status::unsupported},
      {{a, b, {"base_model.model.score.weight", {2, 9}}}, "score", Status::unsupported},
  };
  const test::TempFolder folder;
  folder.write("adapter_config.json", R"({"peft_type": "LORA"})");
  EXPECT_THROW(Adapter::load(device(), folder.path()), Error);  // there are no tensors at all
  const std::vector<std::byte> zeros(1024);
  for (const Case& each : cases) {
    SCOPED_TRACE(each.message);
    SafetensorsWriter writer;
    for (const Tensor& tensor : each.tensors) {
      int64_t bytes = size_of(tensor.dtype);
      for (int64_t extent : tensor.shape) bytes *= extent;
      writer.add(tensor.name, tensor.dtype, tensor.shape, std::span(zeros).first(size_t(bytes)));
    }
    writer.write(folder / "adapter_model.safetensors");
    test::expect_error(each.status, each.message, [&] { Adapter::load(device(), folder.path()); });
  }
}

TEST(AdapterFolder, OfAnotherModelIsRefused) {
  Parameters parameters(device(), 1);
  eval({run(network(), parameters, numbers(2, {4, 6}))});
  Adapter adapter = adapted({}).adapter();
  adapter.linears["7"] = adapter.linears["0"];
  constexpr std::string_view kBodies[] = {"model", ""};
  EXPECT_THROW(adapter.fit(parameters, kBodies), Error);
}

TEST(AdapterFolder, OfAModelWithOtherSizesIsRefusedBeforeAnythingChanges) {
  Parameters parameters(device(), 1);
  const LayerPtr model = layers::sequential({layers::linear(6, 8, true), layers::batch_norm(8, 1e-5, 0.1)});
  eval({run(model, parameters, numbers(2, {4, 6}))});
  const auto with = [](const char* linear, int64_t in, int64_t out) {
    Adapter adapter;
    adapter.linears[linear] = {numbers(1, {2, in}), numbers(2, {out, 2})};
    return adapter;
  };
  constexpr std::string_view kBodies[] = {"model", ""};
  with("0", 6, 8).fit(parameters, kBodies);
  test::expect_error(Status::format, "[2, 5] and [8, 2]", [&] { with("0", 5, 8).fit(parameters, kBodies); });
  test::expect_error(Status::format, "[2, 6] and [7, 2]", [&] { with("0", 6, 7).fit(parameters, kBodies); });
  test::expect_error(Status::format, "no matrix", [&] { with("1", 6, 8).fit(parameters, kBodies); });
  EXPECT_THROW(with("1", 6, 8).merged("1", parameters.get("1.weight")), Error);
}

TEST(AdapterFolder, FitsAModelWhoseBodyHasAnotherName) {
  Parameters parameters(device(), 1);
  Pass pass;
  eval({network()->forward(Scope(parameters, "model.language_model"), numbers(2, {4, 6}), pass)});
  Adapter adapter;
  for (const auto& [name, pair] : adapted({}).adapter().linears) adapter.linears["model." + name] = pair;
  constexpr std::string_view kBodies[] = {"model", "model.language_model", ""};
  adapter.fit(parameters, kBodies);
  EXPECT_EQ(adapter.linears.begin()->first, "model.language_model.0");
}

}  // namespace
}  // namespace mlxc::nn
