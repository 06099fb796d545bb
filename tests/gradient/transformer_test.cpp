// The fused forms: what they are composed of gives the same values, and its gradient matches differences.
#include "ops/transformer.h"

#include "finite_differences.h"
#include "ops/attention.h"
#include "ops/cross_entropy.h"
#include "ops/matmul.h"

namespace mlxc::test {
namespace {

// formula on float32 inputs against differences of the composition in float64, values and gradients.
template <class Op>
void check_composed(const Op& op, const Arrays& inputs, const std::string& what) {
  auto fused = [&](const Arrays& in) { return apply(op, in); };
  auto composed = [&](const Arrays& in) { return op.compose(in)[0]; };
  Arrays narrow;
  for (const Array& input : inputs) narrow.push_back(is_float(input.dtype()) ? make(fetch(input), input.shape(), DType::f32) : input);
  expect_near(fetch(fused(narrow)), fetch(composed(inputs)), 1e-5, what + ", values");
  check_gradient(fused, inputs, what, 2e-5, DType::f32, composed);
}

TEST(NormGradient, OfRmsNormMatchesDifferences) {
  for (const Shape& shape : {Shape{5}, Shape{3, 8}, Shape{2, 3, 6}})
    for (float offset : {0.0f, 1.0f})
      check_composed(RmsNorm(1e-5f, offset), {drawn(shape, -2, 2), drawn({shape.back()}, 0.5, 1.5, 2)}, cat("rms_norm ", to_string(shape)));
}

TEST(NormGradient, OfLayerNormMatchesDifferences) {
  for (const Shape& shape : {Shape{5}, Shape{3, 8}, Shape{2, 3, 6}})
    check_composed(LayerNorm(1e-5f), {drawn(shape, -2, 2), drawn({shape.back()}, 0.5, 1.5, 2), drawn({shape.back()}, -1, 1, 3)},
                   cat("layer_norm ", to_string(shape)));
}

// One kernel on devices that have one: the same as what it stands for, which Vulkan runs, over widths with rests and rows in many parts.
TEST(NormGradient, OfManyRowsMatchesItsComposition) {
  for (const bool centered : {false, true})
    for (const Shape& shape : {Shape{3, 1}, Shape{7, 37}, Shape{2, 1500, 48}, Shape{0, 5}})
      for (const DType dtype : {DType::f32, DType::bf16}) {
        const NormGradient op(centered, 1e-5f, 0.5f * !centered);
        const Arrays inputs{make(draw(element_count(shape), -2, 2), shape, DType::f32),
                            make(draw(shape.back(), 0.5, 1.5, 2), {shape.back()}, dtype),
                            make(draw(element_count(shape), -1, 1, 3), shape, DType::f32)};
        const Arrays fused = apply_all(std::make_shared<const NormGradient>(op), inputs), composed = op.compose(inputs);
        ASSERT_EQ(fused.size(), composed.size());
        for (size_t i = 0; i < fused.size(); ++i)
          expect_near(fetch(fused[i]), fetch(composed[i]), 2e-5, cat("norm_gradient ", to_string(shape), ", output ", i));
      }
}

TEST(NormGradient, IsDifferentiable) {
  const Arrays inputs{drawn({2, 5}, -2, 2), drawn({5}, 0.5, 1.5, 2), drawn({5}, -1, 1, 3)};
  auto slope = [](const Arrays& in) {  // of sum(y^2) towards x
    const Array y = layer_norm(in[0], in[1], in[2], 1e-5f);
    return grad({reduce(ReduceOp::sum, unary(UnaryOp::square, y), {}, false)}, {in[0]})[0];
  };
  auto reference = [](const Arrays& in) {
    const Array y = LayerNorm(1e-5f).compose(in)[0];
    return grad({reduce(ReduceOp::sum, unary(UnaryOp::square, y), {}, false)}, {in[0]})[0];
  };
  check_gradient(slope, inputs, "second derivative of layer_norm", 1e-4, DType::f32, reference);
}

TEST(RopeGradient, MatchesDifferencesForWholeAndPartialRotation) {
  const Array positions = make({0, 3, 7}, {3}, DType::i32);
  check_composed(Rope(1.0f), {drawn({3, 2, 8}), positions, make({1, 0.3, 0.1, 0.01}, {4})}, "rope");
  check_composed(Rope(1.25f), {drawn({3, 2, 8}), positions, make({1, 0.2}, {2})}, "partial rope");
}

TEST(AttentionGradient, StaysInsideTheSequences) {
  const Array starts = make({0, 2, 5}, {3}, DType::i32);
  check_composed(DenseAttention(0.5f), {drawn({5, 2, 4}), drawn({5, 2, 4}, -1, 1, 2), drawn({5, 2, 4}, -1, 1, 3), starts}, "attention");
  check_composed(DenseAttention(0.5f), {drawn({5, 4, 2}), drawn({5, 2, 2}, -1, 1, 2), drawn({5, 2, 2}, -1, 1, 3), starts},
                 "grouped queries");
}

TEST(AttentionGradient, OfOneArrayInThreePlacesCountsEachOnce) {
  const Array starts = make({0, 4}, {2}, DType::i32), x = drawn({4, 2, 4});
  auto self = [&](const Arrays& in) { return dense_attention(in[0], in[0], in[0], starts, 0.5f); };
  auto composed = [&](const Arrays& in) { return DenseAttention(0.5f).compose({in[0], in[0], in[0], starts})[0]; };
  check_gradient(self, {x}, "self-attention", 2e-5, DType::f32, composed);
}

struct SequencesCase {
  int64_t batch, queries, keys, heads, kv_heads, dim;
  bool causal;
  int64_t window;
  float softcap;
};

Attention attention_of(const SequencesCase& c) { return Attention(0.4f, c.causal, c.window, c.softcap); }
Arrays attention_inputs(const SequencesCase& c) {
  return {drawn({c.batch, c.queries, c.heads, c.dim}), drawn({c.batch, c.keys, c.kv_heads, c.dim}, -1, 1, 2),
          drawn({c.batch, c.keys, c.kv_heads, c.dim}, -1, 1, 3)};
}

TEST(AttentionGradient, OfSequencesMatchesDifferences) {
  for (const SequencesCase& c : {SequencesCase{1, 3, 3, 1, 1, 2, false, 0, 0},
                                 {2, 3, 5, 2, 1, 3, false, 0, 0},
                                 {1, 5, 5, 2, 2, 4, true, 0, 0},
                                 {1, 3, 6, 2, 1, 2, true, 2, 0},
                                 {1, 4, 4, 1, 1, 3, true, 0, 1.5f}})
    check_composed(attention_of(c), attention_inputs(c), cat("attention of ", c.queries, " queries and ", c.keys, " keys"));
}

// More queries than a block has, grouped heads, keys before the first query, a window: the kernel against the composition, which runs where
// a device has no kernel.
TEST(AttentionGradient, OfManyQueriesMatchesTheComposition) {
  for (const SequencesCase& c : {SequencesCase{2, 150, 150, 4, 2, 24, true, 0, 0},
                                 {1, 70, 133, 3, 1, 17, true, 0, 0},
                                 {1, 130, 130, 2, 2, 32, true, 40, 0},
                                 {2, 65, 40, 2, 1, 8, false, 0, 0},
                                 {1, 80, 80, 2, 1, 16, true, 0, 2.0f},
                                 {0, 4, 4, 1, 1, 4, true, 0, 0}}) {
    Arrays inputs;
    for (const Array& input : attention_inputs(c)) inputs.push_back(make(fetch(input), input.shape(), DType::f32));
    const auto op = std::make_shared<const Attention>(attention_of(c));
    Arrays outputs = apply_all(op, inputs), composed = op->compose(inputs);
    const Array dy = make(draw(inputs[0].size(), -1, 1, 7), inputs[0].shape(), DType::f32);
    outputs = {outputs[0], outputs[1]};
    for (const Array& gradient : grad({outputs[0]}, inputs, {dy})) outputs.push_back(gradient);
    for (const Array& gradient : vjp_of_composition(*op, inputs, {dy, {}})) composed.push_back(gradient);
    for (size_t i = 0; i < outputs.size(); ++i)
      expect_near(fetch(outputs[i]), fetch(composed[i]), 2e-5, cat(c.queries, " queries and ", c.keys, " keys, array ", i));
  }
}

TEST(AttentionGradient, ReadsHeadsWhereTheyLie) {
  const SequencesCase c{2, 9, 9, 2, 2, 4, true, 0, 0};
  auto turned = [](const Formula& of) {  // [batch, heads, length, dim] as [batch, length, heads, dim], by strides
    return [of](const Arrays& in) {
      Arrays views;
      for (const Array& each : in) views.push_back(transpose(each, {0, 2, 1, 3}));
      return of(views);
    };
  };
  Arrays inputs;
  for (const Array& each : attention_inputs(c)) inputs.push_back(make(fetch(each), {2, 2, 9, 4}));
  auto fused = [&](const Arrays& in) { return apply_all(std::make_shared<const Attention>(attention_of(c)), in)[0]; };
  auto composed = [&](const Arrays& in) { return attention_of(c).compose(in)[0]; };
  check_gradient(turned(fused), inputs, "attention of turned heads", 2e-5, DType::f32, turned(composed));
}

TEST(CrossEntropyGradient, MatchesDifferencesAndSkipsWhatIsNoClass) {
  const Array targets = make({2, 0, -100, 4, 5}, {5}, DType::i32);
  check_composed(CrossEntropyRows(), {drawn({5, 5}, -3, 3), targets}, "cross-entropy");
  const Array logits = make(draw(3 * 1000, -30, 30), {3, 1000}, DType::f32), classes = make({999, 7, -1}, {3}, DType::i32);
  const Array dy = make({1, -0.5, 3}, {3}, DType::f32);
  const Arrays fused = grad({cross_entropy_rows(logits, classes)}, {logits}, {dy});
  const Arrays composed = vjp_of_composition(CrossEntropyRows(), {logits, classes}, {dy, {}});
  expect_near(fetch(fused[0]), fetch(composed[0]), 1e-5, "cross-entropy of many classes");
}

TEST(PoolGradient, IsTheMeansShareOfEveryToken) {
  check_composed(SegmentPool(), {drawn({5, 3}), make({0, 2, 5}, {3}, DType::i32)}, "segment_mean");
}

// With and without a kernel of its own: a causal query in front of all keys, and one whose keys are all masked.
TEST(AttentionGradient, OfAQueryThatSeesNoKeyIsZero) {
  const Array q = drawn({1, 1, 4, 3}, -1, 1, 1), k = drawn({1, 1, 2, 3}, -1, 1, 2), v = drawn({1, 1, 2, 3}, -1, 1, 3);
  const Array mask = make({0, 0, 0, 0, 0, 1, 1, 1}, {4, 2}, DType::boolean);
  for (const DType dtype : {DType::f32, DType::f64})
    for (const bool masked : {false, true}) {
      const Arrays in{cast(q, dtype), cast(k, dtype), cast(v, dtype)};
      eval(in);
      const Array y = attention(in[0], in[1], in[2], masked ? mask : Array(), 0, true);
      const Arrays gradients = grad({weighted(y)}, in);
      const std::vector<double> rows = fetch(y), slopes = fetch(gradients[0]);
      for (size_t i = 0; i < 6; ++i) {
        EXPECT_EQ(rows[i], 0);
        EXPECT_EQ(slopes[i], 0);
      }
      auto formula = [&](const Arrays& inputs) { return attention(inputs[0], inputs[1], inputs[2], masked ? mask : Array(), 0, true); };
      check_gradient(formula, {q, k, v}, "attention", dtype == DType::f32 ? 1e-4 : 1e-7, dtype);
    }
}

// Logits far from 0 leave the digits of a small loss as they are.
TEST(CrossEntropy, KeepsTheDigitsOfASmallLoss) {
  const double small = std::log1p(std::exp(-8.0)), p = 1 / (1 + std::exp(-8.0));
  const Array x = make({4096, 4088}, {1, 2}, DType::f32), target = make({0}, {1}, DType::i32);
  const Array loss = cross_entropy_rows(x, target);
  const Array slopes = grad({reduce(ReduceOp::sum, loss, {}, false)}, {x})[0];
  EXPECT_NEAR(fetch(loss)[0], small, 1e-4 * small);
  EXPECT_NEAR(fetch(slopes)[1], 1 - p, 1e-4 * (1 - p));
}

}  // namespace
}  // namespace mlxc::test
