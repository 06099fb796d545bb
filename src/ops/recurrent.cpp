#include "ops/recurrent.h"

#include <algorithm>

#include "ops/arrange.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/matmul.h"
#include "ops/shape_ops.h"

namespace mlxc {
namespace {

int64_t gates_of(CellKind kind) { return kind == CellKind::lstm ? 4 : kind == CellKind::gru ? 3 : 1; }

Array sigmoid(const Array& x) { return unary(UnaryOp::sigmoid, x); }
Array tanh(const Array& x) { return unary(UnaryOp::tanh, x); }

Array product(const Array& x, const Array& weight, const Array& bias) {
  const Array y = matmul(x, transpose(weight));
  return bias ? y + bias : y;
}

void check(CellKind kind, const Array& x, const CellState& state, const CellWeights& weights) {
  const int64_t gates = gates_of(kind);
  if (weights.input.rank() != 2 || weights.hidden.rank() != 2 || weights.hidden.dim(0) != gates * weights.hidden.dim(1) ||
      weights.input.dim(0) != weights.hidden.dim(0) || weights.input.dim(1) != x.dim(-1))
    fail(Status::invalid_argument, "recurrent cell: weights ", to_string(weights.input.shape()), " and ", to_string(weights.hidden.shape()),
         " of ", gates, " gates do not take ", x.dim(-1), " inputs");
  const Shape expected{x.dim(-2), weights.hidden.dim(1)};
  if (state.hidden && !(state.hidden.shape() == expected))
    fail(Status::invalid_argument, "recurrent cell: a state of shape ", to_string(state.hidden.shape()), ", expected ",
         to_string(expected));
  if (state.cell && !(state.cell.shape() == expected))
    fail(Status::invalid_argument, "recurrent cell: a cell state of shape ", to_string(state.cell.shape()), ", expected ",
         to_string(expected));
  if (kind == CellKind::lstm && !state.hidden != !state.cell)
    fail(Status::invalid_argument, "an LSTM has a hidden and a cell state: give both or none");
}

// `driven`: the inputs' part of the gates, [N, G H].
CellState step(CellKind kind, const Array& driven, const CellState& state, const CellWeights& weights) {
  const Array fed = product(state.hidden, weights.hidden, weights.hidden_bias);
  if (kind == CellKind::rnn_tanh) return {tanh(driven + fed), Array()};
  if (kind == CellKind::rnn_relu) return {unary(UnaryOp::relu, driven + fed), Array()};
  if (kind == CellKind::gru) {
    const std::vector<Array> a = split(driven, gates_of(kind), -1), b = split(fed, gates_of(kind), -1);
    const Array reset = sigmoid(a[0] + b[0]), update = sigmoid(a[1] + b[1]), fresh = tanh(a[2] + reset * b[2]);
    return {fresh + update * (state.hidden - fresh), Array()};
  }
  const std::vector<Array> gates = split(driven + fed, gates_of(kind), -1);
  const Array cell = sigmoid(gates[1]) * state.cell + sigmoid(gates[0]) * tanh(gates[2]);
  return {sigmoid(gates[3]) * tanh(cell), cell};
}

CellState from_zeros(const CellState& state, const Array& x, const CellWeights& weights) {
  if (state.hidden) return state;
  const Array zeros = full(x.device(), {x.dim(-2), weights.hidden.dim(1)}, 0, weights.hidden.dtype());
  return {zeros, zeros};
}

}  // namespace

CellState recurrent_cell(CellKind kind, const Array& x, const CellState& state, const CellWeights& weights) {
  if (x.rank() != 2) fail(Status::invalid_argument, "recurrent cell: x has the shape ", to_string(x.shape()), ", expected [batch, inputs]");
  check(kind, x, state, weights);
  return step(kind, product(x, weights.input, weights.input_bias), from_zeros(state, x, weights), weights);
}

RecurrentSequence recurrent_sequence(CellKind kind, const Array& x, const CellState& state, const CellWeights& weights, bool reverse) {
  if (x.rank() != 3 || x.dim(0) < 1)
    fail(Status::invalid_argument, "recurrent sequence: x has the shape ", to_string(x.shape()),
         ", expected [steps, batch, inputs] with at least one step");
  check(kind, x, state, weights);
  std::vector<Array> driven = unstack(product(x, weights.input, weights.input_bias), 0);
  if (reverse) std::reverse(driven.begin(), driven.end());
  RecurrentSequence result{Array(), from_zeros(state, x, weights)};
  std::vector<Array> outputs;
  for (const Array& inputs : driven) {
    result.state = step(kind, inputs, result.state, weights);
    outputs.push_back(result.state.hidden);
  }
  if (reverse) std::reverse(outputs.begin(), outputs.end());
  result.outputs = stack(outputs, 0);
  return result;
}

}  // namespace mlxc
