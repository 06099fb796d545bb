#include "backend/cpu/kernels/scratch.h"

#include <array>
#include <memory>
#include <new>

namespace mlxc::cpu {
namespace {

constexpr std::align_val_t kAlignment{64};

struct Free {
  void operator()(std::byte* p) const { ::operator delete(p, kAlignment); }
};

struct Buffer {
  std::unique_ptr<std::byte, Free> memory;
  size_t size = 0;
};

}  // namespace

void* scratch_bytes(ScratchUse use, size_t bytes) {
  thread_local std::array<Buffer, size_t(ScratchUse::count)> buffers;
  Buffer& buffer = buffers[size_t(use)];
  if (buffer.size < bytes) {
    buffer.memory.reset();  // before the new one: never both
    buffer.size = 0;
    buffer.memory.reset(static_cast<std::byte*>(::operator new(bytes, kAlignment)));
    buffer.size = bytes;
  }
  return buffer.memory.get();
}

}  // namespace mlxc::cpu
