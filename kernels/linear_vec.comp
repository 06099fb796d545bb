// Linear layers of a few tokens: every weight is read once and multiplied in float32, with rms_norm, gate, bias and residual in the same dispatch.
// A workgroup takes ROWS rows (gated: half of them of each weight), its lanes run along k in pieces of 8; x comes through the cache.
#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_shuffle : require
#include "linear.glsl"

// variant f32: -DWEIGHT=0
// variant f16: -DWEIGHT=1
// variant bf16: -DWEIGHT=2

layout(local_size_x_id = 1) in;
layout(constant_id = 1) const uint SIZE = 256;
layout(constant_id = 2) const uint ROWS = 2;       // a power of two
layout(constant_id = 3) const uint COLUMNS = 1;    // a power of two, at least the tokens
layout(constant_id = 4) const uint DEPTH = 2;      // pieces of a row in flight
layout(constant_id = 5) const uint SUBGROUPS = 8;  // at least those of a workgroup
layout(constant_id = 6) const uint EXCHANGE = 1;   // 0: sums over lanes one by one, much less code where exchanges are written out
const uint HELD = ROWS * COLUMNS;
const uint EACH = GATED ? ROWS / 2 : ROWS;  // rows of one weight

shared float partial[HELD * SUBGROUPS];
shared float partial_squares[NORM ? COLUMNS * SUBGROUPS : 1];

#if WEIGHT == 0
struct Piece {
  vec4 low, high;
};
Piece no_piece() { return Piece(vec4(0), vec4(0)); }
float[8] widen(Piece p) { return float[8](p.low.x, p.low.y, p.low.z, p.low.w, p.high.x, p.high.y, p.high.z, p.high.w); }
Piece load_piece(uvec2 row, uint c) {
  if (ALIGNED) return Piece(F32x4(row).v[2 * c], F32x4(row).v[2 * c + 1]);
  Piece p = no_piece();
  [[unroll]] for (uint i = 0; i < 4; i++) {
    if (8 * c + i < args.k) p.low[i] = F32(row).v[8 * c + i];
    if (8 * c + 4 + i < args.k) p.high[i] = F32(row).v[8 * c + 4 + i];
  }
  return p;
}
const uint kWeightBytes = 4;
#else
#define Piece uvec4
Piece no_piece() { return uvec4(0); }
#if WEIGHT == 1
vec2 both(uint pair) { return unpackHalf2x16(pair); }
#else
vec2 both(uint pair) { return vec2(bf16_low(pair), bf16_high(pair)); }
#endif
float[8] widen(Piece p) {
  const vec2 a = both(p.x), b = both(p.y), c = both(p.z), d = both(p.w);
  return float[8](a.x, a.y, b.x, b.y, c.x, c.y, d.x, d.y);
}
Piece load_piece(uvec2 row, uint c) {
  if (ALIGNED) return U32x4(row).v[c];
  Piece p = uvec4(0);
  [[unroll]] for (uint i = 0; i < 8; i++)
    if (8 * c + i < args.k) p[i / 2] |= uint(U16(row).v[8 * c + i]) << (16 * (i % 2));
  return p;
}
const uint kWeightBytes = 2;
#endif

float[8] load_x(uvec2 row, uint c) {
  if (ALIGNED) {
    const vec4 a = F32x4(row).v[2 * c], b = F32x4(row).v[2 * c + 1];
    return float[8](a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w);
  }
  float x[8];
  [[unroll]] for (uint i = 0; i < 8; i++) x[i] = 8 * c + i < args.k ? F32(row).v[8 * c + i] : 0.0;
  return x;
}

float[8] load_norm(uint c) {
  float g[8];
  if (ALIGNED && NORM_KIND == kF32) {
    const vec4 a = F32x4(args.norm).v[2 * c], b = F32x4(args.norm).v[2 * c + 1];
    g = float[8](a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w);
  } else if (ALIGNED) {
    const uvec4 w = U32x4(args.norm).v[c];
    [[unroll]] for (uint i = 0; i < 4; i++) {
      const vec2 pair = NORM_KIND == kF16 ? unpackHalf2x16(w[i]) : vec2(bf16_low(w[i]), bf16_high(w[i]));
      g[2 * i] = pair.x;
      g[2 * i + 1] = pair.y;
    }
  } else {
    [[unroll]] for (uint i = 0; i < 8; i++) g[i] = 8 * c + i < args.k ? load_as(args.norm, 8 * c + i, NORM_KIND) : 0.0;
  }
  [[unroll]] for (uint i = 0; i < 8; i++) g[i] += args.norm_offset;
  return g;
}

