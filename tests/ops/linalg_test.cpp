// Factorizations by what they promise: products that give the matrix back, orthogonal factors, in both types and batches.
#include "ops/linalg.h"

#include "ops/arrange.h"
#include "ops/creation.h"
#include "ops/gradient.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/reference.h"

namespace mlxc {
namespace {

using namespace test;

double bound(DType dtype) { return dtype == DType::f64 ? 1e-12 : 2e-4; }

Array t(const Array& x) { return swap_axes(x, -1, -2); }

::testing::AssertionResult same(const Array& a, const Array& b) { return near(fetch(a), fetch(b), bound(a.dtype()), 1); }
::testing::AssertionResult orthogonal(const Array& q) {  // columns
  return same(matmul(t(q), q), broadcast_to(eye(q.device(), q.dim(-1), q.dim(-1), 0, q.dtype()), matmul(t(q), q).shape()));
}
Array diagonal_matrix(const Array& s) { return expand_dims(s, -1) * eye(s.device(), s.dim(-1), s.dim(-1), 0, s.dtype()); }

TEST(Linalg, FactorsGiveTheMatrixBack) {
  std::mt19937 random(13);
  std::uniform_real_distribution<double> draw(-1, 1);
  for (DType dtype : {DType::f32, DType::f64})
    for (const Shape& shape : {Shape{1, 1}, Shape{5, 3}, Shape{3, 5}, Shape{2, 3, 4, 4}, Shape{60, 40}})
      for (Lay lay : kLayouts) {
        Reference ignored;
        const Array x = arrange(
            shape, dtype, lay, [&] { return draw(random); }, &ignored);
        const std::string where = to_string(shape) + " layout " + std::to_string(int(lay));
        for (bool full : {false, true}) {
          const linalg::QR qr = linalg::qr(x, full);
          EXPECT_TRUE(same(matmul(qr.q, qr.r), x)) << where;
          EXPECT_TRUE(orthogonal(qr.q)) << where;
          const linalg::SVD svd = linalg::svd(x, full);
          const int64_t k = std::min(x.dim(-1), x.dim(-2));
          const Array u = slice_axis(svd.u, -1, 0, k), vh = slice_axis(svd.vh, -2, 0, k);
          EXPECT_TRUE(same(matmul(u, matmul(diagonal_matrix(svd.s), vh)), x)) << where;
          EXPECT_TRUE(orthogonal(svd.u) && orthogonal(t(svd.vh))) << where;
          EXPECT_TRUE(same(linalg::singular_values(x), svd.s)) << where;
        }
        if (x.dim(-1) != x.dim(-2)) continue;
        const Array symmetric = x + t(x);
        const linalg::Eigen eigen = linalg::eigh(symmetric);
        EXPECT_TRUE(same(matmul(symmetric, eigen.vectors), matmul(eigen.vectors, diagonal_matrix(eigen.values)))) << where;
        EXPECT_TRUE(orthogonal(eigen.vectors)) << where;
        const Array lower = triangle(x, -1, false) + eye(x.device(), x.dim(-1), x.dim(-1), 0, dtype) * 2.0;
        for (bool transposed : {false, true}) {
          const Array solved = linalg::triangular_solve(lower, x, false, false, transposed);
          EXPECT_TRUE(same(matmul(transposed ? t(lower) : lower, solved), x)) << where;
        }
      }
}

// float32 on the device under test against float64 on the CPU, through factors of several blocks and their gradients.
TEST(Linalg, GradientsInFloat32FollowThoseInFloat64) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> draw(-1, 1);
  for (int64_t n : {9, 70}) {
    std::vector<double> values(size_t(n * n)), right(size_t(n * 3));
    for (double& value : values) value = draw(random) / double(n);
    for (double& value : right) value = draw(random);
    auto gradients = [&](Device& device, DType dtype) {
      const Array x = cast(Array::from_vector<double>(device, values, {n, n}, DType::f64), dtype);
      const Array b = cast(Array::from_vector<double>(device, right, {n, 3}, DType::f64), dtype);
      const Array positive = matmul(x, t(x)) + eye(device, n, n, 0, dtype);
      const Array factor = linalg::cholesky(positive, false);
      const Array solved = linalg::triangular_solve(linalg::cholesky(positive, true),
                                                    linalg::triangular_solve(factor, b, false, false, false), true, false, false);
      const Array sum =
          reduce(ReduceOp::sum, factor * factor * factor, {0, 1}, false) + reduce(ReduceOp::sum, solved * solved, {0, 1}, false);
      return grad({sum}, {x, b});
    };
    const Arrays wide = gradients(cpu_device(), DType::f64), here = gradients(test::device(), DType::f32);
    for (size_t i = 0; i < wide.size(); ++i) EXPECT_TRUE(near(fetch(here[i]), fetch(wide[i]), 2e-5, 1)) << n << " " << i;
  }
}

TEST(Linalg, RefusesWhatHasNoAnswer) {
  const Array ones = full(test::device(), {2, 2}, 1, DType::f32);
  EXPECT_THROW(eval({linalg::inverse(ones)}), Error);
  EXPECT_THROW(eval({linalg::cholesky(ones * -1.0, false)}), Error);
  EXPECT_THROW(eval({linalg::triangular_solve(full(test::device(), {2, 2}, 0, DType::f32), ones, true, false, false)}), Error);
  EXPECT_THROW(linalg::inverse(full(test::device(), {2, 3}, 1, DType::f32)), Error);
  EXPECT_THROW(linalg::solve(ones, full(test::device(), {3}, 1, DType::f32)), Error);
  EXPECT_THROW(linalg::svd(full(test::device(), {3}, 1, DType::f32), false), Error);
}

TEST(Linalg, NanAndInfinityGiveNan) {
  for (double bad : {double(NAN), double(INFINITY)}) {
    const Array x = make({1, 0, 0, bad}, {2, 2}, DType::f64);
    for (const Array& result : {linalg::inverse(x), linalg::cholesky(x, false), linalg::qr(x, false).q, linalg::svd(x, true).u,
                                linalg::eigh(x).vectors, linalg::determinant(x), linalg::slogdet(x).log})
      for (double value : fetch(result).values) EXPECT_TRUE(std::isnan(value));
  }
}

TEST(Linalg, EmptyMatricesHaveEmptyAnswers) {
  const Array none = make({}, {0, 0}, DType::f32), tall = make({}, {3, 0}, DType::f32);
  EXPECT_EQ(fetch(linalg::determinant(none)).values, std::vector<double>{1});
  EXPECT_EQ(linalg::svd(tall, false).s.size(), 0);
  EXPECT_EQ(fetch(linalg::qr(tall, true).q).values, (std::vector<double>{1, 0, 0, 0, 1, 0, 0, 0, 1}));
  EXPECT_EQ(fetch(linalg::inverse(none)).values.size(), 0u);
}

}  // namespace
}  // namespace mlxc
