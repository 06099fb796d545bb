// The operations that passes put into a graph: fused elementwise chains, and row-major copies.
#pragma once

#include <array>

#include "graph/array.h"

namespace mlxc {

struct Copy : PrimitiveBase<Copy, OpCode::copy> {  // any layout to row-major
  static constexpr std::string_view kName = "copy";
  auto fields() const { return std::tie(); }
  std::vector<TensorType> infer(TensorTypes inputs) const override { return {inputs[0]}; }
  Arrays vjp(const Arrays&, const Arrays&, const Arrays& cotangents) const override { return cotangents; }
};

// A step of a chain of elementwise operations that run as one launch.
struct FusedStep {
  PrimitivePtr primitive;                    // elementwise; null: a constant
  std::array<int, 3> arguments{-1, -1, -1};  // operands: 0 to inputs - 1 are the inputs, then the steps' results; -1: none
  DType dtype = DType::f32;                  // of the result
  double constant = 0;

  bool operator==(const FusedStep& other) const {
    bool same = arguments == other.arguments && dtype == other.dtype && constant == other.constant && !primitive == !other.primitive;
    return same && (!primitive || (primitive->code() == other.primitive->code() && primitive->equals(*other.primitive)));
  }
};

inline size_t hash_of(const std::vector<FusedStep>& steps) {
  size_t seed = steps.size();
  for (const FusedStep& step : steps) {
    hash_combine(seed, step.primitive ? step.primitive->hash() : std::hash<double>{}(step.constant));
    for (int argument : step.arguments) hash_combine(seed, size_t(argument));
  }
  return seed;
}

// All inputs have the output's shape (broadcast ones with stride 0); the output is the last step's result. in_place: it takes over the
// buffer of the first input.
struct Fused : PrimitiveBase<Fused, OpCode::fused> {
  static constexpr std::string_view kName = "fused";
  Fused(int inputs, std::vector<FusedStep> steps, Shape shape) : inputs(inputs), steps(std::move(steps)), shape(shape) {}
  int inputs;
  std::vector<FusedStep> steps;
  Shape shape;
  bool in_place = false;
  auto fields() const { return std::tie(inputs, steps, shape, in_place); }
  int updates() const override { return in_place ? 1 : 0; }
  std::vector<std::string_view> parts() const override {
    std::vector<std::string_view> names;
    for (const FusedStep& step : steps)
      if (step.primitive) names.push_back(step.primitive->name());
    return names;
  }
  double work(TensorTypes, TensorTypes) const override { return double(element_count(shape)) * double(steps.size()); }
  std::vector<TensorType> infer(TensorTypes) const override { return {{shape, steps.back().dtype}}; }
};

}  // namespace mlxc
