// The trainer: what it learns, how it stops, goes on and is saved.
#include "train/trainer.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <numeric>
#include <random>

#include "base/json.h"
#include "base/system_calls.h"
#include "io/safetensors.h"
#include "support.h"
#include "support/expect_error.h"
#include "support/temp_folder.h"

namespace mlxc::test {
namespace {

using ::testing::HasSubstr;

nn::LayerPtr noisy_network() {
  using namespace nn::layers;
  return sequential(
      {flatten(), linear(64, 32, true), batch_norm(32, 1e-5, 0.1), activation(ActivationOp::relu, 0), dropout(0.2), linear(32, 10, true)});
}

Trainer make(const nn::LayerPtr& model, TrainerOptions options = {}, double learning_rate = 0.01) {
  options.schedule = rate(learning_rate);
  return Trainer(model, nn::Parameters(device(), 7), optimizer({}), options);
}

LoaderPlan shuffled_digits(int64_t samples, int64_t batch = 32) {
  return {first_of(digits(), samples), {.batch_size = batch, .shuffle = true, .seed = 3}};
}

TEST(Trainer, LearnsTheDigits) {
  Trainer trainer = make(mlp());
  FitOptions options;
  options.epochs = 8;
  const LoaderPlan test(first_of(digits(), 297, 1500), {.batch_size = 64});
  const auto events = run(trainer, {first_of(digits(), 1500), {.batch_size = 32, .shuffle = true}}, options, test);
  const TrainEvent& last = events.back();
  EXPECT_EQ(last.kind, EventKind::epoch);
  EXPECT_EQ(last.step, 8 * 47);
  EXPECT_EQ(last.samples, 1500);
  EXPECT_GT(last.accuracy, 0.98);
  EXPECT_GT(last.validation_accuracy, 0.9);
  EXPECT_GT(last.samples_per_second, 0);
}

TEST(Trainer, MakesAStepOneProgramAndPlansItOnce) {
  Trainer trainer = make(mlp());
  const LoaderPlan data(first_of(digits(), 320), {});
  FitOptions options;
  options.epochs = 1;
  run(trainer, data, options);
  const GraphCounters before = graph_counters();
  options.epochs = 2;
  run(trainer, data, options);
  const GraphCounters after = graph_counters();
  EXPECT_EQ(after.plans, before.plans);
  EXPECT_EQ(after.runs - before.runs, 10);
}

// Shuffling, dropout, running statistics, momenta: all of it goes on where it was.
TEST(Trainer, ResumesExactlyFromACheckpoint) {
  for (int64_t accumulate : {1, 3}) {
    TempFolder folder;
    TrainerOptions options;
    options.accumulate = accumulate;
    options.seed = 5;
    FitOptions whole;
    whole.epochs = 2;
    Trainer unbroken = make(noisy_network(), options);
    const std::vector<double> expected = losses_of(run(unbroken, shuffled_digits(330), whole));

    Trainer first = make(noisy_network(), options);
    Fit fit(first, shuffled_digits(330), {}, whole);
    std::vector<double> losses;
    TrainEvent event;
    while (losses.size() < expected.size() / 3 && fit.next(&event, nullptr))
      if (event.kind == EventKind::step) losses.push_back(event.loss);
    first.save(folder.path() + "/middle.safetensors");
    Trainer second = make(noisy_network(), options);
    second.load(folder.path() + "/middle.safetensors");
    for (double loss : losses_of(run(second, shuffled_digits(330), whole))) losses.push_back(loss);
    EXPECT_EQ(losses, expected) << accumulate;
    for (const std::string& name : unbroken.peek().names())
      EXPECT_EQ(fetch(second.peek().get(name)), fetch(unbroken.peek().get(name))) << name;
  }
}

TEST(Trainer, ResumesAnAdapterAndItsPrecision) {
  TempFolder folder;
  FitOptions options;
  options.epochs = 2;
  const auto make_adapted = [] {
    nn::Parameters parameters(device(), 7, DType::f32, Precision::native);
    parameters.adapt(nn::LoraConfig{});
    TrainerOptions given;
    given.schedule = rate(0.01);
    return Trainer(mlp(), parameters, optimizer({}), given);
  };
  Trainer unbroken = make_adapted();
  const std::vector<double> expected = losses_of(run(unbroken, shuffled_digits(320), options));
  Trainer first = make_adapted();
  options.epochs = 1;
  std::vector<double> losses = losses_of(run(first, shuffled_digits(320), options));
  first.save(folder.path() + "/adapted.safetensors");
  Trainer second = make_adapted();
  second.load(folder.path() + "/adapted.safetensors");
  EXPECT_TRUE(second.peek().adapted());
  EXPECT_EQ(second.peek().precision(), Precision::native);
  options.epochs = 2;
  for (double loss : losses_of(run(second, shuffled_digits(320), options))) losses.push_back(loss);
  EXPECT_EQ(losses, expected);
  EXPECT_LT(losses.back(), losses.front());
}

// A batch that came but could not be used is not lost.
TEST(Trainer, MakesAFailedStepAgain) {
  FitOptions options;
  options.epochs = 1;
  Trainer unbroken = make(noisy_network());
  const std::vector<double> expected = losses_of(run(unbroken, shuffled_digits(320), options));
  Trainer trainer = make(noisy_network());
  Fit fit(trainer, shuffled_digits(320), {}, options);
  std::vector<double> losses;
  TrainEvent event;
  while (losses.size() < 4 && fit.next(&event, nullptr)) losses.push_back(event.loss);
  Allocator& memory = device().allocator();
  memory.release_cache();
  memory.set_limit(1);
  EXPECT_THROW(fit.next(&event, nullptr), Error);
  memory.set_limit(0);
  while (fit.next(&event, nullptr))
    if (event.kind == EventKind::step) losses.push_back(event.loss);
  EXPECT_EQ(losses, expected);
}

TEST(Trainer, WritesCheckpointsWhileItTrains) {
  TempFolder folder;
  FitOptions options;
  options.checkpoint = folder.path() + "/last.safetensors";
  options.checkpoint_steps = 4;
  Trainer trainer = make(mlp());
  run(trainer, shuffled_digits(320), options);
  Trainer loaded = make(mlp());
  loaded.load(options.checkpoint);
  EXPECT_EQ(loaded.position().step, 8);
  EXPECT_EQ(loaded.position().batch, 8);
  options.checkpoint_steps = 0;
  options.epochs = 2;
  run(trainer, shuffled_digits(320), options);
  loaded.load(options.checkpoint);
  EXPECT_EQ(loaded.position().epoch, 2);
  EXPECT_EQ(loaded.position().batch, 0);
}

// A process that dies in the middle of saving, at any of its writes, leaves the checkpoint before it.
TEST(Trainer, KilledWhileItSavesLeavesTheOldCheckpointWhole) {
  if (!on_cpu()) GTEST_SKIP() << "a forked process must not touch its parent's GPU";
  TempFolder folder;
  const std::string path = folder.path() + "/last.safetensors";
  Trainer trainer = make(mlp());
  run(trainer, shuffled_digits(64));
  trainer.save(path);
  const std::string before = read_file(path, 1 << 24);
  FitOptions more;
  more.epochs = 2;
  run(trainer, shuffled_digits(64), more);
  eval(trainer.peek().values());
  static int calls_left;
  int survived = 0;
  for (int kill_at = 0; survived == 0 && kill_at < 100; ++kill_at) {
    const pid_t child = fork();
    if (child == 0) {
      calls_left = kill_at;
      system_calls.write = [](int fd, const void* buffer, size_t count) -> ssize_t {
        if (calls_left-- == 0) raise(SIGKILL);
        return kSystemCalls.write(fd, buffer, count);
      };
      system_calls.rename = [](const char* from, const char* to) {
        if (calls_left-- == 0) raise(SIGKILL);
        return kSystemCalls.rename(from, to);
      };
      try {
        trainer.save(path);
      } catch (...) {
        _exit(2);
      }
      _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
      ASSERT_EQ(read_file(path, 1 << 24), before) << kill_at;
    } else {
      ASSERT_EQ(WEXITSTATUS(status), 0);
      survived = kill_at;
    }
  }
  EXPECT_GT(survived, 3);
  Trainer loaded = make(mlp());
  loaded.load(path);
  EXPECT_EQ(loaded.position().epoch, 2);
}

TEST(Trainer, RefusesACheckpointOfAnotherModelAndStaysAsItWas) {
  TempFolder folder;
  const std::string path = folder.path() + "/a.safetensors";
  Trainer trainer = make(mlp()), other = make(noisy_network());
  run(trainer, shuffled_digits(64));
  trainer.save(path);
  run(other, shuffled_digits(64));
  const auto before = fetch(other.peek().get("1.weight"));
  EXPECT_THROW(other.load(path), Error);
  EXPECT_EQ(fetch(other.peek().get("1.weight")), before);
  std::ofstream(path) << "no checkpoint";
  EXPECT_THROW(trainer.load(path), Error);
  EXPECT_THROW(trainer.load(folder.path() + "/none"), Error);
  nn::Parameters parameters(device(), 1);
  parameters.insert("x", Array::from_vector<float>(device(), {1}, {1}, DType::f32), false, false);
  parameters.save(path);
  EXPECT_THROW(trainer.load(path), Error);
  FitOptions twice;
  twice.epochs = 2;
  EXPECT_EQ(losses_of(run(trainer, shuffled_digits(64), twice)).size(), 2u);
}

TEST(Trainer, RefusesACheckpointWhosePositionIsNone) {
  TempFolder folder;
  const std::string path = folder.path() + "/a.safetensors", changed = folder.path() + "/b.safetensors";
  Trainer trainer = make(mlp());
  run(trainer, shuffled_digits(64));
  trainer.save(path);
  const auto file = SafetensorsFile::open(path, LoadMode::copied);
  const auto load_with = [&](const char* key, const Json& value) {
    Json position = Json::parse(file->metadata().at("mlxc_trainer"));
    position[key] = value;
    SafetensorsWriter writer;
    for (const auto& tensor : file->tensors()) writer.add(tensor.name, tensor.dtype(), tensor.shape, tensor.bytes);
    writer.set_metadata("mlxc_trainer", position.dump());
    writer.write(changed);
    trainer.load(changed);
  };
  for (const char* key : {"step", "gathered", "epoch", "batch", "samples", "skipped", "step_samples", "waited"})
    for (int64_t value : {int64_t(-1), int64_t(INT64_MAX)}) expect_error(Status::format, key, [&] { load_with(key, value); });
  expect_error(Status::format, "learning_rate", [&] { load_with("learning_rate", -1); });
  EXPECT_EQ(trainer.position().step, 2);
  load_with("learning_rate", 0.5);
  EXPECT_EQ(trainer.learning_rate(), 0.5);
}

TEST(Trainer, StopsBetweenBatchesAndGoesOn) {
  FitOptions options;
  options.epochs = 2;
  Trainer unbroken = make(noisy_network());
  const std::vector<double> expected = losses_of(run(unbroken, shuffled_digits(320), options));
  Trainer trainer = make(noisy_network());
  std::vector<double> losses;
  {
    Fit fit(trainer, shuffled_digits(320), {}, options);
    std::atomic<bool> cancel = false;
    TrainEvent event;
    while (losses.size() < 4 && fit.next(&event, &cancel)) losses.push_back(event.loss);
    cancel = true;
    try {
      fit.next(&event, &cancel);
      ADD_FAILURE() << "went on";
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), Status::cancelled);
    }
  }
  for (double loss : losses_of(run(trainer, shuffled_digits(320), options))) losses.push_back(loss);
  EXPECT_EQ(losses, expected);
}

