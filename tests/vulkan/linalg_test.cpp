// Factorizations and solvers on the Vulkan device: by what they promise, at the sizes around their blocks, and by what the CPU says of
// matrices that have no answer.
#include "ops/linalg.h"

#include <gmock/gmock.h>

#include "vulkan/launch_compare.h"

namespace mlxc::vulkan {
namespace {

struct LinalgOnDevice : LaunchTest {};

using Values = std::vector<double>;  // of matrices, row by row

const std::vector<int64_t> kSizes{1, 7, 63, 64, 65, 130, 200};
constexpr double kEps = 0x1p-24;

// Rounded to float32, so that everybody starts from the same matrix.
Values drawn(int64_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> draw(-1, 1);
  Values values(static_cast<size_t>(count));
  for (double& value : values) value = float(draw(random));
  return values;
}

double& at(Values& x, int64_t columns, int64_t row, int64_t column) { return x[size_t(row * columns + column)]; }
double at(const Values& x, int64_t columns, int64_t row, int64_t column) { return x[size_t(row * columns + column)]; }

// a [m, k] b [k, n], each perhaps given as its transpose.
Values times(const Values& a, const Values& b, int64_t m, int64_t n, int64_t k, bool turn_a = false, bool turn_b = false) {
  Values c(size_t(m * n), 0);
  for (int64_t i = 0; i < m; ++i)
    for (int64_t p = 0; p < k; ++p) {
      const double x = turn_a ? at(a, m, p, i) : at(a, k, i, p);
      for (int64_t j = 0; j < n; ++j) at(c, n, i, j) += x * (turn_b ? at(b, k, j, p) : at(b, n, p, j));
    }
  return c;
}

double largest(const Values& x) {
  double most = 0;
  for (double value : x) most = std::isnan(value) ? INFINITY : std::max(most, std::abs(value));
  return most;
}
double distance(const Values& a, const Values& b) {
  Values gap(a.size());
  for (size_t i = 0; i < a.size(); ++i) gap[i] = a[i] - b[i];
  return largest(gap);
}

Values positive_definite(int64_t n, uint32_t seed) {
  const Values x = drawn(n * n, seed);
  Values a = times(x, x, n, n, n, false, true);
  for (int64_t i = 0; i < n; ++i) at(a, n, i, i) += 0.1;
  for (double& value : a) value = float(value);
  return a;
}
// 1 / (i + j + 1), with as much on the diagonal as float32 needs to call it positive definite.
Values hilbert(int64_t n) {
  Values a(static_cast<size_t>(n * n));
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < n; ++j) at(a, n, i, j) = float(1.0 / double(i + j + 1) + (i == j ? 4e-6 * double(n) : 0));
  return a;
}

Values joined(const std::vector<Values>& parts) {
  Values all;
  for (const Values& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}
Values part(const Values& x, int64_t index, int64_t size) { return {x.begin() + index * size, x.begin() + (index + 1) * size}; }

Values values_of(const Bytes& bytes) {
  Values values(bytes.size() / sizeof(float));
  for (size_t i = 0; i < values.size(); ++i) values[i] = element(bytes, i, DType::f32);
  return values;
}

Launch linalg_launch(Linalg op, const std::vector<Shape>& shapes, const std::vector<Values>& inputs) {
  std::vector<Operand> operands;
  for (const Shape& shape : shapes) operands.push_back(lay(shape, DType::f32, Lie::dense));
  return launch_of(std::make_shared<const Linalg>(op), operands, [&](size_t input, int64_t i) { return inputs[input][size_t(i)]; });
}
std::vector<Values> on_device(const Launch& launch, const std::string& what) {
  std::vector<Values> outputs;
  for (const Bytes& bytes : run_on_vulkan(launch, what)) outputs.push_back(values_of(bytes));
  return outputs;
}

// What both say of a matrix without an answer.
std::string complaint(const std::function<void()>& run) {
  try {
    run();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::invalid_argument);
    return error.what();
  }
  return "none";
}
void expect_same_complaint(const Launch& launch, const std::string& text) {
  const std::string on_cpu = complaint([&] { run_on_cpu(launch); }), here = complaint([&] { run_on_vulkan(launch, "bad"); });
  EXPECT_EQ(here, on_cpu);
  EXPECT_THAT(here, testing::HasSubstr(text));
}

void expect_cholesky(const std::vector<Values>& matrices, int64_t n, const std::string& what) {
  for (bool upper : {false, true}) {
    // The triangle that is not read holds something else.
    std::vector<Values> given = matrices;
    for (Values& a : given)
      for (int64_t i = 0; i < n; ++i)
        for (int64_t j = 0; j < i; ++j) at(a, n, upper ? i : j, upper ? j : i) = 77;
    const Values all = on_device(linalg_launch({LinalgOp::cholesky, upper}, {{int64_t(given.size()), n, n}}, {joined(given)}), what)[0];
    for (size_t item = 0; item < matrices.size(); ++item) {
      const Values factor = part(all, int64_t(item), n * n);
      const Values product = times(factor, factor, n, n, n, upper, !upper);
      EXPECT_LE(distance(product, matrices[item]), 2 * double(n + 1) * kEps * largest(matrices[item]))
          << what << " n " << n << " upper " << upper << " item " << item;
      for (int64_t i = 0; i < n; ++i) {
        EXPECT_GT(at(factor, n, i, i), 0) << what;
        for (int64_t j = 0; j < i; ++j) ASSERT_EQ(at(factor, n, upper ? i : j, upper ? j : i), 0) << what << " n " << n;
      }
    }
  }
}

TEST_F(LinalgOnDevice, CholeskyGivesTheMatrixBack) {
  for (int64_t n : kSizes)
    expect_cholesky({positive_definite(n, uint32_t(n)), positive_definite(n, 1000), positive_definite(n, 1001)}, n, "drawn");
}

TEST_F(LinalgOnDevice, CholeskyOfIllConditionedMatrices) {
  for (int64_t n : {7, 65, 130, 200}) expect_cholesky({hilbert(n)}, n, "Hilbert");
  Values graded = positive_definite(130, 3);  // rows and columns of very different size
  for (int64_t i = 0; i < 130; ++i)
    for (int64_t j = 0; j < 130; ++j) at(graded, 130, i, j) = std::ldexp(at(graded, 130, i, j), -int(i % 10 + j % 10));
  expect_cholesky({graded}, 130, "graded");
}

TEST_F(LinalgOnDevice, CholeskyOfManySmallMatrices) {
  std::vector<Values> matrices;
  for (uint32_t i = 0; i < 300; ++i) matrices.push_back(positive_definite(3, i));
  expect_cholesky(matrices, 3, "small");
}

TEST_F(LinalgOnDevice, CholeskyRefusesWhatIsNotPositiveDefinite) {
  for (int64_t n : {1, 7, 64, 65, 200})
    for (int64_t bad : {int64_t{0}, n / 2, n - 1})
      for (bool upper : {false, true}) {
        Values a = positive_definite(n, 5);
        at(a, n, bad, bad) = -1;
        const Launch launch = linalg_launch({LinalgOp::cholesky, upper}, {{2, n, n}}, {joined({positive_definite(n, 6), a})});
        expect_same_complaint(launch, cat("the minor of order ", bad + 1, " is not"));
      }
  const Values zeros(200 * 200, 0);
  expect_same_complaint(linalg_launch({LinalgOp::cholesky, false}, {{200, 200}}, {zeros}), "the minor of order 1 is not");
}

TEST_F(LinalgOnDevice, CholeskyOfNanAndInfinityIsNanInThatMatrixAlone) {
  for (int64_t n : {3, 64, 65, 200})
    for (double bad : {double(NAN), double(INFINITY)})
      for (const auto& [row, column] : {std::pair<int64_t, int64_t>{0, 0}, {n - 1, 0}, {0, n - 1}, {n / 2, n / 2}})
        for (bool upper : {false, true}) {
          Values a = positive_definite(n, 5);
          at(a, n, 1, 1) = -1;  // no error then
          at(a, n, row, column) = bad;
          const Launch launch = linalg_launch({LinalgOp::cholesky, upper}, {{2, n, n}}, {joined({a, positive_definite(n, 6)})});
          const Values all = on_device(launch, "NaN")[0];
          for (int64_t i = 0; i < n * n; ++i) {
            ASSERT_TRUE(std::isnan(all[size_t(i)])) << n << " " << i;
            ASSERT_FALSE(std::isnan(all[size_t(n * n + i)])) << n << " " << i;
          }
        }
}

TEST_F(LinalgOnDevice, TriangularSolveGivesTheRightHandSideBack) {
  for (int64_t n : kSizes)
    for (int64_t m : {1, 70})
      for (bool upper : {false, true})
        for (bool unit : {false, true})
          for (bool transposed : {false, true}) {
            if (n > 130 && (unit || m == 1)) continue;
            const std::string what = cat("n ", n, " m ", m, " upper ", upper, " unit ", unit, " transposed ", transposed);
            Values a = drawn(2 * n * n, uint32_t(n)), b = drawn(2 * n * m, 9);
            for (int64_t i = 0; i < 2 * n * n; ++i) a[size_t(i)] = i / n % n == i % n ? 1.5 + std::abs(a[size_t(i)]) : a[size_t(i)] / 8;
            for (double& value : a) value = float(value);
            const Values all =
                on_device(linalg_launch({LinalgOp::triangular_solve, upper, unit, transposed}, {{2, n, n}, {2, n, m}}, {a, b}), what)[0];
            for (int64_t item : {0, 1}) {
              Values t = part(a, item, n * n);
              for (int64_t i = 0; i < n; ++i)
                for (int64_t j = 0; j < n; ++j)
                  if (i == j ? unit : (i < j) != upper) at(t, n, i, j) = i == j;
              const Values x = part(all, item, n * m), product = times(t, x, n, m, n, transposed);
              // |T x - b| <= c n eps |T| |x|, row by row
              Values bounds_t = t, bounds_x = x;
              for (double& value : bounds_t) value = std::abs(value);
              for (double& value : bounds_x) value = std::abs(value);
              const Values bound = times(bounds_t, bounds_x, n, m, n, transposed), want = part(b, item, n * m);
              for (size_t i = 0; i < want.size(); ++i)
                ASSERT_LE(std::abs(product[i] - want[i]), 2 * double(n + 1) * kEps * (bound[i] + 1e-30)) << what << " " << i;
            }
          }
}

TEST_F(LinalgOnDevice, TriangularSolveRefusesAZeroOnTheDiagonal) {
  for (int64_t n : {3, 64, 130})
    for (bool upper : {false, true})
      for (bool transposed : {false, true}) {
        Values a = drawn(n * n, 4);
        for (int64_t i = 0; i < n; ++i) at(a, n, i, i) = i == n - 2 ? 0 : 2;
        const Launch launch = linalg_launch({LinalgOp::triangular_solve, upper, false, transposed}, {{n, n}, {n, 2}}, {a, drawn(n * 2, 1)});
        expect_same_complaint(launch, cat("element ", n - 2, " of its diagonal"));
        // The next run starts afresh.
        expect_same_complaint(launch, cat("element ", n - 2, " of its diagonal"));
      }
}

TEST_F(LinalgOnDevice, ARunAfterARefusalStartsAfresh) {
  const int64_t n = 70;
  const Launch launch = linalg_launch({LinalgOp::cholesky, false}, {{n, n}}, {positive_definite(n, 5)});
  Device& device = shared_device()->device();
  const auto program = device.compile({{launch.plan}, {false, false}});
  std::vector<StoragePtr> storages;
  std::vector<Binding> bindings;
  for (size_t bytes : {launch.data[0].size(), launch.data[0].size(), program->scratch_bytes()}) {
    storages.push_back(device.allocator().allocate(bytes));
    bindings.push_back({storages.back().get(), 0});
  }
  std::vector<float> matrix(size_t(n * n), 0);
  for (float diagonal : {1.f, -1.f, NAN, 4.f, -1.f}) {
    for (int64_t i = 0; i < n; ++i) matrix[size_t(i * n + i)] = diagonal;
    device.write(*storages[0], 0, matrix.data(), matrix.size() * 4);
    if (diagonal < 0) {
      EXPECT_THROW(program->run(device.default_stream(), bindings, nullptr), Error);
      continue;
    }
    program->run(device.default_stream(), bindings, nullptr);
    float last = 0;
    device.read(*storages[1], (n * n - 1) * 4, &last, 4);
    EXPECT_TRUE(std::isnan(diagonal) ? std::isnan(last) : last == std::sqrt(diagonal)) << last;
  }
}

// Large enough for every tile of the products; seen through one vector, which takes n^2 steps.
TEST_F(LinalgOnDevice, MatricesOfManyBlocks) {
  const int64_t n = 600;
  const Values v = drawn(n, 8);
  Values a = drawn(n * n, 9);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < i; ++j) at(a, n, i, j) = at(a, n, j, i);
    at(a, n, i, i) = 30;
  }
  const double bound = 2 * double(n) * kEps * 30 * 30;
  for (bool upper : {false, true}) {
    const Values factor = on_device(linalg_launch({LinalgOp::cholesky, upper}, {{n, n}}, {a}), "cholesky")[0];
    const Values product = times(factor, times(factor, v, n, 1, n, !upper), n, 1, n, upper);
    EXPECT_LE(distance(product, times(a, v, n, 1, n)), bound) << upper;
    const Values b = drawn(n * n, 10);
    const Values x =
        on_device(linalg_launch({LinalgOp::triangular_solve, upper, false, !upper}, {{n, n}, {n, n}}, {factor, b}), "solve")[0];
    EXPECT_LE(distance(times(factor, times(x, v, n, 1, n), n, 1, n, !upper), times(b, v, n, 1, n)), bound) << upper;
  }
}

