// Gradients against central finite differences in float64.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include "backend/cpu/cpu_device.h"
#include "graph/function.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"

namespace mlxc::test {

using Formula = std::function<Array(const Arrays&)>;

inline Array make(const std::vector<double>& values, const Shape& shape, DType dtype = DType::f64) {
  Array array = cast(Array::from_vector<double>(cpu_device(), values, shape, DType::f64), dtype);
  eval({array});
  return array;
}

inline std::vector<double> fetch(const Array& array) {
  std::vector<double> values(size_t(array.size()));
  read(cast(array, DType::f64), values.data(), values.size() * sizeof(double));
  return values;
}

// Values in [low, high] that no test repeats by accident.
inline std::vector<double> draw(int64_t count, double low, double high, uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(low, high);
  std::vector<double> values(static_cast<size_t>(count));
  for (double& value : values) value = uniform(random);
  return values;
}
inline Array drawn(const Shape& shape, double low = -1, double high = 1, uint64_t seed = 1) {
  return make(draw(element_count(shape), low, high, seed), shape);
}

inline void expect_near(const std::vector<double>& actual, const std::vector<double>& expected, double tolerance, const std::string& what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (size_t i = 0; i < actual.size(); ++i)
    ASSERT_NEAR(actual[i], expected[i], tolerance * (1 + std::abs(expected[i]))) << what << ", element " << i;
}

// The gradient of sum(weights * formula(inputs)), for weights without symmetry.
inline Array weighted(const Array& y) {
  return reduce(ReduceOp::sum, cast(y, DType::f64) * make(draw(y.size(), 0.5, 1.5, 99), y.shape()), {}, false);
}

inline std::vector<std::vector<double>> finite_differences(const Formula& formula, const Arrays& inputs) {
  constexpr double kStep = 1e-5;
  std::vector<std::vector<double>> slopes;
  for (size_t i = 0; i < inputs.size(); ++i) {
    slopes.emplace_back();
    if (!is_float(inputs[i].dtype())) continue;
    const std::vector<double> values = fetch(inputs[i]);
    for (size_t element = 0; element < values.size(); ++element) {
      auto loss = [&](double shift) {
        std::vector<double> moved = values;
        moved[element] += shift;
        Arrays at = inputs;
        at[i] = make(moved, inputs[i].shape());
        return fetch(weighted(formula(at)))[0];
      };
      slopes.back().push_back((loss(kStep) - loss(-kStep)) / (2 * kStep));
    }
  }
  return slopes;
}

// `inputs` are float64 leaves (and integers, which have no gradient). The gradient is that of `formula` on inputs of `dtype`; what it is
// compared with are the differences of `reference`, which defaults to the same formula.
inline void check_gradient(const Formula& formula, const Arrays& inputs, const std::string& what, double tolerance = 1e-7,
                           DType dtype = DType::f64, const Formula& reference = nullptr) {
  Arrays at, wrt;
  for (const Array& input : inputs) {
    at.push_back(is_float(input.dtype()) ? make(fetch(input), input.shape(), dtype) : input);
    if (is_float(input.dtype())) wrt.push_back(at.back());
  }
  const Arrays gradients = grad({weighted(formula(at))}, wrt);
  const auto expected = finite_differences(reference ? reference : formula, inputs);
  for (size_t i = 0, next = 0; i < inputs.size(); ++i)
    if (is_float(inputs[i].dtype())) expect_near(fetch(gradients[next++]), expected[i], tolerance, what + ", input " + std::to_string(i));
}

// Ways to look at a leaf of shape [4, 6]: as it lies, strided and reversed, and repeated.
struct View {
  const char* name;
  std::function<Array(const Array&)> of;
};
inline const std::vector<View> kViews{
    {"contiguous", [](const Array& x) { return x; }},
    {"strided",
     [](const Array& x) {
       return slice(transpose(x), {-1, 0}, {INT64_MIN, 4}, {-2, 1});
     }},
    {"broadcast",
     [](const Array& x) {
       return broadcast_to(slice_axis(x, 0, 1, 2), {3, 2, 6});
     }},
};

}  // namespace mlxc::test
