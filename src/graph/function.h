// Function: a graph captured once between inputs and outputs, then run many times. Language-model steps are Functions.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "graph/array.h"

namespace mlxc {

// Output `output` is the new value of input `input` and must share its buffer; planning fails when something still needs the old value.
struct StatePair {
  bool operator==(const StatePair&) const = default;
  int input;
  int output;
};

// Rows in memory of the caller: all axes of the function's input and output but the first.
struct RowBatch {
  const void* rows;
  size_t bytes;  // of all rows
  int64_t count;
  void* results;        // the output's rows; null: not wanted
  size_t result_bytes;  // room there
  double* mean;         // over the output's elements, NaN of none; null: not wanted
};

struct FunctionState;  // graph/function_state.h
struct PreparedState;

// A function with its inputs. What does not depend on their values (checks, the program, memory, addresses) is settled once, so that a run
// costs no work for each of the hundreds of arrays of a language model's step. Keeps the inputs and all memory of a run alive.
class PreparedCall {
 public:
  PreparedCall() = default;
  // The outputs for what the inputs hold now, most of them in the same memory every time. Valid until the next run. Threads: one at a time.
  const std::vector<Array>& run(const RunOptions& options = {}) const;
  explicit operator bool() const { return state_ != nullptr; }

 private:
  friend class Function;
  std::shared_ptr<PreparedState> state_;
};

class Function {
 public:
  Function() = default;
  // inputs are leaves (placeholders or data); other leaves that outputs reach are constants and are kept alive.
  // host_outputs: so many of the first outputs go to memory that the host reads well (Array::data), whatever the device.
  static Function capture(const std::vector<Array>& inputs, std::vector<Array> outputs, std::vector<StatePair> states = {},
                          int host_outputs = 0);

  // New inputs of the captured shapes and dtypes give the outputs, evaluated. State outputs share the storage of their inputs.
  // With other shapes the graph is inferred and planned again (bounded cache). Threads: any, one run at a time (internally locked).
  // wanted: how many of the outputs, the first ones, become arrays; who has the states need not be given them.
  static constexpr size_t kAll = size_t(-1);
  std::vector<Array> run(const std::vector<Array>& inputs, const RunOptions& options = {}, size_t wanted = kAll) const;

  // For many runs on the same arrays, which must be contiguous. Threads: any.
  PreparedCall prepare(const std::vector<Array>& inputs) const;

  // Runs a function of one input over rows in the caller's memory: any number of them, without an array or a plan for each number. Row i of
  // the output may depend on row i of the input only. Threads: any, at the same time.
  void run_rows(const RowBatch& batch, const std::atomic<bool>* cancel = nullptr) const;

  int launches() const;  // launches of the captured program
  std::string dot() const;
  explicit operator bool() const { return state_ != nullptr; }

 private:
  void check(const std::vector<Array>& inputs) const;
  PreparedCall bind(const std::vector<Array>& inputs, size_t wanted = kAll) const;

  std::shared_ptr<FunctionState> state_;
};

// Evaluates lazily built arrays: plan (or find the plan in the cache), run, attach.
void eval(const std::vector<Array>& arrays, const RunOptions& options = {});
// The graph behind the arrays in Graphviz' DOT language.
std::string to_dot(const std::vector<Array>& arrays);

// Counters since the process started, for tests and profiles.
struct GraphCounters {
  int64_t plans = 0;     // programs planned, that is, not found in a cache
  int64_t runs = 0;      // programs run
  int64_t launches = 0;  // launches in those runs
};
GraphCounters graph_counters();

}  // namespace mlxc