TEST_F(LinalgOnDevice, TriangularSolvePassesNanOn) {
  const int64_t n = 70;
  Values a = drawn(n * n, 4), b = drawn(n * 2, 1);
  for (int64_t i = 0; i < n; ++i) at(a, n, i, i) = 3;
  at(b, 2, 5, 1) = NAN;
  const Values x = on_device(linalg_launch({LinalgOp::triangular_solve, false, false, false}, {{n, n}, {n, 2}}, {a, b}), "NaN")[0];
  for (int64_t i = 0; i < n; ++i) {
    EXPECT_FALSE(std::isnan(at(x, 2, i, 0)));
    EXPECT_EQ(std::isnan(at(x, 2, i, 1)), i >= 5);
  }
}

// The factors that LAPACK chooses, and as good: |A - QR| and |Q^T Q - I| of the size of a rounding of each step.
void expect_qr(const std::vector<Values>& matrices, int64_t m, int64_t n, const std::string& kind, bool as_lapack = true) {
  for (bool complete : {false, true}) {
    const int64_t k = complete ? m : std::min(m, n), steps = std::min(m, n);
    const std::string what = cat(kind, " ", m, " x ", n, " complete ", complete);
    const Launch launch = linalg_launch({LinalgOp::qr, complete}, {{int64_t(matrices.size()), m, n}}, {joined(matrices)});
    const std::vector<Values> got = on_device(launch, what);
    const std::vector<Bytes> want = run_on_cpu(launch);
    for (size_t item = 0; item < matrices.size(); ++item) {
      const Values q = part(got[0], int64_t(item), m * k), r = part(got[1], int64_t(item), k * n);
      const double bound = 4 * std::sqrt(double(m)) * double(steps + 1) * kEps;
      EXPECT_LE(distance(times(q, r, m, n, k), matrices[item]), bound * largest(matrices[item])) << what;
      Values ones(size_t(k * k), 0);
      for (int64_t i = 0; i < k; ++i) at(ones, k, i, i) = 1;
      EXPECT_LE(distance(times(q, q, k, k, m, true), ones), double(steps + 16) * kEps) << what;
      for (int64_t i = 0; i < k; ++i)
        for (int64_t j = 0; j < std::min(i, n); ++j) ASSERT_EQ(at(r, n, i, j), 0) << what;
      if (!as_lapack) continue;
      EXPECT_LE(distance(r, part(values_of(want[1]), int64_t(item), k * n)), 20 * bound * largest(r)) << what;
    }
  }
}

