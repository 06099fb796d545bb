// The weights of a model folder: model.safetensors, or the shards that model.safetensors.index.json lists.
//
// Shards are named by plain file names; a name with a separator, "." or ".." is refused, so an index cannot point out of its folder.
// Symbolic links are followed: they are the doing of whoever owns the folder, not of the file's author (the Hugging Face cache
// is made of links from snapshots/<revision>/ to ../../blobs/), and what they lead to must be a regular file that parses.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/safetensors.h"

namespace mlxc {

class Checkpoint {
 public:
  using Tensor = SafetensorsFile::Tensor;

  // Error(not_found) when the folder has neither file or lacks a shard; Error(format) for a wrong index or shard.
  // With both, model.safetensors is taken, as in transformers.
  static std::shared_ptr<const Checkpoint> open(const std::string& folder, LoadMode mode);

  const std::string& folder() const { return folder_; }
  const Tensor* find(std::string_view name) const;  // null if absent
  const Tensor& at(std::string_view name) const;    // Error(not_found) names it and some that are there
  std::vector<std::string_view> names() const;      // sorted
  int64_t total_bytes() const { return total_bytes_; }
  const std::vector<std::shared_ptr<const SafetensorsFile>>& files() const { return files_; }

 private:
  explicit Checkpoint(std::string folder) : folder_(std::move(folder)) {}
  void add_file(const std::string& name, LoadMode mode);
  void add_tensor(const Tensor& tensor);
  void read_index(const std::string& path, LoadMode mode);

  std::string folder_;
  std::vector<std::shared_ptr<const SafetensorsFile>> files_;
  std::map<std::string_view, const Tensor*> tensors_;  // into files_
  int64_t total_bytes_ = 0;
};

}  // namespace mlxc
