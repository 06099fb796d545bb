// Checkpoints of training: one safetensors file with every array that changes, and the position as JSON in its metadata.
#include <cmath>
#include <set>

#include "base/json.h"
#include "base/quote.h"
#include "io/safetensors.h"
#include "train/trainer.h"

namespace mlxc::train {
namespace {

using Select = nn::Parameters::Select;

constexpr const char* kKey = "mlxc_trainer";
constexpr int kVersion = 1;
constexpr int64_t kMostCounted = int64_t(1) << 53;  // no training comes so far, and sums of a few do not overflow
const std::string kParameters = "parameters.", kBest = "best.", kOptimizer = "optimizer.", kGathered = "gathered.", kScaler = "scaler.",
                  kRandom = "random.key";

// Collects arrays; bytes that the host does not see are copied and kept until the file is written.
class Tensors {
 public:
  void add(const std::string& name, const Array& array) {
    std::span<const std::byte> bytes;
    if (array.contiguous() && array.storage()->data()) {
      bytes = {static_cast<const std::byte*>(array.data()), size_t(array.bytes())};
    } else {
      copies_.emplace_back(size_t(array.bytes()));
      read(array, copies_.back().data(), copies_.back().size());
      bytes = copies_.back();
    }
    writer_.add(name, array.dtype(), {array.shape().begin(), array.shape().end()}, bytes);
  }
  SafetensorsWriter& writer() { return writer_; }

 private:
  SafetensorsWriter writer_;
  std::list<std::vector<std::byte>> copies_;
};

// Optimizer states follow the parameters: a number of steps, then `slots` arrays for each.
std::string state_name(const std::vector<std::string>& trained, size_t slots, size_t index) {
  return index == 0 ? kOptimizer + "steps" : cat(kOptimizer, (index - 1) % slots, '.', trained[(index - 1) / slots]);
}

std::string gathered_name(const std::vector<std::string>& trained, size_t index) {
  return index < trained.size() ? kGathered + trained[index] : cat("sums.", index - trained.size());
}

class Reader {
 public:
  Reader(const std::string& path, Device& device) : path_(path), file_(SafetensorsFile::open(path, LoadMode::copied)), device_(device) {}

  JsonObject position() const {
    const auto found = file_->metadata().find(kKey);
    if (found == file_->metadata().end())
      fail(Status::format, quote(path_, 200), " is no checkpoint of training: the metadata has no ", kKey);
    return JsonObject::parse(found->second, cat(printable(path_, 100), ": ", kKey));
  }
  // What is there under a prefix, by the rest of the name.
  std::map<std::string, Array> below(const std::string& prefix) const {
    std::map<std::string, Array> arrays;
    for (const SafetensorsFile::Tensor& tensor : file_->tensors())
      if (tensor.name.starts_with(prefix)) arrays[tensor.name.substr(prefix.size())] = array_of(tensor);
    return arrays;
  }
  Array like(const std::string& name, const Array& expected) const {
    const SafetensorsFile::Tensor& tensor = file_->at(name);
    const Array array = array_of(tensor);
    if (!(array.type() == expected.type()))
      fail(Status::format, quote(path_, 200), ": ", quote(name), " is ", tensor.type, " ", to_string(array.shape()), ", training has ",
           name_of(expected.dtype()), " ", to_string(expected.shape()));
    return array;
  }

 private:
  Array array_of(const SafetensorsFile::Tensor& tensor) const {
    return Array::from_data(device_, tensor.bytes.data(), Shape(std::span<const int64_t>(tensor.shape)), tensor.dtype());
  }