TEST_F(LinalgOnDevice, QrGivesTheMatrixBack) {
  for (const auto& [m, n] : {std::pair<int64_t, int64_t>{1, 1},
                             {7, 7},
                             {5, 3},
                             {3, 5},
                             {16, 17},
                             {63, 63},
                             {64, 64},
                             {65, 65},
                             {130, 40},
                             {40, 130},
                             {200, 200},
                             {300, 33},
                             {1, 9},
                             {9, 1}})
    expect_qr({drawn(m * n, uint32_t(m)), drawn(m * n, 77), drawn(m * n, 78)}, m, n, "drawn");
}

TEST_F(LinalgOnDevice, QrOfTallMatricesTakesNarrowPanels) {
  for (int64_t rows : {600, 2100, 4100}) {
    const Launch launch = linalg_launch({LinalgOp::qr, false}, {{rows, 21}}, {drawn(rows * 21, 3)});
    const std::vector<Values> got = on_device(launch, "tall");
    EXPECT_LE(distance(times(got[0], got[1], rows, 21, 21), drawn(rows * 21, 3)), 2e-5) << rows;
    const Values gram = times(got[0], got[0], 21, 21, rows, true);
    for (int64_t i = 0; i < 21; ++i)
      for (int64_t j = 0; j < 21; ++j) EXPECT_NEAR(at(gram, 21, i, j), i == j, 4e-6) << rows;
  }
}

