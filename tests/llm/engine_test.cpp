// The engine over a model of arithmetic: scheduling, pages, requests. What a real model computes is tested in engine_model_test.cpp.
#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "engine_fake.h"
#include "text/tokenizer.h"

namespace mlxc {
namespace {

using fake::Control;
using fake::prompt_of;
using fake::status_of;
using fake::tokens;
using namespace std::chrono_literals;
using Tokens = std::vector<int32_t>;
constexpr auto kForever = std::chrono::nanoseconds(-1);

// One letter a token: enough for stop strings.
std::shared_ptr<const Tokenizer> letters() {
  std::string vocabulary;
  for (int i = 0; i < fake::kVocabulary; ++i) vocabulary += cat(i ? "," : "", "\"", char(i < 26 ? 'a' + i : 'A' + i - 26), "\":", i);
  return Tokenizer::from_json(cat(
      R"({"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,"pre_tokenizer":null,"post_processor":null,)",
      R"("decoder":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true},)",
      R"("model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,"end_of_word_suffix":null,)",
      R"("fuse_unk":false,"byte_fallback":false,"ignore_merges":false,"vocab":{)", vocabulary, R"(},"merges":[]}})"));
}

TEST(Engine, GeneratesGreedily) {
  auto engine = fake::engine(std::make_shared<Control>());
  for (size_t length : {1, 2, 63, 64, 65, 300}) {
    const auto prompt = prompt_of(length, 1);
    const GenerateResult result = fake::generate(*engine, prompt, tokens(100));
    EXPECT_EQ(result.tokens, fake::greedy(prompt, 100)) << length;
    EXPECT_EQ(result.finish, FinishReason::length);
    EXPECT_EQ(result.status, Status::ok);
    EXPECT_EQ(result.prompt_tokens, int64_t(length));
  }
  const EngineStats stats = engine->stats();
  EXPECT_EQ(stats.submitted, 6);
  EXPECT_EQ(stats.finished, 6);
  EXPECT_EQ(stats.generated_tokens, 600);
  EXPECT_EQ(stats.prompt_tokens, 1 + 2 + 63 + 64 + 65 + 300);
  EXPECT_EQ(stats.cache_pages_used, 0);
}

// A runner that chooses a row's largest logits itself is asked for no more than a step's sequences need, with the same results.
TEST(Engine, TakesChosenLogitsWhereTheyAreEnough) {
  auto control = std::make_shared<Control>();
  control->most_top = 20;
  auto engine = fake::engine(control);
  const auto prompt = prompt_of(30, 2);
  EXPECT_EQ(fake::generate(*engine, prompt, tokens(50)).tokens, fake::greedy(prompt, 50));
  EXPECT_EQ(control->top_steps, 50);
  GenerateOptions options = tokens(50);
  options.sampling = {.temperature = 1, .top_k = 10, .top_p = 0.9f, .seed = 4};
  const GenerateResult chosen = fake::generate(*engine, prompt, options);
  EXPECT_EQ(control->top_steps, 100);
  auto plain = fake::engine(std::make_shared<Control>());
  EXPECT_EQ(chosen.tokens, fake::generate(*plain, prompt, options).tokens);
  for (auto change :
       {+[](GenerateOptions& o) { o.sampling.top_k = 21; }, +[](GenerateOptions& o) { o.logprobs = true; },
        +[](GenerateOptions& o) { o.keep_last_logits = true; }, +[](GenerateOptions& o) { o.sampling.presence_penalty = 1; }}) {
    GenerateOptions whole = options;
    change(whole);
    EXPECT_EQ(fake::generate(*engine, prompt, whole).tokens, fake::generate(*plain, prompt, whole).tokens);
    EXPECT_EQ(control->top_steps, 100);
  }
}

