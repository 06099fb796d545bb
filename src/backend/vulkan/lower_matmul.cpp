// Matrix products of any layout: float32 in tiles of three sizes and narrow ones, integers and float64 in plain tiles.
#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <string>
#include <vector>

#include "backend/vulkan/product.h"
#include "backend/vulkan/reduce_glsl.h"
#include "ops/matmul.h"

namespace mlxc::vulkan {
namespace {

constexpr int64_t kMost = most_elements(4);
constexpr int64_t kSmallTile = 32;
constexpr int64_t kNarrow = 16, kNarrowTerms = 64;  // results with at most so many rows or columns, each a sum of at least so many terms

Matrix matrix_of(const OperandType& operand, const Ref& ref) {
  const int rank = operand.type.shape.rank();
  Matrix result{ref,
                operand.type.shape[rank - 2],
                operand.type.shape[rank - 1],
                operand.strides[rank - 2],
                operand.strides[rank - 1],
                size_of(operand.type.dtype),
                {}};
  for (int axis = 0; axis < rank - 2; ++axis) result.batch.push_back(operand.strides[axis]);
  return result;
}

class Product {
 public:
  explicit Product(Emitter& emitter) : emitter_(emitter), dtype_(emitter.plan().inputs[0].type.dtype) {
    const LaunchPlan& plan = emitter.plan();
    const Matmul& op = as<Matmul>(*plan.primitive);
    if (op.bias) end_.bias = emitter.input(2);
    end_.activation = op.activation;
    end_.drop = op.drop;
    if (op.drop) {
      end_.low = emitter.input(plan.inputs.size() - 2);
      end_.high = emitter.input(plan.inputs.size() - 1);
    }
    const Shape& shape = plan.outputs[0].type.shape;
    for (int axis = 0; axis < shape.rank() - 2; ++axis) batch_.push_back(shape[axis]);
  }
  Product(Emitter& emitter, std::vector<int64_t> batch, ProductInto into, const ProductEnd& end)
      : emitter_(emitter), dtype_(DType::f32), end_(end), into_(into), batch_(std::move(batch)) {}

  void emit() {
    const LaunchPlan& plan = emitter_.plan();
    if (element_count(plan.outputs[0].type.shape) == 0) return;
    Matrix a = matrix_of(plan.inputs[0], emitter_.input(0)), b = matrix_of(plan.inputs[1], emitter_.input(1)),
           c = matrix_of(plan.outputs[0], emitter_.output(0));
    collapse_batch(a, b, c);
    emit_blocks(a, b, c);
  }

  void dispatch(const Matrix& a, const Matrix& b, const Matrix& c) {
    if (!a.fits() || !b.fits() || !c.fits()) no_kernel(emitter_.plan());
    dispatch(batch_, a, b, c);
  }

 private:
  void collapse_batch(Matrix& a, Matrix& b, Matrix& c) {
    Strided x{a.ref, dtype_, a.batch}, y{b.ref, dtype_, b.batch}, z{c.ref, dtype_, c.batch};
    collapse(batch_, {&x, &y, &z});
    a.batch = x.strides;
    b.batch = y.strides;
    c.batch = z.strides;
  }

  // Distances inside a matrix are 32-bit: larger ones go block by block.
  void emit_blocks(const Matrix& a, const Matrix& b, const Matrix& c) {
    if (a.fits() && b.fits() && c.fits()) return emit_parts(a, b, c);
    const bool by_rows = !a.fits() || (b.fits() && c.rows > 1);
    const int64_t half = (by_rows ? c.rows : c.columns) / 2;
    if (half == 0) no_kernel(emitter_.plan());
    if (by_rows) {
      emit_blocks(a.block(0, half, 0, a.columns), b, c.block(0, half, 0, c.columns));
      emit_blocks(a.block(half, a.rows - half, 0, a.columns), b, c.block(half, c.rows - half, 0, c.columns));
    } else {
      emit_blocks(a, b.block(0, b.rows, 0, half), c.block(0, c.rows, 0, half));
      emit_blocks(a, b.block(0, b.rows, half, b.columns - half), c.block(0, c.rows, half, c.columns - half));
    }
  }

