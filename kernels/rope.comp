// Rotary positions and the write of keys and values into their pages, alone or in one: a team of lanes for each head of each token, or for a few of them
// side by side where there are many.
//
// The heads of a token in order: those of q (rotated into `out`), of k (rotated into its page), of v (into its page). Any may be missing.
#version 460
#extension GL_GOOGLE_include_directive : require
#include "norm_common.glsl"
#include "norm_team.glsl"
#include "rotation.glsl"

layout(constant_id = 2) const uint kDim = 64;
layout(constant_id = 3) const uint kRotary = 64;  // the first so many elements rotate
layout(constant_id = 4) const uint kQHeads = 1;
layout(constant_id = 5) const uint kKvHeads = 0;
layout(constant_id = 6) const uint kPage = 0;     // type of the pages
layout(constant_id = 7) const bool kNorm = false;
layout(constant_id = 8) const uint kQWeight = 0;
layout(constant_id = 9) const uint kKWeight = 0;
layout(constant_id = 10) const float kEps = 0;
layout(constant_id = 11) const float kOffset = 0;
layout(constant_id = 12) const float kFactor = 1;
layout(constant_id = 13) const bool kWide = false;  // everything lies in pairs
layout(constant_id = 14) const uint kRun = 1;       // heads of a token, side by side, that a team takes; divides each kind's
layout(constant_id = 15) const uint kIn = 0;        // type of q, k and v
layout(constant_id = 16) const uint kOut = 0;       // type of the rotated q

layout(push_constant, scalar) uniform Args {
  uvec2 q, k, v, positions, frequencies, table, sequences, q_weight, k_weight, k_pages, v_pages, out_q;
  uint tokens;
  int q_stride, q_head_stride, k_stride, v_stride;  // elements
  uint table_rows, table_width, pages;
} args;

const uint kPageSlots = 64;
const uint kHeads = kQHeads + 2 * kKvHeads;
const uint kRuns = kHeads / kRun;
const uint kHalf = kRotary / 2;
const uint kPairs = (kDim + 1) / 2;
const uint kUnits = (kPairs + 1) / 2;  // of two pairs
const uint kCount = (kUnits + kTeam - 1) / kTeam;

// The two elements of a pair: those that rotate together, then neighbours.
uvec2 pair_elements(uint pair) { return pair < kHalf ? uvec2(pair, pair + kHalf) : uvec2(2 * pair, 2 * pair + 1); }

// The page where a token's keys and values go; -1: nowhere.
int page_of(int sequence, int position) {
  if (sequence < 0 || uint(sequence) >= args.table_rows || position < 0 || uint(position) / kPageSlots >= args.table_width) return -1;
  const int page = I32(address_of(args.table, uint(sequence), args.table_width * 4)).v[uint(position) / kPageSlots];
  return uint(page) < args.pages ? page : -1;
}

// Where a head of a token comes from.
uvec2 source_of(uint token, uint head) {
  const int bytes = kIn == kF32 ? 4 : 2;
  if (head < kQHeads) return moved(moved(args.q, int(token), args.q_stride * bytes), int(head), args.q_head_stride * bytes);
  if (head < kQHeads + kKvHeads) return address_of(moved(args.k, int(token), args.k_stride * bytes), head - kQHeads, kDim * bytes);
  return address_of(moved(args.v, int(token), args.v_stride * bytes), head - kQHeads - kKvHeads, kDim * bytes);
}

vec2 two_at(uvec2 head, uint pair) { return kIn == kF32 ? F32x2(head).v[pair] : pair_of(kIn, U32(head).v[pair]); }

// rms_norm of a head; every lane of the workgroup comes here.
void normalize(inout vec2 a[kCount], inout vec2 b[kCount], vec2 weight_a[kCount], vec2 weight_b[kCount], bool is_v) {
  float squares = 0;
  [[unroll]] for (uint i = 0; i < kCount; ++i) squares += dot(a[i], a[i]) + dot(b[i], b[i]);
  squares = team_sum(squares);
  if (is_v) return;
  const float scale = 1 / sqrt(squares / float(kDim) + kEps);
  [[unroll]] for (uint i = 0; i < kCount; ++i) {
    a[i] *= scale * (weight_a[i] + kOffset);
    b[i] *= scale * (weight_b[i] + kOffset);
  }
}

