// The groups of operations that backends have one kernel for. A device lists those that it claims.
#pragma once

#include "graph/pattern.h"

namespace mlxc::patterns {

// linear(rms_norm(x)) -> linear with norm.
const Pattern& norm_linear();
// activation(linear_0) * linear_1 of one linear of two weights -> linear with gate.
const Pattern& gated_linear();
// linear + residual -> linear with residual.
const Pattern& linear_residual();
// rms_norm + residual -> rms_norm with residual.
const Pattern& norm_residual();
// kv_write of rotated (and normed) keys, with the rotation of the queries beside it -> rope_kv_write.
const Pattern& rope_kv_write();
// matmul of two bfloat16 arrays converted to float32 -> matmul of those arrays.
const Pattern& matmul_brain();
// matmul of bfloat16 arrays, rounded to bfloat16 -> one matmul that rounds as it stores.
const Pattern& rounded_matmul();
// matmul + a row vector, of float32 -> matmul with bias.
const Pattern& matmul_bias();
// activation(matmul), activation(linear), of float32 -> matmul or linear with activation.
const Pattern& product_activation();
// dropout of a matmul or linear of float32, with activation or without -> that with dropout.
const Pattern& product_dropout();
// relu(convolution) -> convolution with relu.
const Pattern& convolution_relu();
// relu of the y of a batch_norm -> batch_norm with relu.
const Pattern& batch_norm_relu();
// batch_norm_gradient of g * (y > 0) -> batch_norm_gradient gated by y.
const Pattern& batch_norm_gated();
// Reductions of one float input over the same axes -> reductions.
const Pattern& reductions();

}  // namespace mlxc::patterns
