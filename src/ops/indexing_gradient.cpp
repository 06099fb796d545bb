// Gradients of what reads and writes at positions, and of orders and running results.
#include "ops/arrange.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/indexing.h"
#include "ops/scan.h"
#include "ops/shape_ops.h"
#include "ops/sort.h"

namespace mlxc {
namespace {

Array zeros_like(const Array& x) { return full(x.device(), x.shape(), 0, x.dtype()); }
Array equal(const Array& a, const Array& b) { return binary(BinaryOp::equal, a, b); }
Array equal(const Array& a, double b) { return equal(a, scalar_like(a, b)); }
Array where_or_zero(const Array& condition, const Array& value) { return where(condition, value, scalar_like(value, 0)); }

}  // namespace

Arrays Take::vjp(const Arrays& inputs, const Arrays&, const Arrays& cotangents) const {
  const Array &x = inputs[0], &g = cotangents[0], indices = flatten(cast(inputs[1], DType::i64));
  Shape rows = x.shape();
  rows[0] = indices.size();
  const Array zeros = full(x.device(), x.shape(), 0, g.dtype());
  return {cast(apply(Scatter(ScatterOp::add), {zeros, indices, reshape(g, rows)}), x.dtype())};
}

Arrays Scatter::vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const {
  const Array &x = inputs[0], &indices = inputs[1], &values = inputs[2], &y = outputs[0], &g = cotangents[0];
  auto rows = [&](const Array& table) { return take(table, indices, table.dtype()); };
  auto combine = [&](ScatterOp how, const Array& table, const Array& with) { return apply(Scatter(how), {table, indices, with}); };
  switch (op) {
    case ScatterOp::set: {  // only the last of several values for a row is seen
      const Array order = arange(x.device(), 0, double(indices.size()), 1, DType::i64);
      const Array last = combine(ScatterOp::set, full(x.device(), {x.dim(0)}, -1, DType::i64), order);
      Shape column = Dims::filled(x.rank(), 1);
      column[0] = indices.size();
      return {combine(ScatterOp::set, g, zeros_like(values)), {}, where_or_zero(reshape(equal(rows(last), order), column), rows(g))};
    }
    case ScatterOp::add: return {g, {}, rows(g)};
    case ScatterOp::multiply: {  // times the product of the other factors, as in the gradient of prod
      const Array x_zero = equal(x, 0), values_zero = equal(values, 0);
      const Array x_filled = where(x_zero, scalar_like(x, 1), x), values_filled = where(values_zero, scalar_like(x, 1), values);
      const Array product = combine(ScatterOp::multiply, x_filled, values_filled);
      const Array zeros = combine(ScatterOp::add, cast(x_zero, x.dtype()), cast(values_zero, x.dtype()));
      return {g * where_or_zero(equal(zeros, cast(x_zero, x.dtype())), product / x_filled),
              {},
              rows(g) * where_or_zero(equal(rows(zeros), cast(values_zero, x.dtype())), rows(product) / values_filled)};
    }
    case ScatterOp::minimum:
    case ScatterOp::maximum: {  // equal ones share
      const Array x_hit = cast(equal(x, y), x.dtype()), values_hit = cast(equal(values, rows(y)), x.dtype());
      const Array share = g / combine(ScatterOp::add, x_hit, values_hit);
      return {share * x_hit, {}, rows(share) * values_hit};
    }
  }
  return Primitive::vjp(inputs, outputs, cotangents);
}

Arrays Sort::vjp(const Arrays& inputs, const Arrays&, const Arrays& cotangents) const {
  const Array& x = inputs[0];
  return {put_along_axis(ScatterOp::set, zeros_like(x), argsort(x, -1, descending), cotangents[0], -1)};
}

Arrays Scan::vjp(const Arrays& inputs, const Arrays& outputs, const Arrays& cotangents) const {
  const Array &x = inputs[0], &y = outputs[0], &g = cotangents[0];
  auto along = [&](ScanOp how, const Array& values) { return scan(how, values, axis, reverse, exclusive); };
  auto back = [&](ScanOp how, const Array& values) { return scan(how, values, axis, !reverse, exclusive); };
  switch (op) {
    case ScanOp::sum: return {back(ScanOp::sum, g)};
    case ScanOp::prod: {  // results / x where x is not 0; the first zero sees the results as they would be without it, later ones none
      const Array zero = equal(x, 0), number = scan(ScanOp::sum, cast(zero, x.dtype()), axis, reverse);
      const Array first = binary(BinaryOp::logical_and, zero, equal(number, 1)), one = scalar_like(x, 1);
      const Array without = back(ScanOp::sum, g * along(ScanOp::prod, where(first, one, x)));
      const Array shares = back(ScanOp::sum, g * y) / where(zero, one, x);
      return {where(first, without, where(zero, scalar_like(x, 0), shares))};
    }
    case ScanOp::max:
    case ScanOp::min: {  // all goes to where the running value was last found
      const int64_t count = x.dim(axis);
      Shape place = Dims::filled(x.rank(), 1);
      place[axis] = count;
      const Array position = reshape(arange(x.device(), 0, double(count), 1, DType::i64), place);
      const Array found = where(equal(x, scan(op, x, axis, reverse)), position, scalar_like(position, reverse ? double(count) : -1));
      Array source = scan(reverse ? ScanOp::min : ScanOp::max, found, axis, reverse), seen = g;
      if (exclusive) {  // each result is that of its neighbour
        source = reverse ? slice_axis(source, axis, 1, count) : slice_axis(source, axis, 0, count - 1);
        seen = reverse ? slice_axis(g, axis, 0, count - 1) : slice_axis(g, axis, 1, count);
      }
      return {put_along_axis(ScatterOp::add, zeros_like(x), source, seen, axis)};
    }
    case ScanOp::logsumexp: {  // sum of g exp(x - y), with the logarithms of both signs of g apart so that nothing overflows
      const Array none = scalar_like(x, -std::numeric_limits<double>::infinity());
      auto share = [&](const Array& part) {
        const Array present = binary(BinaryOp::greater, part, scalar_like(part, 0));
        return unary(UnaryOp::exp, back(ScanOp::logsumexp, where(present, unary(UnaryOp::log, part) - y, none)) + x);
      };
      return {share(g) - share(unary(UnaryOp::negative, g))};
    }
  }
  return Primitive::vjp(inputs, outputs, cotangents);
}

}  // namespace mlxc
