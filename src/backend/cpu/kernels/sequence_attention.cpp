// Attention of whole sequences and its gradient (Dao 2023, FlashAttention-2): the scores of a block of queries stay in the cache between
// the products around them; the gradient computes them again instead of keeping them.
#include <algorithm>

#include "backend/cpu/kernels/gemm.h"
#include "backend/cpu/kernels/isa.h"
#include "backend/cpu/kernels/scratch.h"

namespace mlxc::cpu {
namespace {

constexpr int64_t kBlockRows = 64;  // queries that share their keys
constexpr int64_t kLeastRows = 8;
constexpr int64_t kBlockScores = 128 << 10;  // of a block of queries: 512 KiB

struct Range {
  int64_t begin, end;
  int64_t size() const { return end - begin; }
};

// A matrix with a unit stride along one of its sides.
struct Matrix {
  const float* data;
  int64_t row, column;
  Matrix turned() const { return {data, column, row}; }
  Matrix from(int64_t r) const { return {data + r * row, row, column}; }
};

class Sequences {
 public:
  Sequences(ThreadPool& pool, const SequenceAttentionArgs& args, const Isa& isa) : pool_(pool), a_(args), isa_(isa) {
    block_ = std::clamp(kBlockScores / std::max<int64_t>(a_.keys, 1) / kLeastRows * kLeastRows, kLeastRows, kBlockRows);
    block_ = std::min(block_, std::max<int64_t>(a_.queries, 1));
  }

  void forward() const {
    const int64_t blocks = (a_.queries + block_ - 1) / block_;
    pool_.parallel_for(a_.batch * a_.heads * blocks, 1, [&](int64_t begin, int64_t end, int) {
      for (int64_t i = begin; i < end; ++i) forward_block(i / blocks / a_.heads, i / blocks % a_.heads, rows_of(i % blocks));
    });
  }

  // A task has the keys of one head to itself, in whose gradients all queries add up.
  void backward() const {
    pool_.parallel_for(a_.batch * a_.kv_heads, 1, [&](int64_t begin, int64_t end, int) {
      for (int64_t i = begin; i < end; ++i) backward_keys(i / a_.kv_heads, i % a_.kv_heads);
    });
  }

 private:
  int64_t group() const { return a_.heads / a_.kv_heads; }
  int64_t y_row() const { return a_.heads * a_.dim; }
  int64_t k_row() const { return a_.kv_heads * a_.dim; }
  Range rows_of(int64_t block) const { return {block * block_, std::min((block + 1) * block_, a_.queries)}; }
  int64_t y_at(int64_t batch, int64_t row, int64_t head) const { return ((batch * a_.queries + row) * a_.heads + head) * a_.dim; }
  static Matrix matrix(const SequenceAttentionArgs::Operand& x, int64_t batch, int64_t head) {
    return {x.data + batch * x.batch + head * x.head, x.token, 1};
  }
  float* normalizers(int64_t batch, int64_t head) const { return a_.normalizer + (batch * a_.heads + head) * a_.queries; }

  // The keys that a query sees.
  Range seen(int64_t row) const {
    if (!a_.causal) return {0, a_.keys};
    const int64_t end = std::clamp<int64_t>(row + 1 + a_.keys - a_.queries, 0, a_.keys);
    return {a_.window > 0 ? std::max<int64_t>(0, row + 1 + a_.keys - a_.queries - a_.window) : 0, end};
  }
  Range seen(Range rows) const {
    const Range keys{seen(rows.begin).begin, seen(rows.end - 1).end};
    return {std::min(keys.begin, keys.end), keys.end};
  }

  // c = a b, or c += a b.
  void multiply(int64_t m, int64_t n, int64_t k, Matrix a, Matrix b, float* c, int64_t c_row, bool add = false) const {
    if (m <= 0 || n <= 0 || k <= 0) return;
    MatmulArgs args{.m = m, .n = n, .k = k, .a = a.data, .a_row = a.row, .a_col = a.column, .b = b.data, .b_row = b.row, .b_col = b.column};
    args.c = c;
    args.c_row = c_row;
    if (add) args.residual = c, args.residual_row = c_row;
    gemm(pool_, args, isa_);
  }

