// Tables of numbers as text, RFC 4180: fields between separators, in quotes where they hold any; a quote inside is written twice.
#include <algorithm>
#include <charconv>
#include <deque>
#include <map>
#include <optional>

#include "base/file.h"
#include "base/quote.h"
#include "train/dataset.h"

namespace mlxc::train {
namespace {

constexpr int64_t kLargestFile = int64_t(16) << 30;
constexpr size_t kMostColumns = 1 << 20;

// Reads one record after the other. Views point into the text, or into `unquoted_` for fields with quotes inside.
class Records {
 public:
  Records(std::string_view text, char separator, const std::string& where) : rest_(text), separator_(separator), where_(where) {
    if (rest_.starts_with("\xef\xbb\xbf")) rest_.remove_prefix(3);
  }

  // False at the end. Empty lines are passed over.
  bool next(std::vector<std::string_view>& fields) {
    while (rest_.starts_with('\n') || rest_.starts_with("\r\n")) {
      rest_.remove_prefix(rest_[0] == '\n' ? 1 : 2);
      ++next_line_;
    }
    fields.clear(), unquoted_.clear();
    line_ = next_line_;
    if (rest_.empty()) return false;
    for (;;) {
      if (fields.size() == kMostColumns) fail(Status::format, at(), "more than ", kMostColumns, " columns");
      fields.push_back(rest_.starts_with('"') ? quoted(fields.size()) : plain(fields.size()));
      if (rest_.empty()) return true;
      const char c = rest_[0];
      rest_.remove_prefix(1);
      if (c == separator_) continue;
      if (c == '\r') rest_.remove_prefix(1);
      ++next_line_;
      return true;
    }
  }
  std::string at() const { return cat(where_, ", line ", line_, ": "); }

 private:
  bool ends_record(size_t i) const { return rest_[i] == '\n' || (rest_[i] == '\r' && i + 1 < rest_.size() && rest_[i + 1] == '\n'); }

  std::string_view plain(size_t column) {
    size_t end = 0;
    while (end < rest_.size() && rest_[end] != separator_ && !ends_record(end)) {
      if (rest_[end] == '"') fail(Status::format, at(), "column ", column, " has a quote inside, which a quoted field writes twice");
      ++end;
    }
    const std::string_view field = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return field;
  }

  std::string_view quoted(size_t column) {
    std::string text;
    size_t i = 1;
    for (; i < rest_.size(); ++i) {
      if (rest_[i] == '"') {
        if (i + 1 >= rest_.size() || rest_[i + 1] != '"') break;
        ++i;
      }
      if (rest_[i] == '\n') ++next_line_;
      text += rest_[i];
    }
    if (i == rest_.size()) fail(Status::format, at(), "the quotes of column ", column, " are not closed");
    rest_.remove_prefix(i + 1);
    if (!rest_.empty() && rest_[0] != separator_ && !ends_record(0))
      fail(Status::format, at(), "column ", column, " goes on behind its quotes");
    return unquoted_.emplace_back(std::move(text));
  }

