// Norms, rotary positions, softmax and row gathers: rows shared out over the pool.
#include <algorithm>
#include <cmath>

#include "backend/cpu/kernels/isa.h"
#include "backend/cpu/kernels/scratch.h"
#include "base/error.h"

namespace mlxc::cpu {
namespace {

constexpr int64_t kMostParts = 64;          // that sums over rows are made of
constexpr int64_t kForkElements = 1 << 14;  // below this one thread is faster

int64_t rows_per_task(int64_t n) { return std::max<int64_t>(1, kForkElements / std::max<int64_t>(n, 1)); }

void check_float(DType dtype, const char* what) {
  if (dtype != DType::f32 && dtype != DType::f16 && dtype != DType::bf16) {
    fail(Status::unsupported, what, " is ", name_of(dtype), ", expected float32, float16 or bfloat16");
  }
}

template <class Row>
void for_norm_rows(ThreadPool& pool, const NormArgs& args, Row&& row) {
  check_float(args.weight_dtype, "the norm's weight");
  check_float(args.bias_dtype, "the norm's bias");
  pool.parallel_for(args.tokens * args.heads, rows_per_task(args.dim), [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t token = i / args.heads, head = i % args.heads;
      row(args.x + token * args.x_stride + head * args.x_head_stride, args.y + token * args.y_stride + head * args.y_head_stride);
    }
  });
}

void softmax_rows(ThreadPool& pool, const float* x, int64_t x_stride, float* y, int64_t y_stride, int64_t rows, int64_t n, bool logarithm,
                  const Isa& isa) {
  pool.parallel_for(rows, rows_per_task(n * 4), [&](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; ++r) isa.softmax(x + r * x_stride, y + r * y_stride, n, logarithm);
  });
}

}  // namespace

void rms_norm(ThreadPool& pool, const NormArgs& args, const Isa& isa) {
  for_norm_rows(pool, args, [&](const float* x, float* y) {
    isa.rms_norm(x, y, args.dim, args.weight, args.weight_dtype, args.weight_offset, args.eps);
  });
}

void layer_norm(ThreadPool& pool, const NormArgs& args, const Isa& isa) {
  for_norm_rows(pool, args, [&](const float* x, float* y) {
    isa.layer_norm(x, y, args.dim, args.weight, args.weight_dtype, args.bias, args.bias_dtype, args.eps);
  });
}

void norm_gradient(ThreadPool& pool, const NormGradientArgs& args, const Isa& isa) {
  check_float(args.weight_dtype, "the norm's weight");
  // Parts of the rows, each with sums of its own: their number depends on the shape alone, and so do the bits.
  const int64_t part = std::max(rows_per_task(args.dim), (args.rows + kMostParts - 1) / kMostParts), parts = (args.rows + part - 1) / part;
  const int64_t n = args.dim, own = 2 * n;
  float* sums = scratch<float>(ScratchUse::shared, parts * own + n);
  float* weight = sums + parts * own;
  isa.scale_row(args.weight, args.weight_dtype, 1, weight, n);
  if (args.weight_offset != 0)
    for (int64_t i = 0; i < n; ++i) weight[i] += args.weight_offset;
  pool.parallel_for(parts, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      NormGradientRow row{nullptr, nullptr, weight, nullptr, sums + i * own, args.dbias ? sums + i * own + n : nullptr, n, args.eps};
      std::fill_n(row.dweight, own, 0.0f);
      for (int64_t r = i * part; r < std::min((i + 1) * part, args.rows); ++r) {
        row.x = args.x + r * n;
        row.dy = args.dy + r * n;
        row.dx = args.dx + r * n;
        isa.norm_gradient(row);
      }
    }
  });
  const auto add = [&](int64_t at, float* to) {
    std::fill_n(to, n, 0.0f);
    for (int64_t i = 0; i < parts; ++i)
      for (int64_t j = 0; j < n; ++j) to[j] += sums[i * own + at + j];
  };
  add(0, args.dweight);
  if (args.dbias) add(n, args.dbias);
}

