#include "graph/program.h"

#include <algorithm>
#include <list>
#include <mutex>
#include <unordered_map>

#include "graph/counters.h"

namespace mlxc {
namespace {

// Least recently used first out. Programs in use live on through their shared pointers.
class ProgramCache {
 public:
  std::shared_ptr<const Program> find_or_plan(const Graph& graph) {
    size_t hash = graph.hash();
    {
      std::lock_guard lock(mutex_);
      if (auto program = find(hash, graph)) return program;
    }
    // Planned without the lock: another thread may plan the same graph meanwhile, and the first one to finish wins.
    std::shared_ptr<const Program> planned = Program::plan(graph);
    counters().plans.fetch_add(1, std::memory_order_relaxed);
    Entries dropped;  // go after the lock
    std::lock_guard lock(mutex_);
    if (auto program = find(hash, graph)) return program;
    recent_.push_front({hash, graph, planned});
    by_hash_.emplace(hash, recent_.begin());
    for (auto next = recent_.begin(); next != recent_.end();)
      if (auto entry = next++; entry->program->useless()) drop(entry, dropped);
    if (recent_.size() > kCapacity) drop(std::prev(recent_.end()), dropped);
    return planned;
  }

 private:
  static constexpr size_t kCapacity = 256;
  struct Entry {
    size_t hash;
    Graph graph;
    std::shared_ptr<const Program> program;
  };
  using Entries = std::list<Entry>;

  std::shared_ptr<const Program> find(size_t hash, const Graph& graph) {
    for (auto [it, end] = by_hash_.equal_range(hash); it != end; ++it) {
      if (!it->second->graph.same_structure(graph)) continue;
      recent_.splice(recent_.begin(), recent_, it->second);
      return it->second->program;
    }
    return nullptr;
  }

  void drop(Entries::iterator entry, Entries& to) {
    for (auto [it, end] = by_hash_.equal_range(entry->hash); it != end; ++it) {
      if (it->second != entry) continue;
      by_hash_.erase(it);
      break;
    }
    to.splice(to.end(), recent_, entry);
  }

  std::mutex mutex_;
  Entries recent_;
  std::unordered_multimap<size_t, Entries::iterator> by_hash_;
};

}  // namespace

std::shared_ptr<const Program> find_program(const Graph& graph) {
  static ProgramCache* cache = new ProgramCache;  // never destroyed: worker threads may still run at exit
  return cache->find_or_plan(graph);
}

// States are written in place: each must have memory of its own. A step of a language model has a hundred of them beside hundreds of
// weights.
void Program::check_states(const std::vector<Array>& inputs) const {
  std::vector<std::pair<const Storage*, int>> states;
  states.reserve(state_inputs_.size());
  for (int state : state_inputs_) {
    const StoragePtr& storage = inputs[size_t(state)].storage();
    if (!storage->writable()) fail(Status::invalid_argument, "state input ", state, " lies in read-only memory");
    states.emplace_back(storage.get(), state);
  }
  if (states.empty()) return;
  std::sort(states.begin(), states.end());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Storage* storage = inputs[i].storage().get();
    for (auto at = std::lower_bound(states.begin(), states.end(), std::pair(storage, -1)); at != states.end() && at->first == storage; ++at)
      if (at->second != int(i)) fail(Status::invalid_argument, "inputs ", at->second, " (a state) and ", i, " share memory");
  }
}

Program::Bound Program::bind(const std::vector<Array>& inputs) const {
  check_states(inputs);
  Bound bound;
  bound.temporaries = device_->allocator().allocate(temporary_bytes_ + scratch_bytes_);  // the arena is a multiple of its alignment
  bound.owned.resize(buffers_.size());
  bound.bindings.reserve(buffers_.size() + 1);
  for (size_t i = 0; i < buffers_.size(); ++i) {
    const Buffer& buffer = buffers_[i];
    switch (buffer.kind) {
      case Kind::input: {
        const Array& array = inputs[size_t(buffer.input)];
        bound.bindings.push_back({array.storage().get(), array.layout().offset * size_of(array.dtype())});
        break;
      }
      case Kind::temporary: bound.bindings.push_back({bound.temporaries.get(), int64_t(buffer.offset)}); break;
      case Kind::owned:
        bound.owned[i] = device_->allocator().allocate(buffer.bytes, buffer.use);
        bound.bindings.push_back({bound.owned[i].get(), 0});
        break;
    }
  }
  if (scratch_bytes_) bound.bindings.push_back({bound.temporaries.get(), int64_t(temporary_bytes_)});
  bound.results.reserve(outputs_.size());
  for (const Output& output : outputs_) {
    const Buffer& buffer = buffers_[size_t(output.buffer)];
    Layout layout = output.layout;
    if (buffer.kind == Kind::input) {
      const Array& array = inputs[size_t(buffer.input)];
      layout.offset += array.layout().offset;
      bound.results.push_back({array.storage(), layout});
    } else {
      bound.results.push_back({bound.owned[size_t(output.buffer)], layout});
    }
  }
  return bound;
}

void Program::run(const Bound& bound, const RunOptions& options) const {
  counters().runs.fetch_add(1, std::memory_order_relaxed);
  counters().launches.fetch_add(launches_, std::memory_order_relaxed);
  executable_->run(options.stream ? *options.stream : device_->default_stream(), bound.bindings, options.cancel);
}

std::vector<Program::Result> Program::run(const std::vector<Array>& inputs, const RunOptions& options) const {
  Bound bound = bind(inputs);
  run(bound, options);
  return std::move(bound.results);
}

}  // namespace mlxc
