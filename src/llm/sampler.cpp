#include "llm/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "llm/vector_math.h"

namespace mlxc {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();
constexpr float kLeast = std::numeric_limits<float>::lowest();  // any logit that is not masked

struct Better {  // a total order, so that ties never depend on how a selection walks
  std::span<const float> x;
  bool operator()(int32_t a, int32_t b) const { return x[size_t(a)] > x[size_t(b)] || (x[size_t(a)] == x[size_t(b)] && a < b); }
};

// The `count` largest entries that are at least `least`, sorted. One pass: whatever cannot enter the best seen so far costs a comparison.
std::vector<int32_t> largest_entries(std::span<const float> x, int64_t count, float least) {
  const size_t keep = size_t(std::min<int64_t>(count, int64_t(x.size())));
  std::vector<int32_t> best;
  if (!keep) return best;
  best.reserve(2 * keep + 64);
  const Better better{x};
  auto shrink = [&] {
    std::nth_element(best.begin(), best.begin() + ptrdiff_t(keep - 1), best.end(), better);
    best.resize(keep);
  };
  float threshold = std::nextafter(least, kNever);
  for (size_t i = 0; i < x.size(); ++i) {
    if (!(x[i] > threshold)) continue;
    best.push_back(int32_t(i));
    if (best.size() == 2 * keep + 64) {
      shrink();
      threshold = x[size_t(best[keep - 1])];  // an equal one further on has a higher id and loses
    }
  }
  if (best.size() > keep) shrink();
  std::sort(best.begin(), best.end(), better);
  return best;
}

[[noreturn]] void fail_not_finite(uint64_t index) {
  fail(Status::internal, "the model gave a logit that is NaN or infinite for token ", index,
       "; its weights or the prompt's values overflow");
}

uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

}  // namespace

double log_sum_exp(std::span<const float> x) {
  RowMaximum top = row_maximum(x);
  if (!top.finite) return std::numeric_limits<double>::quiet_NaN();
  if (top.index < 0) return -std::numeric_limits<double>::infinity();
  return double(top.value) + std::log(exp_sum(x, top.value, 1, nullptr));
}

std::vector<TokenLogprob> top_logprobs(std::span<const float> logits, int64_t count, double log_sum) {
  std::vector<TokenLogprob> result;
  for (int32_t token : largest_entries(logits, count, kLeast)) result.push_back({token, float(double(logits[size_t(token)]) - log_sum)});
  return result;
}

double uniform(uint64_t seed, uint64_t draw) {
  constexpr uint64_t kGolden = 0x9e3779b97f4a7c15ull;
  uint64_t key = mix(seed + kGolden);
  return double(mix(key + (draw + 1) * kGolden) >> 11) * 0x1p-53;
}

void check_sampling(const SamplingOptions& o, int64_t vocabulary) {
  if (!(o.temperature >= 0) || !std::isfinite(o.temperature))
    fail(Status::invalid_argument, "temperature is ", o.temperature, ", expected 0 (greedy) or more");
  if (o.top_k < 0) fail(Status::invalid_argument, "top_k is ", o.top_k, ", expected 0 (off) or more");
  if (!(o.top_p >= 0 && o.top_p <= 1)) fail(Status::invalid_argument, "top_p is ", o.top_p, ", expected 0 to 1 (off)");
  if (!(o.min_p >= 0 && o.min_p <= 1)) fail(Status::invalid_argument, "min_p is ", o.min_p, ", expected 0 (off) to 1");
  if (!(o.repetition_penalty > 0) || !std::isfinite(o.repetition_penalty))
    fail(Status::invalid_argument, "repetition_penalty is ", o.repetition_penalty, ", expected more than 0 (1 is off)");
  if (!std::isfinite(o.presence_penalty))
    fail(Status::invalid_argument, "presence_penalty is ", o.presence_penalty, ", expected a finite number");
  if (!std::isfinite(o.frequency_penalty))
    fail(Status::invalid_argument, "frequency_penalty is ", o.frequency_penalty, ", expected a finite number");
  for (auto& [token, bias] : o.logit_bias) {
    if (token < 0 || token >= vocabulary)
      fail(Status::invalid_argument, "logit_bias names token ", token, ", the vocabulary has ", vocabulary, " tokens");
    if (!std::isfinite(bias) && bias != kNever)
      fail(Status::invalid_argument, "logit_bias of token ", token, " is ", bias, ", expected a finite number or -inf");
  }
}

