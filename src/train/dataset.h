// Datasets: samples by number. A sample is a few fields, each of one shape and dtype; a batch is the fields of several samples, stacked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/checked.h"
#include "graph/array.h"

namespace mlxc {

class Tokenizer;

namespace train {

struct Field {
  Shape shape;  // of one sample
  DType dtype;
  int64_t bytes() const { return checked_mul(element_count(shape), size_of(dtype), "field size"); }
};

// Immutable, shared: any number of threads read at once.
class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual int64_t samples() const = 0;
  virtual const std::vector<Field>& fields() const = 0;
  // Writes the fields of these samples one after the other to fields[f]. Numbers and sizes have been checked.
  virtual void read(std::span<const int64_t> samples, std::span<std::byte* const> fields) const = 0;
  virtual std::span<const std::string> classes() const { return {}; }  // names of class numbers, where there are any
};
using DatasetPtr = std::shared_ptr<const Dataset>;

// A field of all samples in host memory.
struct Column {
  Field field;
  std::shared_ptr<const void> keeper;  // owns
  const std::byte* data;
};

DatasetPtr memory_dataset(int64_t samples, std::vector<Column> columns, std::vector<std::string> classes = {});
// Row i of every array is sample i. Evaluates; shares what the host sees in row-major order.
DatasetPtr array_dataset(const Arrays& fields);
// Standard normal inputs; targets: a class number, or one standard normal number when classes is 0.
DatasetPtr random_dataset(int64_t samples, const Shape& shape, int64_t classes, uint64_t seed);
// As Dataset::read; false stops with Error(cancelled).
using ReadSamples = std::function<bool(std::span<const int64_t> samples, std::span<std::byte* const> fields)>;
DatasetPtr callback_dataset(int64_t samples, std::vector<Field> fields, ReadSamples read);
// Windows of `length` tokens every `stride`, and the same a token later.
DatasetPtr token_dataset(std::vector<int32_t> tokens, int64_t length, int64_t stride);
DatasetPtr text_dataset(const Tokenizer& tokenizer, std::string_view text, int64_t length, int64_t stride);

DatasetPtr select(DatasetPtr dataset, std::vector<int64_t> samples);
struct Split {
  DatasetPtr first, second;
};
Split split(const DatasetPtr& dataset, double fraction, uint64_t seed);

// Files (files.cpp, csv.cpp). Error(format) names the file and the place.
DatasetPtr npy_dataset(const std::vector<std::string>& paths);
DatasetPtr safetensors_dataset(const std::string& path, const std::vector<std::string>& names);
enum class CsvTarget : uint8_t { none, numbers, classes };
struct CsvOptions {
  CsvTarget target = CsvTarget::classes;
  std::vector<int64_t> target_columns{-1};  // negative: from the end
  bool header = true;
  char separator = ',';
};
DatasetPtr csv_dataset(const std::string& path, const CsvOptions& options);

// Some samples as arrays, one a field. Error(invalid_argument) for a number that is out of range.
Arrays read_batch(const Dataset& dataset, Device& device, std::span<const int64_t> samples);

// 0 to count - 1 in an order that the seed fixes: Fisher and Yates over SplitMix64 (Steele et al. 2014).
std::vector<int64_t> shuffled(int64_t count, uint64_t seed);

}  // namespace train
}  // namespace mlxc
