// Factorizations and solvers in float32 as blocks of 64 and the products between them: what a block does one step after the other is small,
// the rest is arithmetic at the speed of matrix products. Substitution stays substitution (no block is inverted), so errors are those of
// LAPACK.
#include <algorithm>
#include <string>
#include <vector>

#include "backend/vulkan/elementwise_glsl.h"
#include "backend/vulkan/factors.h"
#include "ops/linalg.h"

namespace mlxc::vulkan {
namespace {

constexpr int64_t kBlock = 64;

// The index that a kernel found first: verdicts are the larger the earlier it is.
int64_t index_in(uint32_t verdict) { return int64_t{~verdict}; }

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

}  // namespace

bool lowers_linalg(const Primitive& primitive) {
  switch (as<Linalg>(primitive).op) {
    case LinalgOp::cholesky:
    case LinalgOp::triangular_solve:
    case LinalgOp::qr:
    case LinalgOp::svd: return true;
    default: return false;
  }
}

void lower_linalg(Emitter& emitter) {
  const LaunchPlan& plan = emitter.plan();
  const auto& op = as<Linalg>(*plan.primitive);
  if (plan.inputs[0].type.dtype != DType::f32) no_kernel(plan);
  switch (op.op) {
    case LinalgOp::cholesky: return lower_cholesky(emitter, op.first);
    case LinalgOp::triangular_solve: return lower_triangular_solve(emitter, op);
    case LinalgOp::qr: return lower_qr(emitter);
    case LinalgOp::svd: return lower_svd(emitter, op);
    default: no_kernel(plan);
  }
}

}  // namespace mlxc::vulkan
