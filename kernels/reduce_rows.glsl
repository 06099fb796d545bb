// Rows of neighbouring elements. LANES threads share a row; a long row is cut into parts, one workgroup each, and whoever ends last combines them.
#include "reduce.glsl"

layout(local_size_x = 256) in;
layout(constant_id = 0) const uint LANES = 256;

layout(push_constant, scalar) uniform Args {
  uvec2 x;
  uvec2 out_;
  Partials partials;  // [rows, parts]
  U32 counters;       // [rows]
  uint rows, count;
  uint stride;        // elements between rows
  uint parts, part;   // how many, and elements of each
} args;

shared bool is_last;

#define PER (16 / ITEM)
#if ITEM == 8
#define PIECE(w, e) JOIN(unpack_, INPUT)((e) == 0 ? (w).xy : (w).zw)
#elif ITEM == 4
#define PIECE(w, e) JOIN(unpack_, INPUT)((w)[e])
#else
#define PIECE(w, e) JOIN(unpack_, INPUT)((w)[(e) * ITEM / 4], (e) * ITEM % 4 / ITEM)
#endif

Value fold(Value v, uvec4 w, uint index) {
  [[unroll]] for (int e = 0; e < PER; ++e) v = follow(v, lift(PIECE(w, e), index + uint(e)));
  return v;
}

// Elements [begin, end) of a row, every LANES-th piece of them.
Value reduce_range(uvec2 row, uint begin, uint end, uint lane) {
  Value total = identity();
  uint past = (address_of(row, begin, ITEM).x & 15u) / ITEM, head = min(past == 0 ? 0 : PER - past, end - begin);  // up to a 16-byte boundary
  for (uint i = begin + lane; i < begin + head; i += LANES) total = combine(total, lift(LOAD(row, i), i));
  begin += head;
  U32x4 words = U32x4(address_of(row, begin, ITEM));
  uint pieces = (end - begin) / PER;
  Value a = identity(), b = identity(), c = identity(), d = identity();
  uint at = lane, rounds = 0;
  uvec4 w0, w1, w2, w3;
  bool more = at + 3 * LANES < pieces;
  if (more) w0 = words.v[at], w1 = words.v[at + LANES], w2 = words.v[at + 2 * LANES], w3 = words.v[at + 3 * LANES];
  while (more) {  // the next four pieces are under way while these are folded
    uint next = at + 4 * LANES;
    uvec4 n0 = w0, n1 = w1, n2 = w2, n3 = w3;
    more = next + 3 * LANES < pieces;
    if (more) n0 = words.v[next], n1 = words.v[next + LANES], n2 = words.v[next + 2 * LANES], n3 = words.v[next + 3 * LANES];
    a = fold(a, w0, begin + at * PER);
    b = fold(b, w1, begin + (at + LANES) * PER);
    c = fold(c, w2, begin + (at + 2 * LANES) * PER);
    d = fold(d, w3, begin + (at + 3 * LANES) * PER);
    w0 = n0, w1 = n1, w2 = n2, w3 = n3;
    at = next;
    if (++rounds % 32 == 0) {  // in blocks: sums of sums keep more digits than one long sum
      total = combine(total, combine(combine(a, b), combine(c, d)));
      a = b = c = d = identity();
    }
  }
  for (; at < pieces; at += LANES) a = fold(a, words.v[at], begin + at * PER);
  total = combine(total, combine(combine(a, b), combine(c, d)));
  for (uint i = begin + pieces * PER + lane; i < end; i += LANES) total = combine(total, lift(LOAD(row, i), i));
  return total;
}

void main() {
  uint item = group_index() * (256 / LANES) + gl_LocalInvocationIndex / LANES, lane = gl_LocalInvocationIndex % LANES;
  bool valid = item < args.rows * args.parts;
  uint row = item / args.parts, part = item % args.parts;
  Value v = identity();
  if (valid) {
    uint begin = part * args.part;
    v = reduce_range(row_address(args.x, row, args.stride), begin, min(args.count, begin + args.part), lane);
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
  for (uint i = lane; i < args.parts; i += LANES) v = combine(v, args.partials.v[row * args.parts + i]);
  v = combine_lanes(v, lane, LANES, 1);
  if (lane == 0) {
    finish(args.out_, row, v, args.count);
    args.counters.v[row] = 0u;
  }
}
