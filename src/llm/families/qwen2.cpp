// Qwen 2 and 2.5 (Yang et al. 2024): Llama's block with biases on q, k and v.
#include "llm/decoder.h"
#include "llm/families/families.h"

namespace mlxc {

std::shared_ptr<Model> make_qwen2(const ModelConfig& config, const Scope& at) {
  nn::Attention::Options options;
  options.bias = true;
  return make_pre_norm_decoder(config, at, options);
}

}  // namespace mlxc
