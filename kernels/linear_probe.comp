// Where the elements of a 16x16x16 fragment lie: one subgroup writes, for each lane, how many elements of A, of B and of the sum it holds and
// which, as row * 16 + column. linear_skinny and attention_fragments work on the layout that backend/vulkan/linear_probe.cpp expects.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "coopmat.glsl"

// rewrite coopmat
// variant f16: -DMatA=F16MatA(16,16) -DMatB=F16MatB(16,16)
// variant bf16: -DBF16_ -DMatA=Bf16MatA(16,16) -DMatB=Bf16MatB(16,16)

layout(local_size_x = 32) in;
layout(push_constant, scalar) uniform Args { uvec2 out_; } args;

shared uvec4 numbers[32];  // 256 values, 8 a piece
shared float sums[256];

#ifdef BF16_
uint pair_of(uint i) { return pack_bf16(vec2(i, i + 1)); }
#define VALUE(e) uint(bf16_low(packFloat2x16(f16vec2(e, 0))))
#else
uint pair_of(uint i) { return packHalf2x16(vec2(i, i + 1)); }
#define VALUE(e) uint(e)
#endif

void main() {
  const uint lane = gl_LocalInvocationIndex;
  [[unroll]] for (uint i = 0; i < 4; i++) numbers[lane][i] = pair_of(lane * 8 + 2 * i);
  [[unroll]] for (uint i = 0; i < 8; i++) sums[lane * 8 + i] = float(lane * 8 + i);
  barrier();
  MatA a;
  MatB b;
  F32MatSum(16, 16) sum;
  coopMatLoadNV(a, numbers, 0, 2, false);
  coopMatLoadNV(b, numbers, 0, 2, false);
  coopMatLoadNV(sum, sums, 0, 16, false);
  U32 to = U32(address_of(args.out_, lane, 27 * 4));
  to.v[0] = a.length();
  to.v[1] = b.length();
  to.v[2] = sum.length();
  [[unroll]] for (uint i = 0; i < 8; i++) {
    to.v[3 + i] = VALUE(a[i]);
    to.v[11 + i] = VALUE(b[i]);
    to.v[19 + i] = uint(sum[i]);
  }
}
