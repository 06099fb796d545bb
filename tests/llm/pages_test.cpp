#include "llm/pages.h"

#include <gtest/gtest.h>

#include <set>

namespace mlxc {
namespace {

TEST(PagePool, HandsOutEachPageOnceUntilItIsReleased) {
  PagePool pool;
  EXPECT_EQ(pool.take(), -1);
  pool.extend(3);
  std::set<int32_t> pages{pool.take(), pool.take(), pool.take()};
  EXPECT_EQ(pages, (std::set<int32_t>{0, 1, 2}));
  EXPECT_EQ(pool.take(), -1);
  EXPECT_EQ(pool.used(), 3);
  pool.release(1);
  EXPECT_EQ(pool.used(), 2);
  EXPECT_EQ(pool.take(), 1);
}

TEST(PagePool, FreesASharedPageWithItsLastReference) {
  PagePool pool;
  pool.extend(1);
  int32_t page = pool.take();
  EXPECT_FALSE(pool.shared(page));
  pool.retain(page);
  EXPECT_TRUE(pool.shared(page));
  pool.release(page);
  EXPECT_FALSE(pool.shared(page));
  EXPECT_EQ(pool.used(), 1);
  pool.release(page);
  EXPECT_EQ(pool.used(), 0);
}

TEST(PagePool, ExtendingKeepsPagesInUse) {
  PagePool pool;
  pool.extend(2);
  int32_t first = pool.take();
  pool.extend(1);  // never shrinks
  pool.extend(4);
  EXPECT_EQ(pool.capacity(), 4);
  std::set<int32_t> others{pool.take(), pool.take(), pool.take()};
  EXPECT_EQ(others.size(), 3u);
  EXPECT_EQ(others.count(first), 0u);
  EXPECT_EQ(pool.take(), -1);
}

}  // namespace
}  // namespace mlxc
