#include "train/log.h"

#include <array>
#include <charconv>
#include <string_view>

namespace mlxc::train {
namespace {

struct Column {
  std::string_view name;
  double TrainEvent::*value;
};
constexpr Column kNumbers[] = {
    {"loss", &TrainEvent::loss},
    {"accuracy", &TrainEvent::accuracy},
    {"learning_rate", &TrainEvent::learning_rate},
    {"gradient_norm", &TrainEvent::gradient_norm},
    {"loss_scale", &TrainEvent::loss_scale},
    {"seconds", &TrainEvent::seconds},
    {"samples_per_second", &TrainEvent::samples_per_second},
    {"validation_loss", &TrainEvent::validation_loss},
    {"validation_accuracy", &TrainEvent::validation_accuracy},
};

struct Count {
  std::string_view name;
  int64_t TrainEvent::*value;
};
constexpr Count kCounts[] = {{"epoch", &TrainEvent::epoch},
                             {"step", &TrainEvent::step},
                             {"batch", &TrainEvent::batch},
                             {"samples", &TrainEvent::samples},
                             {"skipped", &TrainEvent::skipped}};

std::string_view name_of(EventKind kind) { return kind == EventKind::epoch ? "epoch" : "step"; }

// The shortest text that reads back as the same number.
std::string shortest(double value) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

std::string json_line(const TrainEvent& event) {
  std::string line = cat("{\"event\": \"", name_of(event.kind), '"');
  for (const Count& count : kCounts) line += cat(", \"", count.name, "\": ", event.*count.value);
  for (const Column& column : kNumbers)  // JSON has no NaN and no infinity
    if (const double value = event.*column.value; std::isfinite(value)) line += cat(", \"", column.name, "\": ", shortest(value));
  return line + "}\n";
}

std::string csv_header() {
  std::string line = "event";
  for (const Count& count : kCounts) line += cat(',', count.name);
  for (const Column& column : kNumbers) line += cat(',', column.name);
  return line + '\n';
}

std::string csv_line(const TrainEvent& event) {
  std::string line(name_of(event.kind));
  for (const Count& count : kCounts) line += cat(',', event.*count.value);
  for (const Column& column : kNumbers) {
    const double value = event.*column.value;
    line += ',';
    if (!std::isnan(value)) line += shortest(value);
  }
  return line + '\n';
}

}  // namespace

TrainLog::TrainLog(const std::string& json_path, const std::string& csv_path, bool append) {
  if (!json_path.empty()) json_.emplace(json_path, append);
  if (csv_path.empty()) return;
  csv_.emplace(csv_path, append);
  if (csv_->size() == 0) csv_->write(csv_header());
}

void TrainLog::write(const TrainEvent& event) {
  if (json_) json_->write(json_line(event));
  if (csv_) csv_->write(csv_line(event));
}

}  // namespace mlxc::train
