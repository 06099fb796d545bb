// x = L L^T of matrices up to 64 x 64, one a workgroup.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "cholesky.glsl"

layout(local_size_x = 256) in;
layout(constant_id = 0) const bool UPPER = false;

layout(push_constant, scalar) uniform Args {
  uvec2 x, out_;
  U32 verdict;
  uint n, all;  // all: matrices
} args;

void main() {
  const uint item = group_index(), me = gl_LocalInvocationIndex, n = args.n;
  if (item >= args.all) return;
  F32 x = row_of(F32, args.x, item, n * n * 4), out_ = row_of(F32, args.out_, item, n * n * 4);

  // The triangle's memory says for a moment whether all is finite: the other triangle counts too.
  if (me == 0) triangle[0] = vec4(0);
  barrier();
  bool finite = true;
  for (uint i = me; i < n * n; i += 256) finite = finite && is_finite(x.v[i]);
  if (!finite) triangle[0] = vec4(1);
  barrier();
  const bool bad = triangle[0].x != 0;
  barrier();

  const uint down = me % kQuads, across = me / kQuads;
  vec4 a[4];
  [[unroll]] for (uint i = 0; i < 4; ++i) {
    [[unroll]] for (uint r = 0; r < 4; ++r) {
      const uint row = 4 * down + r, column = 4 * across + i, low = min(row, column), high = max(row, column);
      a[i][r] = high >= n ? float(row == column) : x.v[UPPER ? low * n + high : high * n + low];
    }
  }
  factor_block(a, n);
  if (me < n && !bad && !is_positive(pivot(me))) report(args.verdict, me);
  for (uint i = me; i < n * n; i += 256) {
    const uint row = UPPER ? i % n : i / n, column = UPPER ? i / n : i % n;
    const float v = row < column ? 0 : TRIANGLE(column, row / 4)[row % 4] / sqrt(pivot(column));
    out_.v[i] = bad ? uintBitsToFloat(kNan) : v;
  }
}
