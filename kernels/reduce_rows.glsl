// Rows of neighbouring elements. LANES threads share a row; a long row is cut into parts, one workgroup each, and whoever ends last combines them.
#include "reduce.glsl"

layout(local_size_x = 256) in;
layout(constant_id = 0) const uint LANES = 256;

layout(push_constant, scalar) uniform Args {
  OPERANDS
  uvec2 out_[OUTS];
  Partials partials;  // [rows, parts]
  U32 counters;       // [rows]
  uint rows, count;
  uint stride;        // elements between rows
  uint parts, part;   // how many, and elements of each
  CONSTANTS
} args;

shared bool is_last;

// Elements [begin, end) of a row, every LANES-th piece of them. Four pieces are under way at once, more by other workgroups: the code is short,
// for it comes from memory each time.
Value reduce_range(Row row, VALUE base, uint begin, uint end, uint lane) {
  Value total = identity();
  uint past = phase(advanced(row, begin)), head = min(past == 0 ? 0 : PER - past, end - begin);  // up to where words are aligned
  uint pieces = past == PER ? 0 : (end - begin - head) / PER, beside = end - begin - pieces * PER;
  [[dont_unroll]] for (uint i = lane; i < beside; i += LANES) {
    uint at = begin + i + (i < head ? 0 : pieces * PER);
    total = combine(total, lift(element(advanced(row, at), 0), base, at));
  }
  begin += head;
  Row words = advanced(row, begin);
  [[dont_unroll]] for (uint at = lane; at < pieces;) {  // in blocks: sums of sums keep more digits than one long sum
    Value v[4];
    [[unroll]] for (uint k = 0; k < 4; ++k) v[k] = identity();
    uint stop = min(pieces, at + 128 * LANES);
    [[dont_unroll]] for (; at < stop; at += 4 * LANES) {
      Words w[4];
      [[unroll]] for (uint k = 0; k < 4; ++k)
        if (at + k * LANES < pieces) w[k] = load_words(words, at + k * LANES);
      [[unroll]] for (uint k = 0; k < 4; ++k)
        if (at + k * LANES < pieces) {
          VALUE x[PER];
          unpack_words(words, w[k], x);
          v[k] = fold(v[k], x, base, begin + (at + k * LANES) * PER, 1);
        }
    }
    total = combine(total, combine(combine(v[0], v[1]), combine(v[2], v[3])));
  }
  return total;
}

void main() {
  uint item = group_index() * (256 / LANES) + gl_LocalInvocationIndex / LANES, lane = gl_LocalInvocationIndex % LANES;
  bool valid = item < args.rows * args.parts;
  uint row = item / args.parts, part = item % args.parts;
  Value v = identity();
  if (valid) {
    uint begin = part * args.part;
    Row x = ROW(row, args.stride);
    v = reduce_range(x, args.count > 0 ? element(x, 0) : VALUE(0), begin, min(args.count, begin + args.part), lane);
  }
  v = combine_lanes(v, lane, LANES, 1);
  if (args.parts == 1) {
    if (valid && lane == 0) finish(args.out_, row, v, args.count);
    return;
  }
  if (!valid) return;  // all of the workgroup: parts come with LANES = 256
  if (lane == 0) {
    args.partials.v[item] = v;
    memoryBarrierBuffer();
    is_last = atomicAdd(args.counters.v[row], 1u) == args.parts - 1;
  }
  barrier();
  if (!is_last) return;
  memoryBarrierBuffer();
  v = identity();
  [[dont_unroll]] for (uint i = lane; i < args.parts; i += 2 * LANES) {  // two under way
    Value one = args.partials.v[row * args.parts + i], two = identity();
    if (i + LANES < args.parts) two = args.partials.v[row * args.parts + i + LANES];
    v = combine(v, combine(one, two));
  }
  v = combine_lanes(v, lane, LANES, 1);
  if (lane == 0) {
    finish(args.out_, row, v, args.count);
    args.counters.v[row] = 0u;
  }
}
