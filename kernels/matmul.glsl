// What the matrix products share: arguments, where a batch's matrices lie, the order of tiles.
#ifndef MLXC_MATMUL_GLSL
#define MLXC_MATMUL_GLSL

#include "common.glsl"
#include "strided.glsl"

layout(push_constant, scalar) uniform Args {
  uvec2 a;
  uvec2 b;
  uvec2 c;
  F32 bias;       // of what stands behind the product: product_end.glsl
  U32 low, high;
  U32 table;  // innermost batch axis first: length, multiplier, shift, then bytes between matrices of a, b and c, 64 bits each
  uint m, n, k;
  uint a_row, a_col, b_row, b_col, c_row;  // elements
  uint tiles_m, tiles_n, tiles;            // tiles: of the whole batch
  uint a_first, b_first;                   // elements from the lowest of a matrix to its first
  uint c_first, c_matrix;                  // which element of the whole result is the first; elements of a matrix of it
  float probability, scale;
} args;

// address + index * stride, whose halves are (low, high); strides may be negative.
uvec2 advance(uvec2 address, uint index, uint low, uint high) {
  uint top, bottom, carry;
  umulExtended(index, low, top, bottom);
  bottom = uaddCarry(address.x, bottom, carry);
  return uvec2(bottom, address.y + top + index * high + carry);
}

struct Place {
  uvec2 a, b, c;
  uint row, column;  // of the tile, in tiles
};

// Tiles in bands of 8 rows: neighbours in time share rows of a and columns of b in the cache.
Place place_of(uint id, uint axes) {
  uint in_matrix = args.tiles_m * args.tiles_n, rest = id / in_matrix;
  id -= rest * in_matrix;
  Place p = Place(args.a, args.b, args.c, 0u, 0u);
  for (uint i = 0; i < axes; ++i) {
    uint q = fast_divide(rest, args.table.v[9 * i + 1], args.table.v[9 * i + 2]), at = rest - q * args.table.v[9 * i];
    p.a = advance(p.a, at, args.table.v[9 * i + 3], args.table.v[9 * i + 4]);
    p.b = advance(p.b, at, args.table.v[9 * i + 5], args.table.v[9 * i + 6]);
    p.c = advance(p.c, at, args.table.v[9 * i + 7], args.table.v[9 * i + 8]);
    rest = q;
  }
  uint band = id / (8 * args.tiles_n), first = band * 8, rows = min(args.tiles_m - first, 8u);
  id -= band * 8 * args.tiles_n;
  p.row = first + id % rows;
  p.column = id / rows;
  return p;
}

#endif