void put_head(vec2 a[kCount], vec2 b[kCount], uint lane, uint token, uint head, uint page, uint slot) {
  const uint type = head < kQHeads ? kOut : kPage, q_bytes = kDim * (kOut == kF32 ? 4 : 2);
  uvec2 to = address_of(address_of(args.out_q, token, kQHeads * q_bytes), head, q_bytes);
  if (head >= kQHeads) {
    const bool is_v = head >= kQHeads + kKvHeads;
    const uint row_bytes = kDim * (kPage == kF32 ? 4 : 2), kv_head = head - kQHeads - (is_v ? kKvHeads : 0);
    to = address_of(is_v ? args.v_pages : args.k_pages, page, kKvHeads * kPageSlots * row_bytes);
    to = address_of(to, kv_head * kPageSlots + slot, row_bytes);
  }
  [[unroll]] for (uint i = 0; i < kCount; ++i) {
    const uint unit = lane + i * kTeam;
    if (unit >= kUnits) continue;
    if (kWide) {
      const bool rotates = 2 * unit < kHalf;
      const uint first = rotates ? 2 * unit : 4 * unit, second = rotates ? first + kHalf : first + 2;
      const vec2 low = rotates ? a[i] : vec2(a[i].x, b[i].x), high = rotates ? b[i] : vec2(a[i].y, b[i].y);
      if (type == kF32) {
        F32x2(to).v[first / 2] = low;
        F32x2(to).v[second / 2] = high;
      } else {
        U32(to).v[first / 2] = pair_to(type, low);
        U32(to).v[second / 2] = pair_to(type, high);
      }
    } else {
      [[unroll]] for (uint j = 0; j < 2; ++j) {
        const uvec2 at = pair_elements(2 * unit + j);
        if (at.x < kDim) put_value(type, to, at.x, a[i][j]);
        if (at.y < kDim) put_value(type, to, at.y, b[i][j]);
      }
    }
  }
}

void main() {
  const uint item = group_index() * kTeams + team_index(), lane = team_lane();
  const uint token = item / kRuns, first_head = item % kRuns * kRun;  // a run is all of q, of k or of v
  const bool is_q = first_head < kQHeads, is_v = first_head >= kQHeads + kKvHeads;
  const bool mine = token < args.tokens;

  // Everything is asked for before anything is waited for: what this kernel takes is its chain of loads.
  const uint there = min(token, args.tokens - 1);
  int position_at = 0, page = -1;
  if (kRotary > 0 || kKvHeads > 0) position_at = I32(args.positions).v[there];
  if (kKvHeads > 0) page = page_of(I32(args.sequences).v[there], position_at);
  vec2 frequency[kCount], weight_a[kCount], weight_b[kCount];
  [[unroll]] for (uint i = 0; i < kCount; ++i) {
    frequency[i] = vec2(0);
    weight_a[i] = weight_b[i] = vec2(1);
    [[unroll]] for (uint j = 0; j < 2; ++j) {
      const uint pair = 2 * (lane + i * kTeam) + j;
      if (kRotary > 0 && pair < kHalf) frequency[i][j] = F32(args.frequencies).v[pair];
      if (!kNorm) continue;
      const uvec2 at = pair_elements(pair);
      if (at.x < kDim) weight_a[i][j] = is_q ? value_at(kQWeight, args.q_weight, at.x) : value_at(kKWeight, args.k_weight, at.x);
      if (at.y < kDim) weight_b[i][j] = is_q ? value_at(kQWeight, args.q_weight, at.y) : value_at(kKWeight, args.k_weight, at.y);
    }
  }

  vec2 turns[kCount][2];
  [[unroll]] for (uint i = 0; i < kCount; ++i)
    [[unroll]] for (uint j = 0; j < 2; ++j)
      turns[i][j] = kRotary > 0 ? cos_sin(float(position_at) * frequency[i][j]) * kFactor : vec2(1, 0);

  // A loop that stays one: this runs once, from instructions that nobody has fetched yet, at about a microsecond a KiB.
  [[dont_unroll]] for (uint r = 0; r < kRun; ++r) {
    // Both elements of two pairs at a time: [0] and [1] of a pair sit at the same place of `a` and `b`.
    vec2 a[kCount], b[kCount];
    const uvec2 from = source_of(there, first_head + r);
    [[unroll]] for (uint i = 0; i < kCount; ++i) {
      const uint unit = lane + i * kTeam;
      a[i] = b[i] = vec2(0);
      if (!mine || unit >= kUnits) continue;
      if (kWide) {
        const bool rotates = 2 * unit < kHalf;
        const uint first = rotates ? 2 * unit : 4 * unit;  // of four neighbours past the rotated part
        const vec2 low = two_at(from, first / 2), high = two_at(from, rotates ? (first + kHalf) / 2 : first / 2 + 1);
        a[i] = rotates ? low : vec2(low.x, high.x);
        b[i] = rotates ? high : vec2(low.y, high.y);
      } else {
        [[unroll]] for (uint j = 0; j < 2; ++j) {
          const uvec2 at = pair_elements(2 * unit + j);
          if (at.x < kDim) a[i][j] = value_at(kIn, from, at.x);
          if (at.y < kDim) b[i][j] = value_at(kIn, from, at.y);
        }
      }
    }
    if (kNorm) normalize(a, b, weight_a, weight_b, is_v);
    if (!mine) continue;
    if (!is_v) {
      [[unroll]] for (uint i = 0; i < kCount; ++i) {
        [[unroll]] for (uint j = 0; j < 2; ++j) {
          if (kRotary == 0 || 2 * (lane + i * kTeam) + j >= kHalf) continue;
          const vec2 old = vec2(a[i][j], b[i][j]), turn = turns[i][j];
          a[i][j] = old.x * turn.x - old.y * turn.y;
          b[i][j] = old.y * turn.x + old.x * turn.y;
        }
      }
    }
    if (is_q || page >= 0) put_head(a, b, lane, token, first_head + r, uint(page), uint(position_at) % kPageSlots);
  }
}
