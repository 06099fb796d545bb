// The inner kernels of one instruction set: what the drivers (linear.cpp, attention.cpp, rows.cpp ...) call on one thread's share of the
// work. Filled by isa_<level>.cpp; a level takes from the level below what it has no better version of.
#pragma once

#include <cstdint>

#include "backend/cpu/kernels/kernels.h"

namespace mlxc::cpu {

// y[r, c] = sum over k of x[r, k] w[c, k]. x is float, or bfloat16 in the `brain` form, whose rows are padded with zeros to a multiple
// of 64.
struct DotArgs {
  const void* x;
  int64_t x_stride;
  const void* w;
  int64_t w_stride;
  int64_t rows, columns, k;
  float* y;
  int64_t y_stride;
  bool prefetch;  // w comes from memory: ask for the next columns while working on these
};
using DotFn = void (*)(const DotArgs&);

// y = activation(y + bias) [* up] [+ residual], n values. up_bias belongs to up.
struct EpilogueArgs {
  float* y;  // in: the sums
  float* out;
  const float* bias;  // may be null, as the next three
  const float* up;
  const float* up_bias;
  const float* residual;
  int64_t n;
  Activation activation;
};

// One kv head, `rows` queries against the keys of one block of kPageSlots slots, online softmax state per row.
// Rows are (token, query head of the group) pairs; row r sees the slots in [first[r], last[r]).
struct AttentionBlock {
  const void* q;  // packed rows: float [rows][D], or bfloat16 pairs in the paired form
  const void* k;  // this head's part of a page
  const void* v;
  int64_t rows, head_dim;
  const int32_t* first;
  const int32_t* last;
  const void* next_k;  // of the block after this one, or null
  float scale, softcap;
  float* scores;   // [rows][kPageSlots], scratch
  float* maximum;  // [rows] state: running maximum (in units of log 2), sum, and accumulator
  float* total;
  float* accumulator;  // [rows][D]
};
using AttentionFn = void (*)(const AttentionBlock&);

// out[r, q] = bias[r] + sum over taps t of weights[t, r] planes[offsets[t] + q], q < count, r < rows (1, 2, 4 or 8). Reads and writes up to
// a vector beyond count.
template <class T>
struct Shifted {
  const T* planes;
  const int64_t* offsets;
  int64_t taps;
  const T* weights;
  const T* bias;  // may be null
  int64_t rows;
  T* out;
  int64_t out_stride;
  int64_t count;
  bool relu;
};
using ShiftedArgs = Shifted<float>;
// sums[r, t] += sum over q < count of g[r, q] planes[offsets[t] + q]; count is a multiple of 16, rows 1, 2, 4 or 8.
template <class T>
struct ShiftedSums {
  const T* planes;
  const int64_t* offsets;
  int64_t taps;
  const T* g;
  int64_t g_stride;
  int64_t rows;
  T* sums;
  int64_t sums_stride;
  int64_t count;
};
using ShiftedSumArgs = ShiftedSums<float>;
// Copies rows of n floats in ascending order. Behind each row but the last, up to a vector may be zeroed (spread_rows) or overwritten
// (gather_rows).
template <class T>
struct Rows {
  const T* from;
  int64_t from_stride;
  T* to;
  int64_t to_stride;
  int64_t rows, n;
};
using RowsArgs = Rows<float>;
// What one tap of a pool's window adds to a row of n results; results step by `stride` through x or dx. A NaN beats everything.
template <class T>
struct PoolRows {
  void (*larger)(T* best, const T* x, int64_t stride, int64_t n);
  void (*larger_place)(T* best, int32_t* place, const T* x, int64_t stride, int64_t n, int32_t tap);  // place -1: nothing yet
  void (*add)(T* sum, const T* x, int64_t stride, int64_t n);
  void (*spread)(T* dx, const T* g, int64_t stride, int64_t n);
  void (*spread_place)(T* dx, const T* g, const int32_t* place, int64_t stride, int64_t n, int32_t tap);
};

// One row of norm_gradient: dx, and what it adds to the sums for weight and, if there is one, bias. `weight` has its offset in it.
struct NormGradientRow {
  const float* x;
  const float* dy;
  const float* weight;
  float* dx;
  float* dweight;
  float* dbias;  // null: not centered
  int64_t n;
  float eps;
};

// One query's row x of n products becomes exp(score - their largest), where score = scale x, or softcap * tanh(scale x / softcap).
struct AttentionScores {
  float* x;
  int64_t n;
  float scale, softcap;
  float* total;       // out: the row's sum
  float* normalizer;  // out: the logarithm of the sum of exp(score)
};

// One query's row of scores and of cotangents of its probabilities (both n long) becomes probabilities and cotangents of scores:
// p = exp(score - normalizer), ds = p (dp - dy y) slope, where score = scale x, or softcap * tanh(scale x / softcap) with its own slope.
struct AttentionGradientRow {
  float* scores;
  float* cotangents;
  int64_t n;
  float scale, softcap, normalizer;
  const float* y;
  const float* dy;
  int64_t dim;
};

// Indexed by Operands, then by UnaryOp or BinaryOp; null where there is no vector form.
struct ElementwiseTable {
  const UnaryFn* unary_f32[2];
  const BinaryFn* binary_f32[2];
  const BinaryFn* binary_f64[2];
  const PairFn* const* pair_f32[2];  // by first, then by second
  ConvertFn half_to_float, brain_to_float, float_to_half, float_to_brain;
  WhereFn where[4];  // by element size: 1, 2, 4, 8 bytes
};
struct IntegerTable {
  const BinaryFn* binary[8];  // by dtype from u8 to i64
};

struct SumLanes {  // what a sum has added up so far, in four vectors
  static constexpr int64_t kCount = 64;
  alignas(64) float of[kCount] = {};
};

struct Deviations {
  float sum, squares;  // of the differences from a number, and of their squares
};

struct Isa {
  CpuLevel level;
  const ElementwiseTable* elementwise;
  const IntegerTable* integers;