TEST(Trainer, EndsEarlyWhenTheLossStopsFallingAndTakesTheBestBack) {
  FitOptions options;
  options.epochs = 50;
  options.patience = 2;
  options.restore_best = true;
  Trainer trainer = make(mlp(), {}, 0.05);
  const LoaderPlan validation(first_of(digits(), 200, 1000), {.batch_size = 200});
  const auto events = run(trainer, shuffled_digits(96), options, validation);
  ASSERT_LT(trainer.position().epoch, 50);
  EXPECT_TRUE(events.back().stopping);
  double best = INFINITY;
  for (const TrainEvent& event : events)
    if (event.kind == EventKind::epoch) best = std::min(best, event.validation_loss);
  EXPECT_EQ(evaluate(trainer, validation, nullptr).loss(), best);
}

TEST(Trainer, TakesNoBestBackThatALaterRunHasSurpassed) {
  Trainer trainer = make(mlp());
  const LoaderPlan data(first_of(digits(), 96), {.batch_size = 32});
  FitOptions options;
  options.restore_best = true;
  run(trainer, data, options, data);
  options.restore_best = false;
  options.epochs = 10;
  run(trainer, data, options, data);
  const double reached = evaluate(trainer, data, nullptr).loss();
  options.restore_best = true;
  run(trainer, data, options, data);  // nothing is left to do
  EXPECT_EQ(evaluate(trainer, data, nullptr).loss(), reached);
}

