// Temporary memory of the kernels: one growing buffer per thread and purpose, kept between calls so that a decode step allocates nothing.
// It is bounded by the kernels' own blocking (a few MB a thread) and freed when the thread ends.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mlxc::cpu {

enum class ScratchUse : int { shared, packed, tile, plan, count };

// At least `bytes`, 64-byte aligned, contents undefined; valid until this thread's next call with the same use. Throws std::bad_alloc.
void* scratch_bytes(ScratchUse use, size_t bytes);

template <class T>
T* scratch(ScratchUse use, int64_t count) {
  return static_cast<T*>(scratch_bytes(use, size_t(count) * sizeof(T)));
}

}  // namespace mlxc::cpu
