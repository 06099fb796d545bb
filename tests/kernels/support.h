// What the kernel tests share: reproducible values, every instruction set of this machine, 16-bit copies, comparisons.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "backend/cpu/kernels/kernels.h"
#include "base/error.h"

namespace mlxc::cpu {

inline std::vector<const Isa*> every_isa() {
  std::vector<const Isa*> all;
  for (CpuLevel level : {CpuLevel::portable, CpuLevel::avx2, CpuLevel::avx512, CpuLevel::avx512bf16, CpuLevel::amx}) {
    if (const Isa* isa = isa_for(level)) all.push_back(isa);
  }
  return all;
}

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 2654435761u + 88172645463325252u) {}
  uint64_t bits() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }
  float uniform(float low, float high) { return low + (high - low) * float(bits() >> 40) * 0x1p-24f; }
  int64_t below(int64_t n) { return int64_t(bits() >> 11) % n; }
  std::vector<float> floats(int64_t n, float low = -1, float high = 1) {
    std::vector<float> values(static_cast<size_t>(n));
    for (float& v : values) v = uniform(low, high);
    return values;
  }

 private:
  uint64_t state_;
};

// A float buffer as the given type, at an address that is only aligned to its element, with the values that survived the rounding.
struct Typed {
  std::vector<std::byte> memory;
  std::vector<double> values;
  const std::byte* data() const { return memory.data() + offset; }
  std::byte* data() { return memory.data() + offset; }
  size_t offset = 0;
};

inline Typed as_type(const std::vector<float>& from, DType dtype) {
  Typed to;
  const size_t size = size_t(size_of(dtype));
  to.offset = size;
  to.memory.resize(from.size() * size + to.offset);
  to.values.resize(from.size());
  for (size_t i = 0; i < from.size(); ++i) {
    std::byte* at = to.data() + i * size;
    if (dtype == DType::f16) {
      float16 v(from[i]);
      std::memcpy(at, &v, 2);
      to.values[i] = float(v);
    } else if (dtype == DType::bf16) {
      bfloat16 v(from[i]);
      std::memcpy(at, &v, 2);
      to.values[i] = float(v);
    } else {
      std::memcpy(at, &from[i], 4);
      to.values[i] = from[i];
    }
  }
  return to;
}

inline std::vector<double> widen(const std::vector<float>& v) { return {v.begin(), v.end()}; }

inline void expect_close(const std::vector<float>& actual, const std::vector<double>& expected, double tolerance, const std::string& what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (size_t i = 0; i < actual.size(); ++i) {
    const double error = std::abs(double(actual[i]) - expected[i]);
    ASSERT_LE(error, tolerance * std::max(1.0, std::abs(expected[i])))
        << what << ", element " << i << ": " << actual[i] << " for " << expected[i];
  }
}

inline bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace mlxc::cpu
