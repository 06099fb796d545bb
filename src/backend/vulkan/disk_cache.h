// Files that save compiling again: pipelines, SPIR-V. Anything wrong with a file means that it is not there; nothing here ever fails a
// caller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlxc::vulkan {

// FNV-1a over 64-bit steps of the text; not a defence against forgery: the folder is ours alone.
uint64_t checksum_of(std::span<const std::byte> bytes, uint64_t seed = 0xcbf29ce484222325ull);
inline uint64_t checksum_of(std::string_view text, uint64_t seed = 0xcbf29ce484222325ull) {
  return checksum_of(std::as_bytes(std::span(text)), seed);
}

class DiskCache {
 public:
  // MLXC_CACHE_DIR, XDG_CACHE_HOME/mlxc or ~/.cache/mlxc, made with mode 0700. Null when MLXC_VULKAN_CACHE=0, when there is no such
  // place, or when others own it or may write to it (logged).
  static std::shared_ptr<const DiskCache> open();

  // What store() wrote under this name for the same identity; empty if there is none, or it is damaged or foreign (logged).
  std::vector<std::byte> load(std::string_view name, std::string_view identity, size_t limit) const noexcept;
  // Replaces it atomically. Failures are logged.
  void store(std::string_view name, std::string_view identity, std::span<const std::byte> bytes) const noexcept;

  std::string path_of(std::string_view name, std::string_view identity) const;  // one file for each identity

 private:
  explicit DiskCache(std::string folder) : folder_(std::move(folder)) {}
  const std::string folder_;
};

}  // namespace mlxc::vulkan
