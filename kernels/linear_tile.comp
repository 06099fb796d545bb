// Linear layers of many tokens without tensor cores: a tile of the outputs a workgroup, float32 throughout, 16 KiB of shared memory at most.
// Gated: the first half of a tile's columns is of the first weight, the second half of the other, so both sums of an output meet in one thread.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "linear.glsl"

// variant f32: -DWEIGHT=0
// variant f16: -DWEIGHT=1
// variant bf16: -DWEIGHT=2

layout(local_size_x_id = 1) in;
layout(constant_id = 1) const uint SIZE = 256;
layout(constant_id = 2) const uint TOKENS = 128;  // of a tile
layout(constant_id = 3) const uint COLUMNS = 128;
layout(constant_id = 4) const uint MY_TOKENS = 8;  // of a thread: 4 or 8, in two halves
layout(constant_id = 5) const uint MY_COLUMNS = 8;
layout(constant_id = 6) const uint SLICES = 1;  // teams of threads that share out k: few tiles would wait for one load after the other
const uint kDepth = 16, kStep = kDepth * SLICES;  // of k at a time: of a team, of all
const uint TEAM = SIZE / SLICES;
const uint ACROSS = COLUMNS / MY_COLUMNS, HALF_T = MY_TOKENS / 2, HALF_C = MY_COLUMNS / 2;
const uint EACH = GATED ? COLUMNS / 2 : COLUMNS;  // columns of one weight
const uint X_LOADS = (TOKENS * 4 + TEAM - 1) / TEAM, W_LOADS = (COLUMNS * 4 + TEAM - 1) / TEAM;

shared float xs[kStep * TOKENS], ws[kStep * COLUMNS];  // [k][token], [k][column]

vec4 load_x(uvec2 row, uint at) {
  if (ALIGNED) return at < args.k ? F32x4(row).v[at / 4] : vec4(0);
  vec4 v = vec4(0);
  [[unroll]] for (uint i = 0; i < 4; i++)
    if (at + i < args.k) v[i] = F32(row).v[at + i];
  return v;
}

#if WEIGHT == 0
const uint kWeightBytes = 4;
vec4 load_weight(uvec2 row, uint at) { return load_x(row, at); }
#else
const uint kWeightBytes = 2;
vec4 load_weight(uvec2 row, uint at) {
  if (ALIGNED) {
    const uvec2 w = at < args.k ? U32x2(row).v[at / 4] : uvec2(0);
#if WEIGHT == 1
    return vec4(unpackHalf2x16(w.x), unpackHalf2x16(w.y));
#else
    return vec4(bf16_low(w.x), bf16_high(w.x), bf16_low(w.y), bf16_high(w.y));
#endif
  }
  vec4 v = vec4(0);
  [[unroll]] for (uint i = 0; i < 4; i++)
    if (at + i < args.k) v[i] = load_as(row, at + i, WEIGHT);
  return v;
}
#endif

