// Matrix products of float32 and bfloat16. The sum is cut into parts. Of each part, all of b is packed in panels as wide as a tile, by all
// threads; then every thread takes blocks of rows of a, packs them (they stay in its L2) and passes the panels of b by.
#include "backend/cpu/kernels/gemm.h"

#include <algorithm>

#include "backend/cpu/kernels/isa.h"
#include "backend/cpu/kernels/scratch.h"
#include "base/error.h"

namespace mlxc::cpu {
namespace {

constexpr int64_t kBrainColumns = 1024;    // of a block of sums: 400 KiB with kBlockRows
constexpr int64_t kBrainSum = 8192;        // of a part of a long sum that goes to c on its own
constexpr int64_t kBrainPacked = 4 << 20;  // values of b packed at once, all of the sum: 8 MiB
constexpr int64_t kBlockRows = 96;         // of a: with a depth of 512 192 KiB
constexpr int64_t kBlockColumns = 3072;    // of b packed at once: 6 MiB
constexpr int64_t kPlainColumns = 512;     // up to here rows that are contiguous along the sum are not packed: too few columns share them
constexpr int64_t kForkWork = 1 << 18;     // multiply-adds below which one thread is faster

int64_t round_up(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }
int64_t parts_of(int64_t value, int64_t most) { return (value + most - 1) / most; }

// Rows of a block of m: all that there may be, unless the busiest thread has a sixteenth less to do with fewer.
int64_t block_rows(int64_t m, int64_t unit, int64_t threads) {
  const auto busiest = [&](int64_t rows) { return parts_of(parts_of(m, rows), threads) * rows; };
  int64_t best = std::min(round_up(parts_of(m, threads), unit), kBlockRows);
  for (int64_t rows = best - unit; rows >= kBlockRows / 2; rows -= unit)
    if (16 * busiest(rows) < 15 * busiest(best)) best = rows;
  return best;
}

// One float32 matrix of the batch.
struct Product {
  const MatmulArgs& args;
  const GemmKernel& kernel;
  const Isa& isa;
  const float *a, *b;
  float* c;

  GemmOperand<float> rows(int64_t row, int64_t l) const { return {a + row * args.a_row + l * args.a_col, args.a_row, args.a_col}; }
  GemmOperand<float> columns(int64_t column, int64_t l) const { return {b + column * args.b_col + l * args.b_row, args.b_col, args.b_row}; }

  // Rows [row, row + m) against packed columns [column, column + n) of a part of the sum. `panels` begins at `column`.
  void block(int64_t row, int64_t m, int64_t column, int64_t n, int64_t l, int64_t depth, const float* panels) const {
    const int64_t k = round_up(depth, kernel.unit);
    const GemmOperand<float> left = rows(row, l);
    const bool plain = left.sum_stride == 1 && n <= kPlainColumns;
    float* packed = plain ? nullptr : scratch<float>(ScratchUse::packed, round_up(m, kernel.rows) * k);
    if (!plain) kernel.pack_rows(left, m, depth, packed);
    if (l == 0 && args.residual && args.residual != c)
      for (int64_t r = row; r < row + m; ++r) std::copy_n(args.residual + r * args.residual_row + column, n, c + r * args.c_row + column);
    const bool add = l > 0 || args.residual;
    for (int64_t j = 0; j < n; j += kernel.columns)
      for (int64_t i = 0; i < m; i += kernel.rows) {
        float* to = c + (row + i) * args.c_row + column + j;
        const int64_t height = std::min(kernel.rows, m - i), width = std::min(kernel.columns, n - j);
        if (plain)
          kernel.tile_of_rows(left.data + i * left.item_stride, left.item_stride, panels + j * k, k, to, args.c_row, height, width, add);
        else
          kernel.tile(packed + i * k, panels + j * k, k, to, args.c_row, height, width, add);
      }
    if (l + depth == args.k) finish_rows(args, c, row, m, column, n, isa);
  }