TEST(Engine, RequestsShareStepsAndDoNotInfluenceEachOther) {
  auto control = std::make_shared<Control>();
  EngineOptions options;
  options.step_tokens = 64;
  auto engine = fake::engine(control, options);
  std::vector<std::shared_ptr<Request>> requests;
  control->hold = true;
  GenerateOptions generate = tokens(40);
  generate.sampling.temperature = 1;
  for (int i = 0; i < 100; ++i) {
    generate.sampling.seed = uint64_t(i % 5);
    requests.push_back(engine->submit(prompt_of(size_t(1 + i % 5 * 50), i % 5), generate, nullptr, nullptr));
  }
  control->hold = false;
  for (auto& request : requests) request->wait(kForever);
  EXPECT_GT(control->most_sequences, 20);
  auto alone = fake::engine(std::make_shared<Control>());
  for (int i = 0; i < 100; ++i) {
    generate.sampling.seed = uint64_t(i % 5);
    const Tokens expected = i < 5 ? fake::generate(*alone, prompt_of(size_t(1 + i % 5 * 50), i % 5), generate).tokens
                                  : requests[size_t(i % 5)]->result().tokens;
    EXPECT_EQ(requests[size_t(i)]->result().tokens, expected) << i;
  }
}

TEST(Engine, PromptsRunInChunksBesideStreams) {
  auto control = std::make_shared<Control>();
  EngineOptions options;
  options.step_tokens = 100;
  auto engine = fake::engine(control, options);
  auto prompt = prompt_of(950, 2);
  EXPECT_EQ(fake::generate(*engine, prompt, tokens(3)).tokens, fake::greedy(prompt, 3));
  EXPECT_LE(control->most_tokens, 100);
  EXPECT_GE(control->runs, 10 + 2);
}

TEST(Engine, WhenPagesRunOutTheYoungestIsComputedAgain) {
  auto control = std::make_shared<Control>();
  EngineOptions options;
  options.cache_tokens = 10 * kPageSlots;
  options.max_sequences = 8;
  auto engine = fake::engine(control, options);
  std::vector<std::shared_ptr<Request>> requests;
  for (int i = 0; i < 12; ++i) requests.push_back(engine->submit(prompt_of(60, i), tokens(300), nullptr, nullptr));
  int64_t fed = 0;
  for (int i = 0; i < 12; ++i) {
    requests[size_t(i)]->wait(kForever);
    EXPECT_EQ(requests[size_t(i)]->result().tokens, fake::greedy(prompt_of(60, i), 300)) << i << requests[size_t(i)]->result().message;
    fed += 60 + 299;
  }
  EXPECT_GT(control->fed, fed);  // some were computed twice
  EXPECT_EQ(engine->stats().cache_pages_used, 0);
  EXPECT_LE(engine->stats().cache_pages, 10);
}

TEST(Engine, MemoryThatDoesNotGrowActsAsALimit) {
  auto control = std::make_shared<Control>();
  control->memory_pages = 20;
  auto model = std::make_shared<fake::FakeModel>(true, 1000);
  SchedulerLimits limits = limits_for(model->info(), 1 << 20, 1 << 30, {});
  limits.first_pages = 16;
  limits.pages = 1000;
  limits.table_width = 16;
  auto engine = make_engine(model, nullptr, std::make_unique<fake::FakeRunner>(control, limits), limits);
  std::vector<std::shared_ptr<Request>> requests;
  for (int i = 0; i < 20; ++i) requests.push_back(engine->submit(prompt_of(60, i), tokens(200), nullptr, nullptr));
  for (int i = 0; i < 20; ++i) {
    requests[size_t(i)]->wait(kForever);
    EXPECT_EQ(requests[size_t(i)]->result().tokens, fake::greedy(prompt_of(60, i), 200)) << requests[size_t(i)]->result().message;
  }
  control->memory_pages = 0;
  auto none = make_engine(model, nullptr, std::make_unique<fake::FakeRunner>(control, limits), limits);
  EXPECT_EQ(fake::generate(*none, {1, 2}, tokens(3)).status, Status::out_of_memory);
  control->memory_pages = 100;
  EXPECT_EQ(fake::generate(*none, {1, 2}, tokens(3)).tokens, fake::greedy({1, 2}, 3));  // and the engine goes on
}