void main() {
  // Tiles that share weights are neighbours.
  const uint down = (args.tokens + TOKENS - 1) / TOKENS, tile = group_index(), token0 = tile % down * TOKENS;
  uint which, first;
  if (!locate(tile / down, EACH, which, first)) return;
  const uint last = args.n[which] - 1, id = gl_LocalInvocationIndex % TEAM, slice = gl_LocalInvocationIndex / TEAM;

  // A thread brings pieces of four along k: piece p is row p % TOKENS, k 4 * (p / TOKENS).
  uvec2 x_rows[X_LOADS], w_rows[W_LOADS];
  [[unroll]] for (uint l = 0; l < X_LOADS; l++)
    x_rows[l] = address_of(args.x, min(token0 + (id + l * TEAM) % TOKENS, args.tokens - 1), args.x_stride * 4);
  [[unroll]] for (uint l = 0; l < W_LOADS; l++) {
    const uint column = (id + l * TEAM) % COLUMNS;
    w_rows[l] = address_of(args.weight[GATED ? column / EACH : which], min(first + column % EACH, last), args.k * kWeightBytes);
  }

  float sums[MY_TOKENS][MY_COLUMNS];
  [[unroll]] for (uint i = 0; i < MY_TOKENS; i++)
    [[unroll]] for (uint j = 0; j < MY_COLUMNS; j++) sums[i][j] = 0;
  const uint tx = id % ACROSS, ty = id / ACROSS, mine = slice * kDepth;  // of the steps of k

  vec4 x_next[X_LOADS], w_next[W_LOADS];
  [[unroll]] for (uint l = 0; l < X_LOADS; l++) x_next[l] = load_x(x_rows[l], mine + (id + l * TEAM) / TOKENS * 4);
  [[unroll]] for (uint l = 0; l < W_LOADS; l++) w_next[l] = load_weight(w_rows[l], mine + (id + l * TEAM) / COLUMNS * 4);

  for (uint k0 = 0; k0 < args.k; k0 += kStep) {
    barrier();
    [[unroll]] for (uint l = 0; l < X_LOADS; l++) {
      const uint p = id + l * TEAM;
      if (p < TOKENS * 4) {
        [[unroll]] for (uint i = 0; i < 4; i++) xs[(mine + p / TOKENS * 4 + i) * TOKENS + p % TOKENS] = x_next[l][i];
      }
    }
    [[unroll]] for (uint l = 0; l < W_LOADS; l++) {
      const uint p = id + l * TEAM;
      if (p < COLUMNS * 4) {
        [[unroll]] for (uint i = 0; i < 4; i++) ws[(mine + p / COLUMNS * 4 + i) * COLUMNS + p % COLUMNS] = w_next[l][i];
      }
    }
    barrier();
    if (k0 + kStep < args.k) {
      [[unroll]] for (uint l = 0; l < X_LOADS; l++) x_next[l] = load_x(x_rows[l], k0 + kStep + mine + (id + l * TEAM) / TOKENS * 4);
      [[unroll]] for (uint l = 0; l < W_LOADS; l++) w_next[l] = load_weight(w_rows[l], k0 + kStep + mine + (id + l * TEAM) / COLUMNS * 4);
    }
    for (uint k = 0; k < kDepth; k++) {
      float a[MY_TOKENS], b[MY_COLUMNS];
      [[unroll]] for (uint i = 0; i < HALF_T; i++) {
        a[i] = xs[(mine + k) * TOKENS + ty * HALF_T + i];
        a[HALF_T + i] = xs[(mine + k) * TOKENS + TOKENS / 2 + ty * HALF_T + i];
      }
      [[unroll]] for (uint j = 0; j < HALF_C; j++) {
        b[j] = ws[(mine + k) * COLUMNS + tx * HALF_C + j];
        b[HALF_C + j] = ws[(mine + k) * COLUMNS + COLUMNS / 2 + tx * HALF_C + j];
      }
      [[unroll]] for (uint i = 0; i < MY_TOKENS; i++)
        [[unroll]] for (uint j = 0; j < MY_COLUMNS; j++) sums[i][j] = fma(a[i], b[j], sums[i][j]);
    }
  }

  [[unroll]] for (uint half_ = SLICES / 2; half_ > 0; half_ /= 2) {
    barrier();
    if (slice >= half_ && slice < 2 * half_)
      [[unroll]] for (uint i = 0; i < MY_TOKENS; i++)
        [[unroll]] for (uint j = 0; j < MY_COLUMNS; j++) xs[(((slice - half_) * MY_TOKENS + i) * MY_COLUMNS + j) * TEAM + id] = sums[i][j];
    barrier();
    if (slice < half_)
      [[unroll]] for (uint i = 0; i < MY_TOKENS; i++)
        [[unroll]] for (uint j = 0; j < MY_COLUMNS; j++) sums[i][j] += xs[((slice * MY_TOKENS + i) * MY_COLUMNS + j) * TEAM + id];
  }
  if (slice > 0) return;

  [[unroll]] for (uint i = 0; i < MY_TOKENS; i++) {
    const uint token = token0 + i / HALF_T * (TOKENS / 2) + ty * HALF_T + i % HALF_T;
    [[unroll]] for (uint j = 0; j < (GATED ? HALF_C : MY_COLUMNS); j++) {
      const uint row = first + j / HALF_C * (COLUMNS / 2) + tx * HALF_C + j % HALF_C;
      if (token < args.tokens && row <= last) finish(which, token, row, sums[i][j], GATED ? sums[i][j + HALF_C] : 0.0, residual_of(which, token, row));
    }
  }
}