  void run(ThreadPool& pool) const {
    const int64_t width = kernel.columns, parts = parts_of(args.k, kernel.depth), depth = round_up(parts_of(args.k, parts), kernel.unit);
    for (int64_t column = 0; column < args.n; column += kBlockColumns) {
      const int64_t n = std::min(kBlockColumns, args.n - column), panels = parts_of(n, width);
      float* packed = scratch<float>(ScratchUse::shared, panels * width * depth);
      for (int64_t l = 0; l < args.k; l += depth) {
        const int64_t k = std::min(depth, args.k - l), padded = round_up(k, kernel.unit);
        pool.parallel_for(panels, std::max<int64_t>(1, kForkWork / 16 / (width * k)), [&](int64_t begin, int64_t end, int) {
          const int64_t first = begin * width;
          kernel.pack_columns(columns(column + first, l), std::min(end * width, n) - first, k, packed + first * padded);
        });
        // Enough tasks for all threads: blocks of rows, and where these are few, of columns.
        int64_t block = std::min(round_up(parts_of(args.m, 2 * pool.size()), kernel.rows), kBlockRows);
        if (block == kBlockRows) block = block_rows(args.m, kernel.rows, pool.size());
        if (block < kBlockRows / 4) block = std::min(kBlockRows / 4, round_up(args.m, kernel.rows));
        const int64_t row_blocks = parts_of(args.m, block);
        const int64_t groups = std::clamp<int64_t>(parts_of(2 * pool.size(), row_blocks), 1, panels), group = parts_of(panels, groups);
        const int64_t column_blocks = parts_of(panels, group);
        pool.parallel_for(row_blocks * column_blocks, std::max<int64_t>(1, kForkWork / (block * group * width * k)),
                          [&](int64_t begin, int64_t end, int) {
                            for (int64_t i = begin; i < end; ++i) {
                              const int64_t row = i / column_blocks * block, first = i % column_blocks * group * width;
                              this->block(row, std::min(block, args.m - row), column + first, std::min(group * width, n - first), l, k,
                                          packed + first * padded);
                            }
                          });
      }
    }
  }
};

// One bfloat16 matrix of the batch. Sums grow in a block of a thread's own, whose rows are not a power of two apart, and go to c once,
// those of long sums once a part.
struct BrainProduct {
  const MatmulArgs& args;
  const BrainGemmKernel& kernel;
  const Isa& isa;
  const void* a;
  const uint16_t* b;
  void* c;

  // Rows [row, row + m) against columns [column, column + n). `panels`: packed from column `first` on, `width` columns a part of the sum.
  void block(int64_t row, int64_t m, int64_t column, int64_t n, const uint16_t* panels, int64_t first, int64_t width) const {
    const int64_t sums_row = round_up(n, kernel.columns) + 16, tile_rows = round_up(m, kernel.rows);
    float* sums = scratch<float>(ScratchUse::tile, tile_rows * sums_row);
    uint16_t* packed = scratch<uint16_t>(ScratchUse::packed, tile_rows * kernel.depth);
    if (args.k == 0) std::fill_n(sums, tile_rows * sums_row, 0.0f);
    if (kernel.begin) kernel.begin();
    for (int64_t l = 0; l < args.k; l += kernel.depth) {
      const int64_t depth = std::min(kernel.depth, args.k - l), k = round_up(depth, kernel.unit);
      const uint16_t* part = panels + l * width + (column - first) * k;
      const int64_t at = row * args.a_row + l * args.a_col;
      if (args.float_rows)
        kernel.pack_float_rows({static_cast<const float*>(a) + at, args.a_row, args.a_col}, m, depth, packed);
      else
        kernel.pack_rows({static_cast<const uint16_t*>(a) + at, args.a_row, args.a_col}, m, depth, packed);
      for (int64_t j = 0; j < n; j += kernel.columns)
        for (int64_t i = 0; i < m; i += kernel.rows)
          kernel.tile(packed + i * k, part + j * k, k, sums + i * sums_row + j, sums_row, std::min(kernel.rows, m - i),
                      std::min(kernel.columns, n - j), l > 0);
    }
    if (kernel.end) kernel.end();
    finish(sums, sums_row, row, m, column, n);
  }

  void finish(float* sums, int64_t sums_row, int64_t row, int64_t m, int64_t column, int64_t n) const {
    EpilogueArgs end{};
    end.bias = args.bias ? args.bias + column : nullptr;
    end.activation = args.activation;
    end.n = n;
    for (int64_t r = 0; r < m; ++r) {
      const int64_t at = (row + r) * args.c_row + column;
      end.y = sums + r * sums_row;
      end.out = args.rounds ? sums + r * sums_row : static_cast<float*>(c) + at;
      end.residual = args.residual ? args.residual + (row + r) * args.residual_row + column : nullptr;
      if (!args.rounds || end.bias || end.residual || end.activation != Activation::none) isa.epilogue(end);
      drop_row(args.drop, end.out, n);
      if (args.rounds) isa.elementwise->float_to_brain(end.out, static_cast<uint16_t*>(c) + at, n);
    }
  }

  void run(ThreadPool& pool) const {
    if (args.k <= kBrainSum || args.rounds || args.activation != Activation::none || args.drop.low) return run_part(pool);
    for (int64_t l = 0; l < args.k; l += kBrainSum) {
      MatmulArgs part = args;
      part.k = std::min(kBrainSum, args.k - l);
      if (l > 0) part.residual = static_cast<const float*>(c), part.residual_row = args.c_row;
      if (l + part.k < args.k) part.bias = nullptr;
      const auto* from = static_cast<const std::byte*>(a) + l * args.a_col * (args.float_rows ? 4 : 2);
      BrainProduct{part, kernel, isa, from, b + l * args.b_row, c}.run_part(pool);
    }
  }

