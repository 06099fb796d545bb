#include "nn/weights.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <tuple>

#include "backend/backend.h"
#include "base/quote.h"

namespace mlxc {
namespace {

constexpr size_t kChunk = size_t{8} << 20;  // bytes read between two reports of progress

// What makes two loads the same: device, mode, and each file's identity and state.
struct StoreKey {
  const Device* device;
  LoadMode mode;
  std::vector<std::tuple<uint64_t, uint64_t, int64_t, int64_t, int64_t>> files;  // device, inode, size, seconds and nanoseconds of change
  auto operator<=>(const StoreKey&) const = default;
};

struct Registry {
  std::mutex mutex;
  std::map<StoreKey, std::weak_ptr<WeightStore>> stores;
};
Registry& registry() {
  static Registry instance;
  return instance;
}

StoreKey key_of(const Device& device, const Checkpoint& checkpoint, LoadMode mode) {
  StoreKey key{&device, mode, {}};
  for (const auto& file : checkpoint.files()) {
    struct stat status;
    if (::stat(file->path().c_str(), &status) != 0) {
      throw Error(Status::io, cat("cannot look at ", quote(file->path(), 200), ": ", std::strerror(errno)), errno);
    }
    key.files.emplace_back(status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
  }
  return key;
}

std::string list(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += cat(i ? ", " : "", shape[i]);
  return text + "]";
}

}  // namespace

std::shared_ptr<WeightStore> WeightStore::find_or_create(Device& device, const Checkpoint& checkpoint, LoadMode mode) {
  const StoreKey key = key_of(device, checkpoint, mode);
  std::lock_guard lock(registry().mutex);
  std::erase_if(registry().stores, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<WeightStore>& entry = registry().stores[key];
  auto store = entry.lock();
  if (!store) entry = store = std::make_shared<WeightStore>();
  return store;
}

int64_t WeightStore::live() {
  std::lock_guard lock(registry().mutex);
  return std::count_if(registry().stores.begin(), registry().stores.end(), [](const auto& entry) { return !entry.second.expired(); });
}

Array WeightStore::find(const std::string& name) const {
  std::lock_guard lock(mutex_);
  auto found = arrays_.find(name);
  return found == arrays_.end() ? Array() : found->second;
}

Array WeightStore::insert(const std::string& name, const Array& array) {
  std::lock_guard lock(mutex_);
  return arrays_.try_emplace(name, array).first->second;
}

// The checkpoint is opened mapped in both modes: only headers are read then, and copies are made with read(2), which gives an
// error where a mapping would raise SIGBUS.
Weights::Weights(Device& device, const std::string& folder, LoadMode mode, Precision precision, Progress progress)
    : device_(device),
      precision_(precision),
      mode_(mode),
      progress_(std::move(progress)),
      checkpoint_(Checkpoint::open(folder, LoadMode::mapped)) {
  store_ = WeightStore::find_or_create(device, *checkpoint_, mode);
}

std::optional<Shape> shape_in(const Checkpoint& checkpoint, const std::string& name) {
  const Checkpoint::Tensor* tensor = checkpoint.find(name);
  return tensor ? std::optional(Shape(std::span<const int64_t>(tensor->shape))) : std::nullopt;
}

Array Weights::tensor(const std::string& name, const Shape& shape, const Initializer&) {
  const Checkpoint::Tensor& tensor = checkpoint_->at(name);
  if (tensor.shape.size() != size_t(shape.rank()) || !std::equal(shape.begin(), shape.end(), tensor.shape.begin())) {
    fail(Status::format, "tensor ", quote(name), " has shape ", list(tensor.shape), ", expected ", to_string(shape), " by config.json");
  }
  const DType dtype = tensor.dtype();
  if (dtype != DType::f32 && dtype != DType::f16 && dtype != DType::bf16) {
    fail(Status::unsupported, "tensor ", quote(name), " is ", name_of(dtype), "; weights are supported as float32, float16 and bfloat16");
  }
  Array array = store_->find(name);
  if (array) {
    advance(array.bytes());
  } else {
    array = store_->insert(name, load(tensor, shape));
  }
  used_.emplace(name, array);
  return array;
}

Array Weights::load(const Checkpoint::Tensor& tensor, const Shape& shape) {
  if (mode_ == LoadMode::mapped && tensor.aligned() && device_.reads_host_memory()) {
    // The mapping is read-only; Storage says so by not being writable.
    auto* data = const_cast<std::byte*>(tensor.bytes.data());
    std::shared_ptr<const void> keeper = checkpoint_;
    auto storage = std::make_shared<Storage>(data, tensor.bytes.size(), std::move(keeper));
    advance(int64_t(tensor.bytes.size()));
    return Array::from_storage(device_, std::move(storage), shape, tensor.dtype());
  }
  StoragePtr storage = device_.allocator().allocate(tensor.bytes.size());
  const auto [path, position] = place_of(tensor);
  const File file(path);
  std::vector<std::byte> chunk(storage->data() ? 0 : std::min(tensor.bytes.size(), kChunk));
  for (size_t done = 0; done < tensor.bytes.size(); done += kChunk) {
    const size_t size = std::min(tensor.bytes.size() - done, kChunk);
    if (storage->data()) {
      file.read_at(position + int64_t(done), {storage->data() + done, size});
    } else {
      file.read_at(position + int64_t(done), {chunk.data(), size});
      device_.write(*storage, int64_t(done), chunk.data(), size);
    }
    advance(int64_t(size));
  }
  return Array::from_storage(device_, std::move(storage), shape, tensor.dtype());
}

Weights::Place Weights::place_of(const Checkpoint::Tensor& tensor) const {
  for (const auto& file : checkpoint_->files()) {
    const std::span<const std::byte> whole = file->mapping()->bytes();
    if (tensor.bytes.data() < whole.data() || tensor.bytes.data() + tensor.bytes.size() > whole.data() + whole.size()) continue;
    return {file->path(), tensor.bytes.data() - whole.data()};
  }
  fail(Status::internal, "tensor ", quote(tensor.name), " lies in none of the checkpoint's files");
}

bool Weights::equal(const std::string& a, const std::string& b) const {
  const Checkpoint::Tensor &x = checkpoint_->at(a), &y = checkpoint_->at(b);
  if (x.type != y.type || x.shape != y.shape) return false;
  const auto [x_path, x_position] = place_of(x);
  const auto [y_path, y_position] = place_of(y);
  const File x_file(x_path), y_file(y_path);
  const size_t size = x.bytes.size();
  std::vector<std::byte> x_part(std::min(size, kChunk)), y_part(x_part.size());
  for (size_t done = 0; done < size; done += kChunk) {
    const size_t count = std::min(size - done, kChunk);
    x_file.read_at(x_position + int64_t(done), std::span(x_part).first(count));
    y_file.read_at(y_position + int64_t(done), std::span(y_part).first(count));
    if (!std::equal(x_part.begin(), x_part.begin() + ptrdiff_t(count), y_part.begin())) return false;
  }
  return true;
}

void Weights::advance(int64_t bytes) {
  done_ = std::min(done_ + bytes, checkpoint_->total_bytes());
  if (progress_ && !progress_(done_, checkpoint_->total_bytes()))
    fail(Status::cancelled, "loading ", quote(folder(), 200), " was cancelled");
}

void Weights::finish() {
  done_ = checkpoint_->total_bytes();
  advance(0);
}

WeightTotals Weights::totals() const {
  WeightTotals totals;
  std::map<DType, int64_t> bytes;
  for (const auto& [name, array] : used_) {
    totals.parameters += array.size();
    totals.bytes += array.bytes();
    bytes[array.dtype()] += array.bytes();
  }
  auto most = std::max_element(bytes.begin(), bytes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most != bytes.end()) totals.dtype = most->first;
  return totals;
}

}  // namespace mlxc
