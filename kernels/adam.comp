// Adam's step for one parameter (src/ops/adam.h), where the old values lie: four elements a thread. Rounded as the operations that it stands for,
// one by one.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "math.glsl"

layout(local_size_x = 256) in;
layout(constant_id = 0) const bool WIDE = true;  // all operands start at multiples of 16 bytes

layout(push_constant, scalar) uniform Args {
  uvec2 parameter, mean, variance, gradient;
  F32 keep, rate, correction;
  uint count;
  float beta1, rest1, beta2, rest2, eps;
} args;

struct State {
  float parameter, mean, variance;
};

State stepped(State old, float gradient, float keep, float rate, float correction) {
  precise float square = gradient * gradient;
  precise float mean = old.mean * args.beta1 + gradient * args.rest1;
  precise float variance = old.variance * args.beta2 + square * args.rest2;
  precise float below = divide_f32(sqrt_f32(variance), correction) + args.eps;
  precise float parameter = old.parameter * keep - divide_f32(rate * mean, below);
  return State(parameter, mean, variance);
}

void main() {
  const uint at = group_index() * 256 + gl_LocalInvocationIndex, first = 4 * at;
  if (first >= args.count) return;
  const float keep = args.keep.v[0], rate = args.rate.v[0], correction = args.correction.v[0];
  if (WIDE && first + 4 <= args.count) {
    vec4 parameter = row_of(F32x4, args.parameter, at, 16).v[0], mean = row_of(F32x4, args.mean, at, 16).v[0], variance = row_of(F32x4, args.variance, at, 16).v[0];
    const vec4 gradient = row_of(F32x4, args.gradient, at, 16).v[0];
    [[unroll]] for (uint e = 0; e < 4; ++e) {
      const State now = stepped(State(parameter[e], mean[e], variance[e]), gradient[e], keep, rate, correction);
      parameter[e] = now.parameter;
      mean[e] = now.mean;
      variance[e] = now.variance;
    }
    row_of(F32x4, args.parameter, at, 16).v[0] = parameter;
    row_of(F32x4, args.mean, at, 16).v[0] = mean;
    row_of(F32x4, args.variance, at, 16).v[0] = variance;
    return;
  }
  [[dont_unroll]] for (uint i = first; i < min(first + 4, args.count); ++i) {
    const State old = State(row_of(F32, args.parameter, i, 4).v[0], row_of(F32, args.mean, i, 4).v[0], row_of(F32, args.variance, i, 4).v[0]);
    const State now = stepped(old, row_of(F32, args.gradient, i, 4).v[0], keep, rate, correction);
    row_of(F32, args.parameter, i, 4).v[0] = now.parameter;
    row_of(F32, args.mean, i, 4).v[0] = now.mean;
    row_of(F32, args.variance, i, 4).v[0] = now.variance;
  }
}
