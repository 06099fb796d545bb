#include "ops/arrange.h"

#include <numeric>

#include "base/checked.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/indexing.h"
#include "ops/shape_ops.h"
#include "ops/views.h"

namespace mlxc {
namespace {

Dims checked_axes(const Dims& axes, int rank, const char* what) {
  Dims result;
  for (int64_t axis : axes) {
    const int positive = normalize_axis(axis, rank);
    if (std::find(result.begin(), result.end(), positive) != result.end())
      fail(Status::invalid_argument, what, ": axis ", axis, " is given twice");
    result.push_back(positive);
  }
  return result;
}

Array flip_axis(const Array& x, int axis) {
  Dims start = Dims::filled(x.rank(), 0), stop = x.shape(), step = Dims::filled(x.rank(), 1);
  start[axis] = -1;
  stop[axis] = INT64_MIN;
  step[axis] = -1;
  return slice(x, start, stop, step);
}

// What stands `count` elements wide before (or after) the axis, built from the elements next to it.
Array border(const Array& x, int axis, int64_t count, PadMode mode, bool before) {
  const int64_t n = x.dim(axis);
  auto part = [&](int64_t begin, int64_t end) { return slice_axis(x, axis, begin, end); };
  switch (mode) {
    case PadMode::edge: {
      Shape shape = x.shape();
      shape[axis] = count;
      return broadcast_to(before ? part(0, 1) : part(n - 1, n), shape);
    }
    case PadMode::reflect: return flip_axis(before ? part(1, count + 1) : part(n - 1 - count, n - 1), axis);
    case PadMode::symmetric: return flip_axis(before ? part(0, count) : part(n - count, n), axis);
    default: return before ? part(n - count, n) : part(0, count);  // wrap
  }
}

// Which elements of an axis of n stand on `before` places in front of it, on it and on `after` behind it, however often they recur.
Array recurring(Device& device, int64_t n, int64_t before, int64_t after, PadMode mode) {
  const int64_t period = mode == PadMode::wrap ? n : mode == PadMode::symmetric ? 2 * n : std::max<int64_t>(2 * (n - 1), 1);
  const Array places = arange(device, -double(before), double(n + after), 1, DType::i64);
  const Array at = binary(BinaryOp::remainder, places, scalar_like(places, double(period)));
  if (mode == PadMode::wrap) return at;
  return binary(BinaryOp::minimum, at, scalar_like(at, double(mode == PadMode::symmetric ? period - 1 : period)) - at);
}

}  // namespace

Array stack(const std::vector<Array>& parts, int axis) {
  if (parts.empty()) fail(Status::invalid_argument, "stack needs at least one array");
  std::vector<Array> rows;
  for (const Array& part : parts) {
    if (!(part.shape() == parts[0].shape()))
      fail(Status::invalid_argument, "stack: shapes ", to_string(parts[0].shape()), " and ", to_string(part.shape()), " differ");
    rows.push_back(expand_dims(part, axis));
  }
  return concatenate(rows, normalize_axis(axis, parts[0].rank() + 1));
}

std::vector<Array> split(const Array& x, const std::vector<int64_t>& points, int axis) {
  axis = normalize_axis(axis, x.rank());
  std::vector<Array> parts;
  int64_t begin = 0;
  for (int64_t point : points) {
    if (point < begin || point > x.dim(axis))
      fail(Status::invalid_argument, "split: point ", point, " on an axis of ", x.dim(axis), "; points ascend");
    parts.push_back(slice_axis(x, axis, begin, point));
    begin = point;
  }
  parts.push_back(slice_axis(x, axis, begin, x.dim(axis)));
  return parts;
}

std::vector<Array> split(const Array& x, int64_t parts, int axis) {
  axis = normalize_axis(axis, x.rank());
  if (parts < 1 || x.dim(axis) % parts)
    fail(Status::invalid_argument, "split: an axis of ", x.dim(axis), " has no ", parts, " equal parts");
  std::vector<int64_t> points;
  for (int64_t i = 1; i < parts; ++i) points.push_back(x.dim(axis) / parts * i);
  return split(x, points, axis);
}

std::vector<Array> unstack(const Array& x, int axis) {
  axis = normalize_axis(axis, x.rank());
  std::vector<Array> parts;
  for (int64_t i = 0; i < x.dim(axis); ++i) parts.push_back(squeeze(slice_axis(x, axis, i, i + 1), axis));
  return parts;
}

Array pad(const Array& x, const Dims& before, const Dims& after, PadMode mode, double value) {
  if (before.rank() != x.rank() || after.rank() != x.rank())
    fail(Status::invalid_argument, "pad: ", before.rank(), " and ", after.rank(), " widths for ", x.rank(), " axes");
  Shape shape = x.shape();
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (before[axis] < 0 || after[axis] < 0)
      fail(Status::invalid_argument, "pad: widths ", before[axis], " and ", after[axis], " of axis ", axis, " are negative");
    shape[axis] = checked_add(checked_add(shape[axis], before[axis], "a padded axis"), after[axis], "a padded axis");
  }
  if (shape == x.shape()) return x;
  if (mode == PadMode::constant) {
    Dims stop = before;
    for (int axis = 0; axis < x.rank(); ++axis) stop[axis] += x.dim(axis);
    return slice_update(full(x.device(), shape, value, x.dtype()), x, before, stop, Dims::filled(x.rank(), 1));
  }
  Array result = x;
  for (int axis = 0; axis < x.rank(); ++axis) {
    const int64_t widest = std::max(before[axis], after[axis]), room = x.dim(axis) - (mode == PadMode::reflect ? 1 : 0);
    if (widest == 0) continue;
    if (x.dim(axis) == 0) fail(Status::invalid_argument, "pad: axis ", axis, " is empty, so this mode has nothing to put beside it");
    if (mode != PadMode::edge && widest > room) {
      result = take_axis(result, recurring(x.device(), x.dim(axis), before[axis], after[axis], mode), axis);
      continue;
    }
    std::vector<Array> parts;
    if (before[axis]) parts.push_back(border(result, axis, before[axis], mode, true));
    parts.push_back(result);
    if (after[axis]) parts.push_back(border(result, axis, after[axis], mode, false));
    result = concatenate(parts, axis);
  }
  return result;
}