  std::string path_;
  std::shared_ptr<const SafetensorsFile> file_;
  Device& device_;
};

std::vector<std::string> frozen_names(const nn::Parameters& parameters) {
  std::vector<std::string> names;
  for (const std::string& name : parameters.names())
    if (parameters.frozen(name)) names.push_back(name);
  return names;
}

Json json_of(const Position& at, double set_rate) {
  Json json{{"version", kVersion},
            {"step", at.step},
            {"gathered", at.gathered},
            {"epoch", at.epoch},
            {"batch", at.batch},
            {"loss_sum", at.loss_sum},
            {"count", at.count},
            {"right", at.right},
            {"samples", at.samples},
            {"skipped", at.skipped},
            {"step_samples", at.step_samples},
            {"waited", at.waited}};
  if (std::isfinite(at.best)) json["best"] = at.best;
  if (!std::isnan(set_rate)) json["learning_rate"] = set_rate;
  return json;
}

Position position_of(const JsonObject& json) {
  Position at;
  auto count = [&](const char* name) {
    const int64_t value = json.get<int64_t>(name);
    if (value < 0 || value > kMostCounted) fail(Status::format, json.where(), ": ", name, " is ", value, ", expected 0 to 2^53");
    return value;
  };
  at.step = count("step"), at.gathered = count("gathered"), at.epoch = count("epoch"), at.batch = count("batch");
  // A loss that was not finite is null in JSON.
  at.loss_sum = json.get<double>("loss_sum", NAN), at.count = json.get<double>("count", 0), at.right = json.get<double>("right", 0);
  at.samples = count("samples"), at.skipped = count("skipped"), at.step_samples = count("step_samples"), at.waited = count("waited");
  at.best = json.get<double>("best", INFINITY);
  return at;
}

}  // namespace

void Trainer::save(const std::string& path) const {
  const std::vector<std::string> trained = parameters_.names(Select::trained);
  Tensors tensors;
  for (const std::string& name : parameters_.names()) tensors.add(kParameters + name, parameters_.get(name));
  for (const auto& [name, value] : best_) tensors.add(kBest + name, value);
  for (size_t i = 0; i < states_.optimizer.size(); ++i) tensors.add(state_name(trained, optimizer_->slots(), i), states_.optimizer[i]);
  for (size_t i = 0; i < states_.gathered.size(); ++i) tensors.add(gathered_name(trained, i), states_.gathered[i]);
  for (size_t i = 0; i < states_.scaler.size(); ++i) tensors.add(cat(kScaler, i), states_.scaler[i]);
  for (const Array& key : states_.random) tensors.add(kRandom, key);
  Json json = json_of(position_, set_rate_);
  json["buffers"] = parameters_.names(Select::buffers);
  json["frozen"] = frozen_names(parameters_);
  tensors.writer().set_metadata(kKey, json.dump());
  tensors.writer().write(path);
}

void Trainer::load(const std::string& path) {
  const Reader reader(path, device());
  const JsonObject json = reader.position();
  if (const int version = json.get<int>("version"); version != kVersion)
    fail(Status::unsupported, json.where(), ": version ", version, " of checkpoints, expected ", kVersion);
  const Position position = position_of(json);
  const double rate = json.get<double>("learning_rate", NAN);
  if (!std::isnan(rate) && !(rate >= 0 && std::isfinite(rate)))
    fail(Status::format, json.where(), ": learning_rate is ", rate, ", expected a finite number of 0 or more");

  // Whatever fails below leaves the trainer as it was.
  Trainer loaded(model_, parameters_.without_values(), optimizer_, options_);
  const auto buffers = json.get<std::vector<std::string>>("buffers", {}), frozen = json.get<std::vector<std::string>>("frozen", {});
  const std::set<std::string> is_buffer(buffers.begin(), buffers.end()), is_frozen(frozen.begin(), frozen.end());
  const auto values = reader.below(kParameters);
  for (const auto& [name, value] : values) loaded.parameters_.insert(name, value, is_buffer.count(name) > 0, is_frozen.count(name) > 0);
  for (const std::string& name : parameters_.names()) {
    if (!values.count(name)) fail(Status::not_found, quote(path, 200), " has no parameter ", quote(name));
    reader.like(kParameters + name, parameters_.get(name));
  }
  if (!states_.optimizer.empty() && loaded.parameters_.names() != parameters_.names())
    fail(Status::format, quote(path, 200), " has ", values.size(), " parameters, training ", parameters_.names().size());
  if (position.step > 0 || position.gathered > 0) {
    loaded.make_states();
    States& states = loaded.states_;
    const std::vector<std::string> trained = loaded.parameters_.names(Select::trained);
    auto read_all = [&](Arrays& arrays, auto name_of) {
      for (size_t i = 0; i < arrays.size(); ++i) arrays[i] = reader.like(name_of(i), arrays[i]);
    };
    read_all(states.optimizer, [&](size_t i) { return state_name(trained, optimizer_->slots(), i); });
    read_all(states.gathered, [&](size_t i) { return gathered_name(trained, i); });
    read_all(states.scaler, [&](size_t i) { return cat(kScaler, i); });
    read_all(states.random, [&](size_t) { return kRandom; });
  }
  for (const auto& [name, value] : reader.below(kBest))
    if (loaded.parameters_.has(name)) loaded.best_[name] = reader.like(kBest + name, loaded.parameters_.get(name));

  parameters_ = std::move(loaded.parameters_);
  states_ = std::move(loaded.states_);
  best_ = std::move(loaded.best_);
  programs_.clear();  // frozen parameters are constants of theirs
  position_ = position;
  steps_ = position.step;
  set_rate_ = rate;
}

}  // namespace mlxc::train