nn::LayerPtr normed_network() {
  using namespace nn::layers;
  return sequential({flatten(), linear(64, 16, true), batch_norm(16, 1e-5, 0.5), linear(16, 10, true)});
}

TEST(Trainer, TakesTheStatisticsOfFrozenNormsBackWithTheBest) {
  nn::Parameters parameters(device(), 7);
  nn::Pass pass;
  normed_network()->forward({parameters, ""}, Array::placeholder(device(), {2, 64}, DType::f32), pass);
  parameters.freeze("2");
  TrainerOptions options;
  options.schedule = rate(0.01);
  Trainer trainer(normed_network(), parameters, optimizer({}), options);
  const LoaderPlan validation(first_of(digits(), 200, 1000), {.batch_size = 200});
  FitOptions fit;
  fit.restore_best = true;
  auto best = run(trainer, shuffled_digits(96), fit, validation).back().validation_loss;
  trainer.set_learning_rate(30);  // nothing but worse from here on
  fit.epochs = 4;
  for (const TrainEvent& event : run(trainer, shuffled_digits(96), fit, validation))
    if (event.kind == EventKind::epoch) best = std::min(best, event.validation_loss);
  EXPECT_EQ(evaluate(trainer, validation, nullptr).loss(), best);
}

TEST(Trainer, BesideAnAdapterRenewsStatisticsOfItsOwn) {
  nn::Parameters parameters(device(), 7);
  nn::Pass pass;
  normed_network()->forward({parameters, ""}, Array::placeholder(device(), {2, 64}, DType::f32), pass);
  parameters.adapt(nn::LoraConfig{});
  Trainer trainer(normed_network(), parameters, optimizer({}), {});
  run(trainer, shuffled_digits(64));
  EXPECT_EQ(fetch(parameters.get("2.running_mean")), std::vector<double>(16));
  const nn::Parameters taken = trainer.parameters();
  const auto mean = fetch(taken.get("2.running_mean"));
  EXPECT_NE(mean, std::vector<double>(16));
  FitOptions more;
  more.epochs = 2;
  run(trainer, shuffled_digits(64), more);
  EXPECT_EQ(fetch(taken.get("2.running_mean")), mean);
}

