// Chooses the next token from a row of logits.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "llm/engine.h"

namespace mlxc {

// log(sum(exp(x))), exact to float32 rounding; the log-probability of token i is x[i] minus this.
double log_sum_exp(std::span<const float> x);

// The `count` most likely tokens with their log-probabilities, most likely first, equal ones by token id.
std::vector<TokenLogprob> top_logprobs(std::span<const float> logits, int64_t count, double log_sum);

// Uniform in [0, 1): the draw-th number of the stream named by seed. Stateless, so a request draws the same numbers whatever runs
// beside it (SplitMix64, Steele, Lea & Flood 2014, as a counter-based generator).
double uniform(uint64_t seed, uint64_t draw);

// Throws Error(invalid_argument) naming the option.
void check_sampling(const SamplingOptions& options, int64_t vocabulary);

// One request's rules and what they need to remember. Applied in this order: logit bias; repetition penalty over prompt and generated
// tokens (Keskar et al. 2019: positive logits divided, negative ones multiplied); presence and frequency penalties over generated
// tokens (subtracted); masked tokens; temperature; top-k; top-p over what top-k left (Holtzman et al. 2020: the fewest likeliest tokens
// that reach p); min-p (Nguyen et al. 2024: at least min_p times the likeliest token's probability). Temperature 0 takes the largest logit.
// Equal logits: the lowest token id wins, and is also the first that top-k and top-p keep.
class Sampler {
 public:
  Sampler(const SamplingOptions& options, std::span<const int32_t> prompt);

  // Changes `logits` in place. `masked` tokens cannot be chosen. index: of the generated token. Throws Error(internal) when a
  // logit is NaN or infinite, and Error(invalid_argument) when no token is left.
  int32_t sample(std::span<float> logits, std::span<const int32_t> masked, uint64_t index);
  // The same choice from the largest logits alone, largest first and equal ones by token: at least top_needed() of them.
  int32_t sample_top(std::span<const float> logits, std::span<const int32_t> tokens, uint64_t index);
  // How many of the largest logits decide; 0: all of them, since penalties, a bias or a nucleus reach further.
  int64_t top_needed() const;
  // Tells the penalties which token was taken.
  void accept(int32_t token);

 private:
  void penalize(std::span<float> logits) const;
  // Each leaves the tokens that may be drawn in candidates_.
  void keep_top_k(std::span<const float> logits);
  void keep_nucleus(std::span<const float> logits, float largest);
  int64_t nucleus_of_top_k(std::span<const float> logits) const;
  float least_kept(float largest) const;
  int32_t draw_from_candidates(std::span<const float> logits, float largest, double point);
  int32_t draw_from_all(std::span<const float> logits, float largest, double point);

  SamplingOptions options_;
  float scale_ = 1;  // 1 / temperature
  bool penalties_ = false;
  std::unordered_map<int32_t, int32_t> counts_;  // token -> times generated; prompt tokens are there with 0
  std::vector<int32_t> candidates_;
  std::vector<float> weights_;
};

}  // namespace mlxc
