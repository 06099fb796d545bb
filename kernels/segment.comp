// segment_mean: the mean of the rows between two starts, a column a lane.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "norm_common.glsl"

layout(local_size_x = 64) in;

layout(push_constant, scalar) uniform Args {
  uvec2 x, starts, y;
  uint segments, width, rows;
} args;

void main() {
  const uint blocks = (args.width + 63) / 64;
  const uint segment = group_index() / blocks, column = group_index() % blocks * 64 + gl_LocalInvocationIndex;
  if (segment >= args.segments || column >= args.width) return;
  const int first = clamp(I32(args.starts).v[segment], 0, int(args.rows)), last = clamp(I32(args.starts).v[segment + 1], first, int(args.rows));
  float sum = 0;
  for (int row = first; row < last; ++row) sum += F32(address_of(args.x, uint(row), args.width * 4)).v[column];
  F32(address_of(args.y, segment, args.width * 4)).v[column] = last > first ? sum / float(last - first) : 0;
}
