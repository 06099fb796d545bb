// The choice of kernels and tiles for linear layers. The numbers are measurements on an H200 (docs/PERFORMANCE.md); other devices have
// other optima, but the same order of magnitude.
#include <cmath>
#include <limits>

#include "backend/vulkan/lower_linear.h"

namespace mlxc::vulkan {
namespace {

bool has_tensor_cores(const Capabilities& caps, DType weight) {
  const bool type = weight == DType::f16 ? caps.coopmat_f16 : weight == DType::bf16 && caps.coopmat_bf16;
  const bool subgroups_of_32 = caps.subgroup_control ? caps.min_subgroup <= 32 && caps.max_subgroup >= 32 : caps.subgroup_size == 32;
  return type && caps.float16 && subgroups_of_32 && caps.shared_bytes >= 20480 + 16 && caps.workgroup_invocations >= 512;
}

}  // namespace

LinearPath linear_path(const LinearProblem& problem, const Capabilities& caps) {
  if (problem.tokens <= 4) return LinearPath::vec;
  if (problem.native && problem.aligned && problem.k > 0 && has_tensor_cores(caps, problem.weight))
    return problem.tokens <= 64 && caps.fragment_layout ? LinearPath::skinny : LinearPath::coop;
  return problem.tokens <= 8 ? LinearPath::vec : LinearPath::tile;
}

// What bounds these products is the stream of weights: it takes many bytes in flight (8 to 16 subgroups share 16 rows) while x, which grows
// with the tokens and takes the registers that pieces in flight would, stays in the caches.
SkinnyShape skinny_shape(const LinearProblem& problem) {
  const int64_t tokens = problem.tokens;
  const int blocks = tokens <= 8 ? 1 : tokens <= 16 ? 2 : tokens <= 32 ? 4 : 8;
  const bool many_rows = problem.rows >= 12288;
  if (blocks <= 2) {
    if (many_rows) return {blocks, 2, 1, 1, 8};
    if (problem.gated) return {blocks, 2, 2, 1, 8};
    if (problem.k >= 8192) return {blocks, 1, 1, 1, 16};
    return {blocks, 1, 4, 1, 8};
  }
  if (blocks == 4) {
    if (many_rows) return {blocks, 2, 2, 1, 4};
    if (problem.gated) return {blocks, 2, 2, 1, 8};
    return {blocks, 1, 1, 1, 16};
  }
  if (problem.rows >= 100000) return {blocks, 2, 2, 2, 2};
  return {blocks, 2, 2, 1, 8};
}

int64_t skinny_rows(const LinearProblem& problem) {
  const SkinnyShape shape = skinny_shape(problem);
  return int64_t(16) * shape.tiles * shape.side / (problem.gated ? 2 : 1);
}

// The tile and split with the least estimated time. A multiprocessor runs `resident` workgroups at once, at `rate` in all; fewer get more
// each but less together. Split tiles fill the device where there are few, and pay by the traffic of partial sums.
CoopShape coop_shape(const LinearProblem& problem, std::span<const int64_t> n, const Capabilities& caps) {
  struct Tile {
    int64_t tokens, columns;
    double rate;  // flops a second of a multiprocessor
    int resident;
  };
  static constexpr Tile kTiles[] = {{128, 128, 2.2e12, 2}, {128, 96, 2.05e12, 2}, {64, 64, 1.25e12, 4}};
  const int64_t processors = caps.multiprocessors ? caps.multiprocessors : 64;
  CoopShape best{64, 64, 1};
  double best_time = std::numeric_limits<double>::infinity();
  for (const Tile& tile : kTiles) {
    const int64_t each = problem.gated ? tile.columns / 2 : tile.columns;
    int64_t across = 0;
    for (size_t i = 0; i < (problem.gated ? 1 : n.size()); ++i) across += divide_up(n[i], each);
    const int64_t tiles = across * divide_up(problem.tokens, tile.tokens);
    for (int64_t split : {1, 2, 3, 4, 6, 8}) {
      if (split > 1 && problem.k < 256 * split) break;
      const double sums = double(tiles * split * tile.tokens * tile.columns) * sizeof(float);
      if (split > 1 && sums > 64e6) break;
      const double flops = 2.0 * double(tile.tokens * tile.columns) * double(problem.k) / double(split);
      const int64_t most = divide_up(tiles * split, processors), rest = most % tile.resident;
      double time = double(most - rest) * flops / tile.rate;
      if (rest) time += double(rest) * flops / (tile.rate * std::pow(double(rest) / tile.resident, 0.585));  // half of them: two thirds
      if (split > 1) time += 2e-6 + 2 * sums / 4e12;
      if (time < best_time) best_time = time, best = {tile.tokens, tile.columns, split};
    }
  }
  return best;
}

}  // namespace mlxc::vulkan
