#include "ops/linalg.h"

#include "finite_differences.h"
#include "ops/matmul.h"
#include "ops/statistics.h"

namespace mlxc::test {
namespace {

Array swapped(const Array& x) { return transpose(x, x.rank() == 2 ? Dims{1, 0} : Dims{0, 2, 1}); }
Array squared(const Array& x) { return x * x; }
// Well away from singular, and symmetric in a way that differences keep.
Array positive(const Array& x) { return matmul(x, swapped(x)) + eye(x.device(), x.dim(-2), x.dim(-2), 0, x.dtype()); }
const std::vector<Shape> kSquares{{1, 1}, {3, 3}, {2, 4, 4}};

TEST(LinalgGradient, OfSolversMatchesDifferences) {
  for (const Shape& shape : kSquares) {
    Shape right = shape;
    right.back() = 2;
    const Array a = drawn(shape), b = drawn(right, -1, 1, 2);
    check_gradient([](const Arrays& in) { return linalg::solve(positive(in[0]), in[1]); }, {a, b}, "solve", 1e-6);
    check_gradient([](const Arrays& in) { return linalg::inverse(positive(in[0])); }, {a}, "inverse", 1e-6);
    for (bool upper : {false, true})
      for (bool unit : {false, true})
        for (bool transposed : {false, true})
          check_gradient([&](const Arrays& in) { return linalg::triangular_solve(in[0], in[1], upper, unit, transposed); },
                         {drawn(shape, 0.6, 1.4), b}, cat("triangular_solve ", upper, unit, transposed), 1e-6);
  }
}

TEST(LinalgGradient, OfFactorizationsMatchesDifferences) {
  for (const Shape& shape : kSquares) {
    const Array a = drawn(shape);
    for (bool upper : {false, true})
      check_gradient([&](const Arrays& in) { return linalg::cholesky(positive(in[0]), upper); }, {a}, "cholesky", 1e-6);
    check_gradient([](const Arrays& in) { return linalg::determinant(in[0]); }, {a}, "determinant", 1e-6);
    check_gradient([](const Arrays& in) { return linalg::slogdet(in[0]).log; }, {a}, "slogdet", 1e-6);
    check_gradient([](const Arrays& in) { return linalg::eigvalsh(positive(in[0])); }, {a}, "eigvalsh", 1e-6);
    check_gradient([](const Arrays& in) { return squared(linalg::eigh(positive(in[0])).vectors); }, {a}, "eigh", 1e-5);  // signs are free
  }
  for (const Shape& shape : {Shape{4, 4}, Shape{5, 3}, Shape{2, 4, 2}, Shape{2, 3, 5}}) {
    check_gradient([](const Arrays& in) { return linalg::qr(in[0], false).q; }, {drawn(shape)}, "q", 1e-6);
    check_gradient([](const Arrays& in) { return linalg::qr(in[0], false).r; }, {drawn(shape)}, "r", 1e-6);
  }
  for (const Shape& shape : {Shape{3, 3}, Shape{5, 3}, Shape{2, 2, 4}}) {
    check_gradient([](const Arrays& in) { return linalg::singular_values(in[0]); }, {drawn(shape)}, "singular values", 1e-6);
    check_gradient([](const Arrays& in) { return squared(linalg::svd(in[0], false).u); }, {drawn(shape)}, "u", 1e-5);
    check_gradient([](const Arrays& in) { return squared(linalg::svd(in[0], false).vh); }, {drawn(shape)}, "vh", 1e-5);
    check_gradient([](const Arrays& in) { return linalg::pseudo_inverse(in[0], -1); }, {drawn(shape)}, "pseudo-inverse", 1e-5);
  }
}

TEST(LinalgGradient, OfNormsAndDeviationsIsZeroWhereTheyAre) {
  const Array x = make({0, 0, 0, 1, 2, 3}, {2, 3});
  for (const double p : {0.5, 1.0, 2.0, 3.0}) {
    const std::vector<double> slopes = fetch(grad({weighted(linalg::vector_norm(x, p, {1}, false))}, {x})[0]);
    EXPECT_EQ((std::vector<double>(slopes.begin(), slopes.begin() + 3)), (std::vector<double>{0, 0, 0})) << p;
    check_gradient([&](const Arrays& in) { return linalg::vector_norm(in[0], p, {1}, false); }, {drawn({2, 3})}, cat("norm ", p));
  }
  const Array constant = make({2, 2, 2}, {3});
  EXPECT_EQ(fetch(grad({standard_deviation(constant, {}, 1, false)}, {constant})[0]), (std::vector<double>{0, 0, 0}));
}

TEST(LinalgGradient, NamesTheFormsThatHaveNone) {
  const Array wide = drawn({2, 4});
  EXPECT_THROW(grad({weighted(linalg::qr(swapped(wide), true).r)}, {wide}), Error);
  EXPECT_THROW(grad({weighted(linalg::svd(wide, true).u)}, {wide}), Error);
}

}  // namespace
}  // namespace mlxc::test
