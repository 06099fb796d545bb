#include "text/decoder.h"

#include <optional>

#include "base/error.h"
#include "text/byte_level.h"
#include "text/normalizer.h"
#include "text/pre_tokenizer.h"
#include "text/utf8.h"

namespace mlxc::text {
namespace {

constexpr int kMaxDepth = 32;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// As Rust's str::replace: an empty `from` matches between all characters and at both ends.
void replace_all(std::string& text, std::string_view from, std::string_view to) {
  if (from.empty()) {
    std::string out(to);
    for (size_t at = 0; at < text.size();) {
      size_t begin = at;
      utf8_next(text, at);
      out.append(text, begin, at - begin);
      out += to;
    }
    text = std::move(out);
    return;
  }
  size_t at = text.find(from);
  if (at == std::string::npos) return;
  std::string out;
  size_t done = 0;
  for (; at != std::string::npos; at = text.find(from, done)) {
    out.append(text, done, at - done);
    out += to;
    done = at + from.size();
  }
  out.append(text, done, std::string::npos);
  text = std::move(out);
}

void clean_up(std::string& text) {
  if (text.find(' ') == std::string::npos) return;
  static const std::pair<std::string_view, std::string_view> rules[] = {
      {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},   {" n't", "n't"},
      {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto& [from, to] : rules) replace_all(text, from, to);
}

class Filter : public TokenSink {
 public:
  explicit Filter(TokenSink& next) : next_(next) {}
  void finish() override { next_.finish(); }

 protected:
  void pass(std::string_view token) {
    next_.part(token);
    next_.end_token();
  }
  TokenSink& next_;
};

// A filter that sees each token as a whole.
class WholeFilter : public Filter {
 public:
  using Filter::Filter;
  void part(std::string_view text) final { held_ += text; }
  void end_token() final {
    whole(held_);
    held_.clear();
  }

 protected:
  virtual void whole(std::string& token) = 0;

 private:
  std::string held_;
};

// Bytes are collected over tokens; text goes on as soon as a character is complete.
class ByteLevelFilter final : public Filter {
 public:
  using Filter::Filter;
  void part(std::string_view text) override { held_ += text; }
  void end_token() override {
    std::string bytes;
    pending_ += from_byte_level(held_, bytes) ? bytes : held_;
    held_.clear();
    bool incomplete = false;
    std::string out;
    size_t at = 0;
    for (;;) {  // all but a character that is still incomplete
      size_t good = utf8_valid_prefix(std::string_view(pending_).substr(at), &incomplete);
      out.append(pending_, at, good);
      at += good;
      if (at == pending_.size() || incomplete) break;
      std::string_view rest = std::string_view(pending_).substr(at);
      size_t broken = broken_length(rest);
      out += kReplacement;
      at += broken;
    }
    pending_.erase(0, at);
    if (!out.empty()) next_.part(out);
  }
  void finish() override {
    std::string out;
    utf8_append_lossy(out, pending_);
    pending_.clear();
    next_.part(out);
    next_.end_token();
    next_.finish();
  }

 private:
  static size_t broken_length(std::string_view rest) {
    // The maximal ill-formed part is what a lossy reader replaces by one character: the longest prefix that is incomplete, or one byte.
    size_t length = 1;
    for (size_t n = 2; n <= 3 && n < rest.size(); ++n) {
      bool incomplete = false;
      if (utf8_valid_prefix(rest.substr(0, n), &incomplete) == 0 && incomplete) length = n;
    }
    return length;
  }
  std::string held_, pending_;
};

class FuseFilter final : public Filter {
 public:
  using Filter::Filter;
  void part(std::string_view text) override { next_.part(text); }
  void end_token() override {}
  void finish() override {
    next_.end_token();
    next_.finish();
  }
};

// "<0x41>": the byte, as Rust's u8::from_str_radix reads it ("+5" is 5).
std::optional<unsigned char> byte_of_token(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token.back() != '>') return std::nullopt;
  auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  int high = token[3] == '+' ? 0 : digit(token[3]), low = digit(token[4]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<unsigned char>(high * 16 + low);
}

// A run of byte tokens is one text if it is valid as a whole, else one replacement character for every byte.
class ByteFallbackFilter final : public WholeFilter {
 public:
  using WholeFilter::WholeFilter;
  void finish() override {
    flush();
    next_.finish();
  }

 protected:
  void whole(std::string& token) override {
    if (auto byte = byte_of_token(token)) {
      run_ += static_cast<char>(*byte);
      return;
    }
    flush();
    pass(token);
  }

 private:
  void flush() {
    if (run_.empty()) return;
    if (utf8_valid(run_)) {
      pass(run_);
    } else {
      for (size_t i = 0; i < run_.size(); ++i) pass(kReplacement);
    }
    run_.clear();
  }
  std::string run_;
};

class ReplaceFilter final : public WholeFilter {
 public:
  ReplaceFilter(TokenSink& next, const Pattern& pattern, const std::string& content)
      : WholeFilter(next), pattern_(pattern), content_(content) {}

 protected:
  void whole(std::string& token) override {
    if (pattern_.is_literal() && !pattern_.source().empty()) {
      replace_all(token, pattern_.source(), content_);
      return pass(token);
    }
    pattern_.find(token, spans_);
    out_.clear();
    for (const Span& span : spans_) span.match ? out_ += content_ : out_.append(token, span.begin, span.end - span.begin);
    pass(out_);
  }

 private:
  const Pattern& pattern_;
  const std::string& content_;
  std::vector<Span> spans_;
  std::string out_;
};

// Takes up to `start` characters off the front and `stop` off the back of each token. Without `stop` parts pass at once.
class StripFilter final : public Filter {
 public:
  StripFilter(TokenSink& next, const std::string& content, uint64_t start, uint64_t stop)
      : Filter(next), content_(content), start_(start), stop_(stop), left_(start) {}
  void part(std::string_view text) override {
    while (left_ > 0 && !text.empty()) {
      if (!text.starts_with(content_)) {
        left_ = 0;
        break;
      }
      text.remove_prefix(content_.size());
      --left_;
    }
    if (stop_ > 0) {
      held_ += text;
    } else if (!text.empty()) {
      next_.part(text);
    }
  }
  void end_token() override {
    std::string_view rest = held_;
    for (uint64_t i = 0; i < stop_ && rest.ends_with(content_); ++i) rest.remove_suffix(content_.size());
    if (!rest.empty()) next_.part(rest);
    held_.clear();
    left_ = start_;
    next_.end_token();
  }

 private:
  const std::string& content_;  // one character
  uint64_t start_, stop_, left_;
  std::string held_;
};

class MetaspaceFilter final : public WholeFilter {
 public:
  MetaspaceFilter(TokenSink& next, const std::string& mark, bool drop_first) : WholeFilter(next), mark_(mark), drop_(drop_first) {}

 protected:
  void whole(std::string& token) override {
    replace_all(token, mark_, drop_ ? "" : " ");
    drop_ = false;
    pass(token);
  }

 private:
  const std::string& mark_;
  bool drop_;  // the first token loses its marks
};

class WordPieceFilter final : public WholeFilter {
 public:
  WordPieceFilter(TokenSink& next, const std::string& prefix, bool cleanup) : WholeFilter(next), prefix_(prefix), cleanup_(cleanup) {}

 protected:
  void whole(std::string& token) override {
    if (!first_) {
      if (token.starts_with(prefix_)) {
        token.erase(0, prefix_.size());
      } else {
        token.insert(0, " ");
      }
    }
    first_ = false;
    if (cleanup_) clean_up(token);
    pass(token);
  }

 private:
  const std::string& prefix_;
  bool cleanup_, first_ = true;
};

// The suffix is a space, but nothing on the last token: one token is held back.
class BpeFilter final : public WholeFilter {
 public:
  BpeFilter(TokenSink& next, const std::string& suffix) : WholeFilter(next), suffix_(suffix) {}
  void finish() override {
    release("");
    next_.finish();
  }

 protected:
  void whole(std::string& token) override {
    release(" ");
    waiting_ = token;
    has_waiting_ = true;
  }

 private:
  void release(std::string_view content) {
    if (!has_waiting_) return;
    replace_all(waiting_, suffix_, content);
    pass(waiting_);
    has_waiting_ = false;
  }
  const std::string& suffix_;
  std::string waiting_;
  bool has_waiting_ = false;
};

class CtcFilter final : public WholeFilter {
 public:
  CtcFilter(TokenSink& next, const std::string& pad, const std::string& delimiter, bool cleanup)
      : WholeFilter(next), pad_(pad), delimiter_(delimiter), cleanup_(cleanup) {}

 protected:
  void whole(std::string& token) override {
    if (last_ && *last_ == token) return;
    last_ = token;
    replace_all(token, pad_, "");
    if (cleanup_) {
      clean_up(token);
      replace_all(token, delimiter_, " ");
    }
    if (!token.empty()) pass(token);
  }

 private:
  const std::string &pad_, &delimiter_;
  bool cleanup_;
  std::optional<std::string> last_;
};

// Without a decoder tokens are joined with spaces.
class JoinFilter final : public Filter {
 public:
  using Filter::Filter;
  void part(std::string_view text) override {
    if (start_of_token_ && !first_) next_.part(" ");
    start_of_token_ = false;
    next_.part(text);
  }
  void end_token() override {
    first_ = false;
    start_of_token_ = true;
    next_.end_token();
  }

 private:
  bool first_ = true, start_of_token_ = true;
};

class AppendSink final : public TokenSink {
 public:
  explicit AppendSink(std::string& out) : out_(out) {}
  void part(std::string_view text) override { out_ += text; }
  void end_token() override {}
  void finish() override {}

 private:
  std::string& out_;
};

template <class Run, class... Kept>
class Step final : public Decoder {
 public:
  explicit Step(Kept... kept) : kept_(std::move(kept)...) {}
  std::unique_ptr<TokenSink> start(TokenSink& next) const override {
    return std::apply([&](const auto&... kept) { return std::make_unique<Run>(next, kept...); }, kept_);
  }

 private:
  std::tuple<Kept...> kept_;
};

template <class Run, class... Kept>
std::unique_ptr<Decoder> step(Kept... kept) {
  return std::make_unique<Step<Run, Kept...>>(std::move(kept)...);
}

void add(const Json& json, int depth, DecoderPlan& plan) {
  if (depth > kMaxDepth) fail(Status::format, "decoder: nested deeper than ", kMaxDepth);
  if (!json.is_object()) fail(Status::format, "decoder: expected an object, got ", json.type_name());
  JsonObject part(json, "decoder");
  auto type = part.get<std::string>("type", "");
  if (type.empty()) {  // old files carry no type: the fields tell
    type = part.has("suffix")      ? "BPEDecoder"
           : part.has("prefix")    ? "WordPiece"
           : part.has("pad_token") ? "CTC"
           : part.has("pattern")   ? "Replace"
           : part.has("start")     ? "Strip"
                                   : "";
  }
  auto& steps = plan.steps;
  if (type == "Sequence") {
    const Json* list = part.find("decoders");
    if (!list || !list->is_array()) fail(Status::format, "decoder Sequence: \"decoders\" must be a list");
    for (const Json& item : *list) add(item, depth + 1, plan);
  } else if (type == "ByteLevel") {
    plan.byte_level = steps.empty() && depth == 0;
    steps.push_back(step<ByteLevelFilter>());
  } else if (type == "Fuse") {
    steps.push_back(step<FuseFilter>());
  } else if (type == "ByteFallback") {
    plan.byte_fallback = true;
    steps.push_back(step<ByteFallbackFilter>());
  } else if (type == "Replace") {
    steps.push_back(step<ReplaceFilter>(read_pattern(part), part.get<std::string>("content")));
  } else if (type == "Strip") {
    char32_t content = read_character(part, "content");
    steps.push_back(step<StripFilter>(utf8_encode(content), part.get<uint64_t>("start"), part.get<uint64_t>("stop")));
  } else if (type == "Metaspace") {
    MetaspaceOptions options = read_metaspace(part);
    steps.push_back(step<MetaspaceFilter>(utf8_encode(options.replacement), options.prepend != MetaspaceOptions::Prepend::never));
  } else if (type == "WordPiece") {
    steps.push_back(step<WordPieceFilter>(part.get<std::string>("prefix"), part.get<bool>("cleanup")));
  } else if (type == "BPEDecoder") {
    steps.push_back(step<BpeFilter>(part.get<std::string>("suffix")));
  } else if (type == "CTC") {
    steps.push_back(
        step<CtcFilter>(part.get<std::string>("pad_token"), part.get<std::string>("word_delimiter_token"), part.get<bool>("cleanup")));
  } else {
    fail(Status::unsupported, "decoder type \"", type, "\" is not known");
  }
}

}  // namespace

DecoderPlan make_decoder(const Json& json) {
  DecoderPlan plan;
  if (json.is_null()) {
    plan.steps.push_back(step<JoinFilter>());
  } else {
    add(json, 0, plan);
  }
  return plan;
}

DecodeChain::DecodeChain(const DecoderPlan& plan, std::string& out) {
  sinks_.push_back(std::make_unique<AppendSink>(out));
  for (size_t i = plan.steps.size(); i-- > 0;) sinks_.push_back(plan.steps[i]->start(*sinks_.back()));
  first_ = sinks_.back().get();
}

}  // namespace mlxc::text
