// Attention in float32 arithmetic, for decoding and wherever there are no tensor cores.
//
// A workgroup holds a few query rows (heads of one kv head, tokens side by side) and streams the keys and values that they see in chunks:
// `kLanes` lanes side by side read one row, so that a row of K or V is read once, whole, for all query rows. Each lane holds the same elements
// of every query row and of every row of the result, and adds up the keys of its group; the groups meet at the end. Scores go through shared
// memory, where a team takes a query row of them through the online softmax (Milakov & Gimelshein 2018).
//
// One token alone (kTokens == 1): its context is split among workgroups, and the last one to finish joins what they found. Several: every
// run of tokens of one sequence is a pass of its own; runs are dealt out among `splits` workgroups.
// variant paged:
// variant dense: -DDENSE=1
#version 460
#extension GL_GOOGLE_include_directive : require
#include "attention_common.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint kThreads = 128;
layout(constant_id = 1) const uint kType = 0;    // of keys and values
layout(constant_id = 2) const uint kDim = 64;
layout(constant_id = 3) const uint kHeads = 1;   // query heads in one workgroup
layout(constant_id = 4) const uint kTokens = 1;
layout(constant_id = 5) const uint kLanes = 16;  // that share a row of keys
layout(constant_id = 6) const uint kGroups = 8;  // rows of keys read at once
layout(constant_id = 7) const uint kPasses = 4;  // such reads in a chunk
layout(constant_id = 8) const bool kWide = false;
layout(constant_id = 9) const uint kOut = 0;
layout(constant_id = 10) const uint kTeam = 0;   // the subgroup's size, 0: nothing is known of it
layout(constant_id = 11) const uint kScratch = 1024;  // floats

const uint kElements = kType == 0 ? 4 : 8;       // of a row in one lane: 16 bytes
const uint kRows = kTokens * kHeads;
const uint kKeys = kGroups * kPasses;            // of a chunk; a divisor of a page's slots
const uint kStride = kKeys + 2;                  // lanes that write beside each other hit different banks
const uint kRoom = kScratch / (kGroups * kLanes * kElements);
const uint kBatch = kRoom < kRows ? kRoom : kRows;  // query rows whose groups meet at once
// What a part of a context leaves: sums [row][element], maxima, totals.
const uint kPadded = (kDim + 3) / 4 * 4;
const uint kPartFloats = kHeads * kPadded + (2 * kHeads + 3) / 4 * 4;

shared float scratch[kScratch];                  // parts of scores [row][lane][key]; then what groups and splits found
shared float weights[kKeys * kRows];
shared float maximum[kRows], total[kRows], factor[kRows];
shared int sequence_of[kTokens], position_of[kTokens];
shared uint arrived;

layout(buffer_reference, scalar, buffer_reference_align = 4) coherent buffer Parts { float v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 16) coherent buffer Parts4 { vec4 v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 4) coherent buffer Counter { uint v[]; };

// What lies at a lane's place of a row: 4 float32 or 8 16-bit values.
uvec4 elements_at(uvec2 row, uint lane) {
  if (kWide) return U32x4(row).v[lane];
  uvec4 raw = uvec4(0);
  [[unroll]] for (uint i = 0; i < kElements; ++i) {
    const uint at = lane * kElements + i;
    if (at >= kDim) continue;
    if (kType == kF32) raw[i & 3u] = U32(row).v[at];
    else raw[i / 2] |= uint(U16(row).v[at]) << (16 * (i & 1u));
  }
  return raw;
}
float element(uvec4 raw, uint i) {
  if (kType == kF32) return uintBitsToFloat(raw[i & 3u]);
  const vec2 pair = pair_of(kType, raw[i / 2]);
  return pair[i & 1u];
}

#ifdef DENSE
// The sequence that a token is in, -1: none. starts in args.table, table_rows of them ends.
int start_at(uint i) { return clamp(I32(args.table).v[i], 0, int(args.tokens)); }
int sequence_at(uint token) {
  uint low = 0, high = args.table_rows;
  while (low < high) {  // the first end past the token
    const uint middle = (low + high) / 2;
    if (start_at(middle + 1) > int(token)) high = middle;
    else low = middle + 1;
  }
  return low < args.table_rows && start_at(low) <= int(token) ? int(low) : -1;
}
#else
int sequence_at(uint token) {
  const int sequence = I32(args.sequences).v[token];
  return sequence >= 0 && uint(sequence) < args.table_rows && I32(args.positions).v[token] >= 0 ? sequence : -1;
}
// The page of a chunk, whatever the table holds.
uint page_at(int sequence, int key) {
  const uint column = min(uint(key) / kPageSlots, args.table_width - 1);
  return min(uint(I32(address_of(args.table, uint(sequence), args.table_width * 4)).v[column]), args.pages - 1);
}
#endif

