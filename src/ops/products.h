// Products beyond matmul: all of them matmul, reductions and reshapes.
#pragma once

#include <string_view>

#include "ops/matmul.h"

namespace mlxc {

Array outer(const Array& a, const Array& b);             // of the flattened arrays
Array inner(const Array& a, const Array& b);             // sums over both last axes
Array vecdot(const Array& a, const Array& b, int axis);  // along one axis, the others broadcast
Array tensordot(const Array& a, const Array& b, const Dims& a_axes, const Dims& b_axes);
Array kron(const Array& a, const Array& b);
// beta * c + alpha * matmul(a, b)
Array addmm(const Array& c, const Array& a, const Array& b, double alpha = 1, double beta = 1);
// NumPy's einsum: "ij,jk->ik", "...", repeated letters, an implied output. Several operands are contracted in pairs, the cheapest pair
// first.
Array einsum(std::string_view equation, const std::vector<Array>& operands);

}  // namespace mlxc
