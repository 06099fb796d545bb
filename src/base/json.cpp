#include "base/json.h"

#include "base/file.h"
#include "base/quote.h"

namespace mlxc {
namespace {

// Stands for Python's number words, which are not JSON, while the text is parsed.
constexpr std::string_view kMark = "\x01mlxc-number:";

// The text with NaN, Infinity and -Infinity outside of strings turned into marked strings; empty if it has none.
std::string with_marked_numbers(std::string_view text) {
  constexpr std::string_view kWords[] = {"-Infinity", "Infinity", "NaN"};
  std::string result;
  size_t copied = 0;
  bool in_string = false;
  for (size_t i = 0; (i = text.find_first_of(in_string ? "\"\\" : "\"-NI", i)) != text.npos;) {
    size_t length = 1;
    if (text[i] == '"') {
      in_string = !in_string;
    } else if (text[i] == '\\') {
      length = 2;
    } else {
      for (std::string_view word : kWords) {
        if (!text.substr(i).starts_with(word)) continue;
        length = word.size();
        result.append(text.substr(copied, i - copied)).append("\"\\u0001").append(kMark.substr(1)).append(word).append("\"");
        copied = i + length;
        break;
      }
    }
    i += length;
  }
  return copied == 0 ? std::string() : result.append(text.substr(copied));
}

double marked_number(std::string_view word) {
  if (word == "NaN") return std::numeric_limits<double>::quiet_NaN();
  return word[0] == '-' ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
}

std::string shorten(const char* parser_message) {
  std::string_view text = parser_message;  // "[json.exception.parse_error.101] parse error at line 1, column 2: ..."
  if (size_t end = text.find("] "); text.starts_with("[") && end != text.npos) text.remove_prefix(end + 2);
  return printable(text, 240);
}

class TreeBuilder : public nlohmann::json_sax<Json> {
 public:
  TreeBuilder(const std::string& name, const JsonLimits& limits, bool marked) : name_(name), limits_(limits), marked_(marked) {}
  Json take() { return std::move(root_); }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(int64_t value) override { return add(value); }
  bool number_unsigned(uint64_t value) override { return add(value); }
  bool number_float(double value, const std::string&) override { return add(value); }
  bool binary(binary_t&) override { return false; }  // not in JSON text
  bool string(std::string& value) override {
    if (marked_ && value.starts_with(kMark)) return add(marked_number(std::string_view(value).substr(kMark.size())));
    return add(std::move(value));
  }
  bool start_object(size_t) override { return open(Json::object()); }
  bool start_array(size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(std::string& key) override {
    auto [place, added] = open_.back()->get_ref<Json::object_t&>().try_emplace(std::move(key));
    if (!added && limits_.unique_keys) fail(Status::format, name_, ": key ", quote(place->first), " occurs twice in one object");
    slot_ = &place->second;
    return true;
  }

  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception& error) override {
    fail(Status::format, name_, " is not valid JSON: ", shorten(error.what()));
  }

 private:
  template <class Value>
  bool add(Value&& value) {
    if (++count_ > limits_.values) fail(Status::format, name_, " has more than ", limits_.values, " JSON values");
    if (open_.empty()) {
      slot_ = &root_;
    } else if (open_.back()->is_array()) {
      slot_ = &open_.back()->emplace_back();
    }
    *slot_ = std::forward<Value>(value);
    return true;
  }
  bool open(Json container) {
    if (int(open_.size()) >= limits_.depth) fail(Status::format, name_, " is nested deeper than ", limits_.depth, " levels");
    add(std::move(container));
    open_.push_back(slot_);
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  const std::string& name_;
  const JsonLimits& limits_;
  const bool marked_;
  int64_t count_ = 0;
  Json root_;
  std::vector<Json*> open_;  // the containers around the next value; a container does not move while one inside it is open
  Json* slot_ = nullptr;     // where the next value goes
};

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// What a value is, for messages.
std::string describe(const Json& value) {
  switch (value.type()) {
    case Json::value_t::object: return "an object";
    case Json::value_t::array: return "a list";
    case Json::value_t::string: return cat("the string ", quote(value.get_ref<const std::string&>(), 40));
    default: return value.dump();
  }
}

}  // namespace

Json parse_json(std::string_view text, const std::string& name, const JsonLimits& limits) {
  if (int64_t(text.size()) > limits.bytes)
    fail(Status::format, name, " has ", text.size(), " bytes, at most ", limits.bytes, " are expected");
  // The parser takes a zero byte for the end of the text.
  if (size_t zero = text.find('\0'); zero != text.npos) fail(Status::format, name, " is not valid JSON: zero byte at position ", zero);
  const std::string marked = with_marked_numbers(text);
  if (!marked.empty()) text = marked;
  TreeBuilder builder(name, limits, !marked.empty());
  if (!Json::sax_parse(text.begin(), text.end(), &builder)) fail(Status::format, name, " is not valid JSON");
  return builder.take();
}

Json read_json(const std::string& path, const JsonLimits& limits) {
  return parse_json(read_file(path, limits.bytes), file_name(path), limits);
}

JsonObject::JsonObject(Json document, std::string name)
    : document_(std::make_shared<const Json>(std::move(document))), object_(document_.get()), where_(std::move(name)) {
  if (!object_->is_object()) fail(Status::format, where_, " is ", describe(*object_), ", expected an object");
}

JsonObject::JsonObject(std::shared_ptr<const Json> document, const Json* object, std::string where)
    : document_(std::move(document)), object_(object), where_(std::move(where)) {}

JsonObject JsonObject::read(const std::string& path, const JsonLimits& limits) { return {read_json(path, limits), file_name(path)}; }

JsonObject JsonObject::parse(std::string_view text, const std::string& name, const JsonLimits& limits) {
  return {parse_json(text, name, limits), name};
}

const Json* JsonObject::find(const std::string& key) const {
  auto found = object_->find(key);
  return found == object_->end() || found->is_null() ? nullptr : &*found;
}

void JsonObject::fail_type(const std::string& key, const Json& value, const std::string& expected) const {
  fail(Status::format, where_, ": key \"", key, "\" is ", describe(value), ", expected ", expected);
}

JsonObject JsonObject::inner(const Json& value, const std::string& key) const {
  if (!value.is_object()) fail_type(key, value, "an object");
  return {document_, &value, cat(where_, ": ", key)};
}

JsonObject JsonObject::object(const std::string& key) const {
  auto found = maybe_object(key);
  if (!found) fail(Status::format, where_, ": key \"", key, "\" is missing, expected an object");
  return *std::move(found);
}

std::optional<JsonObject> JsonObject::maybe_object(const std::string& key) const {
  const Json* value = find(key);
  return value ? std::optional(inner(*value, key)) : std::nullopt;
}

std::vector<JsonObject> JsonObject::objects(const std::string& key) const {
  std::vector<JsonObject> list;
  const Json* value = find(key);
  if (!value) return list;
  if (!value->is_array()) fail_type(key, *value, "a list of objects");
  for (const Json& element : *value) list.push_back(inner(element, cat(key, "[", list.size(), "]")));
  return list;
}

}  // namespace mlxc
