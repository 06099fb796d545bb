#include "llm/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <set>

#include "llm/vector_math.h"

namespace mlxc {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

int32_t sample(const SamplingOptions& options, std::vector<float> logits, uint64_t index = 0, std::vector<int32_t> prompt = {}) {
  return Sampler(options, prompt).sample(logits, {}, index);
}

std::vector<float> random_logits(size_t count, unsigned seed, float spread) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, spread);
  std::vector<float> logits(count);
  for (float& x : logits) x = normal(random);
  return logits;
}

// The straightforward version: sort everything.
std::vector<double> expected_distribution(const SamplingOptions& o, const std::vector<float>& logits) {
  std::vector<int32_t> order(logits.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = int32_t(i);
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return logits[size_t(a)] > logits[size_t(b)]; });
  std::vector<double> p(logits.size(), 0);
  auto weight = [&](int32_t t) { return std::exp((double(logits[size_t(t)]) - double(logits[size_t(order[0])])) / double(o.temperature)); };
  if (o.top_k && o.top_k < int64_t(order.size())) order.resize(size_t(o.top_k));
  double total = 0, reached = 0;
  for (int32_t t : order) total += weight(t);
  size_t kept = 0;
  while (kept < order.size() && (kept == 0 || reached < double(o.top_p) * total)) reached += weight(order[kept++]);
  if (o.top_p >= 1) kept = order.size();
  order.resize(kept);
  std::erase_if(order, [&](int32_t t) { return weight(t) < double(o.min_p); });
  total = 0;
  for (int32_t t : order) total += weight(t);
  for (int32_t t : order) p[size_t(t)] = weight(t) / total;
  return p;
}

TEST(VectorMath, ExpIsExactToFloatRounding) {
  std::vector<float> x, out;
  for (float v = -86; v <= 0; v += 0.00137f) x.push_back(v);
  out.resize(x.size());
  double sum = exp_sum(x, 0, 1, out.data()), expected = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    ASSERT_NEAR(out[i] / std::exp(double(x[i])), 1, 2.5e-7) << x[i];
    expected += std::exp(double(x[i]));
  }
  EXPECT_NEAR(sum / expected, 1, 1e-6);
  std::vector<float> edges{0, -0.0f, -200, -kInfinity, -87.5f};
  std::vector<float> e(edges.size());
  exp_sum(edges, 0, 1, e.data());
  EXPECT_EQ(e, (std::vector<float>{1, 1, 0, 0, 0}));
}

TEST(VectorMath, MaximumIsTheFirstOfEqualOnes) {
  for (size_t size : {1, 3, 4, 5, 31, 100}) {
    std::vector<float> x(size, 1.5f);
    EXPECT_EQ(row_maximum(x).index, 0);
    x.back() = 2;
    EXPECT_EQ(row_maximum(x).index, int64_t(size) - 1);
  }
  EXPECT_EQ(row_maximum(std::vector<float>{}).index, -1);
  EXPECT_EQ(row_maximum(std::vector<float>(9, -kInfinity)).index, -1);
}

TEST(VectorMath, NanAndInfinityAreSeenAtEveryPosition) {
  for (size_t i = 0; i < 11; ++i) {
    std::vector<float> x(11, -1);
    x[i] = std::nanf("");
    EXPECT_FALSE(row_maximum(x).finite) << i;
    x[i] = kInfinity;
    EXPECT_FALSE(row_maximum(x).finite) << i;
    x[i] = -kInfinity;
    EXPECT_TRUE(row_maximum(x).finite) << i;
  }
}

TEST(Uniform, IsStatelessAndWellSpread) {
  EXPECT_EQ(uniform(7, 3), uniform(7, 3));
  EXPECT_NE(uniform(7, 3), uniform(7, 4));
  EXPECT_NE(uniform(7, 3), uniform(8, 3));
  std::vector<int> bins(10);
  for (uint64_t i = 0; i < 10000; ++i) {
    double u = uniform(i % 100, i / 100);
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    ++bins[size_t(u * 10)];
  }
  for (int bin : bins) EXPECT_NEAR(bin, 1000, 150);
}

