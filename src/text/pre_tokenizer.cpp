#include "text/pre_tokenizer.h"

#include "base/error.h"
#include "text/byte_level.h"
#include "text/normalizer.h"
#include "text/splitter.h"
#include "text/utf8.h"

namespace mlxc::text {
namespace {

constexpr int kMaxDepth = 32;

// Spans of single characters for which `is_match` holds, and of what lies between.
template <class IsMatch>
void find_characters(std::string_view text, std::vector<Span>& spans, IsMatch&& is_match) {
  size_t open = 0;
  for (size_t at = 0; at < text.size();) {
    size_t begin = at;
    if (!is_match(utf8_next(text, at))) continue;
    if (open < begin) spans.push_back({open, begin, false});
    spans.push_back({begin, at, true});
    open = at;
  }
  if (open < text.size()) spans.push_back({open, text.size(), false});
}

class SequencePreTokenizer final : public PreTokenizer {
 public:
  std::vector<std::unique_ptr<PreTokenizer>> parts;
  void apply(PieceText& text) const override {
    for (const auto& part : parts) part->apply(text);
  }
};

class ClassSplit final : public PreTokenizer {
 public:
  ClassSplit(uint16_t classes, SplitBehavior behavior) : classes_(classes), behavior_(behavior) {}
  void apply(PieceText& text) const override {
    const ClassTable& table = class_table();
    text.split(behavior_, false, [&](std::string_view piece, std::vector<Span>& spans) {
      find_characters(piece, spans, [&](char32_t c) { return (table[c] & classes_) != 0; });
    });
  }

 private:
  uint16_t classes_;
  SplitBehavior behavior_;
};

class CharacterSplit final : public PreTokenizer {
 public:
  explicit CharacterSplit(char32_t delimiter) : delimiter_(delimiter) {}
  void apply(PieceText& text) const override {
    text.split(SplitBehavior::removed, false, [&](std::string_view piece, std::vector<Span>& spans) {
      find_characters(piece, spans, [&](char32_t c) { return c == delimiter_; });
    });
  }

 private:
  char32_t delimiter_;
};

// \w+|[^\w\s]+
class WhitespacePreTokenizer final : public PreTokenizer {
 public:
  void apply(PieceText& text) const override {
    const ClassTable& table = class_table();
    text.split(SplitBehavior::isolated, false, [&](std::string_view piece, std::vector<Span>& spans) {
      auto kind = [&](char32_t c) { return table[c] & kWord ? 1 : table[c] & kSpace ? 0 : 2; };
      size_t begin = 0;
      int open = 0;
      for (size_t at = 0; at < piece.size();) {
        size_t here = at;
        int now = kind(utf8_next(piece, at));
        if (now == open) continue;
        if (open != 0) spans.push_back({begin, here, true});
        begin = here;
        open = now;
      }
      if (open != 0) spans.push_back({begin, piece.size(), true});
    });
  }
};

class BertPreTokenizer final : public PreTokenizer {
 public:
  void apply(PieceText& text) const override {
    const ClassTable& table = class_table();
    text.split(SplitBehavior::isolated, false, [&](std::string_view piece, std::vector<Span>& spans) {
      size_t open = 0;
      for (size_t at = 0; at < piece.size();) {
        size_t here = at;
        uint16_t bits = table[utf8_next(piece, at)];
        if (!(bits & (kSpace | kPunctuation))) continue;
        if (open < here) spans.push_back({open, here, false});
        if (!(bits & kSpace)) spans.push_back({here, at, true});
        open = at;
      }
      if (open < piece.size()) spans.push_back({open, piece.size(), false});
    });
  }
};

class SplitPreTokenizer final : public PreTokenizer {
 public:
  SplitPreTokenizer(Pattern pattern, SplitBehavior behavior, bool invert)
      : pattern_(std::move(pattern)), behavior_(behavior), invert_(invert) {}
  void apply(PieceText& text) const override {
    text.split(behavior_, invert_, [&](std::string_view piece, std::vector<Span>& spans) { pattern_.find(piece, spans); });
  }

 private:
  Pattern pattern_;
  SplitBehavior behavior_;
  bool invert_;
};

// A known pattern that matches everything: its matches are the pieces.
class KnownSplit final : public PreTokenizer {
 public:
  explicit KnownSplit(Splitter splitter) : splitter_(splitter) {}
  void apply(PieceText& text) const override {
    std::vector<Piece> next;
    next.reserve(text.view().size() / 4 + 1);
    for (const Piece& p : text.pieces()) {
      if (p.id != kNoId) {
        next.push_back(p);
        continue;
      }
      std::string_view piece = text.piece(p);
      for (size_t at = 0; at < piece.size();) {
        size_t end = splitter_(piece, at);
        next.push_back(text.make_piece(p.begin + at, p.begin + end));
        at = end;
      }
    }
    text.set_pieces(std::move(next));
  }

