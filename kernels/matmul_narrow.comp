// c = a b in float32 where b has few columns, or c^T where c has few rows: ROWS x COLUMNS results a workgroup, whose threads share out k, four terms at a
// time. Tiles would leave most of the device idle while a few workgroups wait for one load after the other.
// variant c8: -DCOLUMNS=8
// variant c16: -DCOLUMNS=16
#version 460
#extension GL_GOOGLE_include_directive : require
#include "matmul.glsl"
#include "product_end.glsl"

const uint kThreads = 256, kVectors = COLUMNS / 4;
layout(local_size_x = kThreads) in;
layout(constant_id = 0) const uint AXES = 0;           // of the batch
layout(constant_id = 1) const bool A_WIDE = true;      // four neighbours along k lie side by side at multiples of four elements
layout(constant_id = 2) const bool B_WIDE = true;
layout(constant_id = 3) const bool B_ACROSS = false;   // or those along n do
layout(constant_id = 4) const bool EDGES = true;       // k is no multiple of 4, n none of COLUMNS
layout(constant_id = 5) const bool TURNED = false;     // a column of c is contiguous, not a row
layout(constant_id = 6) const uint ROWS = 8;

shared vec4 sums[kVectors][kThreads];

// Terms k to k + 3 of a line of a or b: zeros past the end.
vec4 load_terms(uvec2 base, uint line, bool wide, uint k, uint stride) {
  if (wide && (!EDGES || k + 4 <= args.k)) return F32x4(base).v[(line + k) / 4];
  vec4 v = vec4(0.0);
  [[unroll]] for (uint e = 0; e < 4; ++e)
    if (!EDGES || k + e < args.k) v[e] = F32(base).v[line + (k + e) * stride];
  return v;
}

void main() {
  const uint id = group_index();
  if (id >= args.tiles) return;
  const uint c_first = args.c_first + id / (args.tiles_m * args.tiles_n) * args.c_matrix;
  const Place place = place_of(id, AXES);
  const uint me = gl_LocalInvocationIndex, row = place.row * ROWS + me % ROWS, column0 = place.column * COLUMNS;
  const bool wide_a = A_WIDE && (place.a.x & 15u) == 0u, wide_b = (B_WIDE || B_ACROSS) && (place.b.x & 15u) == 0u;
  const uint line_a = args.a_first + min(row, args.m - 1) * args.a_row;  // what lies past an edge is not stored
  const uint step = kThreads / ROWS * 4;

  vec4 sum[kVectors];
  [[unroll]] for (uint j = 0; j < kVectors; ++j) sum[j] = vec4(0.0);
  for (uint k0 = me / ROWS * 4; k0 < args.k; k0 += 2 * step) {
    vec4 x[2], y[2][COLUMNS];  // y: terms of a column, or columns of a term
    [[unroll]] for (uint u = 0; u < 2; ++u) {
      const uint k = k0 + u * step;
      if (k >= args.k) {
        x[u] = vec4(0.0);
        [[unroll]] for (uint c = 0; c < COLUMNS; ++c) y[u][c] = vec4(0.0);
        continue;
      }
      x[u] = load_terms(place.a, line_a, wide_a, k, args.a_col);
      if (B_ACROSS && wide_b) {
        [[unroll]] for (uint e = 0; e < 4; ++e)
          [[unroll]] for (uint j = 0; j < kVectors; ++j)
            y[u][e * kVectors + j] = EDGES && k + e >= args.k ? vec4(0.0) : F32x4(place.b).v[(args.b_first + (k + e) * args.b_row + column0) / 4 + j];
      } else {
        [[unroll]] for (uint c = 0; c < COLUMNS; ++c)
          y[u][c] = load_terms(place.b, args.b_first + min(column0 + c, args.n - 1) * args.b_col, B_WIDE && wide_b, k, args.b_row);
      }
    }
    [[unroll]] for (uint u = 0; u < 2; ++u)
      [[unroll]] for (uint e = 0; e < 4; ++e)
        [[unroll]] for (uint j = 0; j < kVectors; ++j) {
          const vec4 b = B_ACROSS && wide_b ? y[u][e * kVectors + j] : vec4(y[u][4 * j][e], y[u][4 * j + 1][e], y[u][4 * j + 2][e], y[u][4 * j + 3][e]);
          sum[j] = fma(vec4(x[u][e]), b, sum[j]);
        }
  }

  [[unroll]] for (uint j = 0; j < kVectors; ++j) sums[j][me] = sum[j];
  for (uint half_ = kThreads / 2; half_ >= ROWS; half_ /= 2) {
    barrier();
    if (me < half_)
      [[unroll]] for (uint j = 0; j < kVectors; ++j) sums[j][me] += sums[j][me + half_];
  }
  if (me >= ROWS || row >= args.m) return;
  if (ENDS) {
    [[dont_unroll]] for (uint c = 0; c < COLUMNS && column0 + c < args.n; ++c) {
      const uint column = column0 + c, at = TURNED ? column * args.c_row + row : row * args.c_row + column;
      F32(place.c).v[at] = ended(sums[c / 4][me][c % 4], TURNED ? row : column, c_first + at);
    }
    return;
  }
  [[unroll]] for (uint c = 0; c < COLUMNS; ++c) {
    const uint column = column0 + c;
    if (!EDGES || column < args.n) F32(place.c).v[TURNED ? column * args.c_row + row : row * args.c_row + column] = sums[c / 4][me][c % 4];
  }
}
