// Linear layers of up to 64 tokens on tensor cores: y = x W^T with W streamed once as the A operand and x^T as B, 16-bit in, float32 sums.
//
// No shared memory and no matrix loads on the way in: 16-byte pieces of W and x go straight into the elements of the fragments. Lane 4 g + t
// of a 16x16x16 product holds rows g and g + 8 of A and columns g and g + 8 of B (kernels/linear_probe.comp reads it back at start-up). A sum
// over k allows any order of k, the same in W and x: the 8 values of one piece at 8 t serve as that lane's elements of two steps of 16.
// The subgroups of a workgroup split k; their sums meet in shared memory.
#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_shuffle : require
#include "coopmat.glsl"
#include "linear.glsl"

// rewrite coopmat
//
// BLOCKS of 8 tokens, TILES of 16 rows a subgroup (gated: 2, one of each weight), DEPTH steps of 32 k at a time,
// AHEAD 1: the next pieces of W and x are on their way meanwhile, 2: those of W.
// variant f16_b1_t1_d4: -DF16_ -DBLOCKS=1 -DTILES=1 -DDEPTH=4 -DAHEAD=1
// variant f16_b1_t1_d1: -DF16_ -DBLOCKS=1 -DTILES=1 -DDEPTH=1 -DAHEAD=1
// variant f16_b1_t2_d2: -DF16_ -DBLOCKS=1 -DTILES=2 -DDEPTH=2 -DAHEAD=1
// variant f16_b1_t2_d1: -DF16_ -DBLOCKS=1 -DTILES=2 -DDEPTH=1 -DAHEAD=1
// variant f16_b2_t1_d4: -DF16_ -DBLOCKS=2 -DTILES=1 -DDEPTH=4 -DAHEAD=1
// variant f16_b2_t1_d1: -DF16_ -DBLOCKS=2 -DTILES=1 -DDEPTH=1 -DAHEAD=1
// variant f16_b2_t2_d2: -DF16_ -DBLOCKS=2 -DTILES=2 -DDEPTH=2 -DAHEAD=1
// variant f16_b2_t2_d1: -DF16_ -DBLOCKS=2 -DTILES=2 -DDEPTH=1 -DAHEAD=1
// variant f16_b4_t1_d1: -DF16_ -DBLOCKS=4 -DTILES=1 -DDEPTH=1 -DAHEAD=2
// variant f16_b4_t2_d2: -DF16_ -DBLOCKS=4 -DTILES=2 -DDEPTH=2 -DAHEAD=2
// variant f16_b8_t2_d2: -DF16_ -DBLOCKS=8 -DTILES=2 -DDEPTH=2 -DAHEAD=2
// variant bf16_b1_t1_d4: -DBF16_ -DBLOCKS=1 -DTILES=1 -DDEPTH=4 -DAHEAD=1
// variant bf16_b1_t1_d1: -DBF16_ -DBLOCKS=1 -DTILES=1 -DDEPTH=1 -DAHEAD=1
// variant bf16_b1_t2_d2: -DBF16_ -DBLOCKS=1 -DTILES=2 -DDEPTH=2 -DAHEAD=1
// variant bf16_b1_t2_d1: -DBF16_ -DBLOCKS=1 -DTILES=2 -DDEPTH=1 -DAHEAD=1
// variant bf16_b2_t1_d4: -DBF16_ -DBLOCKS=2 -DTILES=1 -DDEPTH=4 -DAHEAD=1
// variant bf16_b2_t1_d1: -DBF16_ -DBLOCKS=2 -DTILES=1 -DDEPTH=1 -DAHEAD=1
// variant bf16_b2_t2_d2: -DBF16_ -DBLOCKS=2 -DTILES=2 -DDEPTH=2 -DAHEAD=1
// variant bf16_b2_t2_d1: -DBF16_ -DBLOCKS=2 -DTILES=2 -DDEPTH=1 -DAHEAD=1
// variant bf16_b4_t1_d1: -DBF16_ -DBLOCKS=4 -DTILES=1 -DDEPTH=1 -DAHEAD=2
// variant bf16_b4_t2_d2: -DBF16_ -DBLOCKS=4 -DTILES=2 -DDEPTH=2 -DAHEAD=2
// variant bf16_b8_t2_d2: -DBF16_ -DBLOCKS=8 -DTILES=2 -DDEPTH=2 -DAHEAD=2

#ifdef BF16_
#define MatA Bf16MatA(16, 16)
#define MatB Bf16MatB(16, 16)
#else
#define MatA F16MatA(16, 16)
#define MatB F16MatB(16, 16)
#endif
#define MatSum F32MatSum(16, 16)
#define PAIRS ((BLOCKS + 1) / 2)  // fragments of 16 tokens

