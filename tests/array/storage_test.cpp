#include "array/storage.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
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

constexpr size_t kMiB = size_t{1} << 20;

std::shared_ptr<Allocator> counted_allocator(int allocations, size_t cache_limit = Allocator::kCacheLimit) {
  allocations_left = allocations;
  blocks = 0;
  return std::make_shared<Allocator>(kCounted, cache_limit);
}

void expect_out_of_memory(Allocator& allocator, size_t bytes) {
  try {
    allocator.allocate(bytes);
    ADD_FAILURE() << bytes << " bytes were given";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::out_of_memory);
    EXPECT_NE(std::string(error.what()).find(std::to_string(Allocator::rounded(bytes))), std::string::npos) << error.what();
  }
}

TEST(Allocator, ReusesFreedBlocksAndCountsThem) {
  auto allocator = std::make_shared<Allocator>();
  void* first;
  {
    StoragePtr storage = allocator->allocate(1000);
    first = storage->data();
    EXPECT_EQ(reinterpret_cast<uintptr_t>(first) % 64, 0u);
    EXPECT_GE(storage->bytes(), 1000u);
    EXPECT_EQ(allocator->stats().active, int64_t(storage->bytes()));
    EXPECT_EQ(allocator->stats().requested, 1000);
  }
  EXPECT_EQ(allocator->stats().active, 0);
  EXPECT_EQ(allocator->stats().requested, 0);
  EXPECT_EQ(allocator->stats().cached, allocator->stats().reserved);
  EXPECT_GT(allocator->stats().cached, 0);
  EXPECT_EQ(allocator->allocate(990)->data(), first);
  EXPECT_EQ(allocator->stats().misses, 1);
  EXPECT_EQ(allocator->stats().hits, 1);
  allocator->release_cache();
  EXPECT_EQ(allocator->stats().cached, 0);
  EXPECT_EQ(allocator->stats().reserved, 0);
  EXPECT_GT(allocator->stats().peak, 0);
  allocator->reset_peak();
  EXPECT_EQ(allocator->stats().peak, 0);
}

TEST(Allocator, WastesASixteenthAtMostAndLessThanAPageOfLargeSizes) {
  auto allocator = std::make_shared<Allocator>();
  for (size_t bytes = 5000; bytes < 64 * kMiB; bytes = bytes * 5 / 4 + 1) {
    const size_t given = allocator->allocate(bytes)->bytes();
    EXPECT_GE(given, bytes);
    if (bytes > kMiB)
      EXPECT_LT(given, bytes + 4096);
    else
      EXPECT_LE(double(given), double(bytes) * 1.0626);
  }
}

TEST(Allocator, CutsLargePiecesAndJoinsThemAgain) {
  auto allocator = counted_allocator(1);
  allocator->allocate(64 * kMiB).reset();
  std::vector<StoragePtr> parts;
  for (int i = 0; i < 4; ++i) parts.push_back(allocator->allocate(15 * kMiB));
  parts.clear();
  EXPECT_NE(allocator->allocate(64 * kMiB), nullptr);
  EXPECT_EQ(blocks, 1);
  EXPECT_EQ(allocator->stats().hits, 5);
  EXPECT_EQ(allocator->stats().misses, 1);
}

TEST(Allocator, SmallArraysHoldNoBlock) {
  auto allocator = counted_allocator(100);
  std::vector<StoragePtr> small;
  allocator->allocate(16 * kMiB).reset();
  for (int i = 0; i < 20; ++i) small.push_back(allocator->allocate(4000));
  allocator->release_cache();
  EXPECT_EQ(blocks, 20);
  EXPECT_EQ(allocator->stats().cached, 0);
  for (int i = 0; i < 3; ++i) {  // what was small before is found again, whatever happens to large ones
    small.clear();
    allocator->allocate((20 + size_t(i)) * kMiB).reset();
    for (int k = 0; k < 20; ++k) small.push_back(allocator->allocate(4000));
  }
  EXPECT_EQ(allocator->stats().misses, 1 + 20 + 3);
}

// Also what lies around live arrays, by pages; it is memory again when it is asked for.
TEST(Allocator, ReleasesEverythingThatNoArrayHolds) {
  auto allocator = std::make_shared<Allocator>();
  std::vector<StoragePtr> all;
  for (int i = 0; i < 400; ++i) {
    all.push_back(allocator->allocate(size_t(100) << (i % 17)));
    std::memset(all.back()->data(), i % 251, all.back()->bytes());
  }
  for (size_t i = 0; i < all.size(); ++i)
    if (i % 7) all[i].reset();
  EXPECT_GT(allocator->stats().cached, 0);
  allocator->release_cache();
  EXPECT_EQ(allocator->stats().cached, 0);
#if !defined(__SANITIZE_ADDRESS__)  // with it, guards lie between the pieces
  EXPECT_EQ(allocator->stats().reserved, allocator->stats().active);
#endif
  const int64_t hits = allocator->stats().hits;
  for (size_t i = 0; i < all.size(); ++i)
    if (!all[i]) all[i] = allocator->allocate(size_t(100) << (i % 17));
  EXPECT_GT(allocator->stats().hits, hits) << "room beside live arrays is used again";
  EXPECT_GE(allocator->stats().cached, 0);
  for (size_t i = 0; i < all.size(); i += 7)
    EXPECT_EQ(std::to_integer<int>(all[i]->data()[all[i]->bytes() - 1]), int(i % 251)) << "what is held was given away";
  all.clear();
  allocator->release_cache();
  EXPECT_EQ(allocator->stats().reserved, 0);
}

