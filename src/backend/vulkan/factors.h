// What factorizations share: float32 matrices of a batch, and QR as a part of other operations.
#pragma once

#include <algorithm>
#include <cstdint>

#include "backend/vulkan/product.h"
#include "ops/linalg.h"

namespace mlxc::vulkan {

inline constexpr int64_t kItem = sizeof(float);
inline constexpr int64_t kMostBytes = (int64_t{1} << 32) - 4096;  // of one matrix: kernels count them in 32 bits

struct Batch {
  int64_t items = 1, rows = 0, columns = 0;
};
inline Batch batch_of(const OperandType& operand) {
  const Shape& shape = operand.type.shape;
  Batch batch{1, shape[shape.rank() - 2], shape.back()};
  for (int axis = 0; axis < shape.rank() - 2; ++axis) batch.items *= shape[axis];
  return batch;
}

// Row-major matrices, one behind the other.
inline Matrix matrices(const Ref& ref, int64_t rows, int64_t columns) { return {ref, rows, columns, columns, 1, kItem, {rows * columns}}; }

// Matrices by columns, one behind the other.
struct Columns {
  Ref ref;
  int64_t count, lead;

  int64_t bytes() const { return count * lead * kItem; }
  Ref from(int64_t column, int64_t row) const {
    const int64_t distance = (column * lead + row) * kItem;
    return ref.at(distance, ref.bytes - distance);
  }
  Matrix matrix(int64_t rows) const { return {ref, rows, count, 1, lead, kItem, {count * lead}}; }
};

// Householder's reflections, a panel of columns at a time, each applied to what is right of it, then backwards to the columns of the
// identity.
class QR {
 public:
  // q_columns: of Q. memory: of a decomposition with as many rows and columns or more that is done.
  QR(Emitter& emitter, int64_t items, int64_t rows, int64_t columns, int64_t q_columns, const QR* memory = nullptr);

  void load(const Ref& x);  // matrices by rows, each column times a power of two that brings its largest element near 1
  void factor();            // what is in s
  void write_q(const Ref& out);
  void write_r(const Ref& out);

  const int64_t items, rows, columns, lead, strips;  // strips: of 32 columns
  Columns s, q, v, y;                                // s: the matrix, then R above its diagonal
  Ref powers, bad;                                   // of each column, of each strip: whether it is not finite. Only after load

 private:
  struct Panel {
    int64_t first, columns, width;  // width: that kernels work with, perhaps beyond the last reflection
  };
  std::vector<Panel> panels() const;
  void reflect(const Panel& panel);
  void apply(const Panel& panel, const Columns& x, int64_t from, const Columns& p, const Columns& q);
  void give(const Columns& from, const Ref& out, int64_t out_rows, int64_t out_columns, bool triangle);

  Emitter& emitter_;
};

void lower_qr(Emitter& emitter);
void lower_svd(Emitter& emitter, const Linalg& op);

}  // namespace mlxc::vulkan