TEST(Sampler, GreedyTakesTheLowestIdOfEqualLogits) { EXPECT_EQ(sample({}, {1, 3, 2, 3}), 1); }

TEST(Sampler, FrequenciesFollowTheDistribution) {
  const std::vector<float> logits = random_logits(40, 3, 2);
  struct Case {
    const char* name;
    float temperature;
    int64_t top_k;
    float top_p, min_p;
  };
  for (const Case& c : {Case{"plain", 1, 0, 1, 0}, Case{"warm", 1.7f, 0, 1, 0}, Case{"top-k", 1, 5, 1, 0}, Case{"top-p", 1, 0, 0.7f, 0},
                        Case{"min-p", 1, 0, 1, 0.1f}, Case{"all", 0.8f, 12, 0.9f, 0.05f}}) {
    SamplingOptions options;
    options.temperature = c.temperature;
    options.top_k = c.top_k;
    options.top_p = c.top_p;
    options.min_p = c.min_p;
    const std::vector<double> expected = expected_distribution(options, logits);
    std::vector<int> counts(logits.size());
    constexpr int kDraws = 20000;
    Sampler sampler(options, {});
    for (int i = 0; i < kDraws; ++i) {
      std::vector<float> row = logits;
      ++counts[size_t(sampler.sample(row, {}, uint64_t(i)))];
    }
    double chi = 0;
    int kinds = 0;
    for (size_t t = 0; t < logits.size(); ++t) {
      if (expected[t] == 0) {
        EXPECT_EQ(counts[t], 0) << c.name << " token " << t;
        continue;
      }
      const double mean = expected[t] * kDraws;
      if (mean < 5) continue;
      chi += (counts[t] - mean) * (counts[t] - mean) / mean;
      ++kinds;
    }
    EXPECT_LT(chi, kinds + 5 * std::sqrt(2.0 * kinds)) << c.name;  // the seed is fixed: this does not vary from run to run
  }
}

TEST(Sampler, KeepsExactlyTheNucleusOfALargeVocabulary) {
  for (float spread : {0.1f, 1.0f, 4.0f}) {
    const std::vector<float> logits = random_logits(20000, 11, spread);
    for (float top_p : {0.0f, 0.3f, 0.95f}) {
      SamplingOptions options;
      options.temperature = 1;
      options.top_p = top_p + (top_p > 0 ? 1e-5f : 0);  // float and double sums may differ by the token at the border
      const std::vector<double> expected = expected_distribution(options, logits);
      options.top_p = top_p;
      Sampler sampler(options, {});
      for (uint64_t i = 0; i < 20; ++i) {
        std::vector<float> row = logits;
        EXPECT_GT(expected[size_t(sampler.sample(row, {}, i))], 0) << spread << " " << top_p << " " << i;
      }
    }
  }
}

TEST(Sampler, TopKOneAndTinyTemperatureAreGreedy) {
  const std::vector<float> logits = random_logits(1000, 5, 3);
  const int32_t best = int32_t(std::max_element(logits.begin(), logits.end()) - logits.begin());
  for (uint64_t i = 0; i < 50; ++i) {
    SamplingOptions options;
    options.temperature = 1;
    options.top_k = 1;
    EXPECT_EQ(sample(options, logits, i), best);
    options.top_k = 0;
    options.temperature = 1e-30f;
    EXPECT_EQ(sample(options, logits, i), best);
    options.temperature = 1;
    options.min_p = 1;
    EXPECT_EQ(sample(options, logits, i), best);
  }
}

TEST(Sampler, TopKKeepsTheLowestIdsOfEqualLogits) {
  SamplingOptions options;
  options.temperature = 1;
  options.top_k = 3;
  std::set<int32_t> seen;
  for (uint64_t i = 0; i < 100; ++i) seen.insert(sample(options, std::vector<float>(500, 1), i));
  EXPECT_EQ(seen, (std::set<int32_t>{0, 1, 2}));
}

