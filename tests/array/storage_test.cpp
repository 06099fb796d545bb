#include "array/storage.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>
#include <vector>

#include "base/error.h"

namespace mlxc {
namespace {

int allocations_left = 0;
int blocks = 0;

void* counted_allocate(size_t bytes) {
  if (allocations_left-- <= 0) return nullptr;
  ++blocks;
  return std::aligned_alloc(64, bytes);
}
void counted_release(void* data, size_t) {
  --blocks;
  std::free(data);
}
constexpr MemoryCalls kCounted{counted_allocate, counted_release};

TEST(Allocator, ReusesFreedBlocksAndCountsThem) {
  auto allocator = std::make_shared<Allocator>();
  void* first;
  {
    StoragePtr storage = allocator->allocate(1000);
    first = storage->data();
    EXPECT_EQ(reinterpret_cast<uintptr_t>(first) % 64, 0u);
    EXPECT_GE(storage->bytes(), 1000u);
    EXPECT_EQ(allocator->stats().active, int64_t(storage->bytes()));
  }
  EXPECT_EQ(allocator->stats().active, 0);
  EXPECT_GT(allocator->stats().cached, 0);
  EXPECT_EQ(allocator->allocate(990)->data(), first);
  allocator->release_cache();
  EXPECT_EQ(allocator->stats().cached, 0);
  EXPECT_GT(allocator->stats().peak, 0);
  allocator->reset_peak();
  EXPECT_EQ(allocator->stats().peak, 0);
}

TEST(Allocator, NeverWastesMoreThanAQuarter) {
  auto allocator = std::make_shared<Allocator>();
  for (size_t bytes = 1000; bytes < (size_t{1} << 24); bytes = bytes * 5 / 4 + 1) {
    size_t given = allocator->allocate(bytes)->bytes();
    EXPECT_GE(given, bytes);
    EXPECT_LE(double(given), double(bytes) * 1.26);
  }
}

TEST(Allocator, GivesTheCacheBackBeforeItFails) {
  allocations_left = 1;
  auto allocator = std::make_shared<Allocator>(kCounted);
  allocator->allocate(1000).reset();  // now cached
  EXPECT_EQ(blocks, 1);
  allocations_left = 0;
  EXPECT_THROW(allocator->allocate(5000), Error);
  EXPECT_EQ(blocks, 0);  // the cache was released in the attempt
  EXPECT_EQ(allocator->stats().active, 0);
  allocations_left = 1;
  EXPECT_NE(allocator->allocate(5000), nullptr);  // and it goes on afterwards
}

TEST(Allocator, KeepsItsCacheWithinTheLimit) {
  allocations_left = 1000;
  auto allocator = std::make_shared<Allocator>(kCounted, 4096);
  std::vector<StoragePtr> storages;
  for (int i = 0; i < 10; ++i) storages.push_back(allocator->allocate(1024));
  storages.clear();
  EXPECT_LE(allocator->stats().cached, 4096);
  EXPECT_EQ(blocks, 4);
  allocator->set_cache_limit(0);
  EXPECT_EQ(blocks, 0);
}

TEST(Allocator, RefusesSizesBeyondTheAddressSpace) {
  auto allocator = std::make_shared<Allocator>();
  try {
    allocator->allocate(SIZE_MAX);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::out_of_memory);
  }
}

TEST(Allocator, ServesManyThreads) {
  auto allocator = std::make_shared<Allocator>();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) allocator->allocate(size_t(i % 7 + 1) * 300);
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(allocator->stats().active, 0);
}

TEST(Storage, BorrowedMemoryKeepsItsOwnerAndIsReadOnly) {
  auto owner = std::make_shared<std::vector<char>>(100);
  Storage storage(owner->data(), owner->size(), std::shared_ptr<const void>(owner));
  EXPECT_FALSE(storage.writable());
  EXPECT_EQ(owner.use_count(), 2);
}

}  // namespace
}  // namespace mlxc
