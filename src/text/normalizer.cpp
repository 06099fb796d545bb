#include "text/normalizer.h"

#include <utf8proc.h>

#include "base/error.h"
#include "text/byte_level.h"
#include "text/charsmap.h"
#include "text/utf8.h"

namespace mlxc::text {
namespace {

constexpr int kMaxDepth = 32;

class SequenceNormalizer final : public Normalizer {
 public:
  std::vector<std::unique_ptr<Normalizer>> parts;
  void apply(PieceText& text) const override {
    for (const auto& part : parts) part->apply(text);
  }
};

class FormNormalizer final : public Normalizer {
 public:
  explicit FormNormalizer(NormalForm form) : form_(form) {}
  void apply(PieceText& text) const override {
    if (!is_normalized(text.view(), form_)) text.transform(normalize(text.view(), form_));
  }

 private:
  NormalForm form_;
};

void lowercase(PieceText& text) {
  const ClassTable& table = class_table();
  std::string_view view = text.view();
  bool any = false;
  for (size_t at = 0; at < view.size() && !any;) any = (table[utf8_next(view, at)] & kLower) != 0;
  if (!any) return;
  std::vector<Change> changes;
  changes.reserve(view.size());
  for (size_t at = 0; at < view.size();) {
    char32_t c = utf8_next(view, at);
    changes.push_back({to_lower(c), 0});
    if (c == 0x130) changes.push_back({0x307, 1});
  }
  text.transform(changes);
}

class LowercaseNormalizer final : public Normalizer {
 public:
  void apply(PieceText& text) const override { lowercase(text); }
};

class StripNormalizer final : public Normalizer {
 public:
  StripNormalizer(bool left, bool right) : left_(left), right_(right) {}
  void apply(PieceText& text) const override { text.strip(left_, right_); }

 private:
  bool left_, right_;
};

class StripAccentsNormalizer final : public Normalizer {
 public:
  void apply(PieceText& text) const override { text.filter(kAccent); }
};

// Replaces characters one for one.
template <class Map>
void map_characters(PieceText& text, Map&& map) {
  std::string_view view = text.view();
  bool any = false;
  for (size_t at = 0; at < view.size() && !any;) {
    char32_t c = utf8_next(view, at);
    any = map(c) != c;
  }
  if (!any) return;
  std::vector<Change> changes;
  changes.reserve(view.size());
  for (size_t at = 0; at < view.size();) changes.push_back({map(utf8_next(view, at)), 0});
  text.transform(changes);
}

template <class Drop>
void drop_characters(PieceText& text, Drop&& drop) {
  std::string_view view = text.view();
  std::vector<Change> kept;
  int removed = 0;
  size_t skipped = 0;
  bool any = false;
  for (size_t at = 0; at < view.size();) {
    char32_t c = utf8_next(view, at);
    if (drop(c)) {
      ++removed;
      any = true;
      continue;
    }
    if (kept.empty()) skipped = static_cast<size_t>(removed);
    if (!kept.empty()) kept.back().change = -removed;
    kept.push_back({c, 0});
    removed = 0;
  }
  if (!any) return;
  if (!kept.empty()) kept.back().change = -removed;
  text.transform(kept, skipped);
}

// The character rules of sentencepiece's nmt normalization.
class NmtNormalizer final : public Normalizer {
 public:
  void apply(PieceText& text) const override {
    drop_characters(
        text, [](char32_t c) { return (c >= 1 && c <= 8) || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F; });
    map_characters(text, [](char32_t c) -> char32_t {
      bool space = c == 9 || c == 10 || c == 12 || c == 13 || c == 0x1680 || (c >= 0x200B && c <= 0x200F) || c == 0x2028 || c == 0x2029 ||
                   c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
      return space ? U' ' : c;
    });
  }
};

class BertNormalizer final : public Normalizer {
 public:
  bool clean_text, chinese, strip_accents, lower;
  void apply(PieceText& text) const override {
    if (clean_text) {
      text.filter(kBertControl);
      map_characters(text, [](char32_t c) -> char32_t { return is_space(c) ? U' ' : c; });
    }
    if (chinese) separate_chinese(text);
    if (strip_accents) {
      if (!is_normalized(text.view(), NormalForm::nfd)) text.transform(normalize(text.view(), NormalForm::nfd));
      text.filter(kBertAccent);
    }
    if (lower) lowercase(text);
  }

