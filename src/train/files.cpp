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
  return {Shape(shape.subspan(1)), dtype};
}

}  // namespace

DatasetPtr npy_dataset(const std::vector<std::string>& paths) {
  std::vector<Column> columns;
  int64_t samples = 0;
  for (const std::string& path : paths) {
    auto file = std::make_shared<const NpyArray>(read_npy(path));
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
    columns.push_back({field, file, tensor.bytes.data()});
  }
  return memory_dataset(samples, std::move(columns));
}

}  // namespace mlxc::train