namespace {

// Where an axis more would be too many: [before, rest] as [before, count, rest], with two axes beside the new one.
Array repeat_flat(const Array& x, int first_axes, int64_t count, const Shape& merged) {
  int64_t before = 1, rest = 1;
  for (int axis = 0; axis < x.rank(); ++axis) (axis < first_axes ? before : rest) *= x.dim(axis);
  return reshape(broadcast_to(reshape(x, {before, 1, rest}), {before, count, rest}), merged);
}

}  // namespace

Array repeat(const Array& x, int64_t count, int axis) {
  axis = normalize_axis(axis, x.rank());
  if (count < 0) fail(Status::invalid_argument, "repeat: ", count, " times");
  Shape merged = x.shape();
  merged[axis] = checked_mul(merged[axis], count, "the repeated axis");
  if (x.rank() == kMaxRank) return repeat_flat(x, axis + 1, count, merged);
  Shape wide = x.shape();
  wide.insert(axis + 1, count);
  return reshape(broadcast_to(expand_dims(x, axis + 1), wide), merged);
}

Array repeat(const Array& x, const std::vector<int64_t>& counts, int axis) {
  axis = normalize_axis(axis, x.rank());
  if (counts.size() == 1) return repeat(x, counts[0], axis);
  if (int64_t(counts.size()) != x.dim(axis))
    fail(Status::invalid_argument, "repeat: ", counts.size(), " counts for an axis of ", x.dim(axis));
  std::vector<int64_t> from;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] < 0) fail(Status::invalid_argument, "repeat: ", counts[i], " times");
    from.insert(from.end(), size_t(counts[i]), int64_t(i));
  }
  return take_axis(x, Array::from_vector<int64_t>(x.device(), from, {int64_t(from.size())}, DType::i64), axis);
}

Array tile(const Array& x, const Dims& repeats) {
  Dims times = repeats;
  Shape shape = x.shape();
  while (times.rank() < shape.rank()) times.insert(0, 1);
  while (shape.rank() < times.rank()) shape.insert(0, 1);
  int pairs = 0;
  auto paired = [&](int axis) { return times[axis] != 1 && shape[axis] != 1; };
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (times[axis] < 0) fail(Status::invalid_argument, "tile: ", times[axis], " times");
    pairs += paired(axis);
  }
  if (shape.rank() + pairs > kMaxRank) {  // a copy an axis
    Array tiled = reshape(x, shape);
    for (int axis = 0; axis < shape.rank(); ++axis) {
      shape[axis] = checked_mul(shape[axis], times[axis], "the tiled axis");
      if (times[axis] != 1) tiled = repeat_flat(tiled, axis, times[axis], shape);
    }
    return tiled;
  }
  // One copy: [1, n0, 1, n1, ...] broadcasts to [t0, n0, t1, n1, ...]. Axes that do not repeat need no partner.
  Shape narrow, wide, merged = shape;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (paired(axis)) {
      narrow.push_back(1);
      wide.push_back(times[axis]);
    }
    narrow.push_back(shape[axis]);
    wide.push_back(paired(axis) ? shape[axis] : shape[axis] * times[axis]);
    merged[axis] = checked_mul(shape[axis], times[axis], "the tiled axis");
  }
  return reshape(broadcast_to(reshape(x, narrow), wide), merged);
}

