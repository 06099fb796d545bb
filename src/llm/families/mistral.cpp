// Mistral (Jiang et al. 2023): Llama's block, every layer with a sliding window where the config states one.
#include "llm/decoder.h"
#include "llm/families/families.h"

namespace mlxc {

std::shared_ptr<Model> make_mistral(const ModelConfig& config, const Scope& at) { return make_pre_norm_decoder(config, at, {}); }

}  // namespace mlxc