void rope(ThreadPool& pool, const RopeArgs& args, const Isa& isa) {
  const int64_t half = args.rotary / 2;
  pool.parallel_for(args.tokens, rows_per_task(args.heads * args.head_dim), [&](int64_t begin, int64_t end, int) {
    float* cosines = scratch<float>(ScratchUse::tile, 2 * half);
    float* sines = cosines + half;
    for (int64_t t = begin; t < end; ++t) {
      if (t == begin || args.positions[t] != args.positions[t - 1]) {
        isa.cos_sin(float(args.positions[t]), args.inverse_frequencies, args.factor, cosines, sines, half);
      }
      for (int64_t h = 0; h < args.heads; ++h) {
        const float* x = args.x + t * args.x_stride + h * args.x_head_stride;
        float* y = args.y + t * args.y_stride + h * args.y_head_stride;
        isa.rotate(x, y, cosines, sines, half);
        if (x != y) std::copy(x + 2 * half, x + args.head_dim, y + 2 * half);
      }
    }
  });
}

void softmax(ThreadPool& pool, const float* x, int64_t x_stride, float* y, int64_t y_stride, int64_t rows, int64_t n, const Isa& isa) {
  softmax_rows(pool, x, x_stride, y, y_stride, rows, n, false, isa);
}

void log_softmax(ThreadPool& pool, const float* x, int64_t x_stride, float* y, int64_t y_stride, int64_t rows, int64_t n, const Isa& isa) {
  softmax_rows(pool, x, x_stride, y, y_stride, rows, n, true, isa);
}

void cross_entropy(ThreadPool& pool, const float* x, const int32_t* targets, float* losses, float* normalizers, int64_t rows, int64_t n,
                   const Isa& isa) {
  pool.parallel_for(rows, rows_per_task(n * 4), [&](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; ++r) {
      const float* row = x + r * n;
      const float largest = n ? isa.maximum(row, n) : 0, sum = isa.exponentials(row, n, largest);
      normalizers[2 * r] = largest;
      normalizers[2 * r + 1] = sum;
      losses[r] = targets[r] >= 0 && targets[r] < n ? std::log(sum) + (largest - row[targets[r]]) : 0.0f;
    }
  });
}

void cross_entropy_gradient(ThreadPool& pool, const float* x, const int32_t* targets, const float* normalizers, const float* cotangents,
                            float* dx, int64_t rows, int64_t n, const Isa& isa) {
  pool.parallel_for(rows, rows_per_task(n * 4), [&](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; ++r) {
      float* row = dx + r * n;
      if (targets[r] < 0 || targets[r] >= n) {
        std::fill_n(row, n, 0.0f);
        continue;
      }
      isa.scaled_exponentials(x + r * n, row, n, 1, normalizers[2 * r], cotangents[r] / normalizers[2 * r + 1]);
      row[targets[r]] -= cotangents[r];
    }
  });
}

void adam(ThreadPool& pool, const AdamArgs& args, const Isa& isa) {
  pool.parallel_for((args.n + kForkElements - 1) / kForkElements, 1, [&](int64_t begin, int64_t end, int) {
    AdamArgs part = args;
    const int64_t at = begin * kForkElements;
    part.parameter += at;
    part.mean += at;
    part.variance += at;
    part.gradient += at;
    part.n = std::min(end * kForkElements, args.n) - at;
    isa.adam(part);
  });
}

void gather_rows_f32(ThreadPool& pool, const void* table, DType table_dtype, int64_t table_stride, const int32_t* indices, int64_t count,
                     int64_t n, float scale, float* y, int64_t y_stride, const Isa& isa) {
  check_float(table_dtype, "the table");
  const int64_t row_bytes = table_stride * size_of(table_dtype);
  pool.parallel_for(count, rows_per_task(n), [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      isa.scale_row(static_cast<const std::byte*>(table) + indices[i] * row_bytes, table_dtype, scale, y + i * y_stride, n);
    }
  });
}

}  // namespace mlxc::cpu
