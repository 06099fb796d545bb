// NumPy's .npy files, versions 1 to 3: little-endian, C order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "array/dtype.h"
#include "base/file.h"

namespace mlxc {

struct NpyArray {
  DType dtype;
  std::vector<int64_t> shape;
  AlignedBuffer data;
};

// Error(format) for a malformed file, Error(unsupported) for Fortran order, big-endian data and other element types.
NpyArray read_npy(const std::string& path);
// Error(unsupported) for bfloat16, which NumPy does not have. The file appears complete or not at all.
void write_npy(const std::string& path, DType dtype, std::span<const int64_t> shape, std::span<const std::byte> bytes);

}  // namespace mlxc
