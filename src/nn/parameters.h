// The parameters of a model in training: named arrays that begin by an initializer, change by steps, and are saved and loaded as
// safetensors.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "nn/lora.h"
#include "nn/scope.h"

namespace mlxc::nn {

// A value: a copy shares the arrays and changes apart, so one whose arrays are placeholders gives the graph of a step to capture.
// The names that a model uses appear as its forward pass asks for them.
class Parameters final : public TensorSource {
 public:
  Parameters(Device& device, uint64_t seed, DType dtype = DType::f32, Precision precision = Precision::high)
      : device_(&device), seed_(seed), dtype_(dtype), precision_(precision) {}

  Device& device() const override { return *device_; }
  Precision precision() const override { return precision_; }
  bool has(const std::string& name) const override { return entries_.count(name) > 0; }
  std::optional<Shape> shape_of(const std::string& name) const override;
  Array tensor(const std::string& name, const Shape& shape, const Initializer& initial) override;
  Array buffer(const std::string& name, const Shape& shape, const Initializer& initial) override;
  void renew(const std::string& name, const Array& value) override { set(name, value); }
  void serve_language_model() override { language_model_ = true; }
  LowRank low_rank(const std::string& linear, int64_t in, int64_t out) override;

  enum class Select : uint8_t {
    all,
    trained,  // neither frozen nor buffers
    buffers,
  };
  std::vector<std::string> names(Select select = Select::all) const;  // sorted
  Arrays values(Select select = Select::all) const;                   // in the order of names()
  void set_values(Select select, const Arrays& values);
  int64_t count(Select select = Select::all) const;       // elements
  Array get(const std::string& name) const;               // Error(not_found)
  void set(const std::string& name, const Array& value);  // of the same shape and dtype
  bool frozen(const std::string& name) const { return entry(name).frozen; }
  // Every name that is `prefix` or begins with it and a dot; an empty prefix is all. Names that appear later are not frozen.
  // Gives how many there are.
  int64_t freeze(const std::string& prefix, bool frozen = true);
  // Draws those of at least two axes anew: weights, not biases and gains. Gives how many there are.
  int64_t draw(const std::string& prefix, const Initializer& initial);
  void to_device(Device& device);
  // A new one that begins as `value` itself, or in place of an old one. Frozen ones are only read, so they may lie in a mapped file.
  void insert(const std::string& name, const Array& value, bool buffer, bool frozen);

  // Low-rank adaptation: everything is frozen but the matrices, which are parameters NAME.lora_A.weight and NAME.lora_B.weight. Each Linear
  // that the config targets gets them when a forward pass meets it: a uniform within 1 / sqrt(in), b zero, so that nothing changes at
  // first.
  void adapt(const LoraConfig& config);
  void adapt(Adapter adapter);  // the same with matrices that are there; in memory of their own, float32
  bool adapted() const { return lora_.has_value(); }
  Adapter adapter() const;  // Error(invalid_argument) where there is none
  // Adds the products to the weights; the matrices go. What was frozen stays so.
  void merge();

  // As it is but for what it holds: parameters begin, and linear layers are adapted, as here.
  Parameters without_values() const;

  // Complete or not at all; in files, 16-bit types stay what they are.
  void save(const std::string& path) const;
  // Takes the values of the file under its names, which appear if they are new and of a float type. strict: the names must be the same.
  void load(const std::string& path, bool strict = true);

 private:
  struct Entry {
    Array value;
    bool buffer = false, frozen = false;
  };
  Array find_or_begin(const std::string& name, const Shape& shape, const Initializer& initial, bool buffer);
  const Entry& entry(const std::string& name) const;
  static bool selected(const Entry& entry, Select select);
  Array beginning(const std::string& name, const Shape& shape, DType dtype, const Initializer& initial) const;

  Device* device_;
  uint64_t seed_;
  DType dtype_;
  Precision precision_;
  std::map<std::string, Entry> entries_;
  std::optional<LoraConfig> lora_;
  bool language_model_ = false;
};

// A copy in memory of its own: parameters are states, which steps overwrite.
Array own_copy(Device& device, const Array& from);
// Whether a parameter of this name is a matrix of an adapter.
bool is_low_rank(const std::string& name);

}  // namespace mlxc::nn
