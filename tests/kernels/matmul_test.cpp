// The general matrix product on many threads.
#include <cmath>
#include <vector>

#include "support.h"

namespace mlxc::cpu {
namespace {

// The serial OpenBLAS gives one work buffer to two threads now and then: with 32 threads some of these products were wrong in most runs.
TEST(Matmul, ThreadsDoNotShareBuffersOfOpenBlas) {
  constexpr int64_t kM = 64, kN = 128, kK = 33, kBatch = 2000, kRounds = 4;
  ThreadPool pool(32);
  std::vector<float> a(kM * kK), b(kN * kK), want(kM * kN);
  for (size_t i = 0; i < a.size(); ++i) a[i] = float(int(i * 7919 % 201) - 100) / 100;
  for (size_t i = 0; i < b.size(); ++i) b[i] = float(int(i * 613 % 211) - 100) / 100;
  for (int64_t i = 0; i < kM; ++i)
    for (int64_t j = 0; j < kN; ++j)
      for (int64_t l = 0; l < kK; ++l) want[size_t(i * kN + j)] += a[size_t(l * kM + i)] * b[size_t(j * kK + l)];
  const std::vector<int64_t> same(kBatch, 0);
  std::vector<int64_t> places(kBatch);
  for (int64_t i = 0; i < kBatch; ++i) places[size_t(i)] = i * kM * kN;
  for (int64_t round = 0; round < kRounds; ++round) {
    std::vector<float> c(size_t(kBatch * kM * kN), std::nanf(""));
    MatmulArgs args{.m = kM,
                    .n = kN,
                    .k = kK,
                    .a = a.data(),
                    .a_row = 1,
                    .a_col = kM,
                    .b = b.data(),
                    .b_row = 1,
                    .b_col = kK,
                    .c = c.data(),
                    .c_row = kN};
    args.batch = kBatch;
    args.a_offsets = args.b_offsets = same.data();
    args.c_offsets = places.data();
    matmul(pool, args, *every_isa().front());
    int wrong = 0;
    for (size_t i = 0; i < c.size(); ++i) wrong += !(std::abs(c[i] - want[i % want.size()]) < 1e-3f);
    ASSERT_EQ(wrong, 0) << "of " << c.size() << " elements";
  }
}

}  // namespace
}  // namespace mlxc::cpu
