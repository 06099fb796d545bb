#include "train/program.h"

#include <cmath>
#include <initializer_list>

#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/shape_ops.h"

namespace mlxc::train {
namespace {

void append(Arrays& to, const Arrays& from) { to.insert(to.end(), from.begin(), from.end()); }

// Parameters as a pass with 16-bit weights sees them: float32 is what lies there and what gradients end at.
class RoundedParameters final : public SourceOver {
 public:
  RoundedParameters(nn::Parameters& parameters, DType dtype) : SourceOver(parameters), dtype_(dtype) {}
  Precision precision() const override { return dtype_ == DType::f32 ? SourceOver::precision() : Precision::native; }
  Array tensor(const std::string& name, const Shape& shape, const Initializer& initial) override {
    return rounded(SourceOver::tensor(name, shape, initial));
  }
  LowRank low_rank(const std::string& linear, int64_t in, int64_t out) override {
    LowRank low_rank = SourceOver::low_rank(linear, in, out);
    if (low_rank) low_rank.a = rounded(low_rank.a), low_rank.b = rounded(low_rank.b);
    return low_rank;
  }

 private:
  Array rounded(const Array& value) const { return value.rank() >= 2 && value.dtype() == DType::f32 ? cast(value, dtype_) : value; }

  DType dtype_;
};

Arrays placeholders(const Arrays& like) {
  Arrays places;
  for (const Array& array : like) places.push_back(Array::placeholder(array.device(), array.shape(), array.dtype()));
  return places;
}

States placeholders(const States& like) {
  return {placeholders(like.trained), placeholders(like.buffers), placeholders(like.optimizer),
          placeholders(like.random),  placeholders(like.scaler),  placeholders(like.gathered)};
}

Array at_least_one(const Array& count) { return binary(BinaryOp::maximum, count, scalar_like(count, 1)); }

// The parts of a step that come after the gradients.
struct Update {
  const nn::Optimizer& optimizer;
  const TrainerOptions& options;
  Array norm;  // of the gradients; missing when nobody asks

  void run(const States& old, Arrays gradients, const Array& rate, States& next) {
    const bool scaled = options.compute == DType::f16;
    if (options.gradient_norm || scaled || (options.clip_norm > 0 && options.clip_value > 0)) norm = nn::gradient_norm(gradients);
    if (options.clip_value > 0) gradients = nn::clip_value(gradients, options.clip_value);
    if (options.clip_norm > 0) {
      nn::ClippedGradients clipped = nn::clip_norm(gradients, options.clip_norm);
      gradients = std::move(clipped.gradients);
      if (!norm) norm = clipped.norm;
    }
    nn::Optimizer::Result result = optimizer.update(old.trained, gradients, old.optimizer, rate);
    next.trained = std::move(result.parameters), next.optimizer = std::move(result.states);
    if (scaled) leave_out_overflows(old, next);
  }

