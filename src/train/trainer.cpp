#include "train/trainer.h"

#include <algorithm>
#include <cmath>

#include "backend/backend.h"
#include "ops/creation.h"
#include "ops/random.h"
#include "ops/shape_ops.h"

namespace mlxc::train {
namespace {

using Select = nn::Parameters::Select;

Array zeros(Device& device, const Shape& shape, DType dtype) {
  Array array = Array::allocate(device, shape, dtype);
  device.clear(*array.storage(), 0, size_t(array.bytes()));
  return array;
}

template <class T>
Array number(Device& device, T value, DType dtype) {
  return Array::from_data(device, &value, {}, dtype);
}

// What is another number at every step: where the host writes it without a transfer.
Array changing_number(Device& device, float value) {
  Array array = Array::allocate(device, {}, DType::f32, MemoryUse::upload);
  device.write(*array.storage(), 0, &value, sizeof value);
  return array;
}

void copy_into(const Array& to, const Array& from) {
  to.device().copy(*to.storage(), to.layout().offset * size_of(to.dtype()), *from.storage(), from.layout().offset * size_of(from.dtype()),
                   size_t(to.bytes()));
}

nn::Parameters own_copy(nn::Parameters parameters) {
  parameters.to_device(parameters.device());
  return parameters;
}

int64_t rows_of(const Array& x) {
  if (x.rank() < 1) fail(Status::invalid_argument, "a batch is a scalar, expected an axis of samples");
  return x.dim(0);
}

}  // namespace

Trainer::Trainer(nn::LayerPtr model, const nn::Parameters& parameters, std::shared_ptr<const nn::Optimizer> optimizer,
                 const TrainerOptions& options)
    : model_(std::move(model)), optimizer_(std::move(optimizer)), options_(options), parameters_(own_copy(parameters)) {
  if (options_.accumulate < 1) fail(Status::invalid_argument, "trainer: accumulate is ", options_.accumulate, ", expected 1 or more");
  if (!(options_.clip_norm >= 0) || !(options_.clip_value >= 0))
    fail(Status::invalid_argument, "trainer: clipping at ", options_.clip_norm, " and ", options_.clip_value, ", expected 0 or more");
  if (!(options_.loss_scale >= 1 && std::isfinite(options_.loss_scale)) || options_.loss_scale_steps < 1)
    fail(Status::invalid_argument, "trainer: the loss scale is ", options_.loss_scale, " for ", options_.loss_scale_steps,
         " steps, expected 1 or more");
  if (!(options_.objective.huber_delta > 0))
    fail(Status::invalid_argument, "trainer: huber_delta is ", options_.objective.huber_delta, ", expected more than 0");
  options_.schedule.at(0);  // its own checks
}

// Names begin when a pass asks for them.
void Trainer::begin(const TensorType& x) {
  if (!states_.optimizer.empty()) return;
  nn::Pass pass;
  model_->forward({parameters_, ""}, Array::placeholder(device(), x.shape, is_float(x.dtype) ? DType::f32 : x.dtype), pass);
  make_states();
}

void Trainer::make_states() {
  States states;
  states.trained = parameters_.values(Select::trained), states.buffers = parameters_.values(Select::buffers);
  if (states.trained.empty()) fail(Status::invalid_argument, "trainer: the model has no parameter that is not frozen");
  states.optimizer = optimizer_->initial_states(states.trained);
  states.random = {random::key(device(), options_.seed)};
  if (options_.compute == DType::f16)
    states.scaler = {number(device(), float(options_.loss_scale), DType::f32), number(device(), int32_t(0), DType::i32)};
  if (options_.accumulate > 1) {
    for (const Array& array : states.trained) states.gathered.push_back(zeros(device(), array.shape(), DType::f32));
    for (int i = 0; i < 3; ++i) states.gathered.push_back(zeros(device(), {}, DType::f32));
  }
  states_ = std::move(states);
}

const StepProgram& Trainer::program(Stage stage, const TensorType& x, const TensorType& y) {
  constexpr size_t kPrograms = 16;
  auto found = std::find_if(programs_.begin(), programs_.end(), [&](const StepProgram& program) { return program.takes(stage, x, y); });
  if (found == programs_.end()) {
    programs_.emplace_front(StepProgram::Model{model_, &parameters_, optimizer_.get(), &options_}, stage, states_, x, y);
    if (programs_.size() > kPrograms) programs_.pop_back();
  } else {
    programs_.splice(programs_.begin(), programs_, found);
  }
  return programs_.front();
}

Array Trainer::here(const Array& array) const { return &array.device() == &device() ? array : to_device(array, device()); }

StepResult Trainer::step(const Array& x, const Array& y, bool last) {
  const int64_t samples = rows_of(x);
  begin(x.type());
  const bool complete = last || position_.gathered + 1 >= options_.accumulate;
  const Stage stage = options_.accumulate == 1 ? Stage::whole : complete ? Stage::finish : Stage::gather;
  StepResult result;
  result.learning_rate = learning_rate();
  const Array rate = stage == Stage::gather ? Array() : changing_number(device(), float(result.learning_rate));
  // Not to be cancelled: it would leave states half updated.
  static_cast<StepNumbers&>(result) = program(stage, x.type(), y.type()).run(states_, here(x), here(y), rate, nullptr);
  result.complete = complete;
  result.samples = position_.step_samples + samples;
  position_.step_samples = complete ? 0 : result.samples;
  position_.gathered = complete ? 0 : position_.gathered + 1;
  if (complete) steps_ = ++position_.step;
  return result;
}

Measures Trainer::evaluate(const Array& x, const Array& y, const std::atomic<bool>* cancel) {
  begin(x.type());
  const StepNumbers numbers = program(Stage::evaluate, x.type(), y.type()).run(states_, here(x), here(y), {}, cancel);
  return {numbers.loss_sum, numbers.count, numbers.right};
}

Array Trainer::predict(const Array& x, int64_t batch_size, const std::atomic<bool>* cancel) {
  const int64_t rows = rows_of(x);
  if (batch_size < 1) fail(Status::invalid_argument, "predict: batches of ", batch_size, " samples, expected 1 or more");
  begin(x.type());
  const Array all = here(x);
  Arrays parts;
  for (int64_t row = 0; row == 0 || row < rows; row += batch_size) {
    const Array part = slice_axis(all, 0, row, std::min(row + batch_size, rows));
    parts.push_back(program(Stage::predict, part.type(), {}).predict(states_, part, cancel));
  }
  if (parts.size() == 1) return parts[0];
  Array result = concatenate(parts, 0);
  eval({result});
  return result;
}

double Trainer::learning_rate() const {
  const double rate = set_rate_;
  return std::isnan(rate) ? options_.schedule.at(steps_) : rate;
}

void Trainer::set_learning_rate(double rate) {
  if (!std::isnan(rate) && !(rate >= 0 && std::isfinite(rate)))
    fail(Status::invalid_argument, "the learning rate is ", rate, ", expected 0 or more, or NaN for the schedule's");
  set_rate_ = rate;
}

double Trainer::accuracy(double right, double count) const {
  return options_.objective.counts_right() && count > 0 ? right / count : double(NAN);
}

nn::Parameters Trainer::parameters() const { return own_copy(parameters_); }

void Trainer::keep_best() {
  for (const Select changing : {Select::trained, Select::buffers})  // passes renew the buffers of frozen layers too
    for (const std::string& name : parameters_.names(changing)) {
      const Array value = parameters_.get(name);
      Array& kept = best_[name];
      if (!kept) kept = Array::allocate(device(), value.shape(), value.dtype());
      copy_into(kept, value);
    }
}

void Trainer::restore_best() {
  for (const auto& [name, kept] : best_) copy_into(parameters_.get(name), kept);
}

}  // namespace mlxc::train
