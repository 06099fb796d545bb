// The engine end to end on the models of the repository, against what transformers generated with the same files.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <thread>

#include "graph/function.h"
#include "io/safetensors.h"
#include "llm/engine.h"
#include "test_device.h"

namespace mlxc {
namespace {

using Tokens = std::vector<int32_t>;
constexpr auto kForever = std::chrono::nanoseconds(-1);

std::string folder(const std::string& name) { return MLXC_TEST_DATA "/models/" + name; }

std::shared_ptr<Engine> open(const std::string& name, EngineOptions options = {}, Precision precision = Precision::high) {
  LoadOptions load;
  load.precision = precision;
  std::shared_ptr<const Tokenizer> tokenizer;
  if (name.starts_with("fable")) tokenizer = Tokenizer::load_file(folder(name));
  return Engine::create(Model::load(test::device(), folder(name), load), tokenizer, options);
}

template <class T>
std::vector<T> golden(const std::string& model, const std::string& tensor) {
  const auto file = SafetensorsFile::open(folder(model) + "/golden.safetensors", LoadMode::copied);
  const auto& found = file->at(tensor);
  std::vector<T> values(found.bytes.size() / sizeof(T));
  std::memcpy(values.data(), found.bytes.data(), found.bytes.size());
  return values;
}

GenerateOptions tokens(int64_t count) {
  GenerateOptions options;
  options.max_tokens = count;
  return options;
}

class FableEngine : public testing::TestWithParam<const char*> {};

TEST_P(FableEngine, GreedyTextsInAnyBatchOrderAndThreadCountAreTheReferences) {
  const std::string name = GetParam();
  std::vector<Tokens> prompts, expected;
  for (int i = 0; i < 5; ++i) {
    prompts.push_back(golden<int32_t>(name, cat("prompt.", i)));
    expected.push_back(golden<int32_t>(name, cat("greedy.", i)));
  }
  std::mt19937 random(5);
  for (int threads : {1, 2}) {
    EngineOptions options;
    options.threads = threads;
    options.step_tokens = threads == 1 ? 4 : 0;  // prompts in pieces, and whole
    auto engine = open(name, options);
    std::vector<size_t> order{0, 1, 2, 3, 4, 2, 0};
    std::shuffle(order.begin(), order.end(), random);
    std::vector<std::shared_ptr<Request>> requests;
    std::vector<std::string> streamed(order.size());
    for (size_t i = 0; i < order.size(); ++i)
      requests.push_back(engine->submit(
          prompts[order[i]], tokens(64), [&streamed, i](const TokenEvent& event) { return streamed[i] += event.text, 0; }, nullptr));
    for (size_t i = 0; i < order.size(); ++i) {
      requests[i]->wait(kForever);
      const GenerateResult& result = requests[i]->result();
      ASSERT_EQ(result.status, Status::ok) << result.message;
      EXPECT_EQ(result.tokens, expected[order[i]]) << "prompt " << order[i] << ", " << threads << " threads";
      EXPECT_EQ(result.text, engine->tokenizer()->decode(result.tokens));
      EXPECT_EQ(streamed[i], result.text);
      EXPECT_EQ(result.finish, FinishReason::length);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, FableEngine, testing::Values("fable-qwen3", "fable-gemma3"));

TEST(EngineModel, SamplingDoesNotDependOnWhatRunsBesideIt) {
  auto engine = open("fable-qwen3");
  GenerateOptions options = tokens(40);
  options.sampling.temperature = 0.9f;
  options.sampling.top_p = 0.95f;
  options.logprobs = true;
  std::vector<Tokens> prompts;
  for (int i = 0; i < 5; ++i) prompts.push_back(golden<int32_t>("fable-qwen3", cat("prompt.", i)));
  for (int i = 0; i < 60; ++i) prompts[4].push_back(prompts[size_t(i % 4)][0] + i);
  std::vector<GenerateResult> alone;
  for (size_t i = 0; i < prompts.size(); ++i) {
    options.sampling.seed = i;
    auto request = engine->submit(prompts[i], options, nullptr, nullptr);
    request->wait(kForever);
    alone.push_back(request->result());
  }
  std::vector<std::shared_ptr<Request>> requests;
  for (size_t i = 0; i < 3 * prompts.size(); ++i) {
    options.sampling.seed = i % prompts.size();
    requests.push_back(engine->submit(prompts[i % prompts.size()], options, nullptr, nullptr));
  }
  for (size_t i = 0; i < requests.size(); ++i) {
    requests[i]->wait(kForever);
    EXPECT_EQ(requests[i]->result().tokens, alone[i % prompts.size()].tokens) << i;
    EXPECT_EQ(requests[i]->result().logprobs, alone[i % prompts.size()].logprobs) << i;  // every bit
  }
}

TEST(EngineModel, SteadyDecodingPlansNothingAndUsesNoMoreMemory) {
  auto engine = open("fable-qwen3", {}, Precision::native);
  GenerateOptions options = tokens(2020);
  options.ignore_model_stop_tokens = true;
  int64_t plans = 0, active = 0, steps = 0;
  auto request = engine->submit(
      golden<int32_t>("fable-qwen3", "prompt.0"), options,
      [&](const TokenEvent& event) {
        if (event.index < 10) {
          plans = graph_counters().plans;
          active = test::device().allocator().stats().active;
        } else {
          EXPECT_EQ(graph_counters().plans, plans) << event.index;
          EXPECT_EQ(test::device().allocator().stats().active, active) << event.index;
          ++steps;
        }
        return int32_t(testing::Test::HasFailure());
      },
      nullptr);
  request->wait(kForever);
  EXPECT_EQ(request->result().status, Status::ok) << request->result().message;
  EXPECT_GE(steps, 2000);
}

TEST(EngineModel, ASteadyBatchPlansNothingEither) {
  auto engine = open("fable-qwen3", {}, Precision::native);
  const Tokens prompt = golden<int32_t>("fable-qwen3", "prompt.0");
  GenerateOptions options = tokens(300);
  options.ignore_model_stop_tokens = true;
  int64_t plans = 0, active = 0, checked = 0;
  std::vector<std::shared_ptr<Request>> others;
  auto leader = engine->submit(
      prompt, options,
      [&](const TokenEvent& event) {
        if (event.index == 0) {  // on the worker: all of them join the next step
          for (int i = 0; i < 4; ++i) others.push_back(engine->submit(prompt, options, nullptr, nullptr));
        } else if (event.index < 10) {
          plans = graph_counters().plans;
          active = test::device().allocator().stats().active;
        } else {
          EXPECT_EQ(graph_counters().plans, plans) << event.index;
          EXPECT_EQ(test::device().allocator().stats().active, active) << event.index;
          ++checked;
        }
        return 0;
      },
      nullptr);
  leader->wait(kForever);
  EXPECT_EQ(checked, 290);
  for (auto& other : others) {
    other->wait(kForever);
    EXPECT_EQ(other->result().tokens.size(), 300u);
  }
}

TEST(EngineModel, ScoresAreSumsOfTheLogitsLogprobs) {
  auto engine = open("fable-qwen3");
  const std::vector<std::string> labels{" wolf", " fox", " princess", " of the sea"};
  std::vector<Tokens> prompts, ids;
  for (const auto& label : labels) ids.push_back(engine->tokenizer()->encode(label, {.add_special_tokens = false}));
  for (int i = 0; i < 5; ++i) prompts.push_back(golden<int32_t>("fable-qwen3", cat("prompt.", i)));
  for (int i = 0; i < 70; ++i) prompts[1].push_back(100 + i);
  const ScoreResult scores = engine->score(prompts, ids, nullptr);
  const size_t vocabulary = size_t(engine->model().info().vocabulary);
  for (size_t p = 0; p < prompts.size(); ++p)
    for (size_t l = 0; l < ids.size(); ++l) {
      Tokens all = prompts[p];
      all.insert(all.end(), ids[l].begin(), ids[l].end());
      std::vector<float> logits(all.size() * vocabulary);
      engine->logits(all, logits.data(), nullptr, nullptr);
      double expected = 0;
      for (size_t i = prompts[p].size(); i < all.size(); ++i) {
        const float* row = logits.data() + (i - 1) * vocabulary;
        double sum = 0;
        for (size_t v = 0; v < vocabulary; ++v) sum += std::exp(double(row[v]));
        expected += double(row[all[i]]) - std::log(sum);
      }
      EXPECT_NEAR(scores.logprobs[p * ids.size() + l], expected, 1e-4 * std::max(1.0, std::abs(expected))) << p << " " << l;
    }
}

TEST(EngineModel, LogitsAreTheReferences) {
  auto engine = open("fable-qwen3");
  const Tokens prompt = golden<int32_t>("fable-qwen3", "prompt.3");
  const auto expected = golden<float>("fable-qwen3", "last_logits.3");
  const size_t vocabulary = expected.size();
  std::vector<float> logits(prompt.size() * vocabulary);
  engine->logits(prompt, logits.data(), nullptr, nullptr);
  double most = 0, largest = 0;
  for (size_t v = 0; v < vocabulary; ++v) {
    most = std::max(most, std::abs(double(logits[(prompt.size() - 1) * vocabulary + v]) - double(expected[v])));
    largest = std::max(largest, std::abs(double(expected[v])));
  }
  EXPECT_LE(most, 2e-4 * largest);
  GenerateOptions options = tokens(1);
  options.keep_last_logits = true;
  auto request = engine->submit(prompt, options, nullptr, nullptr);
  request->wait(kForever);
  EXPECT_EQ(request->result().last_logits, std::vector<float>(logits.end() - ptrdiff_t(vocabulary), logits.end()));
}

TEST(EngineModel, EmbeddingsDoNotDependOnTheBatch) {
  for (const char* name : {"bert-mean", "bert-cls", "fable-qwen3"}) {
    auto engine = open(name);
    std::vector<Tokens> sequences;
    for (int i = 0; i < 9; ++i) {
      sequences.emplace_back();
      for (int t = 0; t < 3 + i * 5; ++t) sequences.back().push_back((i * 31 + t * 7) % 90 + 5);
    }
    const size_t width = size_t(engine->model().info().hidden);
    for (Pooling pooling : {Pooling::mean, Pooling::last, Pooling::cls}) {
      const std::vector<float> together = engine->embed(sequences, pooling, true, nullptr);
      for (size_t i = 0; i < sequences.size(); ++i) {
        const std::vector<float> alone = engine->embed({sequences[i]}, pooling, true, nullptr);
        double norm = 0;
        for (size_t h = 0; h < width; ++h) {
          ASSERT_EQ(together[i * width + h], alone[h]) << name << " sequence " << i << " element " << h;
          norm += double(alone[h]) * double(alone[h]);
        }
        EXPECT_NEAR(norm, 1, 1e-5);
      }
    }
  }
}

TEST(EngineModel, CancelsInTheMiddleOfALongPromptAndOthersGoOn) {
  EngineOptions options;
  options.step_tokens = 64;
  auto engine = open("fable-qwen3", options);
  const Tokens prompt = golden<int32_t>("fable-qwen3", "prompt.0");
  Tokens endless(2000, 17);
  auto streams = engine->submit(prompt, tokens(64), nullptr, nullptr);
  auto goes = engine->submit(endless, tokens(10), nullptr, nullptr);
  while (engine->stats().prompt_tokens < 200) std::this_thread::yield();
  goes->cancel();
  goes->wait(kForever);
  EXPECT_EQ(goes->result().status, Status::cancelled);
  EXPECT_TRUE(goes->result().tokens.empty());
  streams->wait(kForever);
  EXPECT_EQ(streams->result().tokens, golden<int32_t>("fable-qwen3", "greedy.0"));
}

}  // namespace
}  // namespace mlxc
