// A tile of a float32 product: TILE x TILE results a workgroup, TM x TN a thread, DEPTH steps of k at a time through two halves of shared
// memory (16 KiB at most).
// Small products wait for one load after the other: SLICES teams of TEAM threads take DEPTH steps each of the same tile, and add up what
// they found.
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

// What a thread brings in one go waits in NEXT for its way to `held`. BRING and PUT are macros over variables of multiply: handed from function to
// function as a structure they took registers that tiles of 128 do not have (28 instead of 37 TFLOP/s on an H200).
#if BLOCKS
struct Block {
  vec4 at[4];  // the four elements of step k + i that the thread's block has across; zeros past the edges
};
Block bring_a(Worker w, uint k);
Block bring_b(Worker w, uint k);
#define NEXT vec4 next[4]
#define BRING(k)                                                   \
  if (w.brings_a) {                                                \
    const Block block = bring_a(w, (k) + w.down);                  \
    [[unroll]] for (uint i = 0; i < 4; ++i) next[i] = block.at[i]; \
  } else if (w.brings_b) {                                         \
    const Block block = bring_b(w, (k) + w.down);                  \
    [[unroll]] for (uint i = 0; i < 4; ++i) next[i] = block.at[i]; \
  }
#define PUT(half_)                                                                                                   \
  if (w.brings_a) [[unroll]] for (uint i = 0; i < 4; ++i) held[HELD(half_, 0, w.down + i) + w.across / 4] = next[i]; \
  else if (w.brings_b) [[unroll]] for (uint i = 0; i < 4; ++i) held[HELD(half_, 1, w.down + i) + w.across / 4] = next[i];
#else
const uint kEach = kQuads * DEPTH / TEAM, kApart = TEAM / kQuads;  // vectors of an operand, and the steps from one to the next
// The four elements of step k that the thread has across; zeros past the edges.
vec4 bring_a(Worker w, uint k);
vec4 bring_b(Worker w, uint k);
#define NEXT vec4 next_a[kEach], next_b[kEach]
#define BRING(k)                                       \
  [[unroll]] for (uint i = 0; i < kEach; ++i) {        \
    next_a[i] = bring_a(w, (k) + w.down + i * kApart); \
    next_b[i] = bring_b(w, (k) + w.down + i * kApart); \
  }
#define PUT(half_)                                                        \
  [[unroll]] for (uint i = 0; i < kEach; ++i) {                           \
    held[HELD(half_, 0, w.down + i * kApart) + w.across / 4] = next_a[i]; \
    held[HELD(half_, 1, w.down + i * kApart) + w.across / 4] = next_b[i]; \
  }
#endif

// acc += a b over [from, to) of k. Every thread of the workgroup takes part.
void multiply(Worker w, uint from, uint to) {
  NEXT;
  BRING(from)
  PUT(0)
  barrier();
  uint half_ = 0;
  for (uint k0 = from; k0 < to; k0 += kStep) {
    const bool more = k0 + kStep < to;
    if (more) {
      BRING(k0 + kStep)
    }
    [[unroll]] for (uint k = 0; k < DEPTH; ++k) {
      vec4 x[kVectorsM], y[kVectorsN];
      [[unroll]] for (uint j = 0; j < kVectorsM; ++j) x[j] = held[HELD(half_, 0, w.slice * DEPTH + k) + w.ty + j * kDown];
      [[unroll]] for (uint j = 0; j < kVectorsN; ++j) y[j] = held[HELD(half_, 1, w.slice * DEPTH + k) + w.tx + j * kAcross];
      [[unroll]] for (uint i = 0; i < TM; ++i)
        [[unroll]] for (uint j = 0; j < kVectorsN; ++j)
          acc[i][j] += (SUBTRACT ? -x[i / 4][i % 4] : x[i / 4][i % 4]) * y[j];
    }
    if (more) {
      PUT(half_ ^ 1)
    }
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