const uint kRowBytes = kDim * (kType == 0 ? 4 : 2);
uint kv_head;

// Rows of the keys or values of a chunk: `place` is its page, or the sequence's first token.
uvec2 chunk_address(uvec2 base, int stride, uint place, int key) {
#ifdef DENSE
  return address_of(moved(base, int(place) + key, stride * 4), kv_head, kRowBytes);
#else
  const uvec2 page = address_of(base, place, args.kv_heads * kPageSlots * kRowBytes);
  return address_of(page, kv_head * kPageSlots + (uint(key) % kPageSlots), kRowBytes);
#endif
}
uvec2 key_row(uvec2 chunk, int stride, uint i) {
#ifdef DENSE
  return moved(chunk, int(i), stride * 4);
#else
  return address_of(chunk, i, kRowBytes);
#endif
}

// One chunk's scores of one query row: from parts to weights.
void softmax_row(uint row, uint lane, uint lanes, int key, int first, int last) {
  float most = -1e30;
  for (uint i = lane; i < kKeys; i += lanes) {
    float score = 0;
    for (uint l = 0; l < kLanes; ++l) score += scratch[(row * kLanes + l) * kStride + i];
    if (args.softcap > 0) score = capped(score);
    score *= kLog2e;
    const int at = key + int(i);
    score = at >= first && at <= last ? score : uintBitsToFloat(0xff800000u);
    weights[i * kRows + row] = score;
    most = max(most, score);
  }
  if (kTeam != 0) most = subgroupMax(most);
  const float before = maximum[row], now = max(before, most);
  float sum = 0;
  for (uint i = lane; i < kKeys; i += lanes) {
    const float weight = exp2(weights[i * kRows + row] - now);
    weights[i * kRows + row] = weight;
    sum += weight;
  }
  if (kTeam != 0) {
    sum = subgroupAdd(sum);
    subgroupBarrier();  // everybody has read the maximum before
    if (!subgroupElect()) return;
  }
  const float kept = exp2(before - now);
  maximum[row] = now;
  factor[row] = kept;
  total[row] = total[row] * kept + sum;
}

