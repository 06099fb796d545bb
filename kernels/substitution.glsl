// Solves L x = b for a lower triangle of 64 x 64 in shared memory, a column of b a thread: x stays in registers, which move up by four rows a
// step, so that the code is one step long.
#ifndef MLXC_SUBSTITUTION_GLSL
#define MLXC_SUBSTITUTION_GLSL

#include "common.glsl"

const uint kBlock = 64, kQuads = kBlock / 4;

// Rows 4 * quad .. of a column. Turned around, so that neither a column nor a row of quads meets in one bank. Only whole vectors are stored.
shared vec4 triangle[kBlock * kQuads];
#define TRIANGLE(column, quad) triangle[(column) * kQuads + ((quad) ^ ((column) & (kQuads - 1)))]

// vec4 x[kQuads] holds b. SOLVED(quad, b, z, d) gets four rows when they are known: b as they stood when divided by the elements d of the diagonal, and
// z = b / d, which is subtracted from the rows below.
#define SUBSTITUTE(x, SOLVED)                                                                         \
  [[dont_unroll]] for (uint quad = 0; quad < kQuads; ++quad) {                                        \
    vec4 b = x[0], z, d;                                                                              \
    [[unroll]] for (uint i = 0; i < 4; ++i) {                                                         \
      const vec4 column = TRIANGLE(4 * quad + i, quad);                                               \
      d[i] = column[i];                                                                               \
      z[i] = b[i] / d[i];                                                                             \
      [[unroll]] for (uint r = i + 1; r < 4; ++r) b[r] = fma(-column[r], z[i], b[r]);                 \
    }                                                                                                 \
    SOLVED(quad, b, z, d)                                                                             \
    [[unroll]] for (uint q = 0; q + 1 < kQuads; ++q) {                                                \
      if (quad + q / 4 * 4 + 1 < kQuads) { /* whole fours: what moves in from past the end is unused */ \
        const uint below = (quad + 1 + q) & (kQuads - 1);                                             \
        vec4 v = x[q + 1];                                                                            \
        [[unroll]] for (uint i = 0; i < 4; ++i) v = fma(-TRIANGLE(4 * quad + i, below), vec4(z[i]), v); \
        x[q] = v;                                                                                     \
      }                                                                                               \
    }                                                                                                 \
  }

// The bits of the worst trouble are the largest: 0xffffffff less the index of an element of the diagonal.
void report(U32 verdict, uint index) { atomicMax(verdict.v[0], 0xffffffffu - index); }

#endif
