// Drives the row-by-row products: which columns go to which thread, in which blocks, and what happens to the sums.
#include <algorithm>
#include <cstring>

#include "backend/cpu/kernels/gemm.h"
#include "backend/cpu/kernels/isa.h"
#include "backend/cpu/kernels/scratch.h"
#include "base/error.h"

namespace mlxc::cpu {
namespace {

constexpr int64_t kColumnUnit = 16;            // columns are handed out in multiples of this
constexpr int64_t kColumnBlock = 64;           // columns of w worked on at once: w block and x block share L2
constexpr int64_t kRowBlockBytes = 512 << 10;  // of x, in L2
constexpr int64_t kRowsPerPass = 1024;         // bounds the packed copy of x
constexpr int64_t kUnpackRows = 8;             // from here on 16-bit weights are converted once per block, not per tile
constexpr int64_t kTileBlock = 16;             // rows of x packed together for them
constexpr int64_t kExactRows = 4;              // up to here memory is the limit, and native keeps x in float32 as well
constexpr int64_t kGemmRows = 16;              // from here on float32 weights are packed for tiles, unless results may not depend on it
constexpr int64_t kForkWork = 1 << 15;         // multiply-adds below which one thread is faster

int64_t round_up(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }

int64_t float_size(DType dtype) {
  if (dtype != DType::f32 && dtype != DType::f16 && dtype != DType::bf16) {
    fail(Status::unsupported, "linear takes float32, float16 or bfloat16 weights and biases, not ", name_of(dtype));
  }
  return size_of(dtype);
}

DotFn dot_for(const Isa& isa, DType dtype) { return dtype == DType::f32 ? isa.dot_f32 : dtype == DType::f16 ? isa.dot_f16 : isa.dot_bf16; }

const void* row_of(const LinearOutput& out, int64_t row) {
  return static_cast<const std::byte*>(out.weight) + row * out.weight_stride * size_of(out.weight_dtype);
}

// One pass over at most kRowsPerPass rows.
struct Pass {
  const LinearArgs& args;
  const Isa& isa;
  int64_t first_row, rows;
  const uint16_t* packed;  // x in bfloat16, or null
  int64_t packed_stride;   // between rows, or between blocks of rows for tiles
  bool tiles;

  bool uses_brain(const LinearOutput& out) const { return packed && out.weight_dtype == DType::bf16; }

  // Sums of `count` columns from `column` on, for rows [row, row + n) of this pass.
  void multiply(const LinearOutput& out, int64_t column, int64_t count, const float* unpacked, int64_t row, int64_t n, float* y,
                int64_t y_stride) const {
    DotArgs dot{.x = args.x + (first_row + row) * args.x_stride,
                .x_stride = args.x_stride,
                .w = row_of(out, column),
                .w_stride = out.weight_stride,
                .rows = n,
                .columns = count,
                .k = args.k,
                .y = y,
                .y_stride = y_stride,
                .prefetch = row == 0};
    if (uses_brain(out)) {
      dot.x = packed + (tiles ? row / kTileBlock : row) * packed_stride;
      dot.x_stride = packed_stride;
      return tiles ? isa.dot_tiles(dot) : isa.dot_brain(dot);
    }
    if (unpacked) {
      dot.w = unpacked;
      dot.w_stride = round_up(args.k, 16);
      dot.prefetch = false;
      return isa.dot_f32(dot);
    }
    dot_for(isa, out.weight_dtype)(dot);
  }

  // 16-bit weights as floats, when enough rows follow to make it worth while.
  const float* unpack(const LinearOutput& out, int64_t column, int64_t count, float* to) const {
    if (uses_brain(out) || out.weight_dtype == DType::f32 || rows < kUnpackRows) return nullptr;
    for (int64_t c = 0; c < count; ++c) isa.scale_row(row_of(out, column + c), out.weight_dtype, 1, to + c * round_up(args.k, 16), args.k);
    return to;
  }

