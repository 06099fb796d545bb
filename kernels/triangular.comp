// One block of a triangular solve: 64 rows of x at most, in place, a column a thread. Seen from the row that is known first: distances may run
// backwards, so upper and transposed triangles are lower ones here.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "substitution.glsl"

layout(local_size_x = 64) in;
layout(constant_id = 0) const bool UNIT = false;
layout(constant_id = 1) const bool ALONG_ROWS = true;  // of t: which neighbours lie side by side

layout(push_constant, scalar) uniform Args {
  uvec2 t, x, verdict;            // from the lowest element of the block and of the rows
  uint size, columns;             // of the block; of x
  uint t_first, t_row, t_column;  // elements, modulo 2^32
  uint x_first, x_row;
  uint t_bytes, x_bytes;          // from matrix to matrix
  uint groups, all;               // workgroups of a matrix; of the batch
  uint index, step_;              // of the first element of the diagonal, and to the next
} args;

void main() {
  const uint id = group_index(), me = gl_LocalInvocationIndex;
  if (id >= args.all) return;
  const uint item = id / args.groups, group = id % args.groups;
  F32 t = row_of(F32, args.t, item, args.t_bytes), x = row_of(F32, args.x, item, args.x_bytes);

  for (uint i = me; i < kBlock * kQuads; i += 64) {
    const uint column = ALONG_ROWS ? i % kBlock : i / kQuads, quad = ALONG_ROWS ? i / kBlock : i % kQuads;
    vec4 v = vec4(0);
    [[unroll]] for (uint r = 0; r < 4; ++r) {
      const uint row = 4 * quad + r;
      if (row == column && (UNIT || row >= args.size)) v[r] = 1;
      else if (row >= column && row < args.size) v[r] = t.v[args.t_first + row * args.t_row + column * args.t_column];
    }
    TRIANGLE(column, quad) = v;
  }
  barrier();
  if (!UNIT && group == 0 && me < args.size && TRIANGLE(me, me / 4)[me % 4] == 0) report(U32(args.verdict), args.index + me * args.step_);

  const uint column = group * 64 + me;
  if (column >= args.columns) return;
  const uint first = args.x_first + column;
  vec4 rows[kQuads];
  [[unroll]] for (uint i = 0; i < kBlock; ++i) rows[i / 4][i % 4] = i < args.size ? x.v[first + i * args.x_row] : 0;
#define SOLVED(quad, b, z, d)             \
  [[unroll]] for (uint r = 0; r < 4; ++r) \
    if (4 * (quad) + r < args.size) x.v[first + (4 * (quad) + r) * args.x_row] = z[r];
  SUBSTITUTE(rows, SOLVED)
}
