#include "ops/linalg.h"

#include <array>
#include <cmath>

#include "ops/arrange.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/matmul.h"
#include "ops/numeric.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"

namespace mlxc {

std::string_view Linalg::name() const {
  static constexpr std::array<std::string_view, 7> names{"cholesky", "qr", "svd", "eigh", "lu", "solve", "triangular_solve"};
  return names[size_t(op)];
}

std::vector<TensorType> Linalg::infer(TensorTypes inputs) const {
  const auto& [shape, dtype] = inputs[0];
  if (shape.rank() < 2) fail(Status::invalid_argument, name(), ": ", to_string(shape), " is no matrix");
  if (dtype != DType::f32 && dtype != DType::f64)
    fail(Status::invalid_argument, name(), " takes float32 and float64, not ", name_of(dtype));
  const int64_t m = shape[shape.rank() - 2], n = shape.back(), k = std::min(m, n);
  if (std::max(m, n) > INT32_MAX) fail(Status::invalid_argument, name(), ": a matrix of ", m, " x ", n, " exceeds 2^31 - 1");
  if (op != LinalgOp::qr && op != LinalgOp::svd && m != n)
    fail(Status::invalid_argument, name(), ": the matrix of ", m, " x ", n, " is not square");
  auto matrix = [&](int64_t rows, int64_t columns) {
    Shape result = shape;
    result[shape.rank() - 2] = rows;
    result.back() = columns;
    return TensorType{result, dtype};
  };
  auto vector = [&](int64_t size, DType type) {
    Shape result = shape;
    result.erase(shape.rank() - 1);
    result.back() = size;
    return TensorType{result, type};
  };
  switch (op) {
    case LinalgOp::cholesky: return {matrix(n, n)};
    case LinalgOp::qr: return {matrix(m, first ? m : k), matrix(first ? m : k, n)};
    case LinalgOp::svd:
      if (!first) return {vector(k, dtype)};
      return {matrix(m, second ? m : k), vector(k, dtype), matrix(second ? n : k, n)};
    case LinalgOp::eigh:
      if (!first) return {vector(n, dtype)};
      return {vector(n, dtype), matrix(n, n)};
    case LinalgOp::lu: return {matrix(n, n), vector(n, DType::i32)};
    default: {
      const TensorType& b = inputs[1];
      bool fits = b.dtype == dtype && b.shape.rank() == shape.rank() && b.shape[shape.rank() - 2] == n;
      for (int i = 0; fits && i < shape.rank() - 2; ++i) fits = b.shape[i] == shape[i];
      if (!fits || b.shape.back() > INT32_MAX)
        fail(Status::invalid_argument, name(), ": ", to_string(b.shape), " does not fit the matrix ", to_string(shape));
      return {b};
    }
  }
}

// As LAPACK's working notes count them, with all vectors where there are any.
double Linalg::work(TensorTypes inputs, TensorTypes) const {
  const Shape& shape = inputs[0].shape;
  const double rows = double(shape[shape.rank() - 2]), columns = double(shape.back()), n = std::min(rows, columns),
               m = std::max(rows, columns);
  const double items = m * n > 0 ? double(element_count(shape)) / (m * n) : 0;
  const double right = inputs.size() > 1 ? double(inputs[1].shape.back()) : 0;
  switch (op) {
    case LinalgOp::cholesky: return items * n * n * n / 3;
    case LinalgOp::qr: return items * (4 * m - n * 4 / 3) * n * n;
    case LinalgOp::svd: return items * (first ? 4 * m + 18 * n : 4 * m - n * 4 / 3) * n * n;
    case LinalgOp::eigh: return items * (first ? 9.0 : 4.0 / 3) * n * n * n;
    case LinalgOp::lu: return items * n * n * n * 2 / 3;
    case LinalgOp::solve: return items * (n * 2 / 3 + 2 * right) * n * n;
    case LinalgOp::triangular_solve: return items * n * n * right;
  }
  return 0;
}

double Linalg::steps(TensorTypes inputs) const {
  const Shape& shape = inputs[0].shape;
  const bool iterates = op == LinalgOp::svd || op == LinalgOp::eigh;
  return double(std::min(shape[shape.rank() - 2], shape.back())) * (iterates ? 8 : 1);
}

namespace linalg {
namespace {

DType float_type(const Array& x) { return x.dtype() == DType::f64 ? DType::f64 : DType::f32; }
Array floats(const Array& x) { return cast(x, float_type(x)); }
std::vector<Array> run(Linalg op, std::vector<Array> inputs) { return apply_all(std::make_shared<const Linalg>(op), std::move(inputs)); }

// a and b with the same batch; `vector`: b was one axis and became a column.
struct System {
  Array a, b;
  bool vector;
};
System system_of(const Array& a, const Array& b, const char* what) {
  if (a.rank() < 2 || b.rank() < 1)
    fail(Status::invalid_argument, what, ": ", to_string(a.shape()), " and ", to_string(b.shape()), " are no matrix and right-hand side");
  const DType dtype = float_type(a) == DType::f64 || float_type(b) == DType::f64 ? DType::f64 : DType::f32;
  const bool vector = b.rank() == 1;
  const Array right = vector ? expand_dims(b, 1) : b;
  if (right.dim(-2) != a.dim(-2)) fail(Status::invalid_argument, what, ": ", a.dim(-2), " rows against ", right.dim(-2));
  auto batch = [](const Array& x) { return Dims(std::span<const int64_t>(x.shape().begin(), size_t(x.rank() - 2))); };
  const Shape shared = broadcast_shapes(batch(a), batch(right));
  auto spread = [&](const Array& x) {
    Shape shape = shared;
    shape.push_back(x.dim(-2));
    shape.push_back(x.dim(-1));
    return broadcast_to(cast(x, dtype), shape);
  };
  return {spread(a), spread(right), vector};
}
Array result_of(const Array& x, const System& system) { return system.vector ? squeeze(x, x.rank() - 1) : x; }

Array transposed(const Array& x) { return swap_axes(x, -1, -2); }

// 1 where a pivot exchanged nothing, else -1; over the rows their product.
Array permutation_sign(const Array& pivots, DType dtype) {
  const Array straight = binary(BinaryOp::equal, pivots, arange(pivots.device(), 0, double(pivots.dim(-1)), 1, DType::i32));
  const Array one = full(pivots.device(), {}, 1, dtype);
  return reduce(ReduceOp::prod, where(straight, one, one * -1.0), {-1}, false);
}

// Which singular values count: above tolerance times the largest.
Array counted(const Array& s, int64_t m, int64_t n, double tolerance) {
  if (tolerance < 0) tolerance = double(std::max(m, n)) * (s.dtype() == DType::f64 ? 0x1p-52 : 0x1p-23);
  if (s.dim(-1) == 0) return cast(s, DType::boolean);
  return binary(BinaryOp::greater, s, reduce(ReduceOp::max, s, {-1}, true) * tolerance);
}

Array magnitude(const Array& x) { return unary(UnaryOp::abs, floats(x)); }

}  // namespace

Array cholesky(const Array& x, bool upper) { return run({LinalgOp::cholesky, upper}, {floats(x)})[0]; }

QR qr(const Array& x, bool complete) {
  std::vector<Array> parts = run({LinalgOp::qr, complete}, {floats(x)});
  return {parts[0], parts[1]};
}

SVD svd(const Array& x, bool full) {
  std::vector<Array> parts = run({LinalgOp::svd, true, full}, {floats(x)});
  return {parts[0], parts[1], parts[2]};
}

Array singular_values(const Array& x) { return run({LinalgOp::svd, false}, {floats(x)})[0]; }

Eigen eigh(const Array& x) {
  std::vector<Array> parts = run({LinalgOp::eigh, true}, {floats(x)});
  return {parts[0], parts[1]};
}

Array eigvalsh(const Array& x) { return run({LinalgOp::eigh, false}, {floats(x)})[0]; }

Array solve(const Array& a, const Array& b) {
  const System system = system_of(a, b, "solve");
  return result_of(run({LinalgOp::solve, false}, {system.a, system.b})[0], system);
}

Array triangular_solve(const Array& a, const Array& b, bool upper, bool unit, bool transpose) {
  const System system = system_of(a, b, "triangular_solve");
  return result_of(run({LinalgOp::triangular_solve, upper, unit, transpose}, {system.a, system.b})[0], system);
}

Array inverse(const Array& x) {
  if (x.rank() < 2 || x.dim(-1) != x.dim(-2)) fail(Status::invalid_argument, "inverse: ", to_string(x.shape()), " is no square matrix");
  return solve(x, eye(x.device(), x.dim(-1), x.dim(-1), 0, float_type(x)));
}

Array determinant(const Array& x) {
  std::vector<Array> lu = run({LinalgOp::lu, false}, {floats(x)});
  return reduce(ReduceOp::prod, diagonal(lu[0], 0), {-1}, false) * permutation_sign(lu[1], lu[0].dtype());
}

SignLog slogdet(const Array& x) {
  std::vector<Array> lu = run({LinalgOp::lu, false}, {floats(x)});
  const Array d = diagonal(lu[0], 0);
  return {reduce(ReduceOp::prod, unary(UnaryOp::sign, d), {-1}, false) * permutation_sign(lu[1], d.dtype()),
          reduce(ReduceOp::sum, unary(UnaryOp::log, unary(UnaryOp::abs, d)), {-1}, false)};
}

Array pseudo_inverse(const Array& x, double tolerance) {
  const SVD parts = svd(x, false);
  const Array inverted =
      where(counted(parts.s, x.dim(-2), x.dim(-1), tolerance), unary(UnaryOp::reciprocal, parts.s), scalar_like(parts.s, 0));
  return matmul(transposed(parts.vh), expand_dims(inverted, -1) * transposed(parts.u));
}

Array least_squares(const Array& a, const Array& b, double tolerance) {
  const System system = system_of(a, b, "least_squares");
  const SVD parts = svd(system.a, false);
  const Array inverted =
      where(counted(parts.s, a.dim(-2), a.dim(-1), tolerance), unary(UnaryOp::reciprocal, parts.s), scalar_like(parts.s, 0));
  return result_of(matmul(transposed(parts.vh), expand_dims(inverted, -1) * matmul(transposed(parts.u), system.b)), system);
}

Array matrix_rank(const Array& x, double tolerance) {
  const Array s = singular_values(x);
  return reduce(ReduceOp::sum, counted(s, x.dim(-2), x.dim(-1), tolerance), {-1}, false);
}

Array matrix_power(const Array& x, int64_t power) {
  if (x.rank() < 2 || x.dim(-1) != x.dim(-2))
    fail(Status::invalid_argument, "matrix_power: ", to_string(x.shape()), " is no square matrix");
  if (power == INT64_MIN) fail(Status::invalid_argument, "matrix_power: the power ", power);
  if (power == 0) return broadcast_to(eye(x.device(), x.dim(-1), x.dim(-1), 0, x.dtype()), x.shape());
  Array base = power < 0 ? inverse(x) : x, result;
  for (int64_t rest = std::abs(power); rest; rest >>= 1) {
    if (rest & 1) result = result ? matmul(result, base) : base;
    if (rest > 1) base = matmul(base, base);
  }
  return result;
}

Array cross(const Array& a, const Array& b, int axis) {
  const DType dtype = promote(a.dtype(), b.dtype());
  const Shape shape = broadcast_shapes(a.shape(), b.shape());
  axis = normalize_axis(axis, shape.rank());
  const Array x = broadcast_to(cast(a, dtype), shape), y = broadcast_to(cast(b, dtype), shape);
  if (shape[axis] != 3) fail(Status::invalid_argument, "cross: vectors of ", shape[axis], " elements, expected 3");
  auto turned = [&](const Array& v, int64_t by) { return roll(v, {by}, {axis}); };
  return turned(x, -1) * turned(y, -2) - turned(x, -2) * turned(y, -1);
}

Array vector_norm(const Array& x, double p, const Dims& axes, bool keepdims) {
  const DType dtype = is_float(x.dtype()) ? x.dtype() : DType::f32;
  const Array a = magnitude(x);
  Array norm;
  if (p == INFINITY)
    norm = reduce(ReduceOp::max, a, axes, keepdims);
  else if (p == -INFINITY)
    norm = reduce(ReduceOp::min, a, axes, keepdims);
  else if (p == 0)
    norm = cast(reduce(ReduceOp::sum, cast(a, DType::boolean), axes, keepdims), a.dtype());
  else if (p == 1)
    norm = reduce(ReduceOp::sum, a, axes, keepdims);
  else if (p == 2)
    norm = power_or_zero(reduce(ReduceOp::sum, unary(UnaryOp::square, a), axes, keepdims), 0.5);
  else if (p > 0)
    norm = power_or_zero(reduce(ReduceOp::sum, power_or_zero(a, p), axes, keepdims), 1 / p);
  else
    norm = binary(BinaryOp::power, reduce(ReduceOp::sum, binary(BinaryOp::power, a, scalar_like(a, p)), axes, keepdims),
                  scalar_like(a, 1 / p));
  return cast(norm, dtype);
}

Array matrix_norm(const Array& x, MatrixNorm kind, double p, bool keepdims) {
  if (x.rank() < 2) fail(Status::invalid_argument, "matrix_norm: ", to_string(x.shape()), " is no matrix");
  if (kind == MatrixNorm::frobenius) return vector_norm(x, 2, {-2, -1}, keepdims);
  const DType dtype = is_float(x.dtype()) ? x.dtype() : DType::f32;
  auto kept = [&](const Array& norm) { return cast(keepdims ? expand_dims(expand_dims(norm, -1), -1) : norm, dtype); };
  if (kind == MatrixNorm::nuclear) return kept(reduce(ReduceOp::sum, singular_values(x), {-1}, false));
  const double size = std::abs(p);
  if (size == 2) return kept(reduce(p > 0 ? ReduceOp::max : ReduceOp::min, singular_values(x), {-1}, false));
  if (size != 1 && !std::isinf(size))
    fail(Status::invalid_argument, "matrix_norm: p is ", p, "; known are 1, -1, 2, -2, infinity and -infinity");
  const Array sums = reduce(ReduceOp::sum, magnitude(x), {size == 1 ? -2 : -1}, false);
  return kept(reduce(p > 0 ? ReduceOp::max : ReduceOp::min, sums, {-1}, false));
}

}  // namespace linalg
}  // namespace mlxc
