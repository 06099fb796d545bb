// c = a b, or c -= a b, in float32, perhaps with a bias, an activation and dropout behind it, in tiles (matmul_tile.glsl). Which way operands lie is
// a specialisation constant.
// variant t128: -DTILE=128 -DTM=8 -DTN=8 -DTEAM=256 -DDEPTH=8 -DSLICES=1
// variant t64: -DTILE=64 -DTM=8 -DTN=4 -DTEAM=128 -DDEPTH=16 -DSLICES=1
// variant t32: -DTILE=32 -DTM=4 -DTN=4 -DTEAM=64 -DDEPTH=8 -DSLICES=4
#version 460
#extension GL_GOOGLE_include_directive : require
#include "matmul.glsl"
#include "product_end.glsl"

layout(constant_id = 0) const uint AXES = 0;           // of the batch
layout(constant_id = 1) const bool A_ALONG_K = true;   // four neighbours along k, or along m
layout(constant_id = 2) const bool B_ALONG_K = false;  // along k, or along n
layout(constant_id = 3) const bool A_WIDE = true;      // they lie side by side at multiples of four elements
layout(constant_id = 4) const bool B_WIDE = true;
layout(constant_id = 5) const bool EDGES = true;       // m, n or k are not multiples of the tile; never with tiles of 128
layout(constant_id = 6) const bool SUBTRACT = false;   // c -= a b
layout(constant_id = 7) const bool UPPER = false;      // only tiles that touch the upper triangle

#define BLOCKS 1
#include "matmul_tile.glsl"

Place place;
bool wide_a, wide_b;
uint row0, column0;

// Four elements of an operand: `across` counts along m or n, `down` along k.
vec4 load_four(uvec2 base, uint first, bool wide, bool along_k, uint across, uint down, uint limit_across, uint stride_across, uint stride_down) {
  const uint at = first + across * stride_across + down * stride_down, step = along_k ? stride_down : stride_across;
  const uint left = along_k ? args.k - down : limit_across - across;  // elements before the edge
  if (EDGES && (across >= limit_across || down >= args.k)) return vec4(0.0);
  if (wide && (!EDGES || left >= 4u)) return F32x4(base).v[at / 4];
  vec4 v = vec4(0.0);
  v.x = F32(base).v[at];
  if (!EDGES || left > 1u) v.y = F32(base).v[at + step];
  if (!EDGES || left > 2u) v.z = F32(base).v[at + 2 * step];
  if (!EDGES || left > 3u) v.w = F32(base).v[at + 3 * step];
  return v;
}

Block load_block(uvec2 base, uint first, bool wide, bool along_k, uint across, uint down, uint limit, uint stride_across, uint stride_down) {
  Block block;
  [[unroll]] for (uint i = 0; i < 4; ++i)
    block.at[i] = load_four(base, first, wide, along_k, across + (along_k ? i : 0u), down + (along_k ? 0u : i), limit, stride_across, stride_down);
  if (along_k) {
    const mat4 turned = transpose(mat4(block.at[0], block.at[1], block.at[2], block.at[3]));
    [[unroll]] for (uint i = 0; i < 4; ++i) block.at[i] = turned[i];
  }
  return block;
}
Block bring_a(Worker w, uint k) {
  return load_block(place.a, args.a_first, wide_a, A_ALONG_K, row0 + w.across, k, args.m, args.a_row, args.a_col);
}
Block bring_b(Worker w, uint k) {
  return load_block(place.b, args.b_first, wide_b, B_ALONG_K, column0 + w.across, k, args.n, args.b_col, args.b_row);
}

