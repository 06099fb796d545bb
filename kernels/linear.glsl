// What the kernels of linear layers share: arguments, values of any float type, and what becomes of a finished sum.
// The host's side is backend/vulkan/lower_linear.cpp.
#ifndef MLXC_LINEAR_GLSL
#define MLXC_LINEAR_GLSL

#include "common.glsl"

REFERENCE(U32x2, uvec2, 8);

// The form of a linear layer, in one constant: nothing of it costs a branch at run time.
layout(constant_id = 0) const uint FORM = 0;
const uint kF32 = 0, kF16 = 1, kBf16 = 2;  // kinds of floats
const bool ALIGNED = (FORM & 1) != 0;      // rows of x and of the weights are whole 16-byte pieces
const bool WIDE = (FORM & 2) != 0;         // so are rows of the outputs, of the residual and of float32 pieces of four
const bool NORM = (FORM & 4) != 0;         // x goes through rms_norm on the way
const bool RESIDUAL = (FORM & 8) != 0;
const bool BIAS = (FORM & 16) != 0;
const uint GATE = (FORM >> 5) & 7;         // 1 silu, 2 gelu_tanh, 3 gelu_erf, 4 relu
const bool GATED = GATE != 0;
const uint X_KIND = (FORM >> 8) & 3, Y_KIND = (FORM >> 10) & 3, NORM_KIND = (FORM >> 12) & 3, BIAS_KINDS = (FORM >> 14) & 63;
const uint Y_BLOCKS = (1 << ((FORM >> 20) & 7)) / 2;  // > 0: y in the order of linear_skinny's fragments for so many blocks of 8 tokens
// Between a product and the normalised product of its output: the first leaves its output times the norm's weight, in 16 bits and fragment
// order, and the sums of squares of its rows; the second multiplies what it computes from them by 1 / rms.
const bool GIVES = (FORM & (1 << 23)) != 0, TAKES = (FORM & (1 << 24)) != 0;

const uint ACTIVATION = (FORM >> 25) & 7;  // of GATE's kinds, behind the bias of the only output
const bool DROP = (FORM & (1 << 28)) != 0;  // dropout behind that

#ifndef LINEAR_NO_ARGUMENTS
#include "philox.glsl"

// Up to three weights in one dispatch; n is 0 for those that are not there. GIVES: weight[1] is the norm's, y[1] gets the values and y[2] the
// squares [token][group of rows]. TAKES: norm are the squares. DROP: weight[1] and weight[2] are the key's halves, y[1] the probability and the scale.
layout(push_constant, scalar) uniform Args {
  uvec2 x, norm, residual;
  uvec2 weight[3], bias[3], y[3];
  uint tokens, k, n[3], x_stride;
  float eps, norm_offset;
} args;
#endif

float load_as(uvec2 address, uint index, uint kind) {
  if (kind == kF32) return F32(address).v[index];
  const uint bits = uint(U16(address).v[index]);
  return kind == kF16 ? unpackHalf2x16(bits).x : uintBitsToFloat(bits << 16);
}

uint to_bits(float value, uint kind) { return kind == kF16 ? packHalf2x16(vec2(value, 0)) : to_bf16(value); }
uint to_bits(vec2 value, uint kind) { return kind == kF16 ? packHalf2x16(value) : pack_bf16(value); }

void store_as(uvec2 address, uint index, float value, uint kind) {
  if (kind == kF32) F32(address).v[index] = value;
  else U16(address).v[index] = uint16_t(to_bits(value, kind));
}
void store_as(uvec2 address, uint index, vec4 value, uint kind) {  // index counts pieces of four
  if (kind == kF32) F32x4(address).v[index] = value;
  else U32x2(address).v[index] = uvec2(to_bits(value.xy, kind), to_bits(value.zw, kind));
}

void store_in_fragments(uvec2 address, uint blocks, uint token, uint row, float value, uint kind) {
  store_as(address, fragment_piece(blocks, token, row / 8) * 8 + row % 8, value, kind);
}

#ifndef LINEAR_NO_ARGUMENTS
// erfc(z) with a relative error below 2e-7 (W. J. Cody's problem, the rational-exponential fit of Numerical Recipes, section 6.2).
float erfc_(float z) {
  const float a = abs(z), t = 1.0 / (1.0 + 0.5 * a);
  const float p = -1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418 + t * (-0.18628806 +
                  t * (0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277))))))));
  const float r = t * exp(-a * a + p);
  return z >= 0 ? r : 2.0 - r;
}

