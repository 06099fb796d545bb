// Over an axis that is not the last: [outer, count, inner]. COLUMNS neighbouring threads take neighbouring columns, WIDE each; ROWS of them share
// them; what is left of the workgroup takes further outer indices. Long columns are cut into parts, one workgroup each, and whoever ends last
// combines them.
#include "reduce.glsl"

layout(local_size_x = 256) in;
layout(constant_id = 0) const uint COLUMNS = 64;
layout(constant_id = 1) const uint ROWS = 4;

layout(push_constant, scalar) uniform Args {
  OPERANDS
  uvec2 out_[OUTS];
  Partials partials;  // [parts, outer, inner]
  U32 counters;       // [outer groups, blocks]
  uint outer, count, inner;
  uint blocks;        // of COLUMNS * WIDE columns
  uint parts, part;   // how many, and rows of each
  CONSTANTS
} args;

shared bool is_last;

// WIDE columns from `at` of eight rows, all asked for before any is waited for; past the last of them the first again.
void load_block(Row row, uint at, uint step, uint rows, bool wide, out VALUE x[8][WIDE]) {
#if WIDE == PER
  if (wide) {
    Words words[8];
    [[unroll]] for (uint r = 0; r < 8; ++r) words[r] = load_words(row, (r < rows ? at + r * step : at) / WIDE);
    [[unroll]] for (uint r = 0; r < 8; ++r) unpack_words(row, words[r], x[r]);
    return;
  }
#endif
  [[unroll]] for (uint r = 0; r < 8; ++r)
    [[unroll]] for (uint i = 0; i < WIDE; ++i) x[r][i] = element(row, (r < rows ? at + r * step : at) + i);
}

void main() {
  uint lane = gl_LocalInvocationIndex / COLUMNS % ROWS;
  uint id = group_index(), part = id % args.parts, block = id / args.parts;
  uint column = (gl_LocalInvocationIndex % COLUMNS + block % args.blocks * COLUMNS) * WIDE;
  uint outer = block / args.blocks * (256 / (COLUMNS * ROWS)) + gl_LocalInvocationIndex / (COLUMNS * ROWS);
  bool valid = outer < args.outer && column < args.inner;
  Value v[WIDE];
  [[unroll]] for (uint i = 0; i < WIDE; ++i) v[i] = identity();
  if (valid) {
    Row x = ROW(outer, args.count * args.inner);
    bool wide = phase(x) == 0;
    VALUE base[WIDE];
    [[unroll]] for (uint i = 0; i < WIDE; ++i) base[i] = args.count > 0 ? element(x, column + i) : VALUE(0);
    uint begin = part * args.part, end = min(args.count, begin + args.part), step = ROWS * args.inner;
    Row from = advanced(x, begin * args.inner);  // indices count from where the part begins
    for (uint row = begin + lane; row < end;) {  // in blocks: sums of sums keep more digits than one long sum
      Value sum[WIDE];
      [[unroll]] for (uint i = 0; i < WIDE; ++i) sum[i] = identity();
      for (uint n = 0; n < 32 && row < end; ++n, row += 8 * ROWS) {
        const uint rows = min((end - row + ROWS - 1) / ROWS, 8u);
        VALUE held[8][WIDE];
        load_block(from, (row - begin) * args.inner + column, step, rows, wide, held);
        [[unroll]] for (uint i = 0; i < WIDE; ++i) {
          VALUE along[8];
          [[unroll]] for (uint r = 0; r < 8; ++r) along[r] = held[r][i];
          if (rows == 8) {
            sum[i] = fold(sum[i], along, base[i], row, ROWS);
          } else {
            [[unroll]] for (uint r = 0; r < 8; ++r)
              if (r < rows) sum[i] = follow(sum[i], lift(along[r], base[i], row + r * ROWS));
          }
        }
      }
      [[unroll]] for (uint i = 0; i < WIDE; ++i) v[i] = combine(v[i], sum[i]);
    }
  }
  [[unroll]] for (uint i = 0; i < WIDE; ++i) v[i] = combine_lanes(v[i], lane, ROWS, COLUMNS);
  uint at = outer * args.inner + column, results = args.outer * args.inner;
  if (args.parts > 1) {
    if (valid && lane == 0) [[unroll]] for (uint i = 0; i < WIDE; ++i) args.partials.v[part * results + at + i] = v[i];
    memoryBarrierBuffer();
    barrier();
    if (gl_LocalInvocationIndex == 0) is_last = atomicAdd(args.counters.v[block], 1u) == args.parts - 1;
    barrier();
    if (!is_last) return;
    memoryBarrierBuffer();
    [[unroll]] for (uint i = 0; i < WIDE; ++i) v[i] = identity();
    if (valid)
      [[dont_unroll]] for (uint p = lane; p < args.parts; p += 4 * ROWS) {  // four under way
        Value w[4][WIDE];
        [[unroll]] for (uint k = 0; k < 4; ++k)
          [[unroll]] for (uint i = 0; i < WIDE; ++i) {
            w[k][i] = identity();
            if (p + k * ROWS < args.parts) w[k][i] = args.partials.v[(p + k * ROWS) * results + at + i];
          }
        [[unroll]] for (uint i = 0; i < WIDE; ++i) v[i] = combine(v[i], combine(combine(w[0][i], w[1][i]), combine(w[2][i], w[3][i])));
      }
    [[unroll]] for (uint i = 0; i < WIDE; ++i) v[i] = combine_lanes(v[i], lane, ROWS, COLUMNS);
    if (gl_LocalInvocationIndex == 0) args.counters.v[block] = 0u;
  }
  if (!valid || lane != 0) return;
  [[unroll]] for (uint i = 0; i < WIDE; ++i) finish(args.out_, at + i, v[i], args.count);
}