  // linear; indexed by 16-bit kind: f32, f16, bf16
  DotFn dot_f32, dot_f16, dot_bf16;
  DotFn dot_brain;                                                // x already bfloat16, w bfloat16; null: none
  void (*pack_brain)(const float* in, uint16_t* out, int64_t n);  // f32 -> bf16
  // The same product from tile registers: x in blocks of 16 rows as pack_tiles makes them, k a multiple of 32; null: none.
  DotFn dot_tiles = nullptr;
  void (*pack_tiles)(const float* x, int64_t x_stride, int64_t rows, int64_t k, uint16_t* out) = nullptr;
  void (*epilogue)(const EpilogueArgs&);

  // attention, by the page's dtype
  AttentionFn attend_f32, attend_f16, attend_bf16;
  bool query_is_brain;  // attend_bf16 wants its queries in bfloat16, else float
  void (*merge_attention)(float* accumulator, float scale, const float* other, float other_scale, int64_t n);  // a*s + o*t

  // rows
  void (*rms_norm)(const float* x, float* y, int64_t n, const void* weight, DType weight_dtype, float offset, float eps);
  void (*layer_norm)(const float* x, float* y, int64_t n, const void* weight, DType weight_dtype, const void* bias, DType bias_dtype,
                     float eps);
  void (*norm_gradient)(const NormGradientRow&);
  float (*scaled_exponentials)(const float* x, float* y, int64_t n, float scale, float shift,
                               float factor);  // factor exp(scale x - shift); their sum
  void (*adam)(const AdamArgs&);
  void (*attention_scores)(const AttentionScores&);
  void (*attention_gradient)(const AttentionGradientRow&);
  void (*cos_sin)(float position, const float* inverse_frequencies, float factor, float* cosines, float* sines, int64_t n);
  void (*rotate)(const float* x, float* y, const float* cosines, const float* sines, int64_t half);
  void (*softmax)(const float* x, float* y, int64_t n, bool logarithm);
  void (*scale_row)(const void* in, DType dtype, float scale, float* out, int64_t n);

  // reductions of n contiguous floats; the extremes take n >= 1 and return the first NaN
  float (*sum)(const float* x, int64_t n);
  // sum() of a run that comes in pieces, each a multiple of the lanes but the last one: the same additions in the same order
  void (*add_to_lanes)(SumLanes&, const float* x, int64_t n);
  float (*sum_of_lanes)(const SumLanes&);
  Deviations (*deviations)(const float* x, int64_t n, float mean);
  float (*exponentials)(const float* x, int64_t n, float shift);  // sum of exp(x - shift)
  float (*maximum)(const float* x, int64_t n);
  float (*minimum)(const float* x, int64_t n);
  int64_t (*find)(const float* x, int64_t n, float value);  // the first place of value, n: none; a NaN is found where any NaN is

  // convolutions
  void (*shifted)(const ShiftedArgs&);
  void (*shifted_sums)(const ShiftedSumArgs&);
  void (*spread_rows)(const RowsArgs&);
  void (*gather_rows)(const RowsArgs&);
  const PoolRows<float>* pool_f32;
  const PoolRows<double>* pool_f64;
};

extern const Isa kPortable;
extern const ElementwiseTable kElementwisePortable;
extern const IntegerTable kIntegersPortable;
#if defined(__x86_64__)
extern const ElementwiseTable kElementwiseAvx2, kElementwiseAvx512;
extern const IntegerTable kIntegersAvx2;
extern const Isa kAvx2, kAvx512;
Isa avx512bf16();  // kAvx512 with the bfloat16 products replaced
Isa amx();         // and those of many rows in tiles
#endif

}  // namespace mlxc::cpu
