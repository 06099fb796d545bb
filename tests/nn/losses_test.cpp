// Losses, and what models are composed of, against PyTorch: values and gradients.
#include "nn/losses.h"

#include <functional>

#include "golden.h"
#include "ops/arrange.h"
#include "ops/attention.h"
#include "ops/batch_norm.h"
#include "ops/convolution.h"
#include "ops/gradient.h"
#include "ops/matmul.h"
#include "ops/normalization.h"
#include "ops/pool.h"
#include "ops/recurrent.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"

namespace mlxc::test {
namespace {

Array sum(const Array& x) { return reduce(ReduceOp::sum, x, {}, false); }

// The output and the gradients of its sum with respect to `names`.
void check(const std::string& name, const std::vector<std::string>& names, const std::function<Array(const Arrays&)>& formula,
           double tolerance = 1e-5) {
  Arrays inputs;
  for (const std::string& input : names) inputs.push_back(golden(name + "/" + input));
  const Array output = formula(inputs);
  expect_near(output, golden(name + "/output"), tolerance, name);
  const Arrays gradients = grad({sum(output)}, inputs);
  for (size_t i = 0; i < names.size(); ++i)
    expect_near(gradients[i], golden(name + "/grad_" + names[i]), tolerance, name + " by " + names[i]);
}
Array project(const Array& x, const Array& w, const Array& b) { return linear(x, {w}, b ? Arrays{b} : Arrays{}, Precision::high)[0]; }

TEST(Losses, MatchPyTorch) {
  auto target = [](const char* name) { return golden(std::string(name) + "/t"); };
  check("mse", {"x"}, [&](const Arrays& in) { return nn::squared_error(in[0], target("mse")); });
  check("mae", {"x"}, [&](const Arrays& in) { return nn::absolute_error(in[0], target("mae")); });
  check("huber", {"x"}, [&](const Arrays& in) { return nn::huber(in[0], target("huber"), 0.7); });
  check("ce", {"x"}, [&](const Arrays& in) { return nn::cross_entropy(in[0], target("ce")); });
  check("ce_none", {"x"}, [&](const Arrays& in) { return nn::cross_entropy(in[0], target("ce"), {.reduction = nn::Reduction::none}); });
  check("ce_smooth", {"x"}, [&](const Arrays& in) { return nn::cross_entropy(in[0], target("ce_smooth"), {.label_smoothing = 0.1}); });
  check("ce_probabilities", {"x"},
        [&](const Arrays& in) { return nn::cross_entropy(in[0], target("ce_probabilities"), {.label_smoothing = 0.2}); });
  check("bce", {"x"}, [&](const Arrays& in) { return nn::binary_cross_entropy(in[0], target("bce")); });
  check("bce_weighted", {"x"},
        [&](const Arrays& in) { return nn::binary_cross_entropy(in[0], target("bce_weighted"), golden("bce_weighted/w")); });
  check("kl", {"x"}, [&](const Arrays& in) { return nn::kl_divergence(in[0], target("kl")); });
}

TEST(Losses, AreFiniteWhereTheDirectFormulaIsNot) {
  Device& device = test::device();
  const Array x = Array::from_vector<float>(device, {-200, 0, 200}, {3}, DType::f32),
              t = Array::from_vector<float>(device, {0, 0.25f, 1}, {3}, DType::f32);
  const Array loss = nn::binary_cross_entropy(x, t, {}, nn::Reduction::sum);
  EXPECT_NEAR(fetch(loss)[0], std::log(2.0), 1e-6);
  EXPECT_EQ(fetch(grad({loss}, {x})[0]), (std::vector<double>{0, 0.25, 0}));
  const Array none = Array::from_vector<int32_t>(device, {-100, -100, -100}, {3}, DType::i32);
  EXPECT_EQ(fetch(nn::cross_entropy(reshape(x, {3, 1}), none))[0], 0);
}

TEST(Losses, ShowAnIndexThatIsNoClassAndLearnNothingFromIt) {
  Device& device = test::device();
  const Array x = Array::from_vector<float>(device, {1, 2, 3, 4, 5, 6, 7, 8}, {4, 2}, DType::f32),
              t = Array::from_vector<int64_t>(device, {1, 2, -1, -100}, {4}, DType::i64);
  for (const double smoothing : {0.0, 0.1}) {
    const Array loss = nn::cross_entropy(x, t, {.label_smoothing = smoothing, .reduction = nn::Reduction::none});
    const std::vector<double> values = fetch(loss), slopes = fetch(grad({sum(loss)}, {x})[0]);
    EXPECT_GT(values[0], 0);
    EXPECT_TRUE(std::isnan(values[1]) && std::isnan(values[2]));
    EXPECT_EQ(values[3], 0);
    EXPECT_NE(slopes[0], 0);
    EXPECT_EQ((std::vector<double>(slopes.begin() + 2, slopes.end())), (std::vector<double>(6, 0)));
  }
}

TEST(Losses, IndicesPast32BitsAreNoClasses) {
  const Array x = Array::from_vector<float>(device(), {1, 2, 3, 1, 2, 3}, {2, 3}, DType::f32);
  for (const Array& t : {Array::from_vector<int64_t>(device(), {(int64_t{1} << 32) + 1, 2}, {2}, DType::i64),
                         Array::from_vector<int64_t>(device(), {1 - (int64_t{1} << 32), 2}, {2}, DType::i64),
                         Array::from_vector<uint32_t>(device(), {uint32_t(-100), 2}, {2}, DType::u32)}) {
    const std::vector<double> values = fetch(nn::cross_entropy(x, t, {.reduction = nn::Reduction::none}));
    EXPECT_TRUE(std::isnan(values[0]));
    EXPECT_NEAR(values[1], std::log(1 + std::exp(-1.0) + std::exp(-2.0)), 1e-6);
  }
}

TEST(Losses, KeepTheDigitsOfASmallBinaryCrossEntropy) {
  Device& device = test::device();
  const Array x = Array::from_vector<float>(device, {20, -20, 12}, {3}, DType::f32),
              t = Array::from_vector<float>(device, {1, 0, 1}, {3}, DType::f32);
  const std::vector<double> losses = fetch(nn::binary_cross_entropy(x, t, {}, nn::Reduction::none));
  for (size_t i = 0; i < 3; ++i) {
    const double expected = std::log1p(std::exp(i < 2 ? -20.0 : -12.0));
    EXPECT_NEAR(losses[i], expected, 1e-5 * expected);
  }
}

TEST(Losses, NameWhatDoesNotFit) {
  const Array x = golden("mse/x");
  EXPECT_THROW(nn::squared_error(x, reshape(x, {7, 5})), Error);
  EXPECT_THROW(nn::cross_entropy(x, golden("clip/g1")), Error);
  EXPECT_THROW(nn::cross_entropy(x, golden("ce/t"), {.label_smoothing = 2}), Error);
  EXPECT_THROW(nn::huber(x, x, 0), Error);
}

TEST(Composed, AnMlpMatchesPyTorch) {
  check("mlp", {"x", "w1", "b1", "w2", "b2"}, [](const Arrays& in) {
    const Array hidden = unary(UnaryOp::gelu_erf, project(in[0], in[1], in[2])), y = project(hidden, in[3], in[4]);
    return y * y;
  });
}

TEST(Composed, AnAttentionBlockMatchesPyTorch) {
  check("attention", {"x", "gain", "bias", "wq", "wk", "wv", "wo"}, [](const Arrays& in) {
    const Array h = layer_normalization(in[0], in[1], in[2], 1, 1e-5);
    auto heads = [&](const Array& w) { return transpose(reshape(project(h, w, {}), {2, 5, 2, 4}), {0, 2, 1, 3}); };
    const Array y = attention(heads(in[3]), heads(in[4]), heads(in[5]), {}, 0, true);
    const Array out = in[0] + project(reshape(transpose(y, {0, 2, 1, 3}), {2, 5, 8}), in[6], {});
    return out * out;
  });
}

TEST(Composed, AConvolutionWithBatchNormAndPoolMatchesPyTorch) {
  check(
      "convolution", {"x", "w", "b", "gain", "bias"},
      [](const Arrays& in) {
        const Array y = convolution(in[0], in[1], in[2], {.stride = {}, .padding = {1, 1}, .dilation = {}});
        const Array pooled = max_pool(unary(UnaryOp::relu, batch_normalization(y, in[3], in[4], 1e-5).y),
                                      {.kernel = {2, 2}, .stride = {}, .padding = {}, .dilation = {}});
        return pooled * pooled;
      },
      5e-5);
}

TEST(Composed, AnLstmMatchesPyTorch) {
  check("lstm", {"x", "wi", "wh", "bi", "bh"}, [](const Arrays& in) {
    const Array y = recurrent_sequence(CellKind::lstm, in[0], {}, {in[1], in[2], in[3], in[4]}, false).outputs;
    return y * y;
  });
}

}  // namespace
}  // namespace mlxc::test
