// Singular values by one-sided Jacobi in blocks, after Drmac and Veselic ("New fast and accurate Jacobi SVD algorithm", 2008): of A = Q R
// the columns of R^T are turned until they are orthogonal, R^T V = U S, and A = (Q V) S U^T. R^T needs fewer sweeps than A, and Q V is
// orthogonal however small the singular values are. A sweep is a tournament of blocks whose rounds are products of all pairs at once.
//
// Errors are those of a backward stable method, about sqrt(n) roundings of the norm: columns need to be orthogonal only as far as the
// matrix shows it, since a last QR makes U orthogonal, in the order of the singular values, and finds the columns of those that are zero.
#include <vector>

#include "backend/vulkan/elementwise_glsl.h"
#include "backend/vulkan/factors.h"

namespace mlxc::vulkan {
namespace {

constexpr int64_t kWidth = 16;  // columns of a block
constexpr int kMostSweeps = 40;

// The columns of items matrices in blocks, with `below` rows that are turned with them (kernels/jacobi.comp).
class Jacobi {
 public:
  Jacobi(Emitter& emitter, int64_t items_of, int64_t rows_of, int64_t below)
      : items(items_of),
        rows(rows_of),
        height(rows + below),
        blocks(2 * divide_up(rows, 2 * kWidth)),
        columns(blocks * kWidth),
        emitter_(emitter) {
    if (columns * height * kItem > kMostBytes) no_kernel(emitter.plan());
    x = emitter.scratch(items * columns * height * kItem);
    norms = emitter.scratch(items * columns * kItem);
    busy = emitter.scratch(items * 4);
  }

  // Squares of the columns' norms over some rows.
  void sum_squares(const Ref& out, int64_t first, int64_t count) {
    emitter_.dispatch({"jacobi.norms", {}}, emitter_.row(items * blocks), {read(x), write(out)},
                      Words().u(height).u(blocks).u(first).u(count).u(items * blocks),
                      {.flops = 2 * double(items * columns * count), .bytes = double(items * columns * count * kItem)});
  }

  void turn_until_orthogonal(const char* what) {
    const int64_t pairs = blocks / 2, all = items * pairs;
    // Kernels count elements of all rotations in 32 bits; many small matrices are done sooner where they are.
    if (all * 32 * 32 * kItem > kMostBytes) no_kernel(emitter_.plan());
    // Enough workgroups for the device, of 64 rows at least.
    const int64_t wanted = std::max<int64_t>(2 * emitter_.caps().multiprocessors, 32);
    const int64_t slice = 64 * std::max<int64_t>(divide_up(rows, 64 * std::clamp<int64_t>(wanted / all, 1, 16)), 1);
    const int64_t slices = divide_up(rows, slice);
    const uint32_t rows_of_a_thread = all * divide_up(height, 256) >= wanted ? 2 : 1;
    const int64_t chunks = divide_up(height, 128 * rows_of_a_thread);
    const Ref partial = emitter_.scratch(all * slices * 36 * 16 * kItem), rotations = emitter_.scratch(all * 32 * 32 * kItem);
    const Ref turned = emitter_.scratch(all * 4), largest = emitter_.scratch(items * kItem), live = emitter_.scratch(items * 4);
    const Ref any = emitter_.counters(4);
    const Capabilities& caps = emitter_.caps();
    const bool shuffles = (caps.subgroup_control ? caps.subgroup_size : caps.min_subgroup) >= 16;
    const Kernel rotate{"jacobi.rotate", {shuffles}, shuffles && caps.subgroup_control ? caps.subgroup_size : 0};
    emitter_.repeat(any, kMostSweeps, cat(what, " did not converge in ", kMostSweeps, " sweeps"), [&] {
      sum_squares(norms, 0, rows);
      emitter_.dispatch({"jacobi.begin", {}}, emitter_.row(items), {read(norms), write(largest), update(busy), write(live), write(any)},
                        Words().u(columns).u(items));
      for (int64_t round = 0; round + 1 < blocks; ++round) {
        emitter_.dispatch({"jacobi.gram", {}}, emitter_.row(all * slices), {read(x), write(partial), read(live)},
                          Words().u(height).u(rows).u(blocks).u(round).u(slices).u(slice).u(all * slices),
                          {.flops = double(all * rows) * 36 * 32, .bytes = double(items * columns * rows * kItem)});
        emitter_.dispatch(rotate, emitter_.row(all),
                          {read(partial), write(rotations), write(turned), read(largest), update(busy), read(live), update(any)},
                          Words().u(slices).u(pairs).u(all), {.flops = double(all) * 31 * 32 * 32 * 12, .bytes = double(partial.bytes)});
        emitter_.dispatch({"jacobi.turn", {rows_of_a_thread}}, emitter_.row(all * chunks),
                          {update(x), read(rotations), read(turned), read(live)},
                          Words().u(height).u(blocks).u(round).u(chunks).u(all * chunks),
                          {.flops = double(all * height) * 2 * 32 * 32, .bytes = 2 * double(items * columns * height * kItem)});
      }
    });
    sum_squares(norms, 0, rows);
  }