  void forward_block(int64_t batch, int64_t head, Range rows) const {
    const Range keys = seen(rows);
    const int64_t n = keys.size();
    const Matrix k = matrix(a_.k, batch, head / group()).from(keys.begin), v = matrix(a_.v, batch, head / group()).from(keys.begin);
    float* scores = scratch<float>(ScratchUse::plan, (rows.size() * n + rows.size()));
    float* totals = scores + rows.size() * n;
    float* y = a_.y + y_at(batch, rows.begin, head);
    multiply(rows.size(), n, a_.dim, matrix(a_.q, batch, head).from(rows.begin), k.turned(), scores, n);
    for (int64_t r = rows.begin; r < rows.end; ++r) {
      const Range mine = seen(r);
      const int64_t count = std::max<int64_t>(mine.size(), 0);
      float *row = scores + (r - rows.begin) * n, *first = row + (mine.begin - keys.begin);
      isa_.attention_scores({first, count, a_.scale, a_.softcap, &totals[r - rows.begin], &normalizers(batch, head)[r]});
      std::fill(row, first, 0.0f);
      std::fill(first + count, row + n, 0.0f);
    }
    multiply(rows.size(), a_.dim, n, {scores, n, 1}, v, y, y_row());
    for (int64_t r = 0; r < rows.size(); ++r, y += y_row()) {
      const float factor = totals[r] == 0 ? 0 : 1 / totals[r];  // a query that sees no key gives 0
      if (n == 0) std::fill_n(y, a_.dim, 0.0f);
      for (int64_t i = 0; i < a_.dim; ++i) y[i] *= factor;
    }
  }

  void backward_keys(int64_t batch, int64_t kv_head) const {
    const int64_t at = (batch * a_.keys * a_.kv_heads + kv_head) * a_.dim;
    for (float* gradient : {a_.dk + at, a_.dv + at})
      for (int64_t key = 0; key < a_.keys; ++key) std::fill_n(gradient + key * k_row(), a_.dim, 0.0f);
    for (int64_t head = kv_head * group(); head < (kv_head + 1) * group(); ++head)
      for (int64_t first = 0; first < a_.queries; first += block_)
        backward_block(batch, head, {first, std::min(first + block_, a_.queries)}, at);
  }

  void backward_block(int64_t batch, int64_t head, Range rows, int64_t at) const {
    const Range keys = seen(rows);
    const int64_t n = keys.size(), m = rows.size(), y_first = y_at(batch, rows.begin, head);
    const Matrix q = matrix(a_.q, batch, head).from(rows.begin), dy{a_.dy + y_first, y_row(), 1};
    const Matrix k = matrix(a_.k, batch, head / group()).from(keys.begin), v = matrix(a_.v, batch, head / group()).from(keys.begin);
    float* scores = scratch<float>(ScratchUse::plan, 2 * m * n);
    float* cotangents = scores + m * n;
    multiply(m, n, a_.dim, q, k.turned(), scores, n);
    multiply(m, n, a_.dim, dy, v.turned(), cotangents, n);
    for (int64_t r = 0; r < m; ++r) {
      const Range mine = seen(rows.begin + r);
      const int64_t skipped = mine.begin - keys.begin, count = std::max<int64_t>(mine.size(), 0);
      float *row = scores + r * n, *row_cotangents = cotangents + r * n;
      isa_.attention_gradient({row + skipped, row_cotangents + skipped, count, a_.scale, a_.softcap,
                               normalizers(batch, head)[rows.begin + r], a_.y + y_first + r * y_row(), a_.dy + y_first + r * y_row(),
                               a_.dim});
      for (float* each : {row, row_cotangents}) {
        std::fill(each, each + skipped, 0.0f);
        std::fill(each + skipped + count, each + n, 0.0f);
      }
    }
    const Matrix p{scores, n, 1}, ds{cotangents, n, 1};
    float* dq = a_.dq + y_first;
    if (n == 0)
      for (int64_t r = 0; r < m; ++r) std::fill_n(dq + r * y_row(), a_.dim, 0.0f);
    multiply(m, a_.dim, n, ds, k, dq, y_row());
    multiply(n, a_.dim, m, ds.turned(), q, a_.dk + at + keys.begin * k_row(), k_row(), true);
    multiply(n, a_.dim, m, p.turned(), dy, a_.dv + at + keys.begin * k_row(), k_row(), true);
  }

  ThreadPool& pool_;
  const SequenceAttentionArgs& a_;
  const Isa& isa_;
  int64_t block_;
};

}  // namespace

void sequence_attention(ThreadPool& pool, const SequenceAttentionArgs& args, const Isa& isa) { Sequences(pool, args, isa).forward(); }
void sequence_attention_gradient(ThreadPool& pool, const SequenceAttentionArgs& args, const Isa& isa) {
  Sequences(pool, args, isa).backward();
}

}  // namespace mlxc::cpu
