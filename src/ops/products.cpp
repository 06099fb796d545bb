#include "ops/products.h"

#include "ops/arrange.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"

namespace mlxc {

Array outer(const Array& a, const Array& b) { return expand_dims(flatten(a), 1) * expand_dims(flatten(b), 0); }

Array inner(const Array& a, const Array& b) {
  if (a.rank() == 0 || b.rank() == 0) return a * b;
  return tensordot(a, b, {-1}, {-1});
}

Array vecdot(const Array& a, const Array& b, int axis) {
  if (a.rank() == 0 || b.rank() == 0) fail(Status::invalid_argument, "vecdot: a scalar is no vector");
  const Array x = move_axes(a, {axis}, {-1}), y = move_axes(b, {axis}, {-1});
  if (x.dim(-1) != y.dim(-1)) fail(Status::invalid_argument, "vecdot: vectors of ", x.dim(-1), " and ", y.dim(-1), " elements");
  const DType dtype = promote(x.dtype(), y.dtype());
  if (dtype == DType::boolean) return reduce(ReduceOp::any, binary(BinaryOp::logical_and, x, y), {-1}, false);
  const DType inner = dtype == DType::f16 || dtype == DType::bf16 ? DType::f32 : dtype;
  return cast(reduce(ReduceOp::sum, cast(x, inner) * cast(y, inner), {-1}, false), dtype);
}

Array tensordot(const Array& a, const Array& b, const Dims& a_axes, const Dims& b_axes) {
  if (a_axes.rank() != b_axes.rank()) fail(Status::invalid_argument, "tensordot: ", a_axes.rank(), " axes against ", b_axes.rank());
  Dims a_order, b_order, a_summed, b_summed;
  Shape result;
  int64_t rows = 1, columns = 1, count = 1;
  for (int i = 0; i < a_axes.rank(); ++i) {
    a_summed.push_back(normalize_axis(a_axes[i], a.rank()));
    b_summed.push_back(normalize_axis(b_axes[i], b.rank()));
    if (a.dim(int(a_summed[i])) != b.dim(int(b_summed[i])))
      fail(Status::invalid_argument, "tensordot: axis ", a_axes[i], " of ", to_string(a.shape()), " and axis ", b_axes[i], " of ",
           to_string(b.shape()), " differ in size");
    count *= a.dim(int(a_summed[i]));
  }
  auto summed = [](const Dims& axes, int axis) { return std::find(axes.begin(), axes.end(), axis) != axes.end(); };
  for (int axis = 0; axis < a.rank(); ++axis) {
    if (summed(a_summed, axis)) continue;
    a_order.push_back(axis);
    result.push_back(a.dim(axis));
    rows *= a.dim(axis);
  }
  for (int64_t axis : a_summed) a_order.push_back(axis);
  for (int64_t axis : b_summed) b_order.push_back(axis);
  for (int axis = 0; axis < b.rank(); ++axis) {
    if (summed(b_summed, axis)) continue;
    b_order.push_back(axis);
    result.push_back(b.dim(axis));
    columns *= b.dim(axis);
  }
  return reshape(matmul(reshape(transpose(a, a_order), {rows, count}), reshape(transpose(b, b_order), {count, columns})), result);
}

Array kron(const Array& a, const Array& b) {
  const int rank = std::max(a.rank(), b.rank());
  Shape left, right, merged;
  for (int axis = 0; axis < rank; ++axis) {
    const int64_t m = axis < rank - a.rank() ? 1 : a.dim(axis - (rank - a.rank())),
                  n = axis < rank - b.rank() ? 1 : b.dim(axis - (rank - b.rank()));
    left.push_back(m);
    left.push_back(1);
    right.push_back(1);
    right.push_back(n);
    merged.push_back(m * n);
  }
  return reshape(reshape(a, left) * reshape(b, right), merged);
}

Array addmm(const Array& c, const Array& a, const Array& b, double alpha, double beta) {
  Array product = matmul(a, b);
  if (alpha != 1) product = product * alpha;
  return product + (beta != 1 ? c * beta : c);
}

}  // namespace mlxc