TEST_F(LinalgOnDevice, QrOfIllConditionedMatricesKeepsItsColumnsOrthogonal) {
  for (int64_t n : {7, 65, 130}) expect_qr({hilbert(n)}, n, n, "Hilbert", false);
  Values repeated = drawn(100 * 60, 4), zeros(100 * 60, 0), scaled = drawn(100 * 60, 5);
  for (int64_t i = 0; i < 100; ++i)
    for (int64_t j = 0; j < 60; ++j) {
      at(repeated, 60, i, j) = at(repeated, 60, i, j % 7);                                    // rank 7
      at(scaled, 60, i, j) = float(std::ldexp(at(scaled, 60, i, j), int(j % 5) * 50 - 100));  // squares leave the range of float32
    }
  expect_qr({repeated, zeros}, 100, 60, "rank", false);
  const std::vector<Values> got = on_device(linalg_launch({LinalgOp::qr, false}, {{100, 60}}, {scaled}), "scaled");
  const Values product = times(got[0], got[1], 100, 60, 60), gram = times(got[0], got[0], 60, 60, 100, true);
  for (int64_t j = 0; j < 60; ++j) {
    for (int64_t i = 0; i < 100; ++i) EXPECT_NEAR(std::ldexp(at(product, 60, i, j) - at(scaled, 60, i, j), 100 - int(j % 5) * 50), 0, 3e-5);
    EXPECT_NEAR(at(gram, 60, j, j), 1, 5e-6);
  }
}

