#include "llm/pages.h"

namespace mlxc {

int32_t PagePool::take() {
  if (free_.empty()) return -1;
  int32_t page = free_.back();
  free_.pop_back();
  references_[size_t(page)] = 1;
  return page;
}

void PagePool::release(int32_t page) {
  if (--references_[size_t(page)] == 0) free_.push_back(page);  // never reallocates: extend() reserved room for every page
}

void PagePool::extend(int64_t capacity) {
  int64_t old = this->capacity();
  if (capacity <= old) return;
  free_.reserve(size_t(capacity));
  references_.resize(size_t(capacity), 0);
  for (int64_t page = capacity - 1; page >= old; --page) free_.push_back(int32_t(page));  // the lowest number comes first
}

}  // namespace mlxc