 private:
  static bool is_chinese(char32_t c) {
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
           (c >= 0x2A700 && c <= 0x2B73F) || (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
           (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
  }
  static void separate_chinese(PieceText& text) {
    std::string_view view = text.view();
    std::vector<Change> changes;
    bool any = false;
    for (size_t at = 0; at < view.size() && !any;) any = is_chinese(utf8_next(view, at));
    if (!any) return;
    for (size_t at = 0; at < view.size();) {
      char32_t c = utf8_next(view, at);
      if (is_chinese(c)) {
        changes.insert(changes.end(), {{U' ', 0}, {c, 1}, {U' ', 1}});
      } else {
        changes.push_back({c, 0});
      }
    }
    text.transform(changes);
  }
};

class ReplaceNormalizer final : public Normalizer {
 public:
  ReplaceNormalizer(Pattern pattern, std::string content) : pattern_(std::move(pattern)), content_(std::move(content)) {}
  void apply(PieceText& text) const override { text.replace(pattern_, content_); }

 private:
  Pattern pattern_;
  std::string content_;
};

class PrependNormalizer final : public Normalizer {
 public:
  explicit PrependNormalizer(std::string head) : head_(std::move(head)) {}
  void apply(PieceText& text) const override {
    if (!text.empty()) text.prepend(head_);
  }

 private:
  std::string head_;
};

class ByteLevelNormalizer final : public Normalizer {
 public:
  void apply(PieceText& text) const override {
    std::string_view view = text.view();
    std::vector<Change> changes;
    changes.reserve(view.size());
    for (char c : view) {
      auto byte = static_cast<unsigned char>(c);
      changes.push_back({byte_to_char(byte), (byte & 0xC0) == 0x80});
    }
    text.transform(changes);
  }
};

// Rules apply to whole grapheme clusters of up to five bytes, else to single characters.
class PrecompiledNormalizer final : public Normalizer {
 public:
  explicit PrecompiledNormalizer(std::string_view base64) : map_(base64) {}
  void apply(PieceText& text) const override {
    std::string_view view = text.view();
    std::vector<Change> changes;
    changes.reserve(view.size());
    bool modified = false;
    for (size_t begin = 0; begin < view.size();) {
      size_t end = cluster_end(view, begin);
      std::string_view cluster = view.substr(begin, end - begin);
      begin = end;
      if (cluster.size() < 6) {
        if (auto replacement = map_.transform(cluster)) {
          modified = true;
          put(changes, cluster, *replacement);
          continue;
        }
      }
      for (size_t at = 0; at < cluster.size();) {
        size_t from = at;
        char32_t c = utf8_next(cluster, at);
        std::string_view part = cluster.substr(from, at - from);
        if (auto replacement = map_.transform(part)) {
          modified = true;
          put(changes, part, *replacement);
        } else {
          changes.push_back({c, 0});
        }
      }
    }
    if (modified) text.transform(changes);
  }

 private:
  static size_t cluster_end(std::string_view text, size_t begin) {
    size_t at = begin;
    char32_t last = utf8_next(text, at);
    utf8proc_int32_t state = 0;
    while (at < text.size()) {
      size_t next = at;
      char32_t c = utf8_next(text, next);
      bool ascii_pair = last < 0x80 && c < 0x80;
      if (ascii_pair ? !(last == '\r' && c == '\n')
                     : utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(last), static_cast<utf8proc_int32_t>(c), &state)) {
        break;
      }
      last = c;
      at = next;
    }
    return at;
  }

  static void put(std::vector<Change>& changes, std::string_view old_part, std::string_view new_part) {
    int difference = static_cast<int>(utf8_count(new_part)) - static_cast<int>(utf8_count(old_part));
    for (size_t at = 0; at < new_part.size();) changes.push_back({utf8_next(new_part, at), 0});
    for (int i = 0; i < difference && static_cast<size_t>(i) < changes.size(); ++i)
      changes[changes.size() - 1 - static_cast<size_t>(i)].change = 1;
    if (difference < 0 && !changes.empty()) changes.back().change += difference;
  }

  Charsmap map_;
};

std::unique_ptr<Normalizer> make(const Json& json, int depth) {
  if (depth > kMaxDepth) fail(Status::format, "normalizer: nested deeper than ", kMaxDepth);
  if (!json.is_object()) fail(Status::format, "normalizer: expected an object, got ", json.type_name());
  JsonObject part(json, "normalizer");
  std::string type = part.get<std::string>("type", "");
  if (type.empty()) {  // old files carry no type: the fields tell
    type = part.has("clean_text")             ? "BertNormalizer"
           : part.has("strip_left")           ? "Strip"
           : part.has("normalizers")          ? "Sequence"
           : part.has("precompiled_charsmap") ? "Precompiled"
           : part.has("pattern")              ? "Replace"
           : part.has("prepend")              ? "Prepend"
                                              : "";
  }
  if (type == "Sequence") {
    auto sequence = std::make_unique<SequenceNormalizer>();
    const Json* list = part.find("normalizers");
    if (!list || !list->is_array()) fail(Status::format, "normalizer Sequence: \"normalizers\" must be a list");
    for (const Json& item : *list) sequence->parts.push_back(make(item, depth + 1));
    return sequence;
  }
  if (type == "NFC") return std::make_unique<FormNormalizer>(NormalForm::nfc);
  if (type == "NFD") return std::make_unique<FormNormalizer>(NormalForm::nfd);
  if (type == "NFKC") return std::make_unique<FormNormalizer>(NormalForm::nfkc);
  if (type == "NFKD") return std::make_unique<FormNormalizer>(NormalForm::nfkd);
  if (type == "Lowercase") return std::make_unique<LowercaseNormalizer>();
  if (type == "StripAccents") return std::make_unique<StripAccentsNormalizer>();
  if (type == "Nmt") return std::make_unique<NmtNormalizer>();
  if (type == "ByteLevel") return std::make_unique<ByteLevelNormalizer>();
  if (type == "Strip") return std::make_unique<StripNormalizer>(part.get<bool>("strip_left"), part.get<bool>("strip_right"));
  if (type == "Prepend") return std::make_unique<PrependNormalizer>(part.get<std::string>("prepend"));
  if (type == "Replace") return std::make_unique<ReplaceNormalizer>(read_pattern(part), part.get<std::string>("content"));
  if (type == "Precompiled") return std::make_unique<PrecompiledNormalizer>(part.get<std::string>("precompiled_charsmap"));
  if (type == "BertNormalizer" || type == "Bert") {
    auto bert = std::make_unique<BertNormalizer>();
    bert->clean_text = part.get<bool>("clean_text");
    bert->chinese = part.get<bool>("handle_chinese_chars");
    bert->lower = part.get<bool>("lowercase");
    bert->strip_accents = part.maybe<bool>("strip_accents").value_or(bert->lower);
    return bert;
  }
  fail(Status::unsupported, "normalizer type \"", type, "\" is not known");
}

}  // namespace

Pattern read_pattern(const JsonObject& part) {
  JsonObject pattern = part.object("pattern");
  if (auto text = pattern.maybe<std::string>("String")) return Pattern::literal(*text);
  if (auto source = pattern.maybe<std::string>("Regex")) return Pattern::regex(*source);
  fail(Status::format, part.where(), ": \"pattern\" must hold \"String\" or \"Regex\"");
}

std::unique_ptr<Normalizer> make_normalizer(const Json& json) { return json.is_null() ? nullptr : make(json, 0); }

}  // namespace mlxc::text
