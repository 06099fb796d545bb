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
uvec2 row_address;

vec4 unit_at(uint i, uint unit) {
  if (kHeld) return kept[i];
  return unit < kUnits ? four_at(kF32, row_address, unit, kDim, kWideX) : vec4(0);
}

void main() {
  const uint row = group_index() * kTeams + team_index(), lane = team_lane();
  const bool mine = row < args.rows;  // the sums are everybody's
  row_address = moved(moved(args.x, int(row / args.heads), args.x_stride * 4), int(row % args.heads), args.x_head_stride * 4);
  float sum = 0;
  [[unroll]] for (uint i = 0; i < kCount; ++i) {
    const uint unit = lane + i * kTeam;
    const vec4 x = mine && unit < kUnits ? four_at(kF32, row_address, unit, kDim, kWideX) : vec4(0);
    if (kHeld) kept[i] = x;
    sum += RMS != 0 ? dot(x, x) : x.x + x.y + x.z + x.w;
  }
  sum = team_sum(sum);
  float mean = 0, scale;
  if (RMS != 0) {
    scale = 1 / sqrt(sum / float(kDim) + args.eps);
  } else {
    mean = sum / float(kDim);
    float squares = 0;
    [[unroll]] for (uint i = 0; i < kCount; ++i) {
      const uint unit = lane + i * kTeam;
      if (!mine || unit >= kUnits) continue;
      vec4 centred = unit_at(i, unit) - mean;
      if (kDim % 4 != 0 && unit == kUnits - 1) {  // past the end there is nothing
        [[unroll]] for (uint j = kDim % 4; j < 4; ++j) centred[j] = 0;
      }
      squares += dot(centred, centred);
    }
    scale = 1 / sqrt(team_sum(squares) / float(kDim) + args.eps);
  }
  if (!mine) return;
  const uvec2 y_row = address_of(args.y, row, kDim * (kOut == kF32 ? 4 : 2));
  const uvec2 residual_row = address_of(args.third, row, kDim * 4);
  [[unroll]] for (uint i = 0; i < kCount; ++i) {
    const uint unit = lane + i * kTeam;
    if (unit >= kUnits) continue;
    const vec4 weight = four_at(kWeight, args.weight, unit, kDim, kWide);
    vec4 y = (unit_at(i, unit) - mean) * scale;
    if (RMS != 0) {
      y *= weight + args.offset;
      if (kResidual) y += four_at(kF32, residual_row, unit, kDim, kWide);
    } else {
      y = y * weight + four_at(kBias, args.third, unit, kDim, kWide);
    }
    put_four(kOut, y_row, unit, kDim, kWide, y);
  }
}
