// Joining, cutting, padding and turning arrays: all of it views, copies and one update, so nothing here is a primitive.
#pragma once

#include "graph/array.h"

namespace mlxc {

Array stack(const std::vector<Array>& parts, int axis);
std::vector<Array> split(const Array& x, const std::vector<int64_t>& points, int axis);  // parts end before each point, the last at the end
std::vector<Array> split(const Array& x, int64_t parts, int axis);                       // equal parts
std::vector<Array> unstack(const Array& x, int axis);

// constant: `value` around; edge: the outermost element repeats; reflect: mirrored without repeating the edge; symmetric: with it; wrap:
// periodic. As NumPy, however wide: what stands beside the axis recurs.
enum class PadMode : uint8_t { constant, edge, reflect, symmetric, wrap };
Array pad(const Array& x, const Dims& before, const Dims& after, PadMode mode = PadMode::constant, double value = 0);

Array repeat(const Array& x, int64_t count, int axis);                       // each element `count` times in a row
Array repeat(const Array& x, const std::vector<int64_t>& counts, int axis);  // element i counts[i] times
Array tile(const Array& x, const Dims& repeats);                             // NumPy's tile
Array roll(const Array& x, const Dims& shifts, const Dims& axes);            // no axes: over the flattened array, one shift
Array flip(const Array& x, const Dims& axes);                                // no axes: all of them
Array swap_axes(const Array& x, int a, int b);
Array move_axes(const Array& x, const Dims& from, const Dims& to);
Array flatten(const Array& x);
Array expand_dims(const Array& x, const Dims& axes);  // positions in the result
Array squeeze(const Array& x, const Dims& axes);      // no axes: all of size 1
// Diagonal k of the matrices in the last two axes.
Array diagonal(const Array& x, int64_t k);
// The elements on and below (upper: on and above) diagonal k of the matrices in the last two axes, zeros elsewhere.
Array triangle(const Array& x, int64_t k, bool upper);

}  // namespace mlxc