TEST(Engine, TheContextEndsAText) {
  auto engine = fake::engine(std::make_shared<Control>(), {}, std::make_shared<fake::FakeModel>(true, 70));
  const GenerateResult result = fake::generate(*engine, prompt_of(60, 1), tokens(-1));
  EXPECT_EQ(result.tokens, fake::greedy(prompt_of(60, 1), 10));
  EXPECT_EQ(result.finish, FinishReason::length);
  EXPECT_TRUE(fake::generate(*engine, prompt_of(70, 1), tokens(-1)).tokens.empty());
  std::string message;
  EXPECT_EQ(status_of([&] { engine->submit(prompt_of(71, 1), {}, nullptr, nullptr); }, &message), Status::context_full);
  EXPECT_NE(message.find("71"), std::string::npos) << message;
  EXPECT_NE(message.find("70"), std::string::npos) << message;
}

TEST(Engine, RefusesBadRequestsWithTheReason) {
  auto model = std::make_shared<fake::FakeModel>();
  auto engine = fake::engine(std::make_shared<Control>(), {}, model);
  struct Case {
    const char* word;
    std::vector<int32_t> prompt;
    std::function<void(GenerateOptions&)> change;
  };
  const Case cases[] = {
      {"empty", {}, [](GenerateOptions&) {}},
      {"token 50", {1, 50}, [](GenerateOptions&) {}},
      {"token -1", {-1}, [](GenerateOptions&) {}},
      {"top_p", {1}, [](GenerateOptions& o) { o.sampling.top_p = 2; }},
      {"min_tokens", {1}, [](GenerateOptions& o) { o.min_tokens = -1; }},
      {"top_logprobs", {1}, [](GenerateOptions& o) { o.top_logprobs = -1; }},
      {"stop_tokens", {1}, [](GenerateOptions& o) { o.stop_tokens = {99}; }},
      {"tokenizer", {1}, [](GenerateOptions& o) { o.stop = {"x"}; }},
  };
  for (const Case& c : cases) {
    GenerateOptions options;
    c.change(options);
    std::string message;
    EXPECT_EQ(status_of([&] { engine->submit(c.prompt, options, nullptr, nullptr); }, &message), Status::invalid_argument) << c.word;
    EXPECT_NE(message.find(c.word), std::string::npos) << message;
  }
  EXPECT_EQ(engine->stats().submitted, 0);
}

TEST(Engine, AnEmptyPromptIsTheBosToken) {
  auto model = std::make_shared<fake::FakeModel>();
  model->edit().bos_token = 3;
  auto engine = fake::engine(std::make_shared<Control>(), {}, model);
  EXPECT_EQ(fake::generate(*engine, {}, tokens(5)).tokens, fake::greedy({3}, 5));
}

TEST(Engine, StopTokensEndATextAndAreNotKept) {
  auto model = std::make_shared<fake::FakeModel>();
  const auto all = fake::greedy({1, 2}, 30);
  const int32_t stop = all[12];
  const size_t first = size_t(std::find(all.begin(), all.end(), stop) - all.begin());
  model->edit().stop_tokens = {stop};
  auto engine = fake::engine(std::make_shared<Control>(), {}, model);
  std::vector<TokenEvent> events;
  auto request = engine->submit(
      {1, 2}, tokens(30), [&](const TokenEvent& event) { return events.push_back(event), 0; }, nullptr);
  request->wait(kForever);
  EXPECT_EQ(request->result().tokens, std::vector<int32_t>(all.begin(), all.begin() + ptrdiff_t(first)));
  EXPECT_EQ(request->result().finish, FinishReason::stop);
  ASSERT_EQ(events.size(), first + 1);
  EXPECT_EQ(events.back().token, -1);
  EXPECT_EQ(events.back().finish, FinishReason::stop);
  for (size_t i = 0; i < first; ++i) EXPECT_EQ(events[i].token, all[i]);

  GenerateOptions options = tokens(30);
  options.ignore_model_stop_tokens = true;
  EXPECT_EQ(fake::generate(*engine, {1, 2}, options).tokens, all);
  options.stop_tokens = {all[5]};
  EXPECT_EQ(fake::generate(*engine, {1, 2}, options).tokens.size(), size_t(std::find(all.begin(), all.end(), all[5]) - all.begin()));
}

