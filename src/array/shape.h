// Shapes and strides: short lists of int64, stored in place.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

#include "base/error.h"

namespace mlxc {

inline constexpr int kMaxRank = 12;

// Up to kMaxRank dimensions; also used for strides (in elements, may be negative or zero).
class Dims {
 public:
  Dims() = default;
  Dims(std::initializer_list<int64_t> values) : Dims(std::span<const int64_t>(values.begin(), values.size())) {}
  explicit Dims(std::span<const int64_t> values) {
    for (int64_t value : values) push_back(value);
  }
  static Dims filled(int rank, int64_t value) {
    Dims dims;
    for (int i = 0; i < rank; ++i) dims.push_back(value);
    return dims;
  }

  int rank() const { return rank_; }
  int64_t operator[](int axis) const { return values_[axis]; }
  int64_t& operator[](int axis) { return values_[axis]; }
  int64_t back() const { return values_[rank_ - 1]; }
  int64_t& back() { return values_[rank_ - 1]; }
  const int64_t* begin() const { return values_; }
  const int64_t* end() const { return values_ + rank_; }
  const int64_t* data() const { return values_; }
  void push_back(int64_t value) {
    if (rank_ == kMaxRank) fail(Status::unsupported, "an array has more than ", kMaxRank, " dimensions");
    values_[rank_++] = value;
  }
  void insert(int axis, int64_t value) {
    push_back(value);
    std::rotate(values_ + axis, values_ + rank_ - 1, values_ + rank_);
  }
  void erase(int axis) {
    std::copy(values_ + axis + 1, values_ + rank_, values_ + axis);
    --rank_;
  }
  bool operator==(const Dims& other) const { return std::equal(begin(), end(), other.begin(), other.end()); }

 private:
  int64_t values_[kMaxRank];
  int rank_ = 0;
};

using Shape = Dims;
using Strides = Dims;

int64_t element_count(const Shape& shape);             // 1 for rank 0; throws on overflow
Strides contiguous_strides(const Shape& shape);        // row-major, in elements
bool is_contiguous(const Shape& shape, const Strides& strides);
// NumPy broadcasting of two shapes; throws Error(invalid_argument) naming both.
Shape broadcast_shapes(const Shape& a, const Shape& b);
// Negative axes count from the end; throws when out of range.
int normalize_axis(int64_t axis, int rank);
std::string to_string(const Dims& dims);               // "[2, 3]"

// Where an array's elements lie inside a buffer.
struct Layout {
  Strides strides;     // elements
  int64_t offset = 0;  // elements from the start of the buffer
  bool operator==(const Layout&) const = default;
};

// The strides that give `to` (same element count) without moving data, if there are any.
bool reshape_strides(const Shape& from, const Strides& strides, const Shape& to, Strides* result);

}  // namespace mlxc
