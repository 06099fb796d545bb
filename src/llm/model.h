// A loaded model: configuration, weights and the forward pass as a graph. The engine runs it; it knows nothing of requests.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/array.h"
#include "ops/matmul.h"

namespace mlxc {

struct LoadOptions {
  bool copy_weights = false;  // read into memory instead of mapping the file
  Precision precision = Precision::native;
  int64_t context = 0;                                        // upper limit of positions; 0 = the model's own
  std::string adapter;                                        // a PEFT folder whose low-rank matrices stand beside the weights; empty: none
  std::function<bool(int64_t done, int64_t total)> progress;  // bytes; false stops the load with Error(cancelled)
};

enum class Pooling : uint8_t { mean = 0, last = 1, cls = 2 };

// What a folder says about itself, after defaults.
struct ModelInfo {
  std::string family;        // "qwen3", "llama", ...
  std::string architecture;  // as published, for example "Qwen3ForCausalLM"
  std::string path;
  std::string adapter;  // the folder of its adapter; empty: none
  bool causal = true;   // false: an encoder (embeddings only)
  int64_t vocabulary = 0, hidden = 0, layers = 0, heads = 0, kv_heads = 0, head_dim = 0, context = 0;
  int64_t parameters = 0, weight_bytes = 0;
  DType weight_dtype = DType::f32;
  std::vector<int32_t> stop_tokens;  // eos ids of generation_config.json and config.json
  std::optional<int32_t> bos_token, pad_token;
  Pooling pooling = Pooling::last;  // encoders: from the pooling config; causal models: last
  bool normalize_embeddings = false;
  int64_t max_embedding_tokens = 0;  // sentence_bert_config.json max_seq_length; 0 = context
  // generation_config.json's sampling defaults, when given
  std::optional<float> temperature, top_p, min_p, repetition_penalty;
  std::optional<int64_t> top_k;
};

// One step of a causal model over a flat list of T tokens, of which R rows are wanted as output.
struct StepInputs {
  Array tokens;                     // [T] int32
  Array positions;                  // [T] int32
  Array sequences;                  // [T] int32: row of page_table, -1 = padding (no key or value is written, output rows are zero)
  Array page_table;                 // [S, M] int32: page of positions [i * kPageSlots, (i + 1) * kPageSlots) of sequence s
  std::vector<Array> keys, values;  // per layer [P, kv_heads, kPageSlots, head_dim]: states
  bool single_tokens = false;       // no two tokens are of one sequence
  Array output_rows;                // [R] int32: indices into the T tokens; none: all of them, R = T
};
struct StepOutputs {
  Array hidden;                     // [R, hidden] float32, after the final norm
  Array logits;                     // [R, vocabulary] float32
  std::vector<Array> keys, values;  // the new states, in the order of the inputs
};

class Model {
 public:
  virtual ~Model() = default;
  // Reads config and weights of a folder. Errors name the file, tensor or family, and list what is supported.
  static std::shared_ptr<Model> load(Device& device, const std::string& folder, const LoadOptions& options);

  const ModelInfo& info() const { return info_; }
  Device& device() const { return *device_; }
  Precision precision() const { return precision_; }
  // Keys and values: float32 at precision high, else as the weights, so that native is never less accurate than a run in their type.
  DType cache_dtype() const { return precision_ == Precision::high ? DType::f32 : info_.weight_dtype; }

  // Builds the graph of one step; the caller captures it as a Function. Encoders throw Error(unsupported).
  virtual StepOutputs step(const StepInputs& inputs) const = 0;
  // Encoders: last hidden states [T, hidden] of flat tokens [T] with positions [T], token types 0, sequence borders starts [S + 1].
  virtual Array encode(const Array& tokens, const Array& positions, const Array& starts) const = 0;
  // Training: logits [B, T, vocabulary] of B whole sequences, tokens [B, T] int32; differentiable. Error(unsupported) where there are none:
  // encoders.
  virtual Array logits(const Array& tokens) const;

 protected:
  Device* device_ = nullptr;
  ModelInfo info_;
  Precision precision_ = Precision::native;

 private:
  std::shared_ptr<const void> weights_;  // what loads of the same folder share, counted
};

}  // namespace mlxc