  std::string_view rest_;
  char separator_;
  const std::string& where_;
  int64_t line_ = 1, next_line_ = 1;
  std::deque<std::string> unquoted_;
};

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

template <class T>
std::optional<T> number_of(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || text.empty()) return std::nullopt;
  if constexpr (std::is_same_v<T, float>) {  // too small for its type: other programs write float64
    const size_t exponent = text.find_first_of("eE");
    if (error == std::errc::result_out_of_range && exponent != text.npos && text.substr(exponent + 1).starts_with('-')) {
      double wide = 0;
      std::from_chars(text.data(), text.data() + text.size(), wide);
      return float(wide);
    }
  }
  return error == std::errc() ? std::optional<T>(value) : std::nullopt;
}

std::vector<size_t> target_places(const CsvOptions& options, size_t columns, const std::string& where) {
  std::vector<size_t> places;
  if (options.target == CsvTarget::none) return places;
  for (int64_t column : options.target_columns) {
    const int64_t place = column < 0 ? column + int64_t(columns) : column;
    if (place < 0 || place >= int64_t(columns))
      fail(Status::invalid_argument, where, ": target column ", column, ", the file has ", columns, " columns");
    if (std::find(places.begin(), places.end(), size_t(place)) != places.end())
      fail(Status::invalid_argument, where, ": target column ", column, " is given twice");
    places.push_back(size_t(place));
  }
  if (options.target == CsvTarget::classes && places.size() != 1)
    fail(Status::invalid_argument, where, ": ", places.size(), " target columns, classes are in one");
  return places;
}

struct Table {
  std::vector<float> inputs, targets;
  std::vector<std::string> labels;
  int64_t samples = 0;
  size_t input_columns = 0, target_columns = 0;
};

Table read_table(std::string_view text, const CsvOptions& options, const std::string& where) {
  Records records(text, options.separator, where);
  std::vector<std::string_view> fields;
  Table table;
  std::vector<size_t> targets;
  std::vector<int> place_of_target;  // by column: which target, or -1
  size_t columns = 0;
  auto number = [&](size_t column) {
    const auto value = number_of<float>(fields[column]);
    if (!value) fail(Status::format, records.at(), "column ", column, " is ", quote(fields[column], 40), ", expected a number");
    return *value;
  };
  for (bool first = true; records.next(fields); first = false) {
    if (first) {
      columns = fields.size();
      targets = target_places(options, columns, where);
      place_of_target.assign(columns, -1);
      for (size_t i = 0; i < targets.size(); ++i) place_of_target[targets[i]] = int(i);
      table.input_columns = columns - targets.size(), table.target_columns = targets.size();
      if (!table.input_columns) fail(Status::format, records.at(), "all ", columns, " columns are targets, none is input");
      if (options.header) continue;
    }
    if (fields.size() != columns) fail(Status::format, records.at(), fields.size(), " columns, expected ", columns);
    for (size_t column = 0; column < columns; ++column)
      if (place_of_target[column] < 0) table.inputs.push_back(number(column));
    if (options.target == CsvTarget::classes) table.labels.emplace_back(trimmed(fields[targets[0]]));
    if (options.target == CsvTarget::numbers)
      for (size_t column : targets) table.targets.push_back(number(column));
    ++table.samples;
  }
  return table;
}

template <class T>
Column column_of(std::vector<T> values, const Shape& shape, DType dtype) {
  auto kept = std::make_shared<const std::vector<T>>(std::move(values));
  const auto* data = reinterpret_cast<const std::byte*>(kept->data());
  return {{shape, dtype}, std::move(kept), data};
}

// Numbers stay what they are; names are numbered in their order.
Column classes_of(const std::vector<std::string>& labels, std::vector<std::string>& names) {
  std::vector<int32_t> classes;
  for (const std::string& label : labels) {
    const auto value = number_of<int32_t>(label);
    if (!value) break;
    classes.push_back(*value);
  }
  if (classes.size() != labels.size()) {
    classes.clear();
    std::map<std::string_view, int32_t> numbers;
    for (const std::string& label : labels) numbers[label] = 0;
    for (auto& [name, number] : numbers) number = int32_t(names.size()), names.emplace_back(name);
    for (const std::string& label : labels) classes.push_back(numbers[label]);
  }
  return column_of(std::move(classes), {}, DType::i32);
}

}  // namespace

DatasetPtr csv_dataset(const std::string& path, const CsvOptions& options) {
  const std::string text = read_file(path, kLargestFile), where = printable(path.substr(path.rfind('/') + 1), 100);
  Table table = read_table(text, options, where);
  std::vector<std::string> names;
  std::vector<Column> columns{column_of(std::move(table.inputs), {int64_t(table.input_columns)}, DType::f32)};
  if (options.target == CsvTarget::classes) columns.push_back(classes_of(table.labels, names));
  if (options.target == CsvTarget::numbers)
    columns.push_back(column_of(std::move(table.targets), {int64_t(table.target_columns)}, DType::f32));
  return memory_dataset(table.samples, std::move(columns), std::move(names));
}

}  // namespace mlxc::train
