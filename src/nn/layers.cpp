#include "nn/layers.h"

#include <cmath>

#include "nn/modules.h"
#include "ops/attention.h"
#include "ops/batch_norm.h"
#include "ops/elementwise.h"
#include "ops/indexing.h"
#include "ops/normalization.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"

namespace mlxc::nn {

Array Pass::next_key() {
  if (!key) fail(Status::invalid_argument, "this forward pass needs random numbers: give it a key");
  const Array keys = random::split(key, 2);
  key = reshape(slice_axis(keys, 0, 0, 1), {2});
  return reshape(slice_axis(keys, 0, 1, 2), {2});
}

LowRank PassSource::low_rank(const std::string& linear, int64_t in, int64_t out) {
  LowRank low_rank = SourceOver::low_rank(linear, in, out);
  if (low_rank && low_rank.dropout > 0 && pass_.training) low_rank.key = pass_.next_key();
  return low_rank;
}

namespace layers {
namespace {

// A layer out of a function of (scope, x, pass).
template <class Forward>
LayerPtr make(Forward forward) {
  struct Bound final : Layer {
    explicit Bound(Forward forward) : run(std::move(forward)) {}
    Array forward(const Scope& at, const Array& x, Pass& pass) const override { return run(at, x, pass); }
    Forward run;
  };
  return std::make_shared<const Bound>(std::move(forward));
}

void expect_positive(int64_t value, const char* layer, const char* name) {
  if (value < 1) fail(Status::invalid_argument, layer, ": ", name, " is ", value, ", expected 1 or more");
}

Linear linear_in(Pass& pass, const Scope& at, std::initializer_list<Linear::Part> parts, int64_t in, bool bias) {
  PassSource source(at.source(), pass);
  Linear linear(Scope(source, at.name()), parts, in, bias);
  linear.let_rows_share_order();
  return linear;
}

Array weight(const Scope& at, int64_t size) { return at.tensor("weight", {size}, {Initializer::Kind::constant, 1}); }
Array bias(const Scope& at, int64_t size) { return at.tensor("bias", {size}, {Initializer::Kind::constant, 0}); }
void check_probability(const char* layer, double probability) {
  if (!(probability >= 0 && probability < 1))
    fail(Status::invalid_argument, layer, ": the probability is ", probability, ", expected 0 up to 1");
}
void check_channels(const char* layer, int64_t in, int64_t out, int64_t groups) {
  expect_positive(in, layer, "in"), expect_positive(out, layer, "out"), expect_positive(groups, layer, "groups");
  if (in % groups || out % groups) fail(Status::invalid_argument, layer, ": ", groups, " groups of ", in, " and ", out, " channels");
}
Shape window_weight(const char* layer, int64_t first, int64_t second, const Dims& kernel) {
  Shape size{first, second};
  for (int64_t extent : kernel) expect_positive(extent, layer, "kernel"), size.push_back(extent);
  return size;
}
Initializer evenly(int64_t fan_in) { return {Initializer::Kind::uniform, 1 / std::sqrt(double(fan_in))}; }

}  // namespace

LayerPtr linear(int64_t in, int64_t out, bool bias) {
  expect_positive(in, "linear", "in"), expect_positive(out, "linear", "out");
  return make([=](const Scope& at, const Array& x, Pass& pass) { return linear_in(pass, at, {{"", out}}, in, bias)(x); });
}

LayerPtr convolution(int64_t in, int64_t out, const Dims& kernel, const ConvolutionShape& shape, bool bias) {
  check_channels("convolution", in, out, shape.groups);
  const Shape size = window_weight("convolution", out, in / shape.groups, kernel);
  return make([=](const Scope& at, const Array& x, Pass&) {
    const Initializer initial = evenly(element_count(size) / out);
    const Array weight = at.tensor("weight", size, initial), offset = bias ? at.tensor("bias", {out}, initial) : Array();
    return mlxc::convolution(x, weight, offset, shape);
  });
}

LayerPtr transposed_convolution(int64_t in, int64_t out, const Dims& kernel, const ConvolutionShape& shape, const Dims& output_padding,
                                bool bias) {
  check_channels("transposed_convolution", in, out, shape.groups);
  const Shape size = window_weight("transposed_convolution", in, out / shape.groups, kernel);
  return make([=](const Scope& at, const Array& x, Pass&) {
    const Initializer initial = evenly(element_count(size) / in);  // PyTorch goes by the second axis here too
    const Array weight = at.tensor("weight", size, initial), offset = bias ? at.tensor("bias", {out}, initial) : Array();
    return mlxc::transposed_convolution(x, weight, offset, shape, output_padding);
  });
}

LayerPtr max_pool(const PoolShape& shape) {
  return make([=](const Scope&, const Array& x, Pass&) { return mlxc::max_pool(x, shape); });
}
LayerPtr average_pool(const PoolShape& shape) {
  return make([=](const Scope&, const Array& x, Pass&) { return mlxc::average_pool(x, shape, true); });
}

LayerPtr batch_norm(int64_t channels, double eps, double momentum) {
  expect_positive(channels, "batch_norm", "channels");
  return make([=](const Scope& at, const Array& x, Pass& pass) {
    const Array gain = weight(at, channels), offset = bias(at, channels);
    const Array mean = at.buffer("running_mean", {channels}, {Initializer::Kind::constant, 0});
    const Array variance = at.buffer("running_var", {channels}, {Initializer::Kind::constant, 1});
    // A batch of nothing has no statistics: the running ones would be NaN for good.
    if (!pass.training || x.size() == 0) return batch_normalization(x, mean, variance, gain, offset, eps);
    BatchNormResult result = batch_normalization(x, gain, offset, eps);
    const double count = double(x.size()) / double(channels), unbiased = count / std::max(count - 1, 1.0);
    auto blended = [&](const Array& old, const Array& now) {
      return old * (1 - momentum) + reshape(cast(now, old.dtype()), {channels}) * momentum;
    };
    at.renew("running_mean", blended(mean, result.mean));
    at.renew("running_var", blended(variance, result.variance * unbiased));
    return result.y;
  });
}

LayerPtr layer_norm(int64_t size, double eps) {
  expect_positive(size, "layer_norm", "size");
  return make([=](const Scope& at, const Array& x, Pass&) { return LayerNorm(at, size, float(eps))(x); });
}
LayerPtr rms_norm(int64_t size, double eps) {
  expect_positive(size, "rms_norm", "size");
  return make([=](const Scope& at, const Array& x, Pass&) { return RmsNorm(at, size, float(eps))(x); });
}
LayerPtr group_norm(int64_t groups, int64_t channels, double eps) {
  expect_positive(groups, "group_norm", "groups"), expect_positive(channels, "group_norm", "channels");
  return make([=](const Scope& at, const Array& x, Pass&) {
    return group_normalization(x, groups, weight(at, channels), bias(at, channels), eps);
  });
}

LayerPtr dropout(double probability) {
  check_probability("dropout", probability);
  return make([=](const Scope&, const Array& x, Pass& pass) {
    return pass.training && probability > 0 ? mlxc::dropout(x, pass.next_key(), probability) : x;
  });
}

LayerPtr embedding(int64_t count, int64_t size) {
  expect_positive(count, "embedding", "count"), expect_positive(size, "embedding", "size");
  return make([=](const Scope& at, const Array& x, Pass&) { return Embedding(at, count, size)(x); });
}

LayerPtr positions(int64_t count, int64_t size) {
  expect_positive(count, "positions", "count"), expect_positive(size, "positions", "size");
  return make([=](const Scope& at, const Array& x, Pass&) {
    if (x.rank() != 3 || x.dim(1) > count || x.dim(2) != size)
      fail(Status::invalid_argument, "positions: the input is ", to_string(x.shape()), ", expected [batch, up to ", count, ", ", size, "]");
    const Array table = at.tensor("weight", {count, size}, {Initializer::Kind::normal, 0.02});  // Radford et al. 2018
    return x + cast(slice_axis(table, 0, 0, x.dim(1)), x.dtype());
  });
}

LayerPtr activation(ActivationOp op, double parameter) {
  return make([=](const Scope&, const Array& x, Pass&) { return mlxc::activation(op, x, parameter); });
}

LayerPtr softmax(int axis, bool log) {
  return make([=](const Scope&, const Array& x, Pass&) { return log ? mlxc::log_softmax(x, axis) : mlxc::softmax(x, axis); });
}

LayerPtr flatten() {
  return make([](const Scope&, const Array& x, Pass&) {
    if (x.rank() < 1) fail(Status::invalid_argument, "flatten: a scalar has no batch");
    return reshape_by_axes(x, {same_as(0), -1});
  });
}

LayerPtr multi_head_attention(int64_t size, int64_t heads, bool causal, bool bias) {
  expect_positive(heads, "attention", "heads"), expect_positive(size, "attention", "size");
  if (size % heads) fail(Status::invalid_argument, "attention: size ", size, " is no multiple of ", heads, " heads");
  return make([=](const Scope& at, const Array& x, Pass& pass) {
    if (x.rank() != 3) fail(Status::invalid_argument, "attention: the input is [batch, length, size], not ", to_string(x.shape()));
    const std::vector<Array> parts = linear_in(pass, at, {{"q_proj", size}, {"k_proj", size}, {"v_proj", size}}, size, bias).all(x);
    auto split = [&](const Array& part) {
      return transpose(reshape_by_axes(part, {same_as(0), same_as(1), heads, size / heads}), {0, 2, 1, 3});
    };
    const Array y = mlxc::attention(split(parts[0]), split(parts[1]), split(parts[2]), {}, 0, causal);
    return linear_in(pass, at, {{"out_proj", size}}, size,
                     bias)(reshape_by_axes(transpose(y, {0, 2, 1, 3}), {same_as(0), same_as(1), size}));
  });
}

LayerPtr recurrent(CellKind kind, const RecurrentShape& shape) {
  expect_positive(shape.in, "recurrent", "in"), expect_positive(shape.hidden, "recurrent", "hidden"),
      expect_positive(shape.layers, "recurrent", "layers");
  check_probability("recurrent", shape.dropout);
  const int64_t rows = shape.hidden * (kind == CellKind::lstm ? 4 : kind == CellKind::gru ? 3 : 1);
  return make([=](const Scope& at, const Array& x, Pass& pass) {
    if (x.rank() != 3) fail(Status::invalid_argument, "recurrent: the input is ", to_string(x.shape()), ", expected three axes");
    Array y = shape.batch_first ? transpose(x, {1, 0, 2}) : x;
    for (int64_t layer = 0; layer < shape.layers; ++layer) {
      if (layer > 0 && pass.training && shape.dropout > 0) y = mlxc::dropout(y, pass.next_key(), shape.dropout);
      const int64_t inputs = layer == 0 ? shape.in : shape.hidden * (shape.bidirectional ? 2 : 1);
      const bool only_state = shape.last && layer + 1 == shape.layers;
      Arrays directions;
      for (const bool reverse : {false, true}) {
        if (reverse && !shape.bidirectional) break;
        auto tensor = [&](const char* name, const Shape& size) {
          return at.tensor(cat(name, "_l", layer, reverse ? "_reverse" : ""), size, evenly(shape.hidden));
        };
        CellWeights weights{tensor("weight_ih", {rows, inputs}), tensor("weight_hh", {rows, shape.hidden}), {}, {}};
        if (shape.bias) weights.input_bias = tensor("bias_ih", {rows}), weights.hidden_bias = tensor("bias_hh", {rows});
        const RecurrentSequence sequence = recurrent_sequence(kind, y, {}, weights, reverse);
        directions.push_back(only_state ? sequence.state.hidden : sequence.outputs);
      }
      y = directions.size() == 1 ? directions[0] : concatenate(directions, -1);
    }
    return shape.batch_first && !shape.last ? transpose(y, {1, 0, 2}) : y;
  });
}

LayerPtr sequential(std::vector<LayerPtr> parts) {
  for (const LayerPtr& part : parts)
    if (!part) fail(Status::invalid_argument, "sequential: a layer is missing");
  return make([parts = std::move(parts)](const Scope& at, const Array& x, Pass& pass) {
    Array y = x;
    for (size_t i = 0; i < parts.size(); ++i) y = parts[i]->forward(at / i, y, pass);
    return y;
  });
}

LayerPtr residual(LayerPtr body) {
  if (!body) fail(Status::invalid_argument, "residual: the body is missing");
  return make([body = std::move(body)](const Scope& at, const Array& x, Pass& pass) { return x + body->forward(at, x, pass); });
}

}  // namespace layers
}  // namespace mlxc::nn
