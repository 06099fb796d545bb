// Threads for the products inside LAPACK, which runs on one thread itself.
#pragma once

#include "base/thread_pool.h"

namespace mlxc::cpu {

// While it lives, LAPACK called from this thread shares out its large products (gemm, gemv) over the pool. Bits do not depend on threads.
class BlasThreads {
 public:
  explicit BlasThreads(ThreadPool* pool);  // null: none
  ~BlasThreads();
  BlasThreads(const BlasThreads&) = delete;
  BlasThreads& operator=(const BlasThreads&) = delete;

  static ThreadPool* current();  // of this thread; null: none

 private:
  ThreadPool* before_;
};

}  // namespace mlxc::cpu
