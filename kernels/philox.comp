// Random words: a block of four a thread. Block b of a stream has the counter (b, b >> 32, 0, purpose).
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "philox.glsl"

layout(local_size_x = 256) in;

layout(push_constant, scalar) uniform Args {
  U32 key;  // two words
  uvec2 y;  // of the first block of this dispatch
  uint count, purpose;
  uint first_low, first_high;  // its number
} args;

void main() {
  uint block = group_index() * 256 + gl_LocalInvocationIndex;
  if (block * 4 >= args.count) return;
  uint carry;
  uint low = uaddCarry(args.first_low, block, carry);
  uvec4 c = uvec4(low, args.first_high + carry, 0u, args.purpose);
  c = philox(c, uvec2(args.key.v[0], args.key.v[1]));
  if ((args.y.x & 15u) == 0u && block * 4 + 4 <= args.count) {
    U32x4(args.y).v[block] = c;
  } else {
    for (uint i = 0; i < 4 && block * 4 + i < args.count; ++i) U32(args.y).v[block * 4 + i] = c[i];
  }
}
