#include "mlxc/log.h"

#include "base/log.h"
#include "capi/border.h"

extern "C" mlxc_status mlxc_log_set(mlxc_log_callback callback, void* user_data, int32_t least, mlxc_error* error) {
  return mlxc::capi::guard(error, [&] {
    mlxc::capi::in_range(least, MLXC_LOG_DEBUG, MLXC_LOG_ERROR, "least");
    mlxc::set_log_callback(callback, user_data, mlxc::LogLevel(least));
  });
}