  const int64_t items, rows, height, blocks, columns;
  Ref x, norms, busy;  // busy: of each matrix, not 0 until it has converged

 private:
  Emitter& emitter_;
};

class SVD {
 public:
  // Of the matrix or of its transpose, whichever is not wide.
  SVD(Emitter& emitter, const Batch& batch, bool vectors, bool full)
      : emitter_(emitter),
        items_(batch.items),
        wide_(batch.rows < batch.columns),
        vectors_(vectors),
        m_(std::max(batch.rows, batch.columns)),
        n_(std::min(batch.rows, batch.columns)),
        u_columns_(full ? m_ : n_) {}

  void emit() {
    if (items_ == 0 || m_ == 0) return;
    if (n_ == 0) return emit_identity();
    QR qr(emitter_, items_, m_, n_, vectors_ ? u_columns_ : 0);
    load(qr);
    qr.factor();
    Jacobi jacobi(emitter_, items_, n_, n_ + 1);
    scale_ = emitter_.scratch(items_ * kItem);
    const int64_t chunks = divide_up(jacobi.columns / 4 * jacobi.height, 256);
    emitter_.dispatch({"svd.load", {}}, emitter_.row(items_ * chunks),
                      {read(qr.s.ref), write(jacobi.x), read(qr.powers), write(scale_), read(qr.bad), write(jacobi.busy)},
                      Words().u(n_).u(qr.lead).u(qr.s.bytes()).u(qr.strips).u(jacobi.blocks).u(jacobi.height).u(chunks).u(items_ * chunks),
                      {.bytes = double(jacobi.x.bytes)});
    jacobi.turn_until_orthogonal("the singular value decomposition");
    order(jacobi);
    if (vectors_) write_vectors(jacobi, qr);
  }

 private:
  static constexpr int64_t kTile = 32;

  Ref values() const { return emitter_.output(vectors_ ? 1 : 0); }
  // Of the matrix that is not wide.
  Ref left() const { return emitter_.output(wide_ ? 2 : 0); }
  Ref right() const { return emitter_.output(wide_ ? 0 : 2); }

  void emit_identity() {
    if (!vectors_ || u_columns_ == 0) return;
    const int64_t tiles = divide_up(m_, 256), all = items_ * m_ * tiles;
    emitter_.dispatch({"qr_layout.ones", {}}, emitter_.row(all), {write(left())}, Words().u(m_).u(m_).u(tiles).u(all));
  }

  void load(QR& qr) {
    const Ref x = emitter_.input(0);
    if (!wide_) return qr.load(x);
    const Ref turned = emitter_.scratch(items_ * m_ * n_ * kItem);
    emit_copy(emitter_, {items_, m_, n_}, {x, DType::f32, {m_ * n_, 1, m_}}, {turned, DType::f32, {m_ * n_, n_, 1}});
    qr.load(turned);
  }

