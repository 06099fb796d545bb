// mlxc finetune and mlxc merge: a LoRA adapter from a text, and what it ends in.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "commands.h"
#include "session.h"

namespace cli {
namespace {

struct FinetuneFlags {
  CommonFlags common;
  std::string data, output, log;
  mlxc_lora_options lora = MLXC_LORA_OPTIONS_INIT;
  std::string targets;
  int64_t steps = 100, length = 256, batch = 4, accumulate = 1, warmup = 0;
  float rate = 2e-4f, alpha = 16, dropout = 0, decay = 0, clip = 1;
  bool rank_stabilized = false, constant = false;

  bool parse(const Arguments& arguments);
};

bool FinetuneFlags::parse(const Arguments& arguments) {
  Flags flags("finetune", "Trains a LoRA adapter on a text and writes it in PEFT's format. Progress goes to standard error.");
  flags.section("Data");
  flags.text(&data, "--data", "FILE", "UTF-8 text; -: standard input");
  flags.integer(&length, "--length", "N", "tokens of one window (default 256)", 1, 1 << 20);
  flags.integer(&batch, "--batch", "N", "windows of one pass (default 4)", 1, 1 << 20);
  flags.section("Adapter");
  flags.text(&output, "--output -o", "FOLDER", "where the adapter goes");
  flags.integer(&lora.rank, "--rank", "N", "columns of the matrices (default 8)", 1, 65536);
  flags.number(&alpha, "--alpha", "X", "the product counts alpha / rank times (default 16)");
  flags.on(&rank_stabilized, "--rslora", "alpha / sqrt(rank) instead");
  flags.number(&dropout, "--dropout", "P", "of what goes into the matrices (default 0)");
  flags.text(&targets, "--targets", "NAMES", "ends of layers' names, as q_proj,v_proj (default: every linear layer but the head)");
  flags.section("Training (AdamW)");
  flags.integer(&steps, "--steps", "N", "updates (default 100)", 1);
  flags.number(&rate, "--rate", "X", "learning rate (default 2e-4), along half a cosine to 0");
  flags.on(&constant, "--constant-rate", "the same rate at every step");
  flags.integer(&warmup, "--warmup", "N", "steps in which the rate rises first (default 0)");
  flags.integer(&accumulate, "--accumulate", "N", "passes of one update (default 1)", 1);
  flags.number(&decay, "--weight-decay", "X", "(default 0)");
  flags.number(&clip, "--clip", "X", "largest norm of the gradient (default 1); 0: any");
  flags.text(&log, "--log", "FILE", "one JSON object a step");
  common.declare(flags);
  if (!flags.parse(arguments)) return false;
  if (data.empty()) throw UsageError("--data is missing: name a text file");
  if (output.empty()) throw UsageError("--output is missing: name the folder of the new adapter");
  lora.alpha = alpha, lora.dropout = dropout, lora.rank_stabilized = rank_stabilized;
  lora.targets = targets.empty() ? nullptr : targets.c_str();
  return true;
}

// Beside the model's weights: a new adapter, or the one of --adapter to go on with.
Handle<mlxc_parameters> load_weights(const FinetuneFlags& flags) {
  const Handle<mlxc_device> device = open_device(flags.common);
  mlxc_parameters* out = nullptr;
  call(mlxc_parameters_load_model, &out, device.get(), flags.common.model_path().c_str(), 0,
       flags.common.high ? MLXC_PRECISION_HIGH : MLXC_PRECISION_NATIVE, uint64_t(flags.common.seed));
  auto parameters = own(out, mlxc_parameters_free);
  if (flags.common.adapter.empty()) {
    call(mlxc_parameters_add_lora, parameters.get(), &flags.lora);
  } else {
    call(mlxc_parameters_load_adapter, parameters.get(), flags.common.adapter.c_str());
  }
  return parameters;
}

// Before hours of training, not after them.
void make_output(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error && access(folder.c_str(), W_OK | X_OK) != 0) error.assign(errno, std::generic_category());
  if (error) throw Failure(MLXC_IO, "cannot write an adapter to the folder \"" + folder + "\": " + error.message());
}

Handle<mlxc_loader> load_windows(const FinetuneFlags& flags) {
  const std::string text = read_all(flags.data);
  const auto tokenizer = load_tokenizer(flags.common.model_path());
  mlxc_dataset* out = nullptr;
  call(mlxc_dataset_new_text, &out, tokenizer.get(), text.data(), text.size(), flags.length, flags.length);
  auto dataset = own(out, mlxc_dataset_free);
  int64_t samples = 0;
  call(mlxc_dataset_samples, dataset.get(), &samples);
  if (samples == 0)
    throw Failure(MLXC_INVALID_ARGUMENT, "the text has " + std::to_string(count_tokens(tokenizer.get(), text)) +
                                             " tokens, one window takes " + std::to_string(flags.length + 1) +
                                             "; give more text or a smaller --length");
  mlxc_loader_options options = MLXC_LOADER_OPTIONS_INIT;
  options.shuffle = 1;
  options.drop_last = 1;
  options.batch_size = std::min(flags.batch, samples);
  options.seed = uint64_t(flags.common.seed);
  mlxc_loader* loader = nullptr;
  call(mlxc_loader_new, &loader, dataset.get(), &options);
  return own(loader, mlxc_loader_free);
}

Handle<mlxc_trainer> make_trainer(const FinetuneFlags& flags, mlxc_parameters* parameters) {
  mlxc_module* module = nullptr;
  call(mlxc_module_language_model, &module, flags.common.model_path().c_str());
  auto model = own(module, mlxc_module_free);
  mlxc_optimizer_options adamw = MLXC_OPTIMIZER_OPTIONS_INIT;
  adamw.weight_decay = flags.decay;
  mlxc_optimizer* made = nullptr;
  call(mlxc_optimizer_new, &made, &adamw);
  auto optimizer = own(made, mlxc_optimizer_free);
  mlxc_schedule schedule = MLXC_SCHEDULE_INIT;
  schedule.kind = flags.constant ? MLXC_SCHEDULE_CONSTANT : MLXC_SCHEDULE_COSINE;
  schedule.rate = flags.rate;
  schedule.warmup_steps = flags.warmup;
  schedule.total_steps = std::max<int64_t>(flags.steps - flags.warmup, 1);
  mlxc_trainer_options options = MLXC_TRAINER_OPTIONS_INIT;
  options.clip_norm = flags.clip;
  options.accumulate = flags.accumulate;
  options.seed = uint64_t(flags.common.seed);
  options.schedule = &schedule;
  mlxc_trainer* trainer = nullptr;
  call(mlxc_trainer_new, &trainer, model.get(), parameters, optimizer.get(), &options);
  return own(trainer, mlxc_trainer_free);
}

struct Progress {
  const FinetuneFlags* flags;
  double first = 0, last = 0;
};

int32_t show(const mlxc_train_event* event, void* user_data) {
  auto& progress = *static_cast<Progress*>(user_data);
  if (event->kind != MLXC_TRAIN_STEP) return 0;
  if (event->step == 0) progress.first = event->loss;
  progress.last = event->loss;
  const FinetuneFlags& flags = *progress.flags;
  if (flags.common.quiet) return 0;
  const bool done = event->step + 1 == flags.steps;
  std::fprintf(stderr, "%sstep %lld/%lld  loss %.4f  rate %.2e  %.0f tokens/s%s", stderr_is_terminal() ? "\r\033[K" : "",
               static_cast<long long>(event->step) + 1, static_cast<long long>(flags.steps), event->loss, event->learning_rate,
               event->samples_per_second * double(flags.length), stderr_is_terminal() && !done ? "" : "\n");
  return 0;
}

}  // namespace

