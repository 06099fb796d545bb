// A tile of a float32 product: TILE x TILE results a workgroup, TM x TN a thread, DEPTH steps of k at a time through two halves of shared
// memory (16 KiB at most).
// Small products wait for one load after the other: SLICES teams of TEAM threads take DEPTH steps each of the same tile, and add up what
// they found; and with AHEAD 2 two loads are on their way at a time.
// The text around this file has the constant SUBTRACT, and the functions bring_a and bring_b:
//   BLOCKS 1  a thread brings a block of 4 x 4 elements of one operand; the constants A_ALONG_K and B_ALONG_K tell whether neighbouring
//             threads bring neighbours along k, or across
//   BLOCKS 0  a thread brings vectors of both
#ifndef MLXC_MATMUL_TILE_GLSL
#define MLXC_MATMUL_TILE_GLSL

const uint kThreads = TEAM * SLICES, kStep = DEPTH * SLICES;  // of a workgroup; along k
layout(local_size_x = kThreads) in;

const uint kVectorsM = TM / 4, kVectorsN = TN / 4, kAcross = TILE / TN, kDown = TILE / TM, kQuads = TILE / 4;
const uint kBlocks = kQuads * (DEPTH / 4);  // of 4 x 4 elements in a tile of one operand
const uint kMine = TM / SLICES;             // rows that a thread ends up with
// Only whole vectors are stored: what a compiler makes of a store to component i of a shared vector is not to be relied on.
shared vec4 held[2 * 2 * kStep * kQuads];
#define HELD(half_, operand, k) (((half_) * 2 + (operand)) * kStep + (k)) * kQuads

// A thread: its place in the team, which team, its results' place in the tile, and where it brings elements to.
struct Worker {
  uint me, slice, tx, ty;
  uint across, down;
#if BLOCKS
  bool brings_a, brings_b;
#endif
};
Worker worker() {
  Worker w;
  w.me = gl_LocalInvocationIndex % TEAM;
  w.slice = gl_LocalInvocationIndex / TEAM;
  w.tx = w.me % kAcross;
  w.ty = w.me / kAcross;
#if BLOCKS
  // Those who bring b come right behind those who bring a, which spreads the loads over a multiprocessor's schedulers; but not in one
  // subgroup with them, which would do one after the other.
  const uint first_b = max(kBlocks, 32u);
  const bool for_b = w.me >= first_b, along_k = for_b ? B_ALONG_K : A_ALONG_K;
  const uint mine = for_b ? w.me - first_b : w.me;
  w.brings_a = !for_b && mine < kBlocks;
  w.brings_b = for_b && mine < kBlocks;
  w.across = (along_k ? mine / (DEPTH / 4) : mine % kQuads) * 4;
  w.down = (along_k ? mine % (DEPTH / 4) : mine / kQuads) * 4 + w.slice * DEPTH;
#else
  w.across = w.me % kQuads * 4;
  w.down = w.me / kQuads + w.slice * DEPTH;
#endif
  return w;
}

// A thread's results: rows i < TM, of what join_slices leaves i < kMine, and vectors of four columns j < kVectorsN.
vec4 acc[TM][kVectorsN];
uint tile_row(Worker w, uint i) { return (w.ty + i / 4 * kDown) * 4 + i % 4; }
uint joined_row(Worker w, uint i) { return tile_row(w, w.slice * kMine + i); }
uint tile_column(Worker w, uint j) { return (w.tx + j * kAcross) * 4; }

// What a thread brings in one go, on its way from memory to `held`.
#if BLOCKS
struct Load {
  vec4 at[4];
};
// at[i]: the four elements of step k + i that the thread's block has across. Zeros past the edges.
Load bring_a(Worker w, uint k);
Load bring_b(Worker w, uint k);

