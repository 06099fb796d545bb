// The runner behind the engine: one Function per bucket of tokens and output rows over shared K/V states.
#include <algorithm>
#include <list>
#include <map>
#include <tuple>

#include "graph/function.h"
#include "llm/runner.h"
#include "ops/reduce.h"
#include "ops/transformer.h"

namespace mlxc {
namespace {

constexpr int64_t kMostTop = 64;   // logits of a row that a device chooses itself; more travel as whole rows
constexpr int64_t kMostKept = 64;  // tokens of a step whose memory is kept for the next
constexpr size_t kPrograms = 48;   // kept; the one used longest ago goes first

// Fewer tokens than rows of a step with prompts in it would be a bucket of its own for every pair: coarser.
int64_t bucket_of_rows(int64_t rows, int64_t tokens) {
  if (rows == tokens) return bucket_of(tokens);
  int64_t bucket = 1;
  while (bucket < rows) bucket *= 2;
  return std::min(bucket, bucket_of(tokens));
}

struct Program {
  Function function;
  Array tokens, positions, sequences, output_rows, starts;  // rewritten before each run; none where the program takes none
};

struct ProgramKey {
  int64_t tokens, rows;  // rows: sequences of an encoder's batch
  bool hidden, logits;
  int64_t top;         // so many logits of each row, 0: all
  bool single_tokens;  // no two tokens are of one sequence
  bool all_rows;       // outputs are wanted of all tokens
  auto operator<=>(const ProgramKey&) const = default;
};

// Least recently used first.
class ProgramCache {
 public:
  template <class Make>
  Program& get(const ProgramKey& key, Make&& make) {
    if (auto found = index_.find(key); found != index_.end()) {
      programs_.splice(programs_.end(), programs_, found->second);
      return found->second->second;
    }
    Program made = make();
    while (programs_.size() >= kPrograms) {
      index_.erase(programs_.front().first);
      programs_.pop_front();
    }
    programs_.emplace_back(key, std::move(made));
    try {
      index_.emplace(key, std::prev(programs_.end()));
    } catch (...) {
      programs_.pop_back();
      throw;
    }
    return programs_.back().second;
  }
  void clear() {
    index_.clear();
    programs_.clear();
  }

 private:
  std::list<std::pair<ProgramKey, Program>> programs_;
  std::map<ProgramKey, std::list<std::pair<ProgramKey, Program>>::iterator> index_;
};

void fill(const Array& array, const std::vector<int32_t>& values, int32_t padding) {
  int32_t* to = array.data_as<int32_t>();
  std::copy(values.begin(), values.end(), to);
  std::fill(to + values.size(), to + array.size(), padding);
}

class GraphRunner : public Runner {
 public:
  GraphRunner(std::shared_ptr<const Model> model, int threads, int64_t table_rows, int64_t table_width)
      : model_(std::move(model)), device_(model_->device()) {
    if (threads > 0) stream_ = device_.new_stream(threads);
    if (!model_->info().causal) return;
    page_table_ = Array::allocate(device_, {table_rows, table_width}, DType::i32, MemoryUse::upload);
    std::ranges::fill(GraphRunner::page_table(), 0);
  }

  void resize_pages(int64_t pages) override {
    const ModelInfo& info = model_->info();
    const Shape shape{pages, info.kv_heads, kPageSlots, info.head_dim};
    auto grown = [&](const std::vector<Array>& old) {
      std::vector<Array> states;
      for (int64_t layer = 0; layer < info.layers; ++layer) {
        Array state = Array::allocate(device_, shape, model_->cache_dtype());
        if (!old.empty()) device_.copy(*state.storage(), 0, *old[size_t(layer)].storage(), 0, size_t(old[size_t(layer)].bytes()));
        states.push_back(std::move(state));
      }
      return states;
    };
    std::vector<Array> keys = grown(keys_), values = grown(values_);
    keys_ = std::move(keys);
    values_ = std::move(values);
    programs_.clear();  // their states have the old shape
    call_ = {};
    results_.clear();
  }