TEST(Trainer, TakesALearningRateAtAnyStep) {
  Trainer trainer = make(mlp());
  EXPECT_EQ(trainer.learning_rate(), 0.01);
  Fit fit(trainer, shuffled_digits(320), {}, {});
  TrainEvent event;
  fit.next(&event, nullptr);
  EXPECT_EQ(event.learning_rate, 0.01);
  trainer.set_learning_rate(0);
  const auto before = fetch(trainer.peek().get("3.weight"));
  fit.next(&event, nullptr);
  EXPECT_EQ(event.learning_rate, 0);
  EXPECT_EQ(fetch(trainer.peek().get("3.weight")), before);
  trainer.set_learning_rate(NAN);
  EXPECT_EQ(trainer.learning_rate(), 0.01);
  EXPECT_THROW(trainer.set_learning_rate(-1), Error);
}

TEST(Trainer, LearnsWithSixteenBitWeights) {
  for (DType type : {DType::bf16, DType::f16}) {
    TrainerOptions options;
    options.compute = type;
    options.loss_scale_steps = 20;
    Trainer trainer = make(mlp(), options), exact = make(mlp());
    FitOptions fit;
    fit.epochs = 3;
    const auto events = run(trainer, shuffled_digits(640), fit);
    const auto reference = run(exact, shuffled_digits(640), fit);
    EXPECT_EQ(trainer.peek().get("1.weight").dtype(), DType::f32);
    EXPECT_NEAR(losses_of(events)[0], losses_of(reference)[0], 0.02) << name_of(type);
    EXPECT_NE(losses_of(events)[1], losses_of(reference)[1]) << name_of(type);
    EXPECT_NEAR(events.back().loss, reference.back().loss, 0.05) << name_of(type);
    if (type == DType::f16) {
      EXPECT_GT(events[58].loss_scale, 65536);
    }
  }
}