 private:
  Splitter splitter_;
};

void prefix_space(PieceText& text) {
  text.rewrite([](const Piece& p, std::string_view piece, PieceText::Writer& writer) {
    if (!piece.starts_with(' ')) writer.put_like(" ", p.begin);
    writer.copy(p.begin, p.end);
  });
}

class PrefixSpace final : public PreTokenizer {
 public:
  void apply(PieceText& text) const override { prefix_space(text); }
};

class ByteLevelPreTokenizer final : public PreTokenizer {
 public:
  void apply(PieceText& text) const override {
    text.rewrite([](const Piece& p, std::string_view piece, PieceText::Writer& writer) {
      std::string character;
      for (size_t at = 0; at < piece.size(); ++at) {
        character.clear();
        utf8_append(character, byte_to_char(static_cast<unsigned char>(piece[at])));
        writer.put_like(character, p.begin + at);
      }
    });
  }
};

class MetaspacePreTokenizer final : public PreTokenizer {
 public:
  explicit MetaspacePreTokenizer(MetaspaceOptions options) : options_(options), mark_(utf8_encode(options.replacement)) {}
  void apply(PieceText& text) const override {
    using Prepend = MetaspaceOptions::Prepend;
    text.rewrite([&](const Piece& p, std::string_view piece, PieceText::Writer& writer) {
      bool marked = piece.starts_with(mark_) || piece.starts_with(' ');
      if (!marked && (options_.prepend == Prepend::always || (options_.prepend == Prepend::first && p.origin == 0))) {
        writer.put_like(mark_, p.begin);
      }
      size_t open = 0;
      for (size_t at = piece.find(' '); at != std::string_view::npos; at = piece.find(' ', at + 1)) {
        writer.copy(p.begin + open, p.begin + at);
        writer.put_like(mark_, p.begin + at);
        open = at + 1;
      }
      writer.copy(p.begin + open, p.end);
    });
    if (!options_.split) return;
    text.split(SplitBehavior::merged_with_next, false, [&](std::string_view piece, std::vector<Span>& spans) {
      find_characters(piece, spans, [&](char32_t c) { return c == options_.replacement; });
    });
  }

 private:
  MetaspaceOptions options_;
  std::string mark_;
};

class ScriptSplit final : public PreTokenizer {
 public:
  void apply(PieceText& text) const override {
    text.split(SplitBehavior::isolated, false, [&](std::string_view piece, std::vector<Span>& spans) {
      size_t begin = 0;
      bool open = false;  // tokenizers drops what precedes the first script change only where all of it belongs to every script
      int last = -1;
      for (size_t at = 0; at < piece.size();) {
        size_t here = at;
        int script = script_class(utf8_next(piece, at));
        if (script == 0) continue;
        if (last != script) {
          if (open) spans.push_back({begin, here, false});
          begin = here;
          open = true;
        }
        last = script;
      }
      if (open) spans.push_back({begin, piece.size(), false});
    });
  }
};

class FixedLength final : public PreTokenizer {
 public:
  explicit FixedLength(uint64_t length) : length_(length) {}
  void apply(PieceText& text) const override {
    text.split(SplitBehavior::isolated, false, [&](std::string_view piece, std::vector<Span>& spans) {
      size_t begin = 0;
      uint64_t count = 0;
      for (size_t at = 0; at < piece.size();) {
        utf8_next(piece, at);
        if (++count < length_ && at < piece.size()) continue;
        spans.push_back({begin, at, false});
        begin = at;
        count = 0;
      }
    });
  }

 private:
  uint64_t length_;
};

SplitBehavior read_behavior(const JsonObject& part, const char* fallback) {
  std::string name = fallback ? part.get<std::string>("behavior", fallback) : part.get<std::string>("behavior");
  if (name == "Removed") return SplitBehavior::removed;
  if (name == "Isolated") return SplitBehavior::isolated;
  if (name == "MergedWithPrevious") return SplitBehavior::merged_with_previous;
  if (name == "MergedWithNext") return SplitBehavior::merged_with_next;
  if (name == "Contiguous") return SplitBehavior::contiguous;
  fail(Status::unsupported, part.where(), ": the split behavior \"", name, "\" is not known");
}

class Builder {
 public:
  explicit Builder(bool may_keep_raw) : may_keep_raw_(may_keep_raw) {}

  PreTokenizerPlan build(const Json& json) {
    add(json, 0, true);
    PreTokenizerPlan plan;
    plan.raw_bytes = raw_;
    plan.needs_origins = first_;
    plan.moves_text = moved_;
    if (parts_.size() == 1) plan.splitter = splitter_;
    if (parts_.size() == 1) {
      plan.pre_tokenizer = std::move(parts_[0]);
    } else if (!parts_.empty()) {
      auto sequence = std::make_unique<SequencePreTokenizer>();
      sequence->parts = std::move(parts_);
      plan.pre_tokenizer = std::move(sequence);
    }
    return plan;
  }

 private:
  template <class T, class... Args>
  void push(Args&&... args) {
    parts_.push_back(std::make_unique<T>(std::forward<Args>(args)...));
  }

