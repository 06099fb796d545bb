// GLSL to SPIR-V in this process: kernels that a lowering writes for one program, such as fused elementwise chains.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backend/vulkan/disk_cache.h"

namespace mlxc::vulkan {

// Compiles a compute shader for Vulkan 1.2 and optimizes it. `#include "common.glsl"` and the other includes of kernels/ are found.
// Throws Error(internal) with the compiler's message, naming `name`. Threads: any.
std::vector<uint32_t> compile_glsl(const std::string& name, const std::string& source);

// The same, remembered by source in memory and on disk. Threads: any.
class Jit {
 public:
  using Words = std::shared_ptr<const std::vector<uint32_t>>;

  explicit Jit(std::shared_ptr<const DiskCache> disk);  // null: memory only
  Words get(const std::string& name, const std::string& source);
  void save() noexcept;  // writes what is new
  int compiled() const;  // how many were not found in a cache

 private:
  using Key = std::pair<uint64_t, uint64_t>;
  void load();

  const std::shared_ptr<const DiskCache> disk_;
  mutable std::mutex mutex_;
  std::map<Key, Words> known_;
  size_t bytes_ = 0;  // of `known_`
  bool changed_ = false;
  int compiled_ = 0;
};

}  // namespace mlxc::vulkan
