// Runs a model without an engine: prompts and single tokens through Model::step, over pages laid out by hand.
#pragma once

#include <cstring>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "graph/function.h"
#include "llm/model.h"
#include "ops/transformer.h"
#include "test_device.h"

namespace mlxc::test {

inline Array ints(const std::vector<int32_t>& values) { return Array::from_vector(device(), values, {int64_t(values.size())}, DType::i32); }

inline std::vector<float> floats(const Array& array) {
  std::vector<float> values(size_t(array.size()));
  read(array, values.data(), values.size() * sizeof(float));
  return values;
}

// One sequence in the second row of a page table whose pages lie in reverse order: mistakes in indirection show.
class Sequence {
 public:
  Sequence(std::shared_ptr<const Model> model, int64_t capacity)
      : model_(std::move(model)), pages_((capacity + kPageSlots - 1) / kPageSlots) {
    const ModelInfo& info = model_->info();
    std::vector<int32_t> table(size_t(2 * pages_), 0);
    for (int64_t i = 0; i < pages_; ++i) table[size_t(pages_ + i)] = int32_t(pages_ - 1 - i);
    table_ = Array::from_vector(device(), table, {2, pages_}, DType::i32);
    for (int64_t i = 0; i < 2 * info.layers; ++i) {
      states_.push_back(Array::allocate(device(), {pages_, info.kv_heads, kPageSlots, info.head_dim}, model_->cache_dtype()));
      device().clear(*states_.back().storage(), 0, size_t(states_.back().bytes()));
    }
  }

  struct Rows {
    std::vector<float> logits, hidden;  // of every token, or of the last
  };
  Rows run(const std::vector<int32_t>& tokens, bool last_only = false) {
    const int64_t count = int64_t(tokens.size());
    const Function& function = functions_.try_emplace({count, last_only}).first->second;
    if (!function) functions_[{count, last_only}] = capture(count, last_only ? 1 : count);
    std::vector<int32_t> positions(tokens.size()), rows(tokens.size());
    std::iota(positions.begin(), positions.end(), position_);
    std::iota(rows.begin(), rows.end(), 0);
    if (last_only) rows = {int32_t(count - 1)};
    std::vector<Array> inputs{ints(tokens), ints(positions), ints(std::vector<int32_t>(tokens.size(), 1)), table_, ints(rows)};
    inputs.insert(inputs.end(), states_.begin(), states_.end());
    const std::vector<Array> outputs = functions_.at({count, last_only}).run(inputs);
    states_.assign(outputs.begin() + 2, outputs.end());
    position_ += int32_t(count);
    return {floats(outputs[0]), floats(outputs[1])};
  }

  std::vector<int32_t> greedy(const std::vector<int32_t>& prompt, size_t count) {
    std::vector<int32_t> result, next = prompt;
    while (result.size() < count) {
      const std::vector<float> logits = run(next, true).logits;
      result.push_back(int32_t(std::max_element(logits.begin(), logits.end()) - logits.begin()));
      next = {result.back()};
    }
    return result;
  }

 private:
  Function capture(int64_t count, int64_t rows) const {
    auto input = [](Shape shape, DType dtype = DType::i32) { return Array::placeholder(device(), std::move(shape), dtype); };
    StepInputs step{input({count}), input({count}), input({count}), input({2, pages_}), {}, {}, false, input({rows})};
    const size_t layers = states_.size() / 2;
    for (size_t i = 0; i < layers; ++i) step.keys.push_back(input(states_[i].shape(), states_[i].dtype()));
    for (size_t i = 0; i < layers; ++i) step.values.push_back(input(states_[i].shape(), states_[i].dtype()));
    const StepOutputs made = model_->step(step);
    std::vector<Array> inputs{step.tokens, step.positions, step.sequences, step.page_table, step.output_rows},
        outputs{made.logits, made.hidden};
    for (const auto* list : {&step.keys, &step.values}) inputs.insert(inputs.end(), list->begin(), list->end());
    for (const auto* list : {&made.keys, &made.values}) outputs.insert(outputs.end(), list->begin(), list->end());
    std::vector<StatePair> states;
    for (size_t i = 0; i < 2 * layers; ++i) states.push_back({int(5 + i), int(2 + i)});
    return Function::capture(std::move(inputs), std::move(outputs), std::move(states));
  }

  std::shared_ptr<const Model> model_;
  int64_t pages_;
  Array table_;
  std::vector<Array> states_;  // keys of all layers, then values
  int32_t position_ = 0;
  std::map<std::pair<int64_t, bool>, Function> functions_;
};

}  // namespace mlxc::test
