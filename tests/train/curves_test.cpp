// Ten steps against PyTorch from the same parameters over the same batches (tests/golden/make_trainer.py).
#include "support.h"

namespace mlxc::test {
namespace {

class Curves {
 public:
  explicit Curves(std::string name) : name_(std::move(name)) {}

  nn::Parameters beginning(const nn::LayerPtr& model) const {
    nn::Parameters parameters(device(), 1);
    nn::Pass pass;
    model->forward({parameters, ""}, Array::placeholder(device(), {2, 1, 8, 8}, DType::f32), pass);
    for (const std::string& parameter : parameters.names()) parameters.set(parameter, golden("begin/" + parameter));
    return parameters;
  }
  std::vector<double> losses() const { return fetch(golden("losses")); }
  std::vector<double> norms() const { return fetch(golden("norms")); }
  void expect_end(const Trainer& trainer) const {
    for (const std::string& parameter : trainer.peek().names()) {
      const std::vector<double> ours = fetch(trainer.peek().get(parameter)), theirs = fetch(golden("end/" + parameter));
      ASSERT_EQ(ours.size(), theirs.size());
      for (size_t i = 0; i < ours.size(); ++i) ASSERT_NEAR(ours[i], theirs[i], 2e-4 * (1 + std::abs(theirs[i]))) << parameter;
    }
  }

 private:
  Array golden(const std::string& what) const {
    static const auto file = SafetensorsFile::open(std::string(MLXC_TEST_DATA) + "/train/golden/curves.safetensors", LoadMode::copied);
    const auto& tensor = file->at(name_ + "/" + what);
    Array array = Array::from_data(cpu_device(), tensor.bytes.data(), Shape(std::span<const int64_t>(tensor.shape)), tensor.dtype());
    if (array.dtype() == DType::f64) return array;
    return Array::from_data(device(), tensor.bytes.data(), array.shape(), array.dtype());
  }
  std::string name_;
};

void expect_losses(const std::vector<double>& losses, const std::vector<double>& expected) {
  ASSERT_EQ(losses.size(), expected.size());
  for (size_t i = 0; i < losses.size(); ++i) EXPECT_NEAR(losses[i], expected[i], 1e-4) << "step " << i;
}

TEST(LossCurves, OfAPerceptronWithClippingMatchPyTorch) {
  const Curves curves("mlp");
  TrainerOptions options;
  options.clip_norm = 0.5;
  options.schedule = rate(0.1);
  Trainer trainer(mlp(), curves.beginning(mlp()), momentum(), options);
  const auto events = run(trainer, LoaderPlan(first_of(digits(), 320), {}));
  expect_losses(losses_of(events), curves.losses());
  for (size_t i = 0; i < 10; ++i) EXPECT_NEAR(events[i].gradient_norm, curves.norms()[i], 1e-4);
  curves.expect_end(trainer);
}

TEST(LossCurves, OfAdamWUnderACosineMatchPyTorch) {
  const Curves curves("mlp_adamw");
  TrainerOptions options;
  options.schedule.kind = nn::ScheduleKind::cosine, options.schedule.rate = 0.01, options.schedule.total_steps = 10;
  Trainer trainer(mlp(), curves.beginning(mlp()), optimizer({.kind = nn::OptimizerKind::adamw, .weight_decay = 0.1}), options);
  expect_losses(losses_of(run(trainer, LoaderPlan(first_of(digits(), 320), {}))), curves.losses());
  curves.expect_end(trainer);
}

TEST(LossCurves, OfAConvolutionalNetworkMatchPyTorch) {
  const Curves curves("cnn");
  TrainerOptions options;
  options.schedule = rate(0.005);
  Trainer trainer(cnn(), curves.beginning(cnn()), optimizer({.kind = nn::OptimizerKind::adam}), options);
  expect_losses(losses_of(run(trainer, LoaderPlan(first_of(digits(), 320), {}))), curves.losses());
  for (const char* name : {"1.running_mean", "1.running_var"}) EXPECT_TRUE(trainer.peek().has(name));
}

// Two batches of 32 a step are the step of one batch of 64; with targets that do not count they weigh differently.
TEST(LossCurves, WithAccumulationEqualThoseOfTheLargeBatch) {
  for (const char* name : {"accumulate", "ignore"}) {
    const Curves curves(name);
    TrainerOptions options;
    options.accumulate = 2;
    options.gradient_norm = true;
    options.schedule = rate(0.1);
    if (std::string(name) == "ignore") options.objective.label_smoothing = 0.1, options.objective.ignore_index = 3;
    Trainer trainer(mlp(), curves.beginning(mlp()), momentum(), options);
    const auto events = run(trainer, LoaderPlan(first_of(digits(), 640), {}));
    expect_losses(losses_of(events), curves.losses());
    for (size_t i = 0; i < 10; ++i) EXPECT_NEAR(events[i].gradient_norm, curves.norms()[i], 2e-4) << name;
    EXPECT_EQ(events[0].samples, 64);
    curves.expect_end(trainer);
  }
}

}  // namespace
}  // namespace mlxc::test
