#include "text/added_tokens.h"

#include <algorithm>

#include "base/error.h"
#include "text/utf8.h"

namespace mlxc::text {

AddedTokens::AddedTokens(const std::vector<AddedToken>& tokens, const Vocabulary& vocabulary, const Normalizer* normalizer) {
  uint64_t next_id = vocabulary.size();
  for (const AddedToken& token : tokens) {
    if (token.content.empty()) continue;
    if (token.content.size() > kMaxContent) {
      fail(Status::unsupported, "an added token of ", token.content.size(), " bytes, at most ", kMaxContent, " are supported");
    }
    uint64_t id;
    if (auto known = id_of(token.content)) {
      id = *known;
    } else if (int64_t model_id = vocabulary.find(token.content); model_id != Vocabulary::kMissing) {
      id = static_cast<uint64_t>(model_id);
    } else {
      id = next_id++;
      ++outside_model_;
    }
    if (id > INT32_MAX)
      fail(Status::unsupported, "the added token \"", token.content, "\" has the id ", id, ", the largest supported is ", INT32_MAX);
    Entry entry{token, token.content};
    if (token.normalized && normalizer) {
      PieceText text(token.content, 0, false);
      normalizer->apply(text);
      entry.shown = text.view();
      if (entry.shown.empty()) fail(Status::unsupported, "the added token \"", token.content, "\" is empty after normalization");
    }
    by_content_[token.content] = static_cast<uint32_t>(id);
    if (token.special) special_.insert(token.content);
    max_id_ = std::max(max_id_, static_cast<uint32_t>(id));
    by_id_[static_cast<uint32_t>(id)] = std::move(entry);
  }
  std::vector<std::pair<std::string_view, uint32_t>> raw, normalized;
  for (const auto& [id, entry] : by_id_) {
    if (entry.token.normalized) {
      normalized.emplace_back(entry.shown, id);
    } else {
      raw.emplace_back(entry.token.content, id);
    }
  }
  auto by_id = [](auto& a, auto& b) { return a.second < b.second; };  // of equal patterns the largest id wins, always
  std::sort(raw.begin(), raw.end(), by_id);
  std::sort(normalized.begin(), normalized.end(), by_id);
  if (!raw.empty()) raw_ = PatternSearch(std::move(raw));
  if (!normalized.empty()) normalized_ = PatternSearch(std::move(normalized));
}

std::optional<uint32_t> AddedTokens::id_of(std::string_view content) const {
  auto found = by_content_.find(std::string(content));
  return found == by_content_.end() ? std::nullopt : std::optional(found->second);
}

void AddedTokens::find(const PatternSearch& search, std::string_view text, bool parse_special, std::vector<Found>& parts) const {
  parts.clear();
  size_t done = 0;
  PatternSearch::Match match{};
  for (size_t from = 0; search.find(text, from, match); from = match.end) {
    const AddedToken& token = by_id_.find(match.value)->second.token;
    if (!parse_special && special_.contains(token.content)) continue;
    size_t begin = match.begin, end = match.end;
    if (token.single_word) {
      bool word_before = begin > 0 && (class_bits(utf8_at(text, utf8_previous(text, begin))) & kWord);
      bool word_after = end < text.size() && (class_bits(utf8_at(text, end)) & kWord);
      if (word_before || word_after) continue;
    }
    if (token.lstrip) {  // white space that an earlier match has not taken
      while (begin > done) {
        size_t previous = utf8_previous(text, begin);
        if (!is_space(utf8_at(text, previous))) break;
        begin = previous;
      }
      begin = std::max(begin, done);
    }
    if (token.rstrip) {
      while (end < text.size()) {
        size_t next = end;
        if (!is_space(utf8_next(text, next))) break;
        end = next;
      }
    }
    if (done < begin) parts.push_back({done, begin, kNoId});
    parts.push_back({begin, end, match.value});
    done = end;
  }
  if (done < text.size()) parts.push_back({done, text.size(), kNoId});
}

}  // namespace mlxc::text