  void add(const Json& json, int depth, bool last) {
    if (depth > kMaxDepth) fail(Status::format, "pre_tokenizer: nested deeper than ", kMaxDepth);
    if (!json.is_object()) fail(Status::format, "pre_tokenizer: expected an object, got ", json.type_name());
    JsonObject part(json, "pre_tokenizer");
    auto type = part.get<std::string>("type");
    if (type == "Sequence") {
      const Json* list = part.find("pretokenizers");
      if (!list || !list->is_array()) fail(Status::format, "pre_tokenizer Sequence: \"pretokenizers\" must be a list");
      for (size_t i = 0; i < list->size(); ++i) add((*list)[i], depth + 1, last && i + 1 == list->size());
    } else if (type == "ByteLevel") {
      part.get<bool>("trim_offsets");  // required by tokenizers; only the post-processor trims
      if (part.get<bool>("add_prefix_space")) push<PrefixSpace>();
      if (part.get<bool>("use_regex", true)) push<KnownSplit>(splitter_ = find_splitter(kGpt2Pattern));
      if (last && may_keep_raw_ && !byte_level_) {
        raw_ = true;
      } else {
        push<ByteLevelPreTokenizer>();
      }
      byte_level_ = true;
    } else if (type == "BertPreTokenizer") {
      push<BertPreTokenizer>();
    } else if (type == "Whitespace") {
      push<WhitespacePreTokenizer>();
    } else if (type == "WhitespaceSplit") {
      push<ClassSplit>(kSpace, SplitBehavior::removed);
    } else if (type == "Digits") {
      push<ClassSplit>(kNumeric, part.get<bool>("individual_digits") ? SplitBehavior::isolated : SplitBehavior::contiguous);
    } else if (type == "Punctuation") {
      push<ClassSplit>(kPunctuation, read_behavior(part, "Isolated"));
    } else if (type == "CharDelimiterSplit" || type == "Delimiter") {
      push<CharacterSplit>(read_character(part, "delimiter"));
    } else if (type == "Metaspace") {
      MetaspaceOptions options = read_metaspace(part);
      if (options.prepend == MetaspaceOptions::Prepend::first) {
        first_ = true;
        moved_ |= !parts_.empty();
      }
      push<MetaspacePreTokenizer>(options);
    } else if (type == "Split") {
      add_split(part);
    } else if (type == "UnicodeScripts") {
      push<ScriptSplit>();
    } else if (type == "FixedLength") {
      auto length = part.get<uint64_t>("length", 5);
      if (length == 0) fail(Status::format, "pre_tokenizer FixedLength: the length must be at least 1");
      push<FixedLength>(length);
    } else {
      fail(Status::unsupported, "pre_tokenizer type \"", type, "\" is not known");
    }
  }

  void add_split(const JsonObject& part) {
    SplitBehavior behavior = read_behavior(part, nullptr);
    auto invert = part.get<bool>("invert");
    Pattern pattern = read_pattern(part);
    Splitter splitter = pattern.is_literal() ? nullptr : find_splitter(pattern.source());
    bool all_matches = (behavior == SplitBehavior::isolated) || (behavior == SplitBehavior::removed && invert);
    if (splitter && all_matches) {
      push<KnownSplit>(splitter_ = splitter);
    } else {
      push<SplitPreTokenizer>(std::move(pattern), behavior, invert);
    }
  }

  bool may_keep_raw_;
  bool raw_ = false, first_ = false, moved_ = false, byte_level_ = false;
  Splitter splitter_ = nullptr;  // the last one that was added
  std::vector<std::unique_ptr<PreTokenizer>> parts_;
};

}  // namespace

char32_t read_character(const JsonObject& part, const std::string& key) {
  auto text = part.get<std::string>(key);
  if (utf8_count(text) != 1) fail(Status::format, part.where(), ": \"", key, "\" must be one character, got \"", text, "\"");
  return utf8_at(text, 0);
}

MetaspaceOptions read_metaspace(const JsonObject& part) {
  using Prepend = MetaspaceOptions::Prepend;
  MetaspaceOptions options{read_character(part, "replacement"), Prepend::always, part.maybe<bool>("split").value_or(true)};
  auto scheme = part.get<std::string>("prepend_scheme", "always");
  if (scheme == "first") {
    options.prepend = Prepend::first;
  } else if (scheme == "never") {
    options.prepend = Prepend::never;
  } else if (scheme != "always") {
    fail(Status::unsupported, part.where(), ": the prepend_scheme \"", scheme, "\" is not known");
  }
  if (!part.maybe<bool>("add_prefix_space").value_or(true) && options.prepend != Prepend::never) {
    fail(Status::format, part.where(), ": add_prefix_space false does not match prepend_scheme \"", scheme, "\"");
  }
  return options;
}

PreTokenizerPlan make_pre_tokenizer(const Json& json, bool may_keep_raw) {
  if (json.is_null()) return {};
  return Builder(may_keep_raw).build(json);
}

}  // namespace mlxc::text