layout(local_size_x_id = 1) in;
layout(constant_id = 1) const uint SIZE = 256;         // 32 * SIDE * SPLIT
layout(constant_id = 2) const uint SPLIT = 8;          // subgroups along k
layout(constant_id = 3) const uint SIDE = 1;           // subgroups along the rows
layout(constant_id = 4) const uint FRAGMENTS = 1;      // x comes in the order of the fragments (linear_pack), else as rows
layout(constant_id = 5) const uint RAGGED = 0;         // k is no multiple of 32 * DEPTH
layout(constant_id = 6) const uint GROUPS = 4;         // TAKES: of squares, a multiple of 4
const uint ROWS = 16 * TILES * SIDE;                   // of a workgroup, of both weights
const uint EACH = GATED ? ROWS / 2 : ROWS;
const uint OUTPUTS = (EACH * 16 + SIZE - 1) / SIZE;    // of 16 tokens, that a lane finishes

shared float partial[SPLIT * ROWS * 16];
shared float scales[TAKES ? 8 * BLOCKS : 1];

#ifdef BF16_
const uint kKind = kBf16;
#else
const uint kKind = kF16;
#endif

// 1 / rms of every token, from what the product before left. All loads are on their way before the first is waited for.
const uint SUMMING = SIZE / (8 * BLOCKS) > 32 ? 32 : SIZE / (8 * BLOCKS);  // lanes that share a token
const uint PIECES_EACH = (GROUPS / 4 + SUMMING - 1) / SUMMING;
void find_scales() {
  const uint token = gl_LocalInvocationIndex / SUMMING, lane = gl_LocalInvocationIndex % SUMMING;
  vec4 pieces[PIECES_EACH];
  [[unroll]] for (uint i = 0; i < PIECES_EACH; i++) {
    const uint at = lane + i * SUMMING;
    pieces[i] = token < args.tokens && at < GROUPS / 4 ? F32x4(args.norm).v[token * (GROUPS / 4) + at] : vec4(0);
  }
  vec4 four = vec4(0);
  [[unroll]] for (uint i = 0; i < PIECES_EACH; i++) four += pieces[i];
  float sum = four.x + four.y + four.z + four.w;
  [[unroll]] for (uint mask = SUMMING / 2; mask >= 1; mask /= 2) sum += subgroupShuffleXor(sum, mask);
  if (lane == 0 && token < 8 * BLOCKS) scales[token] = inversesqrt(sum / float(args.k) + args.eps);
}

// The output of a token's row for the normalised product after this one. EACH lanes side by side hold the rows of one token.
void give(uint token, uint row, uint first, float value, float norm, bool there) {
  float square = value * value;
  [[unroll]] for (uint mask = EACH / 2; mask >= 1; mask /= 2) square += subgroupShuffleXor(square, mask);
  if (!there) return;
  store_in_fragments(args.y[1], BLOCKS, token, row, value * (norm + args.norm_offset), kKind);
  if (row == first) F32(args.y[2]).v[token * blocks_of(0, EACH) + first / EACH] = square;
}

#define LOAD_W(w, at) \
  [[unroll]] for (uint u = 0; u < DEPTH; u++) [[unroll]] for (uint i = 0; i < 2 * TILES; i++) { \
    const uint c_ = (at) + 4 * u; \
    w[u][i] = RAGGED == 0 || c_ + t < pieces ? U32x4(tiles[i / 2]).v[w_rows[i] + c_] : uvec4(0); }

#define LOAD_X(x, at) \
  [[unroll]] for (uint u = 0; u < DEPTH; u++) [[unroll]] for (uint i = 0; i < BLOCKS; i++) { \
    const uint c_ = (at) + 4 * u; \
    if (FRAGMENTS != 0) x[u][i] = xs.v[(c_ / 4 * BLOCKS + i) * 32 + lane]; \
    else x[u][i] = RAGGED == 0 || c_ + t < pieces ? xs.v[x_rows[i] + c_] : uvec4(0); }

#if BLOCKS == 1
#define SET_UPPER(m, x, u, p, s) SET(m, 4, 0u) SET(m, 6, 0u)
#else
#define SET_UPPER(m, x, u, p, s) SET(m, 4, x[u][2 * (p) + 1][s]) SET(m, 6, x[u][2 * (p) + 1][(s) + 1])
#endif

#define MULTIPLY(w, x) \
  [[unroll]] for (uint u = 0; u < DEPTH; u++) [[unroll]] for (uint s = 0; s < 4; s += 2) { \
    MatA a[TILES]; \
    [[unroll]] for (uint r = 0; r < TILES; r++) { \
      SET(a[r], 0, w[u][2 * r][s]) SET(a[r], 2, w[u][2 * r][s + 1]) SET(a[r], 4, w[u][2 * r + 1][s]) SET(a[r], 6, w[u][2 * r + 1][s + 1]) } \
    [[unroll]] for (uint p = 0; p < PAIRS; p++) { \
      MatB b; \
      SET(b, 0, x[u][2 * p][s]) SET(b, 2, x[u][2 * p][s + 1]) \
      SET_UPPER(b, x, u, p, s) \
      [[unroll]] for (uint r = 0; r < TILES; r++) sums[r][p] = coopMatMulAddNV(a[r], b, sums[r][p]); } }

