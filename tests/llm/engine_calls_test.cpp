// The engine's blocking calls over a model of arithmetic: score, embed, logits.
#include <gtest/gtest.h>

#include <thread>

#include "engine_fake.h"

namespace mlxc {
namespace {

using fake::Control;
using fake::prompt_of;
using fake::status_of;
using fake::tokens;

TEST(EngineCalls, ScoresLabelsWithOneRunOfThePrompt) {
  auto control = std::make_shared<Control>();
  auto engine = fake::engine(control);
  const std::vector<std::vector<int32_t>> prompts{prompt_of(70, 1), prompt_of(64, 2), prompt_of(3, 3), prompt_of(200, 4)};
  const std::vector<std::vector<int32_t>> labels{{5}, {6, 7}, {6, 8, 9}, prompt_of(100, 9)};
  const ScoreResult result = engine->score(prompts, labels, nullptr);
  EXPECT_EQ(result.token_counts, (std::vector<int32_t>{1, 2, 3, 100}));
  ASSERT_EQ(result.logprobs.size(), 16u);
  for (size_t p = 0; p < 4; ++p)
    for (size_t l = 0; l < 4; ++l) EXPECT_NEAR(result.logprobs[p * 4 + l], fake::logprob(prompts[p], labels[l]), 2e-3) << p << " " << l;
  EXPECT_EQ(control->fed, 70 + 64 + 3 + 200 + 4 * (0 + 1 + 2 + 99));
  EXPECT_GT(control->copied, 0);  // half-filled last pages
  EXPECT_EQ(engine->stats().cache_pages_used, 0);
  EXPECT_EQ(engine->stats().submitted, 4);  // prompts; their labels are parts of them
  EXPECT_EQ(engine->stats().finished, 4);
}

TEST(EngineCalls, ScoresWithinFewPages) {
  auto control = std::make_shared<Control>();
  EngineOptions options;
  options.cache_tokens = 4 * kPageSlots;
  auto engine = fake::engine(control, options);
  std::vector<std::vector<int32_t>> prompts, labels;
  for (int i = 0; i < 10; ++i) prompts.push_back(prompt_of(size_t(90 + i), i));
  for (int i = 0; i < 7; ++i) labels.push_back(prompt_of(size_t(2 + 10 * i), 20 + i));
  const ScoreResult result = engine->score(prompts, labels, nullptr);
  for (size_t p = 0; p < prompts.size(); ++p)
    for (size_t l = 0; l < labels.size(); ++l)
      EXPECT_NEAR(result.logprobs[p * labels.size() + l], fake::logprob(prompts[p], labels[l]), 2e-3) << p << " " << l;
}

TEST(EngineCalls, ScoreRefusesBadInput) {
  auto engine = fake::engine(std::make_shared<Control>(), {}, std::make_shared<fake::FakeModel>(true, 100));
  EXPECT_EQ(status_of([&] { engine->score({{1}}, {{1}, {}}, nullptr); }), Status::invalid_argument);
  EXPECT_EQ(status_of([&] { engine->score({{}}, {{1}}, nullptr); }), Status::invalid_argument);
  EXPECT_EQ(status_of([&] { engine->score({{1}}, {{50}}, nullptr); }), Status::invalid_argument);
  EXPECT_EQ(status_of([&] { engine->score({{-4}}, {{1}}, nullptr); }), Status::invalid_argument);
  std::string message;
  EXPECT_EQ(status_of([&] { engine->score({prompt_of(98, 1)}, {{1, 2, 3}}, nullptr); }, &message), Status::context_full);
  EXPECT_NE(message.find("98"), std::string::npos);
  EXPECT_NE(message.find("100"), std::string::npos);
  EXPECT_TRUE(engine->score({}, {{1}}, nullptr).logprobs.empty());
  EXPECT_TRUE(engine->score({{1}}, {}, nullptr).logprobs.empty());
}

TEST(EngineCalls, LogitsOfEveryTokenInChunks) {
  auto control = std::make_shared<Control>();
  EngineOptions options;
  options.step_tokens = 50;
  auto engine = fake::engine(control, options);
  const auto prompt = prompt_of(230, 3);
  std::vector<float> logits(prompt.size() * fake::kVocabulary), hidden(prompt.size() * fake::kHidden);
  engine->logits(prompt, logits.data(), hidden.data(), nullptr);
  for (size_t i = 0; i < prompt.size(); ++i) {
    const std::span<const int32_t> seen(prompt.data(), i + 1);
    const auto row = fake::logits_after(seen);
    ASSERT_TRUE(std::equal(row.begin(), row.end(), logits.begin() + ptrdiff_t(i) * fake::kVocabulary)) << i;
    ASSERT_EQ(hidden[i * fake::kHidden], fake::hidden(fake::hash_of(seen), 0));
  }
  EXPECT_LE(control->most_tokens, 50);
  EXPECT_EQ(status_of([&] { engine->logits({}, logits.data(), nullptr, nullptr); }), Status::invalid_argument);
}

std::vector<double> pooled(const std::vector<int32_t>& tokens, Pooling pooling, bool normalize) {
  std::vector<double> sum(fake::kHidden, 0);
  const size_t first = pooling == Pooling::last ? tokens.size() - 1 : 0, end = pooling == Pooling::cls ? 1 : tokens.size();
  for (size_t i = first; i < end; ++i)
    for (int h = 0; h < fake::kHidden; ++h)
      sum[size_t(h)] += double(fake::hidden(fake::hash_of({tokens.data(), i + 1}), h)) / double(end - first);
  double norm = 0;
  for (double x : sum) norm += x * x;
  for (double& x : sum) x /= normalize ? std::sqrt(norm) : 1;
  return sum;
}

TEST(EngineCalls, EmbedsWithEveryPooling) {
  for (bool causal : {true, false}) {
    auto engine = fake::engine(std::make_shared<Control>(), {}, std::make_shared<fake::FakeModel>(causal));
    std::vector<std::vector<int32_t>> sequences;
    for (int i = 0; i < 30; ++i) sequences.push_back(prompt_of(size_t(1 + i * 7), i));
    for (Pooling pooling : {Pooling::mean, Pooling::last, Pooling::cls})
      for (bool normalize : {true, false}) {
        const std::vector<float> result = engine->embed(sequences, pooling, normalize, nullptr);
        for (size_t s = 0; s < sequences.size(); ++s) {
          const auto expected = pooled(sequences[s], pooling, normalize);
          for (size_t h = 0; h < fake::kHidden; ++h)
            ASSERT_NEAR(result[s * fake::kHidden + h], expected[h], 1e-6) << causal << int(pooling) << s;
        }
      }
  }
}

TEST(EngineCalls, LongTextsAreCutBeforeEmbeddingAndKeepTheirLastToken) {
  auto model = std::make_shared<fake::FakeModel>(false, 100);
  model->edit().max_embedding_tokens = 8;
  auto engine = fake::engine(std::make_shared<Control>(), {}, model);
  const auto tokens = prompt_of(30, 5);
  std::vector<int32_t> cut(tokens.begin(), tokens.begin() + 8);
  cut.back() = tokens.back();
  EXPECT_EQ(engine->embed({tokens}, Pooling::mean, true, nullptr), engine->embed({cut}, Pooling::mean, true, nullptr));
  auto causal = fake::engine(std::make_shared<Control>(), {}, std::make_shared<fake::FakeModel>(true, 20));
  EXPECT_EQ(status_of([&] { causal->embed({tokens}, Pooling::mean, true, nullptr); }), Status::context_full);
}

TEST(EngineCalls, EncodersOnlyEmbed) {
  auto engine = fake::engine(std::make_shared<Control>(), {}, std::make_shared<fake::FakeModel>(false));
  std::string message;
  EXPECT_EQ(status_of([&] { engine->submit({1}, {}, nullptr, nullptr); }, &message), Status::unsupported);
  EXPECT_NE(message.find("FakeForTests"), std::string::npos);
  EXPECT_EQ(status_of([&] { engine->score({{1}}, {{1}}, nullptr); }), Status::unsupported);
}

TEST(EngineCalls, CallsAreCancelledByTheirFlagAndByCancelAll) {
  auto control = std::make_shared<Control>();
  auto engine = fake::engine(control);
  for (bool all : {false, true}) {
    control->hold = true;
    control->runs = 0;
    std::atomic<bool> flag{false};
    Status status = Status::ok;
    std::thread caller([&] { status = status_of([&] { engine->score({prompt_of(50, 1), prompt_of(60, 2)}, {{1, 2}, {3, 4}}, &flag); }); });
    while (control->runs == 0) std::this_thread::yield();
    if (all)
      engine->cancel_all();
    else
      flag = true;
    caller.join();
    EXPECT_EQ(status, Status::cancelled);
    control->hold = false;
  }
  EXPECT_NEAR(engine->score({{1}}, {{2}}, nullptr).logprobs[0], fake::logprob({1}, std::vector<int32_t>{2}), 1e-5);
}

TEST(EngineCalls, ACallOverVeryManySequencesLetsOthersInBetween) {
  auto control = std::make_shared<Control>();
  EngineOptions options;
  options.max_sequences = 4;
  auto engine = fake::engine(control, options);
  control->delay_us = 300;
  std::vector<std::vector<int32_t>> prompts(2000, {1, 2, 3});
  std::atomic<bool> finished{false};
  std::atomic<bool> cancel{false};
  std::thread caller([&] {
    status_of([&] { engine->score(prompts, {{1}}, &cancel); });
    finished = true;
  });
  while (control->runs < 2) std::this_thread::yield();
  EXPECT_EQ(fake::generate(*engine, {1}, tokens(3)).tokens, fake::greedy({1}, 3));
  EXPECT_FALSE(finished);
  cancel = true;
  caller.join();
}

}  // namespace
}  // namespace mlxc
