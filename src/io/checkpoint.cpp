#include "io/checkpoint.h"

#include <cerrno>

#include "base/json.h"
#include "base/quote.h"

namespace mlxc {
namespace {

constexpr const char* kSingle = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";

bool is_plain_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find_first_of(std::string_view("/\\\0", 3)) == name.npos;
}

}  // namespace

std::shared_ptr<const Checkpoint> Checkpoint::open(const std::string& folder, LoadMode mode) {
  std::shared_ptr<Checkpoint> checkpoint(new Checkpoint(folder));
  if (file_exists(folder + "/" + kSingle)) {
    checkpoint->add_file(kSingle, mode);
    for (const Tensor& tensor : checkpoint->files_[0]->tensors()) checkpoint->add_tensor(tensor);
  } else if (file_exists(folder + "/" + kIndex)) {
    checkpoint->read_index(folder + "/" + kIndex, mode);
  } else if (!file_exists(folder)) {
    throw Error(Status::not_found, cat("the model folder ", quote(folder, 300), " does not exist"), ENOENT);
  } else {
    const bool pickled = file_exists(folder + "/pytorch_model.bin") || file_exists(folder + "/pytorch_model.bin.index.json");
    throw Error(Status::not_found,
                cat(quote(folder, 300), " holds neither ", kSingle, " nor ", kIndex,
                    pickled ? "; convert its pytorch_model.bin to safetensors" : ""),
                ENOENT);
  }
  return checkpoint;
}

void Checkpoint::add_file(const std::string& name, LoadMode mode) { files_.push_back(SafetensorsFile::open(folder_ + "/" + name, mode)); }

void Checkpoint::add_tensor(const Tensor& tensor) {
  tensors_.emplace(tensor.name, &tensor);
  total_bytes_ += int64_t(tensor.bytes.size());
}

void Checkpoint::read_index(const std::string& path, LoadMode mode) {
  const JsonObject index = JsonObject::read(path, {.unique_keys = true});
  const JsonObject map = index.object("weight_map");
  std::map<std::string_view, size_t> shards;  // name -> place in files_
  for (const auto& [tensor, file] : map.json().items()) {
    if (!file.is_string()) fail(Status::format, kIndex, ": weight_map names no file for tensor ", quote(tensor));
    const auto& name = file.get_ref<const std::string&>();
    if (!is_plain_name(name)) {
      fail(Status::format, kIndex, ": tensor ", quote(tensor), " is in ", quote(name),
           ", expected a plain file name in the model's folder");
    }
    shards.emplace(name, 0);
  }
  if (shards.empty()) fail(Status::format, kIndex, ": weight_map is empty");
  for (auto& [name, place] : shards) {
    place = files_.size();
    add_file(std::string(name), mode);
  }
  // A tensor that a shard holds but the index does not list, or lists elsewhere, does not count: the index decides.
  for (const auto& [tensor, file] : map.json().items()) {
    const auto& name = file.get_ref<const std::string&>();
    const Tensor* found = files_[shards.at(name)]->find(tensor);
    if (!found) fail(Status::format, kIndex, " lists tensor ", quote(tensor), " in ", quote(name), ", which does not hold it");
    add_tensor(*found);
  }
}

const Checkpoint::Tensor* Checkpoint::find(std::string_view name) const {
  auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : found->second;
}

const Checkpoint::Tensor& Checkpoint::at(std::string_view name) const {
  if (const Tensor* tensor = find(name)) return *tensor;
  std::string some;
  for (auto near = tensors_.lower_bound(name.substr(0, name.rfind('.'))); near != tensors_.end() && some.size() < 120; ++near) {
    some += (some.empty() ? "" : ", ") + quote(near->first, 60);
  }
  fail(Status::not_found, "the weights in ", quote(folder_, 150), " have no tensor ", quote(name), "; of their ", tensors_.size(),
       " tensors the nearest are ", some.empty() ? "none" : some);
}

std::vector<std::string_view> Checkpoint::names() const {
  std::vector<std::string_view> names;
  names.reserve(tensors_.size());
  for (const auto& [name, tensor] : tensors_) names.push_back(name);
  return names;
}

}  // namespace mlxc
