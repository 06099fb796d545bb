// Operands by address and strides, and what makes kernels over them small: fewer axes, 32-bit offsets, division by multiplication.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "backend/vulkan/lower.h"

namespace mlxc::vulkan {

// Where an operand's elements lie over some shape; `ref` begins at the first element. Strides in elements, of any sign.
struct Strided {
  Ref ref;
  DType dtype;
  std::vector<int64_t> strides;
};
Strided strided_input(const Emitter& emitter, size_t index);
Strided strided_output(const Emitter& emitter, size_t index);
// Row-major over `shape`.
Strided dense(const Ref& ref, DType dtype, const std::vector<int64_t>& shape);
std::vector<int64_t> dims(const Shape& shape);
int64_t product(const std::vector<int64_t>& shape);

// Drops axes of one element and merges neighbours that every operand walks through evenly.
void collapse(std::vector<int64_t>& shape, std::vector<Strided*> operands);

// Makes the operand begin at its lowest element: distances from there are never negative. Returns the first element's distance.
int64_t rebase(Strided& operand, const std::vector<int64_t>& shape);
// Elements from the lowest to past the highest.
int64_t span_of(const Strided& operand, const std::vector<int64_t>& shape);

// Calls run(shape, operands) for blocks within which every operand spans most_elements() at most. One of the operands covers the whole
// shape.
template <class Run>
void in_blocks(const std::vector<int64_t>& shape, const std::vector<Strided>& operands, Run&& run);

// n / divisor = (high(n * multiplier) + n) >> shift for n < 2^31.
struct Divisor {
  explicit Divisor(int64_t divisor);
  uint32_t multiplier, shift;
};

// ---- details of in_blocks
// ----------------------------------------------------------------------------------------------------------------

bool fits_32_bits(const std::vector<int64_t>& shape, const std::vector<Strided>& operands);
// Two halves of the axis that reaches furthest: {axis, length of the first}.
std::pair<size_t, int64_t> halve(const std::vector<int64_t>& shape, const std::vector<Strided>& operands);
Strided advanced(const Strided& operand, size_t axis, int64_t by);

template <class Run>
void in_blocks(const std::vector<int64_t>& shape, const std::vector<Strided>& operands, Run&& run) {
  if (fits_32_bits(shape, operands)) return run(shape, operands);
  const auto [axis, first] = halve(shape, operands);
  std::vector<int64_t> part = shape;
  part[axis] = first;
  in_blocks(part, operands, run);
  part[axis] = shape[axis] - first;
  std::vector<Strided> rest;
  rest.reserve(operands.size());
  for (const Strided& operand : operands) rest.push_back(advanced(operand, axis, first));
  in_blocks(part, rest, run);
}

}  // namespace mlxc::vulkan
