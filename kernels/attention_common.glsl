// What both forms of attention over pages share: the arguments, and what a tile of tokens looks at.
#ifndef MLXC_ATTENTION_COMMON_GLSL
#define MLXC_ATTENTION_COMMON_GLSL

#include "norm_common.glsl"

const uint kPageSlots = 64;
const float kLog2e = 1.4426950408889634;

#ifndef ATTENTION_OWN_ARGUMENTS
layout(push_constant, scalar) uniform Args {
  uvec2 q, k, v, table, sequences, positions, out_rows, partials, counters;
  uint tokens, kv_heads, group;  // group: query heads of one kv head
  int q_stride;                  // elements
  uint table_rows, table_width, pages;
  int window;
  uint splits, least_pages;      // of a context: how many at most, and how much each takes at least
  float scale, softcap;
  int k_stride, v_stride;        // dense: elements between tokens
} args;

// softcap * tanh(score / softcap), right for scores of any size.
float capped(float score) { return args.softcap * (1 - 2 / (exp2(2 * kLog2e / args.softcap * score) + 1)); }

// The oldest key that a token sees.
int first_key(int position) { return args.window > 0 ? max(0, position - args.window + 1) : 0; }
#endif

#endif
