#include "llm/vector_math.h"

#include <cstring>
#include <limits>

namespace mlxc {
namespace {

constexpr int kLanes = 4;  // SSE2 and NEON, which every 64-bit target has
typedef float F __attribute__((vector_size(kLanes * 4)));
typedef int32_t I __attribute__((vector_size(kLanes * 4)));

F load(const float* p) {
  F v;
  std::memcpy(&v, p, sizeof(v));
  return v;
}

// exp(x) for x <= 0, by 2^n times a polynomial in the remainder (Cephes' expf); 0 below -87.
F exp_nonpositive(F x) {
  const F least = F{} - 87.0f;
  I underflow = ~(x >= least);  // also NaN
  x = underflow ? least : x;
  const F magic = F{} + 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  F shifted = x * 1.44269504088896341f + magic;
  F n = shifted - magic;
  F r = x - n * 0.693359375f - n * -2.12194440e-4f;
  F p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  I bits;
  std::memcpy(&bits, &shifted, sizeof(bits));
  I power = (bits - 0x4b400000 + 127) << 23;
  F scale;
  std::memcpy(&scale, &power, sizeof(scale));
  return underflow ? F{} : p * scale;
}

}  // namespace

RowMaximum row_maximum(std::span<const float> x) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const int64_t count = int64_t(x.size()), whole = count / kLanes * kLanes;
  F largest = F{} - kInfinity;
  I proper = ~I{};
  for (int64_t i = 0; i < whole; i += kLanes) {
    F v = load(x.data() + i);
    proper &= v < kInfinity;  // false for NaN too
    largest = v > largest ? v : largest;
  }
  RowMaximum result{-kInfinity, -1, true};
  for (int lane = 0; lane < kLanes; ++lane) {
    if (largest[lane] > result.value) result.value = largest[lane];
    result.finite = result.finite && proper[lane] != 0;
  }
  for (int64_t i = whole; i < count; ++i) {
    if (!(x[size_t(i)] < kInfinity)) result.finite = false;
    if (x[size_t(i)] > result.value) result.value = x[size_t(i)];
  }
  if (result.value == -kInfinity) return result;
  for (int64_t i = 0; i < count; ++i) {
    if (x[size_t(i)] == result.value) {
      result.index = i;
      break;
    }
  }
  return result;
}

double exp_sum(std::span<const float> x, float shift, float scale, float* out) {
  constexpr int64_t kBlock = 512;  // float32 sums of a block, float64 sums of blocks
  double total = 0;
  const int64_t count = int64_t(x.size()), whole = count / kLanes * kLanes;
  for (int64_t start = 0; start < whole; start += kBlock) {
    F sum{};
    for (int64_t i = start; i < whole && i < start + kBlock; i += kLanes) {
      F e = exp_nonpositive((load(x.data() + i) - shift) * scale);
      if (out) std::memcpy(out + i, &e, sizeof(e));
      sum += e;
    }
    for (int lane = 0; lane < kLanes; ++lane) total += double(sum[lane]);
  }
  if (whole < count) {
    F tail = F{} - std::numeric_limits<float>::infinity();
    std::memcpy(&tail, x.data() + whole, size_t(count - whole) * 4);
    F e = exp_nonpositive((tail - shift) * scale);
    for (int64_t i = whole; i < count; ++i) {
      if (out) out[i] = e[i - whole];
      total += double(e[i - whole]);
    }
  }
  return total;
}

}  // namespace mlxc
