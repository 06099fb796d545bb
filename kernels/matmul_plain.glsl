// c = a b for any dtype: 16 x 16 results a workgroup, one a thread. The text around this file defines INPUT (the dtype's functions), VALUE (its
// type), SUM (the type of sums), and ADD(sum, x, y).
#include "matmul.glsl"

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

layout(local_size_x = 16, local_size_y = 16) in;
layout(constant_id = 0) const uint AXES = 0;

shared VALUE shared_a[16][17];
shared VALUE shared_b[16][17];

void main() {
  uint id = group_index();
  if (id >= args.tiles) return;
  Place place = place_of(id, AXES);
  uint x = gl_LocalInvocationID.x, y = gl_LocalInvocationID.y, row = place.row * 16 + y, column = place.column * 16 + x;
  SUM sum = SUM(0);
  for (uint k0 = 0; k0 < args.k; k0 += 16) {
    shared_a[y][x] = row < args.m && k0 + x < args.k ? JOIN(load_, INPUT)(place.a, args.a_first + row * args.a_row + (k0 + x) * args.a_col) : VALUE(0);
    shared_b[y][x] = column < args.n && k0 + y < args.k ? JOIN(load_, INPUT)(place.b, args.b_first + (k0 + y) * args.b_row + column * args.b_col) : VALUE(0);
    barrier();
    [[unroll]] for (uint k = 0; k < 16; ++k) ADD(sum, shared_a[y][k], shared_b[k][x]);
    barrier();
  }
  if (row < args.m && column < args.n) JOIN(store_, INPUT)(place.c, row * args.c_row + column, VALUE(sum));
}
