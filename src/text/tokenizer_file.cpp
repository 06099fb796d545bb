#include "text/tokenizer_file.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "text/utf8.h"

namespace mlxc::text {
namespace {

constexpr size_t kMaxDepth = 64, kMaxSmallValues = 1'000'000;

// Receives the parser's events. A stack of frames says where the document stands.
class Reader : public nlohmann::json_sax<Json> {
 public:
  Reader(TokenizerFile& file, const std::string& name) : file_(file), name_(name) {}

  bool null() override { return value(Json(nullptr)); }
  bool boolean(bool v) override { return value(Json(v)); }
  bool number_integer(number_integer_t v) override { return top() == Frame::scored_piece ? score(static_cast<double>(v)) : value(Json(v)); }
  bool number_unsigned(number_unsigned_t v) override {
    if (top() == Frame::vocab_object) {
      if (v > INT32_MAX) refuse(Status::unsupported, "the id ", v, " of \"", key_, "\" is above the largest supported, ", INT32_MAX);
      file_.vocabulary.set(key_, static_cast<uint32_t>(v));
      return true;
    }
    return top() == Frame::scored_piece ? score(static_cast<double>(v)) : value(Json(v));
  }
  bool number_float(number_float_t v, const string_t&) override { return top() == Frame::scored_piece ? score(v) : value(Json(v)); }
  bool string(string_t& v) override {
    switch (top()) {
      case Frame::merges:
        if (pair_merges_) refuse(Status::format, "merges mix strings and pairs");
        legacy_merges_ = true;
        return add_merge(v);
      case Frame::merge_pair: return merge_side(v);
      case Frame::scored_piece:
        if (filled_++ != 0) refuse(Status::format, "an entry of the Unigram vocab is not [piece, score]");
        if (file_.vocabulary.size() > INT32_MAX) refuse(Status::unsupported, "the vocabulary has more than 2^31 pieces");
        file_.vocabulary.append(v, static_cast<uint32_t>(file_.vocabulary.size()));
        return true;
      case Frame::added_token:
        if (key_ == "content") {
          file_.added_tokens.back().content = v;
          seen_ |= 1;
          return true;
        }
        [[fallthrough]];
      default: return value(Json(std::move(v)));
    }
  }
  bool binary(binary_t&) override { return false; }

  bool start_object(size_t) override {
    enter();
    Frame here = top();
    if (here == Frame::added_tokens) {
      file_.added_tokens.emplace_back();
      seen_ = 0;
      return push(Frame::added_token);
    }
    if (here == Frame::model && key_ == "vocab") {
      once(file_.has_vocabulary, "vocab");
      return push(Frame::vocab_object);
    }
    if (stack_.size() == 1 && key_ == "added_tokens") refuse(Status::format, "added_tokens must be a list");
    if (here != Frame::none && here != Frame::root && here != Frame::tree && here != Frame::model) wrong("an object");
    Json* node = insert(Json::object());
    bool is_model = stack_.size() == 1 && key_ == "model";
    if (is_model) once(model_seen_, "model");
    nodes_.push_back(node);
    return push(stack_.empty() ? Frame::root : is_model ? Frame::model : Frame::tree);
  }
  bool end_object() override {
    Frame here = pop();
    if (here == Frame::added_token && seen_ != 63) {
      refuse(Status::format, "an added token needs content, single_word, lstrip, rstrip, normalized and special");
    }
    if (here == Frame::root || here == Frame::tree || here == Frame::model) nodes_.pop_back();
    return true;
  }
  bool start_array(size_t) override {
    enter();
    Frame here = top();
    if (stack_.size() == 1 && key_ == "added_tokens") {
      once(added_seen_, "added_tokens");
      return push(Frame::added_tokens);
    }
    if (here == Frame::model && key_ == "vocab") {
      once(file_.has_vocabulary, "vocab");
      file_.scored = true;
      return push(Frame::scored_list);
    }
    if (here == Frame::model && key_ == "merges") {
      once(file_.has_merges, "merges");
      return push(Frame::merges);
    }
    if (here == Frame::scored_list) {
      filled_ = 0;
      return push(Frame::scored_piece);
    }
    if (here == Frame::merges) {
      if (legacy_merges_) refuse(Status::format, "merges mix strings and pairs");
      pair_merges_ = true;
      filled_ = 0;
      return push(Frame::merge_pair);
    }
    if (stack_.empty() || (here != Frame::root && here != Frame::tree && here != Frame::model)) wrong("a list");
    nodes_.push_back(insert(Json::array()));
    return push(Frame::tree);
  }
  bool end_array() override {
    Frame here = pop();
    if (here == Frame::scored_piece && filled_ != 2) refuse(Status::format, "an entry of the Unigram vocab is not [piece, score]");
    if (here == Frame::merge_pair && filled_ != 2) refuse(Status::format, "a merge is not a pair of pieces");
    if (here == Frame::tree) nodes_.pop_back();
    return true;
  }
  bool key(string_t& v) override {
    key_.swap(v);
    return true;
  }
  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception& error) override {
    std::string what = error.what();
    size_t text = what.find("] ");
    refuse(Status::format, "malformed JSON at byte ", position, ": ", text == std::string::npos ? what : what.substr(text + 2));
  }

