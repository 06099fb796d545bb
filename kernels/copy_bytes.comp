// Bytes from one place to another, 16 at a time: vkCmdCopyBuffer inside device memory has a fifth of the bandwidth on some drivers.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(local_size_x = 256) in;
layout(push_constant, scalar) uniform Args {
  U32x4 from;
  U32x4 to;
  uint pieces;  // of 16 bytes
} args;

void main() {
  const uint i = group_index() * 256 + gl_LocalInvocationIndex;
  if (i < args.pieces) row_of(U32x4, args.to, i, 16).v[0] = row_of(U32x4, args.from, i, 16).v[0];
}
