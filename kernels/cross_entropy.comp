// The negative log-probability of one class a row, and its gradient (src/ops/cross_entropy.h): a team of lanes a row.
// variant rows: -DGRADIENT=0
// variant gradient: -DGRADIENT=1
#version 460
#extension GL_GOOGLE_include_directive : require
#include "norm_common.glsl"
#include "math.glsl"
#include "norm_team.glsl"

layout(constant_id = 2) const bool kWide = false;  // rows lie in fours

layout(push_constant, scalar) uniform Args {
  uvec2 logits, targets;
  uvec2 pairs;   // [rows, 2]: the largest logit, the sum of exp(logit - largest)
  uvec2 losses;  // [rows]; GRADIENT: their cotangents
  uvec2 out_;    // GRADIENT: [rows, classes]
  uint rows, classes;
} args;

void main() {
  const uint row = group_index() * kTeams + team_index(), lane = team_lane();
  const bool mine = row < args.rows;
  const uint from = mine ? row : 0;  // the sums are everybody's: lanes without a row read the first
  const uint units = (args.classes + 3) / 4;
  const uvec2 logits = address_of(args.logits, from, args.classes * 4);
  const int target = I32(args.targets).v[from];
  const bool there = target >= 0 && uint(target) < args.classes;
#if GRADIENT
  if (!mine) return;
  const uvec2 out_ = address_of(args.out_, row, args.classes * 4);
  const float largest = F32(args.pairs).v[2 * row], each = divide_f32(1.0, F32(args.pairs).v[2 * row + 1]), g = F32(args.losses).v[row];
  for (uint unit = lane; unit < units; unit += kTeam) {
    const vec4 x = four_at(kF32, logits, unit, args.classes, kWide);
    vec4 y = vec4(0);
    if (there) {
      [[unroll]] for (uint e = 0; e < 4; ++e) y[e] = (exp_f32(x[e] - largest) * each - (4 * unit + e == uint(target) ? 1.0 : 0.0)) * g;
    }
    put_four(kF32, out_, unit, args.classes, kWide, y);
  }
#else
  float largest = -kInfinity;  // NaN shows in the sum
  for (uint unit = lane; unit < units; unit += kTeam) {
    const vec4 x = four_at(kF32, logits, unit, args.classes, kWide);
    [[unroll]] for (uint e = 0; e < 4; ++e)
      if (4 * unit + e < args.classes) largest = x[e] > largest ? x[e] : largest;
  }
  largest = team_max(largest);
  float sum = 0;
  for (uint unit = lane; unit < units; unit += kTeam) {
    const vec4 x = four_at(kF32, logits, unit, args.classes, kWide);
    [[unroll]] for (uint e = 0; e < 4; ++e)
      if (4 * unit + e < args.classes) sum += exp_f32(x[e] - largest);
  }
  sum = team_sum(sum);
  if (!mine || lane > 0) return;
  F32(args.pairs).v[2 * row] = largest;
  F32(args.pairs).v[2 * row + 1] = sum;
  F32(args.losses).v[row] = there ? log_f32(sum) - (F32(logits).v[target] - largest) : 0.0;
#endif
}
