// What stands behind a product, for one whose sums were added up in parts: in place.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(local_size_x = 256) in;
layout(push_constant, scalar) uniform Args {
  F32 c, bias;
  U32 low, high;
  uint n, count;
  float probability, scale;
} args;

#include "product_end.glsl"

void main() {
  const uint at = group_index() * 256 + gl_LocalInvocationIndex;
  if (at < args.count) args.c.v[at] = ended(args.c.v[at], at % args.n, at);
}
