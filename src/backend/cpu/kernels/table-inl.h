// The table of an instruction set that has every kernel of its own (portable, avx2, avx512).
#pragma once

#include "backend/cpu/kernels/attention-inl.h"
#include "backend/cpu/kernels/convolution-inl.h"
#include "backend/cpu/kernels/dot-inl.h"
#include "backend/cpu/kernels/pool-inl.h"
#include "backend/cpu/kernels/reduce-inl.h"
#include "backend/cpu/kernels/row-gradients-inl.h"
#include "backend/cpu/kernels/rows-inl.h"

namespace mlxc::cpu::MLXC_ISA {
namespace {

constexpr Isa table(CpuLevel level, const ElementwiseTable& elementwise, const IntegerTable& integers) {
  return {
      .level = level,
      .elementwise = &elementwise,
      .integers = &integers,
      .dot_f32 = dot<FloatProduct<float>>,
      .dot_f16 = dot<FloatProduct<Half>>,
      .dot_bf16 = dot<FloatProduct<Brain>>,
      .dot_brain = nullptr,
      .pack_brain = pack_brain,
      .dot_tiles = nullptr,
      .pack_tiles = nullptr,
      .epilogue = epilogue,
      .attend_f32 = attend<PlainPage<float>>,
      .attend_f16 = attend<PlainPage<Half>>,
      .attend_bf16 = attend<PairedPage>,
      .query_is_brain = false,
      .merge_attention = merge_attention,
      .rms_norm = rms_norm,
      .layer_norm = layer_norm,
      .norm_gradient = norm_gradient,
      .scaled_exponentials = scaled_exponentials,
      .adam = adam,
      .attention_scores = attention_scores,
      .attention_gradient = attention_gradient,
      .cos_sin = cos_sin,
      .rotate = rotate,
      .softmax = softmax,
      .scale_row = scale_row,
      .sum = reduce_sum,
      .add_to_lanes = add_to_lanes,
      .sum_of_lanes = sum_of_lanes,
      .deviations = reduce_deviations,
      .exponentials = reduce_exp,
      .maximum = reduce_extreme<true>,
      .minimum = reduce_extreme<false>,
      .find = find,
      .shifted = shifted,
      .shifted_sums = shifted_sums,
      .spread_rows = spread_rows,
      .gather_rows = gather_rows,
      .pool_f32 = &kPoolRows<float>,
      .pool_f64 = &kPoolRows<double>,
  };
}

}  // namespace
}  // namespace mlxc::cpu::MLXC_ISA