void main() {
  uint which, first;
  if (!locate(group_index(), EACH, which, first)) return;
  const uint lane = gl_SubgroupInvocationID, g = lane / 4, t = lane % 4;
  const uint side = gl_SubgroupID / SPLIT, part = gl_SubgroupID % SPLIT;
  const uint last = args.n[which] - 1, pieces = args.k / 8;

  // Rows past the end repeat the last one: their sums are not stored.
  uvec2 tiles[TILES];
  uint w_rows[2 * TILES];
  [[unroll]] for (uint r = 0; r < TILES; r++) {
    const uint weight = GATED ? r : which, start = GATED ? first + side * 16 : first + (side * TILES + r) * 16;
    const uint row0 = min(start, last);
    tiles[r] = address_of(args.weight[weight], row0, args.k * 2);
    w_rows[2 * r] = (min(start + g, last) - row0) * pieces + t;
    w_rows[2 * r + 1] = (min(start + g + 8, last) - row0) * pieces + t;
  }
  U32x4 xs = U32x4(args.x);
  uint x_rows[BLOCKS];
  [[unroll]] for (uint i = 0; i < BLOCKS; i++) x_rows[i] = min(g + 8 * i, args.tokens - 1) * (args.x_stride / 8) + t;

  MatSum sums[TILES][PAIRS];
  [[unroll]] for (uint r = 0; r < TILES; r++)
    [[unroll]] for (uint p = 0; p < PAIRS; p++) sums[r][p] = MatSum(0);

  const uint turn = DEPTH * 4, end = (pieces + turn - 1) / turn * turn, step = SPLIT * turn, final = end - turn;
  uvec4 w0[DEPTH][2 * TILES], w1[DEPTH][2 * TILES], x0[DEPTH][BLOCKS];
  uint c = part * turn;
  LOAD_W(w0, min(c, final))
#if AHEAD == 1
  uvec4 x1[DEPTH][BLOCKS];
  LOAD_X(x0, min(c, final))
#endif
  // While the first pieces are on their way: what the end needs beside the sums.
  if (TAKES) find_scales();
  float residuals[PAIRS][OUTPUTS], norms[OUTPUTS];
  [[unroll]] for (uint o = 0; o < OUTPUTS; o++) {
    const uint i = gl_LocalInvocationIndex + o * SIZE, row = first + i % EACH;
    const bool there = i < EACH * 16 && row <= last;
    norms[o] = GIVES && there ? load_as(args.weight[1], row, NORM_KIND) : 0;
    [[unroll]] for (uint p = 0; p < PAIRS; p++) {
      const uint token = p * 16 + i / EACH;
      residuals[p][o] = there && token < args.tokens ? residual_of(which, token, row) : 0;
    }
  }
  for (; c < end; c += 2 * step) {
#if AHEAD == 1
    LOAD_W(w1, min(c + step, final))
    LOAD_X(x1, min(c + step, final))
    MULTIPLY(w0, x0)
    if (c + step >= end) break;
    LOAD_W(w0, min(c + 2 * step, final))
    LOAD_X(x0, min(c + 2 * step, final))
    MULTIPLY(w1, x1)
#else
    LOAD_X(x0, c)
    LOAD_W(w1, min(c + step, final))
    MULTIPLY(w0, x0)
    if (c + step >= end) break;
    LOAD_X(x0, c + step)
    LOAD_W(w0, min(c + 2 * step, final))
    MULTIPLY(w1, x0)
#endif
  }

  [[unroll]] for (uint p = 0; p < PAIRS; p++) {
    if (p > 0) barrier();
    [[unroll]] for (uint r = 0; r < TILES; r++)
      coopMatStoreNV(sums[r][p], partial, part * ROWS * 16 + (side * TILES + r) * 16, ROWS, true);
    barrier();
    [[unroll]] for (uint o = 0; o < OUTPUTS; o++) {
      const uint i = gl_LocalInvocationIndex + o * SIZE, row = i % EACH, token = i / EACH;
      if (i >= EACH * 16) break;
      // Gated: the tiles of a subgroup are 16 rows of one weight, then the same of the other.
      const uint at = token * ROWS + (GATED ? row / 16 * 32 + row % 16 : row);
      float sum = 0, other = 0;
      [[unroll]] for (uint j = 0; j < SPLIT; j++) {
        sum += partial[j * ROWS * 16 + at];
        if (GATED) other += partial[j * ROWS * 16 + at + 16];
      }
      const bool there = p * 16 + token < args.tokens && first + row <= last;
      float value = 0;
      if (there) {
        if (TAKES) {
          sum *= scales[p * 16 + token];
          other *= scales[p * 16 + token];
        }
        value = finish(which, p * 16 + token, first + row, sum, other, residuals[p][o]);
      }
      if (GIVES) give(p * 16 + token, first + row, first, value, norms[o], there);
    }
  }
}
