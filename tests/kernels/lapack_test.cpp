// Factorizations large enough for the code that takes the place of LAPACK's on many threads.
#include "backend/cpu/kernels/lapack.h"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

#include "backend/cpu/kernels/blas_threads.h"
#include "support.h"

namespace mlxc::cpu {
namespace {

enum class Kind { full, graded, rank_two, ones_on_the_diagonal, zero };

template <class T>
std::vector<T> matrix(int m, int n, Kind kind, double scale) {
  Random random(uint64_t(m * 31 + n));
  std::vector<T> x(size_t(m) * size_t(n));
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < n; ++j) {
      double value = random.uniform(-1, 1);
      if (kind == Kind::graded) value *= std::pow(10.0, -20.0 * j / n);
      if (kind == Kind::rank_two) value = i % 3 + (i + 1) % 2 * double(j % 5);
      if (kind == Kind::ones_on_the_diagonal) value = i == j;
      if (kind == Kind::zero) value = 0;
      x[size_t(i) * size_t(n) + size_t(j)] = T(value * scale);
    }
  return x;
}

template <class T>
struct Svd {
  std::vector<T> u, s, vh;
};
template <class T>
Svd<T> svd(const std::vector<T>& x, int m, int n, int threads) {
  ThreadPool pool(threads);
  const BlasThreads use(&pool);
  const auto k = size_t(std::min(m, n));
  Svd<T> out{std::vector<T>(size_t(m) * k), std::vector<T>(k), std::vector<T>(k * size_t(n))};
  lapack::svd<T>(x.data(), m, n, true, false, out.u.data(), out.s.data(), out.vh.data());
  return out;
}

struct Eigen {
  std::vector<double> values, columns;
};
Eigen eigh(const std::vector<double>& x, int n, int threads) {
  ThreadPool pool(threads);
  const BlasThreads use(&pool);
  Eigen out{std::vector<double>(size_t(n)), std::vector<double>(size_t(n) * size_t(n))};
  lapack::eigh<double>(x.data(), n, true, out.values.data(), out.columns.data());
  return out;
}

// The largest difference of sum over l of a[i, l] scale[l] b[l, j] from want(i, j), at places all over the product.
template <class T, class Want>
double distance(const T* a, int64_t a_row, int64_t a_col, const T* b, int64_t b_row, int64_t b_col, const T* scale, int m, int n, int k,
                Want want) {
  double most = 0;
  for (int i = 0; i < m; i += 7)
    for (int j = i % 5; j < n; j += 5) {
      double sum = 0;
      for (int l = 0; l < k; ++l)
        sum += double(a[i * a_row + l * a_col]) * (scale ? double(scale[l]) : 1) * double(b[l * b_row + j * b_col]);
      most = std::max(most, std::abs(sum - want(i, j)));
    }
  return most;
}

template <class T>
void expect_svd(int m, int n, Kind kind, double scale) {
  const std::string where =
      std::to_string(m) + " x " + std::to_string(n) + " kind " + std::to_string(int(kind)) + " scale " + std::to_string(scale);
  const std::vector<T> x = matrix<T>(m, n, kind, scale);
  const Svd<T> out = svd(x, m, n, 2);
  const int k = std::min(m, n);
  const double epsilon = sizeof(T) == 4 ? 1e-5 : 1e-14;
  auto one = [](int i, int j) { return double(i == j); };
  EXPECT_LE(distance<T>(out.u.data(), k, 1, out.vh.data(), n, 1, out.s.data(), m, n, k,
                        [&](int i, int j) { return double(x[size_t(i * n + j)]); }),
            epsilon * double(out.s[0]))
      << where;
  EXPECT_LE(distance<T>(out.u.data(), 1, k, out.u.data(), k, 1, nullptr, k, k, m, one), epsilon) << where;
  EXPECT_LE(distance<T>(out.vh.data(), n, 1, out.vh.data(), 1, n, nullptr, k, k, n, one), epsilon) << where;
  EXPECT_TRUE(std::is_sorted(out.s.rbegin(), out.s.rend())) << where;
}

TEST(Lapack, SingularVectorsGiveLargeMatricesBack) {
  const int sizes[][2] = {{192, 192}, {257, 200}, {200, 257}, {300, 193}, {450, 200}};
  for (const auto& size : sizes) {
    expect_svd<float>(size[0], size[1], Kind::full, 1);
    expect_svd<double>(size[0], size[1], Kind::full, 1);
  }
  for (Kind kind : {Kind::graded, Kind::rank_two, Kind::ones_on_the_diagonal, Kind::zero}) {
    expect_svd<float>(230, 210, kind, 1);
    expect_svd<double>(210, 230, kind, 1);
  }
}

TEST(Lapack, SingularVectorsOfTinyAndHugeNumbers) {
  for (Kind kind : {Kind::full, Kind::graded}) {
    for (double scale : {1e-30, 1e-12, 1e12, 1e30}) expect_svd<float>(210, 200, kind, scale);
    for (double scale : {1e-290, 1e-130, 1e130, 1e290}) expect_svd<double>(200, 210, kind, scale);
  }
}

TEST(Lapack, EigenvectorsGiveTheLowerTriangleBack) {
  constexpr int kN = 300;
  std::vector<double> x = matrix<double>(kN, kN, Kind::full, 1);
  const Eigen out = eigh(x, kN, 2);  // reads the lower triangle only: the upper one is other numbers
  auto symmetric = [&](int i, int j) { return x[size_t(std::max(i, j) * kN + std::min(i, j))]; };
  const double* q = out.columns.data();
  EXPECT_LE(distance<double>(q, kN, 1, q, 1, kN, out.values.data(), kN, kN, kN, symmetric), 1e-12);
  EXPECT_LE(distance<double>(q, 1, kN, q, kN, 1, nullptr, kN, kN, kN, [](int i, int j) { return double(i == j); }), 1e-13);
  EXPECT_TRUE(std::is_sorted(out.values.begin(), out.values.end()));
  EXPECT_EQ(out.columns, eigh(x, kN, 3).columns);
}

TEST(Lapack, BitsOfSingularVectorsDoNotDependOnThreads) {
  const std::vector<float> x = matrix<float>(600, 520, Kind::full, 1);
  const Svd<float> one = svd(x, 600, 520, 1), four = svd(x, 600, 520, 4);
  EXPECT_EQ(one.s, four.s);
  EXPECT_EQ(one.u, four.u);
  EXPECT_EQ(one.vh, four.vh);
}

}  // namespace
}  // namespace mlxc::cpu
