// Low-rank adaptation (Hu et al. 2022): beside each chosen Linear with weight W [out, in] stand a [rank, in] and b [out, rank], and its
// result is W x + scale * b (a x). Only a and b are trained. Folders are those of the PEFT library.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nn/scope.h"

namespace mlxc::nn {

struct LoraConfig {
  int64_t rank = 8;
  double alpha = 8;                              // scale = alpha / rank
  double dropout = 0;                            // of what goes into a, in training
  bool rank_stabilized = false;                  // scale = alpha / sqrt(rank) (Kalajdzievski 2023)
  std::vector<std::string> targets{kAllLinear};  // ends of names: "q_proj", "self_attn.q_proj"
  bool whole_names = false;                      // the targets are whole names instead
  std::map<std::string, int64_t> ranks;          // other ranks and alphas by ends of names
  std::map<std::string, double> alphas;

  static constexpr const char* kAllLinear = "all-linear";  // every Linear but the output head, lm_head

  void check() const;  // Error(invalid_argument)
  bool targets_linear(std::string_view name) const;
  int64_t rank_of(std::string_view name) const;
  double scale_of(std::string_view name, int64_t rank) const;
};

// The matrices of every adapted Linear, and how they are meant.
struct Adapter {
  struct Matrices {
    Array a, b;
  };
  LoraConfig config;
  std::string base_model;                   // what it was trained on, as its folder says
  bool language_model = false;              // else PEFT must not look for what only these have
  std::map<std::string, Matrices> linears;  // by the name of the Linear

  // adapter_config.json and adapter_model.safetensors. Error(not_found | io) for the files, Error(format) for their content,
  // Error(unsupported) for adapters of other kinds and for what PEFT can add to a LoRA.
  static Adapter load(Device& device, const std::string& folder);
  void save(const std::string& folder) const;  // which is made where it is missing; each file complete or not at all

  // Names as `source` has them: an adapter may have been trained on a model whose body, one of `bodies`, has another name there.
  // Error(format) for a Linear that is not there or has other sizes.
  void fit(const TensorSource& source, std::span<const std::string_view> bodies);
  LowRank low_rank(const std::string& linear, int64_t in, int64_t out) const;  // none where it has none
  // weight + scale * b a, in the weight's dtype.
  Array merged(const std::string& linear, const Array& weight) const;
};

// A source with an adapter beside it, which outlives it.
class AdaptedSource final : public SourceOver {
 public:
  AdaptedSource(TensorSource& base, const Adapter& adapter) : SourceOver(base), adapter_(adapter) {}
  LowRank low_rank(const std::string& linear, int64_t in, int64_t out) override { return adapter_.low_rank(linear, in, out); }

 private:
  const Adapter& adapter_;
};

// Whether `name` is `end` or ends with a dot and `end`.
bool has_end(std::string_view name, std::string_view end);
// "a.b" and "weight" -> "a.b.weight"; a Linear that is the whole model has no name, and its weight is "weight".
std::string inside(std::string_view linear, std::string_view name);
// The other way: "a.b.weight" and "weight" -> "a.b"; none where `name` has another end.
std::optional<std::string> around(std::string_view name, std::string_view end);

}  // namespace mlxc::nn