void main() {
  uint which, first;
  if (!locate(group_index(), EACH, which, first)) return;
  const uint last = args.n[which] - 1, pieces = (args.k + 7) / 8;

  uvec2 rows[ROWS], columns[COLUMNS];
  [[unroll]] for (uint r = 0; r < ROWS; r++)
    rows[r] = address_of(args.weight[GATED ? r / EACH : which], min(first + r % EACH, last), args.k * kWeightBytes);
  [[unroll]] for (uint b = 0; b < COLUMNS; b++) columns[b] = address_of(args.x, min(b, args.tokens - 1), args.x_stride * 4);

  float sums[HELD], squares[COLUMNS];
  [[unroll]] for (uint i = 0; i < HELD; i++) sums[i] = 0;
  [[unroll]] for (uint b = 0; b < COLUMNS; b++) squares[b] = 0;

  for (uint c = gl_LocalInvocationIndex; c < pieces; c += SIZE * DEPTH) {
    Piece raw[DEPTH][ROWS];
    [[unroll]] for (uint u = 0; u < DEPTH; u++) {
      [[unroll]] for (uint r = 0; r < ROWS; r++) {
        if (c + u * SIZE < pieces) raw[u][r] = load_piece(rows[r], c + u * SIZE);
        else raw[u][r] = no_piece();
      }
    }
    [[unroll]] for (uint u = 0; u < DEPTH; u++) {
      const bool there = c + u * SIZE < pieces;
      const uint at = min(c + u * SIZE, pieces - 1);
      float w[ROWS][8], g[8];
      [[unroll]] for (uint r = 0; r < ROWS; r++) {
        const float[8] wide = widen(raw[u][r]);
        [[unroll]] for (uint i = 0; i < 8; i++) w[r][i] = wide[i];
      }
      if (NORM) g = load_norm(at);
      [[unroll]] for (uint b = 0; b < COLUMNS; b++) {
        float x[8] = load_x(columns[b], at);
        if (NORM) {
          float square = 0;
          [[unroll]] for (uint i = 0; i < 8; i++) {
            square = fma(x[i], x[i], square);
            x[i] *= g[i];
          }
          squares[b] += there ? square : 0.0;
        }
        [[unroll]] for (uint i = 0; i < 8; i++)
          [[unroll]] for (uint r = 0; r < ROWS; r++) sums[r * COLUMNS + b] = fma(w[r][i], x[i], sums[r * COLUMNS + b]);
      }
    }
  }

  const uint lane = gl_SubgroupInvocationID;
  if (EXCHANGE == 0) {
    [[unroll]] for (uint i = 0; i < HELD; i++) {
      const float sum = subgroupAdd(sums[i]);
      if (lane == 0) partial[gl_SubgroupID * HELD + i] = sum;
    }
  } else {
    // Each step halves the values that a lane holds, so HELD - 1 exchanges do while there are enough lanes.
    uint mask = gl_SubgroupSize / 2;
    [[unroll]] for (uint half_ = HELD / 2; half_ >= 1; half_ /= 2) {
      if (mask >= 1) {
        const bool upper = (lane & mask) != 0;
        [[unroll]] for (uint i = 0; i < half_; i++) {
          const float sent = upper ? sums[i] : sums[i + half_], kept = upper ? sums[i + half_] : sums[i];
          sums[i] = kept + subgroupShuffleXor(sent, mask);
        }
        mask /= 2;
      }
    }
    for (; mask >= 1; mask /= 2) sums[0] += subgroupShuffleXor(sums[0], mask);
    if (gl_SubgroupSize >= HELD) {
      const uint lanes = gl_SubgroupSize / HELD;
      if (lane % lanes == 0) partial[gl_SubgroupID * HELD + lane / lanes] = sums[0];
    } else {
      const uint held = HELD / gl_SubgroupSize;
      [[unroll]] for (uint i = 0; i < HELD; i++)
        if (i < held) partial[gl_SubgroupID * HELD + lane * held + i] = sums[i];
    }
  }
  if (NORM) {
    [[unroll]] for (uint b = 0; b < COLUMNS; b++) {
      const float square = subgroupAdd(squares[b]);
      if (lane == 0) partial_squares[gl_SubgroupID * COLUMNS + b] = square;
    }
  }
  barrier();

  // Over the subgroups.
  const uint i = gl_LocalInvocationIndex, row = first + i / COLUMNS, token = i % COLUMNS;
  if (i < EACH * COLUMNS && row <= last && token < args.tokens) {
    float sum = 0, other = 0, square = 0;
    for (uint s = 0; s < gl_NumSubgroups; s++) {
      sum += partial[s * HELD + i];
      if (GATED) other += partial[s * HELD + EACH * COLUMNS + i];
      if (NORM) square += partial_squares[s * COLUMNS + token];
    }
    if (NORM) {
      const float scale = inversesqrt(square / float(args.k) + args.eps);
      sum *= scale;
      other *= scale;
    }
    finish(which, token, row, sum, other, residual_of(which, token, row));
  }
}
