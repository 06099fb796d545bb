// Pools and their gradients (src/ops/pool.h) over up to three spatial axes, one result a thread. The text around this file defines VALUE, LOAD and STORE
// (an element's type and functions) and GRADIENT, MAXIMUM, PICKS, INSIDE:
//   of results: the maximum, or the element of `second` at its place (PICKS), or the mean over the window, or over what is INSIDE of it
//   GRADIENT: of elements of x: x is g then, and `second` x itself for a maximum
layout(local_size_x = 256) in;

layout(push_constant, scalar) uniform Args {
  uvec2 x, second, y;
  uint count;
  uint in_[3], out_[3], kernel[3], stride[3], padding[3], dilation[3];
} args;

uint taps() { return args.kernel[0] * args.kernel[1] * args.kernel[2]; }
uvec3 tap_of(uint i) { return uvec3(i / (args.kernel[1] * args.kernel[2]), i / args.kernel[2] % args.kernel[1], i % args.kernel[2]); }

// Where a tap of a window lies in its plane of the input, ~0 in the padding.
uint inner(uvec3 window, uvec3 tap) {
  uint at = 0;
  [[unroll]] for (uint axis = 0; axis < 3; ++axis) {
    const uint place = window[axis] * args.stride[axis] + tap[axis] * args.dilation[axis] - args.padding[axis];  // wraps around below zero
    if (place >= args.in_[axis]) return ~0u;
    at = at * args.in_[axis] + place;
  }
  return at;
}

// The place of a window's maximum: the first of equal ones, NaN above all.
uint place_of_maximum(uvec2 x, uint plane, uvec3 window, out VALUE most) {
  uint place = ~0u;
  most = VALUE(0);
  for (uint i = 0; i < taps(); ++i) {
    const uint at = inner(window, tap_of(i));
    if (at == ~0u) continue;
    const VALUE value = LOAD(x, plane + at);
    if (place == ~0u || !is_nan(most) && (is_nan(value) || value > most)) {
      place = at;
      most = value;
    }
  }
  return place;
}

uint count_inside(uvec3 window) {
  uint count = 0;
  for (uint i = 0; i < taps(); ++i) count += uint(inner(window, tap_of(i)) != ~0u);
  return count;
}

VALUE result(uint plane, uvec3 window) {
#if MAXIMUM
  VALUE most;
  const uint place = place_of_maximum(args.x, plane, window, most);
#if PICKS
  return LOAD(args.second, plane + place);
#else
  return most;
#endif
#else
  VALUE sum = VALUE(0);
  for (uint i = 0; i < taps(); ++i) {
    const uint at = inner(window, tap_of(i));
    if (at != ~0u) sum += LOAD(args.x, plane + at);
  }
  return sum / VALUE(INSIDE ? count_inside(window) : taps());
#endif
}

// What the windows over an element pass on to it.
VALUE gradient(uint plane, uint out_plane, uvec3 place, uint at) {
  VALUE sum = VALUE(0);
  for (uint i = 0; i < taps(); ++i) {
    const uvec3 tap = tap_of(i);
    uvec3 window;
    uint from = 0;
    bool there = true;
    [[unroll]] for (uint axis = 0; axis < 3; ++axis) {
      const uint distance = place[axis] + args.padding[axis] - tap[axis] * args.dilation[axis];  // a huge one below zero
      window[axis] = distance / args.stride[axis];
      there = there && distance % args.stride[axis] == 0 && window[axis] < args.out_[axis];
      from = from * args.out_[axis] + window[axis];
    }
    if (!there) continue;
    const VALUE g = LOAD(args.x, out_plane + from);
#if MAXIMUM
    VALUE most;
    if (place_of_maximum(args.second, plane, window, most) == at) sum += g;
#else
    sum += g / VALUE(INSIDE ? count_inside(window) : taps());
#endif
  }
  return sum;
}

void main() {
  const uint id = group_index() * 256 + gl_LocalInvocationIndex;
  if (id >= args.count) return;
  const uint in_size = args.in_[0] * args.in_[1] * args.in_[2], out_size = args.out_[0] * args.out_[1] * args.out_[2];
#if GRADIENT
  const uint plane = id / in_size, at = id % in_size;
  const uvec3 place = uvec3(at / (args.in_[1] * args.in_[2]), at / args.in_[2] % args.in_[1], at % args.in_[2]);
  STORE(args.y, id, gradient(plane * in_size, plane * out_size, place, at));
#else
  const uint plane = id / out_size, at = id % out_size;
  STORE(args.y, id, result(plane * in_size, uvec3(at / (args.out_[1] * args.out_[2]), at / args.out_[2] % args.out_[1], at % args.out_[2])));
#endif
}
