/* libmlxc: language models and arrays behind one C interface. Conventions: mlxc/types.h; policy: docs/ABI.md. */
#ifndef MLXC_MLXC_H
#define MLXC_MLXC_H

#include "mlxc/array.h"
#include "mlxc/cancel.h"
#include "mlxc/device.h"
#include "mlxc/elementwise.h"
#include "mlxc/embed.h"
#include "mlxc/function.h"
#include "mlxc/generate.h"
#include "mlxc/gradient.h"
#include "mlxc/indexing.h"
#include "mlxc/layers.h"
#include "mlxc/linalg.h"
#include "mlxc/log.h"
#include "mlxc/manipulate.h"
#include "mlxc/memory.h"
#include "mlxc/model.h"
#include "mlxc/module.h"
#include "mlxc/products.h"
#include "mlxc/queue.h"
#include "mlxc/random.h"
#include "mlxc/request.h"
#include "mlxc/score.h"
#include "mlxc/statistics.h"
#include "mlxc/status.h"
#include "mlxc/tokenizer.h"
#include "mlxc/train.h"
#include "mlxc/types.h"
#include "mlxc/version.h"

#endif
