// Pages of the K/V cache: which are free, and how many sequences share each one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mlxc {

// Hands out page numbers. References make sharing possible: sequences with a common beginning hold the same pages, and one that
// wants to write into a shared page takes a copy first. One thread at a time.
class PagePool {
 public:
  // A page with one reference, or -1 when none is free: extend() or release() then.
  int32_t take();
  void retain(int32_t page) { ++references_[size_t(page)]; }
  // Drops one reference; the page is free again after the last.
  void release(int32_t page);
  bool shared(int32_t page) const { return references_[size_t(page)] > 1; }

  int64_t capacity() const { return int64_t(references_.size()); }
  int64_t used() const { return capacity() - int64_t(free_.size()); }
  // Adds free pages up to `capacity`.
  void extend(int64_t capacity);

 private:
  std::vector<int32_t> references_;  // by page
  std::vector<int32_t> free_;        // a stack: the page used last is the likeliest to be in a CPU cache
};

}  // namespace mlxc
