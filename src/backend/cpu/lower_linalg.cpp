// Factorizations: the matrices of a batch are shared out among the threads; one alone gets them all for the products inside.
#include <algorithm>
#include <cmath>

#include "backend/cpu/kernels/blas_threads.h"
#include "backend/cpu/kernels/lapack.h"
#include "backend/cpu/lower.h"
#include "ops/linalg.h"

namespace mlxc::cpu {
namespace {

// The orthogonal factor of a matrix without elements: [n, n] ones on the diagonal.
template <class T>
void identity(T* out, int64_t size) {
  std::fill_n(out, size, T(0));
  const auto n = int64_t(std::sqrt(double(size)));
  for (int64_t i = 0; i < n; ++i) out[i * n + i] = 1;
}

template <class T>
LaunchPtr lower_as(const LaunchPlan& plan) {
  const auto op = as<Linalg>(*plan.primitive);
  std::vector<int64_t> sizes;  // elements of one item of each operand
  const Shape& x = plan.inputs[0].type.shape;
  const int m = int(x[x.rank() - 2]), n = int(x.back());
  int64_t batch = 1;
  for (int axis = 0; axis < x.rank() - 2; ++axis) batch *= x[axis];
  auto count = [&](const OperandType& operand) { return batch ? element_count(operand.type.shape) / batch : 0; };
  for (const OperandType& input : plan.inputs) sizes.push_back(count(input));
  for (const OperandType& output : plan.outputs) sizes.push_back(count(output));
  const size_t inputs = plan.inputs.size();
  const int right = plan.inputs.size() > 1 ? int(plan.inputs[1].type.shape.back()) : 0;
  return make_launch([=](ThreadPool& pool, std::byte* const* operands) {
    auto work = [&](int64_t begin, int64_t end, int) {
      const BlasThreads threads(&pool);  // inside a batch the pool stays on this thread
      for (int64_t i = begin; i < end; ++i) {
        auto at = [&](size_t operand) { return reinterpret_cast<T*>(operands[operand]) + i * sizes[operand]; };
        if (sizes[0] == 0) {  // [0, n] and the like: what is left is an identity at most
          for (size_t out = inputs; out < sizes.size(); ++out) identity(at(out), sizes[out]);
          continue;
        }
        switch (op.op) {
          case LinalgOp::cholesky: lapack::cholesky<T>(at(0), n, op.first, at(1)); break;
          case LinalgOp::qr: lapack::qr<T>(at(0), m, n, op.first, at(1), at(2)); break;
          case LinalgOp::svd:
            if (op.first)
              lapack::svd<T>(at(0), m, n, true, op.second, at(1), at(2), at(3));
            else
              lapack::svd<T>(at(0), m, n, false, false, nullptr, at(1), nullptr);
            break;
          case LinalgOp::eigh: lapack::eigh<T>(at(0), n, op.first, at(1), op.first ? at(2) : nullptr); break;
          case LinalgOp::lu: lapack::lu<T>(at(0), n, at(1), reinterpret_cast<int32_t*>(operands[2]) + i * sizes[2]); break;
          case LinalgOp::solve: lapack::solve<T>(at(0), at(1), n, right, at(2)); break;
          case LinalgOp::triangular_solve: lapack::triangular_solve<T>(at(0), at(1), n, right, op.first, op.second, op.third, at(2)); break;
        }
      }
    };
    if (batch > 1) return pool.parallel_for(batch, 1, work);
    work(0, batch, 0);
  });
}

}  // namespace

LaunchPtr lower_linalg_op(const LaunchPlan& plan) {
  switch (plan.inputs[0].type.dtype) {
    case DType::f32: return lower_as<float>(plan);
    case DType::f64: return lower_as<double>(plan);
    default: no_kernel(plan);
  }
}

}  // namespace mlxc::cpu
