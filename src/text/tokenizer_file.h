// Reads tokenizer.json in one pass: the large lists go straight into their tables, the small parts into a bounded tree.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "text/added_tokens.h"
#include "text/vocabulary.h"

namespace mlxc::text {

struct MergeList {
  std::string bytes;
  struct Entry {
    uint32_t begin, left, right;  // left and right are lengths; legacy: right is kLegacy and left the whole line
  };
  static constexpr uint32_t kLegacy = ~uint32_t{0};
  std::vector<Entry> entries;
};

struct TokenizerFile {
  Json parts = Json::object();  // all but the lists below; "model" without vocab and merges
  Vocabulary vocabulary;
  std::vector<double> scores;  // Unigram: one for each entry of the vocabulary
  bool has_vocabulary = false, scored = false, has_merges = false;
  MergeList merges;
  std::vector<AddedToken> added_tokens;
};

// Status::format for anything malformed; limits on nesting and on the number of small values.
TokenizerFile read_tokenizer_file(std::string_view json, const std::string& name);

}  // namespace mlxc::text
