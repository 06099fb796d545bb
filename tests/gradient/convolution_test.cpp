// Gradients of convolutions and pools, first and second, and the compositions that stand in for their kernels.
#include "ops/convolution.h"

#include "finite_differences.h"
#include "ops/pool.h"

namespace mlxc::test {
namespace {

Array squared(const Array& x) { return x * x; }

struct Case {
  const char* name;
  Shape x, weight;
  ConvolutionShape shape;
};
const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"image", {2, 2, 4, 5}, {3, 2, 3, 3}, {.stride = {}, .padding = {1, 1}, .dilation = {}}},
      {"strided", {1, 2, 5, 6}, {2, 2, 3, 2}, {.stride = {2, 3}, .padding = {1, 0}, .dilation = {}}},
      {"groups", {2, 4, 4, 3}, {4, 2, 2, 2}, {.stride = {}, .padding = {}, .dilation = {2, 1}, .groups = 2}},
      {"signal", {2, 2, 9}, {3, 2, 3}, {.stride = {2}, .padding = {2}, .dilation = {2}}},
      {"volume", {1, 2, 3, 3, 4}, {2, 2, 2, 2, 2}, {.stride = {1, 2, 1}, .padding = {0, 1, 0}, .dilation = {}}},
  };
  return all;
}

TEST(ConvolutionGradient, MatchesDifferences) {
  for (const Case& c : cases()) {
    const Arrays inputs{drawn(c.x), drawn(c.weight, -1, 1, 2), drawn({c.weight[0]}, -1, 1, 3)};
    check_gradient([&](const Arrays& in) { return squared(convolution(in[0], in[1], in[2], c.shape)); }, inputs, c.name, 1e-6);
  }
}

TEST(ConvolutionGradient, OfTheTransposedOneMatchesDifferences) {
  for (const Case& c : cases()) {
    Shape x = c.x;
    x[1] = c.weight[0];
    const Arrays inputs{drawn(x), drawn(c.weight, -1, 1, 2), drawn({c.weight[1] * c.shape.groups}, -1, 1, 3)};
    check_gradient([&](const Arrays& in) { return squared(transposed_convolution(in[0], in[1], in[2], c.shape, {})); }, inputs, c.name,
                   1e-6);
  }
}

// Output padding may reach as far as another window would begin, where the dilation is more than the stride.
TEST(ConvolutionGradient, OfOutputPaddingMatchesDifferences) {
  const ConvolutionShape shape{.stride = {1, 2}, .padding = {1, 0}, .dilation = {3, 3}};
  for (const Dims& extra : {Dims{1, 1}, Dims{2, 2}}) {
    auto formula = [&](const Arrays& in) { return squared(transposed_convolution(in[0], in[1], {}, shape, extra)); };
    const Arrays inputs{drawn({2, 2, 3, 4}), drawn({2, 3, 2, 2}, -1, 1, 2)};
    check_gradient(formula, inputs, "output padding", 1e-6);
    auto slopes = [&](const Arrays& in) { return squared(grad({weighted(formula(in))}, {in[0]})[0]); };
    check_gradient(slopes, inputs, "output padding, second", 1e-5);
  }
}

TEST(ConvolutionGradient, OfTheGradientMatchesDifferences) {
  for (const Case& c : cases()) {
    const Arrays inputs{drawn(c.x), drawn(c.weight, -1, 1, 2), drawn({c.weight[0]}, -1, 1, 3)};
    auto slopes = [&](const Arrays& in) {
      const Arrays first = grad({weighted(squared(convolution(in[0], in[1], in[2], c.shape)))}, in);
      return concatenate({reshape(squared(first[0]), {-1}), reshape(squared(first[1]), {-1}), reshape(first[2], {-1})}, 0);
    };
    check_gradient(slopes, inputs, c.name, 1e-5);
  }
}

TEST(PoolGradient, MatchesDifferences) {
  const PoolShape halves{.kernel = {2, 2}, .stride = {}, .padding = {}, .dilation = {}},
      overlapping{.kernel = {3, 2}, .stride = {1, 2}, .padding = {1, 1}, .dilation = {1, 2}};
  const Array x = drawn({2, 2, 5, 6});
  for (const PoolShape& shape : {halves, overlapping}) {
    const Formula pools[] = {[&](const Arrays& in) { return squared(max_pool(in[0], shape)); },
                             [&](const Arrays& in) { return squared(average_pool(in[0], shape, true)); },
                             [&](const Arrays& in) { return squared(average_pool(in[0], shape, false)); }};
    for (const Formula& pool : pools) {
      check_gradient(pool, {x}, "pool");
      check_gradient([&](const Arrays& in) { return squared(grad({weighted(pool(in))}, in)[0]); }, {x}, "gradient of a pool", 1e-6);
    }
  }
}

void expect_composition(const Array& result, const std::string& what) {
  const Node& node = *result.node();
  const Arrays composed = node.primitive().compose(node.inputs());
  ASSERT_EQ(composed.size(), node.outputs().size()) << what;
  for (uint32_t i = 0; i < composed.size(); ++i)
    expect_near(fetch(composed[i]), fetch(Array(result.node(), i)), 1e-12, cat(what, ", output ", i));
}

TEST(Composition, IsWhatTheKernelsOfConvolutionsCompute) {
  for (const Case& c : cases()) {
    const Array x = drawn(c.x), weight = drawn(c.weight, -1, 1, 2), bias = drawn({c.weight[0]}, -1, 1, 3);
    const Array y = convolution(x, weight, bias, c.shape);
    const Arrays back = y.node()->primitive().vjp({x, weight, bias}, {y}, {drawn(y.shape(), -1, 1, 4)});
    expect_composition(y, c.name);
    expect_composition(back[0], cat(c.name, ", gradient of x"));
    expect_composition(back[1], cat(c.name, ", gradient of the weight"));
  }
}

TEST(Composition, IsWhatTheKernelsOfPoolsCompute) {
  const PoolShape shape{.kernel = {3, 2}, .stride = {2, 1}, .padding = {1, 1}, .dilation = {1, 2}};
  std::vector<double> values = draw(2 * 2 * 5 * 6, -2, 3);
  for (double& value : values) value = std::floor(value);  // equal elements: the first one counts
  const Array x = make(values, {2, 2, 5, 6});
  const Array results[] = {max_pool(x, shape), average_pool(x, shape, true), average_pool(x, shape, false)};
  for (const Array& y : results) {
    const Array g = drawn(y.shape());
    const Array back = y.node()->primitive().vjp({x}, {y}, {g})[0];
    const Array again = back.node()->primitive().vjp(back.node()->inputs(), {back}, {drawn(x.shape(), -1, 1, 5)})[0];
    for (const Array& each : {y, back, again}) expect_composition(each, std::string(each.node()->primitive().name()));
  }
}

}  // namespace
}  // namespace mlxc::test
