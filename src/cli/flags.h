// Command line flags: declared with their help, parsed with suggestions for misspelt ones.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace cli {

// The user typed something that cannot be meant: exit code 2.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Flags {
 public:
  Flags(std::string command, std::string summary) : command_(std::move(command)), summary_(std::move(summary)) {}

  // names: "--model", or "--model -m". value: the placeholder in the help, empty for a switch.
  using Handler = std::function<void(const std::string& value)>;
  void add(const std::string& names, const std::string& value, const std::string& help, Handler handler);
  void on(bool* target, const std::string& names, const std::string& help);
  void text(std::string* target, const std::string& names, const std::string& value, const std::string& help);
  void texts(std::vector<std::string>* target, const std::string& names, const std::string& value, const std::string& help);
  void integer(int64_t* target, const std::string& names, const std::string& value, const std::string& help, int64_t low = 0,
               int64_t high = INT64_MAX);
  void number(float* target, const std::string& names, const std::string& value, const std::string& help);
  void section(const std::string& title);                                       // a headline in the help
  void positional(std::vector<std::string>* target, const std::string& value);  // where words without a dash go

  // False: help was asked for and printed.
  bool parse(const std::vector<std::string>& arguments);

 private:
  struct Flag {
    std::vector<std::string> names;  // empty: a headline
    std::string value, help;
    Handler handler;
  };
  const Flag* find(const std::string& name) const;
  [[noreturn]] void fail_unknown(const std::string& name) const;
  void print_help() const;

  std::string command_, summary_, positional_value_;
  std::vector<Flag> flags_;
  std::vector<std::string>* positional_ = nullptr;
};

int64_t parse_integer(const std::string& text, const std::string& what, int64_t low = INT64_MIN, int64_t high = INT64_MAX);
double parse_number(const std::string& text, const std::string& what);
std::vector<int32_t> parse_ids(const std::string& text, const std::string& what);  // "1,2,3"
// The nearest of the words, when it is near enough to be meant.
std::optional<std::string> nearest(const std::string& word, const std::vector<std::string>& words);

}  // namespace cli
