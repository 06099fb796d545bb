// Events of training, and files of them: JSON objects, one a line, and tables.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/file.h"

namespace mlxc::train {

enum class EventKind : int32_t { gathered = 0, step = 1, epoch = 2 };

// NaN: not measured. The C ABI's mlxc_train_event says what each is.
struct TrainEvent {
  EventKind kind = EventKind::step;
  int64_t skipped = 0;
  int64_t epoch = 0, step = 0, batch = 0, batches = 0, samples = 0;
  double loss = NAN, accuracy = NAN, learning_rate = NAN, gradient_norm = NAN, loss_scale = NAN;
  double seconds = 0, samples_per_second = NAN;
  double validation_loss = NAN, validation_accuracy = NAN;
  bool best = false, stopping = false;
};

class TrainLog {
 public:
  // Empty paths: none. append: files are continued, else they begin anew.
  TrainLog(const std::string& json_path, const std::string& csv_path, bool append);
  void write(const TrainEvent& event);

 private:
  std::optional<FileAppender> json_, csv_;
};

}  // namespace mlxc::train
