// rms_norm and layer_norm over the last axis: a team of lanes a row, which keeps the row in registers between its passes.
// variant rms: -DRMS=1
// variant layer: -DRMS=0
#version 460
#extension GL_GOOGLE_include_directive : require
#include "norm_common.glsl"
#include "norm_team.glsl"

layout(constant_id = 2) const uint kDim = 64;
layout(constant_id = 3) const uint kWeight = 0;  // type of the weight and the bias
layout(constant_id = 4) const uint kOut = 0;     // type of the result
layout(constant_id = 5) const bool kWideX = false;
layout(constant_id = 6) const bool kWide = false;  // everything else lies in fours
layout(constant_id = 7) const bool kResidual = false;
layout(constant_id = 8) const uint kBias = 0;

layout(push_constant, scalar) uniform Args {
  uvec2 x, weight, third, y;  // third: the bias, or the residual
  uint rows, heads;
  int x_stride, x_head_stride;  // elements
  float eps, offset;
} args;

const uint kUnits = (kDim + 3) / 4;  // of four elements
const uint kCount = (kUnits + kTeam - 1) / kTeam;
const bool kHeld = kCount <= 16;  // longer rows are read again
const uint kKept = kHeld ? kCount : 1;

vec4 kept[kKept];
uvec2 x_row, residual_row, y_row;
float mean = 0, scale = 1;

vec4 unit_of_x(uint unit) { return unit < kUnits ? four_at(kF32, x_row, unit, kDim, kWideX) : vec4(0); }

// Body(x, unit) for every unit of the lane: from registers, or from memory again.
#define EACH_UNIT(Body) \
  if (kHeld) { \
    [[unroll]] for (uint i = 0; i < kKept; ++i) Body(kept[i], lane + i * kTeam); \
  } else { \
    [[dont_unroll]] for (uint unit = lane; unit < kUnits; unit += kTeam) Body(unit_of_x(unit), unit); \
  }

float sum;
void add(vec4 x, uint unit) { sum += RMS != 0 ? dot(x, x) : x.x + x.y + x.z + x.w; }
void add_square(vec4 x, uint unit) {
  vec4 centred = unit < kUnits ? x - mean : vec4(0);
  if (kDim % 4 != 0 && unit == kUnits - 1) {  // past the end there is nothing
    [[unroll]] for (uint j = kDim % 4; j < 4; ++j) centred[j] = 0;
  }
  sum += dot(centred, centred);
}
void write(vec4 x, uint unit) {
  if (unit >= kUnits) return;
  const vec4 weight = four_at(kWeight, args.weight, unit, kDim, kWide);
  vec4 y = (x - mean) * scale;
  if (RMS != 0) {
    y *= weight + args.offset;
    if (kResidual) y += four_at(kF32, residual_row, unit, kDim, kWide);
  } else {
    y = y * weight + four_at(kBias, args.third, unit, kDim, kWide);
  }
  put_four(kOut, y_row, unit, kDim, kWide, y);
}

void main() {
  const uint row = group_index() * kTeams + team_index(), lane = team_lane();
  const bool mine = row < args.rows;
  const uint from = mine ? row : 0;  // the sums are everybody's: lanes without a row read the first
  x_row = moved(moved(args.x, int(from / args.heads), args.x_stride * 4), int(from % args.heads), args.x_head_stride * 4);
  residual_row = address_of(args.third, from, kDim * 4);
  y_row = address_of(args.y, from, kDim * (kOut == kF32 ? 4 : 2));
  if (kHeld) {
    [[unroll]] for (uint i = 0; i < kKept; ++i) kept[i] = unit_of_x(lane + i * kTeam);
  }
  sum = 0;
  EACH_UNIT(add)
  sum = team_sum(sum);
  if (RMS == 0) {
    mean = sum / float(kDim);
    sum = 0;
    EACH_UNIT(add_square)
    sum = team_sum(sum);
  }
  scale = 1 / sqrt(sum / float(kDim) + args.eps);
  if (mine) {
    EACH_UNIT(write)
  }
}
