#include "text/post_processor.h"

#include <map>

#include "base/error.h"

namespace mlxc::text {
namespace {

constexpr int kMaxDepth = 32;
constexpr size_t kMaxItems = 65536;
using Items = PostProcessor::Items;
using Sequences = std::vector<Items>;  // what tokenizers keeps as a list of encodings

int64_t read_id(const Json& json, const char* what) {
  if (!json.is_number_unsigned() || json.get<uint64_t>() > INT32_MAX) {
    fail(Status::format, "post_processor: ", what, " must be an id in [0, ", INT32_MAX, "], got ", json.dump().substr(0, 60));
  }
  return json.get<int64_t>();
}

// ["[SEP]", 3]
int64_t read_token(const JsonObject& part, const char* key) {
  const Json* pair = part.find(key);
  if (!pair || !pair->is_array() || pair->size() != 2 || !(*pair)[0].is_string()) {
    fail(Status::format, part.where(), ": \"", key, "\" must be a token and its id");
  }
  return read_id((*pair)[1], key);
}

struct Template {
  std::vector<Items> pieces;  // one for each piece: a text or the ids of a special token
  std::vector<bool> special;
};

Template read_template(const JsonObject& part, const char* key, const std::map<std::string, Items>& tokens) {
  Template out;
  const Json* list = part.find(key);
  if (!list || !list->is_array()) fail(Status::format, "post_processor TemplateProcessing: \"", key, "\" must be a list");
  for (const Json& item : *list) {
    JsonObject piece(item, "post_processor TemplateProcessing");
    if (auto sequence = piece.maybe_object("Sequence")) {
      auto id = sequence->get<std::string>("id");
      if (id != "A" && id != "B") fail(Status::format, "post_processor TemplateProcessing: the sequence \"", id, "\" is neither A nor B");
      out.pieces.push_back({id == "A" ? PostProcessor::kFirst : PostProcessor::kSecond});
      out.special.push_back(false);
    } else {
      auto name = piece.object("SpecialToken").get<std::string>("id");
      auto found = tokens.find(name);
      if (found == tokens.end()) {
        fail(Status::format, "post_processor TemplateProcessing: the special token \"", name, "\" is not listed under special_tokens");
      }
      out.pieces.push_back(found->second);
      out.special.push_back(true);
    }
  }
  return out;
}

class Simulation {
 public:
  explicit Simulation(bool add_special) : add_special_(add_special) {}
  std::vector<bool> trims;

  void run(const Json& json, Sequences& texts, int depth) {
    if (depth > kMaxDepth) fail(Status::format, "post_processor: nested deeper than ", kMaxDepth);
    if (!json.is_object()) fail(Status::format, "post_processor: expected an object, got ", json.type_name());
    JsonObject part(json, "post_processor");
    auto type = part.get<std::string>("type", "");
    if (type == "Sequence") {
      const Json* list = part.find("processors");
      if (!list || !list->is_array()) fail(Status::format, "post_processor Sequence: \"processors\" must be a list");
      for (const Json& item : *list) run(item, texts, depth + 1);
    } else if (type == "ByteLevel") {
      auto prefix = part.get<bool>("add_prefix_space");
      if (part.get<bool>("trim_offsets")) trims.push_back(prefix);
    } else if (part.has("sep") && part.has("cls")) {
      bert(part, texts);
    } else if (type == "TemplateProcessing" || (type.empty() && part.has("single"))) {
      fill_template(part, texts);
    } else {
      fail(Status::unsupported, "post_processor type \"", type, "\" is not known");
    }
    size_t items = 0;
    for (const Items& text : texts) items += text.size();
    if (items > kMaxItems) fail(Status::unsupported, "post_processor: more than ", kMaxItems, " items around a text");
  }

 private:
  // tokenizers tells the two by their fields, not by their type.
  void bert(const JsonObject& part, Sequences& texts) {
    bool roberta = part.has("trim_offsets") && part.has("add_prefix_space");
    if (roberta && part.get<bool>("trim_offsets")) trims.push_back(part.get<bool>("add_prefix_space"));
    int64_t sep = read_token(part, "sep"), cls = read_token(part, "cls");
    if (!add_special_) return;
    for (size_t i = 0; i < texts.size(); ++i) {
      if (i == 0) texts[i].insert(texts[i].begin(), cls);
      if (i > 0 && roberta) texts[i].insert(texts[i].begin(), sep);
      texts[i].push_back(sep);
    }
  }

  void fill_template(const JsonObject& part, Sequences& texts) {
    std::map<std::string, Items> tokens;
    const Json* listed = part.find("special_tokens");
    if (!listed || !listed->is_object()) fail(Status::format, "post_processor TemplateProcessing: \"special_tokens\" must be an object");
    for (const auto& [name, value] : listed->items()) {
      JsonObject token(value, "post_processor TemplateProcessing: special_tokens");
      const Json* ids = token.find("ids");
      if (!ids || !ids->is_array()) fail(Status::format, "post_processor TemplateProcessing: \"ids\" of \"", name, "\" must be a list");
      for (const Json& id : *ids) tokens[name].push_back(read_id(id, "a special token's id"));
      tokens[name];
    }
    if (texts.empty() || texts.size() > 2)
      fail(Status::unsupported, "post_processor: a template behind another one that made ", texts.size(), " parts");
    Template shape = read_template(part, texts.size() == 1 ? "single" : "pair", tokens);
    Sequences filled;
    for (size_t i = 0; i < shape.pieces.size(); ++i) {
      if (shape.special[i]) {
        if (add_special_) filled.push_back(shape.pieces[i]);
        continue;
      }
      size_t which = shape.pieces[i][0] == PostProcessor::kFirst ? 0 : 1;
      if (which >= texts.size()) fail(Status::format, "post_processor TemplateProcessing: \"single\" uses sequence B");
      filled.push_back(texts[which]);
    }
    texts = std::move(filled);
  }

  bool add_special_;
};

Items join(const Sequences& texts) {
  Items out;
  for (const Items& text : texts) out.insert(out.end(), text.begin(), text.end());
  return out;
}

}  // namespace

PostProcessor::PostProcessor(const Json& json) {
  if (json.is_null()) return;
  for (bool add_special : {false, true}) {
    Simulation simulation(add_special);
    Sequences texts = {{kFirst}};
    simulation.run(json, texts, 0);
    single_[add_special] = join(texts);
    trims_ = simulation.trims;
    try {
      Sequences two = {{kFirst}, {kSecond}};
      Simulation(add_special).run(json, two, 0);
      pair_[add_special] = join(two);
    } catch (const Error& error) {  // a file may be fine for single texts
      pair_error_ = error.what();
    }
  }
}

const PostProcessor::Items& PostProcessor::pair(bool add_special) const {
  if (!pair_error_.empty()) fail(Status::unsupported, "two texts cannot be joined: ", pair_error_);
  return pair_[add_special];
}

}  // namespace mlxc::text
