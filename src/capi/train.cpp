#include "mlxc/train.h"

#include "capi/array_arguments.h"
#include "nn/losses.h"

namespace mlxc::capi {
namespace {

nn::Reduction reduction_of(int32_t reduction) { return operation_upto(nn::Reduction::batch_mean, reduction, "reduction"); }

}  // namespace

extern "C" {

mlxc_status mlxc_loss_squared_error(mlxc_array** out, mlxc_array* prediction, mlxc_array* target, int32_t reduction, mlxc_error* error) {
  return make(out, error, [&] { return nn::squared_error(*get(prediction), *get(target), reduction_of(reduction)); });
}

mlxc_status mlxc_loss_absolute_error(mlxc_array** out, mlxc_array* prediction, mlxc_array* target, int32_t reduction, mlxc_error* error) {
  return make(out, error, [&] { return nn::absolute_error(*get(prediction), *get(target), reduction_of(reduction)); });
}

mlxc_status mlxc_loss_huber(mlxc_array** out, mlxc_array* prediction, mlxc_array* target, double delta, int32_t reduction,
                            mlxc_error* error) {
  return make(out, error, [&] { return nn::huber(*get(prediction), *get(target), delta, reduction_of(reduction)); });
}

mlxc_status mlxc_loss_cross_entropy(mlxc_array** out, mlxc_array* logits, mlxc_array* targets, double label_smoothing, int64_t ignore_index,
                                    int32_t reduction, mlxc_error* error) {
  return make(out, error, [&] {
    return nn::cross_entropy(*get(logits), *get(targets), {label_smoothing, ignore_index, reduction_of(reduction)});
  });
}

mlxc_status mlxc_loss_binary_cross_entropy(mlxc_array** out, mlxc_array* logits, mlxc_array* targets, mlxc_array* positive_weight,
                                           int32_t reduction, mlxc_error* error) {
  return make(out, error, [&] {
    return nn::binary_cross_entropy(*get(logits), *get(targets), optional_array(positive_weight), reduction_of(reduction));
  });
}

mlxc_status mlxc_loss_kl_divergence(mlxc_array** out, mlxc_array* prediction, mlxc_array* target, int32_t reduction, mlxc_error* error) {
  return make(out, error, [&] { return nn::kl_divergence(*get(prediction), *get(target), reduction_of(reduction)); });
}

void mlxc_optimizer_options_init(mlxc_optimizer_options* options, uint32_t struct_size) {
  init_struct(options, struct_size, mlxc_optimizer_options MLXC_OPTIMIZER_OPTIONS_INIT);
}

mlxc_status mlxc_optimizer_new(mlxc_optimizer** out, const mlxc_optimizer_options* options, mlxc_error* error) {
  return guard(error, [&] {
    clear(out, "out");
    const auto given = read_options(options, mlxc_optimizer_options MLXC_OPTIMIZER_OPTIONS_INIT, "options");
    nn::OptimizerOptions read;
    read.kind = operation_upto(nn::OptimizerKind::rmsprop, given.kind, "kind");
    read.weight_decay = given.weight_decay;
    read.momentum = given.momentum, read.dampening = given.dampening;
    read.beta1 = given.beta1, read.beta2 = given.beta2;
    read.alpha = given.alpha, read.eps = given.eps;
    read.nesterov = flag_of(given.nesterov, "nesterov"), read.centered = flag_of(given.centered, "centered");
    *out = put<mlxc_optimizer>(std::make_shared<const nn::Optimizer>(read));
  });
}

mlxc_status mlxc_optimizer_state_count(mlxc_optimizer* optimizer, int64_t parameter_count, int64_t* count, mlxc_error* error) {
  return guard(error, [&] {
    clear(count, "count");
    *count = int64_t(get(optimizer)->state_count(size_t(check_count(parameter_count, kMaxItems, "parameters"))));
  });
}

mlxc_status mlxc_optimizer_initial_states(mlxc_optimizer* optimizer, mlxc_array* const* parameters, int64_t parameter_count,
                                          mlxc_array** states, int64_t state_count, mlxc_error* error) {
  return guard(error, [&] {
    clear_list(states, state_count);
    put_list(states, state_count, get(optimizer)->initial_states(arrays_of(parameters, parameter_count, "parameters")));
  });
}

mlxc_status mlxc_optimizer_update(mlxc_optimizer* optimizer, mlxc_array* const* parameters, mlxc_array* const* gradients,
                                  int64_t parameter_count, mlxc_array* const* states, int64_t state_count, mlxc_array* learning_rate,
                                  mlxc_array** new_parameters, mlxc_array** new_states, mlxc_error* error) {
  return guard(error, [&] {
    clear_list(new_parameters, parameter_count);
    clear_list(new_states, state_count);
    const auto result =
        get(optimizer)->update(arrays_of(parameters, parameter_count, "parameters"), arrays_of(gradients, parameter_count, "gradients"),
                               arrays_of(states, state_count, "states"), *get(learning_rate));
    put_list(new_parameters, parameter_count, result.parameters);
    try {
      put_list(new_states, state_count, result.states);
    } catch (...) {
      for (int64_t i = 0; i < parameter_count; ++i) take(std::exchange(new_parameters[i], nullptr));
      throw;
    }
  });
}

void mlxc_optimizer_free(mlxc_optimizer* optimizer) { take(optimizer); }

mlxc_status mlxc_clip_norm(mlxc_array** clipped, mlxc_array** norm, mlxc_array* const* gradients, int64_t count, double max_norm,
                           mlxc_error* error) {
  return guard(error, [&] {
    clear_wanted({norm});
    clear_list(clipped, count);
    const auto result = nn::clip_norm(arrays_of(gradients, count, "gradients"), max_norm);
    put_all({{norm, result.norm}});
    try {
      put_list(clipped, count, result.gradients);
    } catch (...) {
      if (norm) take(std::exchange(*norm, nullptr));
      throw;
    }
  });
}

mlxc_status mlxc_clip_value(mlxc_array** clipped, mlxc_array* const* gradients, int64_t count, double limit, mlxc_error* error) {
  return guard(error, [&] {
    clear_list(clipped, count);
    put_list(clipped, count, nn::clip_value(arrays_of(gradients, count, "gradients"), limit));
  });
}

void mlxc_schedule_init(mlxc_schedule* schedule, uint32_t struct_size) {
  init_struct(schedule, struct_size, mlxc_schedule MLXC_SCHEDULE_INIT);
}

mlxc_status mlxc_schedule_rate(const mlxc_schedule* schedule, int64_t step, double* rate, mlxc_error* error) {
  return guard(error, [&] {
    clear(rate, "rate");
    const auto given = read_options(require(schedule, "schedule"), mlxc_schedule MLXC_SCHEDULE_INIT, "schedule");
    nn::Schedule read;
    read.kind = operation_upto(nn::ScheduleKind::one_cycle, given.kind, "kind");
    read.rate = given.rate, read.final_rate = given.final_rate;
    read.gamma = given.gamma, read.warm_fraction = given.warm_fraction;
    read.step_size = given.step_size, read.total_steps = given.total_steps, read.warmup_steps = given.warmup_steps;
    *rate = read.at(step);
  });
}

}  // extern "C"
}  // namespace mlxc::capi
