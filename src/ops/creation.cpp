#include "ops/creation.h"

#include <cmath>

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

}  // namespace mlxc