  void clear_page(int32_t page) override {
    if (!device_.reads_stale_slots()) return;
    for_each_state([&](Storage& state, size_t bytes) { device_.clear(state, int64_t(page) * int64_t(bytes), bytes); });
  }

  void copy_page(int32_t from, int32_t to) override {
    for_each_state([&](Storage& state, size_t bytes) {
      device_.copy(state, int64_t(to) * int64_t(bytes), state, int64_t(from) * int64_t(bytes), bytes);
    });
  }

  std::span<int32_t> page_table() override { return {page_table_.data_as<int32_t>(), size_t(page_table_.size())}; }

  StepRows run(const StepBatch& batch, const std::atomic<bool>* cancel) override {
    const int64_t tokens = bucket_of(int64_t(batch.tokens.size()));
    const int64_t wanted = std::max<int64_t>(1, int64_t(batch.output_rows.size()));  // a prompt's inner part wants none: one for the graph
    const bool all_rows = wanted == int64_t(batch.tokens.size());
    const int64_t rows = all_rows ? tokens : bucket_of_rows(wanted, int64_t(batch.tokens.size()));
    const ProgramKey key{
        tokens,  rows, batch.wants_hidden, batch.wants_logits, batch.top > 1 ? most_top() : batch.top, single_tokens(batch.sequences),
        all_rows};
    Program& program = programs_.get(key, [&] { return capture_step(key); });
    fill(program.tokens, batch.tokens, 0);
    fill(program.positions, batch.positions, 0);
    fill(program.sequences, batch.sequences, -1);
    if (!all_rows) fill(program.output_rows, batch.output_rows, 0);
    run_program(key, program, cancel);
    StepRows result;
    size_t next = 0;
    if (key.hidden) result.hidden = results_[next++].data_as<float>();
    if (key.logits && !key.top) result.logits = results_[next].data_as<float>();
    if (key.logits && key.top) {
      result.top = key.top;
      result.top_logits = results_[next].data_as<float>();
      result.top_tokens = results_[next + 1].data_as<int32_t>();
    }
    return result;
  }

  StepRows encode(const StepBatch& batch, const std::atomic<bool>* cancel) override {
    const int64_t tokens = bucket_of(int64_t(batch.tokens.size()));
    const int64_t borders = bucket_of(int64_t(batch.starts.size()) + 1);  // one more sequence holds the padding
    const ProgramKey key{tokens, borders, true, false, 0, false, true};
    Program& program = programs_.get(key, [&] { return capture_encoder(tokens, borders); });
    fill(program.tokens, batch.tokens, 0);
    fill(program.positions, batch.positions, 0);
    fill(program.starts, batch.starts, int32_t(tokens));
    run_program(key, program, cancel);
    return {.hidden = results_[0].data_as<float>()};
  }

  int64_t most_top() const override { return device_.reads_host_memory() ? 0 : std::min(kMostTop, model_->info().vocabulary - 1); }

 private:
  // Only devices of their own gain by it; on the host it would double the programs.
  bool single_tokens(const std::vector<int32_t>& sequences) const {
    return !device_.reads_host_memory() && std::adjacent_find(sequences.begin(), sequences.end()) == sequences.end();
  }

  template <class Body>
  void for_each_state(Body&& body) {
    for (const auto* states : {&keys_, &values_})
      for (const Array& state : *states) body(*state.storage(), size_t(state.bytes() / state.dim(0)));
  }

  Array indices(int64_t count) { return Array::allocate(device_, {count}, DType::i32, MemoryUse::upload); }

