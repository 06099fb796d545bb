// Running results along rows: LANES threads share a row, four elements each a time. Long rows are cut into parts: a first pass leaves what each
// part comes to (TOTALS), the second begins each part with those before it. The text around this file defines VALUE, VALUE_ALIGN (its bytes),
// IDENTITY, STEP(a, b), LOADED(address, i), STORED(address, i, v).
layout(local_size_x = 256) in;
layout(constant_id = 0) const uint LANES = 256;
layout(constant_id = 1) const bool REVERSE = false;
layout(constant_id = 2) const bool EXCLUSIVE = false;
layout(constant_id = 3) const bool TOTALS = false;

layout(buffer_reference, scalar, buffer_reference_align = VALUE_ALIGN) buffer Totals { VALUE v[]; };
layout(push_constant, scalar) uniform Args {
  uvec2 x;
  uvec2 y;
  Totals totals;     // [rows, parts]
  uint rows, count;
  uint parts, part;  // how many, and elements of each
} args;

shared VALUE values[2][256];

void main() {
  uint me = gl_LocalInvocationIndex, lane = me % LANES, item = group_index() * (256 / LANES) + me / LANES;
  bool valid = item < args.rows * args.parts;
  uint row = item / args.parts, part = item % args.parts;
  uint begin = part * args.part, end = valid ? min(args.count, begin + args.part) : begin;
  VALUE carry = IDENTITY;
  if (!TOTALS && valid)
    for (uint i = 0; i < part; ++i) carry = STEP(carry, args.totals.v[row * args.parts + i]);
  uint rounds = (min(args.count, args.part) + 4 * LANES - 1) / (4 * LANES);  // the same for all threads: there are barriers inside
  for (uint n = 0; n < rounds; ++n) {
    uint first = begin + (n * LANES + lane) * 4;
    VALUE held[4];
    [[unroll]] for (uint e = 0; e < 4; ++e) {
      uint i = first + e;
      held[e] = IDENTITY;
      if (i < end) held[e] = LOADED(args.x, row * args.count + (REVERSE ? args.count - 1 - i : i));
    }
    VALUE sum = held[0];
    [[unroll]] for (uint e = 1; e < 4; ++e) sum = STEP(sum, held[e]);
    uint side = 0;  // inclusive sums of the lanes' sums (Hillis and Steele 1986)
    values[0][me] = sum;
    barrier();
    for (uint apart = 1; apart < LANES; apart *= 2) {
      VALUE v = values[side][me];
      if (lane >= apart) v = STEP(values[side][me - apart], v);
      side ^= 1;
      values[side][me] = v;
      barrier();
    }
    VALUE before = carry;
    if (lane > 0) before = STEP(carry, values[side][me - 1]);
    VALUE whole = values[side][me - lane + LANES - 1];
    if (!TOTALS) {
      [[unroll]] for (uint e = 0; e < 4; ++e) {
        uint i = first + e;
        VALUE after = STEP(before, held[e]);
        if (i < end) STORED(args.y, row * args.count + (REVERSE ? args.count - 1 - i : i), EXCLUSIVE ? before : after);
        before = after;
      }
    }
    carry = STEP(carry, whole);
    barrier();
  }
  if (TOTALS && valid && lane == 0) args.totals.v[item] = carry;
}
