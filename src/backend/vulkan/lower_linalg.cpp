// Factorizations and solvers in float32 as blocks of 64 and the products between them: what a block does one step after the other is small,
// the rest is arithmetic at the speed of matrix products. Substitution stays substitution (no block is inverted), so errors are those of
// LAPACK.
#include <algorithm>
#include <bit>
#include <string>
#include <vector>

#include "backend/vulkan/elementwise_glsl.h"
#include "backend/vulkan/product.h"
#include "ops/linalg.h"

namespace mlxc::vulkan {
namespace {

constexpr int64_t kBlock = 64;
constexpr int64_t kItem = sizeof(float);
constexpr int64_t kMostBytes = (int64_t{1} << 32) - 4096;  // of one matrix: kernels count them in 32 bits

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

struct Batch {
  int64_t items = 1, rows = 0, columns = 0;
};
Batch batch_of(const OperandType& operand) {
  const Shape& shape = operand.type.shape;
  Batch batch{1, shape[shape.rank() - 2], shape.back()};
  for (int axis = 0; axis < shape.rank() - 2; ++axis) batch.items *= shape[axis];
  return batch;
}

// Row-major matrices, one behind the other.
Matrix matrices(const Ref& ref, int64_t rows, int64_t columns) { return {ref, rows, columns, columns, 1, kItem, {rows * columns}}; }

// The index that a kernel found first: verdicts are the larger the earlier it is.
int64_t index_in(uint32_t verdict) { return int64_t(~verdict); }

// See kernels/cholesky.comp.
void lower_cholesky(Emitter& emitter, bool upper) {
  const auto [items, n, columns] = batch_of(emitter.plan().inputs[0]);
  if (items * n == 0) return;
  const Ref x = emitter.input(0), out = emitter.output(0);
  const Ref verdict = emitter.verdict([](uint32_t word) {
    return cat("cholesky: the matrix is not positive definite (the minor of order ", index_in(word) + 1, " is not)");
  });
  const double flops = double(items) * double(n) * double(n) * double(n) / 3;
  if (n <= kBlock)
    return emitter.dispatch({"cholesky_small", {upper}}, emitter.row(items), {read(x), write(out), update(verdict)}, Words().u(n).u(items),
                            {.flops = flops, .bytes = double(x.bytes + out.bytes)});

  constexpr int64_t kTile = 32, kColumns = 256;  // of a workgroup
  const int64_t padded = divide_up(n, kBlock) * kBlock;
  if (padded * padded * kItem > kMostBytes) no_kernel(emitter.plan());
  const Ref s = emitter.scratch(items * padded * padded * kItem), blocks = emitter.scratch(items * padded * kBlock * kItem);
  const Ref bad = emitter.counters(items * 4), kept = emitter.scratch(items * 4);
  const int64_t tiles = padded / kTile, out_tiles = divide_up(n, kTile);
  emitter.dispatch({"cholesky.prepare", {upper}}, emitter.row(items * tiles * tiles), {read(x), write(s), update(bad)},
                   Words().u(n).u(padded).u(tiles).u(items * tiles * tiles), {.bytes = double(x.bytes) + double(s.bytes) / 2});
  const Matrix all = matrices(s, padded, padded);
  for (int64_t first = 0; first < padded; first += kBlock) {
    const int64_t rest = padded - first - kBlock, groups = std::max<int64_t>(1, divide_up(rest, kColumns));
    emitter.dispatch({"cholesky.block", {}}, emitter.row(items * groups),
                     {update(s), write(blocks), update(verdict), read(bad), update(kept)},
                     Words().u(padded).u(first).u(groups).u(items * groups),
                     {.flops = double(items * rest * kBlock * kBlock), .bytes = double(items * (rest + kBlock) * kBlock * kItem)});
    if (!rest) break;
    const Matrix row = all.block(first, kBlock, first + kBlock, rest);
    emit_product(emitter, {items}, row.transposed(), row, all.block(first + kBlock, rest, first + kBlock, rest),
                 ProductInto::subtract_upper);
  }
  emitter.dispatch(
      {"cholesky.finish", {upper}}, emitter.row(items * out_tiles * out_tiles), {read(s), read(blocks), write(out), write(bad), read(kept)},
      Words().u(n).u(padded).u(out_tiles).u(items * out_tiles * out_tiles), {.bytes = double(out.bytes) + double(s.bytes) / 2});
}

// See kernels/triangular.comp.
void lower_triangular_solve(Emitter& emitter, const Linalg& op) {
  const auto [upper, unit, transposed] = std::tie(op.first, op.second, op.third);
  const auto [items, n, m] = batch_of(emitter.plan().inputs[1]);
  if (items * n * m == 0) return;
  if (std::max(n, m) * n * kItem > kMostBytes) no_kernel(emitter.plan());
  const Ref out = emitter.output(0);
  const Matrix a = matrices(emitter.input(0), n, n), t = transposed ? a.transposed() : a, x = matrices(out, n, m);
  const bool backwards = upper != transposed;  // the last row is known first
  const Ref verdict = emitter.verdict(
      [](uint32_t word) { return cat("triangular_solve: the matrix is singular (element ", index_in(word), " of its diagonal is zero)"); });
  emit_copy(emitter, {items * n * m}, {emitter.input(1), DType::f32, {1}}, {out, DType::f32, {1}});
  constexpr int64_t kColumns = 64;  // of a workgroup
  const int64_t groups = divide_up(m, kColumns);
  for (int64_t done = 0; done < n; done += kBlock) {
    const int64_t size = std::min(kBlock, n - done), rest = n - done - size, at = backwards ? rest : done;
    const Matrix block = t.block(at, size, at, size), rows = x.block(at, size, 0, m);
    const int64_t way = backwards ? -1 : 1, last = backwards ? size - 1 : 0;
    emitter.dispatch({"triangular", {unit, block.column == 1}}, emitter.row(items * groups),
                     {read(block.ref), update(rows.ref), update(verdict)},
                     Words()
                         .u(size)
                         .u(m)
                         .u(last * (block.row + block.column))
                         .u(way * block.row)
                         .u(way * block.column)
                         .u(last * m)
                         .u(way * m)
                         .u(n * n * kItem)
                         .u(n * m * kItem)
                         .u(groups)
                         .u(items * groups)
                         .u(at + last)
                         .u(way),
                     {.flops = double(items * m * size * size), .bytes = double(items * (2 * m + kBlock) * size * kItem)});
    if (!rest) break;
    const int64_t first = backwards ? 0 : done + size;
    emit_product(emitter, {items}, t.block(first, rest, at, size), rows, x.block(first, rest, 0, m), ProductInto::subtract);
  }
}

// ---- QR: panels of reflections, each applied to what is right of it, then backwards to the columns of the identity ----

struct Panel {
  int64_t first, columns, width;  // width: that kernels work with, perhaps beyond the last reflection
};

// A thread keeps the rows of a panel in registers: the more rows, the fewer columns.
constexpr int64_t kPanelThreads = 256, kMostKept = 128, kMostRows = kMostKept / 4 * kPanelThreads;
int64_t rows_of_a_thread(int64_t rows) { return int64_t(std::bit_ceil(uint64_t(divide_up(rows, kPanelThreads)))); }
std::vector<Panel> panels_of(int64_t rows, int64_t reflections) {
  std::vector<Panel> panels;
  for (int64_t first = 0; first < reflections; first += panels.back().columns) {
    const int64_t width = std::min<int64_t>(16, kMostKept / rows_of_a_thread(rows - first));
    panels.push_back({first, std::min(width, reflections - first), width});
  }
  return panels;
}

// Matrices by columns, one behind the other.
struct Columns {
  Ref ref;
  int64_t count, lead;

