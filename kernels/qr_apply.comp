// x -= q p^T x, where p and q are V and Y of a panel of reflections, or Y and V: x by columns, a workgroup a few of them. Eight teams of 32 threads
// find the products of 4 columns of p with 4 of x; then every thread goes over rows.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(local_size_x = 256) in;
layout(constant_id = 0) const uint WIDTH = 16;  // of the panel: 4, 8 or 16

layout(push_constant, scalar) uniform Args {
  uvec2 x, p, q;          // from the panel's first row on, at multiples of 16 bytes
  uint lead, height;      // of a column: elements to the next one; how many there are, in fours
  uint columns, groups, all;  // columns of x; workgroups of a matrix; of the batch
  uint x_bytes, p_bytes;  // from matrix to matrix
} args;

const uint kTeam = 32, kParts = WIDTH / 4, kColumns = 4 * (8 / kParts);  // columns of a workgroup: 128 products in all
shared float sums[256 * 16];

void main() {
  const uint id = group_index(), me = gl_LocalInvocationIndex;
  if (id >= args.all) return;
  const uint item = id / args.groups, first = id % args.groups * kColumns, step_ = args.lead / 4;
  F32x4 x = F32x4(address_of(row_of(uvec2, args.x, item, args.x_bytes), first, args.lead * 4));
  F32x4 p = row_of(F32x4, args.p, item, args.p_bytes), q = row_of(F32x4, args.q, item, args.p_bytes);

  const uint team = me / kTeam, lane = me % kTeam, part = team % kParts * 4, column = team / kParts * 4;
  float products[16];
  [[unroll]] for (uint i = 0; i < 16; ++i) products[i] = 0;
  for (uint row = lane; row < args.height; row += kTeam) {
    vec4 mine[4], theirs[4];
    [[unroll]] for (uint i = 0; i < 4; ++i) {
      mine[i] = p.v[(part + i) * step_ + row];
      theirs[i] = first + column + i < args.columns ? x.v[(column + i) * step_ + row] : vec4(0);
    }
    [[unroll]] for (uint i = 0; i < 16; ++i) {
      const vec4 a = theirs[i / 4], b = mine[i % 4];
      products[i] = fma(a.x, b.x, fma(a.y, b.y, fma(a.z, b.z, fma(a.w, b.w, products[i]))));
    }
  }
  // Two threads a product add up half a team's part each, each beginning elsewhere: no two in one bank.
  [[unroll]] for (uint i = 0; i < 16; ++i) sums[i * 256 + me] = products[i];
  barrier();
  const uint product = me % 128, from = product % 16 * 256 + product / 16 * kTeam;
  float sum = 0;
  for (uint i = 0; i < 16; ++i) sum += sums[from + (me / 128 * 16 + ((i + me) & 15u))];
  barrier();
  sums[me] = sum;
  barrier();
  sum = sums[product] + sums[product + 128];
  barrier();
  // By columns of x, those of p in order.
  const uint at = product / 16;
  if (me < 128) sums[(at / kParts * 4 + product % 16 / 4) * WIDTH + at % kParts * 4 + product % 4] = sum;
  barrier();

  const uint count = min(kColumns, args.columns - first);
  for (uint row = me; row < args.height; row += 256) {
    vec4 by[WIDTH];
    [[unroll]] for (uint i = 0; i < WIDTH; ++i) by[i] = q.v[i * step_ + row];
    for (uint c0 = 0; c0 < count; c0 += 8) {  // all are asked for before any is stored
      vec4 v[8];
      [[unroll]] for (uint c = 0; c < 8; ++c) v[c] = c0 + c < count ? x.v[(c0 + c) * step_ + row] : vec4(0);
      [[unroll]] for (uint c = 0; c < 8; ++c) {
        [[unroll]] for (uint i = 0; i < WIDTH; ++i) v[c] = fma(-by[i], vec4(sums[(c0 + c) * WIDTH + i]), v[c]);
        if (c0 + c < count) x.v[(c0 + c) * step_ + row] = v[c];
      }
    }
  }
}