TEST(Sampler, LogitBiasMovesAndForbids) {
  SamplingOptions options;
  options.logit_bias = {{0, 5.0f}, {2, -kInfinity}};
  EXPECT_EQ(sample(options, {0, 4, 9}), 0);
}

TEST(Sampler, RepetitionPenaltyDividesPositiveAndMultipliesNegativeLogitsOfPromptAndGenerated) {
  SamplingOptions options;
  options.repetition_penalty = 2;
  EXPECT_EQ(sample(options, {4, 3}, 0, {0}), 1);           // 4 / 2 < 3
  EXPECT_EQ(sample(options, {-1, -1.5f}, 0, {0}), 1);      // -1 * 2 < -1.5
  EXPECT_EQ(sample(options, {4, 3}, 0, {0, 0, 0, 1}), 0);  // once, however often it occurs
  Sampler sampler(options, {});
  sampler.accept(0);
  std::vector<float> logits{4, 3};
  EXPECT_EQ(sampler.sample(logits, {}, 1), 1);
}

TEST(Sampler, PresenceAndFrequencyCountGeneratedTokensOnly) {
  SamplingOptions presence;
  presence.presence_penalty = 1.5f;
  EXPECT_EQ(sample(presence, {4, 3}, 0, {0, 0}), 0);
  Sampler a(presence, {});
  a.accept(0);
  a.accept(0);
  std::vector<float> logits{4.4f, 3};  // 2.9 however often
  EXPECT_EQ(a.sample(logits, {}, 2), 1);
  SamplingOptions frequency;
  frequency.frequency_penalty = 0.6f;
  Sampler b(frequency, {});
  b.accept(0);
  logits = {4, 3};
  EXPECT_EQ(b.sample(logits, {}, 1), 0);
  b.accept(0);
  logits = {4, 3};  // 4 - 1.2
  EXPECT_EQ(b.sample(logits, {}, 2), 1);
}

TEST(Sampler, MaskedTokensAreNeverChosen) {
  std::vector<float> logits{9, 1, 8};
  const std::vector<int32_t> masked{0, 2, 7};
  EXPECT_EQ(Sampler({}, {}).sample(logits, masked, 0), 1);
}

TEST(Sampler, NanLogitsAndNoTokenLeftAreErrors) {
  auto status = [](std::vector<float> logits) {
    try {
      Sampler({}, {}).sample(logits, {}, 0);
    } catch (const Error& error) {
      return error.status();
    }
    return Status::ok;
  };
  EXPECT_EQ(status({1, std::nanf(""), 2}), Status::internal);
  EXPECT_EQ(status({1, kInfinity, 2}), Status::internal);
  EXPECT_EQ(status({-kInfinity, -kInfinity}), Status::invalid_argument);
  EXPECT_EQ(status({-kInfinity, 0}), Status::ok);
}

TEST(Sampler, OptionsOutOfRangeAreNamed) {
  struct Case {
    const char* name;
    void (*change)(SamplingOptions&);
  };
  const Case cases[] = {
      {"temperature", [](SamplingOptions& o) { o.temperature = -1; }},
      {"temperature", [](SamplingOptions& o) { o.temperature = std::nanf(""); }},
      {"temperature", [](SamplingOptions& o) { o.temperature = kInfinity; }},
      {"top_k", [](SamplingOptions& o) { o.top_k = -1; }},
      {"top_p", [](SamplingOptions& o) { o.top_p = 1.5f; }},
      {"top_p", [](SamplingOptions& o) { o.top_p = std::nanf(""); }},
      {"min_p", [](SamplingOptions& o) { o.min_p = -0.1f; }},
      {"repetition_penalty", [](SamplingOptions& o) { o.repetition_penalty = 0; }},
      {"presence_penalty", [](SamplingOptions& o) { o.presence_penalty = kInfinity; }},
      {"frequency_penalty", [](SamplingOptions& o) { o.frequency_penalty = std::nanf(""); }},
      {"logit_bias",
       [](SamplingOptions& o) {
         o.logit_bias = {{100, 1.0f}};
       }},
      {"logit_bias",
       [](SamplingOptions& o) {
         o.logit_bias = {{-1, 1.0f}};
       }},
      {"logit_bias",
       [](SamplingOptions& o) {
         o.logit_bias = {{1, kInfinity}};
       }},
  };
  check_sampling({}, 100);
  for (const Case& c : cases) {
    SamplingOptions options;
    c.change(options);
    try {
      check_sampling(options, 100);
      ADD_FAILURE() << c.name;
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), Status::invalid_argument);
      EXPECT_NE(std::string(error.what()).find(c.name), std::string::npos) << error.what();
    }
  }
}

