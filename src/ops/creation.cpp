#include "ops/creation.h"

#include <cmath>

#include "graph/function.h"
#include "ops/elementwise.h"
#include "ops/shape_ops.h"

namespace mlxc {

Array full(Device& device, Shape shape, double value, DType dtype) {
  element_count(shape);
  size_of(dtype);
  return apply_all(std::make_shared<const Fill>(shape, dtype, value), {}, &device)[0];
}

Array arange(Device& device, double start, double stop, double step, DType dtype) {
  if (!(std::isfinite(start) && std::isfinite(stop) && std::isfinite(step)) || step == 0)
    fail(Status::invalid_argument, "arange needs finite bounds and a step other than 0; got ", start, ", ", stop, ", ", step);
  if (dtype == DType::boolean) fail(Status::invalid_argument, "arange has no boolean form");
  double count = std::max(0.0, std::ceil((stop - start) / step));
  if (count > 9e15) fail(Status::out_of_memory, "arange of ", count, " elements exceeds the address space");
  return apply_all(std::make_shared<const Arange>(int64_t(count), start, step, dtype), {}, &device)[0];
}

Array linspace(Device& device, double start, double stop, int64_t count, bool endpoint, DType dtype) {
  if (count < 0) fail(Status::invalid_argument, "linspace: the number of values is ", count);
  if (dtype == DType::boolean) fail(Status::invalid_argument, "linspace has no boolean form");
  const int64_t intervals = endpoint ? count - 1 : count;
  const double step = intervals > 0 ? (stop - start) / double(intervals) : 0;
  if (!std::isfinite(start) || !std::isfinite(stop) || !std::isfinite(step))
    fail(Status::invalid_argument, "linspace needs finite bounds, not ", start, " and ", stop);
  auto run = [&](int64_t n) { return apply_all(std::make_shared<const Arange>(n, start, step, dtype), {}, &device)[0]; };
  if (!endpoint || count < 2) return run(count);
  return concatenate({run(count - 1), full(device, {1}, stop, dtype)}, 0);  // the last one exactly, whatever the step rounds to
}

Array eye(Device& device, int64_t rows, int64_t columns, int64_t k, DType dtype) {
  if (rows < 0 || columns < 0) fail(Status::invalid_argument, "eye: ", rows, " rows and ", columns, " columns");
  auto count = [&](int64_t n) { return arange(device, 0, double(n), 1, DType::i64); };
  return cast(binary(BinaryOp::equal, expand_dims(count(rows) + double(k), 1), expand_dims(count(columns), 0)), dtype);
}

Array to_device(const Array& x, Device& device) {
  if (&x.device() == &device) return x;
  std::vector<std::byte> data(size_t(x.bytes()));
  read(x, data.data(), data.size());
  return Array::from_data(device, data.data(), x.shape(), x.dtype());
}

}  // namespace mlxc
