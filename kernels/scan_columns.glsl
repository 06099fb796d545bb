// Running results along an axis that is not the last: [outer, count, inner], a thread a column. The defines are those of scan.glsl.
layout(local_size_x = 64) in;
layout(constant_id = 0) const bool REVERSE = false;
layout(constant_id = 1) const bool EXCLUSIVE = false;

layout(push_constant, scalar) uniform Args {
  uvec2 x;
  uvec2 y;
  uint outer, count, inner;
} args;

void main() {
  uint id = group_index() * 64 + gl_LocalInvocationIndex;
  if (id >= args.outer * args.inner) return;
  uint outer = id / args.inner, first = outer * args.count * args.inner + (id - outer * args.inner);
  VALUE total = IDENTITY;
  for (uint begin = 0; begin < args.count; begin += 8) {
    VALUE held[8];
    [[unroll]] for (uint e = 0; e < 8; ++e) {
      uint i = min(begin + e, args.count - 1);
      held[e] = LOADED(args.x, first + (REVERSE ? args.count - 1 - i : i) * args.inner);
    }
    [[unroll]] for (uint e = 0; e < 8; ++e) {
      uint i = begin + e;
      if (i >= args.count) break;
      VALUE before = total;
      total = STEP(total, held[e]);
      STORED(args.y, first + (REVERSE ? args.count - 1 - i : i) * args.inner, EXCLUSIVE ? before : total);
    }
  }
}
