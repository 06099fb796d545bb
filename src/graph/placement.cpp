#include "graph/placement.h"

#include <atomic>
#include <cmath>
#include <map>
#include <memory>
#include <mutex>

namespace mlxc {
namespace {

struct Registry {
  std::atomic<uint64_t> version{0};
  std::mutex mutex;
  std::map<uint64_t, std::shared_ptr<const std::vector<Candidate>>> by_home;  // by Device::id
};
Registry& registry() {
  static Registry* registry = new Registry;  // never destroyed: threads may still evaluate at exit
  return *registry;
}

std::shared_ptr<const std::vector<Candidate>> candidates_of(const Device& home) {
  Registry& all = registry();
  if (!all.version.load(std::memory_order_acquire)) return nullptr;
  std::lock_guard lock(all.mutex);
  const auto found = all.by_home.find(home.id());
  return found == all.by_home.end() ? nullptr : found->second;
}

double bytes_of(const TensorType& type) { return double(element_count(type.shape)) * double(size_of(type.dtype)); }

// Why a graph has to stay; empty: it may go. Other devices lack 64-bit types and cannot read what was laid out for this one.
std::string bound(const Graph& graph) {
  if (!graph.states.empty()) return "its states live here";
  for (const GraphValue& value : graph.values)
    if (value.type.dtype == DType::f64 || value.type.dtype == DType::i64 || value.type.dtype == DType::u64)
      return cat("it computes with ", name_of(value.type.dtype));
  for (const GraphOperation& operation : graph.operations) {
    switch (operation.primitive->code()) {
      case OpCode::sort:
      case OpCode::custom:
      case OpCode::kv_write:
      case OpCode::paged_attention: return cat("it holds ", operation.primitive->name());
      default: break;
    }
  }
  return {};
}

// A factorization that another device would run on the host; null: there is none.
const Primitive* factorization_lacking(const Graph& graph, const Device& device) {
  for (const GraphOperation& operation : graph.operations)
    if (operation.primitive->code() == OpCode::linalg && !device.claims(*operation.primitive, operand_types(graph, operation)))
      return operation.primitive.get();
  return nullptr;
}

std::string duration(double seconds) { return cat(std::llround(seconds * 1e6), " us"); }

}  // namespace

void set_placement(Device& home, std::vector<Candidate> candidates) {
  Registry& all = registry();
  std::lock_guard lock(all.mutex);
  if (candidates.empty())
    all.by_home.erase(home.id());
  else
    all.by_home[home.id()] = std::make_shared<const std::vector<Candidate>>(std::move(candidates));
  all.version.fetch_add(1, std::memory_order_release);
}

uint64_t placement_version() { return registry().version.load(std::memory_order_acquire); }

double estimate(const Graph& graph, const DeviceCosts& costs, double moved_bytes, int moves) {
  std::vector<bool> stored(graph.values.size());  // by something else than the chain it is a part of
  for (int output : graph.outputs) stored[size_t(output)] = true;
  for (const GraphOperation& operation : graph.operations)
    if (!operation.primitive->is_elementwise())
      for (int input : operation.inputs) stored[size_t(input)] = true;
  double seconds = double(moves) * costs.transfer + moved_bytes / costs.transfer_bytes;
  for (const GraphOperation& operation : graph.operations) {
    const Primitive& primitive = *operation.primitive;
    if (primitive.is_view() || primitive.constant()) continue;  // constants become part of what uses them
    if (primitive.is_elementwise() && !stored[size_t(operation.outputs[0])]) continue;
    std::vector<TensorType> inputs, outputs;
    double bytes = 0;
    for (int input : operation.inputs) inputs.push_back(graph.values[size_t(input)].type);
    for (int output : operation.outputs) outputs.push_back(graph.values[size_t(output)].type);
    for (const std::vector<TensorType>* types : {&inputs, &outputs})
      for (const TensorType& type : *types) bytes += bytes_of(type);
    const double work = primitive.work(inputs, outputs), steps = primitive.steps(inputs);
    seconds += std::max({costs.launch, bytes / costs.bytes, steps > 0 ? steps * costs.step + work / costs.factor : work / costs.flops});
  }
  return seconds;
}

Placement place(const Graph& graph, size_t constants) {
  const auto candidates = candidates_of(*graph.device);
  if (!candidates) return {graph.device, {}};
  if (const std::string reason = bound(graph); !reason.empty()) return {graph.device, cat("auto: it stays, since ", reason)};
  double moved = 0;
  const size_t moving = graph.inputs.size() - std::min(constants, graph.inputs.size());
  for (size_t i = 0; i < moving; ++i) moved += bytes_of(graph.values[size_t(graph.inputs[i])].type);
  for (int output : graph.outputs) moved += bytes_of(graph.values[size_t(output)].type);
  Device* best = graph.device;
  double least = -1;
  std::string list;
  for (const Candidate& candidate : *candidates) {
    const bool home = candidate.device == graph.device;
    if (!home && candidate.device->lost()) {
      list += cat(list.empty() ? "" : ", ", candidate.device->name(), " is lost");
      continue;
    }
    if (!home)
      if (const Primitive* lacking = factorization_lacking(graph, *candidate.device)) {
        list += cat(list.empty() ? "" : ", ", "no kernel for ", lacking->name(), " on ", candidate.device->name());
        continue;
      }
    const double seconds = estimate(graph, candidate.costs, home ? 0 : moved, home ? 0 : int(moving + graph.outputs.size()));
    if (least < 0 || seconds < least) {
      best = candidate.device;
      least = seconds;
    }
    list += cat(list.empty() ? "" : ", ", duration(seconds), home ? " on " : " with copies on ", candidate.device->name());
  }
  return {best, cat("auto: estimated ", list)};
}

void move_graph(Graph& graph, const Placement& placement) {
  graph.reason = placement.reason;
  if (placement.device == graph.device) return;
  graph.device = placement.device;
  for (int input : graph.inputs) {
    GraphValue& value = graph.values[size_t(input)];
    value.strides = contiguous_strides(value.type.shape);
  }
}

std::vector<TensorType> output_types(const Graph& graph) {
  std::vector<TensorType> types;
  for (int output : graph.outputs) types.push_back(graph.values[size_t(output)].type);
  return types;
}

Array copied_to(Device& device, const Array& array) {
  std::vector<std::byte> bytes(size_t(array.bytes()));
  read(array, bytes.data(), bytes.size());
  return Array::from_data(device, bytes.data(), array.shape(), array.dtype());
}

std::vector<Program::Result> run_away(const Program& program, Device& away, Device& home, const std::vector<Array>& inputs,
                                      const std::vector<TensorType>& outputs, const RunOptions& options) {
  std::vector<Array> moved;
  moved.reserve(inputs.size());
  for (const Array& input : inputs) moved.push_back(&input.device() == &away ? input : copied_to(away, input));
  RunOptions there;
  there.cancel = options.cancel;
  std::vector<Program::Result> results = program.run(moved, there);
  for (size_t i = 0; i < results.size(); ++i) {
    const Array far = Array::from_result(away, std::move(results[i].storage), outputs[i].shape, outputs[i].dtype, results[i].layout);
    const Array near = copied_to(home, far);
    results[i] = {near.storage(), near.layout()};
  }
  return results;
}

}  // namespace mlxc
