#include "mlxc/queue.h"

#include "capi/objects.h"

namespace mlxc::capi {

extern "C" {

mlxc_status mlxc_queue_new(mlxc_queue** out, mlxc_error* error) {
  return guard(error, [&] {
    clear(out, "out");
    *out = put<mlxc_queue>(std::make_shared<EventQueue>());
  });
}

mlxc_status mlxc_queue_next(mlxc_queue* queue, int64_t timeout_ms, mlxc_event* events, int64_t capacity, int64_t* count,
                            mlxc_error* error) {
  return guard(error, [&] {
    clear(count, "count");
    auto object = get(queue);
    in_range(capacity, 1, INT64_MAX, "capacity");
    object->next(timeout_ms, require(events, "events"), capacity, count);
  });
}

mlxc_status mlxc_queue_wake(mlxc_queue* queue, mlxc_error* error) {
  return guard(error, [&] { get(queue)->wake(); });
}

mlxc_status mlxc_queue_close(mlxc_queue* queue, mlxc_error* error) {
  return guard(error, [&] { get(queue)->close(); });
}

void mlxc_queue_free(mlxc_queue* queue) {
  if (auto object = take(queue)) object->free();
}

}  // extern "C"
}  // namespace mlxc::capi
