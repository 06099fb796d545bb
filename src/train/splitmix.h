// SplitMix64 (Steele, Lea & Flood 2014): a small generator for the host's own choices. Arrays draw theirs with ops/random.h.
#pragma once

#include <cstdint>

namespace mlxc::train {

class SplitMix {
 public:
  explicit SplitMix(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  uint64_t below(uint64_t bound) { return uint64_t((static_cast<unsigned __int128>(next()) * bound) >> 64); }
  double unit() { return double(next() >> 11) * 0x1p-53; }  // in [0, 1)

 private:
  uint64_t state_;
};

// A seed for part `index` of what `seed` fixes.
inline uint64_t seed_of(uint64_t seed, uint64_t index) { return SplitMix(seed ^ SplitMix(index).next()).next(); }

}  // namespace mlxc::train