Array roll(const Array& x, const Dims& shifts, const Dims& axes) {
  if (axes.rank() == 0) {
    if (shifts.rank() != 1) fail(Status::invalid_argument, "roll: ", shifts.rank(), " shifts without axes; expected 1");
    return reshape(roll(flatten(x), shifts, {0}), x.shape());
  }
  if (shifts.rank() != axes.rank() && shifts.rank() != 1)
    fail(Status::invalid_argument, "roll: ", shifts.rank(), " shifts for ", axes.rank(), " axes");
  Array result = x;
  for (int i = 0; i < axes.rank(); ++i) {
    const int axis = normalize_axis(axes[i], x.rank());
    const int64_t n = x.dim(axis);
    if (n == 0) continue;
    const int64_t shift = ((shifts[shifts.rank() == 1 ? 0 : i] % n) + n) % n;
    if (shift) result = concatenate({slice_axis(result, axis, n - shift, n), slice_axis(result, axis, 0, n - shift)}, axis);
  }
  return result;
}

Array flip(const Array& x, const Dims& axes) {
  Dims start = Dims::filled(x.rank(), 0), stop = x.shape(), step = Dims::filled(x.rank(), 1);
  Dims turned = checked_axes(axes, x.rank(), "flip");
  if (axes.rank() == 0)
    for (int axis = 0; axis < x.rank(); ++axis) turned.push_back(axis);
  for (int64_t axis : turned) {
    start[int(axis)] = -1;
    stop[int(axis)] = INT64_MIN;
    step[int(axis)] = -1;
  }
  return slice(x, start, stop, step);
}

Array swap_axes(const Array& x, int a, int b) {
  Dims order;
  for (int axis = 0; axis < x.rank(); ++axis) order.push_back(axis);
  a = normalize_axis(a, x.rank());
  b = normalize_axis(b, x.rank());
  std::swap(order[a], order[b]);
  return a == b ? x : transpose(x, order);
}

Array move_axes(const Array& x, const Dims& from, const Dims& to) {
  if (from.rank() != to.rank()) fail(Status::invalid_argument, "move_axes: ", from.rank(), " axes to ", to.rank(), " places");
  const Dims sources = checked_axes(from, x.rank(), "move_axes"), places = checked_axes(to, x.rank(), "move_axes");
  Dims order = Dims::filled(x.rank(), -1);
  for (int i = 0; i < places.rank(); ++i) order[int(places[i])] = sources[i];
  int next = 0;
  for (int i = 0; i < x.rank(); ++i) {
    if (order[i] >= 0) continue;
    while (std::find(sources.begin(), sources.end(), next) != sources.end()) ++next;
    order[i] = next++;
  }
  return x.rank() == 0 ? x : transpose(x, order);
}

Array flatten(const Array& x) { return reshape(x, {-1}); }

Array expand_dims(const Array& x, const Dims& axes) {
  Dims places = checked_axes(axes, x.rank() + axes.rank(), "expand_dims");
  std::sort(&places[0], &places[0] + places.rank());
  Shape shape = all_axes(x);
  for (int64_t place : places) shape.insert(int(place), 1);
  return reshape_by_axes(x, shape);
}

Array squeeze(const Array& x, const Dims& axes) {
  const Dims gone = checked_axes(axes, x.rank(), "squeeze");
  Shape shape;
  for (int axis = 0; axis < x.rank(); ++axis) {
    const bool named = std::find(gone.begin(), gone.end(), axis) != gone.end();
    if (named && x.dim(axis) != 1) fail(Status::invalid_argument, "squeeze: axis ", axis, " of ", to_string(x.shape()), " is not 1");
    if (!(named || (axes.rank() == 0 && x.dim(axis) == 1))) shape.push_back(same_as(axis));
  }
  return reshape_by_axes(x, shape);
}

Array diagonal(const Array& x, int64_t k) {
  if (x.rank() < 2) fail(Status::invalid_argument, "diagonal: ", to_string(x.shape()), " is no matrix");
  const int64_t rows = x.dim(-2), columns = x.dim(-1);
  const int64_t count =
      std::max<int64_t>(0, k >= 0 ? std::min(rows, columns - std::min(k, columns)) : std::min(rows - std::min(-k, rows), columns));
  Shape shape = x.shape();
  Strides strides = contiguous_strides(x.shape());
  shape.erase(shape.rank() - 1);
  strides.erase(strides.rank() - 1);
  shape.back() = count;
  strides.back() = columns + 1;
  return as_strided(x, shape, strides, count == 0 ? 0 : k >= 0 ? k : -k * columns);
}

Array triangle(const Array& x, int64_t k, bool upper) {
  if (x.rank() < 2) fail(Status::invalid_argument, "triangle: ", to_string(x.shape()), " is no matrix");
  auto count = [&](int64_t n) { return arange(x.device(), 0, double(n), 1, DType::i64); };
  const Array rows = expand_dims(count(x.dim(-2)) + double(k), 1), columns = expand_dims(count(x.dim(-1)), 0);
  return where(binary(upper ? BinaryOp::greater_equal : BinaryOp::less_equal, columns, rows), x, scalar_like(x, 0));
}

}  // namespace mlxc
