// Added tokens: found in the text as whole strings, before and after normalization, and never seen by the model.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "text/normalizer.h"
#include "text/trie.h"
#include "text/vocabulary.h"

namespace mlxc::text {

struct AddedToken {
  std::string content;
  bool single_word = false, lstrip = false, rstrip = false, normalized = true, special = false;
};

class AddedTokens {
 public:
  static constexpr size_t kMaxContent = 4096;  // bytes; bounds the work per byte of the text

  AddedTokens() = default;
  // Ids as tokenizers gives them: the model's where the model knows the content, else counted on from `model_size`.
  AddedTokens(const std::vector<AddedToken>& tokens, const Vocabulary& vocabulary, const Normalizer* normalizer);

  struct Found {
    size_t begin, end;
    int64_t id;  // kNoId for the text between
  };
  // Cuts the text at tokens that are looked for before (raw) or after (normalized) normalization. Parts without gaps, in order.
  void find_raw(std::string_view text, bool parse_special, std::vector<Found>& parts) const { find(raw_, text, parse_special, parts); }
  void find_normalized(std::string_view text, bool parse_special, std::vector<Found>& parts) const {
    find(normalized_, text, parse_special, parts);
  }
  bool has_raw() const { return !raw_.empty(); }
  bool has_normalized() const { return !normalized_.empty(); }

  std::optional<uint32_t> id_of(std::string_view content) const;
  // What decoding shows for an added id: its content, in normalized form where that differs (as tokenizers does).
  const std::string* shown(uint32_t id) const {
    auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : &found->second.shown;
  }
  bool is_special_text(std::string_view text) const { return special_.contains(std::string(text)); }
  const std::unordered_set<std::string>& special_texts() const { return special_; }
  size_t outside_model() const { return outside_model_; }  // how many the model does not know
  uint32_t max_id() const { return max_id_; }
  bool empty() const { return by_id_.empty(); }

 private:
  struct Entry {
    AddedToken token;
    std::string shown;
  };
  void find(const PatternSearch& search, std::string_view text, bool parse_special, std::vector<Found>& parts) const;

  std::unordered_map<std::string, uint32_t> by_content_;
  std::unordered_map<uint32_t, Entry> by_id_;
  std::unordered_set<std::string> special_;
  PatternSearch raw_, normalized_;
  size_t outside_model_ = 0;
  uint32_t max_id_ = 0;
};

}  // namespace mlxc::text
