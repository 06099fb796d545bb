// Random words: Philox4x32-10 (Salmon et al. 2011), a block of four words a thread. Block b of a stream has the counter (b, b >> 32, 0, purpose).
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

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
  uvec2 k = uvec2(args.key.v[0], args.key.v[1]);
  for (int round = 0; round < 10; ++round) {
    uint a_high, a_low, b_high, b_low;
    umulExtended(0xD2511F53u, c.x, a_high, a_low);
    umulExtended(0xCD9E8D57u, c.z, b_high, b_low);
    c = uvec4(b_high ^ c.y ^ k.x, b_low, a_high ^ c.w ^ k.y, a_low);
    k += uvec2(0x9E3779B9u, 0xBB67AE85u);
  }
  if ((args.y.x & 15u) == 0u && block * 4 + 4 <= args.count) {
    U32x4(args.y).v[block] = c;
  } else {
    for (uint i = 0; i < 4 && block * 4 + i < args.count; ++i) U32(args.y).v[block * 4 + i] = c[i];
  }
}
