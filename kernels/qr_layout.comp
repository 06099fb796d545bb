// Before and after the reflections of a QR factorization: matrices turn between rows and columns, 32 x 32 at a time.
//   prepare: x by columns, each times a power of two that brings its largest element near 1 (exact, and no square leaves float32's range); a workgroup
//            32 columns, which says whether they hold a NaN or an infinity
//   ones:    the identity by columns
//   finish:  rows again: of R, divided by those powers, or of Q; NaN where there was one
// variant prepare: -DPREPARE
// variant ones: -DONES
// variant finish: -DFINISH
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(local_size_x = 32, local_size_y = 8) in;
layout(constant_id = 0) const bool TRIANGLE = false;  // R

const uint kTile = 32;

#ifdef PREPARE
layout(push_constant, scalar) uniform Args {
  uvec2 x, s;
  F32 powers;  // 2^e of each column, which is divided by it
  U32 bad;     // of each workgroup
  uint rows, columns, lead;
  uint strips, all;  // workgroups of a matrix; of the batch
} args;

shared float tile[kTile][kTile + 1];
shared uint most[8][kTile];

void main() {
  const uint id = group_index();
  if (id >= args.all) return;
  const uint item = id / args.strips, column0 = id % args.strips * kTile, i = gl_LocalInvocationID.x, j = gl_LocalInvocationID.y;
  F32 x = row_of(F32, args.x, item, args.rows * args.columns * 4), s = row_of(F32, args.s, item, args.columns * args.lead * 4);
  const uint column = column0 + i;
  uint largest = 0;  // of magnitudes' bits, which are in the order of the magnitudes; NaN last
  if (column < args.columns)
    for (uint row = j; row < args.rows; row += 8) largest = max(largest, floatBitsToUint(x.v[row * args.columns + column]) & 0x7fffffffu);
  most[j][i] = largest;
  barrier();
  [[unroll]] for (uint k = 0; k < 8; ++k) largest = max(largest, most[k][i]);
  const uint exponent = clamp(largest >> 23, 1u, 253u);
  const float down = uintBitsToFloat((254 - exponent) << 23);
  if (j == 0 && column < args.columns) args.powers.v[item * args.columns + column] = uintBitsToFloat(exponent << 23);
  barrier();
  most[j][i] = largest;
  barrier();
  if (gl_LocalInvocationIndex == 0) {
    for (uint k = 0; k < kTile; ++k) largest = max(largest, most[0][k]);
    args.bad.v[id] = uint(largest >= 0x7f800000u);
  }
  for (uint row0 = 0; row0 < args.lead; row0 += kTile) {
    [[unroll]] for (uint k = j; k < kTile; k += 8) {
      const uint row = row0 + k;
      tile[k][i] = row < args.rows && column < args.columns ? x.v[row * args.columns + column] * down : 0;
    }
    barrier();
    [[unroll]] for (uint k = j; k < kTile; k += 8)
      if (column0 + k < args.columns && row0 + i < args.lead) s.v[(column0 + k) * args.lead + row0 + i] = tile[i][k];
    barrier();
  }
}
#endif

#ifdef ONES
layout(push_constant, scalar) uniform Args {
  F32 s;
  uint columns, lead;
  uint tiles, all;  // of a column, in 256; of the batch
} args;

void main() {
  const uint id = group_index(), row = id % args.tiles * 256 + gl_LocalInvocationIndex;
  if (id >= args.all || row >= args.lead) return;
  const uint column = id / args.tiles % args.columns;
  row_of(F32, args.s, id / args.tiles, args.lead * 4).v[row] = row == column ? 1 : 0;
}
#endif

#ifdef FINISH
layout(push_constant, scalar) uniform Args {
  uvec2 s, out_;
  F32 powers;
  U32 bad;
  uint rows, columns, lead;  // of the result
  uint s_bytes, s_columns;   // from matrix to matrix; that it has
  uint strips;               // words of `bad` of a matrix
  uint tiles_x, tiles, all;  // along a row; of a matrix; of the batch
} args;

shared float tile[kTile][kTile + 1];
shared uint any_bad;

void main() {
  const uint id = group_index();
  if (id >= args.all) return;
  const uint item = id / args.tiles, at = id % args.tiles, i = gl_LocalInvocationID.x, j = gl_LocalInvocationID.y;
  const uint row0 = at / args.tiles_x * kTile, column0 = at % args.tiles_x * kTile;
  F32 s = row_of(F32, args.s, item, args.s_bytes), out_ = row_of(F32, args.out_, item, args.rows * args.columns * 4);
  if (gl_LocalInvocationIndex == 0) any_bad = 0;
  barrier();
  for (uint k = gl_LocalInvocationIndex; k < args.strips; k += 256)
    if (args.bad.v[item * args.strips + k] != 0) any_bad = 1;
  [[unroll]] for (uint k = j; k < kTile; k += 8) {
    const uint row = row0 + i, column = column0 + k;
    const bool there = row < args.rows && column < args.columns && (!TRIANGLE || row <= column);
    float v = there ? s.v[column * args.lead + row] : 0;
    if (TRIANGLE && there) v *= args.powers.v[item * args.s_columns + column];
    tile[k][i] = v;
  }
  barrier();
  [[unroll]] for (uint k = j; k < kTile; k += 8) {
    const uint row = row0 + k, column = column0 + i;
    if (row < args.rows && column < args.columns) out_.v[row * args.columns + column] = any_bad != 0 ? uintBitsToFloat(0x7fc00000u) : tile[i][k];
  }
}
#endif
