// Teams: the lanes that share one row. Either a subgroup of a size that the pipeline asks for, or the whole workgroup.
#ifndef MLXC_NORM_TEAM_GLSL
#define MLXC_NORM_TEAM_GLSL

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint kThreads = 32;
layout(constant_id = 1) const uint kTeam = 32;  // lanes of a team: the subgroup's size, or kThreads

const bool kWhole = kTeam == kThreads;
const uint kTeams = kThreads / kTeam;

shared float team_sums[kThreads];  // one a subgroup; a subgroup may be a single lane

uint team_lane() { return kWhole ? gl_LocalInvocationIndex : gl_SubgroupInvocationID; }
uint team_index() { return kWhole ? 0 : gl_SubgroupID; }

// The sum over the team, in all its lanes. Every lane of the workgroup calls it.
float team_sum(float value) {
  const float mine = subgroupAdd(value);
  if (!kWhole) return mine;
  if (gl_NumSubgroups == 1) return mine;
  barrier();  // an earlier sum has been read
  if (subgroupElect()) team_sums[gl_SubgroupID] = mine;
  barrier();
  float sum = 0;
  for (uint i = 0; i < gl_NumSubgroups; ++i) sum += team_sums[i];
  return sum;
}

float team_max(float value) {
  const float mine = subgroupMax(value);
  if (!kWhole || gl_NumSubgroups == 1) return mine;
  barrier();
  if (subgroupElect()) team_sums[gl_SubgroupID] = mine;
  barrier();
  float most = mine;
  for (uint i = 0; i < gl_NumSubgroups; ++i) most = max(most, team_sums[i]);
  return most;
}

#endif
