#include "nn/parameters.h"

#include <cmath>

#include "backend/backend.h"
#include "base/quote.h"
#include "graph/function.h"
#include "io/safetensors.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/random.h"

namespace mlxc {

Array Initializer::draw(const Array& key, const Shape& shape, DType dtype) const {
  const double window = shape.rank() > 2 ? double(element_count(shape)) / std::max(double(shape[0] * shape[1]), 1.0) : 1;
  const double fan_out = shape.rank() ? double(shape[0]) * window : 1, fan_in = shape.rank() > 1 ? double(shape[1]) * window : fan_out;
  auto uniform = [&](double bound) { return random::uniform(key, shape, dtype, -bound, bound); };
  auto normal = [&](double deviation) { return random::normal(key, shape, dtype, 0, deviation); };
  switch (kind) {
    case Kind::constant: return full(key.device(), shape, value, dtype);
    case Kind::uniform: return uniform(value);
    case Kind::normal: return normal(value);
    case Kind::xavier_uniform: return uniform(value * std::sqrt(6 / std::max(fan_in + fan_out, 1.0)));
    case Kind::xavier_normal: return normal(value * std::sqrt(2 / std::max(fan_in + fan_out, 1.0)));
    case Kind::kaiming_uniform: return uniform(value * std::sqrt(3 / std::max(fan_in, 1.0)));
    case Kind::kaiming_normal: return normal(value / std::sqrt(std::max(fan_in, 1.0)));
  }
  fail(Status::invalid_argument, "unknown initializer ", int(kind));
}

void TensorSource::renew(const std::string& name, const Array&) {
  fail(Status::unsupported, "tensor ", quote(name), " belongs to a checkpoint and cannot change");
}

namespace nn {
namespace {

constexpr std::string_view kLoraA = "lora_A.weight", kLoraB = "lora_B.weight";

// FNV-1a: a name begins the same in every process and whatever other names there are.
uint64_t hash_of_name(const std::string& name) {
  uint64_t hash = 0xcbf29ce484222325;
  for (unsigned char byte : name) hash = (hash ^ byte) * 0x100000001b3;
  return hash;
}

bool lies_below(const std::string& name, const std::string& prefix) {
  return prefix.empty() || name == prefix || (name.size() > prefix.size() && name.starts_with(prefix) && name[prefix.size()] == '.');
}

// Without what it was computed from: a loop must not keep all its steps.
Array without_history(const Array& value) {
  if (value.node()->is_leaf()) return value;
  return value.evaluated() ? Array::from_result(value.device(), value.storage(), value.shape(), value.dtype(), value.layout())
                           : stop_gradient(value);
}

}  // namespace

Array own_copy(Device& device, const Array& from) {
  std::vector<std::byte> bytes(size_t(from.bytes()));
  read(from, bytes.data(), bytes.size());
  return Array::from_data(device, bytes.data(), from.shape(), from.dtype());
}

bool is_low_rank(const std::string& name) { return has_end(name, kLoraA) || has_end(name, kLoraB); }

std::optional<Shape> Parameters::shape_of(const std::string& name) const {
  auto found = entries_.find(name);
  return found == entries_.end() ? std::nullopt : std::optional(found->second.value.shape());
}

Array Parameters::beginning(const std::string& name, const Shape& shape, DType dtype, const Initializer& initial) const {
  return own_copy(*device_, initial.draw(random::key(*device_, seed_ ^ hash_of_name(name)), shape, dtype));
}

Array Parameters::find_or_begin(const std::string& name, const Shape& shape, const Initializer& initial, bool buffer) {
  auto found = entries_.find(name);
  if (found == entries_.end()) {
    Array value = beginning(name, shape, dtype_, initial);
    value.set_requires_grad(!buffer);
    found = entries_.emplace(name, Entry{std::move(value), buffer, adapted()}).first;
  }
  const Array& value = found->second.value;
  if (!(value.shape() == shape))
    fail(Status::format, "parameter ", quote(name), " has shape ", to_string(value.shape()), ", the model expects ", to_string(shape));
  found->second.buffer = buffer;
  return value;
}

Array Parameters::tensor(const std::string& name, const Shape& shape, const Initializer& initial) {
  return find_or_begin(name, shape, initial, false);
}
Array Parameters::buffer(const std::string& name, const Shape& shape, const Initializer& initial) {
  return find_or_begin(name, shape, initial, true);
}

void Parameters::insert(const std::string& name, const Array& value, bool buffer, bool frozen) {
  if (!buffer && !frozen) value.set_requires_grad(true);
  entries_[name] = {value, buffer, frozen};
}

Parameters Parameters::without_values() const {
  Parameters empty(*this);
  empty.entries_.clear();
  return empty;
}

void Parameters::adapt(const LoraConfig& config) {
  config.check();
  if (adapted()) fail(Status::invalid_argument, "the parameters have an adapter already: merge it first");
  freeze("");
  lora_ = config;
}

void Parameters::adapt(Adapter adapter) {
  std::map<std::string, Array> values;
  for (const auto& [linear, pair] : adapter.linears) {
    values.emplace(inside(linear, kLoraA), own_copy(*device_, cast(pair.a, DType::f32)));
    values.emplace(inside(linear, kLoraB), own_copy(*device_, cast(pair.b, DType::f32)));
  }
  adapt(adapter.config);
  for (const auto& [name, value] : values) insert(name, value, false, false);
}

LowRank Parameters::low_rank(const std::string& linear, int64_t in, int64_t out) {
  if (!adapted()) return {};
  const std::string a = inside(linear, kLoraA), b = inside(linear, kLoraB);
  if (!has(a) && !lora_->targets_linear(linear)) return {};
  const int64_t rank = has(a) ? get(a).dim(0) : lora_->rank_of(linear);
  auto begin = [&](const std::string& name, const Shape& shape, const Initializer& initial) {
    if (!has(name)) insert(name, beginning(name, shape, DType::f32, initial), false, false);
  };
  begin(a, {rank, in}, {Initializer::Kind::uniform, 1 / std::sqrt(double(std::max<int64_t>(in, 1)))});
  begin(b, {out, rank}, {Initializer::Kind::constant, 0});
  return {tensor(a, {rank, in}, {}), tensor(b, {out, rank}, {}), lora_->scale_of(linear, rank), lora_->dropout, {}};
}

Adapter Parameters::adapter() const {
  if (!adapted()) fail(Status::invalid_argument, "the parameters have no adapter");
  Adapter adapter;
  adapter.config = *lora_;
  adapter.language_model = language_model_;
  for (const auto& [name, entry] : entries_) {
    if (const auto linear = around(name, kLoraA)) adapter.linears[*linear].a = entry.value;
    if (const auto linear = around(name, kLoraB)) adapter.linears[*linear].b = entry.value;
  }
  return adapter;
}

void Parameters::merge() {
  const Adapter adapter = this->adapter();
  std::map<std::string, Entry> merged = entries_;
  Arrays changed;
  for (const auto& [linear, pair] : adapter.linears) {
    auto weight = merged.find(inside(linear, "weight"));
    if (weight == merged.end()) fail(Status::not_found, "the adapter has matrices for ", quote(linear), ", which has no weight of its own");
    changed.push_back(weight->second.value = without_history(adapter.merged(linear, weight->second.value)));
    weight->second.value.set_requires_grad(!weight->second.frozen);
    merged.erase(inside(linear, kLoraA)), merged.erase(inside(linear, kLoraB));
  }
  eval(changed);
  entries_ = std::move(merged);
  lora_.reset();
}

bool Parameters::selected(const Entry& entry, Select select) {
  switch (select) {
    case Select::all: return true;
    case Select::trained: return !entry.buffer && !entry.frozen;
    case Select::buffers: return entry.buffer;
  }
  return false;
}

std::vector<std::string> Parameters::names(Select select) const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_)
    if (selected(entry, select)) names.push_back(name);
  return names;
}

