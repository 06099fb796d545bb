#include "backend/vulkan/strided.h"

#include <bit>
#include <cstdlib>

namespace mlxc::vulkan {
namespace {

Strided from_operand(const Ref& ref, const OperandType& operand) {
  return {ref, operand.type.dtype, std::vector<int64_t>(operand.strides.begin(), operand.strides.end())};
}

}  // namespace

Strided strided_input(const Emitter& emitter, size_t index) { return from_operand(emitter.input(index), emitter.plan().inputs[index]); }
Strided strided_output(const Emitter& emitter, size_t index) { return from_operand(emitter.output(index), emitter.plan().outputs[index]); }

Strided dense(const Ref& ref, DType dtype, const std::vector<int64_t>& shape) {
  Strided result{ref, dtype, shape};
  int64_t stride = 1;
  for (size_t axis = shape.size(); axis-- > 0; stride *= shape[axis]) result.strides[axis] = stride;
  return result;
}

std::vector<int64_t> dims(const Shape& shape) { return {shape.begin(), shape.end()}; }

int64_t product(const std::vector<int64_t>& shape) {
  int64_t count = 1;
  for (int64_t dim : shape) count *= dim;
  return count;
}

void collapse(std::vector<int64_t>& shape, std::vector<Strided*> operands) {
  std::vector<int64_t> from = std::move(shape);
  shape.clear();
  std::vector<std::vector<int64_t>> strides(operands.size());
  for (size_t axis = 0; axis < from.size(); ++axis) {
    if (from[axis] == 1) continue;
    bool merges = !shape.empty();
    for (size_t i = 0; i < operands.size() && merges; ++i) merges = strides[i].back() == operands[i]->strides[axis] * from[axis];
    if (merges)
      shape.back() *= from[axis];
    else
      shape.push_back(from[axis]);
    for (size_t i = 0; i < operands.size(); ++i) {
      if (merges)
        strides[i].back() = operands[i]->strides[axis];
      else
        strides[i].push_back(operands[i]->strides[axis]);
    }
  }
  for (size_t i = 0; i < operands.size(); ++i) operands[i]->strides = std::move(strides[i]);
}

int64_t span_of(const Strided& operand, const std::vector<int64_t>& shape) {
  int64_t span = 1;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] == 0) return 0;
    span += (shape[axis] - 1) * std::abs(operand.strides[axis]);
  }
  return span;
}

int64_t rebase(Strided& operand, const std::vector<int64_t>& shape) {
  int64_t below = 0;
  for (size_t axis = 0; axis < shape.size(); ++axis)
    if (operand.strides[axis] < 0) below -= (shape[axis] - 1) * operand.strides[axis];
  const int64_t item = size_of(operand.dtype);
  operand.ref = operand.ref.at(-below * item, span_of(operand, shape) * item);
  return below;
}

Divisor::Divisor(int64_t divisor) {
  shift = uint32_t(std::bit_width(uint64_t(divisor) - 1));
  multiplier = uint32_t(((uint64_t{1} << shift) - uint64_t(divisor)) * (uint64_t{1} << 32) / uint64_t(divisor) + 1);
}

bool fits_32_bits(const std::vector<int64_t>& shape, const std::vector<Strided>& operands) {
  for (const Strided& operand : operands)
    if (span_of(operand, shape) > most_elements(size_of(operand.dtype))) return false;
  return true;
}

std::pair<size_t, int64_t> halve(const std::vector<int64_t>& shape, const std::vector<Strided>& operands) {
  size_t axis = 0;
  int64_t furthest = -1;
  for (const Strided& operand : operands) {
    for (size_t i = 0; i < shape.size(); ++i) {
      const int64_t reach = (shape[i] - 1) * std::abs(operand.strides[i]);
      if (reach > furthest) {
        furthest = reach;
        axis = i;
      }
    }
  }
  int64_t first = shape[axis] / 2;
  if (first > 4096) first = first / 4096 * 4096;  // keeps the alignment of dense operands
  return {axis, first};
}

Strided advanced(const Strided& operand, size_t axis, int64_t by) {
  Strided result = operand;
  const int64_t distance = by * operand.strides[axis] * size_of(operand.dtype);
  result.ref = operand.ref.at(distance, operand.ref.bytes - distance);
  return result;
}

}  // namespace mlxc::vulkan