  const float* bias(const LinearOutput& out, int64_t column, int64_t count, float* to) const {
    if (!out.bias) return nullptr;
    isa.scale_row(static_cast<const std::byte*>(out.bias) + column * float_size(out.bias_dtype), out.bias_dtype, 1, to, count);
    return to;
  }

  void block(const LinearOutput& out, const LinearOutput* up, int64_t column, int64_t count) const {
    float* unpack_space = scratch<float>(ScratchUse::tile, kColumnBlock * round_up(args.k, 16) * (up ? 2 : 1));
    const float* unpacked = unpack(out, column, count, unpack_space);
    const float* up_unpacked = up ? unpack(*up, column, count, unpack_space + kColumnBlock * round_up(args.k, 16)) : nullptr;
    float bias_values[kColumnBlock], up_bias_values[kColumnBlock];
    EpilogueArgs end{};
    end.bias = bias(out, column, count, bias_values);
    end.up_bias = up ? bias(*up, column, count, up_bias_values) : nullptr;
    end.activation = out.activation;
    end.n = count;
    const bool plain = !end.bias && !up && !out.residual && out.activation == Activation::none && !out.drop.low;

    const int64_t k_bytes = args.k * (uses_brain(out) ? 2 : 4);
    const int64_t row_block = std::clamp<int64_t>(kRowBlockBytes / std::max<int64_t>(k_bytes, 1) / 48 * 48, 48, 240);
    float* sums = plain ? nullptr : scratch<float>(ScratchUse::packed, row_block * kColumnBlock * 2);
    for (int64_t row = 0; row < rows; row += row_block) {
      const int64_t n = std::min(row_block, rows - row);
      float* y = out.y + (first_row + row) * out.y_stride + column;
      if (plain) {
        multiply(out, column, count, unpacked, row, n, y, out.y_stride);
        continue;
      }
      multiply(out, column, count, unpacked, row, n, sums, kColumnBlock);
      float* up_sums = sums + row_block * kColumnBlock;
      if (up) multiply(*up, column, count, up_unpacked, row, n, up_sums, kColumnBlock);
      for (int64_t r = 0; r < n; ++r) {
        end.y = sums + r * kColumnBlock;
        end.up = up ? up_sums + r * kColumnBlock : nullptr;
        end.residual = out.residual ? out.residual + (first_row + row + r) * out.residual_stride + column : nullptr;
        end.out = y + r * out.y_stride;
        isa.epilogue(end);
        drop_row(out.drop, end.out, count);
      }
    }
  }