TEST(Engine, BelowMinTokensStopTokensAreMasked) {
  auto model = std::make_shared<fake::FakeModel>();
  for (int32_t t = 0; t < fake::kVocabulary - 1; ++t) model->edit().stop_tokens.push_back(t);
  auto engine = fake::engine(std::make_shared<Control>(), {}, model);
  GenerateOptions options = tokens(20);
  options.min_tokens = 6;
  const GenerateResult result = fake::generate(*engine, {4}, options);
  ASSERT_GE(result.tokens.size(), 6u);
  for (size_t i = 0; i < result.tokens.size(); ++i) EXPECT_EQ(result.tokens[i], fake::kVocabulary - 1);
}

TEST(Engine, TextEndsBeforeAStopStringAndEventsJoinToIt) {
  auto tokenizer = letters();
  auto engine = fake::engine(std::make_shared<Control>(), {}, nullptr, tokenizer);
  const auto all = fake::greedy({1, 2}, 40);
  const std::string text = tokenizer->decode(all);
  ASSERT_GT(text.size(), 30u);
  const std::string stop = text.substr(10, 5);
  const size_t at = text.find(stop);
  std::string joined;
  GenerateOptions options = tokens(40);
  options.stop = {"nowhere to be found", stop};
  auto request = engine->submit(
      {1, 2}, options, [&](const TokenEvent& event) { return joined += event.text, 0; }, nullptr);
  request->wait(kForever);
  const GenerateResult& result = request->result();
  EXPECT_EQ(result.text, text.substr(0, at));
  EXPECT_EQ(joined, result.text);
  EXPECT_EQ(result.finish, FinishReason::stop);
  EXPECT_TRUE(std::equal(result.tokens.begin(), result.tokens.end(), all.begin()));
  EXPECT_GE(tokenizer->decode(result.tokens).size(), at + stop.size());

  options.min_tokens = 40;  // strings that are complete before do not count
  EXPECT_EQ(fake::generate(*engine, {1, 2}, options).text, text);
}

TEST(Engine, EchoBeginsWithThePrompt) {
  auto tokenizer = letters();
  auto engine = fake::engine(std::make_shared<Control>(), {}, nullptr, tokenizer);
  const std::vector<int32_t> prompt{1, 2, 3};
  std::vector<int32_t> expected = prompt;
  for (int32_t token : fake::greedy(prompt, 10)) expected.push_back(token);
  GenerateOptions options = tokens(10);
  options.echo = options.logprobs = true;
  std::string joined;
  auto request = engine->submit(
      prompt, options, [&](const TokenEvent& event) { return joined += event.text, 0; }, nullptr);
  request->wait(kForever);
  EXPECT_EQ(request->result().tokens, expected);
  EXPECT_EQ(request->result().text, tokenizer->decode(expected));
  EXPECT_EQ(joined, request->result().text);
  EXPECT_EQ(request->result().logprobs.size(), 10u);
}

TEST(Engine, LogprobsAreOfTheModelsOwnDistribution) {
  auto engine = fake::engine(std::make_shared<Control>());
  GenerateOptions options = tokens(12);
  options.logprobs = options.keep_last_logits = true;
  options.top_logprobs = 3;
  options.sampling.temperature = 0.5f;
  options.sampling.repetition_penalty = 1.4f;
  options.sampling.logit_bias = {{7, 2.0f}};
  const GenerateResult result = fake::generate(*engine, {1, 2}, options);
  std::vector<int32_t> seen{1, 2};
  ASSERT_EQ(result.logprobs.size(), 12u);
  ASSERT_EQ(result.top_logprobs.size(), 12u);
  for (size_t i = 0; i < 12; ++i) {
    const int32_t token = result.tokens[i];
    EXPECT_NEAR(result.logprobs[i], fake::logprob(seen, std::vector<int32_t>{token}), 1e-5);
    ASSERT_EQ(result.top_logprobs[i].size(), 3u);
    EXPECT_EQ(result.top_logprobs[i][0].token, fake::greedy(seen, 1)[0]);
    if (i == 11) {
      EXPECT_EQ(result.last_logits, fake::logits_after(seen));
    }
    seen.push_back(token);
  }
}

