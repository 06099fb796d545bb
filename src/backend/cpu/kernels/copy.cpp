// Strided copies: any layout to row-major and back.
#include <algorithm>
#include <cstring>
#include <vector>

#include "backend/cpu/kernels/kernels.h"
#include "backend/cpu/kernels/transpose.h"

namespace mlxc::cpu {
namespace {

struct Axis {
  int64_t count, packed, strided;  // elements between neighbours on either side
};

// Drops axes of one element and merges axes that the strided side walks through evenly.
std::vector<Axis> collapse(std::span<const int64_t> shape, std::span<const int64_t> strides) {
  std::vector<Axis> axes;
  int64_t packed = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    if (shape[i] == 1) continue;
    if (!axes.empty() && axes.back().strided * axes.back().count == strides[i])
      axes.back().count *= shape[i];
    else
      axes.push_back({shape[i], packed, strides[i]});
    packed *= shape[i];
  }
  std::reverse(axes.begin(), axes.end());
  return axes;
}

// One plane: rows x columns with element strides on both sides, in blocks so that a transpose uses whole cache lines of both.
template <class T>
void copy_plane(const T* in, int64_t in_row, int64_t in_column, T* out, int64_t out_row, int64_t out_column, int64_t rows,
                int64_t columns) {
  constexpr int64_t kBlock = 32;
  if (in_column == 1 && out_column == 1) {
    for (int64_t r = 0; r < rows; ++r) std::memcpy(out + r * out_row, in + r * in_row, size_t(columns) * sizeof(T));
    return;
  }
  if (in_column == 1 && out_row == 1) return transpose(in, in_row, rows, columns, out, out_column);
  if (in_row == 1 && out_column == 1) return transpose(in, in_column, columns, rows, out, out_row);
  for (int64_t r0 = 0; r0 < rows; r0 += kBlock)
    for (int64_t c0 = 0; c0 < columns; c0 += kBlock)
      for (int64_t r = r0; r < std::min(rows, r0 + kBlock); ++r)
        for (int64_t c = c0; c < std::min(columns, c0 + kBlock); ++c) out[r * out_row + c * out_column] = in[r * in_row + c * in_column];
}

template <class T>
void copy(ThreadPool& pool, const T* in, T* out, std::vector<Axis> axes, bool gather) {
  while (axes.size() < 2) axes.insert(axes.begin(), {1, 0, 0});
  // The plane holds the last axis and the one with the smallest stride of the rest: the pair that shares cache lines.
  size_t partner = axes.size() - 2;
  for (size_t i = 0; i + 1 < axes.size(); ++i)
    if (axes[i].count > 1 && std::abs(axes[i].strided) < std::abs(axes[partner].strided)) partner = i;
  std::swap(axes[partner], axes[axes.size() - 2]);
  const Axis row = axes[axes.size() - 2], column = axes.back();
  int64_t planes = 1;
  for (size_t i = 0; i + 2 < axes.size(); ++i) planes *= axes[i].count;
  constexpr int64_t kRows = 32;  // rows a task takes at least, for transposes
  int64_t bands = (row.count + kRows - 1) / kRows;
  int64_t grain = std::max<int64_t>(1, 65536 / std::max<int64_t>(1, kRows * column.count));
  pool.parallel_for(planes * bands, grain, [&](int64_t begin, int64_t end, int) {
    for (int64_t task = begin; task < end; ++task) {
      int64_t rest = task / bands, first = task % bands * kRows, packed = first * row.packed, strided = first * row.strided;
      for (size_t i = axes.size() - 2; i-- > 0;) {
        packed += rest % axes[i].count * axes[i].packed;
        strided += rest % axes[i].count * axes[i].strided;
        rest /= axes[i].count;
      }
      int64_t rows = std::min(kRows, row.count - first);
      if (gather)
        copy_plane(in + strided, row.strided, column.strided, out + packed, row.packed, column.packed, rows, column.count);
      else
        copy_plane(in + packed, row.packed, column.packed, out + strided, row.strided, column.strided, rows, column.count);
    }
  });
}

void copy_bytes(ThreadPool& pool, const void* in, void* out, int64_t element_bytes, std::span<const int64_t> shape,
                std::span<const int64_t> strides, bool gather) {
  for (int64_t dim : shape)
    if (dim == 0) return;
  std::vector<Axis> axes = collapse(shape, strides);
  switch (element_bytes) {
    case 1: return copy(pool, static_cast<const uint8_t*>(in), static_cast<uint8_t*>(out), std::move(axes), gather);
    case 2: return copy(pool, static_cast<const uint16_t*>(in), static_cast<uint16_t*>(out), std::move(axes), gather);
    case 4: return copy(pool, static_cast<const uint32_t*>(in), static_cast<uint32_t*>(out), std::move(axes), gather);
    default: return copy(pool, static_cast<const uint64_t*>(in), static_cast<uint64_t*>(out), std::move(axes), gather);
  }
}

}  // namespace

void copy_strided(ThreadPool& pool, const void* in, void* out, int64_t element_bytes, std::span<const int64_t> shape,
                  std::span<const int64_t> strides) {
  copy_bytes(pool, in, out, element_bytes, shape, strides, true);
}

void scatter_strided(ThreadPool& pool, const void* in, void* out, int64_t element_bytes, std::span<const int64_t> shape,
                     std::span<const int64_t> strides) {
  copy_bytes(pool, in, out, element_bytes, shape, strides, false);
}

}  // namespace mlxc::cpu