float activate(uint kind, float x) {
  if (kind == 1) return x / (1.0 + exp(-x));
  if (kind == 2) return x / (1.0 + exp(-1.5957691216057308 * (x + 0.044715 * x * x * x)));
  if (kind == 3) return 0.5 * x * erfc_(-0.7071067811865476 * x);
  return max(x, 0.0);
}

// What stands behind the sum and bias of an only output; NaN stays, and minus infinity has a limit.
float ended(uint token, uint row, float x) {
  if (ACTIVATION > 0 && (floatBitsToUint(x) & 0x7fffffffu) <= 0x7f800000u) x = activate(ACTIVATION, max(x, -1e4));
  if (DROP) {
    const float unit = philox_unit(U32(args.weight[1]).v[0], U32(args.weight[2]).v[0], token * args.n[0] + row);
    x = unit >= F32(args.y[1]).v[0] ? x * F32(args.y[1]).v[1] : 0;
  }
  return x;
}

uint bias_kind(uint which) { return (BIAS_KINDS >> (2 * which)) & 3; }
uint y_bytes(uint which) { return args.n[which] * (Y_KIND == kF32 ? 4 : 2); }

// What finish adds, to be asked for long before.
float residual_of(uint which, uint token, uint row) {
  return RESIDUAL ? F32(address_of(args.residual, token, args.n[which] * 4)).v[row] : 0;
}

// Sum `row` of a token becomes its output, which is returned; gated: `sum` of the first weight with `other` of the second.
float finish(uint which, uint token, uint row, float sum, float other, float residual) {
  if (BIAS) {
    sum += load_as(args.bias[which], row, bias_kind(which));
    if (GATED) other += load_as(args.bias[1], row, bias_kind(1));
  }
  if (GATED) sum = activate(GATE, sum) * other;
  if (ACTIVATION > 0 || DROP) sum = ended(token, row, sum);
  if (RESIDUAL) sum += residual;
  if (Y_BLOCKS > 0) store_in_fragments(args.y[which], Y_BLOCKS, token, row, sum, Y_KIND);
  else store_as(address_of(args.y[which], token, y_bytes(which)), row, sum, Y_KIND);
  return sum;
}

// Of four neighbours.
vec4 residual_at(uint which, uint token, uint row) {
  return RESIDUAL && WIDE && row < args.n[which] ? F32x4(address_of(args.residual, token, args.n[which] * 4)).v[row / 4] : vec4(0);
}

// Four neighbours at once; row is a multiple of 4, and those past the end are left out.
void finish(uint which, uint token, uint row, vec4 sum, vec4 other, vec4 residual) {
  if (!WIDE) {
    [[unroll]] for (uint i = 0; i < 4; i++)
      if (row + i < args.n[which]) finish(which, token, row + i, sum[i], other[i], residual_of(which, token, row + i));
    return;
  }
  if (row >= args.n[which]) return;
  if (BIAS) {
    [[unroll]] for (uint i = 0; i < 4; i++) {
      sum[i] += load_as(args.bias[which], row + i, bias_kind(which));
      if (GATED) other[i] += load_as(args.bias[1], row + i, bias_kind(1));
    }
  }
  if (GATED) {
    [[unroll]] for (uint i = 0; i < 4; i++) sum[i] = activate(GATE, sum[i]) * other[i];
  }
  if (ACTIVATION > 0 || DROP) {
    [[unroll]] for (uint i = 0; i < 4; i++) sum[i] = ended(token, row + i, sum[i]);
  }
  store_as(address_of(args.y[which], token, y_bytes(which)), row / 4, sum + residual, Y_KIND);
}

// How many blocks of so many rows the weights have together.
uint blocks_of(uint which, uint rows) { return (args.n[which] + rows - 1) / rows; }
uint blocks(uint rows) { return GATED ? blocks_of(0, rows) : blocks_of(0, rows) + blocks_of(1, rows) + blocks_of(2, rows); }

// The weight and the first of its rows that a block stands for; false past the last block. Gated: the same rows of both weights.
bool locate(uint block, uint rows, out uint which, out uint first) {
  which = 0;
  if (!GATED && block >= blocks_of(0, rows)) {
    block -= blocks_of(0, rows);
    which = 1;
    if (block >= blocks_of(1, rows)) {
      block -= blocks_of(1, rows);
      which = 2;
    }
  }
  first = block * rows;
  return block < blocks_of(which, rows);
}
#endif

#endif
