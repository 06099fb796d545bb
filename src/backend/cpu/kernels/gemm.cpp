// Float32 matrix products. The sum is cut into parts of kDepth. Of each part, all of b is packed in panels as wide as a tile, by all
// threads; then every thread takes blocks of rows of a, packs them (they stay in its L2) and passes the panels of b by.
#include "backend/cpu/kernels/gemm.h"

#include <algorithm>

#include "backend/cpu/kernels/isa.h"
#include "backend/cpu/kernels/scratch.h"

namespace mlxc::cpu {
namespace {

constexpr int64_t kDepth = 512;          // of a panel
constexpr int64_t kBrainDepth = 384;     // of bfloat16: panels of a and b are in L1
constexpr int64_t kBlockRows = 96;       // of a: with kDepth 192 KiB
constexpr int64_t kBlockColumns = 3072;  // of b packed at once: 6 MiB
constexpr int64_t kForkWork = 1 << 18;   // multiply-adds below which one thread is faster

int64_t round_up(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }
int64_t parts_of(int64_t value, int64_t most) { return (value + most - 1) / most; }

// One matrix of the batch.
template <class T>
struct Product {
  const MatmulArgs& args;
  const GemmKernelOf<T>& kernel;
  const Isa& isa;
  const T *a, *b;
  float* c;

  GemmOperand<T> rows(int64_t row, int64_t l) const { return {a + row * args.a_row + l * args.a_col, args.a_row, args.a_col}; }
  GemmOperand<T> columns(int64_t column, int64_t l) const { return {b + column * args.b_col + l * args.b_row, args.b_col, args.b_row}; }

  // Rows [row, row + m) against packed columns [column, column + n) of a part of the sum. `panels` begins at `column`.
  void block(int64_t row, int64_t m, int64_t column, int64_t n, int64_t l, int64_t depth, const T* panels) const {
    const int64_t k = round_up(depth, kernel.unit);
    T* packed = scratch<T>(ScratchUse::packed, round_up(m, kernel.rows) * k);
    kernel.pack_rows(rows(row, l), m, depth, packed);
    if (l == 0 && args.residual && args.residual != c)
      for (int64_t r = row; r < row + m; ++r) std::copy_n(args.residual + r * args.residual_row + column, n, c + r * args.c_row + column);
    const bool add = l > 0 || args.residual;
    for (int64_t j = 0; j < n; j += kernel.columns)
      for (int64_t i = 0; i < m; i += kernel.rows)
        kernel.tile(packed + i * k, panels + j * k, k, c + (row + i) * args.c_row + column + j, args.c_row, std::min(kernel.rows, m - i),
                    std::min(kernel.columns, n - j), add);
    if (l + depth == args.k) finish_rows(args, c, row, m, column, n, isa);
  }

  void run(ThreadPool& pool) const {
    const int64_t width = kernel.columns, parts = parts_of(args.k, sizeof(T) == 4 ? kDepth : kBrainDepth),
                  depth = round_up(parts_of(args.k, parts), kernel.unit);
    for (int64_t column = 0; column < args.n; column += kBlockColumns) {
      const int64_t n = std::min(kBlockColumns, args.n - column), panels = parts_of(n, width);
      T* packed = scratch<T>(ScratchUse::shared, panels * width * depth);
      for (int64_t l = 0; l < args.k; l += depth) {
        const int64_t k = std::min(depth, args.k - l), padded = round_up(k, kernel.unit);
        pool.parallel_for(panels, std::max<int64_t>(1, kForkWork / 16 / (width * k)), [&](int64_t begin, int64_t end, int) {
          const int64_t first = begin * width;
          kernel.pack_columns(columns(column + first, l), std::min(end * width, n) - first, k, packed + first * padded);
        });
        // Enough tasks for all threads: blocks of rows, and where these are few, of columns.
        int64_t block = std::min(round_up(parts_of(args.m, 2 * pool.size()), kernel.rows), kBlockRows);
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

template <class T>
void run(ThreadPool& pool, const MatmulArgs& args, const GemmKernelOf<T>& kernel, const Isa& isa) {
  auto product = [&](int64_t item) {
    auto offset = [&](const int64_t* offsets) { return offsets ? offsets[item] : 0; };
    return Product<T>{args,
                      kernel,
                      isa,
                      static_cast<const T*>(args.a) + offset(args.a_offsets),
                      static_cast<const T*>(args.b) + offset(args.b_offsets),
                      static_cast<float*>(args.c) + offset(args.c_offsets)};
  };
  const int64_t work = args.m * args.n * args.k;
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
  if (!args.bias && args.activation == Activation::none) return;
  EpilogueArgs end{};
  end.bias = args.bias ? args.bias + column : nullptr;
  end.activation = args.activation;
  end.n = n;
  for (int64_t r = row; r < row + m; ++r) {
    end.y = end.out = c + r * args.c_row + column;
    isa.epilogue(end);
  }
}

void gemm(ThreadPool& pool, const MatmulArgs& args, const Isa& isa) {
  if (args.dtype == DType::bf16)
    run(pool, args, *brain_gemm_kernel(isa), isa);
  else
    run(pool, args, gemm_kernel(isa), isa);
}

}  // namespace mlxc::cpu
