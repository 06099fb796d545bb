// Arguments and results that the headers about arrays share.
#pragma once

#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

#include "capi/objects.h"

namespace mlxc::capi {

// The operation behind a number that a header pins: its place in a table.
template <class Op, size_t N>
Op operation(const Op (&table)[N], int32_t number, const char* name) {
  return table[in_range(number, 0, int64_t(N) - 1, name)];
}
// The same where the header has the enumeration's own numbers.
template <class Op>
Op operation_upto(Op last, int32_t number, const char* name) {
  return Op(in_range(number, 0, int64_t(last), name));
}

inline Shape shape_of(const int64_t* dims, int32_t rank, const char* name = "shape") { return Shape(list_of(dims, rank, name, kMaxRank)); }
// NULL: nothing given.
inline Dims dims_or_none(const int64_t* dims, int32_t count, const char* name) { return dims ? shape_of(dims, count, name) : Dims(); }

inline Dims axes_of(const int32_t* axes, int32_t count, const char* name = "axes") {
  Dims dims;
  for (int32_t axis : list_of(axes, count, name, kMaxRank)) dims.push_back(axis);
  return dims;
}

inline std::vector<Array> arrays_of(mlxc_array* const* arrays, int64_t count, const char* name = "arrays") {
  std::vector<Array> result;
  for (mlxc_array* array : list_of(arrays, count, name, kMaxItems)) result.push_back(*get(array));
  return result;
}

// An array that may be missing.
inline Array optional_array(const mlxc_array* array) { return array ? *get(array) : Array(); }

// Sizes are never negative; -1 has a meaning in reshape only.
inline Shape checked_shape(const int64_t* dims, int32_t rank) {
  Shape shape = shape_of(dims, rank);
  for (int64_t dim : shape)
    if (dim < 0) fail(Status::invalid_argument, "a dimension of the shape ", to_string(shape), " is negative");
  element_count(shape);  // overflow
  return shape;
}

// Bounds of a slice: rank values each, step may be NULL.
struct Bounds {
  Dims start, stop, step;
};
inline Bounds bounds_of(const Array& x, const int64_t* start, const int64_t* stop, const int64_t* step, int32_t rank) {
  if (rank != x.rank()) fail(Status::invalid_argument, "bounds of ", rank, " axes are given, the array has ", x.rank());
  return {shape_of(start, rank, "start"), shape_of(stop, rank, "stop"), step ? shape_of(step, rank, "step") : Dims::filled(rank, 1)};
}

// Runs `build` and gives its array to the caller.
template <class Build>
mlxc_status make(mlxc_array** out, mlxc_error* error, Build build) {
  return guard(error, [&] {
    clear(out, "out");
    put_array(out, build());
  });
}

// Several results, of which the caller may not want all: all handles or none.
using Results = std::initializer_list<std::pair<mlxc_array**, Array>>;
inline void put_all(Results results) {
  try {
    for (const auto& [out, array] : results)
      if (out && array) put_array(out, array);
  } catch (...) {
    for (const auto& [out, array] : results)
      if (out) take(std::exchange(*out, nullptr));
    throw;
  }
}
inline void clear_wanted(std::initializer_list<mlxc_array**> outs) {
  for (mlxc_array** out : outs)
    if (out) *out = nullptr;
}
// As many handles as there are arrays.
inline void clear_list(mlxc_array** outputs, int64_t count) {
  check_count(count, kMaxItems, "outputs");
  if (count > 0) std::fill_n(require(outputs, "outputs"), count, nullptr);
}
inline void put_list(mlxc_array** outputs, int64_t count, const std::vector<Array>& arrays) {
  if (int64_t(arrays.size()) != count) fail(Status::invalid_argument, "room for ", count, " outputs is given, there are ", arrays.size());
  try {
    for (size_t i = 0; i < arrays.size(); ++i) put_array(&outputs[i], arrays[i]);
  } catch (...) {
    for (int64_t i = 0; i < count; ++i) take(std::exchange(outputs[i], nullptr));
    throw;
  }
}

}  // namespace mlxc::capi