void main() {
  uint id = group_index();
  if (id >= args.tiles) return;
  const uint c_first = args.c_first + id / (args.tiles_m * args.tiles_n) * args.c_matrix;
  place = place_of(id, AXES);
  row0 = place.row * TILE;
  column0 = place.column * TILE;
  if (UPPER && row0 > column0) return;
  wide_a = A_WIDE && (place.a.x & 15u) == 0u;
  wide_b = B_WIDE && (place.b.x & 15u) == 0u;
  const Worker w = worker();

  // `continue` in the loops over results keeps spirv-opt from unrolling them. The driver does, and NVIDIA's takes 126 registers then instead of 135:
  // two workgroups of a 128 tile on a multiprocessor instead of one. With EDGES it would not, hence no such tiles there.
  const bool wide_c = args.c_row % 4 == 0 && (place.c.x & 15u) == 0u;
  [[unroll]] for (uint i = 0; i < TM; ++i) {
    const uint row = row0 + tile_row(w, i);
    [[unroll]] for (uint j = 0; j < kVectorsN; ++j) {
      acc[i][j] = vec4(0.0);
      if (!SUBTRACT || w.slice > 0 || (EDGES && row >= args.m)) continue;
      const uint column = column0 + tile_column(w, j), at = row * args.c_row + column;
      if (wide_c && (!EDGES || column + 4 <= args.n)) {
        acc[i][j] = F32x4(place.c).v[at / 4];
      } else {
        [[unroll]] for (uint e = 0; e < 4; ++e)
          if (!EDGES || column + e < args.n) acc[i][j][e] = F32(place.c).v[at + e];
      }
    }
  }
  multiply(w, 0, args.k);
  join_slices(w);
  if (ENDS && ENDS_SHORT) {
    // All that is read comes before the first store, behind which the loads would wait.
    const bool wide_residual = RESIDUAL && args.c_row % 4 == 0 && c_first % 4 == 0 && (uvec2(args.low).x & 15u) == 0u;
    [[unroll]] for (uint j = 0; j < kVectorsN; ++j) {
      const uint column = column0 + tile_column(w, j);
      vec4 bias = vec4(0.0);
      [[unroll]] for (uint e = 0; e < 4; ++e)
        if (BIAS && (!EDGES || column + e < args.n)) bias[e] = args.bias.v[column + e];
      [[unroll]] for (uint i = 0; i < kMine; ++i) {
        const uint row = row0 + joined_row(w, i), at = c_first + row * args.c_row + column;
        vec4 residual = vec4(0.0);
        if (RESIDUAL && (!EDGES || row < args.m)) {
          if (wide_residual && (!EDGES || column + 4 <= args.n)) {
            residual = F32x4(uvec2(args.low)).v[at / 4];
          } else {
            [[unroll]] for (uint e = 0; e < 4; ++e)
              if (!EDGES || column + e < args.n) residual[e] = F32(uvec2(args.low)).v[at + e];
          }
        }
        [[unroll]] for (uint e = 0; e < 4; ++e) acc[i][j][e] = short_end(acc[i][j][e], bias[e], residual[e]);
      }
    }
  }

  [[unroll]] for (uint i = 0; i < kMine; ++i) {
    const uint row = row0 + joined_row(w, i);
    if (EDGES && row >= args.m) continue;
    [[unroll]] for (uint j = 0; j < kVectorsN; ++j) {
      const uint column = column0 + tile_column(w, j), at = row * args.c_row + column;
      if (wide_c && (!EDGES || column + 4 <= args.n)) {
        F32x4(place.c).v[at / 4] = acc[i][j];
      } else {
        [[unroll]] for (uint e = 0; e < 4; ++e)
          if (!EDGES || column + e < args.n) F32(place.c).v[at + e] = acc[i][j][e];
      }
    }
  }
  if (!ENDS || ENDS_SHORT) return;
  // From memory once more, which is near: a short loop instead of as many copies of what it does as there are results.
  [[dont_unroll]] for (uint q = 0; q < kMine * kVectorsN; ++q) {
    const uint row = row0 + joined_row(w, q / kVectorsN);
    const uint column = column0 + tile_column(w, q % kVectorsN), at = row * args.c_row + column, count = column < args.n ? min(args.n - column, 4) : 0;
    if (row >= args.m) break;
    float values[4];
    [[unroll]] for (uint e = 0; e < 4; ++e)
      if (e < count) values[e] = F32(place.c).v[at + e];
    [[dont_unroll]] for (uint e = 0; e < count; ++e) F32(place.c).v[at + e] = ended(values[e], column + e, c_first + at + e);
  }
}
