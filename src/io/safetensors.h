// Safetensors: named tensors in one file. Reading makes every check of the reference implementation before any data is touched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "array/dtype.h"
#include "base/file.h"

namespace mlxc {

enum class LoadMode {
  mapped,  // pages come from the file as they are touched; whoever shortens the file meanwhile takes them away (SIGBUS)
  copied,  // read into memory; the file may change or vanish afterwards
};

class SafetensorsFile {
 public:
  struct Tensor {
    std::string name;
    std::string type;  // as in the file: "F32", "BF16", "F8_E4M3", ...
    std::vector<int64_t> shape;
    std::span<const std::byte> bytes;  // lives as long as the file object

    DType dtype() const;       // Error(unsupported) for the 8-bit and smaller floats and complex numbers
    int64_t elements() const;  // product of the shape
    bool aligned() const;      // the bytes can be read as elements in place
  };

  // Error(not_found | io) for the file itself, Error(format) for its content.
  static std::shared_ptr<const SafetensorsFile> open(const std::string& path, LoadMode mode);

  const std::string& path() const { return path_; }
  LoadMode mode() const { return mode_; }
  const std::vector<Tensor>& tensors() const { return tensors_; }  // in the order of their data
  const Tensor* find(std::string_view name) const;                 // null if absent
  const Tensor& at(std::string_view name) const;                   // Error(not_found) names it
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  int64_t data_bytes() const { return int64_t(data_.size()); }
  // The mapping, to advise on its use; null in copied mode.
  const MappedFile* mapping() const { return mode_ == LoadMode::mapped ? &map_ : nullptr; }

 private:
  SafetensorsFile(const File& file, LoadMode mode);
  std::string path_;
  LoadMode mode_;
  MappedFile map_;
  AlignedBuffer copy_;
  std::span<const std::byte> data_;
  std::vector<Tensor> tensors_;
  std::map<std::string_view, const Tensor*> by_name_;  // into tensors_
  std::map<std::string, std::string> metadata_;
};

// Collects tensors, then writes the file at once: complete under its name, or not at all.
class SafetensorsWriter {
 public:
  // The bytes are borrowed until write(). Error(invalid_argument) for a name twice or a size that does not fit the shape.
  void add(std::string name, DType dtype, std::vector<int64_t> shape, std::span<const std::byte> bytes);
  void set_metadata(std::string key, std::string value);
  void write(const std::string& path) const;

 private:
  struct Entry {
    DType dtype;
    std::vector<int64_t> shape;
    std::span<const std::byte> bytes;
  };
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace mlxc