void main() {
  const uint thread = gl_LocalInvocationIndex, lane = thread % kLanes, group = thread / kLanes;
  const bool reads = group < kGroups;
  const uint team = kTeam != 0 ? gl_SubgroupID : thread, teams = kTeam != 0 ? gl_NumSubgroups : kThreads;
  const uint team_lane = kTeam != 0 ? gl_SubgroupInvocationID : 0, team_lanes = kTeam != 0 ? gl_SubgroupSize : 1;

  const uint head_chunks = (args.group + kHeads - 1) / kHeads, tiles = (args.tokens + kTokens - 1) / kTokens;
  const uint split = group_index() % args.splits, problem = group_index() / args.splits;
  kv_head = problem / head_chunks % args.kv_heads;
  const uint first_head = problem % head_chunks * kHeads;
  const uint backwards = problem / head_chunks / args.kv_heads;
  if (backwards >= tiles) return;
  const uint first_token = (tiles - 1 - backwards) * kTokens;  // late tokens see the most: they go first
  const uint head_count = args.kv_heads * args.group;

  for (uint i = thread; i < kTokens; i += kThreads) {
    const uint token = first_token + i;
    sequence_of[i] = token < args.tokens ? sequence_at(token) : -2;
#ifdef DENSE
    position_of[i] = 0;
#else
    position_of[i] = token < args.tokens ? min(I32(args.positions).v[token], int(args.table_width * kPageSlots) - 1) : 0;
#endif
  }
  for (uint i = thread; i < kRows; i += kThreads) {
    maximum[i] = -1e30;
    total[i] = 0;
    factor[i] = 1;
  }
  barrier();

  // The context of one token among workgroups.
  int part_begin = 0, part_end = 0x7fffffff;
  uint parts = 1;
  if (kTokens == 1 && sequence_of[0] >= 0) {
#ifndef DENSE
    const uint from = uint(first_key(position_of[0])) / kPageSlots, pages = uint(position_of[0]) / kPageSlots + 1 - from;
    const uint each = max(args.least_pages, (pages + args.splits - 1) / args.splits);
    parts = (pages + each - 1) / each;
    part_begin = int((from + split * each) * kPageSlots);
    part_end = part_begin + int(each * kPageSlots);
#endif
  }
  if (kTokens == 1 && split >= parts) return;

  // The queries, scaled.
  float q[kRows][kElements], sums[kRows][kElements];
  [[unroll]] for (uint r = 0; r < kRows; ++r) {
    const uint token = first_token + r / kHeads, head = first_head + r % kHeads;
    const bool valid = reads && token < args.tokens && head < args.group;
    const uvec2 row = address_of(moved(args.q, int(token), args.q_stride * 4), kv_head * args.group + head, kDim * 4);
    [[unroll]] for (uint i = 0; i < kElements; i += 4) {
      vec4 value = vec4(0);
      if (valid) value = four_at(kF32, row, (lane * kElements + i) / 4, kDim, kWide);
      [[unroll]] for (uint j = 0; j < 4; ++j) {
        q[r][i + j] = value[j] * args.scale;
        sums[r][i + j] = 0;
      }
    }
  }

  uint run = 0;
  for (uint start = 0; start < kTokens;) {
    const int sequence = sequence_of[start];
    uint stop = start + 1;
    int oldest = first_key(position_of[start]), newest = position_of[start];
    for (; stop < kTokens && sequence_of[stop] == sequence; ++stop) {
      oldest = min(oldest, first_key(position_of[stop]));
      newest = max(newest, position_of[stop]);
    }
    const bool ours = sequence >= 0 && (kTokens == 1 || run % args.splits == split);
    if (sequence >= 0) ++run;
    const uint run_start = start, run_stop = stop;
    start = stop;
    if (!ours) continue;
    uint place = 0;
#ifdef DENSE
    place = uint(start_at(uint(sequence)));
    oldest = 0;
    newest = start_at(uint(sequence) + 1) - int(place) - 1;
#endif
    int key = max(oldest / int(kKeys) * int(kKeys), part_begin);
    const int end = min(newest + 1, part_end);

    // Keys are a chunk ahead, page numbers two.
    uvec4 keys[kPasses];
#ifndef DENSE
    place = page_at(sequence, key);
    uint next_place = page_at(sequence, key + int(kKeys));
#else
    const uint next_place = place;
#endif
    uvec2 chunk = chunk_address(args.k, args.k_stride, place, key);
    [[unroll]] for (uint p = 0; p < kPasses; ++p) {
      const uint i = p * kGroups + group;
      keys[p] = uvec4(0);
      if (reads && key + int(i) < end) keys[p] = elements_at(key_row(chunk, args.k_stride, i), lane);
    }
    for (; key < end; key += int(kKeys)) {
      uvec4 values[kPasses];
      chunk = chunk_address(args.v, args.v_stride, place, key);
      [[unroll]] for (uint p = 0; p < kPasses; ++p) {
        const uint i = p * kGroups + group;
        values[p] = uvec4(0);  // what no position has reached may hold anything
        if (reads && key + int(i) < end) values[p] = elements_at(key_row(chunk, args.v_stride, i), lane);
      }
      if (reads) {
        [[unroll]] for (uint p = 0; p < kPasses; ++p) {
          float k[kElements];
          [[unroll]] for (uint i = 0; i < kElements; ++i) k[i] = element(keys[p], i);
          [[unroll]] for (uint r = 0; r < kRows; ++r) {
            float score = 0;
            [[unroll]] for (uint i = 0; i < kElements; ++i) score += q[r][i] * k[i];
            scratch[(r * kLanes + lane) * kStride + p * kGroups + group] = score;
          }
        }
      }
      chunk = chunk_address(args.k, args.k_stride, next_place, key + int(kKeys));
      [[unroll]] for (uint p = 0; p < kPasses; ++p) {
        const uint i = p * kGroups + group;
        keys[p] = uvec4(0);
        if (reads && key + int(kKeys) + int(i) < end) keys[p] = elements_at(key_row(chunk, args.k_stride, i), lane);
      }
#ifndef DENSE
      place = next_place;
      next_place = page_at(sequence, key + 2 * int(kKeys));
#endif
      barrier();
      for (uint r = team; r < kRows; r += teams) {
        const uint token = r / kHeads;
        int first = 1, last = 0;  // rows of another run see nothing
        if (token >= run_start && token < run_stop) {
#ifdef DENSE
          first = 0;
          last = newest;
#else
          first = first_key(position_of[token]);
          last = min(position_of[token], end - 1);
#endif
        }
        softmax_row(r, team_lane, team_lanes, key, first, last);
      }
      barrier();
      if (reads) {
        [[unroll]] for (uint r = 0; r < kRows; ++r) {
          const float kept = factor[r];
          [[unroll]] for (uint i = 0; i < kElements; ++i) sums[r][i] *= kept;
        }
        [[unroll]] for (uint p = 0; p < kPasses; ++p) {
          float v[kElements];
          [[unroll]] for (uint i = 0; i < kElements; ++i) v[i] = element(values[p], i);
          [[unroll]] for (uint r = 0; r < kRows; ++r) {
            const float weight = weights[(p * kGroups + group) * kRows + r];
            [[unroll]] for (uint i = 0; i < kElements; ++i) sums[r][i] += weight * v[i];
          }
        }
      }
    }
  }

  // The groups' sums, as many query rows at a time as there is room for.
  const uvec2 part = address_of(args.partials, problem * args.splits + split, kPartFloats * 4);
  const uint out_bytes = kOut == kF32 ? 4 : 2;
  uint run_of_row = 0;
  [[unroll]] for (uint base = 0; base < kRows; base += kBatch) {
    barrier();
    if (reads) {
      [[unroll]] for (uint b = 0; b < kBatch; ++b) {
        if (base + b >= kRows) continue;
        [[unroll]] for (uint e = 0; e < kElements; ++e) scratch[((b * kGroups + group) * kLanes + lane) * kElements + e] = sums[base + b][e];
      }
    }
    barrier();
    [[unroll]] for (uint b = 0; b < kBatch; ++b) {
      const uint r = base + b, i = r / kHeads, token = first_token + i, head = first_head + r % kHeads;
      if (r >= kRows) continue;
      // Whose run a row belongs to; padding is the first workgroup's to clear.
      if (r % kHeads == 0 && i > 0 && sequence_of[i] != sequence_of[i - 1] && sequence_of[i - 1] >= 0) ++run_of_row;
      const bool writes = token < args.tokens && head < args.group &&
                          (kTokens == 1 || (sequence_of[i] >= 0 ? run_of_row % args.splits == split : split == 0));
      const float all = total[r], scale = all > 0 ? 1 / all : all;  // no key: zero; NaN stays
      const uvec2 row = address_of(address_of(args.out_rows, token, head_count * kDim * out_bytes), kv_head * args.group + head, kDim * out_bytes);
      for (uint d = thread; d < kDim; d += kThreads) {
        float sum = 0;
        [[unroll]] for (uint g = 0; g < kGroups; ++g) sum += scratch[(b * kGroups + g) * kLanes * kElements + d];
        if (parts > 1) Parts(part).v[r * kPadded + d] = sum;
        else if (writes) put_value(kOut, row, d, sum * scale);
      }
    }
  }
  if (parts == 1) return;

  // Who comes last joins the parts.
  for (uint r = thread; r < kHeads; r += kThreads) {
    Parts(part).v[kHeads * kPadded + r] = maximum[r];
    Parts(part).v[kHeads * kPadded + kHeads + r] = total[r];
  }
  memoryBarrierBuffer();
  barrier();
  if (thread == 0) arrived = atomicAdd(Counter(args.counters).v[problem], 1);
  barrier();
  if (arrived + 1 != parts) return;
  memoryBarrierBuffer();
  if (thread == 0) Counter(args.counters).v[problem] = 0;
  const uvec2 first_part = address_of(args.partials, problem * args.splits, kPartFloats * 4);
  for (uint i = thread; i < 2 * parts * kHeads; i += kThreads) {  // scratch: [part][maximum, total][row]
    scratch[i] = Parts(first_part).v[i / (2 * kHeads) * kPartFloats + kHeads * kPadded + i % (2 * kHeads)];
  }
  barrier();
  const uint kBeside = 8;  // loads in flight
  for (uint i = thread; i < kHeads * (kPadded / 4); i += kThreads) {
    const uint r = i / (kPadded / 4), head = first_head + r;
    if (head >= args.group) continue;
    float most = -1e30, all = 0;
    for (uint s = 0; s < parts; ++s) most = max(most, scratch[2 * s * kHeads + r]);
    vec4 sum = vec4(0);
    for (uint s = 0; s < parts; s += kBeside) {
      vec4 found[kBeside];
      [[unroll]] for (uint j = 0; j < kBeside; ++j) found[j] = Parts4(first_part).v[min(s + j, parts - 1) * (kPartFloats / 4) + i];
      [[unroll]] for (uint j = 0; j < kBeside; ++j) {
        if (s + j >= parts) continue;
        const float weight = exp2(scratch[2 * (s + j) * kHeads + r] - most);
        sum += weight * found[j];
        all += weight * scratch[(2 * (s + j) + 1) * kHeads + r];
      }
    }
    const uvec2 row = address_of(address_of(args.out_rows, first_token, head_count * kDim * out_bytes), kv_head * args.group + head, kDim * out_bytes);
    put_four(kOut, row, i % (kPadded / 4), kDim, kWide, sum * (all > 0 ? 1 / all : all));
  }
}