  // Few tiles with long sums, as gradients of weights are, leave most of the device idle: the sums are cut into parts, one more axis of the
  // batch, whose results are added then.
  void emit_parts(const Matrix& a, const Matrix& b, const Matrix& c) {
    constexpr int64_t kWorth = 256;  // terms of a part
    const int64_t m = c.rows, n = c.columns, k = a.columns, items = product(batch_), results = items * m * n;
    const int64_t tiles = is_narrow(c, k, items) ? divide_up(std::max(m, n), narrow_rows(std::max(m, n), items)) * items
                                                 : divide_up(m, kSmallTile) * divide_up(n, kSmallTile) * items;
    const bool whole = results == element_count(emitter_.plan().outputs[0].type.shape);
    if (dtype_ != DType::f32 || !whole || k < 2 * kWorth || 2 * tiles > wanted_groups()) return dispatch(batch_, a, b, c);
    const int64_t parts = std::min(2 * wanted_groups() / tiles, k / kWorth), part = divide_up(divide_up(k, parts), 16) * 16;
    const int64_t equal = k / part, rest = k - equal * part, count = equal + (rest > 0);
    const Ref sums = emitter_.scratch(count * results * c.item);
    Matrix to{sums.at(0, equal * results * c.item), m, n, n, 1, c.item, dense(sums, dtype_, batch_).strides};
    for (int64_t& stride : to.batch) stride *= m * n;
    auto with_parts = [&](Matrix matrix, int64_t stride) {
      matrix.batch.insert(matrix.batch.begin(), stride);
      return matrix;
    };
    Matrix first_a = a.block(0, m, 0, part), first_b = b.block(0, part, 0, n);
    std::vector<int64_t> batch = batch_;
    batch.insert(batch.begin(), equal);
    dispatch(batch, with_parts(first_a, part * a.column), with_parts(first_b, part * b.row), with_parts(to, results), false);
    if (rest) {
      to.ref = sums.at(equal * results * c.item, results * c.item);
      dispatch(batch_, a.block(0, m, equal * part, rest), b.block(equal * part, rest, 0, n), to, false);
    }
    emit_reduce(emitter_, Reduction::sum, dtype_, dtype_, {.outer = 1, .count = count, .inner = results, .stride = count * results}, sums,
                c.ref);
    if (!end_) return;
    if (results > kMost) no_kernel(emitter_.plan());
    const End end = end_of(c);
    std::vector<uint32_t> constants;
    append_end(constants);
    emitter_.dispatch({"matmul_end", constants}, emitter_.row(divide_up(results, 256)),
                      {update(c.ref), read(end.bias), read(end.low), read(end.high)},
                      Words().u(n).u(results).f(end.drop.probability).f(end.drop.scale));
  }

  // What stands behind the product, as kernels/product_end.glsl takes it.
  static constexpr size_t kEndConstants = 8;  // the first of its constants
  struct End {
    Ref bias, low, high;
    int64_t first = 0, matrix = 0;  // elements: where c begins in the result; of a matrix of it
    ProductDrop drop = {};
  };
  void append_end(std::vector<uint32_t>& constants) const {
    constants.resize(kEndConstants, 0);
    constants.insert(constants.end(), {end_.bias.has_value(), uint32_t(end_.activation), end_.drop.on, end_.residual.has_value()});
  }
  End end_of(const Matrix& c) const {
    const Shape& shape = emitter_.plan().outputs[0].type.shape;
    const Ref none = emitter_.input(0);
    End end{none, none, none, c.ref.offset / c.item, shape[shape.rank() - 2] * shape.back(), end_.drop};
    if (end_.bias) {
      const int64_t column = end.first % shape.back() * c.item;
      end.bias = end_.bias->at(column, end_.bias->bytes - column);
    }
    if (end_.drop) {
      end.low = end_.low;
      end.high = end_.high;
    } else if (end_.residual) {
      end.low = *end_.residual;
    }
    return end;
  }