TEST(Engine, NoTokensRunsThePromptOnly) {
  auto engine = fake::engine(std::make_shared<Control>());
  GenerateOptions options = tokens(0);
  options.keep_last_logits = true;
  const GenerateResult result = fake::generate(*engine, {1, 2}, options);
  EXPECT_TRUE(result.tokens.empty());
  EXPECT_EQ(result.finish, FinishReason::length);
  EXPECT_EQ(result.last_logits, fake::logits_after(std::vector<int32_t>{1, 2}));
}

TEST(Engine, CancelsInsideAStepAndTheOthersGoOn) {
  auto control = std::make_shared<Control>();
  auto engine = fake::engine(control);
  control->hold_from = 2;
  control->hold = true;
  auto stays = engine->submit(prompt_of(100, 1), tokens(2000), nullptr, nullptr);
  auto goes = engine->submit(prompt_of(100, 2), tokens(2000), nullptr, nullptr);
  while (!control->held) std::this_thread::yield();
  goes->cancel();  // the step itself goes on for ever
  EXPECT_TRUE(goes->wait(kForever));
  EXPECT_EQ(control->aborted, 1);
  EXPECT_EQ(goes->result().status, Status::cancelled);
  EXPECT_EQ(goes->result().finish, FinishReason::cancelled);
  stays->wait(kForever);
  EXPECT_EQ(stays->result().tokens, fake::greedy(prompt_of(100, 1), 900));
}

TEST(Engine, CallersThatKeepCancellingDoNotStopTheOthers) {
  auto control = std::make_shared<Control>();
  auto engine = fake::engine(control);
  control->delay_us = 500;
  auto stays = engine->submit({1}, tokens(60), nullptr, nullptr);
  while (!stays->wait(std::chrono::nanoseconds(0))) {
    auto goes = engine->submit(prompt_of(30, 2), tokens(10), nullptr, nullptr);
    std::this_thread::sleep_for(100us);
    goes->cancel();
  }
  EXPECT_EQ(stays->result().tokens, fake::greedy({1}, 60));
}

TEST(Engine, ACallbackCancelsByItsResultAndIsNotCalledAgain) {
  auto engine = fake::engine(std::make_shared<Control>());
  int calls = 0, done = 0;
  auto request = engine->submit(
      {1}, tokens(100), [&](const TokenEvent&) { return ++calls == 7; },
      [&](const GenerateResult& result) { done += result.finish == FinishReason::cancelled; });
  request->wait(kForever);
  EXPECT_EQ(calls, 7);
  EXPECT_EQ(done, 1);
  EXPECT_EQ(request->result().status, Status::cancelled);
  EXPECT_EQ(request->result().tokens.size(), 7u);
}

TEST(Engine, WaitingRequestsAreCancelledToo) {
  auto control = std::make_shared<Control>();
  EngineOptions options;
  options.max_sequences = 1;
  auto engine = fake::engine(control, options);
  control->hold = true;
  auto first = engine->submit({1}, tokens(5), nullptr, nullptr);
  auto second = engine->submit({2}, tokens(5), nullptr, nullptr);
  while (control->runs == 0) std::this_thread::yield();
  EXPECT_FALSE(second->wait(1ms));
  second->cancel();
  control->hold = false;
  second->wait(kForever);
  EXPECT_EQ(second->result().status, Status::cancelled);
  first->wait(kForever);
  EXPECT_EQ(first->result().tokens, fake::greedy({1}, 5));
}

TEST(Engine, CancelAllEndsEverythingAndLeavesTheEngineUsable) {
  auto control = std::make_shared<Control>();
  EngineOptions options;
  options.max_sequences = 3;
  auto engine = fake::engine(control, options);
  control->hold = true;
  std::vector<std::shared_ptr<Request>> requests;
  for (int i = 0; i < 10; ++i) requests.push_back(engine->submit({i}, tokens(50), nullptr, nullptr));
  engine->cancel_all();
  for (auto& request : requests) {
    request->wait(kForever);
    EXPECT_EQ(request->result().status, Status::cancelled);
  }
  control->hold = false;
  EXPECT_EQ(fake::generate(*engine, {1}, tokens(5)).tokens, fake::greedy({1}, 5));
}

