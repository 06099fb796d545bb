#include "mlxc/function.h"

#include "capi/objects.h"

namespace mlxc::capi {
namespace {

std::vector<Array> arrays_of(mlxc_array* const* arrays, int64_t count, const char* name) {
  std::vector<Array> result;
  for (mlxc_array* array : list_of(arrays, count, name, kMaxItems)) result.push_back(*get(array));
  return result;
}

}  // namespace

extern "C" {

mlxc_status mlxc_function_new(mlxc_function** out, mlxc_array* const* inputs, int64_t input_count, mlxc_array* const* outputs,
                              int64_t output_count, const mlxc_state_pair* states, int64_t state_count, mlxc_error* error) {
  return guard(error, [&] {
    clear(out, "out");
    auto in = arrays_of(inputs, input_count, "inputs"), results = arrays_of(outputs, output_count, "outputs");
    if (results.empty()) fail(Status::invalid_argument, "a function needs at least one output");
    std::vector<StatePair> pairs;
    for (mlxc_state_pair pair : list_of(states, state_count, "states", kMaxItems)) {
      in_range(pair.input, 0, input_count - 1, "input of a state");
      in_range(pair.output, 0, output_count - 1, "output of a state");
      pairs.push_back({pair.input, pair.output});
    }
    auto function = Function::capture(std::move(in), std::move(results), std::move(pairs));
    *out = put<mlxc_function>(std::make_shared<const Function>(std::move(function)));
  });
}

mlxc_status mlxc_function_call(mlxc_function* function, mlxc_array* const* inputs, int64_t input_count, mlxc_array** outputs,
                               int64_t output_count, mlxc_cancel* cancel, mlxc_error* error) {
  return guard(error, [&] {
    check_count(output_count, kMaxItems, "outputs");
    if (output_count > 0) std::fill_n(require(outputs, "outputs"), output_count, nullptr);
    auto object = get(function);
    auto flag = std::make_shared<std::atomic<bool>>(false);
    CancelListener listener(get_optional(cancel), [flag] { flag->store(true, std::memory_order_relaxed); });
    RunOptions options;
    options.cancel = flag.get();
    auto results = object->run(arrays_of(inputs, input_count, "inputs"), options);
    if (int64_t(results.size()) != output_count)
      fail(Status::invalid_argument, "room for ", output_count, " outputs is given, the function has ", results.size());
    try {
      for (size_t i = 0; i < results.size(); ++i) put_array(&outputs[i], std::move(results[i]));
    } catch (...) {
      for (int64_t i = 0; i < output_count; ++i) take(std::exchange(outputs[i], nullptr));
      throw;
    }
  });
}

mlxc_status mlxc_function_run_rows(mlxc_function* function, const void* rows, size_t bytes, int64_t row_count, void* results,
                                   size_t result_bytes, double* mean, mlxc_cancel* cancel, mlxc_error* error) {
  return guard(error, [&] {
    auto object = get(function);
    if (row_count < 0) fail(Status::invalid_argument, "row_count is ", row_count, ", expected 0 or more");
    if (bytes > 0) require(rows, "rows");
    const RowBatch batch{rows, bytes, row_count, results, result_bytes, mean};
    if (!cancel) return object->run_rows(batch);
    auto flag = std::make_shared<std::atomic<bool>>(false);
    CancelListener listener(get_optional(cancel), [flag] { flag->store(true, std::memory_order_relaxed); });
    object->run_rows(batch, flag.get());
  });
}

mlxc_status mlxc_function_launches(mlxc_function* function, int64_t* launches, mlxc_error* error) {
  return guard(error, [&] {
    clear(launches, "launches");
    *launches = get(function)->launches();
  });
}

mlxc_status mlxc_function_dot(mlxc_function* function, char* buffer, size_t capacity, size_t* needed, mlxc_error* error) {
  return guard(error, [&] { give_text(get(function)->dot(), buffer, capacity, needed); });
}

void mlxc_function_free(mlxc_function* function) { take(function); }

}  // extern "C"
}  // namespace mlxc::capi
