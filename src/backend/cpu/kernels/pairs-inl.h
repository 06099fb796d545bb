// Two operations of float32 in one pass: what the first gives stays in a register. It is rounded there as in memory, so results do not
// change.
#pragma once

#include "backend/cpu/kernels/isa.h"
#include "backend/cpu/kernels/simd.h"

namespace mlxc::cpu::MLXC_ISA {
namespace {

template <PairOp op>
MLXC_INLINE F pair_apply(F a, F b) {
  if constexpr (op == PairOp::add) return a + b;
  if constexpr (op == PairOp::subtract) return a - b;
  if constexpr (op == PairOp::multiply) return a * b;
  return b - a;
}

// An operand that is one value becomes a vector in memory that every step reads: one loop for all kinds of operands.
struct PairOperand {
  const float* data;
  int64_t step;
  alignas(64) float all[W];
  MLXC_INLINE PairOperand(const void* x, int64_t step) : data(static_cast<const float*>(x)), step(step) {
    if (step) return;
    store(all, splat(*data));
    data = all;
  }
};

template <PairOp first, PairOp second, bool Fetches>
void pair(const PairArgs& args) {
  if (args.n <= 0) return;
  const PairOperand a(args.x[0], args.step[0]), b(args.x[1], args.step[1]), c(args.x[2], args.step[2]);
  // As locals: the compiler reads an object in memory again after every store, which might have changed it.
  const float *pa = a.data, *pb = b.data, *pc = c.data;
  const int64_t sa = a.step * W, sb = b.step * W, sc = c.step * W;
  auto* y = static_cast<float*>(args.out);
  const auto *fetched = static_cast<const float*>(args.fetch[0]), *fetched_too = static_cast<const float*>(args.fetch[1]);
  over(
      args.n, [&](int64_t i, int64_t count) __attribute__((always_inline)) {
        if constexpr (Fetches) {
          fetch_ahead(fetched + i);
          fetch_ahead(fetched_too + i);
        }
        const F inner = settled(pair_apply<first>(load_n(pa, count), load_n(pb, count)));
        store_n(y + i, pair_apply<second>(inner, load_n(pc, count)), count);
        pa += sa, pb += sb, pc += sc;
      });
}

template <bool Fetches>
struct PairTable {
  template <PairOp first>
  struct Of {
    static constexpr PairFn entries[kPairOpCount] = {pair<first, PairOp::add, Fetches>, pair<first, PairOp::subtract, Fetches>,
                                                     pair<first, PairOp::multiply, Fetches>,
                                                     pair<first, PairOp::reverse_subtract, Fetches>};
  };
  static constexpr const PairFn* entries[kPairOpCount] = {Of<PairOp::add>::entries, Of<PairOp::subtract>::entries,
                                                          Of<PairOp::multiply>::entries, Of<PairOp::reverse_subtract>::entries};
};

}  // namespace
}  // namespace mlxc::cpu::MLXC_ISA
