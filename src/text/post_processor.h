// Post-processors of tokenizer.json: the special tokens around a text. They depend on nothing but the number of texts, so each is
// reduced at load to the list of what to put out.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace mlxc::text {

class PostProcessor {
 public:
  static constexpr int64_t kFirst = -1, kSecond = -2;  // the text's own tokens; other items are ids
  using Items = std::vector<int64_t>;

  PostProcessor() = default;  // puts out the texts as they are
  explicit PostProcessor(const Json& json);

  const Items& single(bool add_special) const { return single_[add_special]; }
  const Items& pair(bool add_special) const;  // Status::unsupported when the file's template for two texts cannot be used
  // One entry for every step that takes white space off the offsets; its value is that step's add_prefix_space.
  const std::vector<bool>& trims() const { return trims_; }

 private:
  Items single_[2] = {{kFirst}, {kFirst}};
  Items pair_[2] = {{kFirst, kSecond}, {kFirst, kSecond}};
  std::string pair_error_;
  std::vector<bool> trims_;
};

}  // namespace mlxc::text