// A factor that is too large overflows float16 gradients: such steps change nothing but the factor.
TEST(Trainer, LeavesStepsOutWhoseScaledGradientsOverflow) {
  TrainerOptions options;
  options.compute = DType::f16;
  options.loss_scale = 0x1p24;
  Trainer trainer = make(mlp(), options);
  Fit fit(trainer, shuffled_digits(640), {}, {});
  TrainEvent event;
  ASSERT_TRUE(fit.next(&event, nullptr));
  EXPECT_TRUE(event.skipped);
  EXPECT_EQ(event.loss_scale, 0x1p23);
  const auto weights = fetch(trainer.peek().get("1.weight"));
  while (event.skipped && fit.next(&event, nullptr))
    if (event.skipped) {
      EXPECT_EQ(fetch(trainer.peek().get("1.weight")), weights);
    }
  EXPECT_FALSE(event.skipped);
  EXPECT_NE(fetch(trainer.peek().get("1.weight")), weights);
  for (double value : fetch(trainer.peek().get("1.weight"))) ASSERT_TRUE(std::isfinite(value));
}

// What is ignored may be a class: a padding token's number.
TEST(Objective, CountsNothingIgnoredAsRight) {
  Objective objective;
  objective.ignore_index = 1;
  const Array scores = Array::from_vector<float>(device(), {1, 2, 1, 2, 2, 1}, {3, 2}, DType::f32);
  const Array targets = Array::from_vector<int32_t>(device(), {1, 0, 0}, {3}, DType::i32);
  const Objective::Parts parts = objective.measure(scores, targets);
  EXPECT_EQ(fetch(parts.count)[0], 2);
  EXPECT_EQ(fetch(parts.right)[0], 1);
}

TEST(Trainer, KeepsFrozenParameters) {
  nn::Parameters parameters(device(), 7);
  nn::Pass pass;
  mlp()->forward({parameters, ""}, Array::placeholder(device(), {1, 64}, DType::f32), pass);
  parameters.freeze("1");
  const auto frozen = fetch(parameters.get("1.weight")), given = fetch(parameters.get("3.weight"));
  Trainer trainer(mlp(), parameters, optimizer({}), {});
  run(trainer, shuffled_digits(64));
  EXPECT_EQ(fetch(trainer.peek().get("1.weight")), frozen);
  EXPECT_NE(fetch(trainer.peek().get("3.weight")), given);
  EXPECT_EQ(fetch(parameters.get("3.weight")), given);  // the caller's are the caller's
}

TEST(Trainer, PredictsInBatchesWhatItPredictsAtOnce) {
  Trainer trainer = make(cnn());
  run(trainer, shuffled_digits(64));
  std::vector<int64_t> samples(50);
  for (size_t i = 0; i < samples.size(); ++i) samples[i] = int64_t(i);
  const Array x = read_batch(*digits(), device(), samples)[0];
  const auto all = fetch(trainer.predict(x, 50, nullptr)), parts = fetch(trainer.predict(x, 16, nullptr));
  ASSERT_EQ(all.size(), 500u);
  for (size_t i = 0; i < all.size(); ++i) EXPECT_NEAR(all[i], parts[i], 1e-5);
}

TEST(Trainer, FitsNumbersAndYesOrNo) {
  const Array x = Array::from_vector<float>(device(), {-2, -1, 1, 2}, {4, 1}, DType::f32);
  const auto line = array_dataset({x, Array::from_vector<float>(device(), {-3, -1, 3, 5}, {4}, DType::f32)});
  const auto sign = array_dataset({x, Array::from_vector<uint8_t>(device(), {0, 0, 1, 1}, {4}, DType::boolean)});
  FitOptions fit;
  fit.epochs = 150;
  for (LossKind kind : {LossKind::squared_error, LossKind::absolute_error, LossKind::huber, LossKind::binary_cross_entropy}) {
    TrainerOptions options;
    options.objective.kind = kind;
    const bool binary = kind == LossKind::binary_cross_entropy;
    Trainer trainer = make(nn::layers::linear(1, 1, true), options, kind == LossKind::absolute_error ? 0.02 : 0.1);
    const TrainEvent last = run(trainer, {binary ? sign : line, {.batch_size = 4}}, fit).back();
    EXPECT_LT(last.loss, binary ? 0.1 : 0.05) << int(kind);
    EXPECT_EQ(std::isnan(last.accuracy), !binary);
    if (binary) {
      EXPECT_EQ(last.accuracy, 1);
    }
  }
}

