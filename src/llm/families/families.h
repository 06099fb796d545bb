// One function a family, each in its own file. `at`: the root of the names in published folders.
#pragma once

#include <memory>

#include "llm/config.h"
#include "nn/scope.h"

namespace mlxc {

std::shared_ptr<Model> make_qwen3(const ModelConfig& config, const Scope& at);
std::shared_ptr<Model> make_qwen2(const ModelConfig& config, const Scope& at);
std::shared_ptr<Model> make_llama(const ModelConfig& config, const Scope& at);
std::shared_ptr<Model> make_mistral(const ModelConfig& config, const Scope& at);
std::shared_ptr<Model> make_gemma3(const ModelConfig& config, const Scope& at);
std::shared_ptr<Model> make_bert(const ModelConfig& config, const Scope& at);

// The one that the config names.
std::shared_ptr<Model> build_model(const ModelConfig& config, const Scope& at);

// Where the body of a language model lies in published folders: alone, inside a multimodal model (as now, as first released), or bare.
inline constexpr std::string_view kBodies[] = {"model", "model.language_model", "language_model.model", ""};

}  // namespace mlxc
