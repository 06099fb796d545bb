#include "train/dataset.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>
#include <utility>

#include "backend/backend.h"
#include "graph/function.h"
#include "text/tokenizer.h"
#include "train/splitmix.h"

namespace mlxc::train {
namespace {

void expect_samples(int64_t samples) {
  if (samples < 0) fail(Status::invalid_argument, "a dataset has ", samples, " samples, expected 0 or more");
}

class MemoryDataset final : public Dataset {
 public:
  MemoryDataset(int64_t samples, std::vector<Column> columns, std::vector<std::string> classes)
      : samples_(samples), columns_(std::move(columns)), classes_(std::move(classes)) {
    expect_samples(samples);
    if (columns_.empty()) fail(Status::invalid_argument, "a dataset needs a field");
    for (const Column& column : columns_) fields_.push_back(column.field);
  }
  int64_t samples() const override { return samples_; }
  const std::vector<Field>& fields() const override { return fields_; }
  std::span<const std::string> classes() const override { return classes_; }
  void read(std::span<const int64_t> samples, std::span<std::byte* const> fields) const override {
    for (size_t f = 0; f < columns_.size(); ++f) {
      const size_t bytes = size_t(fields_[f].bytes());
      std::byte* to = fields[f];
      if (!bytes) continue;
      for (size_t i = 0; i < samples.size();) {  // neighbours in one piece
        size_t end = i + 1;
        while (end < samples.size() && samples[end] == samples[end - 1] + 1) ++end;
        std::memcpy(to, columns_[f].data + size_t(samples[i]) * bytes, (end - i) * bytes);
        to += (end - i) * bytes;
        i = end;
      }
    }
  }

 private:
  int64_t samples_;
  std::vector<Column> columns_;
  std::vector<Field> fields_;
  std::vector<std::string> classes_;
};

class RandomDataset final : public Dataset {
 public:
  RandomDataset(int64_t samples, const Shape& shape, int64_t classes, uint64_t seed)
      : samples_(samples),
        classes_(classes),
        seed_(seed),
        fields_{{shape, DType::f32}, classes ? Field{{}, DType::i32} : Field{{1}, DType::f32}} {
    expect_samples(samples);
    if (classes < 0 || classes > INT32_MAX) fail(Status::invalid_argument, "a random dataset has ", classes, " classes");
    fields_[0].bytes();  // overflow
  }
  int64_t samples() const override { return samples_; }
  const std::vector<Field>& fields() const override { return fields_; }
  void read(std::span<const int64_t> samples, std::span<std::byte* const> fields) const override {
    const int64_t size = element_count(fields_[0].shape);
    for (size_t i = 0; i < samples.size(); ++i) {
      SplitMix random(seed_of(seed_, uint64_t(samples[i])));
      for (int64_t j = 0; j < size; ++j) put(fields[0], int64_t(i) * size + j, normal(random));
      if (classes_)
        put(fields[1], int64_t(i), int32_t(random.below(uint64_t(classes_))));
      else
        put(fields[1], int64_t(i), normal(random));
    }
  }

 private:
  template <class T>
  static void put(std::byte* to, int64_t index, T value) {
    std::memcpy(to + size_t(index) * sizeof(T), &value, sizeof(T));
  }
  static float normal(SplitMix& random) {  // Box & Muller 1958
    const double radius = std::sqrt(-2 * std::log1p(-random.unit()));
    return float(radius * std::cos(2 * std::numbers::pi * random.unit()));
  }

  int64_t samples_, classes_;
  uint64_t seed_;
  std::vector<Field> fields_;
};

class CallbackDataset final : public Dataset {
 public:
  CallbackDataset(int64_t samples, std::vector<Field> fields, ReadSamples read)
      : samples_(samples), fields_(std::move(fields)), read_(std::move(read)) {
    expect_samples(samples);
    if (fields_.empty()) fail(Status::invalid_argument, "a dataset needs a field");
    for (const Field& field : fields_) field.bytes();  // overflow
  }
  int64_t samples() const override { return samples_; }
  const std::vector<Field>& fields() const override { return fields_; }
  void read(std::span<const int64_t> samples, std::span<std::byte* const> fields) const override {
    if (!read_(samples, fields)) fail(Status::cancelled, "the dataset's callback stopped");
  }

 private:
  int64_t samples_;
  std::vector<Field> fields_;
  ReadSamples read_;
};

class TokenDataset final : public Dataset {
 public:
  TokenDataset(std::vector<int32_t> tokens, int64_t length, int64_t stride)
      : tokens_(std::move(tokens)), length_(length), stride_(stride), fields_(2, Field{{length}, DType::i32}) {
    if (length < 1 || stride < 1) fail(Status::invalid_argument, "windows of ", length, " tokens every ", stride, ", expected 1 or more");
    const int64_t room = int64_t(tokens_.size()) - length - 1;
    samples_ = room < 0 ? 0 : room / stride + 1;
  }
  int64_t samples() const override { return samples_; }
  const std::vector<Field>& fields() const override { return fields_; }
  void read(std::span<const int64_t> samples, std::span<std::byte* const> fields) const override {
    const size_t bytes = size_t(length_) * sizeof(int32_t);
    for (size_t i = 0; i < samples.size(); ++i)
      for (size_t f = 0; f < 2; ++f) std::memcpy(fields[f] + i * bytes, tokens_.data() + size_t(samples[i] * stride_) + f, bytes);
  }

