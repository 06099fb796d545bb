// Over an axis that is not the last: [outer, count, inner]. COLUMNS neighbouring threads take neighbouring columns, ROWS of them share one; what is
// left of the workgroup takes further outer indices. Long columns are cut into parts, which reduce_parts.glsl combines.
#include "reduce.glsl"

layout(local_size_x = 256) in;
layout(constant_id = 0) const uint COLUMNS = 64;
layout(constant_id = 1) const uint ROWS = 4;

layout(push_constant, scalar) uniform Args {
  uvec2 x;
  uvec2 out_;
  Partials partials;  // [parts, outer, inner]
  uint outer, count, inner;
  uint blocks;        // of COLUMNS columns
  uint parts, part;   // how many, and rows of each
} args;

void main() {
  uint column = gl_LocalInvocationIndex % COLUMNS, lane = gl_LocalInvocationIndex / COLUMNS % ROWS;
  uint id = group_index(), part = id % args.parts;
  id /= args.parts;
  column += id % args.blocks * COLUMNS;
  uint outer = id / args.blocks * (256 / (COLUMNS * ROWS)) + gl_LocalInvocationIndex / (COLUMNS * ROWS);
  bool valid = outer < args.outer && column < args.inner;
  Value v = identity();
  if (valid) {
    uvec2 x = row_address(args.x, outer, args.count * args.inner);
    uint begin = part * args.part, end = min(args.count, begin + args.part);
    for (uint row = begin + lane; row < end;) {
      Value block = identity();
      for (uint n = 0; n < 32 && row < end; ++n, row += 8 * ROWS) {
        uint at = row * args.inner + column, step = ROWS * args.inner;
        if (row + 7 * ROWS < end) {
          VALUE held[8];
          [[unroll]] for (uint i = 0; i < 8; ++i) held[i] = LOAD(x, at + i * step);
          [[unroll]] for (uint i = 0; i < 8; ++i) block = combine(block, lift(held[i], row + i * ROWS));
        } else {
          for (uint r = row; r < end; r += ROWS) block = combine(block, lift(LOAD(x, r * args.inner + column), r));
        }
      }
      v = combine(v, block);
    }
  }
  v = combine_lanes(v, lane, ROWS, COLUMNS);
  if (!valid || lane != 0) return;
  uint at = outer * args.inner + column;
  if (args.parts == 1) finish(args.out_, at, v, args.count);
  else args.partials.v[part * args.outer * args.inner + at] = v;
}
