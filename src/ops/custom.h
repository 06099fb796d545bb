// Kernels from source text, which a caller wrote for one kind of device.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "graph/array.h"

namespace mlxc {

// What does not depend on shapes. The source defines main() in GLSL; the backend writes everything before it.
struct CustomKernel {
  std::string name;
  std::string source;
  std::vector<std::string> inputs, outputs;  // identifiers
  uint32_t group[3] = {256, 1, 1};           // invocations of a workgroup
};
using CustomKernelPtr = std::shared_ptr<const CustomKernel>;

// Throws Error(invalid_argument) for names that are no identifiers, reserved, or given twice, and for groups without size.
void check(const CustomKernel& kernel);

inline size_t hash_of(const std::vector<TensorType>& types) {
  size_t seed = types.size();
  for (const TensorType& type : types) {
    hash_combine(seed, hash_of(type.shape));
    hash_combine(seed, hash_of(type.dtype));
  }
  return seed;
}

// Inputs of any type, row-major; the outputs are what the caller said.
struct Custom : PrimitiveBase<Custom, OpCode::custom> {
  static constexpr std::string_view kName = "custom";
  Custom(CustomKernelPtr kernel, std::vector<TensorType> types, const Dims& threads)
      : kernel(std::move(kernel)), types(std::move(types)), threads(threads) {}
  CustomKernelPtr kernel;
  std::vector<TensorType> types;  // of the outputs
  Dims threads;                   // invocations along x, y and z
  std::string_view name() const override { return kernel->name; }
  auto fields() const { return std::tie(kernel, types, threads); }
  std::vector<TensorType> infer(TensorTypes) const override { return types; }
};

// threads: three counts; so many invocations run at least, in whole workgroups.
Arrays custom(Device& device, const CustomKernelPtr& kernel, const Arrays& inputs, const std::vector<TensorType>& types,
              const Dims& threads);

}  // namespace mlxc
