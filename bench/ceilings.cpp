// What the machine allows: bytes a second that threads can read from memory, and multiply-adds a second from registers, as one JSON line.
// Speeds of a model are reported beside these: decoding is bounded by reading the weights, prompts by dot products.
//   bench_ceilings [THREADS] [SECONDS]
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Runs work(thread) on all threads at once and gives the time from the common start to the last end.
double timed(int threads, const std::function<void(int)>& work) {
  std::atomic<int> ready{0};
  std::atomic<bool> go{false};
  std::vector<std::thread> pool;
  for (int t = 0; t < threads; ++t) {
    pool.emplace_back([&, t] {
      ++ready;
      while (!go) std::this_thread::yield();
      work(t);
    });
  }
  while (ready < threads) std::this_thread::yield();
  const auto start = Clock::now();
  go = true;
  for (auto& thread : pool) thread.join();
  return seconds_since(start);
}

// A sum that the compiler may not drop.
std::atomic<uint64_t> sink{0};

#if defined(__x86_64__)
__attribute__((target("avx2"))) void read_avx2(const uint8_t* data, size_t bytes) {
  __m256i sum[4] = {};
  for (size_t i = 0; i + 128 <= bytes; i += 128) {
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k) {
      sum[k] = _mm256_xor_si256(sum[k], _mm256_load_si256(reinterpret_cast<const __m256i*>(data + i + size_t(k) * 32)));
    }
  }
  const __m256i all = _mm256_xor_si256(_mm256_xor_si256(sum[0], sum[1]), _mm256_xor_si256(sum[2], sum[3]));
  sink += uint64_t(_mm256_extract_epi64(all, 0)) ^ uint64_t(_mm256_extract_epi64(all, 3));
}

__attribute__((noinline, target("avx512f,avx512bf16"))) double dot_bf16(int64_t rounds) {
  __m512 sum[16];
  for (auto& s : sum) s = _mm512_setzero_ps();
  const __m512bh a = (__m512bh)_mm512_set1_epi32(int(rounds & 1)), b = (__m512bh)_mm512_set1_epi32(int(rounds & 3));
  for (int64_t i = 0; i < rounds; ++i) {
#pragma GCC unroll 16
    for (auto& s : sum) s = _mm512_dpbf16_ps(s, a, b);
  }
  __m512 all = _mm512_setzero_ps();
  for (auto& s : sum) all = _mm512_add_ps(all, s);
  float out[16];
  _mm512_storeu_ps(out, all);
  return double(out[0]);
}

__attribute__((noinline, target("avx512f"))) double dot_avx512(int64_t rounds) {
  __m512 sum[16];
  for (auto& s : sum) s = _mm512_setzero_ps();
  const __m512 a = _mm512_set1_ps(float(rounds & 1)), b = _mm512_set1_ps(float(rounds & 3));
  for (int64_t i = 0; i < rounds; ++i) {
#pragma GCC unroll 16
    for (auto& s : sum) s = _mm512_fmadd_ps(a, b, s);
  }
  __m512 all = _mm512_setzero_ps();
  for (auto& s : sum) all = _mm512_add_ps(all, s);
  float out[16];
  _mm512_storeu_ps(out, all);
  return double(out[0]);
}

__attribute__((noinline, target("avx2,fma"))) double dot_avx2(int64_t rounds) {
  __m256 sum[12];
  for (auto& s : sum) s = _mm256_setzero_ps();
  const __m256 a = _mm256_set1_ps(float(rounds & 1)), b = _mm256_set1_ps(float(rounds & 3));
  for (int64_t i = 0; i < rounds; ++i) {
#pragma GCC unroll 16
    for (auto& s : sum) s = _mm256_fmadd_ps(a, b, s);
  }
  float out[8], total = 0;
  for (auto& s : sum) {
    _mm256_storeu_ps(out, s);
    total += out[0];
  }
  return double(total);
}
#endif

void read_portable(const uint8_t* data, size_t bytes) {
  uint64_t sum[8] = {};
  for (size_t i = 0; i + 64 <= bytes; i += 64) {
    for (size_t k = 0; k < 8; ++k) sum[k] ^= reinterpret_cast<const uint64_t*>(data + i)[k];
  }
  sink += sum[0] ^ sum[1] ^ sum[2] ^ sum[3] ^ sum[4] ^ sum[5] ^ sum[6] ^ sum[7];
}

struct Dot {
  const char* name;
  double (*run)(int64_t rounds);
  double flops_per_round;
};

// Which one is faster differs: Zen 4 does twice the work with bf16 pairs, Sapphire Rapids half.
std::vector<Dot> dots() {
  std::vector<Dot> all;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bf16")) all.push_back({"avx512-bf16", dot_bf16, 16 * 64.0});
  if (__builtin_cpu_supports("avx512f")) all.push_back({"avx512-f32", dot_avx512, 16 * 32.0});
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) all.push_back({"avx2-f32", dot_avx2, 12 * 16.0});
#endif
  return all;
}

double measure_read(int threads, double seconds) {
  const size_t part = (size_t(1200) << 20) / size_t(threads) / 128 * 128;
  std::vector<uint8_t*> parts(static_cast<size_t>(threads));
  for (auto& p : parts) {
    p = static_cast<uint8_t*>(std::aligned_alloc(128, part));
    if (p == nullptr) return 0;
  }
  auto read = read_portable;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) read = read_avx2;
#endif
  timed(threads, [&](int t) { std::fill_n(parts[size_t(t)], part, uint8_t(t + 1)); });
  double best = 0;
  const auto start = Clock::now();
  do {
    const double time = timed(threads, [&](int t) { read(parts[size_t(t)], part); });
    best = std::max(best, double(part) * threads / time);
  } while (seconds_since(start) < seconds);
  for (auto* p : parts) std::free(p);
  return best;
}

double measure_dot(int threads, double seconds, const Dot& dot) {
  const int64_t rounds = 4'000'000;
  double best = 0;
  const auto start = Clock::now();
  do {
    const double time = timed(threads, [&](int) { sink += uint64_t(dot.run(rounds)); });
    best = std::max(best, dot.flops_per_round * double(rounds) * threads / time);
  } while (seconds_since(start) < seconds);
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::max(1, std::atoi(argv[1])) : int(std::max(1u, std::thread::hardware_concurrency()));
  const double seconds = argc > 2 ? std::atof(argv[2]) : 2.0;
  std::printf("{\"threads\": %d, \"read_gb_s\": %.2f, \"dot_gflop_s\": {", threads, measure_read(threads, seconds) / 1e9);
  const char* separator = "";
  for (const Dot& dot : dots()) {
    std::printf("%s\"%s\": %.1f", separator, dot.name, measure_dot(threads, seconds, dot) / 1e9);
    separator = ", ";
  }
  std::printf("}}\n");
  return 0;
}
