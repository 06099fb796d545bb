// Softmax and its logarithm over rows of float32.
//   held, held1   a row in the registers of LANES threads: read once, written once. WIDE elements at a time: 4 where rows are multiples of 4
//   apply         a row whose maximum and sum of exponentials are known: too long to be held
// variant held: -DWIDE=4
// variant held1: -DWIDE=1
// variant apply: -DWIDE=4 -DAPPLY
#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_shuffle : require
#include "common.glsl"
#include "math.glsl"

layout(local_size_x = 256) in;
layout(constant_id = 0) const uint LANES = 256;  // of a row, a power of two
layout(constant_id = 1) const uint PIECES = 1;   // of WIDE elements, of a thread
layout(constant_id = 2) const bool LOG = false;
layout(constant_id = 3) const bool INSIDE = false;  // the threads of a row are in one subgroup, side by side

layout(push_constant, scalar) uniform Args {
  uvec2 x;
  uvec2 y;
#ifdef APPLY
  F32 sums;     // maximum and sum of each row
  uint groups;  // workgroups of a row
#endif
  uint rows, width, stride;  // elements between rows of x
} args;

// address + row * length floats
uvec2 row_address(uvec2 address, uint row, uint length) {
  uint high, low, carry;
  umulExtended(row, length, high, low);
  high = (high << 2) | (low >> 30);
  low = uaddCarry(address.x, low << 2, carry);
  return uvec2(low, address.y + high + carry);
}

// e^x for x <= 0 or -infinity, without most of exp_f32's cases: x <= -88 gives 0.
float exp_below(float x) {
  precise float at = x < -88.0 ? -88.0 : x;
  precise float n = roundEven(at * 1.44269504088896341);
  precise float r = (at - n * 0.693359375) + n * 2.12194440e-4;
  precise float p = 1.9875691500e-4;
  p = fma(p, r, 1.3981999507e-3);
  p = fma(p, r, 8.3334519073e-3);
  p = fma(p, r, 4.1665795894e-2);
  p = fma(p, r, 1.6666665459e-1);
  p = fma(p, r, 5.0000001201e-1);
  p = fma(p * r, r, r) + 1.0;
  return p * uintBitsToFloat(uint(int(n) + 127) << 23);
}

#ifdef APPLY
float apply(float x, float most, float total) {
  if (is_inf(most)) return kNan;
  return LOG ? (x - most) - total : exp_below(x - most) * total;
}

void main() {
  uint row = group_index() / args.groups, first = (group_index() % args.groups * 256 + gl_LocalInvocationIndex) * WIDE;
  if (row >= args.rows || first >= args.width) return;
  float most = args.sums.v[2 * row], total = args.sums.v[2 * row + 1];
  total = LOG ? log_f32(total) : 1.0 / total;
  uvec2 x = row_address(args.x, row, args.stride), y = row_address(args.y, row, args.width);
  bool whole = ((x.x | y.x) & 15u) == 0u && first + WIDE <= args.width;
  uint count = min(WIDE, args.width - first);
  vec4 v = vec4(0.0);
  if (whole) v = F32x4(x).v[first / WIDE];
  else
    for (uint i = 0; i < count; ++i) v[i] = F32(x).v[first + i];
  [[unroll]] for (uint i = 0; i < WIDE; ++i) v[i] = apply(v[i], most, total);
  if (whole) F32x4(y).v[first / WIDE] = v;
  else
    for (uint i = 0; i < count; ++i) F32(y).v[first + i] = v[i];
}

#else
shared float maxima[256], sums[256];

