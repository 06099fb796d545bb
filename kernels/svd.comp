// Around the Jacobi iteration of a singular value decomposition (jacobi.comp), whose matrix is R^T of a QR factorization:
//   load:   the columns of R^T as its blocks, times a power of two that brings the largest element near 1; below them an identity, and a row that marks
//           the columns past the last
//   order:  singular values, descending, and whose they are
//   gather: singular vectors of R^T in that order, by columns
//   write:  vectors by columns to a result
// A scale that is NaN says that the matrix is not finite: everything becomes NaN.
// variant load: -DLOAD
// variant order: -DORDER
// variant gather: -DGATHER
// variant write: -DWRITE
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

const uint kNan = 0x7fc00000u;
bool is_nan(float x) { return (floatBitsToUint(x) & 0x7fffffffu) > 0x7f800000u; }

#ifdef LOAD
layout(local_size_x = 256) in;
layout(push_constant, scalar) uniform Args {
  uvec2 s, x;       // R by columns, each divided by its power
  F32 powers, scale;  // scale: the power of two that was taken out
  U32 bad, busy;
  uint n, lead, s_bytes, strips;
  uint blocks, height;
  uint chunks, all;  // workgroups of a matrix; of the batch
} args;

shared float most[256];
shared uint any_bad;

void main() {
  const uint id = group_index(), me = gl_LocalInvocationIndex, n = args.n;
  if (id >= args.all) return;
  const uint item = id / args.chunks;
  if (me == 0) any_bad = 0;
  float value = 0;
  for (uint i = me; i < n; i += 256) value = max(value, args.powers.v[item * n + i]);
  most[me] = value;
  barrier();
  for (uint i = me; i < args.strips; i += 256)
    if (args.bad.v[item * args.strips + i] != 0) any_bad = 1;
  for (uint half_ = 128; half_ > 0; half_ /= 2) {
    if (me < half_) most[me] = max(most[me], most[me + half_]);
    barrier();
  }
  const float scale = most[0];
  const bool bad = any_bad != 0;
  if (id % args.chunks == 0 && me == 0) {
    args.scale.v[item] = bad ? uintBitsToFloat(kNan) : scale;
    args.busy.v[item] = 1;
  }
  const uint at = id % args.chunks * 256 + me, quad = at / args.height, row = at % args.height;
  if (quad >= args.blocks * 4) return;
  F32 s = row_of(F32, args.s, item, args.s_bytes);
  vec4 v = vec4(0);
  [[unroll]] for (uint e = 0; e < 4; ++e) {
    const uint column = quad * 4 + e;
    if (row < n) {
      if (column <= row && !bad) v[e] = s.v[row * args.lead + column] * (args.powers.v[item * n + row] / scale);
    } else {
      v[e] = float(row < 2 * n ? column == row - n : column >= n);
    }
  }
  row_of(F32x4, args.x, item * args.blocks, 4 * args.height * 16).v[at] = v;
}
#endif

#ifdef ORDER
// The lengths of what became of the identity's columns say how much rounding has stretched the turned ones: their squares are divided out.
layout(local_size_x = 256) in;
layout(push_constant, scalar) uniform Args {
  uvec2 x;
  F32 norms, stretch;  // squares, of columns of x and of the identity
  F32 scale, values;
  U32 order;
  uint n, blocks, height;
  uint groups, all;  // workgroups of a matrix; of the batch
} args;

shared float keys[256];

float key(F32x4 x, uint item, uint column) {
  if (column >= args.blocks * 16) return -1;
  const float norm = args.norms.v[item * args.blocks * 16 + column], stretch = args.stretch.v[item * args.blocks * 16 + column];
  if (x.v[column / 4 * args.height + 2 * args.n][column % 4] > 0.5) return -1;  // no column of the matrix
  return sqrt(norm / stretch);
}