// What counts is five steps back when the sequence ends.
TEST(Trainer, TeachesRecurrentLayersToRemember) {
  using namespace nn::layers;
  std::vector<float> numbers;
  std::vector<int32_t> first;
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(-1, 1);
  for (int i = 0; i < 256; ++i) {
    for (int step = 0; step < 6; ++step) numbers.push_back(uniform(random));
    first.push_back(numbers[numbers.size() - 6] > 0);
  }
  const auto data = array_dataset({Array::from_vector<float>(device(), numbers, {256, 6, 1}, DType::f32),
                                   Array::from_vector<int32_t>(device(), first, {256}, DType::i32)});
  FitOptions fit;
  fit.epochs = 25;
  for (CellKind kind : {CellKind::gru, CellKind::lstm}) {
    const nn::LayerPtr cells = recurrent(kind, {.in = 1, .hidden = 12, .batch_first = true, .last = true});
    Trainer trainer = make(sequential({cells, linear(12, 2, true)}), {}, 0.02);
    EXPECT_GT(run(trainer, {data, {.batch_size = 32, .shuffle = true}}, fit).back().accuracy, 0.95) << int(kind);
  }
}

TEST(Trainer, TeachesTransposedConvolutionsToPaintWhatWasNarrowed) {
  using namespace nn::layers;
  std::vector<int64_t> samples(128);
  std::iota(samples.begin(), samples.end(), 0);
  const Array images = read_batch(*digits(), device(), samples)[0];  // [128, 1, 8, 8]
  const auto data = array_dataset({images, images});
  const nn::LayerPtr model =
      sequential({convolution(1, 8, {3, 3}, {.stride = {2, 2}, .padding = {1, 1}, .dilation = {}}, true), activation(ActivationOp::relu, 0),
                  transposed_convolution(8, 1, {4, 4}, {.stride = {2, 2}, .padding = {1, 1}, .dilation = {}}, {}, true)});
  TrainerOptions options;
  options.objective.kind = LossKind::squared_error;
  Trainer trainer = make(model, options);
  FitOptions fit;
  fit.epochs = 15;
  const std::vector<double> losses = losses_of(run(trainer, {data, {.batch_size = 32}}, fit));
  EXPECT_LT(losses.back(), losses.front() / 5);
}

TEST(Trainer, LogsEventsAsJsonLinesAndAsATable) {
  TempFolder folder;
  FitOptions options;
  options.json_log = folder.path() + "/log.jsonl", options.csv_log = folder.path() + "/log.csv";
  Trainer trainer = make(mlp());
  const auto events = run(trainer, shuffled_digits(96), options, LoaderPlan(first_of(digits(), 32), {}));
  ASSERT_EQ(events.size(), 4u);
  std::ifstream json(options.json_log), csv(options.csv_log);
  std::string line, row;
  std::getline(csv, row);
  EXPECT_THAT(row, HasSubstr("event,epoch,step"));
  for (const TrainEvent& event : events) {
    ASSERT_TRUE(std::getline(json, line) && std::getline(csv, row));
    const JsonObject object = JsonObject::parse(line, "log");
    EXPECT_EQ(object.get<double>("loss"), event.loss);
    EXPECT_EQ(object.get<int64_t>("step"), event.step);
    EXPECT_EQ(object.has("validation_loss"), event.kind == EventKind::epoch);
    EXPECT_EQ(std::count(row.begin(), row.end(), ','), 14);
  }
  options.append_logs = true, options.epochs = 2;
  run(trainer, shuffled_digits(96), options);
  int lines = 0;
  for (std::ifstream again(options.csv_log); std::getline(again, line);) ++lines;
  EXPECT_EQ(lines, 1 + 4 + 4);
}

TEST(Trainer, SaysWhatDoesNotFit) {
  Trainer trainer = make(mlp());
  EXPECT_THROW(run(trainer, LoaderPlan(first_of(digits(), 10), {.batch_size = 32, .drop_last = true})), Error);
  EXPECT_THROW(run(trainer, LoaderPlan(token_dataset({1, 2, 3, 4}, 2, 1), {})), Error);  // integers into a linear layer
  const Array x = Array::from_vector<float>(device(), {1, 2}, {2, 1}, DType::f32);
  EXPECT_THROW(run(trainer, LoaderPlan(array_dataset({x}), {})), Error);  // no target
  TrainerOptions options;
  options.accumulate = 0;
  EXPECT_THROW(make(mlp(), options), Error);
  options.accumulate = 1;
  options.loss_scale = INFINITY;
  EXPECT_THROW(make(mlp(), options), Error);
  EXPECT_THROW(trainer.predict(Array::from_vector<float>(device(), {1}, {}, DType::f32), 1, nullptr), Error);
}

}  // namespace
}  // namespace mlxc::test
