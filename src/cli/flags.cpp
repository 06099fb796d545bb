#include "flags.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace cli {
namespace {

size_t distance(const std::string& a, const std::string& b) {  // Levenshtein 1966
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

std::optional<std::string> nearest(const std::string& word, const std::vector<std::string>& words) {
  std::optional<std::string> best;
  size_t least = std::max<size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : words)
    if (size_t d = distance(word, candidate); d < least) {
      least = d;
      best = candidate;
    }
  return best;
}

int64_t parse_integer(const std::string& text, const std::string& what, int64_t low, int64_t high) {
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) throw UsageError(what + " expects an integer, not \"" + text + "\"");
  if (value < low || value > high) {
    std::string range = high == INT64_MAX ? "at least " + std::to_string(low) : std::to_string(low) + " to " + std::to_string(high);
    throw UsageError(what + " is " + text + ", expected " + range);
  }
  return value;
}

double parse_number(const std::string& text, const std::string& what) {
  char* end = nullptr;
  double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0') throw UsageError(what + " expects a number, not \"" + text + "\"");
  return value;
}

std::vector<int32_t> parse_ids(const std::string& text, const std::string& what) {
  std::vector<int32_t> ids;
  std::string list = text;
  list.erase(std::remove_if(list.begin(), list.end(), [](char c) { return c == ' ' || c == '[' || c == ']' || c == '\n'; }), list.end());
  for (size_t begin = 0, end; !list.empty() && begin <= list.size(); begin = end + 1) {
    end = std::min(list.find(',', begin), list.size());
    if (begin == end) throw UsageError(what + " has nothing between two commas or at an end of \"" + text + "\"");
    ids.push_back(int32_t(parse_integer(list.substr(begin, end - begin), what, INT32_MIN, INT32_MAX)));
  }
  return ids;
}

void Flags::add(const std::string& names, const std::string& value, const std::string& help, Handler handler) {
  std::stringstream words(names);
  Flag flag{{}, value, help, std::move(handler)};
  for (std::string name; words >> name;) flag.names.push_back(name);
  flags_.push_back(std::move(flag));
}

void Flags::on(bool* target, const std::string& names, const std::string& help) {
  add(names, "", help, [target](const std::string&) { *target = true; });
}

void Flags::text(std::string* target, const std::string& names, const std::string& value, const std::string& help) {
  add(names, value, help, [target](const std::string& text) { *target = text; });
}

void Flags::texts(std::vector<std::string>* target, const std::string& names, const std::string& value, const std::string& help) {
  add(names, value, help, [target](const std::string& text) { target->push_back(text); });
}

void Flags::integer(int64_t* target, const std::string& names, const std::string& value, const std::string& help, int64_t low,
                    int64_t high) {
  std::string name = names.substr(0, names.find(' '));
  add(names, value, help, [=](const std::string& text) { *target = parse_integer(text, name, low, high); });
}

void Flags::number(float* target, const std::string& names, const std::string& value, const std::string& help) {
  std::string name = names.substr(0, names.find(' '));
  add(names, value, help, [=](const std::string& text) { *target = float(parse_number(text, name)); });
}

void Flags::section(const std::string& title) { flags_.push_back({{}, "", title, nullptr}); }

void Flags::positional(std::vector<std::string>* target, const std::string& value) {
  positional_ = target;
  positional_value_ = value;
}

const Flags::Flag* Flags::find(const std::string& name) const {
  for (const Flag& flag : flags_)
    if (std::find(flag.names.begin(), flag.names.end(), name) != flag.names.end()) return &flag;
  return nullptr;
}

void Flags::fail_unknown(const std::string& name) const {
  std::vector<std::string> names = {"--help"};
  for (const Flag& flag : flags_) names.insert(names.end(), flag.names.begin(), flag.names.end());
  auto meant = name.starts_with("--") ? nearest(name, names) : std::nullopt;
  throw UsageError("unknown flag " + name + (meant ? "; did you mean " + *meant + "?" : ""));
}

bool Flags::parse(const std::vector<std::string>& arguments) {
  bool words_only = false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::string name = arguments[i];
    bool is_flag = !words_only && name.size() > 1 && name[0] == '-';
    if (is_flag && name == "--") {
      words_only = true;
      continue;
    }
    if (!is_flag) {
      if (!positional_) throw UsageError("unexpected argument \"" + name + "\"");
      positional_->push_back(name);
      continue;
    }
    if (name == "--help" || name == "-h") {
      print_help();
      return false;
    }
    std::optional<std::string> value;
    if (auto equals = name.find('='); name.starts_with("--") && equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    }
    const Flag* flag = find(name);
    if (!flag) fail_unknown(name);
    if (flag->value.empty()) {
      if (value) throw UsageError(name + " takes no value");
      flag->handler("");
      continue;
    }
    if (!value) {
      if (i + 1 == arguments.size()) throw UsageError(name + " needs a value: " + flag->value);
      value = arguments[++i];
    }
    flag->handler(*value);
  }
  return true;
}

void Flags::print_help() const {
  std::printf("%s\n\nUsage: mlxc %s [flags]%s%s\n", summary_.c_str(), command_.c_str(), positional_ ? " " : "", positional_value_.c_str());
  for (const Flag& flag : flags_) {
    if (flag.names.empty()) {
      std::printf("\n%s\n", flag.help.c_str());
      continue;
    }
    std::string left;
    for (const std::string& name : flag.names) left += (left.empty() ? "" : ", ") + name;
    if (!flag.value.empty()) left += " " + flag.value;
    if (left.size() > 30)
      std::printf("  %s\n  %-30s  %s\n", left.c_str(), "", flag.help.c_str());
    else
      std::printf("  %-30s  %s\n", left.c_str(), flag.help.c_str());
  }
}

}  // namespace cli
