// Householder's reflections of one panel of columns, a workgroup a matrix: H = I - V T V^T with R in the panel's triangle, V, and Y = V T.
// Rows stay in registers. The column at work is always the first: columns move up by one while they are updated, and what is done moves in behind, so
// that the code is one column long. One sum over the workgroup a column: of products with the column as it was, from which those with v follow.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(local_size_x = 256) in;
layout(constant_id = 0) const uint ROWS = 1;   // of a thread
layout(constant_id = 1) const uint WIDTH = 16;  // of the panel, a multiple of 4

layout(push_constant, scalar) uniform Args {
  uvec2 s, v, y;                // by columns, `lead` elements apart
  uint lead, rows, first, all;  // rows: of the matrix; first: of the panel's rows and columns; all: matrices
  uint columns;                 // of the panel that the matrix has
  uint s_bytes, v_bytes;        // from matrix to matrix
} args;

// Columns come with elements near 1: squares this small are far below their rounding, and smaller ones would lose digits.
const float kNothing = 1e-30;
const uint kQuads = WIDTH / 4, kMostSubgroups = 64;
shared vec4 sums[2][kMostSubgroups][kQuads];
shared vec4 pivots[2][kQuads];  // the row of the diagonal
shared vec4 dots[WIDTH][kQuads];  // of each v with the columns, in the order they had then
shared float factors[WIDTH];      // tau
shared float t[WIDTH][WIDTH];

void main() {
  const uint item = group_index(), me = gl_LocalInvocationIndex;
  if (item >= args.all) return;
  const uint corner = args.first * args.lead + args.first, rows = args.rows - args.first;
  F32 s = F32(address_of(row_of(uvec2, args.s, item, args.s_bytes), corner, 4));
  F32 v_out = F32(address_of(row_of(uvec2, args.v, item, args.v_bytes), corner, 4));
  F32 y_out = F32(address_of(row_of(uvec2, args.y, item, args.v_bytes), corner, 4));

  float a[ROWS][WIDTH];
  [[unroll]] for (uint r = 0; r < ROWS; ++r)
    [[unroll]] for (uint c = 0; c < WIDTH; ++c)
      a[r][c] = r * 256 + me < rows && c < args.columns ? s.v[c * args.lead + r * 256 + me] : 0;

  [[dont_unroll]] for (uint j = 0; j < WIDTH; ++j) {
    const uint side = j & 1u;
    vec4 tail[kQuads], row[kQuads];
    [[unroll]] for (uint q = 0; q < kQuads; ++q) {
      row[q] = vec4(a[0][4 * q], a[0][4 * q + 1], a[0][4 * q + 2], a[0][4 * q + 3]);
      vec4 sum = (me > j ? a[0][0] : 0.0) * row[q];
      [[unroll]] for (uint r = 1; r < ROWS; ++r) sum = fma(vec4(a[r][0]), vec4(a[r][4 * q], a[r][4 * q + 1], a[r][4 * q + 2], a[r][4 * q + 3]), sum);
      sum = subgroupAdd(sum);
      if (gl_SubgroupInvocationID == 0) sums[side][gl_SubgroupID][q] = sum;
      if (me == j) pivots[side][q] = row[q];
    }
    barrier();
    [[unroll]] for (uint q = 0; q < kQuads; ++q) {
      tail[q] = vec4(0);
      for (uint i = 0; i < gl_NumSubgroups; ++i) tail[q] += sums[side][i][q];
    }
    const float pivot = pivots[side][0].x;
    float beta = pivot, tau = 0, scale = 0;
    if (tail[0].x > kNothing) {
      const float norm = sqrt(fma(pivot, pivot, tail[0].x));
      beta = floatBitsToInt(pivot) < 0 ? norm : -norm;
      tau = (beta - pivot) / beta;
      scale = 1 / (pivot - beta);
    }
    vec4 by[kQuads];
    [[unroll]] for (uint q = 0; q < kQuads; ++q) {
      by[q] = fma(tail[q], vec4(scale), pivots[side][q]);
      if (me == 0) dots[j][q] = by[q];
      by[q] *= tau;
      [[unroll]] for (uint i = 0; i < 4; ++i)
        if (4 * q + i >= WIDTH - j) by[q][i] = 0;  // done before
    }
    if (me == 0) factors[j] = tau;
    [[unroll]] for (uint r = 0; r < ROWS; ++r) {
      const float x = a[r][0];
      float v = x * scale, kept = v;
      if (r == 0 && me <= j) {
        v = me == j ? 1 : 0;
        kept = me == j ? beta : x;
      }
      [[unroll]] for (uint c = 1; c < WIDTH; ++c) a[r][c - 1] = fma(-by[c / 4][c % 4], v, a[r][c]);
      a[r][WIDTH - 1] = kept;
    }
  }

  [[unroll]] for (uint c = 0; c < WIDTH; ++c) {
    const bool there = c < args.columns;
    if (there && me <= c) s.v[c * args.lead + me] = a[0][c];
    if (me <= c) a[0][c] = there && me == c ? 1 : 0;
  }
  // T by rows: T(i, j) = -tau_j sum over k from i to j - 1 of T(i, k) (v_k, v_j).
  barrier();
  if (me < WIDTH) {
    [[dont_unroll]] for (uint j = 0; j < WIDTH; ++j) {
      float sum = 0;
      for (uint k = me; k < j; ++k) {
        const uint place = k + WIDTH - j;
        sum = fma(t[me][k], dots[j][place / 4][place % 4], sum);
      }
      t[me][j] = j < me ? 0 : j == me ? factors[j] : -factors[j] * sum;
    }
  }
  barrier();
  const uint height = args.lead - args.first;
  [[unroll]] for (uint c = 0; c < WIDTH; ++c)
    [[unroll]] for (uint r = 0; r < ROWS; ++r)
      if (r * 256 + me < height) v_out.v[c * args.lead + r * 256 + me] = a[r][c];
  [[dont_unroll]] for (uint c = 0; c < WIDTH; ++c) {
    float y[ROWS];
    [[unroll]] for (uint r = 0; r < ROWS; ++r) y[r] = 0;
    [[unroll]] for (uint k = 0; k < WIDTH; ++k) {
      const float by = t[k][c];
      [[unroll]] for (uint r = 0; r < ROWS; ++r) y[r] = fma(a[r][k], by, y[r]);
    }
    [[unroll]] for (uint r = 0; r < ROWS; ++r)
      if (r * 256 + me < height) y_out.v[c * args.lead + r * 256 + me] = y[r];
  }
}
