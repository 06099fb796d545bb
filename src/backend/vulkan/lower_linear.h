// Which kernel computes a linear layer, and the probe of the layout that one of them relies on.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "backend/vulkan/lower.h"

namespace mlxc::vulkan {

// linear_skinny and attention_fragments fill the fragments of cooperative matrices element by element; Vulkan does not say where an element
// lies, so it is read back once: one workgroup of `kernel`, which gets the address of `words` 32-bit words. Capabilities::fragment_layout
// is what fragments_match says, for each 16-bit type that the device multiplies. Needs coopmat_f16 (coopmat_bf16).
struct FragmentProbe {
  Kernel kernel;
  uint32_t words = 32 * 27;
};
FragmentProbe fragment_probe(const Capabilities& caps, bool bf16);
bool fragments_match(std::span<const uint32_t> words);

enum class LinearPath {
  vec,     // a few tokens, float32 throughout
  tile,    // many tokens, float32 throughout
  skinny,  // up to 64 tokens on tensor cores, weights straight into fragments
  coop,    // many tokens on tensor cores
};

// What decides the path of the weights of one dtype.
struct LinearProblem {
  int64_t tokens = 0, k = 0;
  int64_t rows = 0;  // of all weights together
  DType weight = DType::f32;
  bool native = false;   // activations may be rounded
  bool aligned = false;  // rows of the weights are whole 16-byte pieces
  bool gated = false;
};
LinearPath linear_path(const LinearProblem& problem, const Capabilities& caps);
// Of a launch whose weights have one dtype and whose rows of x lie at one stride.
std::optional<LinearProblem> linear_problem(const LaunchPlan& launch);

// linear_skinny: `tiles` of 16 rows a subgroup, `depth` steps of 32 k at a time, `side` subgroups along the rows, `split` along k.
struct SkinnyShape {
  int blocks, tiles, depth, side, split;
};
SkinnyShape skinny_shape(const LinearProblem& problem);
int64_t skinny_rows(const LinearProblem& problem);  // of one weight, in a workgroup

// linear_coop: the tile of a workgroup, and over how many workgroups its k is split.
struct CoopShape {
  int64_t tokens, columns, split;
};
// n: rows of each weight.
CoopShape coop_shape(const LinearProblem& problem, std::span<const int64_t> n, const Capabilities& caps);

}  // namespace mlxc::vulkan
