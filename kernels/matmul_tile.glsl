// A tile of a float32 product: TILE x TILE results a workgroup, TM x TN a thread, DEPTH steps of k at a time through two halves of shared
// memory (16 KiB at most). A thread brings a block of 4 x 4 elements at a time.
// Small products wait for one load after the other: SLICES teams of TEAM threads take DEPTH steps each of the same tile, and add up what
// they found.
// The text around this file has the constants A_ALONG_K and B_ALONG_K (whether neighbouring threads bring neighbours along k, or across)
// and SUBTRACT, and the functions bring_a and bring_b.
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

// A thread: its place in the team, which team, its results' place in the tile, and where the block lies that it brings.
struct Worker {
  uint me, slice, tx, ty;
  bool brings_a, brings_b;
  uint across, down;
};
Worker worker() {
  Worker w;
  w.me = gl_LocalInvocationIndex % TEAM;
  w.slice = gl_LocalInvocationIndex / TEAM;
  w.tx = w.me % kAcross;
  w.ty = w.me / kAcross;
  // The first threads bring a block of a each, the next ones a block of b.
  w.brings_a = w.me < kBlocks;
  w.brings_b = !w.brings_a && w.me < 2 * kBlocks;
  const bool along_k = w.brings_a ? A_ALONG_K : B_ALONG_K;
  const uint mine = w.brings_a ? w.me : w.me - kBlocks;
  w.across = (along_k ? mine / (DEPTH / 4) : mine % kQuads) * 4;
  w.down = (along_k ? mine % (DEPTH / 4) : mine / kQuads) * 4 + w.slice * DEPTH;
  return w;
}

// A thread's results: rows i < TM, of what join_slices leaves i < kMine, and vectors of four columns j < kVectorsN.
vec4 acc[TM][kVectorsN];
uint tile_row(Worker w, uint i) { return (w.ty + i / 4 * kDown) * 4 + i % 4; }
uint joined_row(Worker w, uint i) { return tile_row(w, w.slice * kMine + i); }
uint tile_column(Worker w, uint j) { return (w.tx + j * kAcross) * 4; }

// next[i]: the four elements of step k + i that the block of the thread has across. Zeros past the edges.
void bring_a(Worker w, uint k, out vec4 next[4]);
void bring_b(Worker w, uint k, out vec4 next[4]);

void bring(Worker w, uint k, out vec4 next[4]) {
  if (w.brings_a) bring_a(w, k + w.down, next);
  else if (w.brings_b) bring_b(w, k + w.down, next);
}
void put(Worker w, uint half_, vec4 next[4]) {
  if (w.brings_a) [[unroll]] for (uint i = 0; i < 4; ++i) held[HELD(half_, 0, w.down + i) + w.across / 4] = next[i];
  else if (w.brings_b) [[unroll]] for (uint i = 0; i < 4; ++i) held[HELD(half_, 1, w.down + i) + w.across / 4] = next[i];
}

// acc += a b over [from, to) of k. Every thread of the workgroup takes part.
void multiply(Worker w, uint from, uint to) {
  vec4 next[4];
  bring(w, from, next);
  put(w, 0, next);
  barrier();
  uint half_ = 0;
  for (uint k0 = from; k0 < to; k0 += kStep) {
    const bool more = k0 + kStep < to;
    if (more) bring(w, k0 + kStep, next);
    [[unroll]] for (uint k = 0; k < DEPTH; ++k) {
      vec4 x[kVectorsM], y[kVectorsN];
      [[unroll]] for (uint j = 0; j < kVectorsM; ++j) x[j] = held[HELD(half_, 0, w.slice * DEPTH + k) + w.ty + j * kDown];
      [[unroll]] for (uint j = 0; j < kVectorsN; ++j) y[j] = held[HELD(half_, 1, w.slice * DEPTH + k) + w.tx + j * kAcross];
      [[unroll]] for (uint i = 0; i < TM; ++i)
        [[unroll]] for (uint j = 0; j < kVectorsN; ++j)
          acc[i][j] = fma(vec4(SUBTRACT ? -x[i / 4][i % 4] : x[i / 4][i % 4]), y[j], acc[i][j]);
    }
    if (more) put(w, half_ ^ 1, next);
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
