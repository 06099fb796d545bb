// Operations that hand their inputs on and say something about gradients.
#pragma once

#include <mutex>

#include "graph/array.h"

namespace mlxc {

// Evaluations of the device wait meanwhile, so histories stay as they are.
std::unique_lock<std::mutex> hold_histories(Device& device);

struct Alias : PrimitiveBase<Alias, OpCode::alias> {  // the same value as an array of its own: uses of it are told apart
  static constexpr std::string_view kName = "alias";
  auto fields() const { return std::tie(); }
  std::vector<TensorType> infer(TensorTypes inputs) const override { return {inputs[0]}; }
  bool is_mark() const override { return true; }
  Arrays vjp(const Arrays&, const Arrays&, const Arrays& cotangents) const override { return cotangents; }
};

struct StopGradient : PrimitiveBase<StopGradient, OpCode::stop_gradient> {
  static constexpr std::string_view kName = "stop_gradient";
  auto fields() const { return std::tie(); }
  std::vector<TensorType> infer(TensorTypes inputs) const override { return {inputs[0]}; }
  bool is_mark() const override { return true; }
  Arrays vjp(const Arrays&, const Arrays&, const Arrays&) const override { return {}; }
};

// The first `outputs` inputs are the results of a part of the graph that begins at the other inputs. A gradient computes that part again
// instead of keeping what lies in it (Chen et al. 2016).
struct CheckpointMark : PrimitiveBase<CheckpointMark, OpCode::checkpoint> {
  static constexpr std::string_view kName = "checkpoint";
  explicit CheckpointMark(size_t outputs) : outputs(outputs) {}
  size_t outputs;
  auto fields() const { return std::tie(outputs); }
  std::vector<TensorType> infer(TensorTypes inputs) const override { return {inputs.begin(), inputs.begin() + long(outputs)}; }
  bool is_mark() const override { return true; }
  Arrays vjp(const Arrays&, const Arrays&, const Arrays& cotangents) const override { return cotangents; }
};

// The first input, not before the others have been computed: what is computed from it again is not merged with what was computed before.
struct After : PrimitiveBase<After, OpCode::after> {
  static constexpr std::string_view kName = "after";
  auto fields() const { return std::tie(); }
  std::vector<TensorType> infer(TensorTypes inputs) const override { return {inputs[0]}; }
  bool is_view() const override { return true; }
  bool view(const TensorType&, const Layout& layout, Layout* result) const override {
    *result = layout;
    return true;
  }
  Arrays vjp(const Arrays&, const Arrays&, const Arrays& cotangents) const override { return cotangents; }
};

}  // namespace mlxc