Arrays Parameters::values(Select select) const {
  Arrays values;
  for (const auto& [name, entry] : entries_)
    if (selected(entry, select)) values.push_back(entry.value);
  return values;
}

void Parameters::set_values(Select select, const Arrays& values) {
  const std::vector<std::string> places = names(select);
  if (values.size() != places.size()) fail(Status::invalid_argument, values.size(), " values for ", places.size(), " parameters");
  for (size_t i = 0; i < values.size(); ++i) set(places[i], values[i]);
}

int64_t Parameters::count(Select select) const {
  int64_t count = 0;
  for (const Array& value : values(select)) count += value.size();
  return count;
}

const Parameters::Entry& Parameters::entry(const std::string& name) const {
  auto found = entries_.find(name);
  if (found == entries_.end()) fail(Status::not_found, "there is no parameter ", quote(name));
  return found->second;
}

Array Parameters::get(const std::string& name) const { return entry(name).value; }

void Parameters::set(const std::string& name, const Array& value) {
  const Array& old = entry(name).value;
  if (!value || !(value.type() == old.type()))
    fail(Status::invalid_argument, "parameter ", quote(name), " is ", name_of(old.dtype()), " ", to_string(old.shape()),
         "; the new value is ", value ? name_of(value.dtype()) : "missing", " ", value ? to_string(value.shape()) : "");
  Entry& entry = entries_[name];
  entry.value = without_history(value);
  entry.value.set_requires_grad(!entry.buffer);
}