void main() {
  const uint id = group_index(), me = gl_LocalInvocationIndex;
  if (id >= args.all) return;
  const uint item = id / args.groups, column = id % args.groups * 256 + me;
  F32x4 x = row_of(F32x4, args.x, item * args.blocks, 4 * args.height * 16);
  const float mine = key(x, item, column);
  uint place = 0;
  for (uint first = 0; first < args.blocks * 16; first += 256) {
    barrier();
    keys[me] = key(x, item, first + me);
    barrier();
    for (uint i = 0; i < 256; ++i)
      if (keys[i] > mine || (keys[i] == mine && first + i < column)) ++place;
  }
  if (mine < 0 || column >= args.blocks * 16) return;
  args.values.v[item * args.n + place] = mine * args.scale.v[item];
  args.order.v[item * args.n + place] = column;
}
#endif

#ifdef GATHER
layout(local_size_x = 256) in;
layout(push_constant, scalar) uniform Args {
  uvec2 x;
  F32 norms, stretch;
  F32 scale;
  U32 order;
  uvec2 u, v;
  uint n, lead, blocks, height;
  uint chunks, all;  // workgroups of a column; of the batch
} args;

void main() {
  const uint id = group_index(), row = id % args.chunks * 256 + gl_LocalInvocationIndex;
  if (id >= args.all || row >= args.lead) return;
  const uint at = id / args.chunks, item = at / args.n, column = args.order.v[at], n = args.n;
  F32 x = row_of(F32, args.x, item * args.blocks, 4 * args.height * 16);
  const uint from = column / 4 * args.height, e = column % 4;
  const float norm = args.norms.v[item * args.blocks * 16 + column], stretch = args.stretch.v[item * args.blocks * 16 + column];
  float u = 0, v = 0;
  if (row < n) {
    // Without a length it has no direction: the factorization to come finds one.
    if (norm > 1e-36) u = x.v[(from + row) * 4 + e] / sqrt(norm);
    v = x.v[(from + n + row) * 4 + e] / sqrt(stretch);
    if (is_nan(args.scale.v[item])) v = uintBitsToFloat(kNan);
  }
  row_of(F32, args.u, at, args.lead * 4).v[row] = u;
  row_of(F32, args.v, at, args.lead * 4).v[row] = v;
}
#endif

#ifdef WRITE
layout(local_size_x = 32, local_size_y = 8) in;
layout(constant_id = 0) const bool SIGNS = false;       // columns get the sign of R's diagonal
layout(constant_id = 1) const bool TRANSPOSED = false;  // columns become rows
layout(push_constant, scalar) uniform Args {
  uvec2 q, r, out_;
  F32 scale;
  uint lead, q_bytes, r_bytes;
  uint rows, columns, first;    // columns from the first on; rows and columns of q that go there
  uint width;                   // of a row of the result
  uint out_first, out_bytes;    // where the first element goes; from result to result
  uint tiles_x, tiles, all;     // tiles of 32 x 32 along the columns; of a matrix; of the batch
} args;

const uint kTile = 32;
shared float tile[kTile][kTile + 1];

void main() {
  const uint id = group_index();
  if (id >= args.all) return;
  const uint item = id / args.tiles, at = id % args.tiles, i = gl_LocalInvocationID.x, j = gl_LocalInvocationID.y;
  const uint column0 = at % args.tiles_x * kTile, row0 = at / args.tiles_x * kTile;
  F32 q = row_of(F32, args.q, item, args.q_bytes), r = row_of(F32, args.r, item, args.r_bytes);
  F32 out_ = row_of(F32, args.out_, item, args.out_bytes);
  const bool bad = is_nan(args.scale.v[item]);
  [[unroll]] for (uint k = j; k < kTile; k += 8) {
    const uint row = row0 + i, column = column0 + k;
    float v = 0;
    if (row < args.rows && column < args.columns) {
      v = q.v[(args.first + column) * args.lead + row];
      if (SIGNS && r.v[column * args.lead + column] < 0) v = -v;
      if (bad) v = uintBitsToFloat(kNan);
      if (TRANSPOSED) out_.v[args.out_first + column * args.width + row] = v;
    }
    tile[k][i] = v;
  }
  if (TRANSPOSED) return;
  barrier();
  [[unroll]] for (uint k = j; k < kTile; k += 8) {
    const uint row = row0 + k, column = column0 + i;
    if (row < args.rows && column < args.columns) out_.v[args.out_first + row * args.width + column] = tile[i][k];
  }
}
#endif
