// c = a b in float32: TILE x TILE results a workgroup, T x T a thread, DEPTH steps of k at a time through two halves of shared memory (16 KiB at
// most). Each thread brings four elements of a and four of b a time; which way they lie is a specialisation constant.
// variant t128: -DTILE=128 -DT=8 -DTHREADS=256 -DDEPTH=8
// variant t64: -DTILE=64 -DT=4 -DTHREADS=256 -DDEPTH=16
// variant t32: -DTILE=32 -DT=4 -DTHREADS=64 -DDEPTH=8
#version 460
#extension GL_GOOGLE_include_directive : require
#include "matmul.glsl"

layout(local_size_x = THREADS) in;
layout(constant_id = 0) const uint AXES = 0;           // of the batch
layout(constant_id = 1) const bool A_ALONG_K = true;   // four neighbours along k, or along m
layout(constant_id = 2) const bool B_ALONG_K = false;  // along k, or along n
layout(constant_id = 3) const bool A_WIDE = true;      // they lie side by side at multiples of four elements
layout(constant_id = 4) const bool B_WIDE = true;
layout(constant_id = 5) const bool EDGES = true;       // m, n or k are not multiples of the tile

const uint kVectors = T / 4, kAcross = TILE / T, kQuads = TILE / 4;
// Single floats: stores to one component of a vector in shared memory lose those of other threads to its neighbours on some drivers.
shared float shared_a[2][DEPTH][TILE];
shared float shared_b[2][DEPTH][TILE];

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
  Place place = place_of(id, AXES);
  const uint me = gl_LocalInvocationIndex, tx = me % kAcross, ty = me / kAcross;
  const uint row0 = place.row * TILE, column0 = place.column * TILE;
  bool wide_a = A_WIDE && (place.a.x & 15u) == 0u, wide_b = B_WIDE && (place.b.x & 15u) == 0u;
  // Which four elements of a tile are mine.
  uint a_across = A_ALONG_K ? me / (DEPTH / 4) : me % kQuads * 4, a_down = A_ALONG_K ? me % (DEPTH / 4) * 4 : me / kQuads;
  uint b_across = B_ALONG_K ? me / (DEPTH / 4) : me % kQuads * 4, b_down = B_ALONG_K ? me % (DEPTH / 4) * 4 : me / kQuads;

  vec4 acc[T][kVectors];
  [[unroll]] for (uint i = 0; i < T; ++i) [[unroll]] for (uint j = 0; j < kVectors; ++j) acc[i][j] = vec4(0.0);

#define FETCH(k0)                                                                                                  \
  {                                                                                                                \
    next_a = load_four(place.a, args.a_first, wide_a, A_ALONG_K, row0 + a_across, (k0) + a_down, args.m, args.a_row, args.a_col);    \
    next_b = load_four(place.b, args.b_first, wide_b, B_ALONG_K, column0 + b_across, (k0) + b_down, args.n, args.b_col, args.b_row); \
  }
#define PUT(half_)                                                                                                 \
  {                                                                                                                \
    [[unroll]] for (uint i = 0; i < 4; ++i) {                                                                      \
      shared_a[half_][A_ALONG_K ? a_down + i : a_down][A_ALONG_K ? a_across : a_across + i] = next_a[i];           \
      shared_b[half_][B_ALONG_K ? b_down + i : b_down][B_ALONG_K ? b_across : b_across + i] = next_b[i];           \
    }                                                                                                              \
  }

  vec4 next_a, next_b;
  FETCH(0u)
  PUT(0)
  barrier();
  uint half_ = 0;
  for (uint k0 = 0; k0 < args.k; k0 += DEPTH) {
    bool more = k0 + DEPTH < args.k;
    if (more) FETCH(k0 + DEPTH)
    [[unroll]] for (uint k = 0; k < DEPTH; ++k) {
      vec4 x[kVectors], y[kVectors];
      [[unroll]] for (uint j = 0; j < kVectors; ++j) {
        const uint p = (ty + j * kAcross) * 4, q = (tx + j * kAcross) * 4;
        x[j] = vec4(shared_a[half_][k][p], shared_a[half_][k][p + 1], shared_a[half_][k][p + 2], shared_a[half_][k][p + 3]);
        y[j] = vec4(shared_b[half_][k][q], shared_b[half_][k][q + 1], shared_b[half_][k][q + 2], shared_b[half_][k][q + 3]);
      }
      [[unroll]] for (uint i = 0; i < T; ++i) [[unroll]] for (uint j = 0; j < kVectors; ++j) acc[i][j] = fma(vec4(x[i / 4][i % 4]), y[j], acc[i][j]);
    }
    if (more) PUT(half_ ^ 1)
    barrier();
    half_ ^= 1;
  }

  bool wide_c = args.c_row % 4 == 0 && (place.c.x & 15u) == 0u;
  [[unroll]] for (uint i = 0; i < T; ++i) {
    uint row = row0 + (ty + i / 4 * kAcross) * 4 + i % 4;
    if (EDGES && row >= args.m) continue;
    [[unroll]] for (uint j = 0; j < kVectors; ++j) {
      uint column = column0 + (tx + j * kAcross) * 4, at = row * args.c_row + column;
      if (wide_c && (!EDGES || column + 4 <= args.n)) {
        F32x4(place.c).v[at / 4] = acc[i][j];
      } else {
        [[unroll]] for (uint e = 0; e < 4; ++e)
          if (!EDGES || column + e < args.n) F32(place.c).v[at + e] = acc[i][j][e];
      }
    }
  }
}