TEST(Logprobs, SumToOneAndComeSorted) {
  const std::vector<float> logits = random_logits(300, 2, 3);
  const double log_sum = log_sum_exp(logits);
  const auto all = top_logprobs(logits, 1000, log_sum);
  ASSERT_EQ(all.size(), 300u);
  double total = 0;
  for (const auto& entry : all) total += std::exp(double(entry.logprob));
  EXPECT_NEAR(total, 1, 1e-5);
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), [](auto& a, auto& b) { return a.logprob > b.logprob; }));
  const auto few = top_logprobs(logits, 3, log_sum);
  ASSERT_EQ(few.size(), 3u);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(few[i].token, all[i].token);
}

TEST(Sampler, ChoosesTheSameFromTheLargestLogitsAlone) {
  const std::vector<float> logits = random_logits(3000, 5, 3);
  std::vector<int32_t> order(logits.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = int32_t(i);
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return logits[size_t(a)] > logits[size_t(b)]; });
  for (float temperature : {0.0f, 0.3f, 1.0f, 5.0f})
    for (int64_t top_k : {1, 2, 17, 64})
      for (float top_p : {0.0f, 0.5f, 0.95f, 1.0f})
        for (float min_p : {0.0f, 0.1f, 1.0f}) {
          SamplingOptions options{.temperature = temperature, .top_k = top_k, .top_p = top_p, .min_p = min_p, .seed = 9};
          Sampler sampler(options, {});
          ASSERT_EQ(sampler.top_needed(), temperature == 0 ? 1 : top_k);
          std::vector<float> largest;
          std::vector<int32_t> tokens(order.begin(), order.begin() + 64);
          for (int32_t token : tokens) largest.push_back(logits[size_t(token)]);
          for (uint64_t index = 0; index < 20; ++index)
            ASSERT_EQ(sampler.sample_top(largest, tokens, index), sample(options, logits, index))
                << temperature << " " << top_k << " " << top_p << " " << min_p;
        }
}

TEST(Sampler, NeedsWholeRowsWhereMoreThanTheLargestLogitsDecide) {
  auto needed = [](const SamplingOptions& options) { return Sampler(options, {}).top_needed(); };
  EXPECT_EQ(needed({.temperature = 1}), 0);
  EXPECT_EQ(needed({.temperature = 1, .top_p = 0.9f}), 0);
  EXPECT_EQ(needed({.repetition_penalty = 1.1f}), 0);
  EXPECT_EQ(needed({.presence_penalty = 1}), 0);
  EXPECT_EQ(needed({.logit_bias = {{1, 2.0f}}}), 0);
}

TEST(Sampler, ChosenLogitsThatAreNotFiniteAreAnError) {
  const std::vector<int32_t> tokens{3};
  for (float bad : {std::numeric_limits<float>::quiet_NaN(), kInfinity}) {
    const std::vector<float> logits{bad};
    EXPECT_THROW(Sampler({}, {}).sample_top(logits, tokens, 0), Error);
  }
}

}  // namespace
}  // namespace mlxc
