#include "ops/views.h"

#include "base/checked.h"

namespace mlxc {

std::vector<TensorType> Bitcast::infer(TensorTypes inputs) const {
  if (size_of(inputs[0].dtype) != size_of(to))
    fail(Status::invalid_argument, "bitcast: elements of ", name_of(inputs[0].dtype), " and ", name_of(to), " differ in size");
  if (to == DType::boolean && inputs[0].dtype != to) fail(Status::invalid_argument, "bitcast: a byte is no boolean; compare with 0");
  return {{inputs[0].shape, to}};
}

std::vector<TensorType> AsStrided::infer(TensorTypes inputs) const {
  if (strides.rank() != to.rank()) fail(Status::invalid_argument, "as_strided: ", strides.rank(), " strides for the shape ", to_string(to));
  int64_t low = offset, high = offset;
  for (int i = 0; i < to.rank(); ++i) {
    if (to[i] < 0) fail(Status::invalid_argument, "as_strided: the shape ", to_string(to), " has a negative dimension");
    const int64_t reach = checked_mul(std::max<int64_t>(to[i] - 1, 0), strides[i], "the reach of a stride");
    (reach < 0 ? low : high) = checked_add(reach < 0 ? low : high, reach, "the reach of the strides");
  }
  const int64_t size = element_count(inputs[0].shape);
  if (element_count(to) > 0 && (low < 0 || high >= size))
    fail(Status::invalid_argument, "as_strided: shape ", to_string(to), " with strides ", to_string(strides), " reaches elements ", low,
         " to ", high, " of ", size);
  return {{to, inputs[0].dtype}};
}
bool AsStrided::view(const TensorType& input, const Layout& layout, Layout* result) const {
  *result = {strides, layout.offset + (element_count(to) > 0 ? offset : 0)};
  return is_contiguous(input.shape, layout.strides);  // else the planner makes a row-major copy and asks again
}

std::vector<TensorType> Windows::infer(TensorTypes inputs) const {
  const Shape& shape = inputs[0].shape;
  const int axes = kernel.rank(), lead = shape.rank() - axes;
  if (lead < 0 || stride.rank() != axes || dilation.rank() != axes)
    fail(Status::invalid_argument, "windows: kernel ", to_string(kernel), ", stride ", to_string(stride), " and dilation ",
         to_string(dilation), " do not fit the shape ", to_string(shape));
  Shape result = shape;
  for (int i = 0; i < axes; ++i) {
    if (kernel[i] < 1 || stride[i] < 1 || dilation[i] < 1)
      fail(Status::invalid_argument, "windows: kernel ", kernel[i], ", stride ", stride[i], " and dilation ", dilation[i],
           " must be at least 1");
    const int64_t reach = checked_add(checked_mul(kernel[i] - 1, dilation[i], "a window's reach"), int64_t{1}, "a window's reach");
    if (reach > shape[lead + i])
      fail(Status::invalid_argument, "windows: a kernel that reaches over ", reach, " elements on an axis of ", shape[lead + i]);
    result[lead + i] = (shape[lead + i] - reach) / stride[i] + 1;
  }
  for (int64_t size : kernel) result.push_back(size);
  return {{result, inputs[0].dtype}};
}
bool Windows::view(const TensorType& input, const Layout& layout, Layout* result) const {
  *result = layout;
  const int lead = input.shape.rank() - kernel.rank();
  for (int i = 0; i < kernel.rank(); ++i) {
    result->strides[lead + i] = layout.strides[lead + i] * stride[i];
    result->strides.push_back(layout.strides[lead + i] * dilation[i]);
  }
  return true;
}

Array bitcast(const Array& x, DType to) { return x.dtype() == to ? x : apply(Bitcast(to), {x}); }
Array as_strided(const Array& x, const Shape& shape, const Strides& strides, int64_t offset) {
  return apply(AsStrided(shape, strides, offset), {x});
}
Array windows(const Array& x, const Dims& kernel, const Dims& stride, const Dims& dilation) {
  return apply(Windows(kernel, stride, dilation), {x});
}

}  // namespace mlxc
