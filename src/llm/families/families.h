// One function a family, each in its own file.
#pragma once

#include <memory>

#include "llm/config.h"
#include "nn/weights.h"

namespace mlxc {

std::shared_ptr<Model> make_qwen3(const ModelConfig& config, Weights& weights);
std::shared_ptr<Model> make_qwen2(const ModelConfig& config, Weights& weights);
std::shared_ptr<Model> make_llama(const ModelConfig& config, Weights& weights);
std::shared_ptr<Model> make_mistral(const ModelConfig& config, Weights& weights);
std::shared_ptr<Model> make_gemma3(const ModelConfig& config, Weights& weights);
std::shared_ptr<Model> make_bert(const ModelConfig& config, Weights& weights);

}  // namespace mlxc
