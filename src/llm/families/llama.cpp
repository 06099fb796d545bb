// Llama (Touvron et al. 2023; Grattafiori et al. 2024) and what is published in its form, SmolLM2 for one:
// RMS norm before each half of a block, rotary positions, grouped queries, SiLU-gated MLP; biases where the config asks for them.
#include "llm/decoder.h"
#include "llm/families/families.h"

namespace mlxc {

std::shared_ptr<Model> make_llama(const ModelConfig& config, const Scope& at) {
  nn::Attention::Options options;
  options.bias = options.output_bias = config.attention_bias;
  return make_pre_norm_decoder(config, at, options);
}

}  // namespace mlxc