  Program capture_step(const ProgramKey& key) {
    Program program;
    program.tokens = indices(key.tokens);
    program.positions = indices(key.tokens);
    program.sequences = indices(key.tokens);
    if (!key.all_rows) program.output_rows = indices(key.rows);
    const StepInputs step{program.tokens, program.positions, program.sequences, page_table_,
                          keys_,          values_,           key.single_tokens, program.output_rows};
    StepOutputs result = model_->step(step);
    std::vector<Array> outputs;
    if (key.hidden) outputs.push_back(result.hidden);
    if (key.logits && !key.top) outputs.push_back(result.logits);
    if (key.logits && key.top) {
      const TopValues top = top_k(result.logits, key.top);
      outputs.insert(outputs.end(), {top.values, top.indices});
    }
    const int for_host = int(outputs.size());
    std::vector<StatePair> states;
    for (size_t i = 0; i < keys_.size() + values_.size(); ++i) states.push_back({int(4 + i), int(outputs.size() + i)});
    outputs.insert(outputs.end(), result.keys.begin(), result.keys.end());
    outputs.insert(outputs.end(), result.values.begin(), result.values.end());
    program.function = Function::capture(inputs_of(program), std::move(outputs), std::move(states), for_host);
    return program;
  }

  Program capture_encoder(int64_t tokens, int64_t borders) {
    Program program;
    program.tokens = indices(tokens);
    program.positions = indices(tokens);
    program.starts = indices(borders);
    Array hidden = model_->encode(program.tokens, program.positions, program.starts);
    program.function = Function::capture({program.tokens, program.positions, program.starts}, {hidden}, {}, 1);
    return program;
  }

  // Steps of generation follow each other in the same program on the same arrays: the call stays prepared. What prompts need is too much to
  // keep.
  void run_program(const ProgramKey& key, const Program& program, const std::atomic<bool>* cancel) {
    PreparedCall call = key == call_key_ ? call_ : PreparedCall();
    if (!call) {
      results_.clear();  // their memory can be used by this run
      call_ = {};
      call = program.function.prepare(inputs_of(program));
      call_key_ = key;
      if (key.tokens <= kMostKept) call_ = call;
    }
    RunOptions options;
    options.stream = stream_.get();
    options.cancel = cancel;
    const std::vector<Array>& outputs = call.run(options);
    // The states among the outputs lie where they lay: only hidden states and logits are kept.
    results_.assign(outputs.begin(), outputs.end() - long(program.sequences ? keys_.size() + values_.size() : 0));
    for (const Array& result : results_)
      if (!result.contiguous()) fail(Status::internal, "a step's output of shape ", to_string(result.shape()), " is not row-major");
  }

  std::vector<Array> inputs_of(const Program& program) const {
    if (!program.sequences) return {program.tokens, program.positions, program.starts};
    std::vector<Array> inputs{program.tokens, program.positions, program.sequences, page_table_};
    inputs.insert(inputs.end(), keys_.begin(), keys_.end());
    inputs.insert(inputs.end(), values_.begin(), values_.end());
    if (program.output_rows) inputs.push_back(program.output_rows);
    return inputs;
  }

  const std::shared_ptr<const Model> model_;
  Device& device_;
  std::unique_ptr<Stream> stream_;
  std::vector<Array> keys_, values_;
  Array page_table_;
  ProgramCache programs_;
  PreparedCall call_;
  ProgramKey call_key_{};
  std::vector<Array> results_;
};

}  // namespace

std::unique_ptr<Runner> new_graph_runner(std::shared_ptr<const Model> model, int threads, int64_t table_rows, int64_t table_width) {
  return std::make_unique<GraphRunner>(std::move(model), threads, table_rows, table_width);
}

int64_t page_bytes(const Model& model) {
  const ModelInfo& info = model.info();
  return 2 * info.layers * info.kv_heads * info.head_dim * kPageSlots * size_of(model.cache_dtype());
}

int64_t bucket_of(int64_t count) {
  const int64_t step = count <= 8 ? 1 : count <= 64 ? 4 : count <= 256 ? 16 : 64;
  return (count + step - 1) / step * step;
}

}  // namespace mlxc
