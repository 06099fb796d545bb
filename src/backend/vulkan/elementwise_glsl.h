// Kernels over elements, written as GLSL for the operation at hand: fused chains, copies, fills.
//
// A kernel's text depends on dtypes and on how its operands lie (dense, one value, along rows, anyhow), never on sizes or strides, so that
// programs of other shapes find their pipelines made. A thread computes a few neighbouring elements: 16 bytes of the widest dtype.
#pragma once

#include <string>
#include <vector>

#include "backend/vulkan/strided.h"

namespace mlxc::vulkan {

// The names of kernels/elements.glsl: the type that a dtype's values have in GLSL ("float"), and the suffix of its functions ("bf16").
const char* value_type(DType dtype);
const char* suffix(DType dtype);
// "#version", the defines that these dtypes need in elements.glsl, and the include. Calls no_kernel when the device lacks one of them.
std::string glsl_head(const Emitter& emitter, const std::vector<DType>& dtypes, const char* include);
// A value of one dtype as another, in terms of arithmetic.glsl: floats saturate and truncate to integers, NaN gives 0, integers wrap.
std::string convert_expression(DType from, DType to, const std::string& x);
// The bits of a constant as `dtype`, converted as the CPU does; 16-bit floats as the float32 they stand for.
uint64_t constant_bits(double value, DType dtype);

// The type of kernels/common.glsl for loads of so many bytes.
const char* wide_type(int64_t bytes);
// Element e of the `count` that a loaded word or vector `w` holds.
std::string unpack_expression(DType dtype, int64_t count, int64_t e, const std::string& w);

// What is computed for each element: statements over x0, x1, ... and `at`, the element's index, that declare `result`, in terms of
// arithmetic.glsl; and constants c0, c1, ...
struct ElementwiseBody {
  std::string name;  // for profiles
  std::string code = "";
  std::vector<DType> used = {};  // dtypes of values beside the operands'
  std::vector<std::pair<DType, uint64_t>> constants = {};
  double flops = 1;  // of an element
};

// Of a fused chain.
ElementwiseBody chain_body(const Emitter& emitter, const LaunchPlan& chain);

// Dispatches the body over `shape`, in which all operands are given.
void emit_elementwise(Emitter& emitter, const ElementwiseBody& body, std::vector<int64_t> shape, std::vector<Strided> inputs,
                      Strided output);
// Moves elements of any dtype from one layout to another; transposes go through shared memory.
void emit_copy(Emitter& emitter, std::vector<int64_t> shape, Strided from, Strided to);

}  // namespace mlxc::vulkan