int finetune(const Arguments& arguments) {
  FinetuneFlags flags;
  if (!flags.parse(arguments)) return 0;
  const auto loader = load_windows(flags);
  make_output(flags.output);
  const auto parameters = load_weights(flags);
  const auto trainer = make_trainer(flags, parameters.get());

  mlxc_fit_options fit = MLXC_FIT_OPTIONS_INIT;
  fit.epochs = INT64_MAX;
  fit.max_steps = flags.steps;
  fit.json_log = flags.log.empty() ? nullptr : flags.log.c_str();
  fit.cancel = Interrupt::cancel();
  Progress progress{&flags};
  ErrorRecord error;
  const mlxc_status status = mlxc_trainer_fit(trainer.get(), loader.get(), nullptr, &fit, show, &progress, &error);
  const bool interrupted = status == MLXC_CANCELLED && Interrupt::requested();
  if (!interrupted) error.check(status);

  int64_t steps = 0;
  call(mlxc_trainer_position, trainer.get(), static_cast<int64_t*>(nullptr), static_cast<int64_t*>(nullptr), &steps);
  if (steps == 0) return 130;
  mlxc_parameters* trained = nullptr;
  call(mlxc_trainer_parameters_copy, &trained, trainer.get());
  const auto owner = own(trained, mlxc_parameters_free);
  call(mlxc_parameters_save_adapter, trained, flags.output.c_str(), flags.common.model_path().c_str());
  if (flags.common.json)
    print(dump({{"adapter", flags.output}, {"steps", steps}, {"first_loss", progress.first}, {"last_loss", progress.last}}) + "\n");
  return interrupted ? 130 : 0;
}

int merge(const Arguments& arguments) {
  CommonFlags common;
  std::string output;
  Flags flags("merge", "Adds a LoRA adapter to the weights of its model and writes the result as a model folder.");
  flags.text(&output, "--output -o", "FOLDER", "where the merged model goes; not the model's own folder");
  common.declare(flags);
  if (!flags.parse(arguments)) return 0;
  if (common.adapter.empty()) throw UsageError("--adapter is missing: name the folder of a LoRA adapter");
  if (output.empty()) throw UsageError("--output is missing: name the folder of the merged model");
  const Handle<mlxc_device> device = open_device(common);
  call(mlxc_adapter_merge, device.get(), common.model_path().c_str(), common.adapter.c_str(), output.c_str());
  return 0;
}

}  // namespace cli
