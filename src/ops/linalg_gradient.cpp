// Gradients of factorizations and solvers (Giles 2008; Seeger et al. 2017). Where a symmetric matrix goes in, its gradient is symmetric.
#include "ops/arrange.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/linalg.h"
#include "ops/matmul.h"
#include "ops/shape_ops.h"

namespace mlxc {
namespace {

Array transposed(const Array& x) { return swap_axes(x, -1, -2); }
Array operator-(const Array& x) { return unary(UnaryOp::negative, x); }
Array symmetric(const Array& x) { return (x + transposed(x)) * 0.5; }
Array lower(const Array& x, int64_t k = 0) { return triangle(x, k, false); }
Array identity(const Array& x, int64_t size) { return eye(x.device(), size, size, 0, x.dtype()); }
Array as_diagonal(const Array& values) { return expand_dims(values, -1) * identity(values, values.dim(-1)); }
// 1 / (value_j - value_i), 0 on the diagonal.
Array inverse_gaps(const Array& values) {
  const Array one = identity(values, values.dim(-1)), gaps = expand_dims(values, -2) - expand_dims(values, -1) + one;
  return unary(UnaryOp::reciprocal, gaps) - one;
}
Array or_zeros(const Array& cotangent, const Array& output) {
  return cotangent ? cotangent : full(output.device(), output.shape(), 0, output.dtype());
}
// X with X T = b for a triangular T.
Array solve_right(const Array& t, const Array& b, bool upper) {
  return transposed(linalg::triangular_solve(t, transposed(b), upper, false, true));
}

Array cholesky_gradient(const Array& l, const Array& g) {
  const Array product = lower(matmul(transposed(l), g)), half = product - product * identity(l, l.dim(-1)) * 0.5;
  return symmetric(solve_right(l, linalg::triangular_solve(l, half, false, false, true), false));
}

Array qr_gradient(const Array& a, const Array& q, const Array& r, const Array& q_cotangent, const Array& r_cotangent) {
  const int64_t m = a.dim(-2), n = a.dim(-1);
  if (m < n) {  // [X Y] = Q [R S], where Q R = X and S = Q^T Y
    const Array s_cotangent = slice_axis(r_cotangent, -1, m, n);
    const Array from_s = matmul(slice_axis(a, -1, m, n), transposed(s_cotangent));
    const Array square = slice_axis(a, -1, 0, m);
    return concatenate(
        {qr_gradient(square, q, slice_axis(r, -1, 0, m), q_cotangent + from_s, slice_axis(r_cotangent, -1, 0, m)), matmul(q, s_cotangent)},
        -1);
  }
  const Array product = matmul(r, transposed(r_cotangent)) - matmul(transposed(q_cotangent), q);
  const Array mirrored = lower(product) + transposed(lower(product, -1));
  return transposed(linalg::triangular_solve(r, transposed(q_cotangent + matmul(q, mirrored)), true, false, false));
}

// P L U = a; P L^-T is a^-T U^T, so the permutation is not needed.
Array lu_gradient(const Array& a, const Array& packed, const Array& g) {
  const Array unit = lower(packed, -1) + identity(a, a.dim(-1)), u = triangle(packed, 0, true);
  const Array inner = lower(matmul(transposed(unit), lower(g, -1)), -1) + triangle(matmul(triangle(g, 0, true), transposed(u)), 0, true);
  const Array right = transposed(linalg::triangular_solve(u, transposed(inner), true, false, false));
  return linalg::solve(transposed(a), matmul(transposed(u), right));
}

Array eigh_gradient(const Array& a, const Array& values_cotangent, const Array& vectors_cotangent) {
  const linalg::Eigen parts = linalg::eigh(a);
  Array inner;
  if (values_cotangent) inner = as_diagonal(values_cotangent);
  if (vectors_cotangent) {
    const Array turn = matmul(transposed(parts.vectors), vectors_cotangent) * inverse_gaps(parts.values);
    inner = inner ? inner + turn : turn;
  }
  return symmetric(matmul(matmul(parts.vectors, inner), transposed(parts.vectors)));
}

Array svd_gradient(const Array& a, const Array& u_cotangent, const Array& s_cotangent, const Array& vh_cotangent) {
  const linalg::SVD parts = linalg::svd(a, false);
  const Array &u = parts.u, &s = parts.s, v = transposed(parts.vh), row = expand_dims(s, -2), column = expand_dims(s, -1);
  Array inner = as_diagonal(or_zeros(s_cotangent, s));
  if (!u_cotangent && !vh_cotangent) return matmul(matmul(u, inner), parts.vh);
  const Array gu = or_zeros(u_cotangent, u), gv = transposed(or_zeros(vh_cotangent, parts.vh)), gaps = inverse_gaps(s * s);
  auto turn = [&](const Array& vectors, const Array& cotangent) {
    const Array product = matmul(transposed(vectors), cotangent);
    return (product - transposed(product)) * gaps;
  };
  inner = inner + turn(u, gu) * row + column * turn(v, gv);
  Array result = matmul(matmul(u, inner), parts.vh);
  // What leaves the space that the vectors span.
  auto outside = [&](const Array& vectors, const Array& cotangent) {
    return cotangent - matmul(vectors, matmul(transposed(vectors), cotangent));
  };
  if (a.dim(-2) > s.dim(-1)) result = result + matmul(outside(u, gu) / row, parts.vh);
  if (a.dim(-1) > s.dim(-1)) result = result + matmul(u / row, transposed(outside(v, gv)));
  return result;
}

}  // namespace

Arrays Linalg::vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const {
  const Array &a = inputs[0], &y = outputs[0], &g = cotangents[0];
  switch (op) {
    case LinalgOp::cholesky: return {first ? cholesky_gradient(transposed(y), transposed(g)) : cholesky_gradient(y, g)};
    case LinalgOp::qr:
      if (y.dim(-1) != std::min(a.dim(-2), a.dim(-1))) break;
      return {qr_gradient(a, y, outputs[1], or_zeros(g, y), or_zeros(cotangents[1], outputs[1]))};
    case LinalgOp::svd:
      if (!first) return {svd_gradient(a, {}, g, {})};
      if (y.dim(-1) != outputs[1].dim(-1) || outputs[2].dim(-2) != outputs[1].dim(-1)) break;
      return {svd_gradient(a, g, cotangents[1], cotangents[2])};
    case LinalgOp::eigh: return {eigh_gradient(a, g, first ? cotangents[1] : Array())};
    case LinalgOp::lu: return {lu_gradient(a, y, g)};
    case LinalgOp::solve: {
      const Array to_b = linalg::solve(transposed(a), g);
      return {-matmul(to_b, transposed(y)), to_b};
    }
    case LinalgOp::triangular_solve: {
      const auto [upper, unit, transpose] = std::tie(first, second, third);
      const Array to_b = linalg::triangular_solve(a, g, upper, unit, !transpose);
      const Array full = transpose ? matmul(y, transposed(to_b)) : matmul(to_b, transposed(y));
      return {-triangle(full, unit ? (upper ? 1 : -1) : 0, upper), to_b};
    }
  }
  fail(Status::unsupported, name(), " has a gradient in its reduced form only");
}

}  // namespace mlxc
