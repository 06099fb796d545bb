// Brings weights that the next products read into the second-level cache, while a kernel that leaves the memory idle runs beside it.
// One load for every 32 bytes, a sector of the cache.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(local_size_x = 256) in;

layout(push_constant, scalar) uniform Args {
  uvec2 from;
  uint sectors;
  uint never;  // 0: nothing is written, which the compiler cannot know
} args;

const uint kAtOnce = 4;

void main() {
  const uint threads = gl_NumWorkGroups.x * 256;
  uint sum = 0;
  for (uint i = gl_GlobalInvocationID.x; i < args.sectors; i += threads * kAtOnce) {
    [[unroll]] for (uint j = 0; j < kAtOnce; ++j) sum ^= U32(args.from).v[8 * min(i + j * threads, args.sectors - 1)];
  }
  if (args.never != 0) U32(args.from).v[0] = sum;
}
