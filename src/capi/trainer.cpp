#include "mlxc/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "capi/array_arguments.h"

namespace mlxc::capi {
namespace {

// A call's right to a trainer: one thread at a time.
class Turn {
 public:
  enum class Inside : uint8_t { refused, allowed };  // out of a callback of the same thread
  Turn(std::shared_ptr<TrainerObject> object, Inside inside) : object_(std::move(object)), lock_(object_->mutex, std::defer_lock) {
    const auto self = std::this_thread::get_id();
    if (object_->owner == self) {
      if (inside == Inside::refused) fail(Status::busy, "the trainer is training; this call is not for its callback");
      return;
    }
    if (!lock_.try_lock()) fail(Status::busy, "another thread is using the trainer");
    object_->owner = self;
  }
  ~Turn() {
    if (lock_) object_->owner = std::thread::id();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  std::shared_ptr<TrainerObject> object_;
  std::unique_lock<std::mutex> lock_;
};

// Works on a trainer while nobody else does.
template <class Body>
mlxc_status with(mlxc_trainer* trainer, Turn::Inside inside, mlxc_error* error, Body body) {
  return guard(error, [&] {
    auto object = get(trainer);
    Turn turn(object, inside);
    body(*object);
  });
}

nn::Schedule schedule_of(const mlxc_schedule* schedule) {
  const auto given = read_options(schedule, mlxc_schedule MLXC_SCHEDULE_INIT, "schedule");
  nn::Schedule read;
  read.kind = operation_upto(nn::ScheduleKind::one_cycle, given.kind, "kind");
  read.rate = given.rate, read.final_rate = given.final_rate, read.gamma = given.gamma, read.warm_fraction = given.warm_fraction;
  read.step_size = given.step_size, read.total_steps = given.total_steps, read.warmup_steps = given.warmup_steps;
  return read;
}

train::TrainerOptions options_of(const mlxc_trainer_options* options) {
  const auto given = read_options(options, mlxc_trainer_options MLXC_TRAINER_OPTIONS_INIT, "options");
  constexpr DType kTypes[] = {DType::f32, DType::bf16, DType::f16};
  train::TrainerOptions read;
  read.objective = {operation_upto(train::LossKind::kl_divergence, given.loss, "loss"), given.label_smoothing, given.ignore_index,
                    given.huber_delta};
  read.clip_norm = given.clip_norm, read.clip_value = given.clip_value;
  read.accumulate = given.accumulate;
  read.seed = given.seed;
  read.compute = operation(kTypes, given.precision, "precision");
  read.gradient_norm = flag_of(given.gradient_norm, "gradient_norm");
  read.loss_scale = given.loss_scale, read.loss_scale_steps = given.loss_scale_steps;
  read.schedule = schedule_of(given.schedule);
  return read;
}

std::string path_or_none(const char* path, const char* name) { return path ? path_of(path, name) : std::string(); }

train::FitOptions fit_options_of(const mlxc_fit_options& given) {
  train::FitOptions read;
  read.callback_steps = given.callback_steps;
  read.epochs = given.epochs, read.max_steps = given.max_steps;
  read.patience = given.patience, read.min_delta = given.min_delta;
  read.restore_best = flag_of(given.restore_best, "restore_best"), read.append_logs = flag_of(given.append_logs, "append_logs");
  read.checkpoint = path_or_none(given.checkpoint, "checkpoint"), read.checkpoint_steps = given.checkpoint_steps;
  read.json_log = path_or_none(given.json_log, "json_log"), read.csv_log = path_or_none(given.csv_log, "csv_log");
  return read;
}

mlxc_train_event event_of(const train::TrainEvent& event) {
  mlxc_train_event result{};
  result.kind = int32_t(event.kind), result.skipped = int32_t(event.skipped);
  result.epoch = event.epoch, result.step = event.step, result.batch = event.batch, result.batches = event.batches;
  result.samples = event.samples;
  result.loss = event.loss, result.accuracy = event.accuracy, result.learning_rate = event.learning_rate;
  result.gradient_norm = event.gradient_norm, result.loss_scale = event.loss_scale;
  result.seconds = event.seconds, result.samples_per_second = event.samples_per_second;
  result.validation_loss = event.validation_loss, result.validation_accuracy = event.validation_accuracy;
  result.best = event.best, result.stopping = event.stopping;
  return result;
}

void begin(TrainerObject& object, mlxc_loader* train, mlxc_loader* validation, const mlxc_fit_options* options) {
  const auto given = read_options(options, mlxc_fit_options MLXC_FIT_OPTIONS_INIT, "options");
  auto data = get(train);
  auto judged = get_optional(validation);
  std::optional<train::LoaderPlan> validation_plan;
  if (judged) validation_plan = judged->plan;
  const auto cancel = get_optional(given.cancel);
  object.fit.reset();  // its thread and files end before others begin
  object.fit = std::make_unique<train::Fit>(object.trainer, data->plan, validation_plan, fit_options_of(given));
  object.cancel.emplace(cancel);
}

bool next(TrainerObject& object, train::TrainEvent* event) {
  if (object.freed) fail(Status::cancelled, "the trainer was freed");
  return object.fit->next(event, object.cancel->get());
}

}  // namespace

extern "C" {

void mlxc_trainer_options_init(mlxc_trainer_options* options, uint32_t struct_size) {
  init_struct(options, struct_size, mlxc_trainer_options MLXC_TRAINER_OPTIONS_INIT);
}

void mlxc_fit_options_init(mlxc_fit_options* options, uint32_t struct_size) {
  init_struct(options, struct_size, mlxc_fit_options MLXC_FIT_OPTIONS_INIT);
}

mlxc_status mlxc_trainer_new(mlxc_trainer** out, mlxc_module* module, mlxc_parameters* parameters, mlxc_optimizer* optimizer,
                             const mlxc_trainer_options* options, mlxc_error* error) {
  return guard(error, [&] {
    clear(out, "out");
    auto layer = get(module);
    auto object = get(parameters);
    auto chosen = optimizer ? get(optimizer) : std::make_shared<const nn::Optimizer>(nn::OptimizerOptions());
    const train::TrainerOptions read = options_of(options);
    std::lock_guard lock(object->mutex);
    *out = put<mlxc_trainer>(std::make_shared<TrainerObject>(layer, object->parameters, chosen, read));
  });
}

mlxc_status mlxc_trainer_fit(mlxc_trainer* trainer, mlxc_loader* train, mlxc_loader* validation, const mlxc_fit_options* options,
                             mlxc_train_callback callback, void* user_data, mlxc_error* error) {
  return with(trainer, Turn::Inside::refused, error, [&](TrainerObject& object) {
    begin(object, train, validation, options);
    struct End {
      TrainerObject& object;
      ~End() { object.fit.reset(), object.cancel.reset(); }
    } end{object};
    train::TrainEvent event;
    while (next(object, &event)) {
      const mlxc_train_event given = event_of(event);
      if (callback && callback(&given, user_data) != 0) fail(Status::cancelled, "the callback stopped training");
    }
  });
}

mlxc_status mlxc_trainer_begin(mlxc_trainer* trainer, mlxc_loader* train, mlxc_loader* validation, const mlxc_fit_options* options,
                               mlxc_error* error) {
  return with(trainer, Turn::Inside::refused, error, [&](TrainerObject& object) { begin(object, train, validation, options); });
}

mlxc_status mlxc_trainer_next(mlxc_trainer* trainer, mlxc_train_event* event, mlxc_error* error) {
  return with(trainer, Turn::Inside::refused, error, [&](TrainerObject& object) {
    clear(event, "event");
    if (!object.fit) fail(Status::invalid_argument, "no run was begun: mlxc_trainer_begin comes first");
    train::TrainEvent given;
    if (!next(object, &given)) fail(Status::end, "training is at its end");
    *event = event_of(given);
  });
}

mlxc_status mlxc_trainer_step(mlxc_trainer* trainer, mlxc_array* input, mlxc_array* target, mlxc_train_event* event, mlxc_error* error) {
  return with(trainer, Turn::Inside::refused, error, [&](TrainerObject& object) {
    const auto begun = std::chrono::steady_clock::now();
    const train::StepResult result = object.trainer.step(*get(input), *get(target), false);
    if (!event) return;
    train::TrainEvent given;
    given.kind = result.complete ? train::EventKind::step : train::EventKind::gathered;
    given.samples = result.samples;
    given.epoch = object.trainer.position().epoch;
    given.step = object.trainer.position().step - (result.complete ? 1 : 0);
    given.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    given.learning_rate = result.learning_rate;
    if (result.complete) {
      given.skipped = result.skipped;
      given.loss = result.loss(), given.accuracy = object.trainer.accuracy(result.right, result.count);
      given.gradient_norm = result.gradient_norm, given.loss_scale = result.loss_scale;
      given.samples_per_second = given.seconds > 0 ? double(result.samples) / given.seconds : NAN;
    }
    *event = event_of(given);
  });
}

mlxc_status mlxc_trainer_evaluate(mlxc_trainer* trainer, mlxc_loader* loader, mlxc_cancel* cancel, double* loss, double* accuracy,
                                  mlxc_error* error) {
  return with(trainer, Turn::Inside::allowed, error, [&](TrainerObject& object) {
    auto data = get(loader);
    const CancelFlag flag(get_optional(cancel));
    const train::Measures measures = train::evaluate(object.trainer, data->plan, flag.get());
    if (loss) *loss = measures.loss();
    if (accuracy) *accuracy = object.trainer.accuracy(measures.right, measures.count);
  });
}

mlxc_status mlxc_trainer_predict(mlxc_array** out, mlxc_trainer* trainer, mlxc_array* input, int64_t batch_size, mlxc_error* error) {
  return guard(error, [&] {
    clear(out, "out");
    auto object = get(trainer);
    Turn turn(object, Turn::Inside::allowed);
    put_array(out, object->trainer.predict(*get(input), batch_size, &object->freed));
  });
}

mlxc_status mlxc_trainer_learning_rate(mlxc_trainer* trainer, double* rate, mlxc_error* error) {
  return guard(error, [&] {
    clear(rate, "rate");
    *rate = get(trainer)->trainer.learning_rate();
  });
}

mlxc_status mlxc_trainer_set_learning_rate(mlxc_trainer* trainer, double rate, mlxc_error* error) {
  return guard(error, [&] { get(trainer)->trainer.set_learning_rate(rate); });
}

mlxc_status mlxc_trainer_position(mlxc_trainer* trainer, int64_t* epoch, int64_t* batch, int64_t* step, mlxc_error* error) {
  return with(trainer, Turn::Inside::allowed, error, [&](TrainerObject& object) {
    const train::Position& at = object.trainer.position();
    if (epoch) *epoch = at.epoch;
    if (batch) *batch = at.batch;
    if (step) *step = at.step;
  });
}

mlxc_status mlxc_trainer_parameters_copy(mlxc_parameters** out, mlxc_trainer* trainer, mlxc_error* error) {
  return guard(error, [&] {
    clear(out, "out");
    auto object = get(trainer);
    Turn turn(object, Turn::Inside::allowed);
    *out = put<mlxc_parameters>(std::make_shared<ParametersObject>(object->trainer.parameters()));
  });
}

mlxc_status mlxc_trainer_histogram(mlxc_trainer* trainer, const char* name, size_t name_bytes, int64_t* counts, int64_t bins, double* low,
                                   double* high, mlxc_error* error) {
  return with(trainer, Turn::Inside::allowed, error, [&](TrainerObject& object) {
    in_range(bins, 1, kMaxItems, "bins");
    require(counts, "counts"), require(low, "low"), require(high, "high");
    const train::Histogram histogram = train::histogram_of(object.trainer.peek().get(std::string(text_of(name, name_bytes, "name"))), bins);
    std::copy(histogram.counts.begin(), histogram.counts.end(), counts);
    *low = histogram.low, *high = histogram.high;
  });
}

mlxc_status mlxc_trainer_save(mlxc_trainer* trainer, const char* path, mlxc_error* error) {
  return with(trainer, Turn::Inside::allowed, error, [&](TrainerObject& object) { object.trainer.save(path_of(path)); });
}

mlxc_status mlxc_trainer_load(mlxc_trainer* trainer, const char* path, mlxc_error* error) {
  return with(trainer, Turn::Inside::refused, error, [&](TrainerObject& object) {
    object.trainer.load(path_of(path));
    object.fit.reset(), object.cancel.reset();
  });
}

void mlxc_trainer_free(mlxc_trainer* trainer) {
  if (auto object = take(trainer)) object->freed = true;
}

}  // extern "C"
}  // namespace mlxc::capi
