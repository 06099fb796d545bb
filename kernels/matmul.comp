// c = a b, or c -= a b, in float32, perhaps with a bias, an activation and dropout behind it: TILE x TILE results a workgroup, TM x TN a thread, DEPTH
// steps of k at a time through two halves of shared memory (16 KiB at
// most). A thread brings a block of 4 x 4 elements at a time; which way they lie is a specialisation constant.
// Small products wait for one load after the other: SLICES teams of threads take DEPTH steps each of the same tile, and add up what they found.
// variant t128: -DTILE=128 -DTM=8 -DTN=8 -DTEAM=256 -DDEPTH=8 -DSLICES=1
// variant t64: -DTILE=64 -DTM=8 -DTN=4 -DTEAM=128 -DDEPTH=16 -DSLICES=1
// variant t32: -DTILE=32 -DTM=4 -DTN=4 -DTEAM=64 -DDEPTH=8 -DSLICES=4
#version 460
#extension GL_GOOGLE_include_directive : require
#include "matmul.glsl"
#include "product_end.glsl"

const uint kThreads = TEAM * SLICES, kStep = DEPTH * SLICES;  // of a workgroup; along k
layout(local_size_x = kThreads) in;
layout(constant_id = 0) const uint AXES = 0;           // of the batch
layout(constant_id = 1) const bool A_ALONG_K = true;   // four neighbours along k, or along m
layout(constant_id = 2) const bool B_ALONG_K = false;  // along k, or along n
layout(constant_id = 3) const bool A_WIDE = true;      // they lie side by side at multiples of four elements
layout(constant_id = 4) const bool B_WIDE = true;
layout(constant_id = 5) const bool EDGES = true;       // m, n or k are not multiples of the tile
layout(constant_id = 6) const bool SUBTRACT = false;   // c -= a b
layout(constant_id = 7) const bool UPPER = false;      // only tiles that touch the upper triangle

const uint kVectorsM = TM / 4, kVectorsN = TN / 4, kAcross = TILE / TN, kDown = TILE / TM, kQuads = TILE / 4;
const uint kBlocks = kQuads * (DEPTH / 4);  // of 4 x 4 elements in a tile of one operand
// Only whole vectors are stored: what a compiler makes of a store to component i of a shared vector is not to be relied on.
shared vec4 held[2 * 2 * kStep * kQuads];
#define HELD(half_, operand, k) (((half_) * 2 + (operand)) * kStep + (k)) * kQuads

const uint kMine = TM / SLICES;  // rows that a thread stores
uint tile_row(uint ty, uint i) { return (ty + i / 4 * kDown) * 4 + i % 4; }

// Four elements of an operand: `across` counts along m or n, `down` along k.
vec4 load_four(uvec2 base, uint first, bool wide, bool along_k, uint across, uint down, uint limit_across, uint stride_across, uint stride_down) {
  uint at = first + across * stride_across + down * stride_down;
  uint step = along_k ? stride_down : stride_across;
  uint left = along_k ? args.k - down : limit_across - across;  // elements before the edge
  if (EDGES && (across >= limit_across || down >= args.k)) return vec4(0.0);
  if (wide && (!EDGES || left >= 4u)) return F32x4(base).v[at / 4];
  vec4 v = vec4(0.0);
  v.x = F32(base).v[at];
  if (!EDGES || left > 1u) v.y = F32(base).v[at + step];
  if (!EDGES || left > 2u) v.z = F32(base).v[at + 2 * step];
  if (!EDGES || left > 3u) v.w = F32(base).v[at + 3 * step];
  return v;
}

