// Matrix products as parts of other operations.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <vector>

#include "backend/vulkan/strided.h"
#include "ops/matmul.h"

namespace mlxc::vulkan {

// A matrix of each batch item: where the first lies, and its strides in elements.
struct Matrix {
  Ref ref;
  int64_t rows, columns, row, column;
  int64_t item;                // bytes of an element
  std::vector<int64_t> batch;  // strides

  bool fits() const { return (rows - 1) * std::abs(row) + (columns - 1) * std::abs(column) < most_elements(item); }
  Matrix block(int64_t row0, int64_t some_rows, int64_t column0, int64_t some_columns) const {
    Matrix result = *this;
    const int64_t distance = (row0 * row + column0 * column) * item;
    result.ref = ref.at(distance, ref.bytes - distance);
    result.rows = some_rows;
    result.columns = some_columns;
    return result;
  }
  Matrix transposed() const { return {ref, columns, rows, column, row, item, batch}; }
};

// What stands behind a product: a bias over c's columns, an activation, then dropout by a key's halves or a residual that lies as the whole
// result does.
struct ProductEnd {
  std::optional<Ref> bias;
  Gate activation = Gate::none;
  ProductDrop drop = {};
  Ref low = {}, high = {};
  std::optional<Ref> residual = {};
  explicit operator bool() const { return bias || activation != Gate::none || drop || residual; }
};

// c = a b, or c -= a b; of square results perhaps only what is on and above the diagonal, and some of what is below. c's rows have no gaps
// between their elements. float32; `batch` collapsed.
enum class ProductInto : uint8_t { all, subtract, subtract_upper };
void emit_product(Emitter& emitter, const std::vector<int64_t>& batch, const Matrix& a, const Matrix& b, const Matrix& c, ProductInto into,
                  const ProductEnd& end = {});

}  // namespace mlxc::vulkan
