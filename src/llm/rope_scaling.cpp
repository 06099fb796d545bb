#include "llm/rope_scaling.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "base/quote.h"

namespace mlxc {
namespace {

// theta^(2i / dim), float32.
std::vector<float> wavelengths(const RopeParameters& p, int64_t dim) {
  std::vector<float> result;
  for (int64_t i = 0; i < dim; i += 2) result.push_back(std::pow(float(p.theta), float(i) / float(dim)));
  return result;
}

float llama3_frequency(const RopeParameters& p, float inverse) {
  const float wavelength = (1.0f / inverse) * float(2 * std::numbers::pi);
  const float longest_kept = float(p.original_context / p.high_frequency_factor);
  const float shortest_divided = float(p.original_context / p.low_frequency_factor);
  const float divided = wavelength > shortest_divided ? inverse / float(p.factor) : inverse;
  if (wavelength < longest_kept || wavelength > shortest_divided) return divided;
  const float smooth = ((1.0f / wavelength) * float(p.original_context) - float(p.low_frequency_factor)) /
                       float(p.high_frequency_factor - p.low_frequency_factor);
  return (1.0f - smooth) * divided / float(p.factor) + smooth * divided;
}

// The dimension that turns `rotations` times within the original context.
double yarn_dimension(const RopeParameters& p, double rotations, int64_t dim) {
  return (double(dim) * std::log(p.original_context / (rotations * 2 * std::numbers::pi))) / (2 * std::log(p.theta));
}

float yarn_attention_factor(const RopeParameters& p) {
  auto scale = [&](double mscale) { return p.factor <= 1 ? 1.0 : 0.1 * mscale * std::log(p.factor) + 1.0; };
  if (p.attention_factor) return float(*p.attention_factor);
  if (p.mscale.value_or(0) != 0 && p.mscale_all_dim.value_or(0) != 0) return float(scale(*p.mscale) / scale(*p.mscale_all_dim));
  return float(scale(1));
}

std::vector<float> yarn_frequencies(const RopeParameters& p, int64_t dim) {
  double low = yarn_dimension(p, p.beta_fast, dim), high = yarn_dimension(p, p.beta_slow, dim);
  if (p.truncate) low = std::floor(low), high = std::ceil(high);
  low = std::max(low, 0.0), high = std::min(high, double(dim - 1));
  if (low == high) high += 0.001;  // no division by zero
  std::vector<float> result = wavelengths(p, dim);
  for (size_t i = 0; i < result.size(); ++i) {
    const float extrapolated = 1.0f / result[i], interpolated = 1.0f / (float(p.factor) * result[i]);
    const float keep = 1.0f - std::clamp((float(i) - float(low)) / float(high - low), 0.0f, 1.0f);
    result[i] = interpolated * (1.0f - keep) + extrapolated * keep;
  }
  return result;
}

}  // namespace

RopeType rope_type(std::string_view name, const std::string& where) {
  if (name == "default") return RopeType::standard;
  if (name == "linear") return RopeType::linear;
  if (name == "llama3") return RopeType::llama3;
  if (name == "yarn") return RopeType::yarn;
  fail(Status::unsupported, where, ": rope type ", quote(name), " is not supported; supported are default, linear, llama3, yarn");
}

RopeFrequencies rope_frequencies(const RopeParameters& p, int64_t head_dim, const std::string& where) {
  RopeFrequencies result;
  if (p.type == RopeType::yarn) {
    result.inverse = yarn_frequencies(p, head_dim);
    result.attention_factor = yarn_attention_factor(p);
  } else {
    for (float wavelength : wavelengths(p, head_dim)) {
      const float inverse = 1.0f / wavelength;
      result.inverse.push_back(p.type == RopeType::linear   ? inverse / float(p.factor)
                               : p.type == RopeType::llama3 ? llama3_frequency(p, inverse)
                                                            : inverse);
    }
  }
  for (size_t i = 0; i < result.inverse.size(); ++i) {
    if (!std::isfinite(result.inverse[i]) || result.inverse[i] < 0) {
      fail(Status::format, where, ": these rope parameters make frequency ", i, " ", result.inverse[i], ", expected a positive number");
    }
  }
  if (!std::isfinite(result.attention_factor) || result.attention_factor <= 0) {
    fail(Status::format, where, ": these rope parameters make the attention factor ", result.attention_factor,
         ", expected a positive number");
  }
  return result;
}

}  // namespace mlxc
