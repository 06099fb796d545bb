#include "array/shape.h"

#include <gtest/gtest.h>

#include <vector>

namespace mlxc {
namespace {

TEST(Shape, CountsElementsAndRefusesOverflow) {
  EXPECT_EQ(element_count({}), 1);
  EXPECT_EQ(element_count({2, 3, 4}), 24);
  EXPECT_EQ(element_count({INT64_MAX, 0}), 0);
  EXPECT_THROW(element_count({INT64_MAX, 2}), Error);
  EXPECT_THROW(element_count({INT64_MAX, 2, 0}), Error);
  EXPECT_THROW(element_count({-1}), Error);
}

TEST(Shape, HoldsAtMostSixtyFourDimensions) {
  Shape shape = Dims::filled(kMaxRank, 1);
  EXPECT_THROW(shape.push_back(1), Error);
  EXPECT_THROW(shape.insert(0, 1), Error);
}

TEST(Shape, IsAListOfAnyLength) {
  std::vector<int64_t> expected;
  Shape shape, other{7};
  for (int i = 0; i < kMaxRank; ++i) {
    if (i % 3 == 2) {
      shape.insert(i / 2, i);
      expected.insert(expected.begin() + i / 2, i);
    } else {
      shape.push_back(i);
      expected.push_back(i);
    }
    other = shape;
    const Shape copy = other;
    ASSERT_TRUE(std::equal(copy.begin(), copy.end(), expected.begin(), expected.end())) << to_string(copy);
    ASSERT_EQ(copy.back(), expected.back());
  }
  while (shape.rank() > 1) {
    shape.erase(shape.rank() / 2);
    expected.erase(expected.begin() + long(expected.size() / 2));
    other = Shape{1, 2};
    other = shape;
    ASSERT_TRUE(std::equal(other.begin(), other.end(), expected.begin(), expected.end())) << to_string(other);
  }
}

TEST(Shape, BroadcastsFromTheRight) {
  EXPECT_EQ(broadcast_shapes({3, 1}, {2}), (Shape{3, 2}));
  EXPECT_EQ(broadcast_shapes({}, {4, 5}), (Shape{4, 5}));
  EXPECT_EQ(broadcast_shapes({0}, {1}), (Shape{0}));
  EXPECT_THROW(broadcast_shapes({3}, {2}), Error);
  EXPECT_THROW(broadcast_shapes({0}, {2}), Error);
}

TEST(Shape, NamesBothShapesWhenTheyDoNotFit) {
  try {
    broadcast_shapes({2, 3}, {4});
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "shapes [2, 3] and [4] cannot be broadcast together");
  }
}

TEST(ReshapeStrides, FindsAViewWhereverOneExists) {
  Strides result;
  EXPECT_TRUE(reshape_strides({6, 4}, {8, 1}, {2, 3, 4}, &result));  // rows cut out of wider ones split
  EXPECT_EQ(result, (Strides{24, 8, 1}));
  EXPECT_TRUE(reshape_strides({2, 3, 4}, {24, 8, 1}, {6, 4}, &result));  // and merge again
  EXPECT_EQ(result, (Strides{8, 1}));
  EXPECT_FALSE(reshape_strides({6, 4}, {8, 1}, {24}, &result));
  EXPECT_FALSE(reshape_strides({2, 3}, {1, 2}, {6}, &result));  // transposed
  EXPECT_TRUE(reshape_strides({3}, {-1}, {3, 1}, &result));
  EXPECT_EQ(result[0], -1);
  EXPECT_TRUE(reshape_strides({5, 5}, {0, 0}, {25}, &result));  // one value everywhere
  EXPECT_EQ(result, (Strides{0}));
}

TEST(Contiguity, IgnoresAxesOfOneElement) {
  EXPECT_TRUE(is_contiguous({2, 1, 3}, {3, 99, 1}));
  EXPECT_TRUE(is_contiguous({0, 7}, {1, 1}));
  EXPECT_FALSE(is_contiguous({2, 3}, {1, 2}));
}

}  // namespace
}  // namespace mlxc
