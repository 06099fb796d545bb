// Language models in training: the forward pass of a family as a layer over parameters, and the way of weights and adapters between folders
// and parameters.
#pragma once

#include <memory>
#include <string>

#include "array/dtype.h"
#include "llm/config.h"
#include "nn/layers.h"
#include "nn/parameters.h"

namespace mlxc {

// A causal model as a layer: token ids [B, T] -> logits [B, T, vocabulary] float32 of B whole sequences. Parameters have the names of
// published folders. Error(unsupported) for encoders.
nn::LayerPtr language_model(const ModelConfig& config);

struct TrainedWeights {
  bool frozen = true;  // as they lie in the files, for an adapter beside them; false: float32 in memory of their own, to be trained
  Precision precision = Precision::native;
  uint64_t seed = 0;  // of what begins later: an adapter's matrices
};
// The weights of a model folder, under their names there.
nn::Parameters load_parameters(Device& device, const std::string& folder, const TrainedWeights& options);

// The adapter of a PEFT folder beside the parameters of a language model.
void load_adapter(nn::Parameters& parameters, const std::string& folder);

// A folder that Model::load takes: model.safetensors of all parameters (an adapter's matrices stay out: merge them first), with the
// config, tokenizer and other small files of the folder `like`.
void save_model(const nn::Parameters& parameters, const std::string& like, const std::string& folder);

// The model folder with the adapter's products added to the weights, file by file, in the weights' dtypes.
void merge_adapter(Device& device, const std::string& model, const std::string& adapter, const std::string& folder);

}  // namespace mlxc