  int64_t bytes() const { return count * lead * kItem; }
  Ref from(int64_t column, int64_t row) const {
    const int64_t distance = (column * lead + row) * kItem;
    return ref.at(distance, ref.bytes - distance);
  }
};

class QR {
 public:
  QR(Emitter& emitter, const Batch& batch)
      : emitter_(emitter),
        items_(batch.items),
        m_(batch.rows),
        n_(batch.columns),
        lead_(divide_up(m_, 4) * 4),
        strips_(divide_up(n_, kTile)) {
    if (m_ > kMostRows)
      fail(Status::unsupported, "qr: matrices of more than ", kMostRows, " rows do not fit a workgroup's registers; this one has ", m_);
    if (std::max({m_, n_, lead_}) * (lead_ + 16) * kItem > kMostBytes) no_kernel(emitter.plan());
  }

  void emit() {
    const LaunchPlan& plan = emitter_.plan();
    const int64_t reflections = std::min(m_, n_), q_columns = plan.outputs[0].type.shape.back();
    if (items_ == 0) return;
    const Columns s = columns(n_), q = columns(q_columns), v = columns(reflections + 16), y = columns(reflections + 16);
    powers_ = emitter_.scratch(items_ * n_ * kItem);
    bad_ = emitter_.scratch(items_ * strips_ * 4);
    const Ref x = emitter_.input(0);
    emitter_.dispatch({"qr_layout.prepare", {}}, emitter_.row(items_ * strips_), {read(x), write(s.ref), write(powers_), write(bad_)},
                      Words().u(m_).u(n_).u(lead_).u(strips_).u(items_ * strips_), {.bytes = 2 * double(x.bytes) + double(s.ref.bytes)});
    const int64_t tiles = divide_up(lead_, 256), all = items_ * q_columns * tiles;
    emitter_.dispatch({"qr_layout.ones", {}}, emitter_.row(all), {write(q.ref)}, Words().u(q_columns).u(lead_).u(tiles).u(all));

    const std::vector<Panel> panels = panels_of(m_, reflections);
    for (const Panel& panel : panels) {
      reflect(panel, s, v, y);
      apply(panel, s, panel.first + panel.columns, y, v);
    }
    for (size_t i = panels.size(); i-- > 0;) apply(panels[i], q, panels[i].first, v, y);
    finish(q, 0, false);
    finish(s, 1, true);
  }

