// Random numbers from explicit keys. A key is an array of two uint32; the same key gives the same numbers on every device, and different
// keys independent ones: split a key for every use.
//
// The generator is Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011). Word w of a stream is word w % 4 of
// the block with counter (low and high half of w / 4, 0, purpose) under the key (k0, k1): purpose 0 for bits, 1 for split.
#pragma once

#include "graph/array.h"

namespace mlxc {

struct RandomBits : PrimitiveBase<RandomBits, OpCode::random_bits> {  // key [2] uint32 -> uint32 words
  static constexpr std::string_view kName = "random_bits";
  RandomBits(Shape shape, uint32_t purpose) : shape(shape), purpose(purpose) {}
  Shape shape;
  uint32_t purpose;
  auto fields() const { return std::tie(shape, purpose); }
  std::vector<TensorType> infer(TensorTypes inputs) const override;
};

namespace random {

Array key(Device& device, uint64_t seed);          // {low half, high half}
Array split(const Array& key, int64_t count);      // [count, 2]: rows are keys
Array bits(const Array& key, const Shape& shape);  // uint32

// In [low, high), from 24 bits (float32), 53 (float64, of two words), 11 (float16) or 8 (bfloat16): multiples of 2^-bits, scaled.
Array uniform(const Array& key, const Shape& shape, DType dtype, double low = 0, double high = 1);
// sqrt(2) * erfinv(u) for u in (-1, 1); float32 is made of 23 bits, so it stays within 5.3 deviations.
Array normal(const Array& key, const Shape& shape, DType dtype, double mean = 0, double deviation = 1);
// A standard normal under the condition low <= x <= high.
Array truncated_normal(const Array& key, const Shape& shape, DType dtype, double low, double high);
// In [low, high), high - low at most 2^63: (high - low) * word / 2^32 of one word up to 2^32 numbers, else the remainder of two words.
Array integers(const Array& key, const Shape& shape, int64_t low, int64_t high, DType dtype);
Array bernoulli(const Array& key, const Shape& shape, const Array& probability);  // boolean; the probabilities broadcast to shape
// Draws from softmax(logits) along the axis, which `count` draws replace as the last axis: the Gumbel-max trick. int64.
Array categorical(const Array& key, const Array& logits, int axis, int64_t count);
Array permutation(const Array& key, int64_t count);  // 0 to count - 1 in random order, int64

}  // namespace random
}  // namespace mlxc
