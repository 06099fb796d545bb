#include "mlxc/status.h"

extern "C" const char* mlxc_status_name(mlxc_status status) {
  switch (status) {
    case MLXC_OK: return "MLXC_OK";
    case MLXC_CANCELLED: return "MLXC_CANCELLED";
    case MLXC_INVALID_ARGUMENT: return "MLXC_INVALID_ARGUMENT";
    case MLXC_INVALID_HANDLE: return "MLXC_INVALID_HANDLE";
    case MLXC_BUFFER_TOO_SMALL: return "MLXC_BUFFER_TOO_SMALL";
    case MLXC_OUT_OF_MEMORY: return "MLXC_OUT_OF_MEMORY";
    case MLXC_IO: return "MLXC_IO";
    case MLXC_NOT_FOUND: return "MLXC_NOT_FOUND";
    case MLXC_FORMAT: return "MLXC_FORMAT";
    case MLXC_UNSUPPORTED: return "MLXC_UNSUPPORTED";
    case MLXC_CONTEXT_FULL: return "MLXC_CONTEXT_FULL";
    case MLXC_DEVICE_LOST: return "MLXC_DEVICE_LOST";
    case MLXC_TIMEOUT: return "MLXC_TIMEOUT";
    case MLXC_BUSY: return "MLXC_BUSY";
    case MLXC_END: return "MLXC_END";
    case MLXC_INTERNAL: return "MLXC_INTERNAL";
    default: return "MLXC_UNKNOWN";
  }
}