TEST(Allocator, OutlivesItsOwnersWhileAnArrayIsHeld) {
  auto allocator = counted_allocator(10);
  StoragePtr kept = allocator->allocate(kMiB);
  allocator->allocate(100).reset();
  allocator.reset();
  EXPECT_GT(blocks, 0);
  kept->data()[0] = std::byte(1);
  kept.reset();
  EXPECT_EQ(blocks, 0);
}

TEST(Allocator, GivesTheCacheBackBeforeItFails) {
  auto allocator = counted_allocator(1);
  allocator->allocate(1000).reset();  // now cached
  EXPECT_EQ(blocks, 1);
  allocations_left = 0;
  expect_out_of_memory(*allocator, 50 * kMiB);
  EXPECT_EQ(blocks, 0);  // the cache was released in the attempt
  EXPECT_EQ(allocator->stats().active, 0);
  allocations_left = 1;
  EXPECT_NE(allocator->allocate(50 * kMiB), nullptr);  // and it goes on afterwards
}

TEST(Allocator, StaysWithinItsLimitAndServesTheNextSmallerRequest) {
  auto allocator = std::make_shared<Allocator>();
  allocator->set_limit(10 * kMiB);
  const StoragePtr kept = allocator->allocate(6 * kMiB);
  expect_out_of_memory(*allocator, 5 * kMiB);
  EXPECT_NE(allocator->allocate(4 * kMiB), nullptr);
  EXPECT_EQ(allocator->stats().limit, int64_t(10 * kMiB));
  EXPECT_EQ(allocator->stats().active, int64_t(6 * kMiB));
  allocator->set_limit(0);
  EXPECT_NE(allocator->allocate(50 * kMiB), nullptr);
}

TEST(Allocator, KeepsItsCacheWithinTheLimit) {
  auto allocator = counted_allocator(1000, 40 * kMiB);
  std::vector<StoragePtr> storages;
  for (int i = 0; i < 10; ++i) storages.push_back(allocator->allocate(10 * kMiB));
  storages.clear();
  EXPECT_LE(allocator->stats().cached, int64_t(40 * kMiB));
  EXPECT_GT(blocks, 0);
  allocator->trim(10 * kMiB);
  EXPECT_LE(allocator->stats().cached, int64_t(10 * kMiB));
  allocator->set_cache_limit(0);
  EXPECT_EQ(blocks, 0);
  allocator->allocate(1000).reset();
  EXPECT_EQ(blocks, 0);
}

TEST(Allocator, GrowsNoFurtherWhenALoopRepeatsItself) {
  auto allocator = counted_allocator(1000);
  int64_t misses = 0, reserved = 0;
  for (int round = 0; round < 20; ++round) {
    std::vector<StoragePtr> kept;
    for (size_t bytes : {300u, 70'000u, 3'000'000u, 12'000'000u, 40'000'000u, 9'000'000u}) {
      kept.push_back(allocator->allocate(bytes));
      allocator->allocate(bytes * 2).reset();
    }
    if (round == 2) {
      misses = allocator->stats().misses;
      reserved = allocator->stats().reserved;
    }
  }
  EXPECT_EQ(allocator->stats().misses, misses);
  EXPECT_EQ(allocator->stats().reserved, reserved);
}

// Against what is written into the pieces: none overlap, whatever was cut and joined.
TEST(Allocator, KeepsPiecesApartOverRandomUse) {
  auto allocator = std::make_shared<Allocator>(host_memory_calls(), 8 * kMiB);
  std::mt19937 random(11);
  std::vector<std::pair<StoragePtr, uint8_t>> held;
  for (int round = 0; round < 4000; ++round) {
    if (random() % 5 < 3 && held.size() < 200) {
      const size_t bytes = random() % 3 ? random() % 100'000 : random() % 300'000;
      StoragePtr storage = allocator->allocate(bytes + 1);
      const auto mark = uint8_t(random());
      storage->data()[0] = storage->data()[bytes] = std::byte(mark);
      held.emplace_back(std::move(storage), mark);
      std::memset(held.back().first->data(), mark, bytes + 1);
    } else if (!held.empty()) {
      std::swap(held[random() % held.size()], held.back());
      const auto& [storage, mark] = held.back();
      ASSERT_EQ(storage->data()[0], std::byte(mark));
      held.pop_back();
    }
  }
  held.clear();
  EXPECT_EQ(allocator->stats().active, 0);
  allocator->release_cache();
  EXPECT_EQ(allocator->stats().reserved, 0);
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
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) {
        const StoragePtr small = allocator->allocate(size_t(i % 7 + 1) * 300), large = allocator->allocate(size_t(i % 5 + 1) * 100'000);
        small->data()[0] = large->data()[0] = std::byte(1);
        if (i % 100 == t) allocator->release_cache();
        if (i % 50 == t) {
          EXPECT_GE(allocator->stats().cached, 0);
        }
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(allocator->stats().active, 0);
  EXPECT_EQ(allocator->stats().hits + allocator->stats().misses, 4 * 500 * 2);
}

TEST(Storage, BorrowedMemoryKeepsItsOwnerAndIsReadOnly) {
  auto owner = std::make_shared<std::vector<char>>(100);
  Storage storage(owner->data(), owner->size(), std::shared_ptr<const void>(owner));
  EXPECT_FALSE(storage.writable());
  EXPECT_EQ(owner.use_count(), 2);
}

}  // namespace
}  // namespace mlxc
