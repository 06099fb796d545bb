// Philox4x32-10: ten rounds of multiplications turn a counter and a key into four random words (Salmon et al. 2011).
#include <algorithm>
#include <cstring>

#include "backend/cpu/kernels/kernels.h"

namespace mlxc::cpu {
namespace {

void philox_block(uint32_t c[4], uint32_t k0, uint32_t k1) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xD2511F53u} * c[0], b = uint64_t{0xCD9E8D57u} * c[2];
    const uint32_t next[4] = {uint32_t(b >> 32) ^ c[1] ^ k0, uint32_t(b), uint32_t(a >> 32) ^ c[3] ^ k1, uint32_t(a)};
    std::memcpy(c, next, sizeof next);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
}

template <class T>
void keep(const uint32_t key[2], float probability, int64_t first, const T* x, int64_t x_step, T* out, int64_t n) {
  for (int64_t i = 0; i < n;) {
    const int64_t word = first + i, block = word / 4;
    uint32_t words[4] = {uint32_t(block), uint32_t(uint64_t(block) >> 32), 0, 0};
    philox_block(words, key[0], key[1]);
    for (int64_t w = word % 4; w < 4 && i < n; ++w, ++i) out[i] = float(words[w] >> 8) * 0x1p-24f >= probability ? x[i * x_step] : T(0);
  }
}

}  // namespace

void keep_drawn(const uint32_t key[2], float probability, int64_t first, const void* x, int64_t x_step, void* out, int64_t n,
                int64_t element_bytes) {
  auto run = [&]<class T>(T) { keep(key, probability, first, static_cast<const T*>(x), x_step, static_cast<T*>(out), n); };
  switch (element_bytes) {
    case 1: return run(uint8_t());
    case 2: return run(uint16_t());
    case 4: return run(uint32_t());
    default: return run(uint64_t());
  }
}

void drop_row(const Drop& drop, float* row, int64_t n) {
  if (!drop.low) return;
  const uint32_t key[2] = {*drop.low, *drop.high};
  for (int64_t i = 0; i < n; ++i) row[i] *= drop.scale;
  keep(key, drop.probability, row - drop.first, row, 1, row, n);
}

void philox(ThreadPool& pool, const uint32_t key[2], uint32_t purpose, uint32_t* out, int64_t count) {
  const int64_t blocks = (count + 3) / 4;
  pool.parallel_for(blocks, 4096, [&](int64_t begin, int64_t end, int) {
    for (int64_t block = begin; block < end; ++block) {
      uint32_t words[4] = {uint32_t(block), uint32_t(uint64_t(block) >> 32), 0, purpose};
      philox_block(words, key[0], key[1]);
      std::memcpy(out + block * 4, words, size_t(std::min<int64_t>(4, count - block * 4)) * 4);
    }
  });
}

}  // namespace mlxc::cpu
