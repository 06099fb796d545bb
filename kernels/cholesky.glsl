// The factor of a symmetric block of 64 x 64, made by 256 threads that hold 4 x 4 elements each: the columns of L as they were before their division
// by the root of their pivot appear in shared memory.
#ifndef MLXC_CHOLESKY_GLSL
#define MLXC_CHOLESKY_GLSL

#include "substitution.glsl"

// a[i]: column 4 * (me / 16) + i, rows 4 * (me % 16) ... Only columns below `limit` are worked on.
void factor_block(vec4 a[4], uint limit) {
  const uint me = gl_LocalInvocationIndex, down = me % kQuads, across = me / kQuads;
  for (uint quad = 0; 4 * quad < limit; ++quad) {
    [[unroll]] for (uint i = 0; i < 4; ++i) {
      const uint j = 4 * quad + i;
      if (across == quad) TRIANGLE(j, down) = a[i];
      barrier();
      const vec4 rows = TRIANGLE(j, down), columns = TRIANGLE(j, across) / TRIANGLE(j, quad)[i];
      [[unroll]] for (uint c = 0; c < 4; ++c) a[c] = fma(-rows, vec4(columns[c]), a[c]);
    }
  }
}

float pivot(uint column) { return TRIANGLE(column, column / 4)[column % 4]; }
bool is_positive(float x) {
  const int bits = floatBitsToInt(x);
  return bits > 0 && bits <= 0x7f800000;
}
bool is_finite(float x) { return (floatBitsToUint(x) & 0x7f800000u) != 0x7f800000u; }
const uint kNan = 0x7fc00000u;

#endif
