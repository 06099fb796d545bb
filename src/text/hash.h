// A fast seeded hash of short byte strings and of integer pairs, for the flat tables of this folder.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace mlxc::text {

inline uint64_t fold_multiply(uint64_t a, uint64_t b) {
  auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// The seed differs from process to process, so that a file cannot be made to collide.
uint64_t hash_seed();

inline uint64_t hash_number(uint64_t value, uint64_t seed) { return fold_multiply(value ^ seed, 0x9E3779B97F4A7C15u); }

inline uint64_t hash_bytes(std::string_view bytes, uint64_t seed) {
  const char* at = bytes.data();
  size_t left = bytes.size();
  uint64_t state = seed ^ left * 0x9E3779B97F4A7C15u;
  auto load = [](const char* from, size_t count) {
    uint64_t word = 0;
    std::memcpy(&word, from, count);
    return word;
  };
  while (left > 16) {
    state = fold_multiply(load(at, 8) ^ 0xA0761D6478BD642Fu, load(at + 8, 8) ^ state);
    at += 16;
    left -= 16;
  }
  uint64_t low = 0, high = 0;
  if (left >= 8) {
    low = load(at, 8);
    high = load(at + left - 8, 8);
  } else if (left >= 4) {
    low = load(at, 4);
    high = load(at + left - 4, 4);
  } else if (left > 0) {
    low = static_cast<uint64_t>(static_cast<unsigned char>(at[0])) << 16 |
          static_cast<uint64_t>(static_cast<unsigned char>(at[left >> 1])) << 8 | static_cast<unsigned char>(at[left - 1]);
  }
  return fold_multiply(low ^ 0xE7037ED1A0B428DBu, high ^ state);
}

}  // namespace mlxc::text
