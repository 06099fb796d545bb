// The general matrix product on many threads.
#include <cmath>
#include <vector>

#include "backend/cpu/kernels/gemm.h"
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

struct Extents {
  int64_t m, n, k;
};
const Extents kExtents[] = {{1, 1, 1},    {9, 17, 40},   {8, 48, 512},   {13, 100, 7},   {97, 50, 530},
                            {3, 200, 70}, {120, 10, 90}, {200, 130, 33}, {33, 1100, 800}};

// Every layout of a, b and the kernels of all instruction sets, with bias and activation behind the product.
TEST(Matmul, MatchesItsDefinitionInEveryLayout) {
  ThreadPool pool(2);
  Random random(5);
  for (const Extents& e : kExtents)
    for (bool a_turned : {false, true})
      for (bool b_turned : {false, true}) {
        const std::vector<float> a = random.floats(e.m * e.k), b = random.floats(e.k * e.n), bias = random.floats(e.n);
        MatmulArgs args{.m = e.m, .n = e.n, .k = e.k, .a = a.data(), .b = b.data(), .c_row = e.n};
        args.a_row = a_turned ? 1 : e.k, args.a_col = a_turned ? e.m : 1;
        args.b_row = b_turned ? 1 : e.n, args.b_col = b_turned ? e.k : 1;
        std::vector<double> want(size_t(e.m * e.n));
        for (int64_t i = 0; i < e.m; ++i)
          for (int64_t l = 0; l < e.k; ++l)
            for (int64_t j = 0; j < e.n; ++j)
              want[size_t(i * e.n + j)] += double(a[size_t(i * args.a_row + l * args.a_col)]) * b[size_t(l * args.b_row + j * args.b_col)];
        for (const Isa* isa : every_isa())
          for (bool finished : {false, true}) {
            std::vector<float> c(want.size(), std::nanf(""));
            args.c = c.data();
            args.bias = finished ? bias.data() : nullptr;
            args.activation = finished ? Activation::relu : Activation::none;
            matmul(pool, args, *isa);
            for (size_t i = 0; i < c.size(); ++i) {
              const double expected = finished ? std::max(want[i] + bias[i % size_t(e.n)], 0.0) : want[i];
              ASSERT_NEAR(c[i], expected, 1e-6 * double(e.k) + 1e-6) << e.m << " x " << e.n << " x " << e.k << " at " << i;
            }
          }
      }
}

TEST(Matmul, BitsDependOnTheShapeAlone) {
  Random random(6);
  const int64_t m = 150, n = 210, k = 700;
  const std::vector<float> a = random.floats(m * k), b = random.floats(k * n);
  std::vector<float> first(size_t(m * n)), again(first.size());
  MatmulArgs args{
      .m = m, .n = n, .k = k, .a = a.data(), .a_row = k, .a_col = 1, .b = b.data(), .b_row = n, .b_col = 1, .c = first.data(), .c_row = n};
  ThreadPool one(1), three(3);
  matmul(one, args);
  args.c = again.data();
  matmul(three, args);
  EXPECT_EQ(std::memcmp(first.data(), again.data(), first.size() * sizeof(float)), 0);
}

// The same of bfloat16, a rounded from float32 as well, summed in float32 and rounded at the end where asked for.
void check_brain(const Isa& isa, ThreadPool& pool, Random& random, const Extents& e, bool a_turned, bool b_turned) {
  std::vector<bfloat16> b(size_t(e.k * e.n)), rounded(size_t(e.m * e.n), bfloat16(7));
  const std::vector<float> wide = random.floats(e.m * e.k), bias = random.floats(e.n);
  const std::vector<bfloat16> a(wide.begin(), wide.end());
  for (bfloat16& value : b) value = bfloat16(random.uniform(-1, 1));
  std::vector<float> c(rounded.size(), std::nanf("")), from_floats = c;
  MatmulArgs args{.dtype = DType::bf16, .m = e.m, .n = e.n, .k = e.k, .a = a.data(), .b = b.data(), .c = c.data(), .c_row = e.n};
  args.a_row = a_turned ? 1 : e.k, args.a_col = a_turned ? e.m : 1;
  args.b_row = b_turned ? 1 : e.n, args.b_col = b_turned ? e.k : 1;
  args.bias = bias.data();
  matmul(pool, args, isa);
  for (int64_t i = 0; i < e.m; ++i)
    for (int64_t j = 0; j < e.n; ++j) {
      double want = bias[size_t(j)];
      for (int64_t l = 0; l < e.k; ++l)
        want += double(float(a[size_t(i * args.a_row + l * args.a_col)])) * double(float(b[size_t(l * args.b_row + j * args.b_col)]));
      ASSERT_NEAR(c[size_t(i * e.n + j)], want, 1e-6 * double(e.k) + 1e-6) << e.m << " x " << e.n << " x " << e.k;
    }
  args.c = rounded.data();
  args.rounds = true;
  matmul(pool, args, isa);
  for (size_t i = 0; i < c.size(); ++i) ASSERT_EQ(float(rounded[i]), float(bfloat16(c[i]))) << e.m << " x " << e.n << " x " << e.k;
  args.a = wide.data();
  args.c = from_floats.data();
  args.rounds = false;
  args.float_rows = true;
  matmul(pool, args, isa);
  EXPECT_TRUE(same_bits(c, from_floats)) << e.m << " x " << e.n << " x " << e.k;
}

TEST(Matmul, BrainProductsAreSummedInFloat32) {
  ThreadPool pool(2);
  Random random(7);
  bool any = false;
  for (const Isa* isa : every_isa()) {
    if (!brain_gemm_kernel(*isa)) continue;
    any = true;
    for (const Extents& e : kExtents)
      for (bool a_turned : {false, true})
        for (bool b_turned : {false, true}) check_brain(*isa, pool, random, e, a_turned, b_turned);
  }
  if (!any) GTEST_SKIP() << "this machine has no products of bfloat16";
}

}  // namespace
}  // namespace mlxc::cpu