TEST(Engine, DestroyingItCancelsWhatRuns) {
  auto control = std::make_shared<Control>();
  auto engine = fake::engine(control);
  control->hold = true;
  auto request = engine->submit({1}, tokens(50), nullptr, nullptr);
  engine.reset();
  EXPECT_TRUE(request->wait(0ns));
  EXPECT_EQ(request->result().status, Status::cancelled);
}

TEST(Engine, CanBeDestroyedInsideACallback) {
  for (bool in_token : {true, false}) {
    auto engine = fake::engine(std::make_shared<Control>());
    std::atomic<bool> gone{false};
    auto drop = [&] {
      engine.reset();
      gone = true;
    };
    auto other = engine->submit({2}, tokens(-1), nullptr, nullptr);
    auto request = engine->submit(
        {1}, tokens(3), [&](const TokenEvent& event) { return in_token && event.index == 1 && !gone ? drop(), 0 : 0; },
        [&](const GenerateResult&) { return in_token ? void() : drop(); });
    request->wait(kForever);
    other->wait(kForever);
    EXPECT_TRUE(gone);
    EXPECT_EQ(request->result().status, in_token ? Status::cancelled : Status::ok);
    EXPECT_EQ(other->result().status, Status::cancelled);
  }
}

TEST(Engine, CallbacksMaySubmitButNotWait) {
  auto engine = fake::engine(std::make_shared<Control>());
  std::shared_ptr<Request> next;
  std::vector<Status> statuses;
  auto request = engine->submit({1}, tokens(1), nullptr, [&](const GenerateResult&) {
    next = engine->submit({2}, tokens(4), nullptr, nullptr);
    statuses.push_back(status_of([&] { next->wait(kForever); }));
    statuses.push_back(status_of([&] { engine->score({{1}}, {{2}}, nullptr); }));
    statuses.push_back(status_of([&] { engine->embed({{1}}, Pooling::mean, true, nullptr); }));
    float row[fake::kVocabulary];
    const int32_t token = 1;
    statuses.push_back(status_of([&] { engine->logits({&token, 1}, row, nullptr, nullptr); }));
  });
  request->wait(kForever);
  EXPECT_EQ(statuses, std::vector<Status>(4, Status::busy));
  next->wait(kForever);
  EXPECT_EQ(next->result().tokens, fake::greedy({2}, 4));
}

TEST(Engine, AThrowingCallbackEndsItsRequestOnly) {
  auto engine = fake::engine(std::make_shared<Control>());
  auto bad = engine->submit(
      {1}, tokens(10),
      [](const TokenEvent& event) -> int32_t {
        if (event.index == 2) throw std::runtime_error("from the callback");
        return 0;
      },
      [](const GenerateResult&) { throw 1; });
  auto good = engine->submit({2}, tokens(10), nullptr, nullptr);
  bad->wait(kForever);
  EXPECT_EQ(bad->result().status, Status::internal);
  EXPECT_NE(bad->result().message.find("from the callback"), std::string::npos);
  good->wait(kForever);
  EXPECT_EQ(good->result().tokens, fake::greedy({2}, 10));
}

TEST(Engine, NanLogitsEndTheirRequestOnly) {
  auto control = std::make_shared<Control>();
  control->nan_token = 33;
  auto engine = fake::engine(control);
  auto bad = engine->submit({33}, tokens(10), nullptr, nullptr);
  auto good = engine->submit({2, 3}, tokens(4), nullptr, nullptr);
  bad->wait(kForever);
  EXPECT_EQ(bad->result().status, Status::internal);
  EXPECT_EQ(bad->result().finish, FinishReason::error);
  EXPECT_NE(bad->result().message.find("NaN"), std::string::npos);
  good->wait(kForever);
  EXPECT_EQ(good->result().tokens, fake::greedy({2, 3}, 4));
  EXPECT_EQ(status_of([&] { engine->score({{33}}, {{1}, {2}}, nullptr); }), Status::internal);
}