  // last: c is the result, not a part of its sums.
  void dispatch(const std::vector<int64_t>& batch, Matrix a, Matrix b, Matrix c, bool last = true) {
    const int64_t items = product(batch);
    const bool narrow = is_narrow(c, a.columns, items), turned = narrow && c.rows < c.columns, with_end = last && end_;
    const End end = with_end ? end_of(c) : End{a.ref, a.ref, a.ref};
    if (turned) {  // the narrow kernel wants few columns: it multiplies the transposes
      std::swap(a, b);
      a = a.transposed(), b = b.transposed(), c = c.transposed();
    }
    std::vector<uint32_t> table;
    for (size_t axis = batch.size(); axis-- > 0;) {
      const Divisor divisor(batch[axis]);
      table.insert(table.end(), {uint32_t(batch[axis]), divisor.multiplier, divisor.shift});
      for (const Matrix* matrix : std::initializer_list<const Matrix*>{&a, &b, &c}) {
        const uint64_t bytes = uint64_t(matrix->batch[axis] * matrix->item);
        table.insert(table.end(), {uint32_t(bytes), uint32_t(bytes >> 32)});
      }
    }
    const uint32_t axes = uint32_t(batch.size());
    if (table.empty()) table.push_back(0);
    if (items > kMost) no_kernel(emitter_.plan());
    const int64_t m = c.rows, n = c.columns, k = a.columns;
    const bool half = into_ == ProductInto::subtract_upper;  // of the tiles
    const int64_t tile = narrow ? narrow_rows(m, items) : dtype_ == DType::f32 ? tile_size(m, n, k, half ? (items + 1) / 2 : items) : 16;
    const int64_t across = narrow ? (n <= 8 ? 8 : 16) : tile, tiles_m = divide_up(m, tile), tiles_n = divide_up(n, across);
    Kernel kernel = narrow                 ? this->narrow(a, b, axes, tile, across, turned, n % across || k % 4)
                    : dtype_ == DType::f32 ? tiled(a, b, axes, tile, has_edges(m, n, k, tile))
                                           : plain(axes);
    if (with_end) append_end(kernel.constants);
    const int64_t a_first = rebase(a), b_first = rebase(b);
    const double count = double(items) * double(m) * double(n) / (half ? 2 : 1);
    emitter_.dispatch(std::move(kernel), emitter_.row(tiles_m * tiles_n * items),
                      {read(a.ref),
                       read(b.ref),
                       {c.ref, into_ == ProductInto::all ? Access::write : Access::update},
                       read(end.bias),
                       read(end.low),
                       read(end.high),
                       read(emitter_.table(table.data(), int64_t(table.size() * 4)))},
                      Words()
                          .u(m)
                          .u(n)
                          .u(k)
                          .u(a.row)
                          .u(a.column)
                          .u(b.row)
                          .u(b.column)
                          .u(turned ? c.column : c.row)
                          .u(tiles_m)
                          .u(tiles_n)
                          .u(tiles_m * tiles_n * items)
                          .u(a_first)
                          .u(b_first)
                          .u(end.first)
                          .u(end.matrix)
                          .f(end.drop.probability)
                          .f(end.drop.scale),
                      {.flops = 2 * count * double(k), .bytes = double(items) * double(m * k + k * n + m * n) * double(c.item)});
  }

  // From the first element to the lowest one; returns the distance back.
  static int64_t rebase(Matrix& matrix) {
    int64_t below = 0;
    if (matrix.row < 0) below -= (matrix.rows - 1) * matrix.row;
    if (matrix.column < 0) below -= std::max<int64_t>(matrix.columns - 1, 0) * matrix.column;
    matrix.ref = matrix.ref.at(-below * matrix.item, matrix.ref.bytes + below * matrix.item);
    return below;
  }

  int64_t wanted_groups() const { return std::max<int64_t>(emitter_.caps().multiprocessors, 16); }

  // The largest tile that still gives every multiprocessor something to do. Those of 128 must be whole: with what it takes to look for
  // edges their sums no longer fit the registers (NVIDIA: 2 TFLOP/s, tiles of 64 have 26).
  int64_t tile_size(int64_t m, int64_t n, int64_t k, int64_t items) const {
    for (int64_t tile : {128, 64})
      if ((tile == 64 || !has_edges(m, n, k, tile)) && std::min(m, n) > tile / 2 &&
          divide_up(m, tile) * divide_up(n, tile) * items >= wanted_groups())
        return tile;
    return kSmallTile;
  }
  static bool has_edges(int64_t m, int64_t n, int64_t k, int64_t tile) { return m % tile || n % tile || k % step_of(tile) || k == 0; }

