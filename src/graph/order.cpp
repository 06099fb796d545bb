#include <algorithm>
#include <queue>
#include <vector>

#include "graph/graph.h"

namespace mlxc {
namespace {

constexpr int64_t kSmallBytes = 64 << 10;  // of the results of an operation that may come early
constexpr int64_t kEarlyBytes = 8 << 20;   // of all such results that wait for their readers

// Emits operations one by one. Where the device does independent launches side by side, what is emitted falls into groups: an operation
// comes a group after the last one that it waits for. Small operations go to the first group that they can; all others, and everything on
// other devices, keep the traced order, which keeps few values alive.
class Scheduler {
 public:
  explicit Scheduler(Graph& graph) : graph_(graph), hoists_(graph.device->side_by_side()) {
    const size_t count = graph_.operations.size();
    after_.resize(count);
    waiting_.resize(count);
    earliest_.resize(count);
    emitted_.resize(count);
    unread_.resize(count);
    early_.resize(count);
    if (std::ranges::any_of(graph_.operations, [](const GraphOperation& operation) { return operation.primitive->updates() > 0; }))
      find_readers();
    for (size_t i = 0; i < count; ++i) {
      const GraphOperation& operation = graph_.operations[i];
      for (int input : operation.inputs)
        if (int producer = producer_of(input); producer >= 0) {
          edge(producer, int(i));
          ++unread_[size_t(producer)];
        }
      for (int u = 0; u < operation.primitive->updates(); ++u)
        for (int reader : readers_[size_t(operation.inputs[size_t(u)])])
          if (reader != int(i)) edge(reader, int(i));
    }
  }

  // False, and nothing done, where operations wait for each other in a circle.
  bool run() {
    for (size_t i = 0; i < waiting_.size(); ++i)
      if (!waiting_[i]) now_ready(int(i));
    while (!ready_.empty()) {
      const int next = ready_.top();
      ready_.pop();
      if (emitted_[size_t(next)]) continue;
      const bool opens = earliest_[size_t(next)] > group_;
      if (opens) group_ = earliest_[size_t(next)];
      emit(next);
      if (opens) emit_early();
    }
    if (order_.size() != graph_.operations.size()) return false;
    std::vector<GraphOperation> operations;
    for (int index : order_) {
      for (int output : graph_.operations[size_t(index)].outputs) graph_.values[size_t(output)].operation = int(operations.size());
      operations.push_back(std::move(graph_.operations[size_t(index)]));
    }
    graph_.operations = std::move(operations);
    return true;
  }

 private:
  using Least = std::priority_queue<int, std::vector<int>, std::greater<int>>;

  void find_readers() {  // of a value or of a view of it
    readers_.resize(graph_.values.size());
    for (size_t i = graph_.operations.size(); i-- > 0;) {
      const GraphOperation& operation = graph_.operations[i];
      for (int input : operation.inputs) {
        readers_[size_t(input)].push_back(int(i));
        if (operation.primitive->is_view()) {
          const std::vector<int>& beyond = readers_[size_t(operation.outputs[0])];
          readers_[size_t(input)].insert(readers_[size_t(input)].end(), beyond.begin(), beyond.end());
        }
      }
    }
  }

  void edge(int first, int second) {
    after_[size_t(first)].push_back(second);
    ++waiting_[size_t(second)];
  }

  int producer_of(int value) const { return graph_.values[size_t(value)].operation; }

  int64_t result_bytes(int index) const {
    const GraphOperation& operation = graph_.operations[size_t(index)];
    int64_t bytes = 0;
    if (operation.primitive->is_view()) return bytes;
    for (int output : operation.outputs) bytes += byte_count(graph_.values[size_t(output)].type);
    return bytes;
  }

  void now_ready(int index) {
    ready_.push(index);
    if (hoists_ && result_bytes(index) <= kSmallBytes) small_.push(index);
  }

  // What is small and waits for nothing of this group, behind the operation that opens it.
  void emit_early() {
    std::vector<int> later;
    while (!small_.empty() && early_bytes_ < kEarlyBytes) {
      const int index = small_.top();
      small_.pop();
      if (emitted_[size_t(index)]) continue;
      if (earliest_[size_t(index)] > group_) {
        later.push_back(index);
        continue;
      }
      early_[size_t(index)] = result_bytes(index);
      early_bytes_ += early_[size_t(index)];
      emit(index);
    }
    for (int index : later) small_.push(index);
  }

  void emit(int index) {
    emitted_[size_t(index)] = true;
    order_.push_back(index);
    const GraphOperation& operation = graph_.operations[size_t(index)];
    const int group = operation.primitive->is_view() ? earliest_[size_t(index)] : std::max(group_, earliest_[size_t(index)]) + 1;
    for (int input : operation.inputs)
      if (int producer = producer_of(input); producer >= 0 && --unread_[size_t(producer)] == 0) early_bytes_ -= early_[size_t(producer)];
    int joined = -1;
    for (int next : after_[size_t(index)]) {
      earliest_[size_t(next)] = std::max(earliest_[size_t(next)], group);
      if (--waiting_[size_t(next)] > 0) continue;
      now_ready(next);
      if (hoists_ && graph_.device->may_join(*operation.primitive, *graph_.operations[size_t(next)].primitive)) joined = next;
    }
    if (joined < 0 || emitted_[size_t(joined)]) return;
    earliest_[size_t(joined)] = std::min(earliest_[size_t(joined)], group_);  // one launch with this one
    emit(joined);
  }

  Graph& graph_;
  const bool hoists_;
  std::vector<std::vector<int>> readers_, after_;
  std::vector<int> waiting_;   // of each operation: for how many others
  std::vector<int> earliest_;  // the first group it can be in
  std::vector<bool> emitted_;
  std::vector<int> unread_;     // of each operation: how often its results are still to be read
  std::vector<int64_t> early_;  // bytes of its results if it came early
  int64_t early_bytes_ = 0;     // of those that are still to be read
  std::vector<int> order_;
  Least ready_, small_;
  int group_ = -1;
};

}  // namespace

bool order(Graph& graph) { return Scheduler(graph).run(); }

}  // namespace mlxc
