#include "ops/gradient.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "graph/marks.h"
#include "ops/creation.h"
#include "ops/elementwise.h"

namespace mlxc {
namespace {

using ArraySet = std::unordered_set<Array, ArrayHash>;
using ArrayMap = std::unordered_map<Array, Array, ArrayHash>;

// One backward pass. Where a gradient is zero its array is null.
class Backward {
 public:
  enum class Extent {
    whole,  // what wrt was computed from may hold more of wrt
    part,   // nothing beyond wrt matters
  };
  Backward(const Arrays& wrt, Extent extent) : wrt_(wrt), targets_(wrt.begin(), wrt.end()) {
    if (extent == Extent::part)
      for (const Array& array : wrt) ends_.insert(array.node().get());
  }

  Arrays run(const Arrays& outputs, const Arrays& cotangents) {
    for (const Array& output : outputs) collect(output);
    mark_dependence();
    mark_regions();
    for (size_t i = 0; i < outputs.size(); ++i) add(outputs[i], cotangents[i]);
    for (size_t i = steps_.size(); i-- > 0;)
      if (steps_[i].depends) differentiate(steps_[i]);
    Arrays results;
    for (const Array& array : wrt_) results.push_back(cotangent(array));
    return results;
  }

  bool history_dropped() const { return history_dropped_; }
  bool reaches(const Array& array) const { return place_.count(array.node().get()) > 0; }

 private:
  // A node, with the inputs that evaluating it meanwhile would drop.
  struct Step {
    NodePtr node;
    Arrays inputs, outputs;
    bool depends = false;  // on wrt, through its inputs
    int region = -1;       // of a checkpoint
  };
  struct Region {
    ArraySet inputs;
    std::vector<size_t> steps;
    Arrays cotangents;  // of its outputs
    ArrayMap values;    // its arrays, computed again
  };

  Step step_of(const NodePtr& node) {
    Step step{node, {}, {}};
    for (uint32_t i = 0; i < node->outputs().size(); ++i) step.outputs.emplace_back(node, i);
    history_dropped_ |= node->history_dropped();
    const bool ends = node->is_leaf() || node->primitive().code() == OpCode::stop_gradient || ends_.count(node.get()) > 0;
    if (!ends) step.inputs = node->inputs();
    return step;
  }

  // Depth first without recursion, so that steps_ is in topological order.
  void collect(const Array& output) {
    std::vector<std::pair<Step, size_t>> open;
    auto enter = [&](const Array& array) {
      if (place_.emplace(array.node().get(), 0).second) open.emplace_back(step_of(array.node()), 0);
    };
    enter(output);
    while (!open.empty()) {
      auto& [step, next] = open.back();
      if (next < step.inputs.size()) {
        enter(step.inputs[next++]);
      } else {
        place_[step.node.get()] = steps_.size();
        steps_.push_back(std::move(step));
        open.pop_back();
      }
    }
  }

  const Step& step_behind(const Array& array) const { return steps_[place_.at(array.node().get())]; }
  bool is_relevant(const Array& array) const {
    return is_float(array.dtype()) && (targets_.count(array) > 0 || step_behind(array).depends);
  }

  void mark_dependence() {
    for (Step& step : steps_)
      for (const Array& input : step.inputs) step.depends |= is_relevant(input);
  }

  // A region holds what only its checkpoint's inputs, data and wrt cut off from the rest. The outermost checkpoint comes first.
  void mark_regions() {
    for (size_t i = steps_.size(); i-- > 0;) {
      const Step& mark = steps_[i];
      if (!mark.depends || mark.node->primitive().code() != OpCode::checkpoint || mark.region >= 0) continue;
      const auto count = long(as<CheckpointMark>(mark.node->primitive()).outputs);
      Region region;
      region.inputs = ArraySet(mark.inputs.begin() + count, mark.inputs.end());
      Arrays open(mark.inputs.begin(), mark.inputs.begin() + count);
      while (!open.empty()) {
        const Array array = std::move(open.back());
        open.pop_back();
        Step& step = steps_[place_.at(array.node().get())];
        if (step.region >= 0 || step.inputs.empty() || region.inputs.count(array) || targets_.count(array)) continue;
        step.region = int(regions_.size());
        region.steps.push_back(place_.at(array.node().get()));
        open.insert(open.end(), step.inputs.begin(), step.inputs.end());
      }
      std::sort(region.steps.begin(), region.steps.end());
      region_of_mark_.emplace(mark.node.get(), regions_.size());
      regions_.push_back(std::move(region));
    }
  }

  Array cotangent(const Array& array) const {
    auto found = cotangents_.find(array);
    return found == cotangents_.end() ? Array() : found->second;
  }
  void add(const Array& array, const Array& cotangent) {
    if (!cotangent) return;
    Array& sum = cotangents_[array];
    sum = sum ? sum + cotangent : cotangent;
  }

  void differentiate(const Step& step) {
    Arrays cotangents;
    bool zero = true;
    for (const Array& output : step.outputs) {
      cotangents.push_back(cotangent(output));
      zero &= !cotangents.back();
    }
    if (zero) return;
    if (auto mark = region_of_mark_.find(step.node.get()); mark != region_of_mark_.end())
      for (const Array& each : cotangents)
        if (each) regions_[mark->second].cotangents.push_back(each);
    const Arrays results = step.node->primitive().vjp(again(step, step.inputs), again(step, step.outputs), cotangents);
    for (size_t i = 0; i < results.size(); ++i) {
      const Array& input = step.inputs[i];
      if (!results[i] || !is_relevant(input)) continue;
      if (!(results[i].type() == input.type()))
        fail(Status::internal, step.node->primitive().name(), ": the gradient of input ", i, " is ", name_of(results[i].dtype()), " ",
             to_string(results[i].shape()), ", the input ", name_of(input.dtype()), " ", to_string(input.shape()));
      add(input, results[i]);
    }
  }

