// Datasets out of npy and safetensors files. The readers below check the files; here it is that their first axes agree.
#include <algorithm>

#include "base/quote.h"
#include "io/npy.h"
#include "io/safetensors.h"
#include "train/dataset.h"

namespace mlxc::train {
namespace {

// Takes the axis of samples off a shape of a file.
Field field_of(std::span<const int64_t> shape, DType dtype, const std::string& what, int64_t* samples, bool first) {
  if (shape.empty()) fail(Status::format, what, " is a scalar, expected an axis of samples");
  if (first) *samples = shape[0];
  if (shape[0] != *samples) fail(Status::format, what, " has ", shape[0], " samples, the field before it ", *samples);
  if (shape.size() > size_t(kMaxRank)) fail(Status::unsupported, what, " has ", shape.size(), " axes, expected at most ", kMaxRank);
  // A file of no samples may state any size of one.
  int64_t bytes = size_of(dtype);
  for (int64_t extent : shape.subspan(1))
    if (__builtin_mul_overflow(bytes, extent, &bytes)) fail(Status::format, what, ": the size of a sample overflows");
  return {Shape(shape.subspan(1)), dtype};
}

// NumPy and PyTorch read any byte but 0 as true; in arrays it is 1.
bool all_zero_or_one(std::span<const std::byte> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b <= std::byte(1); });
}
void make_zero_or_one(std::span<std::byte> bytes) {
  for (std::byte& b : bytes) b = std::byte(b != std::byte(0));
}

}  // namespace

DatasetPtr npy_dataset(const std::vector<std::string>& paths) {
  std::vector<Column> columns;
  int64_t samples = 0;
  for (const std::string& path : paths) {
    NpyArray array = read_npy(path);
    if (array.dtype == DType::boolean) make_zero_or_one(array.data.bytes());
    auto file = std::make_shared<const NpyArray>(std::move(array));
    const Field field = field_of(file->shape, file->dtype, quote(path, 200), &samples, columns.empty());
    const std::byte* data = file->data.bytes().data();
    columns.push_back({field, std::move(file), data});
  }
  return memory_dataset(samples, std::move(columns));
}

DatasetPtr safetensors_dataset(const std::string& path, const std::vector<std::string>& names) {
  const auto file = SafetensorsFile::open(path, LoadMode::copied);
  std::vector<Column> columns;
  int64_t samples = 0;
  for (const std::string& name : names) {
    const SafetensorsFile::Tensor& tensor = file->at(name);
    const Field field = field_of(tensor.shape, tensor.dtype(), cat(quote(path, 200), ": ", quote(name)), &samples, columns.empty());
    if (field.dtype == DType::boolean && !all_zero_or_one(tensor.bytes)) {
      auto copy = std::make_shared<std::vector<std::byte>>(tensor.bytes.begin(), tensor.bytes.end());
      make_zero_or_one(*copy);
      const std::byte* data = copy->data();
      columns.push_back({field, std::move(copy), data});
    } else {
      columns.push_back({field, file, tensor.bytes.data()});
    }
  }
  return memory_dataset(samples, std::move(columns));
}

}  // namespace mlxc::train
