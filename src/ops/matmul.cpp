#include "ops/matmul.h"

#include "ops/elementwise.h"
#include "ops/normalization.h"
#include "ops/shape_ops.h"

namespace mlxc {

std::vector<TensorType> Matmul::infer(TensorTypes inputs) const {
  const Shape &a = inputs[0].shape, &b = inputs[1].shape;
  if (a.rank() < 2 || b.rank() != a.rank() || a[a.rank() - 1] != b[b.rank() - 2])
    fail(Status::invalid_argument, "matmul: shapes ", to_string(a), " and ", to_string(b), " do not fit");
  Shape shape = a;
  shape.back() = b.back();
  return {{shape, inputs[0].dtype == DType::bf16 && !rounds ? DType::f32 : inputs[0].dtype}};  // bfloat16: a pattern's, summed in float32
}

std::vector<TensorType> Linear::infer(TensorTypes inputs) const {
  const Shape& x = inputs[0].shape;
  if (x.rank() < 1 || inputs[0].dtype != DType::f32)
    fail(Status::invalid_argument, "linear: activations are float32 with at least one axis, not ", name_of(inputs[0].dtype), " ",
         to_string(x));
  std::vector<TensorType> outputs;
  for (int i = 0; i < weights; ++i) {
    const TensorType& w = inputs[size_t(1 + i)];
    if (w.shape.rank() != 2 || w.shape[1] != x.back())
      fail(Status::invalid_argument, "linear: a weight of shape ", to_string(w.shape), " does not take activations ", to_string(x));
    if (w.dtype != DType::f32 && w.dtype != DType::f16 && w.dtype != DType::bf16)
      fail(Status::invalid_argument, "linear: a weight of dtype ", name_of(w.dtype));
    if (has_bias && !(inputs[size_t(1 + weights + i)].shape == Shape{w.shape[0]}))
      fail(Status::invalid_argument, "linear: a bias of shape ", to_string(inputs[size_t(1 + weights + i)].shape), " for ", w.shape[0],
           " outputs");
    Shape shape = x;
    shape.back() = w.shape[0];
    outputs.push_back({shape, DType::f32});
  }
  if (gate != Gate::none) outputs.resize(1);
  return outputs;
}

double Matmul::work(TensorTypes inputs, TensorTypes outputs) const {
  return 2 * double(element_count(outputs[0].shape)) * double(inputs[0].shape.back());
}

namespace {
constexpr std::string_view kGates[] = {"", "silu", "gelu_tanh", "gelu_erf", "relu"};
}

std::vector<std::string_view> Matmul::parts() const {
  std::vector<std::string_view> names{name()};
  if (bias) names.push_back("bias");
  if (activation != Gate::none) names.push_back(kGates[size_t(activation)]);
  if (drop) names.push_back(Dropout::kName);
  return names;
}

std::vector<std::string_view> Linear::parts() const {
  std::vector<std::string_view> names;
  if (norm) names.push_back("rms_norm");
  for (int i = 0; i < weights; ++i) {
    names.push_back("linear");
    if (has_bias) names.push_back("bias");
  }
  if (gate != Gate::none) names.insert(names.end(), {kGates[size_t(gate)], "multiply"});
  if (residual) names.push_back("add");
  if (activation != Gate::none) names.push_back(kGates[size_t(activation)]);
  if (drop) names.push_back(Dropout::kName);
  return names;
}

double Linear::work(TensorTypes inputs, TensorTypes) const {
  const int64_t width = std::max<int64_t>(inputs[0].shape.back(), 1);
  double columns = 0;
  for (int i = 1; i <= weights; ++i) columns += double(inputs[size_t(i)].shape[0]);
  return 2 * double(element_count(inputs[0].shape) / width) * double(width) * columns;
}

Array matmul(const Array& a, const Array& b) {
  if (a.rank() == 0 || b.rank() == 0) fail(Status::invalid_argument, "matmul: a scalar is no matrix; use multiply");
  DType dtype = promote(a.dtype(), b.dtype());
  if (a.dim(-1) != b.dim(b.rank() > 1 ? -2 : -1))
    fail(Status::invalid_argument, "matmul: shapes ", to_string(a.shape()), " and ", to_string(b.shape()), " do not fit");
  // 16-bit floats are multiplied as float32: rounding the sums as they grow would lose more than the inputs did.
  const DType inner = dtype == DType::f16 || dtype == DType::bf16 ? DType::f32 : dtype;
  if (a.rank() > 2 && b.rank() == 2) {  // one matrix for all rows: one product, and one gradient of it
    Shape shape = a.shape();
    shape.back() = b.dim(1);
    const Array rows = reshape(a, {a.dim(-1) ? a.size() / a.dim(-1) : element_count(shape) / std::max<int64_t>(b.dim(1), 1), a.dim(-1)});
    return reshape(cast(apply(Matmul(), {cast(rows, inner), cast(b, inner)}), dtype), shape);
  }
  const Array left = a.rank() == 1 ? expand_dims(a, 0) : a, right = b.rank() == 1 ? expand_dims(b, 1) : b;
  auto batch = [](const Array& x) { return Dims(std::span<const int64_t>(x.shape().begin(), size_t(x.rank() - 2))); };
  Shape shape = broadcast_shapes(batch(left), batch(right));
  auto spread = [&](const Array& x) {
    Shape full = shape;
    full.push_back(x.dim(-2));
    full.push_back(x.dim(-1));
    // Converted behind the broadcast, where a pattern finds it, unless that repeats elements.
    return element_count(full) == x.size() ? cast(broadcast_to(x, full), inner) : broadcast_to(cast(x, inner), full);
  };
  Array product = cast(apply(Matmul(), {spread(left), spread(right)}), dtype);
  if (a.rank() == 1) product = squeeze(product, product.rank() - 2);
  if (b.rank() == 1) product = squeeze(product, product.rank() - 1);
  return product;
}

std::vector<Array> linear(const Array& x, const std::vector<Array>& weights, const std::vector<Array>& biases, Precision precision) {
  if (weights.empty() || weights.size() > 4) fail(Status::invalid_argument, "linear takes one to four weights, not ", weights.size());
  if (!biases.empty() && biases.size() != weights.size())
    fail(Status::invalid_argument, "linear: ", biases.size(), " biases for ", weights.size(), " weights");
  std::vector<Array> inputs{x};
  inputs.insert(inputs.end(), weights.begin(), weights.end());
  inputs.insert(inputs.end(), biases.begin(), biases.end());
  return apply_all(std::make_shared<const Linear>(int(weights.size()), !biases.empty(), precision), std::move(inputs));
}

}  // namespace mlxc
