// The CPU as a device: always there.
#pragma once

#include "backend/backend.h"

namespace mlxc {

// The one CPU device of the process. It lives until the process ends.
Device& cpu_device();

}  // namespace mlxc