  // An infinity or NaN among the gradients: nothing changes but the scale (Micikevicius et al. 2018, section 3.2).
  void leave_out_overflows(const States& old, States& next) const {
    const Array good = unary(UnaryOp::isfinite, norm), scale = old.scaler[0], run = old.scaler[1] + scalar_like(old.scaler[1], 1);
    for (size_t i = 0; i < next.trained.size(); ++i) next.trained[i] = where(good, next.trained[i], old.trained[i]);
    for (size_t i = 0; i < next.optimizer.size(); ++i) next.optimizer[i] = where(good, next.optimizer[i], old.optimizer[i]);
    const Array grow = binary(BinaryOp::greater_equal, run, scalar_like(run, double(options.loss_scale_steps)));
    const Array grown = binary(BinaryOp::minimum, scale * 2, scalar_like(scale, 0x1p24));
    const Array shrunk = binary(BinaryOp::maximum, scale * 0.5, scalar_like(scale, 1));
    next.scaler = {where(good, where(grow, grown, scale), shrunk),
                   where(binary(BinaryOp::logical_and, good, unary(UnaryOp::logical_not, grow)), run, scalar_like(run, 0))};
  }
};

}  // namespace

Arrays States::list(Stage stage) const {
  Arrays all = trained;
  append(all, buffers);
  if (stage == Stage::evaluate || stage == Stage::predict) return all;
  append(all, random);
  append(all, scaler);
  if (stage != Stage::gather) append(all, optimizer);
  if (stage != Stage::whole) append(all, gathered);
  return all;
}

StepProgram::StepProgram(const Model& model, Stage stage, const States& states, const TensorType& x_type, const TensorType& y_type)
    : stage_(stage), x_(x_type), y_(y_type) {
  const TrainerOptions& options = *model.options;
  const bool training = stage == Stage::whole || stage == Stage::gather || stage == Stage::finish;
  Device& device = model.parameters->device();
  const States old = placeholders(states);
  nn::Parameters symbolic = *model.parameters;
  symbolic.set_values(nn::Parameters::Select::trained, old.trained);
  symbolic.set_values(nn::Parameters::Select::buffers, old.buffers);
  RoundedParameters source(symbolic, options.compute);

  const Array x = Array::placeholder(device, x_type.shape, x_type.dtype);
  nn::Pass pass{training, training ? old.random[0] : Array()};
  const Array input = is_float(x.dtype()) ? cast(x, DType::f32) : x;
  const Array prediction = model.layer->forward({source, ""}, input, pass);
  if (const size_t known = model.parameters->names().size(), used = symbolic.names().size(); used != known)
    fail(Status::format, "the model asks for ", used - known, " parameters that training did not begin with");
  Arrays inputs = old.list(stage), outputs;
  inputs.push_back(x);
  if (stage == Stage::predict) {
    function_ = Function::capture(std::move(inputs), {prediction}, {}, 1);
    return;
  }

  const Array y = Array::placeholder(device, y_type.shape, y_type.dtype);
  inputs.push_back(y);
  Objective::Parts parts = options.objective.measure(prediction, y);
  has_right_ = bool(parts.right);
  if (stage == Stage::evaluate) {
    outputs = {parts.sum, parts.count};
    if (has_right_) outputs.push_back(parts.right);
    numbers_ = int(outputs.size());
    function_ = Function::capture(std::move(inputs), outputs, {}, numbers_);
    return;
  }

  const bool scaled = options.compute == DType::f16;
  const Array mean = parts.sum / at_least_one(parts.count);
  Arrays gradients = grad({scaled ? mean * old.scaler[0] : mean}, old.trained);
  if (scaled)
    for (Array& gradient : gradients) gradient = gradient / old.scaler[0];

  States next = old;
  next.buffers = symbolic.values(nn::Parameters::Select::buffers);
  next.random = {pass.key};
  const size_t count = old.trained.size();
  if (stage != Stage::whole) {
    for (size_t i = 0; i < count; ++i) gradients[i] = old.gathered[i] + gradients[i] * parts.count;
    parts.sum = old.gathered[count] + parts.sum;
    parts.count = old.gathered[count + 1] + parts.count;
    if (has_right_) parts.right = old.gathered[count + 2] + parts.right;
  }
  if (stage == Stage::gather) {
    for (size_t i = 0; i < count; ++i) next.gathered[i] = gradients[i];
    next.gathered[count] = parts.sum, next.gathered[count + 1] = parts.count;
    if (has_right_) next.gathered[count + 2] = parts.right;
  } else {
    const Array rate = Array::placeholder(device, {}, DType::f32);
    inputs.push_back(rate);
    if (stage == Stage::finish) {
      for (Array& gradient : gradients) gradient = gradient / at_least_one(parts.count);
      // Zeros, NaN or not, and each made of its own old value: a state is written where that lies.
      for (Array& gathered : next.gathered) gathered = cast(binary(BinaryOp::less, gathered, gathered), DType::f32);
    }
    Update update{*model.optimizer, options, {}};
    update.run(old, std::move(gradients), rate, next);
    outputs = {parts.sum, parts.count};
    if (has_right_) outputs.push_back(parts.right);
    has_norm_ = bool(update.norm), has_scale_ = scaled;
    if (has_norm_) outputs.push_back(update.norm);
    if (has_scale_) outputs.push_back(reshape(next.scaler[0], {1}));  // beside the state, which is written in place
    numbers_ = int(outputs.size());
  }

  const Arrays before = old.list(stage), after = next.list(stage);
  std::vector<StatePair> pairs;
  for (size_t i = 0; i < before.size(); ++i) {
    if (before[i] == after[i]) continue;  // nothing renews it in this stage
    pairs.push_back({int(i), int(outputs.size())});
    outputs.push_back(after[i]);
  }
  function_ = Function::capture(std::move(inputs), std::move(outputs), std::move(pairs), numbers_);
}

StepNumbers StepProgram::run(const States& states, const Array& x, const Array& y, const Array& rate,
                             const std::atomic<bool>* cancel) const {
  Arrays inputs = states.list(stage_);
  inputs.push_back(x);
  inputs.push_back(y);
  if (rate) inputs.push_back(rate);
  const Arrays outputs = function_.run(inputs, {.stream = nullptr, .cancel = cancel}, size_t(numbers_));
  StepNumbers numbers;
  if (stage_ == Stage::gather) return numbers;
  size_t next = 0;
  auto number = [&]() -> double {
    float value;
    read(outputs[next++], &value, sizeof value);
    return value;
  };
  numbers.loss_sum = number(), numbers.count = number();
  if (has_right_) numbers.right = number();
  if (has_norm_) numbers.gradient_norm = number();
  if (has_scale_) numbers.loss_scale = number(), numbers.skipped = !std::isfinite(numbers.gradient_norm);
  return numbers;
}

Array StepProgram::predict(const States& states, const Array& x, const std::atomic<bool>* cancel) const {
  Arrays inputs = states.list(stage_);
  inputs.push_back(x);
  return function_.run(inputs, {.stream = nullptr, .cancel = cancel})[0];
}

}  // namespace mlxc::train
