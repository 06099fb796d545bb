// Combines the parts that reduce_columns.glsl left.
#include "reduce.glsl"

layout(local_size_x = 256) in;

layout(push_constant, scalar) uniform Args {
  Partials partials;  // [parts, n]
  uvec2 out_;
  uint n, parts, count;
} args;

void main() {
  uint at = group_index() * 256 + gl_LocalInvocationIndex;
  if (at >= args.n) return;
  Value v = args.partials.v[at];
  for (uint i = 1; i < args.parts; ++i) v = combine(v, args.partials.v[i * args.n + at]);
  finish(args.out_, at, v, args.count);
}
