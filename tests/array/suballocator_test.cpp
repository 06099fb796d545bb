#include "array/suballocator.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "base/error.h"

namespace mlxc {
namespace {

constexpr uint64_t kUnit = 256;

TEST(Suballocator, TakesNothingWithoutRegions) {
  Suballocator pieces(kUnit);
  EXPECT_FALSE(pieces.take(1));
  EXPECT_EQ(pieces.total(), 0u);
  EXPECT_EQ(pieces.largest_free(), 0u);
}

TEST(Suballocator, RoundsSizesUpToTheAlignmentAndEmptyOnesToOneUnit) {
  Suballocator pieces(kUnit);
  pieces.add_region(1, 4 * kUnit);
  EXPECT_EQ(pieces.take(1)->offset, 0u);
  EXPECT_EQ(pieces.take(kUnit + 1)->offset, kUnit);
  EXPECT_EQ(pieces.take(0)->offset, 3 * kUnit);
  EXPECT_FALSE(pieces.take(1));
  EXPECT_EQ(pieces.taken(), 4 * kUnit);
}

TEST(Suballocator, ReusesTheSmallestPieceThatIsLargeEnough) {
  Suballocator pieces(kUnit);
  pieces.add_region(1, 16 * kUnit);
  const auto large = pieces.take(8 * kUnit), wall = pieces.take(kUnit), small = pieces.take(2 * kUnit), end = pieces.take(5 * kUnit);
  ASSERT_TRUE(large && wall && small && end);
  pieces.give(*large, 8 * kUnit);
  pieces.give(*small, 2 * kUnit);
  EXPECT_EQ(pieces.take(2 * kUnit)->offset, small->offset);
  EXPECT_EQ(pieces.take(2 * kUnit)->offset, large->offset);
}

TEST(Suballocator, MergesWithFreeNeighboursOnBothSides) {
  for (const std::vector<int>& order : std::vector<std::vector<int>>{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}) {
    Suballocator pieces(kUnit);
    pieces.add_region(7, 3 * kUnit);
    std::vector<Suballocator::Piece> taken;
    for (int i = 0; i < 3; ++i) taken.push_back(*pieces.take(kUnit));
    for (int i : order) pieces.give(taken[size_t(i)], kUnit);
    EXPECT_EQ(pieces.free_pieces(), 1u);
    EXPECT_EQ(pieces.largest_free(), 3 * kUnit);
    EXPECT_TRUE(pieces.is_free(7));
  }
}

TEST(Suballocator, DoesNotMergeAcrossRegions) {
  Suballocator pieces(kUnit);
  pieces.add_region(1, kUnit);
  pieces.add_region(2, kUnit);
  const auto a = pieces.take(kUnit), b = pieces.take(kUnit);
  pieces.give(*a, kUnit);
  pieces.give(*b, kUnit);
  EXPECT_EQ(pieces.free_pieces(), 2u);
  EXPECT_FALSE(pieces.take(2 * kUnit));
}

TEST(Suballocator, RemovesOnlyRegionsThatAreFree) {
  Suballocator pieces(kUnit);
  pieces.add_region(1, 2 * kUnit);
  const auto piece = pieces.take(kUnit);
  EXPECT_FALSE(pieces.is_free(1));
  EXPECT_THROW(pieces.remove_region(1), Error);
  pieces.give(*piece, kUnit);
  EXPECT_TRUE(pieces.is_free(1));
  pieces.remove_region(1);
  EXPECT_EQ(pieces.total(), 0u);
  EXPECT_FALSE(pieces.take(1));
}

TEST(Suballocator, RefusesRegionsThatAreNoneAndSizesThatOverflow) {
  Suballocator pieces(kUnit);
  EXPECT_THROW(pieces.add_region(1, 0), Error);
  EXPECT_THROW(pieces.add_region(1, kUnit + 1), Error);
  pieces.add_region(1, kUnit);
  EXPECT_THROW(pieces.add_region(1, kUnit), Error);
  EXPECT_FALSE(pieces.take(UINT64_MAX));
}

TEST(Suballocator, FindsTheBestPieceAmongManyRegions) {
  constexpr uint64_t regions = 20000;
  Suballocator pieces(kUnit);
  for (uint64_t region = 0; region < regions; ++region) pieces.add_region(region, (region + 1) * kUnit);
  for (uint64_t region = regions; region-- > 0;) EXPECT_EQ(pieces.take((region + 1) * kUnit)->region, region);
  EXPECT_FALSE(pieces.take(1));
  for (uint64_t region = 0; region < regions; ++region) pieces.give({region, 0}, (region + 1) * kUnit);
  EXPECT_EQ(pieces.free_pieces(), regions);
  EXPECT_EQ(pieces.take(777 * kUnit)->region, 776u);
  for (uint64_t region = 777; region < regions; ++region) pieces.remove_region(region);
  EXPECT_EQ(pieces.largest_free(), 776 * kUnit);
}

// Against a map of single units: pieces never overlap, and nothing is lost.
TEST(Suballocator, KeepsPiecesApartOverRandomUse) {
  constexpr uint64_t regions = 3, units = 64;
  Suballocator pieces(kUnit);
  for (uint64_t region = 0; region < regions; ++region) pieces.add_region(region, units * kUnit);
  std::vector<bool> taken(regions * units);
  struct Held {
    Suballocator::Piece piece;
    uint64_t units;
  };
  std::vector<Held> held;
  std::mt19937 random(5);
  for (int round = 0; round < 20000; ++round) {
    if (random() % 5 < 3) {
      const uint64_t count = 1 + random() % 12;
      const auto piece = pieces.take(count * kUnit);
      if (!piece) continue;
      for (uint64_t i = 0; i < count; ++i) {
        const size_t unit = size_t(piece->region * units + piece->offset / kUnit + i);
        ASSERT_LT(piece->offset / kUnit + i, units);
        ASSERT_FALSE(taken[unit]);
        taken[unit] = true;
      }
      held.push_back({*piece, count});
    } else if (!held.empty()) {
      std::swap(held[random() % held.size()], held.back());
      const Held last = held.back();
      held.pop_back();
      for (uint64_t i = 0; i < last.units; ++i) taken[size_t(last.piece.region * units + last.piece.offset / kUnit + i)] = false;
      pieces.give(last.piece, last.units * kUnit);
    }
    ASSERT_EQ(pieces.taken() / kUnit, uint64_t(std::count(taken.begin(), taken.end(), true)));
  }
  for (const Held& last : held) pieces.give(last.piece, last.units * kUnit);
  EXPECT_EQ(pieces.free_pieces(), regions);
}

}  // namespace
}  // namespace mlxc
