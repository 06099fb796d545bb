// A lock around OpenBLAS's table of work buffers.
//
// blas_memory_alloc of the serial build (0.3.21) looks for a free entry after it has let go of its lock, so two threads that call gemm,
// trsm or LAPACK at once may get the same buffer and mix up their tiles. The linker's --wrap (cmake/Dependencies.cmake) leads OpenBLAS's
// calls here.
#include <mutex>

extern "C" {  // the names that --wrap makes
void* __real_blas_memory_alloc(int position);
void __real_blas_memory_free(void* buffer);
void* __wrap_blas_memory_alloc(int position);
void __wrap_blas_memory_free(void* buffer);
}

namespace {
constinit std::mutex buffers;
}

void* __wrap_blas_memory_alloc(int position) {
  std::lock_guard lock(buffers);
  return __real_blas_memory_alloc(position);
}

void __wrap_blas_memory_free(void* buffer) {
  std::lock_guard lock(buffers);
  __real_blas_memory_free(buffer);
}
