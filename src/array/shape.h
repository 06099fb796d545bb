// Shapes and strides: short lists of int64, stored in place while they are as short as they nearly always are.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>

#include "base/error.h"

namespace mlxc {

inline constexpr int kMaxRank = 64;  // NumPy's

// Up to kMaxRank dimensions; also used for strides (in elements, may be negative or zero).
class Dims {
 public:
  Dims() = default;
  Dims(std::initializer_list<int64_t> values) noexcept
      : Dims(std::span<const int64_t>(values.begin(), values.size())) {}  // literals are short
  explicit Dims(std::span<const int64_t> values) {
    for (int64_t value : values) push_back(value);
  }
  static Dims filled(int rank, int64_t value) {
    Dims dims;
    for (int i = 0; i < rank; ++i) dims.push_back(value);
    return dims;
  }
  Dims(const Dims& other) { *this = other; }
  Dims& operator=(const Dims& other) {
    if (this == &other) return *this;
    if (other.rank_ > kInPlace && !more_) more_ = std::make_unique_for_overwrite<int64_t[]>(kMaxRank);
    rank_ = other.rank_;
    std::copy_n(other.data(), rank_, values());
    return *this;
  }

  int rank() const { return rank_; }
  int64_t operator[](int axis) const { return data()[axis]; }
  int64_t& operator[](int axis) { return values()[axis]; }
  int64_t back() const { return data()[rank_ - 1]; }
  int64_t& back() { return values()[rank_ - 1]; }
  const int64_t* begin() const { return data(); }
  const int64_t* end() const { return data() + rank_; }
  const int64_t* data() const { return more_ ? more_.get() : in_place_; }
  void push_back(int64_t value) {
    if (rank_ == kInPlace && !more_) {
      more_ = std::make_unique_for_overwrite<int64_t[]>(kMaxRank);
      std::copy_n(in_place_, kInPlace, more_.get());
    }
    if (rank_ == kMaxRank) fail(Status::unsupported, "an array has more than ", kMaxRank, " dimensions");
    values()[rank_++] = value;
  }
  void insert(int axis, int64_t value) {
    push_back(value);
    std::rotate(values() + axis, values() + rank_ - 1, values() + rank_);
  }
  void erase(int axis) {
    std::copy(values() + axis + 1, values() + rank_, values() + axis);
    --rank_;
  }
  bool operator==(const Dims& other) const { return std::equal(begin(), end(), other.begin(), other.end()); }

 private:
  static constexpr int kInPlace = 8;
  int64_t* values() { return more_ ? more_.get() : in_place_; }

  int64_t in_place_[kInPlace];
  std::unique_ptr<int64_t[]> more_;  // kMaxRank of them
  int rank_ = 0;
};

using Shape = Dims;
using Strides = Dims;

int64_t element_count(const Shape& shape);       // 1 for rank 0; throws on overflow
Strides contiguous_strides(const Shape& shape);  // row-major, in elements
bool is_contiguous(const Shape& shape, const Strides& strides);
// NumPy broadcasting of two shapes; throws Error(invalid_argument) naming both.
Shape broadcast_shapes(const Shape& a, const Shape& b);
// Negative axes count from the end; throws when out of range.
int normalize_axis(int64_t axis, int rank);
std::string to_string(const Dims& dims);  // "[2, 3]"

// Where an array's elements lie inside a buffer.
struct Layout {
  Strides strides;     // elements
  int64_t offset = 0;  // elements from the start of the buffer
  bool operator==(const Layout&) const = default;
};

// The strides that give `to` (same element count) without moving data, if there are any.
bool reshape_strides(const Shape& from, const Strides& strides, const Shape& to, Strides* result);

}  // namespace mlxc
