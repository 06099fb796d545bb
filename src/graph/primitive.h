// What a node computes: a name, parameters that compare and hash, and a rule for the outputs' shapes and dtypes.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <tuple>
#include <vector>

#include "array/dtype.h"
#include "array/shape.h"

namespace mlxc {

class Array;  // graph/array.h
using Arrays = std::vector<Array>;

struct TensorType {
  Shape shape;
  DType dtype = DType::f32;
  bool operator==(const TensorType&) const = default;
};
using TensorTypes = std::span<const TensorType>;
// Row-major. Error(out_of_memory) where they are more than an address holds, as views of few elements may be.
int64_t byte_count(const TensorType& type);

// One code a primitive; backends dispatch on it. The grouping follows the folders of ops/.
enum class OpCode : uint16_t {
  // elementwise
  unary,
  binary,
  select,
  cast,
  dropout,
  fused,
  // views: share their input's storage
  reshape,
  transpose,
  slice,
  broadcast,
  bitcast,
  as_strided,
  windows,
  after,
  // marks: gone from a traced graph
  alias,
  stop_gradient,
  checkpoint,
  // creation
  fill,
  arange,
  // the rest move or compute
  copy,
  concatenate,
  reduce,
  reductions,
  arg_reduce,
  top_k,
  softmax,
  matmul,
  take,
  update,
  scatter,
  sort,
  scan,
  random_bits,
  linalg,
  custom,
  // windows over images
  convolution,
  convolution_input,
  convolution_weight,
  pool,
  pool_gradient,
  // language model
  linear,
  rms_norm,
  layer_norm,
  rope,
  kv_write,
  rope_kv_write,
  paged_attention,
  dense_attention,
  segment_pool,
  // training: gradients and updates that some devices have one kernel for, the others compose
  norm_gradient,
  batch_norm,
  batch_norm_gradient,
  attention,
  attention_gradient,
  cross_entropy,
  cross_entropy_gradient,
  adam,
};

inline void hash_combine(size_t& seed, size_t value) { seed ^= value + 0x9e3779b97f4a7c15ull + (seed << 6) + (seed >> 2); }
template <class T>
size_t hash_of(const T& value) {
  if constexpr (std::is_enum_v<T>)
    return std::hash<int64_t>{}(int64_t(value));
  else
    return std::hash<T>{}(value);
}
inline size_t hash_of(const Dims& dims) {
  size_t seed = size_t(dims.rank());
  for (int64_t dim : dims) hash_combine(seed, std::hash<int64_t>{}(dim));
  return seed;
}

class Primitive {
 public:
  virtual ~Primitive() = default;
  virtual OpCode code() const = 0;
  virtual std::string_view name() const = 0;
  virtual std::vector<TensorType> infer(TensorTypes inputs) const = 0;
  virtual bool equals(const Primitive& other) const = 0;
  virtual size_t hash() const = 0;

  // Views: the layout of the output in the input's buffer, or false when it needs a copy (a reshape of strided data).
  virtual bool is_view() const { return false; }
  virtual bool view(const TensorType& /*input*/, const Layout& /*layout*/, Layout* /*result*/) const { return false; }

  // Stretches along axes of size 1: the same to another shape; null for what does not. Other operands may ask, see reinfer().
  virtual std::shared_ptr<const Primitive> stretched_to(const Shape& /*shape*/) const { return nullptr; }

  // Elementwise: one output of the inputs' common shape, element by element; chains of these fuse.
  virtual bool is_elementwise() const { return false; }

  // Fills: the one value of every element, else null.
  virtual const double* constant() const { return nullptr; }

  // The vector-Jacobian product: cotangents of the inputs from those of the outputs, of their shapes and dtypes, as a graph of operations.
  // A null Array stands for zeros, and so does what a short result leaves out. Default: Error(unsupported).
  virtual Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const;
  // The outputs out of simpler operations: what a fused form stands for, and where its gradient comes from. Empty: it is simple itself.
  virtual Arrays compose(const Arrays& inputs) const;

  // Marks: output i is input i. They mean something to gradients only and are gone from a traced graph.
  virtual bool is_mark() const { return false; }

  // For profiles and placement: the names of the operations that were joined into this one, in order, and about how many arithmetic
  // operations it takes.
  virtual std::vector<std::string_view> parts() const { return {name()}; }
  virtual double work(TensorTypes inputs, TensorTypes outputs) const {
    int64_t most = 0;
    for (TensorTypes types : {inputs, outputs})
      for (const TensorType& type : types) most = std::max(most, element_count(type.shape));
    return double(most);
  }
  // Factorizations: how many steps, about one a column, wait for each other however much there is to do beside them. Everything else: 0.
  virtual double steps(TensorTypes /*inputs*/) const { return 0; }

  // Whether it may find, as it runs, that what its inputs hold has no answer.
  virtual bool can_fail() const { return false; }

  // Updates: output i < updates() is input i with a part rewritten, and may take over that input's buffer. Everything else is pure.
  virtual int updates() const { return 0; }
};
using PrimitivePtr = std::shared_ptr<const Primitive>;

// A primitive is a struct of parameters: derive as `struct Rope : PrimitiveBase<Rope, OpCode::rope>` and give it
// `static constexpr std::string_view kName`, `auto fields() const { return std::tie(...); }` and `infer`.
template <class Self, OpCode Code>
struct PrimitiveBase : Primitive {
  static constexpr OpCode kCode = Code;
  OpCode code() const final { return Code; }
  std::string_view name() const override { return Self::kName; }
  bool equals(const Primitive& other) const final {
    return other.code() == Code && self().fields() == static_cast<const Self&>(other).fields();
  }
  size_t hash() const final {
    size_t seed = size_t(Code);
    std::apply([&](const auto&... field) { (hash_combine(seed, hash_of(field)), ...); }, self().fields());
    return seed;
  }

 private:
  const Self& self() const { return static_cast<const Self&>(*this); }
};

// The parameters behind a primitive whose code is known.
template <class Op>
const Op& as(const Primitive& primitive) {
  return static_cast<const Op&>(primitive);
}

}  // namespace mlxc
