// x = L L^T in blocks of 64. Between them lies the upper triangle U = L^T of a padded copy s, whose rows threads read side by side.
//   prepare: s from either triangle of x, with ones on the diagonal past the end; says whether there is a NaN or an infinity anywhere
//   block:   rows of U, 64 at a time: every workgroup factors the block on the diagonal by itself and solves for 256 columns
//   finish:  U or L from s and the blocks; NaN where there was one
// What is left of s after a block is a product (matmul.comp).
// variant prepare: -DPREPARE
// variant block: -DBLOCK
// variant finish: -DFINISH
#version 460
#extension GL_GOOGLE_include_directive : require
#ifdef BLOCK
#include "cholesky.glsl"
layout(local_size_x = 256) in;
#else
#include "common.glsl"
layout(local_size_x = 32, local_size_y = 8) in;
layout(constant_id = 0) const bool UPPER = false;
const uint kTile = 32;
shared float tile[kTile][kTile + 1];
#endif

#ifdef BLOCK
layout(push_constant, scalar) uniform Args {
  uvec2 s, blocks;         // [items, padded, padded]; [items, padded, 64]
  U32 verdict, bad, kept;  // bad: of each matrix, whether it is not finite; kept: a copy for `finish`
  uint padded, first;      // first: of the panel's rows
  uint groups, all;        // workgroups of a matrix; of the batch
} args;

void main() {
  const uint id = group_index(), me = gl_LocalInvocationIndex;
  if (id >= args.all) return;
  const uint item = id / args.groups, group = id % args.groups, n = args.padded;
  const uvec2 base = address_of(address_of(args.s, item, n * n * 4), 1, (args.first * n + args.first) * 4);
  F32 s = F32(base);
  F32x4 s4 = F32x4(base);

  // The columns to solve for come while the block is factored.
  const uint column = kBlock + group * 256 + me;
  const bool mine = args.first + column < n;
  vec4 x[kQuads];
  [[unroll]] for (uint i = 0; i < kBlock; ++i) x[i / 4][i % 4] = mine ? s.v[i * n + column] : 0;

  const uint down = me % kQuads, across = me / kQuads, low = min(down, across), high = max(down, across);
  vec4 a[4];
  [[unroll]] for (uint i = 0; i < 4; ++i) a[i] = s4.v[((4 * low + i) * n) / 4 + high];
  if (down < across) {
    const mat4 turned = transpose(mat4(a[0], a[1], a[2], a[3]));
    [[unroll]] for (uint i = 0; i < 4; ++i) a[i] = turned[i];
  } else if (down == across) {  // the part below the diagonal is not kept
    [[unroll]] for (uint i = 0; i < 4; ++i) [[unroll]] for (uint r = 0; r < i; ++r) a[i][r] = a[r][i];
  }
  factor_block(a, kBlock);

  if (group == 0) {
    if (me == 0 && args.first == 0) args.kept.v[item] = args.bad.v[item];
    if (me < kBlock && !is_positive(pivot(me)) && args.bad.v[item] == 0) report(args.verdict, args.first + me);
    F32x4 out_ = row_of(F32x4, args.blocks, item * (n / kBlock) + args.first / kBlock, kBlock * kBlock * 4);
    for (uint i = me; i < kBlock * kQuads; i += 256) out_.v[i] = TRIANGLE(i / kQuads, i % kQuads) / sqrt(pivot(i / kQuads));
  }
  if (!mine) return;
#define SOLVED(quad, b, z, d) \
  [[unroll]] for (uint r = 0; r < 4; ++r) s.v[(4 * (quad) + r) * n + column] = b[r] / sqrt(d[r]);
  SUBSTITUTE(x, SOLVED)
}
#endif

#ifdef PREPARE
layout(push_constant, scalar) uniform Args {
  uvec2 x, s;
  U32 bad;
  uint n, padded, tiles, all;  // tiles: along an axis of s; all: of the batch
} args;

void main() {
  const uint id = group_index();
  if (id >= args.all) return;
  const uint item = id / (args.tiles * args.tiles), at = id % (args.tiles * args.tiles), n = args.n;
  const uint row0 = at / args.tiles * kTile, column0 = at % args.tiles * kTile;
  F32 x = row_of(F32, args.x, item, n * n * 4), s = row_of(F32, args.s, item, args.padded * args.padded * 4);
  const bool wanted = UPPER ? row0 <= column0 : row0 >= column0;
  const uint i = gl_LocalInvocationID.x;
  bool finite = true;
  [[unroll]] for (uint step_ = 0; step_ < kTile; step_ += 8) {
    const uint j = step_ + gl_LocalInvocationID.y, row = row0 + j, column = column0 + i;
    const bool inside = row < n && column < n;
    const float v = inside ? x.v[row * n + column] : row == column ? 1 : 0;
    if ((floatBitsToUint(v) & 0x7f800000u) == 0x7f800000u) finite = false;
    if (UPPER) {
      if (wanted) s.v[row * args.padded + column] = v;
    } else {
      tile[j][i] = v;
    }
  }
  if (!finite) args.bad.v[item] = 1;
  if (UPPER || !wanted) return;
  barrier();
  [[unroll]] for (uint step_ = 0; step_ < kTile; step_ += 8) {
    const uint j = step_ + gl_LocalInvocationID.y;
    s.v[(column0 + j) * args.padded + row0 + i] = tile[i][j];
  }
}
#endif

#ifdef FINISH
layout(push_constant, scalar) uniform Args {
  uvec2 s, blocks, out_;
  U32 bad, kept;
  uint n, padded, tiles, all;  // tiles: along an axis of the result
} args;

const uint kBlock = 64;

void main() {
  const uint id = group_index();
  if (id >= args.all) return;
  const uint item = id / (args.tiles * args.tiles), at = id % (args.tiles * args.tiles), n = args.n;
  const uint row0 = at / args.tiles * kTile, column0 = at % args.tiles * kTile;
  F32 s = row_of(F32, args.s, item, args.padded * args.padded * 4), out_ = row_of(F32, args.out_, item, n * n * 4);
  F32 blocks = row_of(F32, args.blocks, item, args.padded * kBlock * 4);
  const bool bad = args.kept.v[item] != 0, wanted = UPPER ? row0 <= column0 : row0 >= column0;
  const uint u_row0 = UPPER ? row0 : column0, u_column0 = UPPER ? column0 : row0;
  const bool in_block = u_row0 / kBlock == u_column0 / kBlock;
  const uint i = gl_LocalInvocationID.x;
  if (at == 0 && gl_LocalInvocationIndex == 0) args.bad.v[item] = 0;  // as counters are left
  [[unroll]] for (uint step_ = 0; step_ < kTile; step_ += 8) {
    const uint j = step_ + gl_LocalInvocationID.y, row = u_row0 + j, column = u_column0 + i;
    float v = 0;
    if (wanted && row <= column) v = in_block ? blocks.v[row * kBlock + column % kBlock] : s.v[row * args.padded + column];
    if (bad) v = uintBitsToFloat(0x7fc00000u);
    if (!UPPER) tile[j][i] = v;
    else if (row < n && column < n) out_.v[row * n + column] = v;
  }
  if (UPPER) return;
  barrier();
  [[unroll]] for (uint step_ = 0; step_ < kTile; step_ += 8) {
    const uint j = step_ + gl_LocalInvocationID.y, row = row0 + j, column = column0 + i;
    if (row < n && column < n) out_.v[row * n + column] = tile[i][j];
  }
}
#endif
