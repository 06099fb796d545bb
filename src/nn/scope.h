// Where modules find their tensors: a place in a tree of names over a source, which is a checkpoint or parameters in training.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "graph/array.h"
#include "ops/matmul.h"

namespace mlxc {

// What a tensor that does not exist yet begins as. fan_in is the size of an output's inputs, fan_out the other way round.
struct Initializer {
  enum class Kind : uint8_t {
    constant,         // value
    uniform,          // -value to value
    normal,           // deviation `value`
    xavier_uniform,   // +- value sqrt(6 / (fan_in + fan_out)) (Glorot & Bengio 2010)
    xavier_normal,    // deviation value sqrt(2 / (fan_in + fan_out))
    kaiming_uniform,  // +- value sqrt(3 / fan_in) (He et al. 2015); value: the gain, sqrt(2) before ReLU
    kaiming_normal,   // deviation value / sqrt(fan_in)
  };
  Kind kind = Kind::constant;
  double value = 0;

  // fans: of a weight [out, in, window...]
  Array draw(const Array& key, const Shape& shape, DType dtype) const;
};

// What low-rank adaptation (Hu et al. 2022) adds to the result of a Linear: scale * b (a x), the product that is trained in place of
// weights.
struct LowRank {
  Array a, b;  // [rank, in] and [out, rank]; none: the Linear is as it is
  double scale = 1;
  double dropout = 0;  // of x on its way to a
  Array key;           // random numbers for that; none: nothing is dropped
  explicit operator bool() const { return bool(a); }
};

class TensorSource {
 public:
  virtual ~TensorSource() = default;
  virtual Device& device() const = 0;
  virtual Precision precision() const = 0;
  virtual bool has(const std::string& name) const = 0;
  // Of a tensor that is there, without reading it; none where it is not, or the source does not know.
  virtual std::optional<Shape> shape_of(const std::string& /*name*/) const { return std::nullopt; }
  // Error(not_found) names a missing tensor that the source cannot begin, Error(format) the actual and the expected shape.
  virtual Array tensor(const std::string& name, const Shape& shape, const Initializer& initial) = 0;
  // A tensor that a forward pass renews, not training: running statistics.
  virtual Array buffer(const std::string& name, const Shape& shape, const Initializer& initial) { return tensor(name, shape, initial); }
  virtual void renew(const std::string& name, const Array& value);
  // Whether two tensors that are there hold the same, so that one can serve for both.
  virtual bool equal(const std::string& /*a*/, const std::string& /*b*/) const { return false; }
  // A language model begins to ask here: what is written of its adapters says so.
  virtual void serve_language_model() {}
  // What the Linear of this name is adapted by. Asked for once by each Linear that is built.
  virtual LowRank low_rank(const std::string& /*linear*/, int64_t /*in*/, int64_t /*out*/) { return {}; }
};

// A source in front of another one, which outlives it: what a subclass leaves alone is handed on.
class SourceOver : public TensorSource {
 public:
  explicit SourceOver(TensorSource& base) : base_(base) {}
  Device& device() const override { return base_.device(); }
  Precision precision() const override { return base_.precision(); }
  bool has(const std::string& name) const override { return base_.has(name); }
  std::optional<Shape> shape_of(const std::string& name) const override { return base_.shape_of(name); }
  Array tensor(const std::string& name, const Shape& shape, const Initializer& initial) override {
    return base_.tensor(name, shape, initial);
  }
  Array buffer(const std::string& name, const Shape& shape, const Initializer& initial) override {
    return base_.buffer(name, shape, initial);
  }
  void renew(const std::string& name, const Array& value) override { base_.renew(name, value); }
  bool equal(const std::string& a, const std::string& b) const override { return base_.equal(a, b); }
  void serve_language_model() override { base_.serve_language_model(); }
  LowRank low_rank(const std::string& linear, int64_t in, int64_t out) override { return base_.low_rank(linear, in, out); }

 private:
  TensorSource& base_;
};

// A place in the tree of names, as modules see it: `at / "self_attn" / "q_proj"`.
class Scope {
 public:
  Scope(TensorSource& source, std::string prefix) : source_(&source), prefix_(std::move(prefix)) {}
  Scope operator/(std::string_view name) const {
    return {*source_, prefix_.empty() || name.empty() ? prefix_ + std::string(name) : cat(prefix_, ".", name)};
  }
  Scope operator/(size_t index) const { return *this / std::to_string(index); }

  const std::string& name() const { return prefix_; }
  Device& device() const { return source_->device(); }
  Precision precision() const { return source_->precision(); }
  bool has(std::string_view name) const { return source_->has((*this / name).name()); }
  Array tensor(std::string_view name, const Shape& shape, const Initializer& initial = {}) const {
    return source_->tensor((*this / name).name(), shape, initial);
  }
  Array buffer(std::string_view name, const Shape& shape, const Initializer& initial) const {
    return source_->buffer((*this / name).name(), shape, initial);
  }
  void renew(std::string_view name, const Array& value) const { source_->renew((*this / name).name(), value); }
  LowRank low_rank(int64_t in, int64_t out) const { return source_->low_rank(prefix_, in, out); }
  TensorSource& source() const { return *source_; }

 private:
  TensorSource* source_;
  std::string prefix_;
};

}  // namespace mlxc