TEST_F(LinalgOnDevice, QrOfNanAndInfinityIsNanInThatMatrixAlone) {
  for (double bad : {double(NAN), double(INFINITY)}) {
    Values a = drawn(70 * 40, 5);
    at(a, 40, 69, 39) = bad;
    for (const Values& part : on_device(linalg_launch({LinalgOp::qr, false}, {{2, 70, 40}}, {joined({a, drawn(70 * 40, 6)})}), "NaN"))
      for (size_t i = 0; i < part.size(); ++i) ASSERT_EQ(std::isnan(part[i]), i < part.size() / 2) << i;
  }
}

TEST_F(LinalgOnDevice, MatricesTooTallForAPanelStayOnTheCpu) {
  const Launch launch = linalg_launch({LinalgOp::qr, false}, {{8193, 1}}, {Values(8193, 1)});
  const LoweredProgram program = lower_program({launch.plan}, shared_device()->caps(), {});
  EXPECT_THAT(program.reasons[0], testing::HasSubstr("more than 8192 rows"));
}

// ---- singular values ----------------------------------------------------------------------------------------------------------------

Values identity(int64_t n) {
  Values ones(size_t(n * n), 0);
  for (int64_t i = 0; i < n; ++i) at(ones, n, i, i) = 1;
  return ones;
}
Values singular_values_in_float64(const Values& x, int64_t m, int64_t n) {
  std::vector<Operand> operand{lay({m, n}, DType::f64, Lie::dense)};
  const Launch launch =
      launch_of(std::make_shared<const Linalg>(LinalgOp::svd, false), operand, [&](size_t, int64_t i) { return x[size_t(i)]; });
  const Bytes bytes = run_on_cpu(launch)[0];
  Values values(size_t(std::min(m, n)));
  for (size_t i = 0; i < values.size(); ++i) values[i] = element(bytes, i, DType::f64);
  return values;
}