  void order(Jacobi& jacobi) {
    stretch_ = emitter_.scratch(items_ * jacobi.columns * kItem);
    order_ = emitter_.scratch(items_ * n_ * 4);
    jacobi.sum_squares(stretch_, n_, n_);
    const int64_t groups = divide_up(jacobi.columns, 256);
    emitter_.dispatch({"svd.order", {}}, emitter_.row(items_ * groups),
                      {read(jacobi.x), read(jacobi.norms), read(stretch_), read(scale_), write(values()), write(order_)},
                      Words().u(n_).u(jacobi.blocks).u(jacobi.height).u(groups).u(items_ * groups));
  }

  void write_vectors(const Jacobi& jacobi, const QR& qr) {
    QR right_qr(emitter_, items_, n_, n_, n_, &qr);
    const Columns turns{emitter_.scratch(items_ * n_ * right_qr.lead * kItem), n_, right_qr.lead};
    const int64_t chunks = divide_up(right_qr.lead, 256), all = items_ * n_ * chunks;
    emitter_.dispatch(
        {"svd.gather", {}}, emitter_.row(all),
        {read(jacobi.x), read(jacobi.norms), read(stretch_), read(scale_), read(order_), write(right_qr.s.ref), write(turns.ref)},
        Words().u(n_).u(right_qr.lead).u(jacobi.blocks).u(jacobi.height).u(chunks).u(all), {.bytes = 4 * double(turns.ref.bytes)});
    right_qr.factor();
    // Of A = left S right^T: U of a wide matrix is right, and V^T is left^T.
    give(right_qr.q, right_qr.s, {.rows = n_, .columns = n_, .width = n_, .transposed = !wide_}, right());
    const Matrix q = qr.q.matrix(m_).block(0, m_, 0, n_), v = turns.matrix(n_);
    const Ref out = left();
    const int64_t width = wide_ ? m_ : u_columns_;
    const Matrix to{out, wide_ ? n_ : m_, wide_ ? m_ : n_, width, 1, kItem, {m_ * u_columns_}};
    if (wide_)
      emit_product(emitter_, {items_}, v.transposed(), q.transposed(), to, ProductInto::all);
    else
      emit_product(emitter_, {items_}, q, v, to, ProductInto::all);
    if (u_columns_ > n_)
      give(qr.q, {}, {.rows = m_, .columns = u_columns_ - n_, .first = n_, .width = width, .at = wide_ ? n_ * m_ : n_, .transposed = wide_},
           out);
  }

  struct Place {
    int64_t rows, columns, first = 0;  // columns of q from the first on
    int64_t width;                     // of a row of the result
    int64_t at = 0;                    // where the first element goes
    bool transposed;
  };
  // With the signs of R's diagonal where there is one.
  void give(const Columns& q, const Columns& r, const Place& place, const Ref& out) {
    const int64_t across = divide_up(place.columns, kTile), tiles = across * divide_up(place.rows, kTile);
    const bool signs = r.count > 0;
    const Columns& diagonal = signs ? r : q;
    emitter_.dispatch({"svd.write", {signs, place.transposed}}, emitter_.row(items_ * tiles),
                      {read(q.ref), read(diagonal.ref), update(out), read(scale_)},
                      Words()
                          .u(q.lead)
                          .u(q.bytes())
                          .u(diagonal.bytes())
                          .u(place.rows)
                          .u(place.columns)
                          .u(place.first)
                          .u(place.width)
                          .u(place.at)
                          .u(out.bytes / items_)
                          .u(across)
                          .u(tiles)
                          .u(items_ * tiles),
                      {.bytes = 2 * double(items_ * place.rows * place.columns * kItem)});
  }

  Emitter& emitter_;
  const int64_t items_;
  const bool wide_, vectors_;
  const int64_t m_, n_, u_columns_;  // of the matrix that is not wide
  Ref scale_, stretch_, order_;
};

}  // namespace

void lower_svd(Emitter& emitter, const Linalg& op) { SVD(emitter, batch_of(emitter.plan().inputs[0]), op.first, op.second).emit(); }

}  // namespace mlxc::vulkan