Load bring(Worker w, uint k) {
  Load load;
  if (w.brings_a) load = bring_a(w, k + w.down);
  else if (w.brings_b) load = bring_b(w, k + w.down);
  return load;
}
void put(Worker w, uint half_, Load load) {
  if (w.brings_a) [[unroll]] for (uint i = 0; i < 4; ++i) held[HELD(half_, 0, w.down + i) + w.across / 4] = load.at[i];
  else if (w.brings_b) [[unroll]] for (uint i = 0; i < 4; ++i) held[HELD(half_, 1, w.down + i) + w.across / 4] = load.at[i];
}
#else
const uint kEach = kQuads * DEPTH / TEAM, kApart = TEAM / kQuads;  // vectors of an operand, and the steps from one to the next
struct Load {
  vec4 a[kEach], b[kEach];
};
// The four elements of step k that the thread has across. Zeros past the edges.
vec4 bring_a(Worker w, uint k);
vec4 bring_b(Worker w, uint k);

Load bring(Worker w, uint k) {
  Load load;
  [[unroll]] for (uint i = 0; i < kEach; ++i) {
    load.a[i] = bring_a(w, k + w.down + i * kApart);
    load.b[i] = bring_b(w, k + w.down + i * kApart);
  }
  return load;
}
void put(Worker w, uint half_, Load load) {
  [[unroll]] for (uint i = 0; i < kEach; ++i) {
    held[HELD(half_, 0, w.down + i * kApart) + w.across / 4] = load.a[i];
    held[HELD(half_, 1, w.down + i * kApart) + w.across / 4] = load.b[i];
  }
}
#endif

// acc += a b over [from, to) of k. Every thread of the workgroup takes part.
void multiply(Worker w, uint from, uint to) {
  Load next = bring(w, from);
  put(w, 0, next);
#if AHEAD == 2
  if (from + kStep < to) next = bring(w, from + kStep);
#endif
  barrier();
  uint half_ = 0;
  for (uint k0 = from; k0 < to; k0 += kStep) {
    const bool more = k0 + kStep < to;
#if AHEAD == 2
    Load after;
    if (k0 + 2 * kStep < to) after = bring(w, k0 + 2 * kStep);
#else
    if (more) next = bring(w, k0 + kStep);
#endif
    [[unroll]] for (uint k = 0; k < DEPTH; ++k) {
      vec4 x[kVectorsM], y[kVectorsN];
      [[unroll]] for (uint j = 0; j < kVectorsM; ++j) x[j] = held[HELD(half_, 0, w.slice * DEPTH + k) + w.ty + j * kDown];
      [[unroll]] for (uint j = 0; j < kVectorsN; ++j) y[j] = held[HELD(half_, 1, w.slice * DEPTH + k) + w.tx + j * kAcross];
      [[unroll]] for (uint i = 0; i < TM; ++i)
        [[unroll]] for (uint j = 0; j < kVectorsN; ++j)
          acc[i][j] = fma(vec4(SUBTRACT ? -x[i / 4][i % 4] : x[i / 4][i % 4]), y[j], acc[i][j]);
    }
    if (more) put(w, half_ ^ 1, next);
#if AHEAD == 2
    next = after;
#endif
    barrier();
    half_ ^= 1;
  }
}

// Adds up what the teams found: of its rows a thread keeps those of its slice, the first kMine of acc then.
void join_slices(Worker w) {
#if SLICES > 1
  [[unroll]] for (uint i = 0; i < TM; ++i)
    [[unroll]] for (uint j = 0; j < kVectorsN; ++j) held[((w.slice * TM + i) * kVectorsN + j) * TEAM + w.me] = acc[i][j];
  barrier();
  const uint first = w.slice * kMine;
  [[unroll]] for (uint i = 0; i < kMine; ++i)
    [[unroll]] for (uint j = 0; j < kVectorsN; ++j) {
      acc[i][j] = held[((first + i) * kVectorsN + j) * TEAM + w.me];
      [[unroll]] for (uint other = 1; other < SLICES; ++other) acc[i][j] += held[((other * TM + first + i) * kVectorsN + j) * TEAM + w.me];
    }
#endif
}

#endif
