#include "nn/optimizers.h"

#include <cmath>
#include <numbers>

#include "backend/backend.h"
#include "ops/adam.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"

namespace mlxc::nn {
namespace {

DType state_type(const Array& parameter) { return parameter.dtype() == DType::f64 ? DType::f64 : DType::f32; }
Array square(const Array& x) { return unary(UnaryOp::square, x); }
Array root(const Array& x) { return unary(UnaryOp::sqrt, x); }
// a * x + (1 - a) * y
Array blend(double a, const Array& x, const Array& y) { return x * a + y * (1 - a); }

void expect_rate(double value, double low, double high, const char* name) {
  if (!(value >= low && value < high))
    fail(Status::invalid_argument, "optimizer: ", name, " is ", value, ", expected ", low, " up to ", high);
}

}  // namespace

// One parameter's part of an update: everything is of the states' type.
struct Optimizer::Step {
  Array parameter, gradient, rate, number;  // number: of this step, from 1
  Array* states;                            // slots() of them: old in, new out
};

Optimizer::Optimizer(const OptimizerOptions& options) : options_(options) {
  if (options.kind > OptimizerKind::rmsprop) fail(Status::invalid_argument, "unknown optimizer ", int(options.kind));
  expect_rate(options.weight_decay, 0, INFINITY, "weight_decay");
  expect_rate(options.momentum, 0, INFINITY, "momentum");
  expect_rate(options.beta1, 0, 1, "beta1");
  expect_rate(options.beta2, 0, 1, "beta2");
  expect_rate(options.alpha, 0, 1, "alpha");
  expect_rate(options.eps, 0, INFINITY, "eps");
  if (options.nesterov && (options.momentum == 0 || options.dampening != 0))
    fail(Status::invalid_argument, "optimizer: nesterov needs momentum and no dampening");
}

size_t Optimizer::slots() const {
  switch (options_.kind) {
    case OptimizerKind::sgd: return options_.momentum > 0 ? 1 : 0;
    case OptimizerKind::adam:
    case OptimizerKind::adamw: return 2;
    case OptimizerKind::lion: return 1;
    case OptimizerKind::rmsprop: return 1 + (options_.centered ? 1 : 0) + (options_.momentum > 0 ? 1 : 0);
  }
  return 0;
}

Arrays Optimizer::initial_states(const Arrays& parameters) const {
  if (parameters.empty()) fail(Status::invalid_argument, "optimizer: there is no parameter");
  // Memory of their own each: as states they are overwritten.
  auto zeros = [](Device& device, const Shape& shape, DType dtype) {
    Array array = Array::allocate(device, shape, dtype);
    device.clear(*array.storage(), 0, size_t(array.bytes()));
    return array;
  };
  Arrays states{zeros(parameters[0].device(), {}, DType::i32)};
  for (const Array& parameter : parameters)
    for (size_t slot = 0; slot < slots(); ++slot) states.push_back(zeros(parameter.device(), parameter.shape(), state_type(parameter)));
  return states;
}

Optimizer::Result Optimizer::update(const Arrays& parameters, const Arrays& gradients, const Arrays& states,
                                    const Array& learning_rate) const {
  if (gradients.size() != parameters.size())
    fail(Status::invalid_argument, "optimizer: ", gradients.size(), " gradients for ", parameters.size(), " parameters");
  if (states.size() != state_count(parameters.size()))
    fail(Status::invalid_argument, "optimizer: ", states.size(), " states, expected ", state_count(parameters.size()));
  if (learning_rate.size() != 1)
    fail(Status::invalid_argument, "optimizer: the learning rate has shape ", to_string(learning_rate.shape()), ", expected one number");
  Result result{{}, states};
  const Array number = result.states[0] = states[0] + scalar_like(states[0], 1);
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Array& parameter = parameters[i];
    if (!(gradients[i].shape() == parameter.shape()))
      fail(Status::invalid_argument, "optimizer: gradient ", i, " has shape ", to_string(gradients[i].shape()), ", its parameter ",
           to_string(parameter.shape()));
    const DType type = state_type(parameter);
    // A step is a constant for gradients: parameters ask for histories, and a loop's new values would keep all the steps before.
    auto as_state = [&](const Array& x) { return cast(stop_gradient(x), type); };
    const Array next = step({as_state(parameter), as_state(gradients[i]), reshape(as_state(learning_rate), {}), as_state(number),
                             result.states.data() + state_count(i)});
    result.parameters.push_back(cast(next, parameter.dtype()));
  }
  return result;
}

