// Random numbers: the published answers of the generator, and distributions by their moments and frequencies. Keys are fixed, so nothing
// here passes or fails by chance.
#include "ops/random.h"

#include <set>

#include "ops/creation.h"
#include "ops/reference.h"

namespace mlxc {
namespace {

using namespace test;

Array key(uint64_t seed) { return random::key(test::device(), seed); }

std::vector<uint32_t> words(const Array& x) {
  std::vector<uint32_t> values(size_t(x.size()));
  read(x, values.data(), values.size() * 4);
  return values;
}

TEST(Philox, GivesTheAnswersThatItsAuthorsPublished) {
  // philox4x32-10 of Random123's kat_vectors: counter 0 under keys 0; the second block is counter 1.
  EXPECT_EQ(words(random::bits(key(0), {4})), (std::vector<uint32_t>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const std::vector<uint32_t> many = words(random::bits(key(7), {3, 1000}));
  for (int64_t n : {1, 2, 5, 999}) {  // a shorter stream is the beginning of a longer one
    const std::vector<uint32_t> few = words(random::bits(key(7), {n}));
    EXPECT_TRUE(std::equal(few.begin(), few.end(), many.begin()));
  }
}

TEST(Random, SplitKeysDifferFromEachOtherAndFromTheNumbers) {
  const std::vector<uint32_t> keys = words(random::split(key(1), 100)), numbers = words(random::bits(key(1), {200}));
  std::set<std::pair<uint32_t, uint32_t>> all;
  for (size_t i = 0; i < 200; i += 2) {
    all.insert({keys[i], keys[i + 1]});
    all.insert({numbers[i], numbers[i + 1]});
  }
  EXPECT_EQ(all.size(), 200u);
  EXPECT_THROW(random::bits(make({1, 2}, {2}, DType::i32), {4}), Error);
  EXPECT_THROW(random::bits(random::split(key(1), 2), {4}), Error);
}

struct Moments {
  double mean, deviation, low, high;
};
Moments moments(const Array& x) {
  const Reference values = fetch(x);
  double sum = 0, squares = 0;
  Moments m{0, 0, INFINITY, -INFINITY};
  for (double v : values.values) {
    sum += v;
    squares += v * v;
    m.low = std::min(m.low, v);
    m.high = std::max(m.high, v);
  }
  const double n = double(values.values.size());
  m.mean = sum / n;
  m.deviation = std::sqrt(squares / n - m.mean * m.mean);
  return m;
}

constexpr int64_t kDraws = 40000;  // the mean of a standard number is then within 0.02: four deviations of it

TEST(Random, UniformFillsItsRangeInEveryFloatType) {
  for (DType dtype : {DType::f16, DType::bf16, DType::f32, DType::f64}) {
    const Moments unit = moments(random::uniform(key(2), {kDraws}, dtype)), wide = moments(random::uniform(key(3), {kDraws}, dtype, -3, 5));
    EXPECT_GE(unit.low, 0) << name_of(dtype);
    EXPECT_LT(unit.high, 1) << name_of(dtype);
    EXPECT_NEAR(unit.mean, 0.5, 0.01);
    EXPECT_NEAR(unit.deviation, std::sqrt(1.0 / 12), 0.01);
    EXPECT_NEAR(wide.mean, 1, 0.05);
    EXPECT_LT(wide.low, -2.9);
    EXPECT_GT(wide.high, 4.9);
  }
}

TEST(Random, NormalHasItsMomentsAndTails) {
  for (DType dtype : {DType::f16, DType::f32, DType::f64}) {
    const Array x = random::normal(key(4), {kDraws}, dtype, 2, 3);
    const Moments m = moments(x);
    EXPECT_NEAR(m.mean, 2, 0.06) << name_of(dtype);
    EXPECT_NEAR(m.deviation, 3, 0.06) << name_of(dtype);
    int64_t within = 0;
    for (double v : fetch(x).values) within += std::abs(v - 2) < 3;
    EXPECT_NEAR(double(within) / kDraws, 0.6827, 0.01);
  }
  const Moments cut = moments(random::truncated_normal(key(5), {kDraws}, DType::f32, -1, 2));
  EXPECT_GE(cut.low, -1);
  EXPECT_LE(cut.high, 2);
  EXPECT_NEAR(cut.mean, 0.2296, 0.02);  // (pdf(-1) - pdf(2)) / (cdf(2) - cdf(-1))
}

TEST(Random, IntegersReachEveryValueEquallyOften) {
  std::vector<int> counts(10);
  for (double v : fetch(random::integers(key(6), {kDraws}, -4, 6, DType::i8)).values) {
    ASSERT_TRUE(v >= -4 && v < 6);
    ++counts[size_t(v + 4)];
  }
  for (int count : counts) EXPECT_NEAR(count, kDraws / 10, 250);
  const Moments wide = moments(random::integers(key(7), {1000}, INT64_MIN / 2, INT64_MAX / 2, DType::i64));
  EXPECT_LT(wide.low, -4e18);
  EXPECT_GT(wide.high, 4e18);
  EXPECT_THROW(random::integers(key(7), {1}, 3, 3, DType::i32), Error);
  const Moments widest = moments(random::integers(key(7), {1000}, INT64_MIN, INT64_MAX, DType::i64));
  EXPECT_LT(widest.low, -8e18);
  EXPECT_GT(widest.high, 8e18);
  EXPECT_THROW(random::integers(key(7), {1}, -5, 5, DType::u8), Error);
  EXPECT_THROW(random::integers(key(7), {1}, 0, 129, DType::i8), Error);
}

TEST(Random, BernoulliAndCategoricalFollowTheirProbabilities) {
  const Reference flips = fetch(random::bernoulli(key(8), {kDraws, 2}, make({0.25, 1}, {2}, DType::f32)));
  double first = 0, second = 0;
  for (size_t i = 0; i < flips.values.size(); i += 2) {
    first += flips.values[i];
    second += flips.values[i + 1];
  }
  EXPECT_NEAR(first / kDraws, 0.25, 0.01);
  EXPECT_EQ(second, double(kDraws));
  const Array logits = make({std::log(0.2), std::log(0.5), std::log(0.3), -INFINITY}, {4, 1}, DType::f32);
  const Array draws = random::categorical(key(9), logits, 0, kDraws);
  EXPECT_EQ(draws.shape(), (Shape{1, kDraws}));
  std::vector<double> counts(4);
  for (double v : fetch(draws).values) counts[size_t(v)] += 1.0 / kDraws;
  EXPECT_NEAR(counts[0], 0.2, 0.01);
  EXPECT_NEAR(counts[1], 0.5, 0.01);
  EXPECT_EQ(counts[3], 0);
}

TEST(Random, PermutationHasEachNumberOnce) {
  std::vector<double> order = fetch(random::permutation(key(10), 1000)).values;
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  for (size_t i = 0; i < order.size(); ++i) ASSERT_EQ(order[i], double(i));
  EXPECT_EQ(random::permutation(key(10), 0).size(), 0);
}

}  // namespace
}  // namespace mlxc
