// Recurrent cells and sequences, with PyTorch's weights: input weight [G H, I], hidden weight [G H, H], biases [G H] or none, where G is 1
// for the plain cell, 3 for GRU (reset, update, new), 4 for LSTM (input, forget, cell, output).
#pragma once

#include "graph/array.h"

namespace mlxc {

enum class CellKind : uint8_t { rnn_tanh, rnn_relu, gru, lstm };

struct CellWeights {
  Array input, hidden, input_bias, hidden_bias;
};
struct CellState {
  Array hidden, cell;  // [N, H]; cell: LSTM only
};
CellState recurrent_cell(CellKind kind, const Array& x, const CellState& state, const CellWeights& weights);  // x [N, I]

struct RecurrentSequence {
  Array outputs;    // [T, N, H]
  CellState state;  // after the last step
};
// x [T, N, I]; an empty state begins with zeros. The products with the inputs are one matmul for all steps.
RecurrentSequence recurrent_sequence(CellKind kind, const Array& x, const CellState& state, const CellWeights& weights, bool reverse);

}  // namespace mlxc