Array Optimizer::step(const Step& step) const {
  const OptimizerOptions& o = options_;
  const Array &p = step.parameter, &rate = step.rate;
  const bool apart = o.kind == OptimizerKind::adamw || o.kind == OptimizerKind::lion;
  const Array g = o.weight_decay > 0 && !apart ? step.gradient + p * o.weight_decay : step.gradient;
  auto decayed = [&] { return o.weight_decay > 0 && apart ? p * (scalar_like(rate, 1) - rate * o.weight_decay) : p; };
  switch (o.kind) {
    case OptimizerKind::sgd: {
      if (o.momentum == 0) return p - rate * g;
      Array& velocity = step.states[0];
      const Array moved = velocity * o.momentum + g * (1 - o.dampening);
      const Array first = binary(BinaryOp::equal, step.number, scalar_like(step.number, 1));
      velocity = o.dampening == 0 ? moved : where(first, g, moved);
      return p - rate * (o.nesterov ? g + velocity * o.momentum : velocity);
    }
    case OptimizerKind::adam:
    case OptimizerKind::adamw: {
      // 1 - beta^number without cancellation
      auto bias = [&](double beta) { return unary(UnaryOp::negative, unary(UnaryOp::expm1, step.number * std::log(beta))); };
      const Array one = scalar_like(rate, 1), keep = apart && o.weight_decay > 0 ? one - rate * o.weight_decay : one;
      // One operation makes all three: the states are then as much constants for gradients as the parameter.
      const AdamState old{p, stop_gradient(step.states[0]), stop_gradient(step.states[1])};
      const AdamState now = adam_update(AdamUpdate(o.beta1, o.beta2, o.eps), old, g, keep, rate / bias(o.beta1), root(bias(o.beta2)));
      step.states[0] = now.mean, step.states[1] = now.variance;
      return now.parameter;
    }
    case OptimizerKind::lion: {
      Array& mean = step.states[0];
      const Array direction = unary(UnaryOp::sign, blend(o.beta1, mean, g));
      mean = blend(o.beta2, mean, g);
      return decayed() - rate * direction;
    }
    case OptimizerKind::rmsprop: {
      Array* slot = step.states;
      const Array squares = *slot = blend(o.alpha, *slot, square(g));
      Array variance = squares;
      if (o.centered) {
        ++slot;
        *slot = blend(o.alpha, *slot, g);
        variance = squares - square(*slot);
      }
      const Array direction = g / (root(variance) + o.eps);
      if (o.momentum == 0) return p - rate * direction;
      ++slot;
      *slot = *slot * o.momentum + direction;
      return p - rate * *slot;
    }
  }
  fail(Status::internal, "optimizer ", int(o.kind));
}

Array gradient_norm(const Arrays& gradients) {
  if (gradients.empty()) fail(Status::invalid_argument, "gradient_norm: there is no gradient");
  Array total;
  for (const Array& gradient : gradients) {
    const Array squares = reduce(ReduceOp::sum, square(cast(gradient, DType::f32)), {}, false);
    total = total ? total + squares : squares;
  }
  return root(total);
}

ClippedGradients clip_norm(const Arrays& gradients, double max_norm) {
  if (!(max_norm > 0)) fail(Status::invalid_argument, "clip_norm: the norm is ", max_norm, ", expected more than 0");
  const Array norm = gradient_norm(gradients);
  const Array scale = binary(BinaryOp::minimum, scalar_like(norm, max_norm) / (norm + 1e-6), scalar_like(norm, 1));
  ClippedGradients clipped{{}, norm};
  for (const Array& gradient : gradients) clipped.gradients.push_back(gradient * cast(scale, gradient.dtype()));
  return clipped;
}

Arrays clip_value(const Arrays& gradients, double limit) {
  if (!(limit >= 0)) fail(Status::invalid_argument, "clip_value: the limit is ", limit, ", expected 0 or more");
  Arrays clipped;
  for (const Array& gradient : gradients)
    clipped.push_back(
        binary(BinaryOp::minimum, binary(BinaryOp::maximum, gradient, scalar_like(gradient, -limit)), scalar_like(gradient, limit)));
  return clipped;
}

double Schedule::at(int64_t number) const {
  if (number < 0) fail(Status::invalid_argument, "schedule: step ", number, " is negative");
  if (warmup_steps < 0) fail(Status::invalid_argument, "schedule: warmup_steps is ", warmup_steps, ", expected 0 or more");
  for (double value : {rate, final_rate, gamma})
    if (!(value >= 0 && std::isfinite(value)))
      fail(Status::invalid_argument, "schedule: rate ", rate, ", final_rate ", final_rate, ", gamma ", gamma,
           "; expected finite numbers of 0 or more");
  auto cosine_between = [](double from, double to, double share) {
    return to + (from - to) / 2 * (1 + std::cos(std::numbers::pi * share));
  };
  if (kind == ScheduleKind::one_cycle) {
    if (total_steps < 2 || !(warm_fraction > 0 && warm_fraction < 1))
      fail(Status::invalid_argument, "schedule: one cycle needs two steps or more and a warm fraction between 0 and 1");
    const double start = rate / 25, top = warm_fraction * double(total_steps) - 1, end = double(total_steps - 1),
                 at = std::min(double(number), end);
    // With one warm step or less there is no way up: the first step has the full rate.
    return top > 0 && at <= top ? cosine_between(start, rate, at / top) : cosine_between(rate, start / 1e4, (at - top) / (end - top));
  }
  auto plain = [&](int64_t at) {
    switch (kind) {
      case ScheduleKind::step: {
        if (step_size < 1) fail(Status::invalid_argument, "schedule: step_size is ", step_size, ", expected 1 or more");
        const int64_t whole = at / step_size;
        return rate * std::pow(gamma, double(whole));
      }
      case ScheduleKind::cosine:
        if (total_steps < 1) fail(Status::invalid_argument, "schedule: total_steps is ", total_steps, ", expected 1 or more");
        return cosine_between(rate, final_rate, std::min(double(at) / double(total_steps), 1.0));
      default: return rate;
    }
  };
  return number < warmup_steps ? plain(0) * (double(number) + 1) / (double(warmup_steps) + 1) : plain(number - warmup_steps);
}

}  // namespace mlxc::nn