  void run_part(ThreadPool& pool) const {
    const int64_t width = kernel.columns, k = round_up(args.k, kernel.unit), parts = parts_of(args.k, kernel.depth);
    const int64_t most = std::clamp(kBrainPacked / std::max<int64_t>(k, 1), width, kBlockColumns);
    const int64_t together = round_up(parts_of(args.n, parts_of(args.n, most)), width);
    for (int64_t first = 0; first < args.n; first += together) {
      const int64_t n = std::min(together, args.n - first), panels = parts_of(n, width);
      uint16_t* packed = scratch<uint16_t>(ScratchUse::shared, panels * width * k);
      pool.parallel_for(
          parts * panels, std::max<int64_t>(1, kForkWork / 16 / (width * kernel.depth)), [&](int64_t begin, int64_t end, int) {
            for (int64_t i = begin; i < end; ++i) {
              const int64_t l = i / panels * kernel.depth, depth = std::min(kernel.depth, args.k - l), column = i % panels * width;
              kernel.pack_columns({b + (first + column) * args.b_col + l * args.b_row, args.b_col, args.b_row}, std::min(width, n - column),
                                  depth, packed + l * panels * width + column * round_up(depth, kernel.unit));
            }
          });
      const int64_t rows = block_rows(args.m, kernel.rows, pool.size()), row_blocks = parts_of(args.m, rows);
      const int64_t wanted = std::max(parts_of(2 * pool.size(), row_blocks), parts_of(n, kBrainColumns));
      const int64_t group = parts_of(panels, std::min(wanted, panels)) * width, column_blocks = parts_of(n, group);
      pool.parallel_for(row_blocks * column_blocks, std::max<int64_t>(1, kForkWork / (rows * group * std::max<int64_t>(k, 1))),
                        [&](int64_t begin, int64_t end, int) {
                          for (int64_t i = begin; i < end; ++i) {
                            const int64_t row = i / column_blocks * rows, column = i % column_blocks * group;
                            block(row, std::min(rows, args.m - row), first + column, std::min(group, n - column), packed, first,
                                  panels * width);
                          }
                        });
    }
  }
};

// product(item).run computes one matrix of the batch.
template <class MakeProduct>
void run_batch(ThreadPool& pool, const MatmulArgs& args, const MakeProduct& product) {
  const int64_t work = std::max<int64_t>(1, args.m * args.n * args.k);
  if (args.batch >= 2 * pool.size() || work < kForkWork) {  // a matrix a thread: calls of the pool from inside a body stay on its thread
    pool.parallel_for(args.batch, std::max<int64_t>(1, kForkWork / work), [&](int64_t begin, int64_t end, int) {
      for (int64_t item = begin; item < end; ++item) product(item).run(pool);
    });
  } else {
    for (int64_t item = 0; item < args.batch; ++item) product(item).run(pool);
  }
}

}  // namespace

void finish_rows(const MatmulArgs& args, float* c, int64_t row, int64_t m, int64_t column, int64_t n, const Isa& isa) {
  if (!args.bias && args.activation == Activation::none && !args.drop.low) return;
  EpilogueArgs end{};
  end.bias = args.bias ? args.bias + column : nullptr;
  end.activation = args.activation;
  end.n = n;
  for (int64_t r = row; r < row + m; ++r) {
    end.y = end.out = c + r * args.c_row + column;
    isa.epilogue(end);
    drop_row(args.drop, end.out, n);
  }
}

void gemm(ThreadPool& pool, const MatmulArgs& args, const Isa& isa) {
  const auto offset = [](const int64_t* offsets, int64_t item) { return offsets ? offsets[item] : 0; };
  if (args.dtype == DType::bf16) {
    const BrainGemmKernel* kernel = brain_gemm_kernel(isa);
    if (!kernel) fail(Status::internal, "a bfloat16 product where there is no kernel for it");
    run_batch(pool, args, [&](int64_t item) {
      const int64_t to = offset(args.c_offsets, item) * (args.rounds ? 2 : 4);
      return BrainProduct{args,
                          *kernel,
                          isa,
                          static_cast<const std::byte*>(args.a) + offset(args.a_offsets, item) * (args.float_rows ? 4 : 2),
                          static_cast<const uint16_t*>(args.b) + offset(args.b_offsets, item),
                          static_cast<std::byte*>(args.c) + to};
    });
    return;
  }
  run_batch(pool, args, [&](int64_t item) {
    return Product{args,
                   gemm_kernel(isa),
                   isa,
                   static_cast<const float*>(args.a) + offset(args.a_offsets, item),
                   static_cast<const float*>(args.b) + offset(args.b_offsets, item),
                   static_cast<float*>(args.c) + offset(args.c_offsets, item)};
  });
}

}  // namespace mlxc::cpu
