// Gradients of batch_norm, first and second, also by way of the statistics that it returns, and of its gated form.
#include "ops/batch_norm.h"

#include "finite_differences.h"

namespace mlxc::test {
namespace {

Array squared(const Array& x) { return x * x; }

const std::vector<Shape>& shapes() {
  static const std::vector<Shape> all{{3, 2, 4}, {2, 3, 2, 3}, {5, 2}, {2, 1, 2, 1, 3}};
  return all;
}
Arrays inputs_of(const Shape& shape) { return {drawn(shape), drawn({shape[1]}, 0.5, 1.5, 2), drawn({shape[1]}, -1, 1, 3)}; }

TEST(BatchNormGradient, MatchesDifferences) {
  for (const Shape& shape : shapes()) {
    check_gradient([](const Arrays& in) { return squared(batch_normalization(in[0], in[1], in[2], 0.1).y); }, inputs_of(shape),
                   to_string(shape), 1e-6);
    check_gradient([](const Arrays& in) { return squared(batch_normalization(in[0], {}, {}, 0.1).y + 1); }, {drawn(shape)},
                   "without weight", 1e-6);
    check_gradient([](const Arrays& in) { return squared(batch_normalization(in[0], in[1], {}, 0.1).y + 1); },
                   {drawn(shape), drawn({shape[1]}, 0.5, 1.5, 2)}, "without bias", 1e-6);
  }
}

TEST(BatchNormGradient, OfTheStatisticsMatchesDifferences) {
  for (const Shape& shape : shapes())
    check_gradient(
        [](const Arrays& in) {
          const BatchNormResult norm = batch_normalization(in[0], in[1], in[2], 0.1);
          return squared(norm.mean) + norm.variance * 3 + weighted(squared(norm.y));
        },
        inputs_of(shape), to_string(shape), 1e-6);
}

TEST(BatchNormGradient, OfTheGradientMatchesDifferences) {
  for (const Shape& shape : shapes())
    for (int wrt : {0, 1}) {
      auto slopes = [&](const Arrays& in) {
        return squared(grad({weighted(unary(UnaryOp::tanh, batch_normalization(in[0], in[1], in[2], 0.1).y))}, {in[size_t(wrt)]})[0]);
      };
      check_gradient(slopes, inputs_of(shape), to_string(shape), 1e-5);
    }
}

// What a pattern makes of the gradient of a relu computes the same.
TEST(BatchNormGradient, GatedIsTheProductWithTheReluOfY) {
  for (const Shape& shape : shapes()) {
    const Arrays in = inputs_of(shape);
    const Array g = drawn(shape, -1, 1, 4), gate = drawn(shape, -1, 1, 5);
    const BatchNormResult norm = batch_normalization(in[0], in[1], in[2], 0.1);
    BatchNormGradient gated(true, 0.1);
    const Array open = cast(binary(BinaryOp::greater, gate, scalar_like(gate, 0)), DType::f64);
    const Arrays want = apply_all(std::make_shared<const BatchNormGradient>(gated), {in[0], norm.mean, norm.variance, g * open, in[1]});
    gated.gated = true;
    const Arrays got = apply_all(std::make_shared<const BatchNormGradient>(gated), {in[0], norm.mean, norm.variance, g, in[1], gate});
    for (size_t i = 0; i < want.size(); ++i) EXPECT_EQ(fetch(got[i]), fetch(want[i])) << to_string(shape) << " output " << i;
  }
}

}  // namespace
}  // namespace mlxc::test
