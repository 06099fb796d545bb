// The compute kernels of the CPU backend: plain functions over raw pointers, no graph types.
//
// Every function takes the instruction set as its last argument; the default is the best level of this machine, chosen once
// (base/cpu.h; the environment variable MLXC_CPU lowers it). Strides are in elements unless a name says bytes.
// Sizes and pointers are trusted: the layers above validate. Functions throw Error(unsupported) for a dtype that they do not take.
// Temporary memory is per thread and kept between calls (scratch.h).
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "array/dtype.h"
#include "array/operations.h"
#include "base/cpu.h"
#include "base/thread_pool.h"

namespace mlxc::cpu {

// ---- instruction sets ----------------------------------------------------------------------------------------------------------

struct Isa;                          // table of inner kernels, see isa.h
const Isa& best_isa();               // best level this machine runs, after MLXC_CPU
const Isa* isa_for(CpuLevel level);  // nullptr where this machine (after MLXC_CPU) cannot run it
CpuLevel level_of(const Isa& isa);

// ---- linear: y[T, N] = x[T, K] W[N, K]^T -------------------------------------------------------------------------------------------

// Precision::high: activations stay float32; bit-identical for any T, tile, thread count and neighbours in the batch.
// native: products of more than 4 rows with bf16 weights round x to bf16 where the machine has bf16 products (float32 accumulation). At a
// given CpuLevel the bits of a row then depend on the row and on whether T is at most 4.

enum class Activation : int32_t { none = 0, silu = 1, gelu_tanh = 2, gelu_erf = 3, relu = 4, tanh = 5, sigmoid = 6 };

// Dropout behind a product of float32: elements, by their index in the result, become `scale` times as large or 0, as keep_drawn decides.
struct Drop {
  const uint32_t *low = nullptr, *high = nullptr;  // halves of the key; null: nothing is dropped
  float probability = 0, scale = 1;
  const float* first = nullptr;  // of the result, which has no gaps
};
void drop_row(const Drop& drop, float* row, int64_t n);

struct LinearOutput {
  const void* weight = nullptr;     // [n, K], any alignment that its dtype allows; may lie in a mapped file
  DType weight_dtype = DType::f32;  // f32, f16, bf16
  int64_t weight_stride = 0;        // between rows
  int64_t weight_step = 1;          // between the values of a row; other than 1 where takes_any_step()
  int64_t n = 0;
  const void* bias = nullptr;                // [n] or none
  DType bias_dtype = DType::f32;             // f32, f16, bf16
  Activation activation = Activation::none;  // after the bias
  const float* residual = nullptr;           // [T, n] or none, added last; may be y itself
  int64_t residual_stride = 0;
  Drop drop = {};      // after everything else
  float* y = nullptr;  // [T, n]; must not overlap x
  int64_t y_stride = 0;
};

struct LinearArgs {
  const float* x = nullptr;
  int64_t x_stride = 0;
  int64_t t = 0;
  int64_t k = 0;
  std::span<const LinearOutput> outputs;  // products sharing x (q/k/v, gate/up): one fork-join
  // outputs = {gate, up} of equal n: gate.y = (activation(x gate^T + bias) * (x up^T + bias)) + gate.residual; up.y is not written.
  bool gated = false;
  Precision precision = Precision::native;
};

void linear(ThreadPool& pool, const LinearArgs& args, const Isa& isa = best_isa());
// Whether weights of this type may lie in any order: those of an only output without bias, at precision native.
bool takes_any_step(DType weight_dtype, const Isa& isa = best_isa());

// ---- general matrix product ----------------------------------------------------------------------------------------------------

// c[b] = a[b] b[b] for each batch item; c rows are contiguous with stride c_row. Any strides for a and b (transposes cost nothing where
// one of the two strides is 1). f32 is multiplied here (gemm.h), thin products and f64 go to
// OpenBLAS in tiles, integers and boolean (or of ands) to blocked loops; f16 and bf16 are not taken here.
struct MatmulArgs {
  DType dtype = DType::f32;
  int64_t m = 0, n = 0, k = 0;
  const void* a = nullptr;
  int64_t a_row = 0, a_col = 0;
  const void* b = nullptr;
  int64_t b_row = 0, b_col = 0;
  void* c = nullptr;
  int64_t c_row = 0;
  int64_t batch = 1;
  const int64_t* a_offsets = nullptr;  // [batch] element offsets, nullptr: all 0
  const int64_t* b_offsets = nullptr;
  const int64_t* c_offsets = nullptr;
  const float* bias = nullptr;               // of f32: [n] or none, added to every row
  Activation activation = Activation::none;  // of f32: after the bias
  const float* residual =
      nullptr;  // of f32 without activation, m > 8 and n > 16, or of bf16: [m, n] or none, added; may be c itself. Not of batches
  int64_t residual_row = 0;
  Drop drop = {};           // of results in float32: after the activation. Not with a residual
  bool float_rows = false;  // of bf16: a is f32 and rounded on the way
  bool rounds = false;      // of bf16: c is bf16, else f32
};

void matmul(ThreadPool& pool, const MatmulArgs& args, const Isa& isa = best_isa());

// ---- convolutions and pools -------------------------------------------------------------------------------------------------------

// x [batch, channels, size], weight [filters, channels / groups, kernel], y [batch, filters, out], all contiguous; three spatial axes, the
// outer ones 1 where there are fewer. f32 or f64. What a call does not use may be null.
struct ConvolutionArgs {
  DType dtype = DType::f32;
  int64_t batch = 0, channels = 0, filters = 0, groups = 1;
  int64_t size[3] = {1, 1, 1}, kernel[3] = {1, 1, 1}, out[3] = {1, 1, 1};
  int64_t stride[3] = {1, 1, 1}, padding[3] = {0, 0, 0}, dilation[3] = {1, 1, 1};
  void* x = nullptr;
  void* weight = nullptr;
  void* bias = nullptr;  // [filters]; of convolution_input: [channels]
  void* y = nullptr;
  bool relu = false;  // of convolution
};
void convolution(ThreadPool& pool, const ConvolutionArgs& args, const Isa& isa = best_isa());         // y from x, weight, bias
void convolution_input(ThreadPool& pool, const ConvolutionArgs& args, const Isa& isa = best_isa());   // x from y, weight, bias
void convolution_weight(ThreadPool& pool, const ConvolutionArgs& args, const Isa& isa = best_isa());  // weight and bias from x, y

// x [planes, size], y [planes, out], contiguous, f32 or f64. pool with `other` (of max): y takes its elements from other, at the places
// where x is largest. pool_gradient: dx from y (the cotangent), of max also from x; the first of equal elements gets it.
struct PoolArgs {
  PoolOp op = PoolOp::max;
  DType dtype = DType::f32;
  int64_t planes = 0;
  int64_t size[3] = {1, 1, 1}, kernel[3] = {1, 1, 1}, out[3] = {1, 1, 1};
  int64_t stride[3] = {1, 1, 1}, padding[3] = {0, 0, 0}, dilation[3] = {1, 1, 1};
  const void* x = nullptr;
  const void* other = nullptr;
  void* y = nullptr;
  void* dx = nullptr;
};
void pool(ThreadPool& threads, const PoolArgs& args, const Isa& isa = best_isa());
void pool_gradient(ThreadPool& threads, const PoolArgs& args, const Isa& isa = best_isa());

// ---- attention -----------------------------------------------------------------------------------------------------------------

// K/V pages. A page holds kPageSlots positions of all kv heads of one layer, K and V in separate buffers of kv_page_bytes each.
// Slot of position p: page_table[sequence][p / kPageSlots], slot p % kPageSlots. The bytes inside a page are laid out for the dot product:
//   K f32, f16: [head][D][slot]     K bf16: [head][D/2][slot][2]      V f32, f16: [head][slot][D]     V bf16: [head][slot/2][D][2]
// Pages must be 64-byte aligned and are copied, shared or moved as a whole. D must be a multiple of 2.
inline constexpr int64_t kPageSlots = 64;

struct KvLayout {
  DType dtype = DType::f32;  // f32, f16, bf16
  int64_t kv_heads = 0;
  int64_t head_dim = 0;
};
int64_t kv_page_bytes(const KvLayout& layout);  // of K, and again of V
// A whole page from [head][slot][D], and back.
void kv_page_from_plain(const KvLayout& layout, bool keys, const std::byte* plain, std::byte* page);
void kv_page_to_plain(const KvLayout& layout, bool keys, const std::byte* page, std::byte* plain);

struct KvWriteArgs {
  KvLayout layout;
  const float* k = nullptr;  // [T, kv_heads, D], row stride below
  const float* v = nullptr;
  int64_t k_stride = 0, v_stride = 0;  // between tokens
  int64_t tokens = 0;
  const int32_t* positions = nullptr;  // [T]
  const int32_t* sequences = nullptr;  // [T] row of the page table; negative: padding, not written
  const int32_t* page_table = nullptr;
  int64_t page_table_stride = 0;
  void* k_pages = nullptr;
  void* v_pages = nullptr;
};
void kv_write(ThreadPool& pool, const KvWriteArgs& args, const Isa& isa = best_isa());

// Causal attention of a flat list of tokens over their sequences' pages (already written by kv_write). Tokens of one sequence that are
// neighbours with consecutive positions are processed as blocks. Softmax in float32. f32 pages: float32 throughout, and each token's result
// has the same bits whatever the chunking, batch or thread count. bf16 pages: q and the probabilities may be rounded to bf16.
struct AttentionArgs {
  KvLayout layout;
  const float* q = nullptr;  // [T, q_heads, D]
  int64_t q_stride = 0;      // between tokens
  int64_t q_heads = 0;       // a multiple of kv_heads
  int64_t tokens = 0;
  const int32_t* positions = nullptr;
  const int32_t* sequences = nullptr;  // negative: padding, output is zero
  const int32_t* page_table = nullptr;
  int64_t page_table_stride = 0;
  const void* k_pages = nullptr;
  const void* v_pages = nullptr;
  float scale = 1;
  float softcap = 0;     // > 0: softcap * tanh(score / softcap)
  int64_t window = 0;    // > 0: a token sees itself and the window - 1 positions before it
  float* out = nullptr;  // [T, q_heads, D]
  int64_t out_stride = 0;
};
void attention(ThreadPool& pool, const AttentionArgs& args, const Isa& isa = best_isa());

// Attention inside ragged sequences stored one after the other: sequence s is rows [offsets[s], offsets[s + 1]) of q, k and v.
struct DenseAttentionArgs {
  const float* q = nullptr;  // [T, q_heads, D], and so on
  const float* k = nullptr;
  const float* v = nullptr;
  int64_t q_stride = 0, k_stride = 0, v_stride = 0;
  int64_t q_heads = 0, kv_heads = 0, head_dim = 0;
  std::span<const int32_t> offsets;  // sequences + 1 values
  bool causal = false;
  float scale = 1;
  float softcap = 0;
  int64_t window = 0;  // > 0 and causal: as above; > 0 and not causal: |distance| < window
  Precision precision = Precision::high;
  float* out = nullptr;
  int64_t out_stride = 0;
};
void attention_dense(ThreadPool& pool, const DenseAttentionArgs& args, const Isa& isa = best_isa());

// Attention of whole sequences (ops/attention.h): q, dq and y [batch, queries, heads, dim], k and v [batch, keys, kv_heads, dim] at strides
// of their own with dim contiguous, everything written and dy contiguous. float32 throughout.
struct SequenceAttentionArgs {
  struct Operand {
    const float* data = nullptr;
    int64_t batch = 0, token = 0, head = 0;  // strides
  };
  Operand q, k, v;
  int64_t batch = 0, queries = 0, keys = 0, heads = 0, kv_heads = 0, dim = 0;
  float scale = 1;
  bool causal = false;
  int64_t window = 0;
  float softcap = 0;
  float* y = nullptr;
  float* normalizer = nullptr;  // [batch, heads, queries]: logarithms of the softmaxes' denominators
  const float* dy = nullptr;
  float *dq = nullptr, *dk = nullptr, *dv = nullptr;
};
void sequence_attention(ThreadPool& pool, const SequenceAttentionArgs& args, const Isa& isa = best_isa());  // y and normalizer
void sequence_attention_gradient(ThreadPool& pool, const SequenceAttentionArgs& args,
                                 const Isa& isa = best_isa());  // dq, dk, dv from the rest

// ---- normalisation, rotary positions, rows -----------------------------------------------------------------------------------------

// Rows [tokens, heads, dim]; in and out may be the same. heads = 1 for a norm over the whole row.
struct NormArgs {
  const float* x = nullptr;
  int64_t x_stride = 0, x_head_stride = 0;
  float* y = nullptr;
  int64_t y_stride = 0, y_head_stride = 0;
  int64_t tokens = 0, heads = 1, dim = 0;
  const void* weight = nullptr;     // [dim] or none
  DType weight_dtype = DType::f32;  // f32, f16, bf16
  const void* bias = nullptr;       // layer_norm only
  DType bias_dtype = DType::f32;
  float weight_offset = 0;  // 1 for Gemma: y = x / rms * (1 + weight)
  float eps = 1e-6f;
};
void rms_norm(ThreadPool& pool, const NormArgs& args, const Isa& isa = best_isa());
void layer_norm(ThreadPool& pool, const NormArgs& args, const Isa& isa = best_isa());

// The gradients of both norms for contiguous rows [rows, dim]: dx; dweight and, of layer_norm, dbias [dim], summed over the rows in an
// order that depends on their number alone.
struct NormGradientArgs {
  const float* x = nullptr;
  const float* dy = nullptr;
  float* dx = nullptr;
  float* dweight = nullptr;
  float* dbias = nullptr;  // null: rms_norm
  int64_t rows = 0, dim = 0;
  const void* weight = nullptr;
  DType weight_dtype = DType::f32;  // f32, f16, bf16
  float weight_offset = 0;
  float eps = 1e-6f;
};
void norm_gradient(ThreadPool& pool, const NormGradientArgs& args, const Isa& isa = best_isa());

// Half-split (NeoX) pairing of the first `rotary` elements of each head; the rest is copied. x and y may be the same.
// angle = positions[t] * inverse_frequencies[i] in float32, cos and sin multiplied by `factor`.
struct RopeArgs {
  const float* x = nullptr;
  int64_t x_stride = 0, x_head_stride = 0;
  float* y = nullptr;
  int64_t y_stride = 0, y_head_stride = 0;
  int64_t tokens = 0, heads = 0, head_dim = 0, rotary = 0;
  const int32_t* positions = nullptr;
  const float* inverse_frequencies = nullptr;  // [rotary / 2]
  float factor = 1;
};
void rope(ThreadPool& pool, const RopeArgs& args, const Isa& isa = best_isa());

// Over the last axis of [rows, n], f32; x and y may be the same.
void softmax(ThreadPool& pool, const float* x, int64_t x_stride, float* y, int64_t y_stride, int64_t rows, int64_t n,
             const Isa& isa = best_isa());
void log_softmax(ThreadPool& pool, const float* x, int64_t x_stride, float* y, int64_t y_stride, int64_t rows, int64_t n,
                 const Isa& isa = best_isa());

// ops/cross_entropy.h over contiguous rows [rows, n]; normalizers [rows, 2]: the largest and the sum of exponentials. The gradient may
// overwrite x.
void cross_entropy(ThreadPool& pool, const float* x, const int32_t* targets, float* losses, float* normalizers, int64_t rows, int64_t n,
                   const Isa& isa = best_isa());
void cross_entropy_gradient(ThreadPool& pool, const float* x, const int32_t* targets, const float* normalizers, const float* cotangents,
                            float* dx, int64_t rows, int64_t n, const Isa& isa = best_isa());

// ops/adam.h in place, n elements.
struct AdamArgs {
  float *parameter, *mean, *variance;
  const float* gradient;
  int64_t n;
  float beta1, rest1, beta2, rest2;  // rest: 1 - beta
  float eps, keep, rate, correction;
};
void adam(ThreadPool& pool, const AdamArgs& args, const Isa& isa = best_isa());

// y[i] = table[indices[i]] * scale, converted to f32 (embedding lookup). Indices are trusted.
void gather_rows_f32(ThreadPool& pool, const void* table, DType table_dtype, int64_t table_stride, const int32_t* indices, int64_t count,
                     int64_t n, float scale, float* y, int64_t y_stride, const Isa& isa = best_isa());

// ---- reductions ------------------------------------------------------------------------------------------------------------------

enum class ReduceOp : int32_t { sum, mean, prod, max, min, argmax, argmin, logsumexp, all, any, variance, deviation };

// out[outer, inner] (contiguous) reduces x[outer, count, inner] over count. variance: population (divides by count - correction);
// deviation: its square root.
// Accumulation: f32 in lanes and blocks of bounded length, f64 in f64; f16 and bf16 as f32; integers as int64 / uint64. NaN propagates in
// max, min (argmax and argmin return its first place), as NumPy.
struct ReduceArgs {
  ReduceOp op = ReduceOp::sum;
  DType dtype = DType::f32;
  const void* x = nullptr;
  int64_t outer = 1, count = 0, inner = 1;
  int64_t outer_stride = 0, count_stride = 0, inner_stride = 0;
  double correction = 0;  // variance and deviation only
  void* out = nullptr;    // of reduce_result(op, dtype)
  // Computes elements [first, first + n) of [outer, count] as they are needed, n up to some thousands, on several threads; x is not read.
  // For f32 and f64 with inner 1, null: none.
  const std::function<void(int64_t first, int64_t n, void* to)>* produce = nullptr;
};
DType reduce_result(
    ReduceOp op,
    DType dtype);  // argmax, argmin: i64; all, any: boolean; sum, prod of integers: i64 or u64; else dtype (mean of integers: f64)
void reduce(ThreadPool& pool, const ReduceArgs& args, const Isa& isa = best_isa());

// Several reductions of one input, which is read once: args without op and out.
struct ReduceTarget {
  ReduceOp op = ReduceOp::sum;
  void* out = nullptr;
};
void reduce_together(ThreadPool& pool, const ReduceArgs& args, std::span<const ReduceTarget> targets, const Isa& isa = best_isa());

// ---- conversion and copies ---------------------------------------------------------------------------------------------------------

using ConvertFn = void (*)(const void* in, void* out, int64_t n);
// Any of the 13 types to any other, one thread. Float to integer truncates and saturates (NaN gives 0); to boolean: != 0.
ConvertFn convert_function(DType from, DType to, const Isa& isa = best_isa());
void convert(ThreadPool& pool, const void* in, DType from, void* out, DType to, int64_t n, const Isa& isa = best_isa());

// Copies a strided array (strides in elements, may be 0 or negative) to contiguous order. element_bytes: 1, 2, 4, 8.
void copy_strided(ThreadPool& pool, const void* in, void* out, int64_t element_bytes, std::span<const int64_t> shape,
                  std::span<const int64_t> strides);
// The reverse: contiguous values into a strided destination (no two destinations may coincide).
void scatter_strided(ThreadPool& pool, const void* in, void* out, int64_t element_bytes, std::span<const int64_t> shape,
                     std::span<const int64_t> strides);

// ---- orders, running results, scattered writes, random words ---------------------------------------------------------------------

// Each row of [rows, n] in ascending or descending order, stable; NaN counts as the largest. Either output may be null. Any dtype.
void sort_rows(ThreadPool& pool, DType dtype, const void* x, int64_t rows, int64_t n, bool descending, void* values, int64_t* indices);

// y[o, i, j] reduces x[o, 0..i, j] (exclusive: 0..i-1; reverse: from the end). Accumulation as in reduce(). y may be x.
struct ScanArgs {
  ScanOp op = ScanOp::sum;
  DType dtype = DType::f32;
  const void* x = nullptr;
  void* y = nullptr;
  int64_t outer = 1, count = 0, inner = 1;
  bool reverse = false, exclusive = false;
};
void scan(ThreadPool& pool, const ScanArgs& args);

// x[indices[i], :] op= values[i, :] in the order of i; rows outside [0, rows) are dropped. 16-bit floats are computed in float32.
void scatter_rows(ThreadPool& pool, ScatterOp op, DType dtype, void* x, int64_t rows, int64_t width, const int64_t* indices, int64_t count,
                  const void* values);

// `count` words of the Philox4x32-10 stream of a key, see ops/random.h.
void philox(ThreadPool& pool, const uint32_t key[2], uint32_t purpose, uint32_t* out, int64_t count);
// n elements of x (1, 2, 4 or 8 bytes; x_step 0: one for all) where word `first` + i of the key's stream, as a float32 in [0, 1), is at
// least the probability, else 0.
void keep_drawn(const uint32_t key[2], float probability, int64_t first, const void* x, int64_t x_step, void* out, int64_t n,
                int64_t element_bytes);

// ---- elementwise ------------------------------------------------------------------------------------------------------------------

// Functions over n contiguous elements, one thread, meant for tiles. Computation is in f32, f64 or the integer type itself;
// f16 and bf16 are converted to f32 by the caller (convert_function). in and out may be the same pointer. NaN, Inf and signed zero as
// NumPy.
using UnaryFn = void (*)(const void* in, void* out, int64_t n);
// Steps are 0 (one value for all) or 1.
using BinaryFn = void (*)(const void* a, int64_t a_step, const void* b, int64_t b_step, void* out, int64_t n);
using WhereFn = void (*)(const uint8_t* condition, int64_t condition_step, const void* a, int64_t a_step, const void* b, int64_t b_step,
                         void* out, int64_t n);

// in_cache: tiles in the first-level cache. in_memory: parts of long arrays, whose next tile is fetched meanwhile; f32, and two operands of
// f64, do that.
enum class Operands { in_cache, in_memory };
// dtype: boolean, any integer, f32, f64. nullptr where the operation is not defined for the type.
UnaryFn unary_function(UnaryOp op, DType dtype, const Isa& isa = best_isa(), Operands operands = Operands::in_cache);
BinaryFn binary_function(BinaryOp op, DType dtype, const Isa& isa = best_isa(), Operands operands = Operands::in_cache);
WhereFn where_function(int64_t element_bytes, const Isa& isa = best_isa());  // 1, 2, 4, 8

// out = (x[0] first x[1]) second x[2] of float32, both rounded. fetch: two arrays, each in memory or any of the operands, whose next tile
// is asked for meanwhile; both null: none. out may be an operand of step 1.
enum class PairOp : int32_t { add, subtract, multiply, reverse_subtract };
inline constexpr int kPairOpCount = int(PairOp::reverse_subtract) + 1;
struct PairArgs {
  const void* x[3];
  int64_t step[3];
  const void* fetch[2];
  void* out;
  int64_t n;
};
using PairFn = void (*)(const PairArgs&);
PairFn pair_function(PairOp first, PairOp second, const Isa& isa = best_isa(), Operands operands = Operands::in_cache);
DType unary_result(UnaryOp op, DType dtype);    // boolean (as uint8 0 or 1) for isnan ... and logical_not, else dtype
DType binary_result(BinaryOp op, DType dtype);  // boolean for comparisons and logical operations, else dtype

}  // namespace mlxc::cpu
