// Qwen 3 (Yang et al. 2025): Llama's block with an RMS norm on each head of q and k; heads have a width of their own.
#include "llm/decoder.h"
#include "llm/families/families.h"

namespace mlxc {

std::shared_ptr<Model> make_qwen3(const ModelConfig& config, const Scope& at) {
  nn::Attention::Options options;
  options.bias = options.output_bias = config.attention_bias;
  options.head_norm = true;
  options.head_norm_eps = config.norm_eps;
  return make_pre_norm_decoder(config, at, options);
}

}  // namespace mlxc