  void columns(const LinearOutput& out, const LinearOutput* up, int64_t begin, int64_t end) const {
    for (int64_t column = begin; column < end; column += kColumnBlock) block(out, up, column, std::min(kColumnBlock, end - column));
  }
};

// Float32 weights against many rows, or weights that do not lie row by row: a product like any other.
bool is_plain_product(const LinearArgs& args, const LinearOutput& out) {
  if (out.weight_step != 1) return true;
  return args.t >= kGemmRows && args.k > 0 && args.precision == Precision::native && !args.gated && out.weight_dtype == DType::f32 &&
         (!out.bias || out.bias_dtype == DType::f32) && (!out.residual || (out.n > 16 && out.activation == Activation::none));
}

MatmulArgs plain_product(const LinearArgs& args, const LinearOutput& out) {
  MatmulArgs product{.dtype = out.weight_dtype, .m = args.t, .n = out.n, .k = args.k};
  product.float_rows = true;
  product.a = args.x;
  product.a_row = args.x_stride;
  product.a_col = 1;
  product.b = out.weight;
  product.b_row = out.weight_step;
  product.b_col = out.weight_stride;
  product.c = out.y;
  product.c_row = out.y_stride;
  product.bias = static_cast<const float*>(out.bias);
  product.activation = out.activation;
  product.drop = out.drop;
  product.residual = out.residual;
  product.residual_row = out.residual_stride;
  return product;
}

}  // namespace

bool takes_any_step(DType weight_dtype, const Isa& isa) { return weight_dtype == DType::bf16 && brain_gemm_kernel(isa); }

void linear(ThreadPool& pool, const LinearArgs& args, const Isa& isa) {
  if (args.t <= 0 || args.outputs.empty()) return;
  if (args.gated && (args.outputs.size() != 2 || args.outputs[0].n != args.outputs[1].n)) {
    fail(Status::internal, "a gated product takes two weights of equal size, not ", args.outputs.size());
  }
  if (std::all_of(args.outputs.begin(), args.outputs.end(), [&](const LinearOutput& out) { return is_plain_product(args, out); })) {
    for (const LinearOutput& out : args.outputs) matmul(pool, plain_product(args, out), isa);
    return;
  }
  const size_t products = args.gated ? 1 : args.outputs.size();
  int64_t units = 0;
  bool wants_brain = false;
  for (const LinearOutput& out : args.outputs) {
    float_size(out.weight_dtype);
    wants_brain |= isa.dot_brain && args.precision == Precision::native && out.weight_dtype == DType::bf16 && args.t > kExactRows;
  }
  for (size_t i = 0; i < products; ++i) units += round_up(args.outputs[i].n, kColumnUnit) / kColumnUnit;

  for (int64_t first = 0; first < args.t; first += kRowsPerPass) {
    Pass pass{args, isa, first, std::min(kRowsPerPass, args.t - first), nullptr, 0, false};
    pass.tiles = wants_brain && isa.dot_tiles;
    if (pass.tiles) {
      const int64_t blocks = round_up(pass.rows, kTileBlock) / kTileBlock;
      pass.packed_stride = kTileBlock * round_up(args.k, 32);
      uint16_t* packed = scratch<uint16_t>(ScratchUse::shared, blocks * pass.packed_stride);
      pass.packed = packed;
      pool.parallel_for(blocks, std::max<int64_t>(1, kForkWork / pass.packed_stride), [&](int64_t begin, int64_t end, int) {
        for (int64_t b = begin; b < end; ++b) {
          const int64_t row = b * kTileBlock;
          isa.pack_tiles(args.x + (first + row) * args.x_stride, args.x_stride, std::min(kTileBlock, pass.rows - row), args.k,
                         packed + b * pass.packed_stride);
        }
      });
    } else if (wants_brain) {
      pass.packed_stride = round_up(args.k, 64);
      uint16_t* packed = scratch<uint16_t>(ScratchUse::shared, pass.rows * pass.packed_stride);
      pass.packed = packed;
      const int64_t grain = std::max<int64_t>(1, kForkWork / std::max<int64_t>(args.k, 1));
      pool.parallel_for(pass.rows, grain, [&](int64_t begin, int64_t end, int) {
        for (int64_t r = begin; r < end; ++r) isa.pack_brain(args.x + (first + r) * args.x_stride, packed + r * pass.packed_stride, args.k);
      });
    }
    const int64_t unit_work = pass.rows * args.k * kColumnUnit * (args.gated ? 2 : 1);
    const int64_t grain = std::max<int64_t>(1, kForkWork / std::max<int64_t>(unit_work, 1));
    pool.parallel_for(units, grain, [&](int64_t begin, int64_t end, int) {
      int64_t skipped = 0;  // units of the products before this one
      for (size_t i = 0; i < products; ++i) {
        const LinearOutput& out = args.outputs[i];
        const int64_t mine = round_up(out.n, kColumnUnit) / kColumnUnit;
        const int64_t from = std::max<int64_t>(begin - skipped, 0) * kColumnUnit,
                      to = std::min(std::min(end - skipped, mine) * kColumnUnit, out.n);
        if (from < to) pass.columns(out, args.gated ? &args.outputs[1] : nullptr, from, to);
        skipped += mine;
      }
    });
  }
}

}  // namespace mlxc::cpu