  // The arrays as the gradient of a step sees them: inside a region they are computed again, once the cotangents of its outputs are there.
  Arrays again(const Step& step, const Arrays& arrays) {
    if (step.region < 0 || regions_[size_t(step.region)].cotangents.empty()) return arrays;
    Region& region = regions_[size_t(step.region)];
    if (region.values.empty())
      for (size_t index : region.steps) compute_again(region, steps_[index]);
    Arrays results;
    for (const Array& array : arrays) results.push_back(value(region, array));
    return results;
  }

  void compute_again(Region& region, const Step& step) {
    Arrays inputs;
    for (const Array& input : step.inputs) inputs.push_back(value(region, input));
    const Arrays outputs = apply_all(step.node->primitive_ptr(), std::move(inputs), &step.node->device());
    for (size_t i = 0; i < outputs.size(); ++i) region.values.emplace(step.outputs[i], outputs[i]);
  }

  static Array value(Region& region, const Array& array) {
    Array& value = region.values[array];
    if (value) return value;
    const bool computed_anew = !array.evaluated() && !array.node()->is_leaf() && array.node()->inputs().empty();  // a fill
    Arrays inputs{array};
    inputs.insert(inputs.end(), region.cotangents.begin(), region.cotangents.end());
    return value = computed_anew ? array : apply(After(), std::move(inputs));
  }

  const Arrays& wrt_;
  ArraySet targets_;
  std::unordered_set<const Node*> ends_;
  std::vector<Step> steps_;
  std::unordered_map<const Node*, size_t> place_;  // in steps_
  ArrayMap cotangents_;
  std::vector<Region> regions_;
  std::unordered_map<const Node*, size_t> region_of_mark_;
  bool history_dropped_ = false;
};

Arrays checked_cotangents(const Arrays& outputs, const Arrays& cotangents) {
  if (outputs.empty()) fail(Status::invalid_argument, "grad: there is no output to differentiate");
  if (!cotangents.empty() && cotangents.size() != outputs.size())
    fail(Status::invalid_argument, "grad: ", cotangents.size(), " cotangents for ", outputs.size(), " outputs");
  Arrays checked = cotangents;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i]) fail(Status::invalid_argument, "grad: output ", i, " is missing");
    const TensorType& type = outputs[i].type();
    if (!is_float(type.dtype))
      fail(Status::invalid_argument, "grad: output ", i, " has dtype ", name_of(type.dtype), ", gradients are of floats");
    if (cotangents.empty()) {
      if (outputs[i].size() != 1)
        fail(Status::invalid_argument, "grad: output ", i, " has shape ", to_string(type.shape),
             "; give cotangents, or reduce it to one element");
      checked.push_back(full(outputs[i].device(), type.shape, 1, type.dtype));
    } else if (!checked[i] || !(checked[i].type() == type)) {
      fail(Status::invalid_argument, "grad: cotangent ", i, " must be ", name_of(type.dtype), " ", to_string(type.shape),
           " like its output");
    }
  }
  return checked;
}

}  // namespace

Arrays grad(const Arrays& outputs, const Arrays& wrt, const Arrays& cotangents) {
  const Arrays seeds = checked_cotangents(outputs, cotangents);
  for (size_t i = 0; i < wrt.size(); ++i) {
    if (!wrt[i]) fail(Status::invalid_argument, "grad: array ", i, " of wrt is missing");
    if (!is_float(wrt[i].dtype()))
      fail(Status::invalid_argument, "grad: array ", i, " of wrt has dtype ", name_of(wrt[i].dtype()), ", gradients are of floats");
  }
  const auto lock = hold_histories(outputs[0].device());
  Backward backward(wrt, Backward::Extent::whole);
  Arrays results = backward.run(outputs, seeds);
  for (size_t i = 0; i < wrt.size(); ++i) {
    if (!backward.reaches(wrt[i]) && backward.history_dropped() && !wrt[i].requires_grad())
      fail(Status::invalid_argument, "grad: the outputs do not reach array ", i,
           " of wrt, but what some evaluated array was computed from is gone: take gradients before evaluating, or mark wrt as requiring "
           "gradients "
           "before use");
    if (!results[i]) results[i] = full(wrt[i].device(), wrt[i].shape(), 0, wrt[i].dtype());
  }
  return results;
}

Arrays vjp_of_composition(const Primitive& primitive, const Arrays& inputs, const Arrays& cotangents) {
  Arrays apart;  // an array that is several inputs has a cotangent for each
  for (const Array& input : inputs) apart.push_back(apply(Alias(), {input}));
  return Backward(apart, Backward::Extent::part).run(primitive.compose(apart), cotangents);
}

Array stop_gradient(const Array& x) { return apply(StopGradient(), {x}); }

Arrays checkpoint(const Arrays& outputs, const Arrays& inputs) {
  if (outputs.empty()) fail(Status::invalid_argument, "checkpoint: there is no output");
  Arrays all = outputs;
  all.insert(all.end(), inputs.begin(), inputs.end());
  return apply_all(std::make_shared<const CheckpointMark>(outputs.size()), std::move(all));
}

}  // namespace mlxc
