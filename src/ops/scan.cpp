#include "ops/scan.h"

#include <array>

#include "ops/elementwise.h"

namespace mlxc {

std::string_view name_of(ScanOp op) {
  static constexpr std::array<std::string_view, 5> names{"cumulative_sum", "cumulative_prod", "cumulative_max", "cumulative_min",
                                                         "cumulative_logsumexp"};
  if (size_t(op) >= names.size()) fail(Status::invalid_argument, "unknown scan ", int(op));
  return names[size_t(op)];
}

Array scan(ScanOp op, const Array& x, int axis, bool reverse, bool exclusive) {
  name_of(op);
  axis = normalize_axis(axis, x.rank());
  DType dtype = x.dtype();
  if ((op == ScanOp::sum || op == ScanOp::prod) && !is_float(dtype))
    dtype = is_signed(dtype) || dtype == DType::boolean ? DType::i64 : DType::u64;
  if (op == ScanOp::logsumexp && !is_float(dtype)) dtype = DType::f32;
  return apply(Scan(op, axis, reverse, exclusive), {cast(x, dtype)});
}

}  // namespace mlxc