 private:
  enum class Frame { none, root, tree, model, vocab_object, scored_list, scored_piece, merges, merge_pair, added_tokens, added_token };

  template <class... Parts>
  [[noreturn]] void refuse(Status status, const Parts&... parts) const {
    fail(status, name_, ": ", parts...);
  }
  [[noreturn]] void wrong(const char* what) const {
    static const char* const names[] = {
        "the file",     "the file", "the file",     "model",         "model.vocab", "model.vocab", "an entry of model.vocab",
        "model.merges", "a merge",  "added_tokens", "an added token"};
    refuse(Status::format, names[static_cast<int>(top())], " holds ", what, " where none is expected",
           key_.empty() ? "" : ", behind the key \"" + key_ + "\"");
  }
  void once(bool& seen, const char* what) const {
    if (seen) refuse(Status::format, "\"", what, "\" is there twice");
    seen = true;
  }

  Frame top() const { return stack_.empty() ? Frame::none : stack_.back(); }
  bool push(Frame frame) {
    stack_.push_back(frame);
    return true;
  }
  Frame pop() {
    Frame frame = stack_.back();
    stack_.pop_back();
    return frame;
  }
  void enter() const {
    if (stack_.size() >= kMaxDepth) refuse(Status::format, "nested deeper than ", kMaxDepth);
  }

  // Puts a value into the tree at the current place.
  Json* insert(Json v) {
    if (++small_values_ > kMaxSmallValues)
      refuse(Status::unsupported, "more than ", kMaxSmallValues, " values outside of vocab, merges and added_tokens");
    if (nodes_.empty()) {
      file_.parts = std::move(v);
      return &file_.parts;
    }
    Json* node = nodes_.back();
    if (node->is_array()) {
      node->push_back(std::move(v));
      return &node->back();
    }
    return &((*node)[key_] = std::move(v));
  }

  bool value(Json v) {
    switch (top()) {
      case Frame::none: wrong("a plain value");
      case Frame::root:
        if (key_ == "added_tokens" && !v.is_null()) refuse(Status::format, "added_tokens must be a list");
        [[fallthrough]];
      case Frame::tree:
      case Frame::model: insert(std::move(v)); return true;
      case Frame::added_token: return added_field(v);
      case Frame::vocab_object: refuse(Status::format, "the id of \"", key_, "\" must be an integer from 0, got ", v.dump().substr(0, 40));
      default: wrong(v.type_name());
    }
  }

  bool added_field(const Json& v) {
    static const char* const names[] = {"content", "single_word", "lstrip", "rstrip", "normalized", "special"};
    AddedToken& token = file_.added_tokens.back();
    bool* const fields[] = {nullptr, &token.single_word, &token.lstrip, &token.rstrip, &token.normalized, &token.special};
    for (int i = 0; i < 6; ++i) {
      if (key_ != names[i]) continue;
      if (!fields[i] || !v.is_boolean())
        refuse(Status::format, "the field \"", key_, "\" of an added token has the wrong type ", v.type_name());
      *fields[i] = v.get<bool>();
      seen_ |= 1 << i;
    }
    if (key_ == "id" && !(v.is_number_unsigned() && v.get<uint64_t>() <= UINT32_MAX)) {
      refuse(Status::format, "the id of an added token must be an integer from 0 below 2^32, got ", v.dump().substr(0, 40));
    }
    return true;
  }

  bool score(double v) {
    if (filled_++ != 1) refuse(Status::format, "an entry of the Unigram vocab is not [piece, score]");
    file_.scores.push_back(v);
    return true;
  }

  bool add_merge(std::string_view line) {
    MergeList& merges = file_.merges;
    room_for(line);
    merges.entries.push_back({static_cast<uint32_t>(merges.bytes.size()), static_cast<uint32_t>(line.size()), MergeList::kLegacy});
    merges.bytes += line;
    return true;
  }
  bool merge_side(std::string_view piece) {
    MergeList& merges = file_.merges;
    room_for(piece);
    if (filled_ == 0) {
      merges.entries.push_back({static_cast<uint32_t>(merges.bytes.size()), static_cast<uint32_t>(piece.size()), 0});
    } else if (filled_ == 1) {
      merges.entries.back().right = static_cast<uint32_t>(piece.size());
    } else {
      refuse(Status::format, "a merge is not a pair of pieces");
    }
    ++filled_;
    merges.bytes += piece;
    return true;
  }
  void room_for(std::string_view text) const {
    if (file_.merges.bytes.size() + text.size() >= UINT32_MAX) refuse(Status::unsupported, "the merges have more than 4 GiB");
  }

  TokenizerFile& file_;
  const std::string& name_;
  std::vector<Frame> stack_;
  std::vector<Json*> nodes_;
  std::string key_;
  size_t small_values_ = 0;
  int filled_ = 0, seen_ = 0;
  bool model_seen_ = false, added_seen_ = false, legacy_merges_ = false, pair_merges_ = false;
};

}  // namespace

TokenizerFile read_tokenizer_file(std::string_view json, const std::string& name) {
  TokenizerFile file;
  Reader reader(file, name);
  Json::sax_parse(json.begin(), json.end(), &reader);
  if (!file.parts.is_object()) fail(Status::format, name, ": expected an object, got ", file.parts.type_name());
  file.vocabulary.finish();
  return file;
}

}  // namespace mlxc::text
