#include "backend/vulkan/modules.h"

#include <algorithm>

namespace mlxc::vulkan {
namespace {

template <class Entry>
const Entry* find(std::span<const Entry> sorted, std::string_view name) {
  auto found =
      std::lower_bound(sorted.begin(), sorted.end(), name, [](const Entry& entry, std::string_view key) { return entry.name < key; });
  return found != sorted.end() && found->name == name ? &*found : nullptr;
}

}  // namespace

std::span<const Module> modules() { return embedded::modules(); }
const Module* find_module(std::string_view name) { return find(modules(), name); }
const IncludeText* find_include(std::string_view name) { return find(embedded::include_texts(), name); }
uint64_t modules_checksum() { return embedded::kChecksum; }

}  // namespace mlxc::vulkan
