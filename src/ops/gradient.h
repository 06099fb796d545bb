// Reverse-mode gradients: a graph gives the graph of its gradients, built of the same operations. Nothing runs here.
#pragma once

#include "graph/array.h"

namespace mlxc {

// For each of `wrt` (float arrays, computed or not) the sum over outputs of cotangent * d output / d wrt, in its shape and dtype; zeros
// where no output depends on it. cotangents are shaped like the outputs; none at all stands for ones, for outputs of one element.
// What was evaluated is a constant, unless it is of `wrt` or was built from arrays that require gradients. Integers pass no gradient on.
Arrays grad(const Arrays& outputs, const Arrays& wrt, const Arrays& cotangents = {});

// The same values; gradients take them for constants.
Array stop_gradient(const Array& x);

// The same values as `outputs`; gradients compute the part of the graph between `inputs` and them again instead of keeping it. `inputs` end
// that part, besides arrays with data. Of parts inside each other the outermost counts.
Arrays checkpoint(const Arrays& outputs, const Arrays& inputs);

// The vjp of a primitive that is composed of simpler ones.
Arrays vjp_of_composition(const Primitive& primitive, const Arrays& inputs, const Arrays& cotangents);

}  // namespace mlxc