Sampler::Sampler(const SamplingOptions& options, std::span<const int32_t> prompt) : options_(options) {
  if (options.temperature > 0) scale_ = std::min(1 / options.temperature, 1e30f);
  penalties_ = options.repetition_penalty != 1 || options.presence_penalty != 0 || options.frequency_penalty != 0;
  if (options.repetition_penalty != 1)
    for (int32_t token : prompt) counts_.emplace(token, 0);
}

void Sampler::accept(int32_t token) {
  if (penalties_) ++counts_[token];
}

void Sampler::penalize(std::span<float> logits) const {
  for (auto& [token, bias] : options_.logit_bias) logits[size_t(token)] += bias;
  for (auto& [token, count] : counts_) {
    float& logit = logits[size_t(token)];
    if (options_.repetition_penalty != 1) logit = logit < 0 ? logit * options_.repetition_penalty : logit / options_.repetition_penalty;
    if (count) logit -= options_.presence_penalty + float(count) * options_.frequency_penalty;
  }
}

int64_t Sampler::top_needed() const {
  if (penalties_ || !options_.logit_bias.empty()) return 0;
  return options_.temperature == 0 ? 1 : options_.top_k;
}

int32_t Sampler::sample_top(std::span<const float> logits, std::span<const int32_t> tokens, uint64_t index) {
  const float largest = logits[0];
  if (!std::isfinite(largest)) fail_not_finite(index);
  if (options_.temperature == 0) return tokens[0];
  const double point = uniform(options_.seed, index);
  std::span<const float> kept = logits.first(size_t(std::min<int64_t>(options_.top_k, int64_t(logits.size()))));
  if (options_.top_p < 1) kept = kept.first(size_t(nucleus_of_top_k(kept)));
  candidates_.resize(kept.size());
  std::iota(candidates_.begin(), candidates_.end(), 0);  // places in the list
  if (options_.min_p > 0) {
    const float least = least_kept(largest);
    std::erase_if(candidates_, [&](int32_t place) { return kept[size_t(place)] < least; });
  }
  return tokens[size_t(draw_from_candidates(kept, largest, point))];
}

int32_t Sampler::sample(std::span<float> logits, std::span<const int32_t> masked, uint64_t index) {
  penalize(logits);
  for (int32_t token : masked)
    if (size_t(token) < logits.size()) logits[size_t(token)] = kNever;
  const RowMaximum top = row_maximum(logits);
  if (!top.finite) fail_not_finite(index);
  if (top.index < 0) fail(Status::invalid_argument, "logit_bias and min_tokens leave no token that may be chosen");
  if (options_.temperature == 0) return int32_t(top.index);

  const double point = uniform(options_.seed, index);
  const float least = least_kept(top.value);
  if (options_.top_k > 0 && options_.top_k < int64_t(logits.size())) {
    keep_top_k(logits);
  } else if (options_.top_p < 1) {
    keep_nucleus(logits, top.value);
  } else if (options_.min_p > 0) {
    candidates_.clear();
    for (size_t i = 0; i < logits.size(); ++i)
      if (logits[i] >= least) candidates_.push_back(int32_t(i));
  } else {
    return draw_from_all(logits, top.value, point);
  }
  if (options_.min_p > 0) std::erase_if(candidates_, [&](int32_t token) { return logits[size_t(token)] < least; });
  return draw_from_candidates(logits, top.value, point);
}

void Sampler::keep_top_k(std::span<const float> logits) {
  candidates_ = largest_entries(logits, options_.top_k, kLeast);
  if (options_.top_p >= 1) return;
  weights_.clear();
  for (int32_t token : candidates_) weights_.push_back(logits[size_t(token)]);
  candidates_.resize(size_t(nucleus_of_top_k(weights_)));
}

