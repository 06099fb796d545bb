// The gradient of rms_norm and layer_norm (src/ops/transformer.h, NormGradient): a team of lanes goes over every so many rows and keeps what they add to
// the weight's gradient, and the bias's, in registers; reduce_columns adds up what the teams found.
// variant rms: -DRMS=1
// variant layer: -DRMS=0
#version 460
#extension GL_GOOGLE_include_directive : require
#include "norm_common.glsl"
#include "norm_team.glsl"

layout(constant_id = 2) const uint kDim = 64;
layout(constant_id = 3) const uint kWeight = 0;    // type of the weight
layout(constant_id = 4) const bool kWide = false;  // all operands lie in fours

layout(push_constant, scalar) uniform Args {
  uvec2 x, weight, dy, dx;
  uvec2 weights, biases;  // [teams, dim]: sums of dy times the normalised x, and of dy
  uint rows, teams;
  float eps, offset;
} args;

const uint kUnits = (kDim + 3) / 4;  // of four elements
const uint kCount = (kUnits + kTeam - 1) / kTeam;

// Beyond the end of a row there is nothing.
vec4 bounded(vec4 v, uint unit) {
  if (kDim % 4 != 0 && unit == kUnits - 1)
    [[unroll]] for (uint j = kDim % 4; j < 4; ++j) v[j] = 0;
  return v;
}

void main() {
  const uint team = group_index() * kTeams + team_index(), lane = team_lane();
  vec4 weight[kCount], weights[kCount], biases[kCount];
  [[unroll]] for (uint i = 0; i < kCount; ++i) {
    const uint unit = lane + i * kTeam;
    weight[i] = unit < kUnits ? four_at(kWeight, args.weight, unit, kDim, kWide) + args.offset : vec4(0);
    weights[i] = biases[i] = vec4(0);
  }
  const uint rounds = (args.rows + args.teams - 1) / args.teams;
  for (uint round = 0; round < rounds; ++round) {
    const uint row = team + round * args.teams;
    const bool mine = team < args.teams && row < args.rows;
    const uint from = mine ? row : 0;  // the sums are everybody's: lanes without a row read the first
    const uvec2 x_row = address_of(args.x, from, kDim * 4), dy_row = address_of(args.dy, from, kDim * 4);
    vec4 x[kCount], dy[kCount];
    [[unroll]] for (uint i = 0; i < kCount; ++i) {
      const uint unit = lane + i * kTeam;
      x[i] = unit < kUnits ? four_at(kF32, x_row, unit, kDim, kWide) : vec4(0);
      dy[i] = unit < kUnits ? four_at(kF32, dy_row, unit, kDim, kWide) : vec4(0);
    }
#if RMS == 0
    float sum = 0;
    [[unroll]] for (uint i = 0; i < kCount; ++i) sum += dot(x[i], vec4(1));
    const float mean = team_sum(sum) / float(kDim);
    [[unroll]] for (uint i = 0; i < kCount; ++i) {
      const uint unit = lane + i * kTeam;
      x[i] = unit < kUnits ? bounded(x[i] - mean, unit) : vec4(0);
    }
#endif
    float squares = 0;
    [[unroll]] for (uint i = 0; i < kCount; ++i) squares += dot(x[i], x[i]);
    const float scale = 1 / sqrt(team_sum(squares) / float(kDim) + args.eps);
    float along = 0, all = 0;  // of dy times the weight: with the normalised x, alone
    [[unroll]] for (uint i = 0; i < kCount; ++i) {
      x[i] *= scale;
      if (mine) {
        weights[i] += dy[i] * x[i];
        biases[i] += dy[i];
      }
      dy[i] *= weight[i];
      along += dot(dy[i], x[i]);
      all += dot(dy[i], vec4(1));
    }
    along = team_sum(along) / float(kDim);
    all = RMS != 0 ? 0 : team_sum(all) / float(kDim);
    if (!mine) continue;
    const uvec2 dx_row = address_of(args.dx, row, kDim * 4);
    [[unroll]] for (uint i = 0; i < kCount; ++i) {
      const uint unit = lane + i * kTeam;
      if (unit < kUnits) put_four(kF32, dx_row, unit, kDim, kWide, (dy[i] - all - x[i] * along) * scale);
    }
  }
  if (team >= args.teams) return;
  const uvec2 weights_row = address_of(args.weights, team, kDim * 4), biases_row = address_of(args.biases, team, kDim * 4);
  [[unroll]] for (uint i = 0; i < kCount; ++i) {
    const uint unit = lane + i * kTeam;
    if (unit >= kUnits) continue;
    put_four(kF32, weights_row, unit, kDim, kWide, weights[i]);
    if (RMS == 0) put_four(kF32, biases_row, unit, kDim, kWide, biases[i]);
  }
}
