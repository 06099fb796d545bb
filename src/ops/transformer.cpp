#include "ops/transformer.h"

namespace mlxc {
namespace {

void expect(bool holds, std::string_view op, std::string_view what, const Shape& shape) {
  if (!holds) fail(Status::invalid_argument, op, ": ", what, "; got shape ", to_string(shape));
}
void expect_dtype(const TensorType& type, DType dtype, std::string_view op, std::string_view what) {
  if (type.dtype != dtype)
    fail(Status::invalid_argument, op, ": ", what, " has dtype ", name_of(type.dtype), ", expected ", name_of(dtype));
}
bool is_weight(DType dtype) { return dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16; }

void expect_norm_weight(const TensorType& x, const TensorType& weight, std::string_view op) {
  expect_dtype(x, DType::f32, op, "the input");
  expect(x.shape.rank() >= 1, op, "the input needs an axis to normalise", x.shape);
  expect(weight.shape == Shape{x.shape.back()} && is_weight(weight.dtype), op, "the weight is [last axis] in a float dtype", weight.shape);
}

void expect_pages(const TensorType& pages, int64_t head_dim, std::string_view op) {
  expect(pages.shape.rank() == 4 && pages.shape[2] == kPageSlots && pages.shape[3] == head_dim && is_weight(pages.dtype), op,
         "pages are [pages, heads, slots, head_dim] in f32, f16 or bf16", pages.shape);
}

void expect_tokens(const TensorType& type, int64_t tokens, std::string_view op, std::string_view what) {
  expect_dtype(type, DType::i32, op, what);
  expect(type.shape == Shape{tokens}, op, "one value a token is expected", type.shape);
}

}  // namespace

std::vector<TensorType> RmsNorm::infer(TensorTypes inputs) const {
  expect_norm_weight(inputs[0], inputs[1], kName);
  return {inputs[0]};
}

std::vector<TensorType> LayerNorm::infer(TensorTypes inputs) const {
  expect_norm_weight(inputs[0], inputs[1], kName);
  expect_norm_weight(inputs[0], inputs[2], kName);
  return {inputs[0]};
}

std::vector<TensorType> NormGradient::infer(TensorTypes inputs) const {
  expect_norm_weight(inputs[0], inputs[1], kName);
  expect(inputs[2] == inputs[0], kName, "the cotangent is like the input", inputs[2].shape);
  const TensorType row{inputs[1].shape, DType::f32};
  std::vector<TensorType> outputs{inputs[0], row, row};
  if (!centered) outputs.pop_back();
  return outputs;
}

std::vector<TensorType> Rope::infer(TensorTypes inputs) const {
  const Shape& x = inputs[0].shape;
  expect_dtype(inputs[0], DType::f32, kName, "the input");
  expect(x.rank() == 3, kName, "the input is [tokens, heads, head_dim]", x);
  expect_tokens(inputs[1], x[0], kName, "positions");
  expect_dtype(inputs[2], DType::f32, kName, "frequencies");
  expect(inputs[2].shape.rank() == 1 && inputs[2].shape[0] * 2 <= x[2], kName, "there are at most head_dim / 2 frequencies",
         inputs[2].shape);
  return {inputs[0]};
}

std::vector<TensorType> KvWrite::infer(TensorTypes inputs) const {
  const Shape& k = inputs[2].shape;
  for (size_t i = 2; i < 4; ++i) {
    expect_dtype(inputs[i], DType::f32, kName, i == 2 ? "keys" : "values");
    expect(inputs[i].shape.rank() == 3 && inputs[i].shape == k, kName, "keys and values are [tokens, heads, head_dim]", inputs[i].shape);
  }
  for (size_t i = 0; i < 2; ++i) {
    expect_pages(inputs[i], k[2], kName);
    expect(inputs[i].shape == inputs[0].shape && inputs[i].dtype == inputs[0].dtype && inputs[i].shape[1] == k[1], kName,
           "both kinds of pages have the keys' heads", inputs[i].shape);
  }
  expect_dtype(inputs[4], DType::i32, kName, "the page table");
  expect(inputs[4].shape.rank() == 2, kName, "the page table is [sequences, pages]", inputs[4].shape);
  expect_tokens(inputs[5], k[0], kName, "sequences");
  expect_tokens(inputs[6], k[0], kName, "positions");
  return {inputs[0], inputs[1]};
}

std::vector<TensorType> PagedAttention::infer(TensorTypes inputs) const {
  const Shape& q = inputs[0].shape;
  expect_dtype(inputs[0], DType::f32, kName, "the queries");
  expect(q.rank() == 3, kName, "queries are [tokens, heads, head_dim]", q);
  expect_pages(inputs[1], q[2], kName);
  expect_pages(inputs[2], q[2], kName);
  expect(inputs[2].shape == inputs[1].shape && inputs[2].dtype == inputs[1].dtype, kName, "pages of keys and values are alike",
         inputs[2].shape);
  expect(inputs[1].shape[1] > 0 && q[1] % inputs[1].shape[1] == 0, kName, "query heads are a multiple of the key heads", inputs[1].shape);
  expect_dtype(inputs[3], DType::i32, kName, "the page table");
  expect(inputs[3].shape.rank() == 2, kName, "the page table is [sequences, pages]", inputs[3].shape);
  expect_tokens(inputs[4], q[0], kName, "sequences");
  expect_tokens(inputs[5], q[0], kName, "positions");
  return {inputs[0]};
}

std::vector<TensorType> DenseAttention::infer(TensorTypes inputs) const {
  const Shape& q = inputs[0].shape;
  for (size_t i = 0; i < 3; ++i) {
    const Shape& shape = inputs[i].shape;
    expect_dtype(inputs[i], DType::f32, kName, "queries, keys and values");
    expect(shape.rank() == 3 && shape[0] == q[0] && shape[2] == q[2] && shape[1] > 0 && q[1] % shape[1] == 0, kName,
           "q, k and v are [tokens, heads, head_dim]", shape);
  }
  expect(inputs[2].shape == inputs[1].shape, kName, "keys and values are alike", inputs[2].shape);
  expect_dtype(inputs[3], DType::i32, kName, "starts");
  expect(inputs[3].shape.rank() == 1 && inputs[3].shape[0] >= 1, kName, "starts are [sequences + 1]", inputs[3].shape);
  return {inputs[0]};
}

std::vector<TensorType> SegmentPool::infer(TensorTypes inputs) const {
  expect_dtype(inputs[0], DType::f32, kName, "the input");
  expect(inputs[0].shape.rank() == 2, kName, "the input is [tokens, hidden]", inputs[0].shape);
  expect_dtype(inputs[1], DType::i32, kName, "starts");
  expect(inputs[1].shape.rank() == 1 && inputs[1].shape[0] >= 1, kName, "starts are [sequences + 1]", inputs[1].shape);
  return {{{inputs[1].shape[0] - 1, inputs[0].shape[1]}, DType::f32}};
}

Array rms_norm(const Array& x, const Array& weight, float eps, float weight_offset) {
  return apply(RmsNorm(eps, weight_offset), {x, weight});
}
Array layer_norm(const Array& x, const Array& weight, const Array& bias, float eps) { return apply(LayerNorm(eps), {x, weight, bias}); }
Array rope(const Array& x, const Array& positions, const Array& inverse_frequencies, float attention_factor) {
  return apply(Rope(attention_factor), {x, positions, inverse_frequencies});
}

KvPages kv_write(const KvPages& pages, const Array& k, const Array& v, const Array& page_table, const Array& sequences,
                 const Array& positions) {
  std::vector<Array> written =
      apply_all(std::make_shared<const KvWrite>(), {pages.keys, pages.values, k, v, page_table, sequences, positions});
  return {written[0], written[1]};
}

Array paged_attention(const Array& q, const Array& k_pages, const Array& v_pages, const Array& page_table, const Array& sequences,
                      const Array& positions, const AttentionShape& shape, uint8_t precision, bool single_tokens) {
  return apply(PagedAttention(shape.scale, shape.window, shape.softcap, precision, single_tokens),
               {q, k_pages, v_pages, page_table, sequences, positions});
}

Array dense_attention(const Array& q, const Array& k, const Array& v, const Array& starts, float scale) {
  return apply(DenseAttention(scale), {q, k, v, starts});
}
Array segment_mean(const Array& x, const Array& starts) { return apply(SegmentPool(), {x, starts}); }

}  // namespace mlxc
