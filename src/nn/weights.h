// The tensors of a checkpoint as arrays: mapped where the device can use them as they lie, copied otherwise, shared between loads.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "graph/array.h"
#include "io/checkpoint.h"
#include "nn/scope.h"

namespace mlxc {

// The arrays of one folder on one device. Loading the same files again in the same mode while a store lives gives the same store.
class WeightStore {
 public:
  static std::shared_ptr<WeightStore> find_or_create(Device& device, const Checkpoint& checkpoint, LoadMode mode);
  static int64_t live();  // stores that some model holds

  Array find(const std::string& name) const;                  // null if absent
  Array insert(const std::string& name, const Array& array);  // the first to insert wins; gives what the store holds now

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Array> arrays_;
};

struct WeightTotals {
  int64_t parameters = 0, bytes = 0;
  DType dtype = DType::f32;  // of most bytes
};

std::optional<Shape> shape_in(const Checkpoint& checkpoint, const std::string& name);  // none where there is no such tensor

// One load: reads tensors by name, checks shapes, reports progress. Used by one thread.
class Weights final : public TensorSource {
 public:
  using Progress = std::function<bool(int64_t done, int64_t total)>;
  Weights(Device& device, const std::string& folder, LoadMode mode, Precision precision, Progress progress);

  Device& device() const override { return device_; }
  Precision precision() const override { return precision_; }
  const std::string& folder() const { return checkpoint_->folder(); }
  bool has(const std::string& name) const override { return checkpoint_->find(name) != nullptr; }
  std::optional<Shape> shape_of(const std::string& name) const override { return shape_in(*checkpoint_, name); }
  // Error(not_found) names a missing tensor, Error(format) the actual and the expected shape, Error(unsupported) the dtype.
  Array tensor(const std::string& name, const Shape& shape, const Initializer& initial = {}) override;
  bool equal(const std::string& a, const std::string& b) const override;  // same type, shape and bytes
  void finish();                                                          // reports that all is there
  WeightTotals totals() const;
  const std::shared_ptr<WeightStore>& store() const { return store_; }

 private:
  Array load(const Checkpoint::Tensor& tensor, const Shape& shape);
  struct Place {
    std::string path;
    int64_t position;
  };
  Place place_of(const Checkpoint::Tensor& tensor) const;
  void advance(int64_t bytes);

  Device& device_;
  Precision precision_;
  LoadMode mode_;
  Progress progress_;
  std::shared_ptr<const Checkpoint> checkpoint_;
  std::shared_ptr<WeightStore> store_;
  std::map<std::string, Array> used_;
  int64_t done_ = 0;
};

}  // namespace mlxc
