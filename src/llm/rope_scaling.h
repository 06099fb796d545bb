// Inverse frequencies of rotary position embeddings, and the published ways to stretch them over longer contexts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlxc {

enum class RopeType : uint8_t {
  standard,  // "default"
  linear,    // positions divided by factor
  llama3,    // low frequencies divided by factor, with a smooth border (Llama 3.1)
  yarn,      // Peng et al. 2023
};
// Error(unsupported) names an unknown type and lists the known ones.
RopeType rope_type(std::string_view name, const std::string& where);

struct RopeParameters {
  RopeType type = RopeType::standard;
  double theta = 10000;
  double factor = 1;
  double original_context = 0;                                     // positions the model was trained on before stretching
  double low_frequency_factor = 1, high_frequency_factor = 1;      // llama3
  std::optional<double> attention_factor, mscale, mscale_all_dim;  // yarn
  double beta_fast = 32, beta_slow = 1;
  bool truncate = true;
  bool operator==(const RopeParameters&) const = default;
};

struct RopeFrequencies {
  std::vector<float> inverse;  // [head_dim / 2]
  float attention_factor = 1;  // multiplies cos and sin
};

// In the float32 and float64 steps of transformers' modeling_rope_utils.py, so that angles agree at any position: at position
// 30 000 a difference in the last bit of a frequency turns a head by 0.002. `where` begins the message when the numbers do not work out.
RopeFrequencies rope_frequencies(const RopeParameters& parameters, int64_t head_dim, const std::string& where);

}  // namespace mlxc
