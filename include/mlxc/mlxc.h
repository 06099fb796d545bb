/* libmlxc: language models and arrays behind one C interface. Conventions: mlxc/types.h; policy: docs/ABI.md. */
#ifndef MLXC_MLXC_H
#define MLXC_MLXC_H

#include "mlxc/array.h"
#include "mlxc/cancel.h"
#include "mlxc/device.h"
#include "mlxc/embed.h"
#include "mlxc/function.h"
#include "mlxc/generate.h"
#include "mlxc/log.h"
#include "mlxc/memory.h"
#include "mlxc/model.h"
#include "mlxc/queue.h"
#include "mlxc/request.h"
#include "mlxc/score.h"
#include "mlxc/status.h"
#include "mlxc/tokenizer.h"
#include "mlxc/types.h"
#include "mlxc/version.h"

#endif
