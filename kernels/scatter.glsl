// Rows of x combined with rows of values at their indices, in the order of the values. `order` sorts the indices, so that those of one row are
// neighbours: the first of them takes all. A thread computes one column. The text around this file defines INPUT (the dtype's functions),
// VALUE (its type) and COMBINE(a, b), or SET.
#include "strided.glsl"

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define LOAD JOIN(load_, INPUT)
#define STORE JOIN(store_, INPUT)

layout(local_size_x = 256) in;

layout(push_constant, scalar) uniform Args {
  uvec2 x;        // [rows, width]
  uvec2 indices;  // [n] of 64 bits
  U32 order;      // [n]
  uvec2 values;   // [n, width]
  uint n, rows, width;
  uint multiplier, shift;  // divide by width
} args;

uvec2 index_at(uint place) { return U32x2(args.indices).v[args.order.v[place]]; }

void main() {
  uint id = group_index() * 256 + gl_LocalInvocationIndex;
  if (id >= args.n * args.width) return;
  uint at = fast_divide(id, args.multiplier, args.shift), column = id - at * args.width;
  uvec2 row = index_at(at);
  if (row.y != 0u || row.x >= args.rows || (at > 0u && index_at(at - 1u) == row)) return;
  uint to = row.x * args.width + column;
#ifdef SET  // the last one wins
  do ++at;
  while (at < args.n && index_at(at) == row);
  STORE(args.x, to, LOAD(args.values, args.order.v[at - 1u] * args.width + column));
#else
  VALUE v = LOAD(args.x, to);
  do {
    v = COMBINE(v, LOAD(args.values, args.order.v[at] * args.width + column));
    ++at;
  } while (at < args.n && index_at(at) == row);
  STORE(args.x, to, v);
#endif
}