// |A - U S V^T|, |U^T U - I| and |V^T V - I| of the size of roundings, and LAPACK's singular values in float64.
void expect_svd(const std::vector<Values>& matrices, int64_t m, int64_t n, const std::string& kind) {
  const int64_t k = std::min(m, n), items = int64_t(matrices.size());
  const Launch values_only = linalg_launch({LinalgOp::svd, false}, {{items, m, n}}, {joined(matrices)});
  const Values alone = on_device(values_only, kind)[0];
  for (bool full : {false, true}) {
    const std::string what = cat(kind, " ", m, " x ", n, " full ", full);
    const int64_t u_columns = full ? m : k, v_rows = full ? n : k;
    const std::vector<Values> got = on_device(linalg_launch({LinalgOp::svd, true, full}, {{items, m, n}}, {joined(matrices)}), what);
    for (int64_t item = 0; item < items; ++item) {
      const Values& x = matrices[size_t(item)];
      const Values u = part(got[0], item, m * u_columns), s = part(got[1], item, k), vh = part(got[2], item, v_rows * n);
      EXPECT_EQ(s, part(alone, item, k)) << what;
      const Values want = singular_values_in_float64(x, m, n);
      const double norm = want[0], bound = 10 * std::sqrt(double(std::max(m, n))) * kEps;
      for (int64_t i = 0; i < k; ++i) {
        EXPECT_NEAR(at(s, k, 0, i), want[size_t(i)], bound / 2 * norm) << what << " " << i;
        EXPECT_LE(at(s, k, 0, i), at(s, k, 0, std::max<int64_t>(i - 1, 0))) << what;
      }
      Values scaled(size_t(m * k));
      for (int64_t i = 0; i < m; ++i)
        for (int64_t j = 0; j < k; ++j) at(scaled, k, i, j) = at(u, u_columns, i, j) * s[size_t(j)];
      EXPECT_LE(distance(times(scaled, part(vh, 0, k * n), m, n, k), x), bound * norm) << what;
      EXPECT_LE(distance(times(u, u, u_columns, u_columns, m, true), identity(u_columns)), bound) << what;
      EXPECT_LE(distance(times(vh, vh, v_rows, v_rows, n, false, true), identity(v_rows)), bound) << what;
    }
  }
}

TEST_F(LinalgOnDevice, SvdGivesTheMatrixBack) {
  for (const auto& [m, n] :
       {std::pair<int64_t, int64_t>{1, 1}, {2, 2}, {1, 6}, {6, 1}, {5, 3}, {17, 17}, {33, 33}, {70, 70}, {100, 37}, {37, 100}})
    expect_svd({drawn(m * n, uint32_t(m)), drawn(m * n, 77), drawn(m * n, 78)}, m, n, "drawn");
}

TEST_F(LinalgOnDevice, SvdOfMatricesWithZeroAndRepeatedSingularValues) {
  const int64_t m = 60, n = 40;
  Values zeros(size_t(m * n), 0), ones(size_t(m * n), 1), repeated = drawn(m * n, 4), diagonal = zeros, reflection = zeros;
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      at(repeated, n, i, j) = at(repeated, n, i, j % 7);                // rank 7
      if (i == j) at(diagonal, n, i, j) = j % 3;                        // three of them, each many times
      if (i < n) at(reflection, n, i, j) = (i == j) - 2.0 / double(n);  // of a vector of ones: orthogonal
    }
  expect_svd({zeros, ones, repeated, diagonal, reflection}, m, n, "rank");
  expect_svd({hilbert(40)}, 40, 40, "Hilbert");
}

TEST_F(LinalgOnDevice, SvdOfVeryLargeAndVerySmallElements) {
  const int64_t m = 40, n = 33;
  std::vector<Values> matrices;
  for (int power : {60, -60, -100}) {
    matrices.push_back(drawn(m * n, uint32_t(power)));
    for (double& value : matrices.back()) value = float(std::ldexp(value, power));
  }
  matrices.push_back(drawn(m * n, 3));
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) at(matrices.back(), n, i, j) = float(std::ldexp(at(matrices.back(), n, i, j), int(j % 5) * 30 - 60));
  for (const Values& matrix : matrices) expect_svd({matrix}, m, n, cat("scaled to ", largest(matrix)));
}

TEST_F(LinalgOnDevice, SvdOfNanAndInfinityIsNanInThatMatrixAlone) {
  for (double bad : {double(NAN), double(INFINITY)})
    for (const auto& [m, n] : {std::pair<int64_t, int64_t>{50, 40}, {40, 50}}) {
      Values a = drawn(m * n, 5);
      a.back() = bad;
      for (const Values& result : on_device(linalg_launch({LinalgOp::svd, true, true}, {{2, m, n}}, {joined({a, drawn(m * n, 6)})}), "NaN"))
        for (size_t i = 0; i < result.size(); ++i) ASSERT_EQ(std::isnan(result[i]), i < result.size() / 2) << i;
    }
}

TEST_F(LinalgOnDevice, SvdOfMatricesWithoutElementsIsAnIdentity) {
  const std::vector<Values> tall = on_device(linalg_launch({LinalgOp::svd, true, true}, {{2, 3, 0}}, {Values{}}), "empty");
  EXPECT_EQ(tall[0], joined({identity(3), identity(3)}));
  const std::vector<Values> wide = on_device(linalg_launch({LinalgOp::svd, true, true}, {{0, 3}}, {Values{}}), "empty");
  EXPECT_EQ(wide[2], identity(3));
}

}  // namespace
}  // namespace mlxc::vulkan
