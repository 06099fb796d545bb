#include "mlxc/cancel.h"

#include "capi/objects.h"

namespace mlxc::capi {

extern "C" {

mlxc_status mlxc_cancel_new(mlxc_cancel** out, mlxc_error* error) {
  return guard(error, [&] {
    clear(out, "out");
    *out = put<mlxc_cancel>(std::make_shared<CancelSource>());
  });
}

mlxc_status mlxc_cancel_trigger(mlxc_cancel* cancel, mlxc_error* error) {
  return guard(error, [&] { get(cancel)->trigger(); });
}

void mlxc_cancel_free(mlxc_cancel* cancel) { take(cancel); }

}  // extern "C"
}  // namespace mlxc::capi