int64_t Parameters::freeze(const std::string& prefix, bool frozen) {
  int64_t count = 0;
  for (auto& [name, entry] : entries_) {
    if (!lies_below(name, prefix)) continue;
    entry.frozen = frozen;
    ++count;
  }
  return count;
}

int64_t Parameters::draw(const std::string& prefix, const Initializer& initial) {
  int64_t count = 0;
  for (auto& [name, entry] : entries_) {
    if (!lies_below(name, prefix) || entry.buffer || entry.value.rank() < 2) continue;
    entry.value = beginning(name, entry.value.shape(), entry.value.dtype(), initial);
    entry.value.set_requires_grad(true);
    ++count;
  }
  return count;
}

void Parameters::to_device(Device& device) {
  eval(values());
  std::map<std::string, Entry> moved = entries_;
  for (auto& [name, entry] : moved) {
    // Beside an adapter and in a mapped file weights do not change: they need no copy. Running statistics do, and no pass may have told yet
    // which of the vectors they are.
    if (entry.frozen && entry.value.rank() > 1 && &device == device_ &&
        (adapted() || (entry.value.evaluated() && !entry.value.storage()->writable())))
      continue;
    entry.value = own_copy(device, entry.value);
    entry.value.set_requires_grad(!entry.buffer);
  }
  entries_ = std::move(moved);
  device_ = &device;
}

void Parameters::save(const std::string& path) const {
  eval(values());
  SafetensorsWriter writer;
  std::vector<std::vector<std::byte>> bytes;
  for (const auto& [name, entry] : entries_) {
    bytes.emplace_back(size_t(entry.value.bytes()));
    read(entry.value, bytes.back().data(), bytes.back().size());
    writer.add(name, entry.value.dtype(), {entry.value.shape().begin(), entry.value.shape().end()}, bytes.back());
  }
  writer.write(path);
}

void Parameters::load(const std::string& path, bool strict) {
  const auto file = SafetensorsFile::open(path, LoadMode::copied);
  if (strict)
    for (const auto& [name, entry] : entries_)
      if (!file->find(name)) fail(Status::not_found, quote(path, 200), " has no parameter ", quote(name));
  std::map<std::string, Entry> loaded = entries_;
  for (const SafetensorsFile::Tensor& tensor : file->tensors()) {
    auto found = loaded.find(tensor.name);
    if (found == loaded.end() && !is_float(tensor.dtype())) continue;  // a counter of another library, nothing to train
    if (strict && !entries_.empty() && found == loaded.end())
      fail(Status::format, quote(path, 200), " has a parameter that the model has not: ", quote(tensor.name));
    const Shape shape{std::span<const int64_t>(tensor.shape)};
    if (found != loaded.end() && !(found->second.value.type() == TensorType{shape, tensor.dtype()}))
      fail(Status::format, "parameter ", quote(tensor.name), " is ", tensor.type, " ", to_string(shape), " in the file, ",
           name_of(found->second.value.dtype()), " ", to_string(found->second.value.shape()), " in the model");
    // Beside an adapter what is new is frozen, as where a pass begins it.
    Entry& entry = loaded.try_emplace(tensor.name, Entry{{}, false, adapted() && !is_low_rank(tensor.name)}).first->second;
    entry.value = Array::from_data(*device_, tensor.bytes.data(), shape, tensor.dtype());
    entry.value.set_requires_grad(!entry.buffer);
  }
  entries_ = std::move(loaded);
}

}  // namespace nn
}  // namespace mlxc
