// Normalisation of channels by the batch's own statistics, and its gradient (src/ops/batch_norm.h). x is [images, channels, size]: a workgroup goes
// over the whole of a channel, or over one of its parts, once for what has to be added up and once more for the results.
// variant forward_whole: -DGRADIENT=0 -DSUMS=1 -DAPPLY=1
// variant forward_sums: -DGRADIENT=0 -DSUMS=1 -DAPPLY=0
// variant forward_apply: -DGRADIENT=0 -DSUMS=0 -DAPPLY=1
// variant gradient_whole: -DGRADIENT=1 -DSUMS=1 -DAPPLY=1
// variant gradient_sums: -DGRADIENT=1 -DSUMS=1 -DAPPLY=0
// variant gradient_apply: -DGRADIENT=1 -DSUMS=0 -DAPPLY=1
#version 460
#extension GL_GOOGLE_include_directive : require
#include "norm_common.glsl"
#include "math.glsl"
#include "norm_team.glsl"
#include "strided.glsl"

layout(constant_id = 2) const bool kWide = false;    // a unit is four elements, else one
layout(constant_id = 3) const bool kAffine = false;  // there is a weight, and forward a bias
layout(constant_id = 4) const bool kRelu = false;    // behind y; GRADIENT: g counts where `gate` is above zero

layout(push_constant, scalar) uniform Args {
  uvec2 x, weight;
  uvec2 partial;  // [channels, parts, 2]: the mean and the sum of squared deviations of a part; GRADIENT: the sums of g and of g times the normalised x
#if GRADIENT
  uvec2 mean, variance, g, gate, dx, weight_gradient, bias_gradient;
#else
  uvec2 bias, y, mean, variance;
#endif
  uint channels, units, size, multiplier, shift;  // units: of a channel; size: units of an image's channel, with its divisor
  uint parts, part;                               // part: units of one
  float eps;
} args;

const uint kUnit = kWide ? 4 : 1;
uint channel;

uint place_of(uint unit) {
  const uint image = fast_divide(unit, args.multiplier, args.shift);
  return (image * args.channels + channel) * args.size + unit - image * args.size;
}
// A unit; one that is a single element has zeros behind it.
vec4 load(uvec2 from, uint place) { return kWide ? F32x4(from).v[place] : vec4(F32(from).v[place], 0, 0, 0); }
void store(uvec2 to, uint place, vec4 value) {
  if (kWide) F32x4(to).v[place] = value;
  else F32(to).v[place] = value.x;
}
vec4 bounded(vec4 value) { return kWide ? value : vec4(value.x, 0, 0, 0); }
float sum_of(vec4 v) { return v.x + v.y + (v.z + v.w); }
float elements(uint units) { return float(units * kUnit); }
float scale_of(float variance) { return 1 / sqrt(variance + args.eps); }

#if GRADIENT
vec4 cotangent(uint place) {
  const vec4 g = load(args.g, place);
  return kRelu ? g * mix(vec4(0), vec4(1), greaterThan(load(args.gate, place), vec4(0))) : g;
}
vec2 sums_of(uint begin, uint end) {
  const float mean = F32(args.mean).v[channel], scale = scale_of(F32(args.variance).v[channel]);
  float all = 0, along = 0;
  for (uint unit = begin + team_lane(); unit < end; unit += kTeam) {
    const uint place = place_of(unit);
    const vec4 g = cotangent(place);
    all += sum_of(g);
    along += dot(g, (load(args.x, place) - mean) * scale);
  }
  all = team_sum(all);
  return vec2(all, team_sum(along));
}
void apply(uint begin, uint end, vec2 sums, bool first) {
  const float mean = F32(args.mean).v[channel], scale = scale_of(F32(args.variance).v[channel]);
  const float slope = kAffine ? scale * F32(args.weight).v[channel] : scale, each = 1 / elements(args.units);
  for (uint unit = begin + team_lane(); unit < end; unit += kTeam) {
    const uint place = place_of(unit);
    const vec4 normal = (load(args.x, place) - mean) * scale;
    store(args.dx, place, (cotangent(place) - sums.x * each - normal * (sums.y * each)) * slope);
  }
  if (!kAffine || !first || team_lane() > 0) return;
  F32(args.weight_gradient).v[channel] = sums.y;
  F32(args.bias_gradient).v[channel] = sums.x;
}
vec2 joined(uint first) {
  vec2 sums = vec2(0);
  for (uint part = 0; part < args.parts; ++part) sums += F32x2(args.partial).v[first + part];
  return sums;
}
#else
vec2 sums_of(uint begin, uint end) {
  float sum = 0, squares = 0;
  for (uint unit = begin + team_lane(); unit < end; unit += kTeam) sum += sum_of(load(args.x, place_of(unit)));
  const float mean = team_sum(sum) / max(elements(end - begin), 1);
  for (uint unit = begin + team_lane(); unit < end; unit += kTeam) {
    const vec4 deviation = bounded(load(args.x, place_of(unit)) - mean);
    squares += dot(deviation, deviation);
  }
  return vec2(mean, team_sum(squares));
}
void apply(uint begin, uint end, vec2 sums, bool first) {
  const float mean = sums.x, variance = sums.y / elements(args.units), scale = scale_of(variance);
  const float weight = kAffine ? F32(args.weight).v[channel] : 1, bias = kAffine ? F32(args.bias).v[channel] : 0;
  for (uint unit = begin + team_lane(); unit < end; unit += kTeam) {
    const uint place = place_of(unit);
    vec4 y = (load(args.x, place) - mean) * scale;
    if (kAffine) y = y * weight + bias;
    if (kRelu) [[unroll]] for (uint i = 0; i < 4; ++i) y[i] = is_nan(y[i]) || y[i] > 0 ? y[i] : 0;
    store(args.y, place, y);
  }
  if (!first || team_lane() > 0) return;
  F32(args.mean).v[channel] = mean;
  F32(args.variance).v[channel] = variance;
}
// As Chan et al. (1979) join the moments of parts.
vec2 joined(uint first) {
  float sum = 0, squares = 0;
  for (uint part = 0; part < args.parts; ++part) {
    const uint begin = min(part * args.part, args.units), end = min(begin + args.part, args.units);
    sum += F32x2(args.partial).v[first + part].x * (elements(end - begin) / elements(args.units));
  }
  for (uint part = 0; part < args.parts; ++part) {
    const uint begin = min(part * args.part, args.units), end = min(begin + args.part, args.units);
    const vec2 moments = F32x2(args.partial).v[first + part];
    squares += moments.y + elements(end - begin) * (moments.x - sum) * (moments.x - sum);
  }
  return vec2(sum, squares);
}
#endif

void main() {
  const uint id = group_index(), part = id % args.parts;
  channel = id / args.parts;
  if (channel >= args.channels) return;
  const uint begin = min(part * args.part, args.units), end = min(begin + args.part, args.units);
#if SUMS
  const vec2 sums = sums_of(begin, end);
#if !APPLY
  if (team_lane() == 0) F32x2(args.partial).v[id] = sums;
#endif
#else
  const vec2 sums = joined(channel * args.parts);
#endif
#if APPLY
  apply(begin, end, sums, part == 0);
#endif
}