 private:
  static constexpr int64_t kTile = 32;

  Columns columns(int64_t count) { return {emitter_.scratch(items_ * count * lead_ * kItem), count, lead_}; }

  // V and Y of the panel, R in its place.
  void reflect(const Panel& panel, const Columns& s, const Columns& v, const Columns& y) {
    const int64_t rows = m_ - panel.first;
    const uint32_t kept = uint32_t(rows_of_a_thread(rows));
    emitter_.dispatch(
        {"qr_panel", {kept, uint32_t(panel.width)}}, emitter_.row(items_), {update(s.ref), write(v.ref), write(y.ref)},
        Words().u(lead_).u(m_).u(panel.first).u(items_).u(panel.columns).u(s.bytes()).u(v.bytes()),
        {.flops = double(items_) * 6 * double(rows * panel.width * panel.width), .bytes = double(items_ * rows * panel.width * 4 * kItem)});
  }

  // x -= q p^T x for the columns of x from `from` on.
  void apply(const Panel& panel, const Columns& x, int64_t from, const Columns& p, const Columns& q) {
    const int64_t columns = x.count - from, height = lead_ - panel.first, groups = divide_up(columns, 128 / panel.width);
    if (columns <= 0) return;
    emitter_.dispatch(
        {"qr_apply", {uint32_t(panel.width)}}, emitter_.row(items_ * groups),
        {update(x.from(from, panel.first)), read(p.from(panel.first, panel.first)), read(q.from(panel.first, panel.first))},
        Words().u(lead_).u(height / 4).u(columns).u(groups).u(items_ * groups).u(x.bytes()).u(p.bytes()),
        {.flops = double(items_) * 4 * double(height * columns * panel.width), .bytes = double(items_ * height * columns * 2 * kItem)});
  }

  void finish(const Columns& s, size_t output, bool triangle) {
    const Shape& shape = emitter_.plan().outputs[output].type.shape;
    const int64_t rows = shape[shape.rank() - 2], columns = shape.back();
    const int64_t across = divide_up(columns, kTile), tiles = across * divide_up(rows, kTile);
    const Ref out = emitter_.output(output);
    emitter_.dispatch({"qr_layout.finish", {triangle}}, emitter_.row(items_ * tiles), {read(s.ref), write(out), read(powers_), read(bad_)},
                      Words().u(rows).u(columns).u(lead_).u(s.bytes()).u(s.count).u(strips_).u(across).u(tiles).u(items_ * tiles),
                      {.bytes = 2 * double(out.bytes)});
  }

  Emitter& emitter_;
  const int64_t items_, m_, n_, lead_, strips_;
  Ref powers_, bad_;
};

}  // namespace

void lower_linalg(Emitter& emitter) {
  const LaunchPlan& plan = emitter.plan();
  const auto& op = as<Linalg>(*plan.primitive);
  if (plan.inputs[0].type.dtype != DType::f32) no_kernel(plan);
  switch (op.op) {
    case LinalgOp::cholesky:
      return lower_cholesky(emitter, op.first);
    case LinalgOp::triangular_solve:
      return lower_triangular_solve(emitter, op);
    case LinalgOp::qr:
      return QR(emitter, batch_of(plan.inputs[0])).emit();
    default:
      no_kernel(plan);
  }
}

}  // namespace mlxc::vulkan
