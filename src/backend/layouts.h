// How operands may lie for kernels: one answer for all backends, since a launch that one of them leaves to another keeps its operands.
#pragma once

#include "backend/backend.h"

namespace mlxc {

// [tokens, heads, head_dim] with the heads of a token side by side; tokens at any stride.
inline bool heads_together(const OperandType& operand) {
  const Shape& shape = operand.type.shape;
  const Strides& strides = operand.strides;
  return shape.rank() == 3 && (strides[2] == 1 || shape[2] == 1) && (strides[1] == shape[2] || shape[1] == 1);
}

inline bool last_axis_contiguous(const OperandType& operand) {
  int rank = operand.type.shape.rank();
  return rank > 0 && (operand.strides[rank - 1] == 1 || operand.type.shape[rank - 1] == 1);
}

// Rows of the last axis at one uniform stride, if the operand lies that way (leading axes collapse).
inline bool uniform_rows(const OperandType& operand, int64_t* rows, int64_t* stride) {
  const Shape& shape = operand.type.shape;
  if (!last_axis_contiguous(operand)) return false;
  *rows = 1;
  *stride = shape.back();
  for (int axis = shape.rank() - 2; axis >= 0; --axis) {
    if (shape[axis] == 1) continue;
    if (*rows == 1)
      *stride = operand.strides[axis];
    else if (operand.strides[axis] != *stride * *rows)
      return false;
    *rows *= shape[axis];
  }
  return true;
}

// Device::accepts_layout of the backends that compute.
inline bool accepts_operand(const Primitive& primitive, size_t input, const OperandType& operand) {
  int64_t rows, stride;
  switch (primitive.code()) {
    case OpCode::fused:
    case OpCode::copy: return true;
    case OpCode::matmul:
      if (input < 2) return true;
      break;
    case OpCode::linear:
      if (input == 0) return uniform_rows(operand, &rows, &stride);
      break;
    case OpCode::softmax: return uniform_rows(operand, &rows, &stride);
    case OpCode::rms_norm:
    case OpCode::layer_norm:
      if (input == 0) return uniform_rows(operand, &rows, &stride) || (operand.type.shape.rank() == 3 && last_axis_contiguous(operand));
      break;
    case OpCode::rope:
      if (input == 0) return last_axis_contiguous(operand);
      break;
    case OpCode::kv_write:
      if (input == 2 || input == 3) return heads_together(operand);
      break;
    case OpCode::rope_kv_write:
      if (input >= 2 && input <= 4) return heads_together(operand);
      break;
    case OpCode::paged_attention:
      if (input == 0) return heads_together(operand);
      break;
    case OpCode::dense_attention:
      if (input < 3) return heads_together(operand);
      break;
    default: break;
  }
  return is_contiguous(operand.type.shape, operand.strides);
}

}  // namespace mlxc
