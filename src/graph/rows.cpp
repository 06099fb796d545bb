// Functions over batches of rows. A batch is cut into pieces that stay in a core's cache; pieces go to the device side by side, each runs
// the whole program. The rows behind the last full piece are padded to the next of a few sizes, so that any batch is served by the same few
// programs.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "graph/function_state.h"

namespace mlxc {
namespace {

constexpr int64_t kMostRows = 1 << 16, kFewestRows = 16, kTrialRows = 64;

// The next of 1, 2, 3, 4, 6, 8, 12, 16, ...: at most a third of the rows are padding.
int64_t size_class(int64_t rows) {
  const int64_t power = int64_t(std::bit_ceil(uint64_t(rows)));
  return power >= 4 && rows <= power / 4 * 3 ? power / 4 * 3 : power;
}

Shape with_rows(Shape shape, int64_t rows) {
  shape[0] = rows;
  return shape;
}

double sum_of(const std::byte* data, int64_t count, DType dtype) {
  double sum = 0;
  auto add = [&](auto zero) {
    decltype(zero) value;
    for (int64_t i = 0; i < count; ++i) {
      std::memcpy(&value, data + size_t(i) * sizeof value, sizeof value);
      sum += double(value);
    }
  };
  dtype == DType::f32 ? add(0.0f) : add(0.0);
  return sum;
}

}  // namespace

void Function::run_rows(const RowBatch& batch, const std::atomic<bool>* cancel) const {
  if (!state_) fail(Status::invalid_argument, "the function has not been captured");
  FunctionState& state = *state_;
  const TensorType& in = state.types.empty() ? TensorType() : state.types[0];
  const TensorType& out = state.graph.values[size_t(state.graph.outputs[0])].type;
  if (state.types.size() != 1 || state.graph.outputs.size() != 1 || !state.graph.states.empty() || in.shape.rank() == 0 ||
      out.shape.rank() == 0)
    fail(Status::invalid_argument,
         "rows need a function of one input and one output with at least an axis each, and no state; this one has ", state.types.size(),
         " inputs and ", state.graph.outputs.size(), " outputs");
  if (batch.mean && out.dtype != DType::f32 && out.dtype != DType::f64)
    fail(Status::unsupported, "the mean of an output of dtype ", name_of(out.dtype),
         " is not supported: cast it to float32 in the function");
  const int64_t row_bytes = element_count(with_rows(in.shape, 1)) * size_of(in.dtype);
  const int64_t result_elements = element_count(with_rows(out.shape, 1)), result_bytes = result_elements * size_of(out.dtype);
  int64_t bytes, needed;
  if (__builtin_mul_overflow(row_bytes, batch.count, &bytes) || __builtin_mul_overflow(result_bytes, batch.count, &needed) ||
      size_t(bytes) != batch.bytes)
    fail(Status::invalid_argument, batch.count, " rows of ", row_bytes, " bytes are expected, ", batch.bytes, " bytes are given");
  if (batch.results && size_t(needed) > batch.result_bytes)
    fail(Status::buffer_too_small, "the results take ", needed, " bytes, there is room for ", batch.result_bytes);
  if (batch.mean) *batch.mean = std::numeric_limits<double>::quiet_NaN();
  if (batch.count == 0) return;

  // Programs are looked up under the lock and run without it.
  auto program_of = [&](int64_t rows) {
    std::lock_guard lock(state.mutex);
    std::shared_ptr<const Program>& program = state.row_programs[rows];
    if (!program) {
      auto planned = find_program(state.graph_for({{with_rows(in.shape, rows), in.dtype}}));
      if (!(planned->output_shape(0) == with_rows(out.shape, rows)))
        fail(Status::invalid_argument, "for ", rows, " rows the output has shape ", to_string(planned->output_shape(0)),
             ": axis 0 does not follow the input's");
      program = std::move(planned);
    }
    return program;
  };
  if (!state.piece_rows.load(std::memory_order_relaxed)) {
    const int64_t touched = int64_t(program_of(kTrialRows)->temporary_bytes()) / kTrialRows + row_bytes + result_bytes;
    const int64_t rows = int64_t(state.device->piece_bytes()) / std::max<int64_t>(touched, 1);
    state.piece_rows.store(std::clamp(int64_t(std::bit_floor(uint64_t(std::max<int64_t>(rows, 1)))), kFewestRows, kMostRows),
                           std::memory_order_relaxed);
  }
  const int64_t piece_rows = state.piece_rows.load(std::memory_order_relaxed), pieces = (batch.count - 1) / piece_rows + 1;
  const int64_t last_rows = batch.count - (pieces - 1) * piece_rows, padded_rows = std::min(size_class(last_rows), piece_rows);
  const auto full = pieces > 1 ? program_of(piece_rows) : nullptr, last = program_of(padded_rows);

  const auto* rows = static_cast<const std::byte*>(batch.rows);
  const bool in_place = state.device->reads_host_memory() && reinterpret_cast<uintptr_t>(rows) % size_t(size_of(in.dtype)) == 0;
  const StoragePtr lent = std::make_shared<Storage>(const_cast<std::byte*>(rows), size_t(bytes), nullptr);
  std::vector<double> sums(batch.mean ? size_t(pieces) : 0);
  state.device->run_pieces(pieces, [&](int64_t piece, Stream& stream) {
    const bool whole = piece + 1 < pieces;
    const int64_t count = whole ? piece_rows : last_rows, planned = whole ? piece_rows : padded_rows, first = piece * piece_rows;
    std::vector<Array> inputs;
    inputs.reserve(1 + state.constants.size());
    const Shape shape = with_rows(in.shape, planned);
    if (in_place && count == planned) {
      inputs.push_back(Array::from_storage(*state.device, lent, shape, in.dtype, first * (row_bytes / size_of(in.dtype))));
    } else {
      Array copy = Array::allocate(*state.device, shape, in.dtype, MemoryUse::upload);
      state.device->write(*copy.storage(), 0, rows + first * row_bytes, size_t(count * row_bytes));
      if (count < planned) state.device->clear(*copy.storage(), count * row_bytes, size_t((planned - count) * row_bytes));
      inputs.push_back(std::move(copy));
    }
    inputs.insert(inputs.end(), state.constants.begin(), state.constants.end());
    RunOptions options;
    options.stream = &stream;
    options.cancel = cancel;
    const Program& program = whole ? *full : *last;
    std::vector<Program::Result> results = program.run(inputs, options);
    Array result = Array::from_result(*state.device, std::move(results[0].storage), program.output_shape(0), out.dtype, results[0].layout);
    std::byte* to = batch.results ? static_cast<std::byte*>(batch.results) + first * result_bytes : nullptr;
    const size_t size = size_t(count * result_bytes);
    std::vector<std::byte> own;
    if (!to || !result.contiguous()) own.resize(size_t(planned * result_bytes));
    if (result.contiguous()) {
      state.device->read(*result.storage(), result.layout().offset * size_of(out.dtype), to ? to : own.data(), size);
    } else {
      read(result, own.data(), own.size());
      if (to) std::memcpy(to, own.data(), size);
    }
    if (batch.mean) sums[size_t(piece)] = sum_of(to ? to : own.data(), count * result_elements, out.dtype);
  });
  if (!batch.mean) return;
  double sum = 0;
  for (double part : sums) sum += part;  // in order: the same sum whoever computed the pieces
  *batch.mean = sum / double(batch.count * result_elements);
}

}  // namespace mlxc