void main() {
  uint id = group_index();
  if (id >= args.tiles) return;
  const uint c_first = args.c_first + id / (args.tiles_m * args.tiles_n) * args.c_matrix;
  Place place = place_of(id, AXES);
  const uint me = gl_LocalInvocationIndex % TEAM, slice = gl_LocalInvocationIndex / TEAM, tx = me % kAcross, ty = me / kAcross;
  const uint row0 = place.row * TILE, column0 = place.column * TILE;
  if (UPPER && row0 > column0) return;
  bool wide_a = A_WIDE && (place.a.x & 15u) == 0u, wide_b = B_WIDE && (place.b.x & 15u) == 0u;
  // The first threads bring a block of a each, the next ones a block of b: where it lies in the tile.
  const bool brings_a = me < kBlocks, brings_b = !brings_a && me < 2 * kBlocks, along_k = brings_a ? A_ALONG_K : B_ALONG_K;
  const uint mine = brings_a ? me : me - kBlocks;
  const uint across = (along_k ? mine / (DEPTH / 4) : mine % kQuads) * 4, down = (along_k ? mine % (DEPTH / 4) : mine / kQuads) * 4 + slice * DEPTH;

  const bool wide_c = args.c_row % 4 == 0 && (place.c.x & 15u) == 0u;
  vec4 acc[TM][kVectorsN];
  [[unroll]] for (uint i = 0; i < TM; ++i) {
    const uint row = row0 + tile_row(ty, i);
    [[unroll]] for (uint j = 0; j < kVectorsN; ++j) {
      acc[i][j] = vec4(0.0);
      if (!SUBTRACT || slice > 0 || (EDGES && row >= args.m)) continue;
      const uint column = column0 + (tx + j * kAcross) * 4, at = row * args.c_row + column;
      if (wide_c && (!EDGES || column + 4 <= args.n)) {
        acc[i][j] = F32x4(place.c).v[at / 4];
      } else {
        [[unroll]] for (uint e = 0; e < 4; ++e)
          if (!EDGES || column + e < args.n) acc[i][j][e] = F32(place.c).v[at + e];
      }
    }
  }

  vec4 next[4];
#define LOAD_BLOCK(base, first, wide, along, at_across, at_down, limit, stride_across, stride_down)                                           \
  {                                                                                                                                           \
    [[unroll]] for (uint i = 0; i < 4; ++i)                                                                                                   \
      next[i] = load_four(base, first, wide, along, (at_across) + (along ? i : 0u), (at_down) + (along ? 0u : i), limit, stride_across, stride_down); \
    if (along) {                                                                                                                              \
      mat4 turned = transpose(mat4(next[0], next[1], next[2], next[3]));                                                                      \
      [[unroll]] for (uint i = 0; i < 4; ++i) next[i] = turned[i];                                                                            \
    }                                                                                                                                         \
  }
#define FETCH(k0)                                                                                                                             \
  {                                                                                                                                           \
    if (brings_a) LOAD_BLOCK(place.a, args.a_first, wide_a, A_ALONG_K, row0 + across, (k0) + down, args.m, args.a_row, args.a_col)            \
    else if (brings_b) LOAD_BLOCK(place.b, args.b_first, wide_b, B_ALONG_K, column0 + across, (k0) + down, args.n, args.b_col, args.b_row)    \
  }
#define PUT(half_)                                                                                                                            \
  {                                                                                                                                           \
    if (brings_a) [[unroll]] for (uint i = 0; i < 4; ++i) held[HELD(half_, 0, down + i) + across / 4] = next[i];                                    \
    else if (brings_b) [[unroll]] for (uint i = 0; i < 4; ++i) held[HELD(half_, 1, down + i) + across / 4] = next[i];                               \
  }

  FETCH(0u)
  PUT(0)
  barrier();
  uint half_ = 0;
  for (uint k0 = 0; k0 < args.k; k0 += kStep) {
    bool more = k0 + kStep < args.k;
    if (more) FETCH(k0 + kStep)
    [[unroll]] for (uint k = 0; k < DEPTH; ++k) {
      vec4 x[kVectorsM], y[kVectorsN];
      [[unroll]] for (uint j = 0; j < kVectorsM; ++j) x[j] = held[HELD(half_, 0, slice * DEPTH + k) + ty + j * kDown];
      [[unroll]] for (uint j = 0; j < kVectorsN; ++j) y[j] = held[HELD(half_, 1, slice * DEPTH + k) + tx + j * kAcross];
      [[unroll]] for (uint i = 0; i < TM; ++i) [[unroll]] for (uint j = 0; j < kVectorsN; ++j) acc[i][j] = fma(vec4(SUBTRACT ? -x[i / 4][i % 4] : x[i / 4][i % 4]), y[j], acc[i][j]);
    }
    if (more) PUT(half_ ^ 1)
    barrier();
    half_ ^= 1;
  }

  // Of its rows a thread stores those of its slice.
  const uint first = slice * kMine;
#if SLICES > 1
  [[unroll]] for (uint i = 0; i < TM; ++i)
    [[unroll]] for (uint j = 0; j < kVectorsN; ++j) held[((slice * TM + i) * kVectorsN + j) * TEAM + me] = acc[i][j];
  barrier();
  [[unroll]] for (uint i = 0; i < kMine; ++i)
    [[unroll]] for (uint j = 0; j < kVectorsN; ++j) {
      acc[i][j] = held[((first + i) * kVectorsN + j) * TEAM + me];
      [[unroll]] for (uint other = 1; other < SLICES; ++other) acc[i][j] += held[((other * TM + first + i) * kVectorsN + j) * TEAM + me];
    }
#endif
  [[unroll]] for (uint i = 0; i < kMine; ++i) {
    uint row = row0 + tile_row(ty, first + i);
    if (EDGES && row >= args.m) continue;
    [[unroll]] for (uint j = 0; j < kVectorsN; ++j) {
      uint column = column0 + (tx + j * kAcross) * 4, at = row * args.c_row + column;
      if (wide_c && (!EDGES || column + 4 <= args.n)) {
        F32x4(place.c).v[at / 4] = acc[i][j];
      } else {
        [[unroll]] for (uint e = 0; e < 4; ++e)
          if (!EDGES || column + e < args.n) F32(place.c).v[at + e] = acc[i][j][e];
      }
    }
  }
  if (!ENDS) return;
  // From memory once more, which is near: a short loop instead of as many copies of what it does as there are results.
  [[dont_unroll]] for (uint q = 0; q < kMine * kVectorsN; ++q) {
    const uint row = row0 + tile_row(ty, first + q / kVectorsN);
    const uint column = column0 + (tx + q % kVectorsN * kAcross) * 4, at = row * args.c_row + column;
    if (row >= args.m) break;
    [[dont_unroll]] for (uint e = 0; e < 4 && column + e < args.n; ++e)
      F32(place.c).v[at + e] = ended(F32(place.c).v[at + e], column + e, c_first + at + e);
  }
}