// How many of the logits that top-k left, largest first, reach top_p of their total.
int64_t Sampler::nucleus_of_top_k(std::span<const float> logits) const {
  double total = 0, reached = 0;
  for (float logit : logits) total += std::exp(double(scale_) * (logit - logits[0]));
  for (size_t i = 0; i < logits.size(); ++i) {
    reached += std::exp(double(scale_) * (logits[i] - logits[0]));
    if (reached >= double(options_.top_p) * total) return int64_t(i) + 1;
  }
  return int64_t(logits.size());
}

// The smallest logit that min_p keeps.
float Sampler::least_kept(float largest) const {
  return options_.min_p > 0 ? std::max(kLeast, largest + std::log(options_.min_p) / scale_) : kLeast;
}

void Sampler::keep_nucleus(std::span<const float> logits, float largest) {
  weights_.resize(logits.size());
  const double total = exp_sum(logits, largest, scale_, weights_.data());
  // All tokens with less than (1 - p) / vocabulary of the total together have less than 1 - p: the nucleus is among the others.
  const double share = (1 - double(options_.top_p)) * total / double(logits.size());
  const float least = std::max(kLeast, float(largest + std::log(share) / scale_ - 1e-3 / scale_));
  // Sums over ranges of logits, likeliest first; only the range in which the nucleus ends has to be sorted.
  constexpr int kRanges = 1024;
  const float ranges_per_logit = largest > least ? (kRanges - 1) / (largest - least) : 0;
  auto range_of = [&](float logit) { return std::min(kRanges - 1, int((largest - logit) * ranges_per_logit)); };
  double sums[kRanges] = {};
  for (size_t i = 0; i < logits.size(); ++i)
    if (logits[i] >= least) sums[range_of(logits[i])] += double(weights_[i]);
  const double wanted = double(options_.top_p) * total;
  double reached = 0;
  int last = 0;
  while (last + 1 < kRanges && reached + sums[last] < wanted) reached += sums[last++];

  candidates_.clear();
  std::vector<int32_t> border;
  for (size_t i = 0; i < logits.size(); ++i) {
    if (logits[i] < least) continue;
    const int range = range_of(logits[i]);
    if (range < last)
      candidates_.push_back(int32_t(i));
    else if (range == last)
      border.push_back(int32_t(i));
  }
  std::sort(border.begin(), border.end(), Better{logits});
  for (int32_t token : border) {
    candidates_.push_back(token);
    reached += double(weights_[size_t(token)]);
    if (reached >= wanted) return;
  }
}

int32_t Sampler::draw_from_candidates(std::span<const float> logits, float largest, double point) {
  weights_.resize(candidates_.size());
  double total = 0, reached = 0;
  for (size_t i = 0; i < candidates_.size(); ++i) {
    weights_[i] = float(std::exp(double(scale_) * (logits[size_t(candidates_[i])] - largest)));
    total += double(weights_[i]);
  }
  for (size_t i = 0; i < candidates_.size(); ++i) {
    reached += double(weights_[i]);
    if (reached > point * total) return candidates_[i];
  }
  return candidates_.back();
}

int32_t Sampler::draw_from_all(std::span<const float> logits, float largest, double point) {
  // Sums of blocks first, then a walk through the block that holds the point.
  constexpr size_t kBlock = 4096;
  weights_.resize(logits.size());
  std::vector<double> sums;
  double total = 0;
  for (size_t start = 0; start < logits.size(); start += kBlock) {
    auto block = logits.subspan(start, std::min(kBlock, logits.size() - start));
    sums.push_back(exp_sum(block, largest, scale_, weights_.data() + start));
    total += sums.back();
  }
  double rest = point * total;
  size_t block = 0;
  while (block + 1 < sums.size() && rest >= sums[block]) rest -= sums[block++];
  int32_t last = -1;
  for (size_t i = block * kBlock; i < logits.size(); ++i) {
    if (weights_[i] <= 0) continue;
    last = int32_t(i);
    rest -= double(weights_[i]);
    if (rest < 0) return last;
  }
  // Rounding left a trace of the point behind the last token of the last block.
  for (size_t i = logits.size(); last < 0; --i)  // the largest logit has weight 1
    if (weights_[i - 1] > 0) last = int32_t(i - 1);
  return last;
}

}  // namespace mlxc
