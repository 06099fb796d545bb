// Layers as descriptions: immutable, without parameters of their own. A forward pass finds those by name in a Scope, so one description
// serves any set of parameters, and putting layers together costs nothing. Names, layouts and initial values are PyTorch's.
#pragma once

#include <memory>
#include <vector>

#include "nn/scope.h"
#include "ops/convolution.h"
#include "ops/numeric.h"
#include "ops/pool.h"
#include "ops/recurrent.h"

namespace mlxc::nn {

// One forward pass.
struct Pass {
  bool training = false;
  Array key;  // random numbers of this pass; needed where training uses any

  Array next_key();  // one for each use
};

// A source as one pass sees it: in training, adapters that drop get a key of the pass.
class PassSource final : public SourceOver {
 public:
  PassSource(TensorSource& base, Pass& pass) : SourceOver(base), pass_(pass) {}
  LowRank low_rank(const std::string& linear, int64_t in, int64_t out) override;

 private:
  Pass& pass_;
};

class Layer {
 public:
  virtual ~Layer() = default;
  virtual Array forward(const Scope& at, const Array& x, Pass& pass) const = 0;
};
using LayerPtr = std::shared_ptr<const Layer>;

namespace layers {

LayerPtr linear(int64_t in, int64_t out, bool bias);  // [..., in] -> [..., out]: weight [out, in], bias [out]
// [N, in, n...] -> [N, out, m...] over kernel's one to three spatial axes: weight [out, in / groups, kernel...], bias [out]
LayerPtr convolution(int64_t in, int64_t out, const Dims& kernel, const ConvolutionShape& shape, bool bias);
// The transposed one: weight [in, out / groups, kernel...], bias [out]
LayerPtr transposed_convolution(int64_t in, int64_t out, const Dims& kernel, const ConvolutionShape& shape, const Dims& output_padding,
                                bool bias);
LayerPtr max_pool(const PoolShape& shape);
LayerPtr average_pool(const PoolShape& shape);
// Over everything but axis 1: weight, bias; running_mean and running_var (unbiased), renewed by `momentum` in training.
LayerPtr batch_norm(int64_t channels, double eps, double momentum);
LayerPtr layer_norm(int64_t size, double eps);  // over the last axis: weight, bias
LayerPtr rms_norm(int64_t size, double eps);    // over the last axis: weight
LayerPtr group_norm(int64_t groups, int64_t channels, double eps);
LayerPtr dropout(double probability);
LayerPtr embedding(int64_t count, int64_t size);  // integers [...] -> [..., size]: weight [count, size]
LayerPtr positions(int64_t count, int64_t size);  // [N, T, size] plus a learned row for each place up to count: weight [count, size]
LayerPtr activation(ActivationOp op, double parameter);
LayerPtr softmax(int axis, bool log);
LayerPtr flatten();  // all axes but the first become one
// Self-attention over [N, T, size]: q_proj, k_proj, v_proj, out_proj.
LayerPtr multi_head_attention(int64_t size, int64_t heads, bool causal, bool bias);
struct RecurrentShape {
  int64_t in, hidden, layers = 1;
  bool bias = true;
  bool batch_first = false;    // [N, T, ...] instead of [T, N, ...]
  bool bidirectional = false;  // a second cell a layer goes from the last step to the first; the outputs of both stand side by side
  bool last = false;           // only the states after the last step: [N, hidden]
  double dropout = 0;          // between layers
};
// [T, N, in] -> [T, N, hidden]: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0; l1 and so on for further layers, with _reverse for the
// second direction.
LayerPtr recurrent(CellKind kind, const RecurrentShape& shape);

LayerPtr sequential(std::vector<LayerPtr> parts);  // names "0", "1", ...
LayerPtr residual(LayerPtr body);                  // x + body(x), with the body's names

}  // namespace layers
}  // namespace mlxc::nn
