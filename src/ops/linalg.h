// Factorizations and solvers over the matrices in the last two axes; the axes before are a batch. float32 and float64; other types are
// computed as float32. A matrix with a NaN or an infinity gives NaN. Singular and indefinite matrices are errors when the array is
// evaluated.
#pragma once

#include "graph/array.h"

namespace mlxc {

enum class LinalgOp : uint8_t { cholesky, qr, svd, eigh, lu, solve, triangular_solve };

struct Linalg : PrimitiveBase<Linalg, OpCode::linalg> {
  static constexpr std::string_view kName = "linalg";
  Linalg(LinalgOp op, bool first, bool second = false, bool third = false) : op(op), first(first), second(second), third(third) {}
  LinalgOp op;
  // cholesky: upper. qr: complete. svd: vectors, all of them. eigh: vectors. triangular_solve: upper, unit diagonal, transposed.
  bool first, second, third;
  std::string_view name() const override;
  auto fields() const { return std::tie(op, first, second, third); }
  bool can_fail() const override { return op != LinalgOp::qr && op != LinalgOp::lu; }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
  Arrays vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const override;
  double work(TensorTypes inputs, TensorTypes outputs) const override;
  double steps(TensorTypes inputs) const override;
};

namespace linalg {

Array cholesky(const Array& x, bool upper);  // reads the triangle that it returns
struct QR {
  Array q, r;
};
QR qr(const Array& x, bool complete);  // [m, k] and [k, n] with k = min(m, n), or m when complete
struct SVD {
  Array u, s, vh;  // singular values descending
};
SVD svd(const Array& x, bool full);
Array singular_values(const Array& x);
struct Eigen {
  Array values, vectors;  // ascending; vectors are columns
};
Eigen eigh(const Array& x);  // symmetric: reads the lower triangle
Array eigvalsh(const Array& x);
Array solve(const Array& a, const Array& b);  // b [..., n] where it has one axis, else [..., n, m]
Array triangular_solve(const Array& a, const Array& b, bool upper, bool unit, bool transposed);
Array inverse(const Array& x);
Array determinant(const Array& x);
struct SignLog {
  Array sign, log;
};
SignLog slogdet(const Array& x);
// Singular values up to tolerance * the largest count as zero; tolerance < 0: max(m, n) * the type's epsilon.
Array pseudo_inverse(const Array& x, double tolerance);
Array least_squares(const Array& a, const Array& b, double tolerance);  // the shortest x that minimizes |a x - b|
Array matrix_rank(const Array& x, double tolerance);                    // int64
Array matrix_power(const Array& x, int64_t power);
Array cross(const Array& a, const Array& b, int axis);
// Vectors: (sum |x|^p)^(1/p) over the axes (none: all), also 0 (how many are not 0), infinity and -infinity.
Array vector_norm(const Array& x, double p, const Dims& axes, bool keepdims);
// Matrices: frobenius, nuclear, or p of 1, -1, 2, -2, infinity, -infinity.
enum class MatrixNorm : uint8_t { frobenius, nuclear, p };
Array matrix_norm(const Array& x, MatrixNorm kind, double p, bool keepdims);

}  // namespace linalg
}  // namespace mlxc
