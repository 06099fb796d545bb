// Turns tiles of two axes through shared memory, so that both reading and writing go along cache lines. Other axes are a batch.
// variant b2: -DITEM=uint16_t -DVALUE=uint -DREF=U16
// variant b4: -DITEM=uint -DVALUE=uint -DREF=U32
// variant b8: -DITEM=uvec2 -DVALUE=uvec2 -DREF=U32x2
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "strided.glsl"

REFERENCE(U32x2, uvec2, 8);
layout(local_size_x = 32, local_size_y = 8) in;
layout(constant_id = 0) const uint AXES = 0;  // of the batch

layout(push_constant, scalar) uniform Args {
  uvec2 from;
  uvec2 to;
  U32 table;         // innermost batch axis first: length, multiplier, shift, stride in `from`, in `to`
  uint columns;      // the output's last axis; jumps in the input
  uint rows;         // the other axis; stride 1 in the input
  uint from_stride;  // of columns
  uint to_stride;    // of rows
  uint across, down, tiles;
  uint from_first;
} args;

const uint kTile = 32;
shared VALUE tile[kTile][kTile + 1];  // one more: columns of a tile fall into different banks

void main() {
  uint id = group_index();
  if (id >= args.tiles) return;
  uint column0 = id % args.across * kTile, rest = id / args.across;
  uint row0 = rest % args.down * kTile;
  rest /= args.down;
  uint from = args.from_first, to = 0;
  for (uint i = 0; i < AXES; ++i) {
    uint q = fast_divide(rest, args.table.v[5 * i + 1], args.table.v[5 * i + 2]), at = rest - q * args.table.v[5 * i];
    from += at * args.table.v[5 * i + 3];
    to += at * args.table.v[5 * i + 4];
    rest = q;
  }
  uint x = gl_LocalInvocationID.x, y = gl_LocalInvocationID.y;
  VALUE held[4];
  [[unroll]] for (uint i = 0; i < 4; ++i) {
    uint row = row0 + x, column = column0 + y + 8 * i;
    held[i] = VALUE(0);
    if (row < args.rows && column < args.columns) held[i] = VALUE(REF(args.from).v[from + row + column * args.from_stride]);
  }
  [[unroll]] for (uint i = 0; i < 4; ++i) tile[y + 8 * i][x] = held[i];
  barrier();
  [[unroll]] for (uint i = 0; i < 4; ++i) {
    uint row = row0 + y + 8 * i, column = column0 + x;
    if (row < args.rows && column < args.columns) REF(args.to).v[to + row * args.to_stride + column] = ITEM(tile[x][y + 8 * i]);
  }
}
