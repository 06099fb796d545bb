// What the handles stand for, and the way from one to the other.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "backend/backend.h"
#include "capi/border.h"
#include "capi/cancel_source.h"
#include "capi/event_queue.h"
#include "capi/handle_table.h"
#include "capi/training.h"
#include "graph/array.h"
#include "graph/function.h"
#include "graph/task_stream.h"
#include "llm/engine.h"
#include "nn/layers.h"
#include "nn/optimizers.h"
#include "nn/parameters.h"
#include "ops/custom.h"
#include "text/tokenizer.h"

namespace mlxc::capi {

class ModelObject;
class RequestObject;

struct DeviceObject {
  Device* device;  // exists once, for ever
};

struct DecoderObject {
  DecoderObject(std::shared_ptr<const Tokenizer> tokenizer, bool skip_special) : stream(std::move(tokenizer), skip_special) {}
  std::mutex mutex;  // held during a call; a second one is BUSY
  DecodeStream stream;
  std::string text;  // borrowed by the caller until the next call
};

struct TextResult : GenerateResult {
  int64_t generated = 0;  // tokens behind an echoed prompt
};

struct ParametersObject {
  explicit ParametersObject(nn::Parameters parameters) : parameters(std::move(parameters)) {}
  std::mutex mutex;
  nn::Parameters parameters;
};

struct KernelObject {
  Device* device;
  CustomKernelPtr kernel;
};

// The stream's thread holds the stream itself: it is closed when the last call with the handle is over.
struct StreamObject {
  explicit StreamObject(std::shared_ptr<TaskStream> stream) : stream(std::move(stream)) {}
  ~StreamObject() { stream->close(); }
  const std::shared_ptr<TaskStream> stream;
};

struct ResultObject {
  std::vector<std::shared_ptr<const TextResult>> texts;
};

// Handle type -> kind, name in messages, object.
template <class Handle>
struct HandleTraits;
#define MLXC_HANDLE(handle, number, object)      \
  template <>                                    \
  struct HandleTraits<mlxc_##handle> {           \
    static constexpr int kind = number;          \
    static constexpr const char* name = #handle; \
    using Object = object;                       \
  };
MLXC_HANDLE(device, MLXC_HANDLE_DEVICE, DeviceObject)
MLXC_HANDLE(model, MLXC_HANDLE_MODEL, ModelObject)
MLXC_HANDLE(tokenizer, MLXC_HANDLE_TOKENIZER, const Tokenizer)
MLXC_HANDLE(decoder, MLXC_HANDLE_DECODER, DecoderObject)
MLXC_HANDLE(request, MLXC_HANDLE_REQUEST, RequestObject)
MLXC_HANDLE(queue, MLXC_HANDLE_QUEUE, EventQueue)
MLXC_HANDLE(result, MLXC_HANDLE_RESULT, const ResultObject)
MLXC_HANDLE(cancel, MLXC_HANDLE_CANCEL, CancelSource)
MLXC_HANDLE(array, MLXC_HANDLE_ARRAY, const Array)
MLXC_HANDLE(function, MLXC_HANDLE_FUNCTION, const Function)
MLXC_HANDLE(module, MLXC_HANDLE_MODULE, const nn::Layer)
MLXC_HANDLE(parameters, MLXC_HANDLE_PARAMETERS, ParametersObject)
MLXC_HANDLE(optimizer, MLXC_HANDLE_OPTIMIZER, const nn::Optimizer)
MLXC_HANDLE(dataset, MLXC_HANDLE_DATASET, const train::Dataset)
MLXC_HANDLE(loader, MLXC_HANDLE_LOADER, LoaderObject)
MLXC_HANDLE(trainer, MLXC_HANDLE_TRAINER, TrainerObject)
MLXC_HANDLE(kernel, MLXC_HANDLE_KERNEL, const KernelObject)
MLXC_HANDLE(stream, MLXC_HANDLE_STREAM, StreamObject)
MLXC_HANDLE(fence, MLXC_HANDLE_FENCE, Fence)
#undef MLXC_HANDLE

template <class Handle>
using ObjectPtr = std::shared_ptr<typename HandleTraits<Handle>::Object>;

// The object behind a handle, kept alive by the result. Error(invalid_handle) for anything that is not a live handle of this kind.
template <class Handle>
ObjectPtr<Handle> get(const Handle* handle) {
  using Traits = HandleTraits<Handle>;
  auto object = HandleTable::global().find(handle, Traits::kind);
  if (!object) fail(Status::invalid_handle, "the ", Traits::name, " handle is ", handle ? "not valid: freed, or of another kind" : "NULL");
  return std::static_pointer_cast<typename Traits::Object>(std::move(object));
}

// As get, but NULL gives an empty pointer.
template <class Handle>
ObjectPtr<Handle> get_optional(const Handle* handle) {
  return handle ? get(handle) : nullptr;
}

template <class Handle>
Handle* put(ObjectPtr<Handle> object) {
  using Traits = HandleTraits<Handle>;
  using Plain = std::remove_const_t<typename Traits::Object>;
  return static_cast<Handle*>(HandleTable::global().insert(Traits::kind, std::const_pointer_cast<Plain>(std::move(object))));
}

// Ends a handle and gives its reference, or null when it was not valid.
template <class Handle>
ObjectPtr<Handle> take(Handle* handle) noexcept {
  using Traits = HandleTraits<Handle>;
  return std::static_pointer_cast<typename Traits::Object>(HandleTable::global().remove(handle, Traits::kind));
}

// Puts a new array into `out`.
inline void put_array(mlxc_array** out, Array array) { *out = put<mlxc_array>(std::make_shared<const Array>(std::move(array))); }

Device& device_of(mlxc_device* device);  // NULL: the default one
DType dtype_of(int32_t dtype);

}  // namespace mlxc::capi