TEST(Engine, ErrorsOfAStepEndItsRequestsAndLeaveTheEngineUsable) {
  auto control = std::make_shared<Control>();
  std::atomic<int> kind{0};
  control->before = [&](const StepBatch&) {
    switch (kind) {
      case 1: fail(Status::device_lost, "the device went away");
      case 2: throw std::bad_alloc();
      case 3: throw 42;
      default: return;
    }
  };
  auto engine = fake::engine(control);
  const Status expected[] = {Status::ok, Status::device_lost, Status::out_of_memory, Status::internal};
  for (int k : {1, 2, 3}) {
    kind = k;
    const GenerateResult result = fake::generate(*engine, {1}, tokens(5));
    EXPECT_EQ(result.status, expected[k]);
    EXPECT_EQ(result.finish, FinishReason::error);
    EXPECT_FALSE(result.message.empty());
    kind = 0;
    EXPECT_EQ(fake::generate(*engine, {1}, tokens(5)).tokens, fake::greedy({1}, 5));
  }
  EXPECT_EQ(engine->stats().cache_pages_used, 0);
}

TEST(Engine, ManyThreadsSubmitCancelAndWait) {
  auto control = std::make_shared<Control>();
  EngineOptions options;
  options.max_sequences = 8;
  options.cache_tokens = 20 * kPageSlots;
  auto engine = fake::engine(control, options);
  control->delay_us = 20;
  std::atomic<int64_t> done{0}, ended{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t)
    threads.emplace_back([&, t] {
      std::mt19937 random(static_cast<unsigned>(t));
      for (int round = 0; round < 12; ++round) {
        std::vector<std::shared_ptr<Request>> requests;
        std::vector<std::vector<int32_t>> prompts;
        for (int i = 0; i < 4; ++i) {
          prompts.push_back(prompt_of(1 + random() % 150, int32_t(random() % 40)));
          const bool quits = random() % 4 == 0;
          requests.push_back(engine->submit(
              prompts.back(), tokens(1 + int64_t(random() % 20)), [quits](const TokenEvent& event) { return quits && event.index == 2; },
              [&](const GenerateResult&) { ++done; }));
        }
        if (random() % 2) requests[random() % 4]->cancel();
        if (round % 4 == t % 4) {
          const auto scores = status_of([&] { engine->score({prompts[0]}, {{1, 2}, {3}}, nullptr); });
          EXPECT_EQ(scores, Status::ok);
        }
        engine->stats();
        for (size_t i = 0; i < 4; ++i) {
          while (!requests[i]->wait(std::chrono::milliseconds(random() % 20))) {
          }
          ++ended;
          const GenerateResult& result = requests[i]->result();
          const auto expected = fake::greedy(prompts[i], int64_t(result.tokens.size()));
          EXPECT_EQ(result.tokens, expected);
          EXPECT_TRUE(result.status == Status::ok || result.status == Status::cancelled) << result.message;
        }
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 6 * 12 * 4);
  EXPECT_EQ(ended, done);
  const EngineStats stats = engine->stats();
  EXPECT_EQ(stats.running, 0);
  EXPECT_EQ(stats.waiting, 0);
  EXPECT_EQ(stats.cache_pages_used, 0);
}

TEST(Engine, ThousandsWaitInLineOnOneThread) {
  auto control = std::make_shared<Control>();
  auto engine = fake::engine(control);
  control->hold = true;
  std::atomic<int> done{0};
  std::vector<std::shared_ptr<Request>> requests;
  for (int i = 0; i < 5000; ++i) requests.push_back(engine->submit({i % 50}, tokens(2), nullptr, [&](const GenerateResult&) { ++done; }));
  EXPECT_GE(engine->stats().waiting + engine->stats().running, 4900);
  for (int i = 1000; i < 5000; ++i) requests[size_t(i)]->cancel();
  control->hold = false;
  for (auto& request : requests) request->wait(kForever);
  EXPECT_EQ(done, 5000);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(requests[size_t(i)]->result().tokens, fake::greedy({i % 50}, 2));
}

}  // namespace
}  // namespace mlxc