// Over the LANES threads of a row; every one of them gets the result.
float row_max(float v, uint lane) {
  if (INSIDE) {
    for (uint apart = LANES / 2; apart > 0; apart /= 2) v = max(v, subgroupShuffleXor(v, apart));
    return v;
  }
  uint me = gl_LocalInvocationIndex;
  if (LANES == 256) {
    v = subgroupMax(v);
    if (subgroupElect()) maxima[gl_SubgroupID] = v;
    barrier();
    v = maxima[0];
    for (uint i = 1; i < gl_NumSubgroups; ++i) v = max(v, maxima[i]);
    return v;
  }
  maxima[me] = v;
  for (uint half_way = LANES / 2; half_way > 0; half_way /= 2) {
    barrier();
    if (lane < half_way) maxima[me] = max(maxima[me], maxima[me + half_way]);
  }
  barrier();
  return maxima[me - lane];
}
float row_sum(float v, uint lane) {
  if (INSIDE) {
    for (uint apart = LANES / 2; apart > 0; apart /= 2) v += subgroupShuffleXor(v, apart);
    return v;
  }
  uint me = gl_LocalInvocationIndex;
  if (LANES == 256) {
    v = subgroupAdd(v);
    if (subgroupElect()) sums[gl_SubgroupID] = v;
    barrier();
    v = sums[0];
    for (uint i = 1; i < gl_NumSubgroups; ++i) v += sums[i];
    return v;
  }
  sums[me] = v;
  for (uint half_way = LANES / 2; half_way > 0; half_way /= 2) {
    barrier();
    if (lane < half_way) sums[me] += sums[me + half_way];
  }
  barrier();
  return sums[me - lane];
}

void main() {
  uint lane = gl_LocalInvocationIndex % LANES, row = group_index() * (256 / LANES) + gl_LocalInvocationIndex / LANES;
  bool valid = row < args.rows;
  uvec2 x = row_address(args.x, row, args.stride), y = row_address(args.y, row, args.width);
  bool aligned = WIDE == 1 || ((x.x | y.x) & 15u) == 0u;
  float held[PIECES * WIDE];
  float most = -kInfinity, total = 0.0;
  [[unroll]] for (uint p = 0; p < PIECES; ++p) {
    uint at = (p * LANES + lane) * WIDE;
    [[unroll]] for (uint i = 0; i < WIDE; ++i) held[p * WIDE + i] = -kInfinity;
    if (valid && at < args.width) {
#if WIDE == 4
      if (aligned) {
        vec4 v = F32x4(x).v[at / 4];
        [[unroll]] for (uint i = 0; i < 4; ++i) held[p * 4 + i] = v[i];
      } else
#endif
        [[unroll]] for (uint i = 0; i < WIDE; ++i) held[p * WIDE + i] = F32(x).v[at + i];
    }
  }
  uint largest = 0;
  [[unroll]] for (uint i = 0; i < PIECES * WIDE; ++i) {
    most = max(most, held[i]);
    largest = max(largest, magnitude_bits(held[i]));
  }
  if (largest > 0x7f800000u) most = kInfinity;
  most = row_max(most, lane);
  bool spoiled = is_inf(most);  // a row with NaN or +inf is all NaN, as is one of nothing but -inf
  [[unroll]] for (uint i = 0; i < PIECES * WIDE; ++i) {
    float e = exp_below(held[i] - most);
    total += e;
    if (!LOG) held[i] = e;
    else held[i] = held[i] - most;
  }
  total = row_sum(total, lane);
  total = LOG ? log_f32(total) : 1.0 / total;
  [[unroll]] for (uint p = 0; p < PIECES; ++p) {
    uint at = (p * LANES + lane) * WIDE;
    if (valid && at < args.width) {
      [[unroll]] for (uint i = 0; i < WIDE; ++i) {
        uint k = p * WIDE + i;
        held[k] = spoiled ? kNan : (LOG ? held[k] - total : held[k] * total);
      }
#if WIDE == 4
      if (aligned) {
        F32x4(y).v[at / 4] = vec4(held[p * 4], held[p * 4 + 1], held[p * 4 + 2], held[p * 4 + 3]);
      } else
#endif
        [[unroll]] for (uint i = 0; i < WIDE; ++i) F32(y).v[at + i] = held[p * WIDE + i];
    }
  }
}
#endif