  // Terms that a tile's workgroup takes at a time: DEPTH * SLICES of kernels/matmul.comp.
  static int64_t step_of(int64_t tile) { return tile == 128 ? 8 : tile == 64 ? 16 : 32; }

  // Few rows or columns, where tiles would leave the device idle or spend their time on what lies past the edge.
  bool is_narrow(const Matrix& c, int64_t k, int64_t items) const {
    constexpr int64_t kLong = 512;  // terms
    if (dtype_ != DType::f32 || into_ != ProductInto::all || std::min(c.rows, c.columns) > kNarrow || k < kNarrowTerms) return false;
    return k >= kLong || divide_up(std::max(c.rows, c.columns), kSmallTile) * items < wanted_groups();
  }
  // Of a workgroup: fewer where that fills the device.
  int64_t narrow_rows(int64_t rows, int64_t items) const { return divide_up(rows, 8) * items >= 2 * wanted_groups() ? 8 : 4; }

  // Whether the vectors of one direction are whole and aligned wherever a matrix starts.
  static bool wide(const Matrix& matrix) {
    if (matrix.row != 1 && matrix.column != 1) return false;
    bool result = (matrix.column == 1 ? matrix.row : matrix.column) % 4 == 0;
    for (int64_t stride : matrix.batch) result &= stride % 4 == 0;
    return result;
  }

  Kernel narrow(const Matrix& a, const Matrix& b, uint32_t axes, int64_t rows, int64_t columns, bool turned, bool edges) const {
    const bool b_across = b.column == 1 && b.row != 1 && wide(b) && b.columns % columns == 0;
    return {cat("matmul_narrow.c", columns),
            {axes, a.column == 1 && wide(a), b.row == 1 && wide(b), b_across, edges, turned, uint32_t(rows)}};
  }

  Kernel tiled(const Matrix& a, const Matrix& b, uint32_t axes, int64_t tile, bool edges) const {
    const uint32_t a_along_k = a.column == 1 || a.row != 1, b_along_k = b.column != 1 && b.row == 1;
    return {cat("matmul.t", tile),
            {axes, a_along_k, b_along_k, wide(a), wide(b), edges, into_ != ProductInto::all, into_ == ProductInto::subtract_upper}};
  }

  Kernel plain(uint32_t axes) const {
    const char* value = value_type(dtype_);
    const char* sum = dtype_ == DType::f64 ? "double" : size_of(dtype_) == 8 ? "uint64_t" : "uint";  // unsigned: wraps around
    std::string text = cat(glsl_head(emitter_, {dtype_}, "arithmetic.glsl"), "#define INPUT ", suffix(dtype_), "\n#define VALUE ", value,
                           "\n#define SUM ", sum);
    text += dtype_ == DType::boolean ? "\n#define ADD(sum, x, y) sum |= x & y\n" : "\n#define ADD(sum, x, y) sum += SUM(x) * SUM(y)\n";
    return {"matmul_plain", {axes}, 0, cat(text, "#include \"matmul_plain.glsl\"\n")};
  }

  Emitter& emitter_;
  const DType dtype_;
  ProductEnd end_;
  const ProductInto into_ = ProductInto::all;
  std::vector<int64_t> batch_;
};

}  // namespace

void emit_product(Emitter& emitter, const std::vector<int64_t>& batch, const Matrix& a, const Matrix& b, const Matrix& c, ProductInto into,
                  const ProductEnd& end) {
  Product(emitter, batch, into, end).dispatch(a, b, c);
}

void lower_matmul(Emitter& emitter) {
  const DType dtype = emitter.plan().inputs[0].type.dtype;
  if (dtype == DType::f16 || dtype == DType::bf16) no_kernel(emitter.plan());  // the builder makes them float32
  Product(emitter).emit();
}

}  // namespace mlxc::vulkan
