#include "array/dtype.h"

#include <gtest/gtest.h>

#include <cmath>

namespace mlxc {
namespace {

// What IEEE 754 asks: among the neighbouring representable values the nearest, and of two equally near the even one.
template <class Half>
void expect_nearest(float value) {
  Half rounded(value);
  double error = std::abs(double(float(rounded)) - double(value));
  for (int step : {-1, 1}) {
    Half neighbour;
    neighbour.bits = uint16_t(rounded.bits + step);
    double other = std::abs(double(float(neighbour)) - double(value));
    if (std::isnan(other) || std::isinf(other)) continue;
    EXPECT_LE(error, other) << value;
    if (error == other) {
      EXPECT_EQ(rounded.bits & 1, 0) << value;
    }
  }
}

TEST(Float16, EveryBitPatternSurvivesTheWayThroughFloat32) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    float16 value;
    value.bits = uint16_t(bits);
    float wide = float(value);
    if (std::isnan(wide)) {
      EXPECT_TRUE(std::isnan(float(float16(wide))));
    } else {
      EXPECT_EQ(float16(wide).bits, bits);
    }
  }
}

TEST(Float16, RoundsToTheNearestEven) {
  for (uint32_t bits = 0; bits < 0x10000; bits += 7) {
    float16 value;
    value.bits = uint16_t(bits);
    float wide = float(value);
    if (!std::isfinite(wide) || std::abs(wide) > 60000) continue;
    for (float factor : {1.0f, 1.0003f, 1.00048828125f, 0.9997f}) expect_nearest<float16>(wide * factor);
  }
  EXPECT_EQ(float16(65519.0f).bits, 0x7bff);
  EXPECT_EQ(float16(65520.0f).bits, 0x7c00);
  EXPECT_EQ(float16(-1e10f).bits, 0xfc00);
  EXPECT_EQ(float16(std::ldexp(1.0f, -25)).bits, 0);
}

TEST(BFloat16, RoundsToTheNearestEvenAndKeepsSpecialValues) {
  for (uint32_t bits = 0; bits < 0x7f00; bits += 3) {
    bfloat16 value;
    value.bits = uint16_t(bits);
    for (float factor : {1.0f, 1.003f, 1.00390625f}) expect_nearest<bfloat16>(float(value) * factor);
  }
  EXPECT_TRUE(std::isnan(float(bfloat16(NAN))));
  EXPECT_EQ(bfloat16(INFINITY).bits, 0x7f80);
  EXPECT_EQ(bfloat16(-0.0f).bits, 0x8000);
}

TEST(Promotion, IsCommutativeAndFollowsTheArrayApi) {
  for (int a = 0; a < kDTypeCount; ++a)
    for (int b = 0; b < kDTypeCount; ++b) EXPECT_EQ(promote(DType(a), DType(b)), promote(DType(b), DType(a)));
  EXPECT_EQ(promote(DType::u8, DType::i8), DType::i16);
  EXPECT_EQ(promote(DType::u32, DType::i8), DType::i64);
  EXPECT_EQ(promote(DType::u64, DType::i64), DType::f64);
  EXPECT_EQ(promote(DType::f32, DType::f64), DType::f64);
  EXPECT_EQ(promote(DType::boolean, DType::f16), DType::f16);
}

}  // namespace
}  // namespace mlxc
