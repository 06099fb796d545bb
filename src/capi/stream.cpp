#include "mlxc/stream.h"

#include "capi/array_arguments.h"

namespace mlxc::capi {
namespace {

constexpr int64_t kMostThreads = 1024;

void give(mlxc_fence** done, FencePtr fence) {
  if (done) *done = put<mlxc_fence>(std::move(fence));
}

}  // namespace

extern "C" {

mlxc_status mlxc_stream_new(mlxc_stream** out, mlxc_device* device, int32_t threads, mlxc_error* error) {
  return guard(error, [&] {
    clear(out, "out");
    const int count = int(in_range(threads, 0, kMostThreads, "threads"));
    *out = put<mlxc_stream>(std::make_shared<StreamObject>(TaskStream::create(device_of(device), count)));
  });
}

mlxc_status mlxc_stream_eval(mlxc_fence** done, mlxc_stream* stream, mlxc_array* const* arrays, int64_t count, mlxc_error* error) {
  return guard(error, [&] {
    if (done) *done = nullptr;
    auto object = get(stream);
    std::vector<Array> list = arrays_of(arrays, count);
    for (const Array& array : list)
      if (&array.device() != &object->stream->device())
        fail(Status::invalid_argument, "an array of device ", array.device().name(), " on a stream of ", object->stream->device().name());
    give(done, object->stream->add([list = std::move(list)](const RunOptions& options) {
      eval(list, options);
      return Arrays();
    }));
  });
}

mlxc_status mlxc_stream_call(mlxc_fence** done, mlxc_stream* stream, mlxc_function* function, mlxc_array* const* inputs,
                             int64_t input_count, mlxc_error* error) {
  return guard(error, [&] {
    if (done) *done = nullptr;
    auto object = get(stream);
    auto called = get(function);
    give(done, object->stream->add([called, list = arrays_of(inputs, input_count, "inputs")](const RunOptions& options) {
      return called->run(list, options);
    }));
  });
}

mlxc_status mlxc_stream_record(mlxc_fence** done, mlxc_stream* stream, mlxc_error* error) {
  return guard(error, [&] {
    clear(done, "done");
    give(done, get(stream)->stream->record());
  });
}

mlxc_status mlxc_stream_wait(mlxc_stream* stream, mlxc_fence* fence, mlxc_error* error) {
  return guard(error, [&] {
    auto object = get(stream);
    object->stream->wait_for(get(fence));
  });
}

mlxc_status mlxc_stream_synchronize(mlxc_stream* stream, mlxc_error* error) {
  return guard(error, [&] { get(stream)->stream->record()->wait(); });
}

void mlxc_stream_free(mlxc_stream* stream) {
  if (auto object = take(stream)) object->stream->close();
}

mlxc_status mlxc_fence_wait(mlxc_fence* fence, int64_t timeout_ms, mlxc_error* error) {
  return guard(error, [&] {
    auto object = get(fence);
    std::optional<std::chrono::milliseconds> limit;
    if (timeout_ms >= 0) limit = std::chrono::milliseconds(std::min<int64_t>(timeout_ms, int64_t{1} << 40));
    if (!object->wait(limit)) fail(Status::timeout, "the fence was not done after ", timeout_ms, " ms");
  });
}

mlxc_status mlxc_fence_query(mlxc_fence* fence, int32_t* done, mlxc_error* error) {
  return guard(error, [&] {
    clear(done, "done");
    *done = get(fence)->done();
  });
}

mlxc_status mlxc_fence_notify(mlxc_fence* fence, void (*callback)(mlxc_status, void*), void* user_data, mlxc_error* error) {
  return guard(error, [&] {
    auto object = get(fence);
    require(reinterpret_cast<void*>(callback), "callback");
    object->on_done([callback, user_data](Status status) { callback(mlxc_status(status), user_data); });
  });
}

mlxc_status mlxc_fence_outputs(mlxc_fence* fence, mlxc_array** outputs, int64_t output_count, mlxc_error* error) {
  return guard(error, [&] {
    clear_list(outputs, output_count);
    put_list(outputs, output_count, get(fence)->results());
  });
}

void mlxc_fence_free(mlxc_fence* fence) { take(fence); }

}  // extern "C"
}  // namespace mlxc::capi
