// Ten steps of every optimizer against PyTorch, lazily and as one captured function; clipping and schedules.
#include "nn/optimizers.h"

#include "golden.h"
#include "nn/losses.h"
#include "ops/adam.h"
#include "ops/gradient.h"
#include "ops/matmul.h"
#include "ops/shape_ops.h"

namespace mlxc::test {
namespace {

struct Case {
  const char* name;
  double rate;
  nn::OptimizerOptions options;
};
using Kind = nn::OptimizerKind;
const std::vector<Case> kCases{
    {"sgd", 0.1, {.kind = Kind::sgd, .weight_decay = 0.01}},
    {"sgd_momentum", 0.05, {.kind = Kind::sgd, .momentum = 0.9, .dampening = 0.1}},
    {"sgd_nesterov", 0.05, {.kind = Kind::sgd, .momentum = 0.9, .nesterov = true}},
    {"adam", 0.05, {.kind = Kind::adam, .weight_decay = 0.01}},
    {"adamw", 0.05, {.kind = Kind::adamw, .weight_decay = 0.1}},
    {"rmsprop", 0.02, {.kind = Kind::rmsprop}},
    {"rmsprop_centered", 0.02, {.kind = Kind::rmsprop, .momentum = 0.9, .centered = true}},
    {"lion", 0.02, {.kind = Kind::lion, .weight_decay = 0.1, .beta2 = 0.999}},
};

Arrays first_parameters() {
  Arrays parameters;
  for (int i = 0; i < 4; ++i) parameters.push_back(golden("steps/p" + std::to_string(i)));
  return parameters;
}
Array loss_of(const Arrays& p) {
  auto layer = [](const Array& x, const Array& w, const Array& b) { return linear(x, {w}, {b}, Precision::high)[0]; };
  return nn::cross_entropy(layer(unary(UnaryOp::tanh, layer(golden("steps/x"), p[0], p[1])), p[2], p[3]), golden("steps/t"));
}
Array number(double value) { return Array::from_vector<float>(device(), {float(value)}, {}, DType::f32); }

// One kernel on devices that have one, else what it stands for; the old values stay where somebody holds them.
TEST(Optimizers, AdamsUpdateMatchesItsComposition) {
  for (int64_t n : {1, 37, 50000}) {
    auto drawn = [&](float low, float high, int seed) {
      std::vector<float> values(static_cast<size_t>(n));
      for (size_t i = 0; i < values.size(); ++i) values[i] = low + (high - low) * float((i * 7919 + size_t(seed)) % 1000) / 1000;
      return Array::from_vector<float>(device(), values, {n}, DType::f32);
    };
    const AdamUpdate op(0.9, 0.999, 1e-8);
    const AdamState old{drawn(-1, 1, 1), drawn(-0.1f, 0.1f, 2), drawn(0, 0.01f, 3)};
    const Array gradient = drawn(-1, 1, 4), keep = number(0.999), rate = number(0.01), correction = number(0.1);
    const std::vector<double> before = fetch(old.parameter);
    const AdamState now = adam_update(op, old, gradient, keep, rate, correction);
    const Arrays expected = op.compose({old.parameter, old.mean, old.variance, gradient, keep, rate, correction});
    expect_near(now.parameter, expected[0], 1e-6, "parameter");
    expect_near(now.mean, expected[1], 1e-6, "mean");
    expect_near(now.variance, expected[2], 1e-6, "variance");
    EXPECT_EQ(fetch(old.parameter), before);
  }
}

TEST(Optimizers, KeepNothingOfTheStepsBefore) {
  for (const Case& test : kCases) {
    const nn::Optimizer optimizer(test.options);
    Arrays parameters = first_parameters(), states = optimizer.initial_states(parameters);
    std::weak_ptr<Node> parameter, state;
    for (int step = 0; step < 3; ++step) {
      for (const Array& array : parameters) array.set_requires_grad(true);
      if (step == 1) {
        parameter = parameters[0].node();
        state = states.back().node();
      }
      const nn::Optimizer::Result result = optimizer.update(parameters, grad({loss_of(parameters)}, parameters), states, number(test.rate));
      Arrays all = result.parameters;
      all.insert(all.end(), result.states.begin(), result.states.end());
      eval(all);
      parameters = result.parameters;
      states = result.states;
    }
    EXPECT_TRUE(parameter.expired()) << test.name;
    EXPECT_TRUE(state.expired()) << test.name;
  }
}

void expect_curve(const Case& each, const std::vector<double>& losses, const Arrays& parameters) {
  const std::vector<double> expected = fetch(golden(cat("steps/", each.name, "/losses")));
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(losses[i], expected[i], 1e-4) << each.name << ", step " << i;
  for (size_t i = 0; i < parameters.size(); ++i)
    expect_near(parameters[i], golden(cat("steps/", each.name, "/p", i)), 1e-4, cat(each.name, ", parameter ", i));
}

TEST(Optimizers, TenLazyStepsMatchPyTorch) {
  for (const Case& each : kCases) {
    const nn::Optimizer optimizer(each.options);
    Arrays parameters = first_parameters(), states = optimizer.initial_states(parameters);
    std::vector<double> losses;
    for (int step = 0; step < 10; ++step) {
      const Array loss = loss_of(parameters);
      auto next = optimizer.update(parameters, grad({loss}, parameters), states, number(each.rate));
      Arrays all = next.parameters;
      all.insert(all.end(), next.states.begin(), next.states.end());
      all.push_back(loss);
      eval(all);
      losses.push_back(fetch(loss)[0]);
      parameters = next.parameters, states = next.states;
    }
    expect_curve(each, losses, parameters);
  }
}

TEST(Optimizers, ACapturedStepWritesParametersAndStatesWhereTheyLie) {
  for (const Case& each : kCases) {
    const nn::Optimizer optimizer(each.options);
    Arrays parameters = first_parameters(), values = parameters;
    for (const Array& state : optimizer.initial_states(parameters)) values.push_back(state);
    Arrays places;
    for (const Array& value : values) places.push_back(Array::placeholder(device(), value.shape(), value.dtype()));
    const Array rate = Array::placeholder(device(), {}, DType::f32);
    const Arrays p(places.begin(), places.begin() + 4), s(places.begin() + 4, places.end());
    const Array loss = loss_of(p);
    const auto next = optimizer.update(p, grad({loss}, p), s, rate);

    Arrays inputs = places, outputs = next.parameters;
    inputs.push_back(rate);
    outputs.insert(outputs.end(), next.states.begin(), next.states.end());
    outputs.push_back(loss);
    std::vector<StatePair> pairs;
    for (int i = 0; i < int(values.size()); ++i) pairs.push_back({i, i});
    const Function step = Function::capture(inputs, outputs, pairs);

    const StoragePtr home = values[0].storage();
    std::vector<double> losses;
    for (int i = 0; i < 10; ++i) {
      values.push_back(number(each.rate));
      const Arrays results = step.run(values);
      values.assign(results.begin(), results.end() - 1);
      losses.push_back(fetch(results.back())[0]);
    }
    EXPECT_EQ(values[0].storage(), home) << each.name;
    expect_curve(each, losses, {values.begin(), values.begin() + 4});
  }
}

TEST(Optimizers, KeepSixteenBitParametersAndStatesInFloat32) {
  const nn::Optimizer optimizer({.kind = Kind::adam});
  const Arrays parameters{cast(golden("steps/p0"), DType::bf16)};
  const Arrays states = optimizer.initial_states(parameters);
  const auto next = optimizer.update(parameters, parameters, states, number(0.1));
  EXPECT_EQ(next.parameters[0].dtype(), DType::bf16);
  EXPECT_EQ(next.states[1].dtype(), DType::f32);
}

TEST(Optimizers, RefuseWhatMakesNoSense) {
  EXPECT_THROW(nn::Optimizer({.beta1 = 1}), Error);
  EXPECT_THROW(nn::Optimizer({.kind = Kind::sgd, .nesterov = true}), Error);
  const nn::Optimizer optimizer({});
  const Arrays p = first_parameters();
  EXPECT_THROW(optimizer.update(p, {p[0]}, optimizer.initial_states(p), number(1)), Error);
  EXPECT_THROW(optimizer.update(p, p, {}, number(1)), Error);
}

TEST(Clipping, ByNormMatchesPyTorch) {
  const auto clipped = nn::clip_norm({golden("clip/g0"), golden("clip/g1")}, 1.5);
  expect_near(clipped.norm, golden("clip/norm"), 1e-6, "norm");
  for (int i = 0; i < 2; ++i) expect_near(clipped.gradients[size_t(i)], golden(cat("clip/out", i)), 1e-6, "clipped");
}

TEST(Clipping, ByValueCutsEveryElement) {
  for (double value : fetch(nn::clip_value({golden("clip/g0")}, 0.5)[0])) EXPECT_LE(std::abs(value), 0.5);
}

TEST(Schedules, MatchPyTorch) {
  auto check = [](const char* name, const nn::Schedule& schedule) {
    const std::vector<double> expected = fetch(golden(cat("schedule/", name)));
    for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(schedule.at(int64_t(i)), expected[i], 1e-9) << name << ", step " << i;
  };
  check("step", {.kind = nn::ScheduleKind::step, .rate = 0.4, .gamma = 0.5, .step_size = 3});
  check("cosine", {.kind = nn::ScheduleKind::cosine, .rate = 0.4, .final_rate = 0.01, .total_steps = 10});
  check("one_cycle", {.kind = nn::ScheduleKind::one_cycle, .rate = 0.4, .total_steps = 20});
}

TEST(Schedules, WarmUpBeforeTheyBegin) {
  const nn::Schedule schedule{.kind = nn::ScheduleKind::step, .rate = 1, .gamma = 0.5, .step_size = 2, .warmup_steps = 3};
  for (const auto& [step, rate] : std::vector<std::pair<int64_t, double>>{{0, 0.25}, {2, 0.75}, {3, 1}, {4, 1}, {5, 0.5}})
    EXPECT_DOUBLE_EQ(schedule.at(step), rate);
  EXPECT_THROW(schedule.at(-1), Error);
}

TEST(Schedules, OfOneCycleWithASingleWarmStepBeginAtTheFullRate) {
  for (int64_t total : {2, 5, 10}) {
    const nn::Schedule schedule{
        .kind = nn::ScheduleKind::one_cycle, .rate = 0.4, .warm_fraction = 1.0 / double(total), .total_steps = total};
    EXPECT_DOUBLE_EQ(schedule.at(0), 0.4) << total;
    for (int64_t step = 1; step < total; ++step) EXPECT_LT(schedule.at(step), schedule.at(step - 1)) << total << " " << step;
    EXPECT_NEAR(schedule.at(total), 0.4 / 25 / 1e4, 1e-12) << total;
  }
}

TEST(Schedules, RefuseWhatGivesNoRate) {
  EXPECT_THROW((nn::Schedule{.rate = NAN}).at(0), Error);
  EXPECT_THROW((nn::Schedule{.rate = -1}).at(0), Error);
  EXPECT_THROW((nn::Schedule{.warmup_steps = -1}).at(0), Error);
  EXPECT_GT((nn::Schedule{.warmup_steps = INT64_MAX}).at(0), 0);
}

}  // namespace
}  // namespace mlxc::test
