// Tensors that tests/golden/make_training.py recorded in PyTorch.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "graph/function.h"
#include "io/safetensors.h"
#include "ops/elementwise.h"
#include "test_device.h"

namespace mlxc::test {

inline Array golden(const std::string& name) {
  static const auto file = SafetensorsFile::open(std::string(MLXC_TEST_DATA) + "/nn/golden/training.safetensors", LoadMode::copied);
  const auto& tensor = file->at(name);
  return Array::from_data(device(), tensor.bytes.data(), Shape(std::span<const int64_t>(tensor.shape)), tensor.dtype());
}

inline std::vector<double> fetch(const Array& array) {
  std::vector<double> values(size_t(array.size()));
  read(cast(array, DType::f64), values.data(), values.size() * sizeof(double));
  return values;
}

inline void expect_near(const Array& actual, const Array& expected, double tolerance, const std::string& what) {
  const std::vector<double> a = fetch(actual), e = fetch(expected);
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], e[i], tolerance * (1 + std::abs(e[i]))) << what << ", element " << i;
}

}  // namespace mlxc::test