 private:
  std::vector<int32_t> tokens_;
  int64_t length_, stride_, samples_;
  std::vector<Field> fields_;
};

class Selection final : public Dataset {
 public:
  Selection(DatasetPtr dataset, std::vector<int64_t> chosen) : dataset_(std::move(dataset)), chosen_(std::move(chosen)) {
    for (int64_t sample : chosen_)
      if (sample < 0 || sample >= dataset_->samples())
        fail(Status::invalid_argument, "sample ", sample, " is chosen of ", dataset_->samples());
  }
  int64_t samples() const override { return int64_t(chosen_.size()); }
  const std::vector<Field>& fields() const override { return dataset_->fields(); }
  std::span<const std::string> classes() const override { return dataset_->classes(); }
  void read(std::span<const int64_t> samples, std::span<std::byte* const> fields) const override {
    std::vector<int64_t> inside;
    inside.reserve(samples.size());
    for (int64_t sample : samples) inside.push_back(chosen_[size_t(sample)]);
    dataset_->read(inside, fields);
  }

 private:
  DatasetPtr dataset_;
  std::vector<int64_t> chosen_;
};

}  // namespace

DatasetPtr memory_dataset(int64_t samples, std::vector<Column> columns, std::vector<std::string> classes) {
  return std::make_shared<const MemoryDataset>(samples, std::move(columns), std::move(classes));
}

DatasetPtr array_dataset(const Arrays& fields) {
  std::vector<Column> columns;
  int64_t samples = 0;
  eval(fields);
  for (size_t f = 0; f < fields.size(); ++f) {
    const Array& array = fields[f];
    if (array.rank() < 1) fail(Status::invalid_argument, "field ", f, " of a dataset is a scalar, expected an axis of samples");
    if (f == 0) samples = array.dim(0);
    if (array.dim(0) != samples)
      fail(Status::invalid_argument, "field ", f, " of a dataset has ", array.dim(0), " samples, field 0 has ", samples);
    Shape shape = array.shape();
    shape.erase(0);
    Column column{{shape, array.dtype()}, nullptr, nullptr};
    if (array.contiguous() && array.storage()->data()) {
      column.keeper = array.storage(), column.data = static_cast<const std::byte*>(array.data());
    } else {
      auto copy = std::make_shared<std::vector<std::byte>>(size_t(array.bytes()));
      mlxc::read(array, copy->data(), copy->size());
      column.data = copy->data(), column.keeper = std::move(copy);
    }
    columns.push_back(std::move(column));
  }
  return memory_dataset(samples, std::move(columns));
}

DatasetPtr random_dataset(int64_t samples, const Shape& shape, int64_t classes, uint64_t seed) {
  return std::make_shared<const RandomDataset>(samples, shape, classes, seed);
}

DatasetPtr callback_dataset(int64_t samples, std::vector<Field> fields, ReadSamples read) {
  return std::make_shared<const CallbackDataset>(samples, std::move(fields), std::move(read));
}

DatasetPtr token_dataset(std::vector<int32_t> tokens, int64_t length, int64_t stride) {
  return std::make_shared<const TokenDataset>(std::move(tokens), length, stride);
}

DatasetPtr text_dataset(const Tokenizer& tokenizer, std::string_view text, int64_t length, int64_t stride) {
  return token_dataset(tokenizer.encode(text, {.add_special_tokens = false}), length, stride);
}

DatasetPtr select(DatasetPtr dataset, std::vector<int64_t> samples) {
  return std::make_shared<const Selection>(std::move(dataset), std::move(samples));
}

Split split(const DatasetPtr& dataset, double fraction, uint64_t seed) {
  if (!(fraction >= 0 && fraction <= 1)) fail(Status::invalid_argument, "a dataset is split at ", fraction, ", expected 0 to 1");
  const std::vector<int64_t> order = shuffled(dataset->samples(), seed);
  const auto middle = order.begin() + std::llround(fraction * double(order.size()));
  return {select(dataset, {order.begin(), middle}), select(dataset, {middle, order.end()})};
}

Arrays read_batch(const Dataset& dataset, Device& device, std::span<const int64_t> samples) {
  for (int64_t sample : samples)
    if (sample < 0 || sample >= dataset.samples())
      fail(Status::invalid_argument, "sample ", sample, " of ", dataset.samples(), " is asked for");
  Arrays batch;
  std::vector<std::byte*> places;
  for (const Field& field : dataset.fields()) {
    Shape shape{int64_t(samples.size())};
    for (int64_t extent : field.shape) shape.push_back(extent);
    checked_mul(field.bytes(), int64_t(samples.size()), "batch size");
    batch.push_back(Array::allocate(device, shape, field.dtype, MemoryUse::upload));
    places.push_back(batch.back().storage()->data());
  }
  if (!samples.empty()) dataset.read(samples, places);
  return batch;
}

std::vector<int64_t> shuffled(int64_t count, uint64_t seed) {
  std::vector<int64_t> order(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) order[size_t(i)] = i;
  SplitMix random(seed);
  for (int64_t i = count - 1; i > 0; --i) std::swap(order[size_t(i)], order[size_t(random.below(uint64_t(i) + 1))]);
  return order;
}

}  // namespace mlxc::train
