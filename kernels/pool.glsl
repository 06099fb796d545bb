// Pools and their gradients (src/ops/pool.h) over up to three spatial axes, one result a thread. The text around this file defines VALUE, LOAD and STORE
// (an element's type and functions), kKernel, kStride, kPadding and kDilation (uint[3]), UNROLL (of loops over a window), and GRADIENT, MAXIMUM,
// PICKS, INSIDE:
//   of results: the maximum, or the element of `second` at its place (PICKS), or the mean over the window, or over what is INSIDE of it
//   GRADIENT: of elements of x: x is g then, and `second` x itself for a maximum
layout(local_size_x = 256) in;

layout(push_constant, scalar) uniform Args {
  uvec2 x, second, y;
  uint count;
  uint in_[3], out_[3];
} args;

const uint kTaps = kKernel[0] * kKernel[1] * kKernel[2];

#define EACH_TAP(tap) \
  UNROLL for (uint tap##0 = 0; tap##0 < kKernel[0]; ++tap##0) \
    UNROLL for (uint tap##1 = 0; tap##1 < kKernel[1]; ++tap##1) \
      UNROLL for (uint tap##2 = 0; tap##2 < kKernel[2]; ++tap##2)

// Where a tap of a window lies in its plane of the input, ~0 in the padding.
uint inner(uvec3 window, uint tap0, uint tap1, uint tap2) {
  const uint taps[3] = uint[](tap0, tap1, tap2);
  uint at = 0;
  bool inside = true;
  [[unroll]] for (uint axis = 0; axis < 3; ++axis) {
    const uint place = window[axis] * kStride[axis] + taps[axis] * kDilation[axis] - kPadding[axis];  // wraps around below zero
    inside = inside && place < args.in_[axis];
    at = at * args.in_[axis] + place;
  }
  return inside ? at : ~0u;
}

// The place of a window's maximum: the first of equal ones, NaN above all.
uint place_of_maximum(uvec2 x, uint plane, uvec3 window, out VALUE most) {
  uint place = ~0u;
  most = VALUE(0);
  EACH_TAP(tap) {
    const uint at = inner(window, tap0, tap1, tap2);
    if (at != ~0u) {
      const VALUE value = LOAD(x, plane + at);
      if (place == ~0u || !is_nan(most) && (is_nan(value) || value > most)) {
        place = at;
        most = value;
      }
    }
  }
  return place;
}

uint divisor(uvec3 window) {
  uint count = 0;
  if (!INSIDE) return kTaps;
  EACH_TAP(tap) count += uint(inner(window, tap0, tap1, tap2) != ~0u);
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
  EACH_TAP(tap) {
    const uint at = inner(window, tap0, tap1, tap2);
    if (at != ~0u) sum += LOAD(args.x, plane + at);
  }
  return sum / VALUE(divisor(window));
#endif
}

// What the windows over an element pass on to it.
VALUE gradient(uint plane, uint out_plane, uvec3 place, uint at) {
  uvec3 first, beyond, padded;
  [[unroll]] for (uint axis = 0; axis < 3; ++axis) {
    const uint reach = kDilation[axis] * (kKernel[axis] - 1) + 1;
    padded[axis] = place[axis] + kPadding[axis];
    first[axis] = padded[axis] < reach ? 0 : (padded[axis] - reach) / kStride[axis] + 1;
    beyond[axis] = min(padded[axis] / kStride[axis] + 1, args.out_[axis]);
  }
  VALUE sum = VALUE(0);
  uvec3 window;
  for (window[0] = first[0]; window[0] < beyond[0]; ++window[0])
    for (window[1] = first[1]; window[1] < beyond[1]; ++window[1])
      for (window[2] = first[2]; window[2] < beyond[2]; ++window[2]) {
        bool there = true;
        [[unroll]] for (uint axis = 0; axis < 3; ++axis) there = there && (padded[axis] - window[axis] * kStride[axis]) % kDilation[axis] == 0;
        if (!there) continue;
        const VALUE g = LOAD(args.x, out_plane + (window[0] * args.out_[1] + window[1]) * args.out_[2] + window[2]);
#if MAXIMUM
        VALUE most;
        if (place_of_maximum(args.second, plane, window, most) == at) sum += g;
#else
        sum += g / VALUE(divisor(window));
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
