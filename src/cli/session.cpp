#include "session.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

namespace cli {
namespace {

std::atomic<bool> interrupted{false};
std::atomic<bool> cancel_in_use{false};
mlxc_cancel* interrupt_cancel = nullptr;

constexpr const char* kClearLine = "\r\033[K";

struct Loading {
  bool shows;
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  int percent = -1;  // as shown
};

int32_t show_loading(int64_t done, int64_t total, void* user_data) {
  auto& loading = *static_cast<Loading*>(user_data);
  int percent = total > 0 ? int(double(done) / double(total) * 100) : 100;
  // Loads that are over in a moment need no line.
  bool late = std::chrono::steady_clock::now() - loading.start > std::chrono::milliseconds(300);
  if (loading.shows && late && percent != loading.percent) {
    std::fprintf(stderr, "%sloading %d %%", kClearLine, percent);
    loading.percent = percent;
  }
  return interrupted ? 1 : 0;
}

}  // namespace

bool stderr_is_terminal() {
  static const bool terminal = isatty(STDERR_FILENO);
  return terminal;
}

void Interrupt::install() {
  if (mlxc_cancel_new(&interrupt_cancel, nullptr) != MLXC_OK) return;
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread([signals] {
    for (int signal = 0; sigwait(&signals, &signal) == 0;) {
      if (interrupted.exchange(true) || !cancel_in_use) _exit(130);
      mlxc_cancel_trigger(interrupt_cancel, nullptr);
    }
  }).detach();
}

mlxc_cancel* Interrupt::cancel() {
  cancel_in_use = true;
  return interrupt_cancel;
}

bool Interrupt::requested() { return interrupted; }

void CommonFlags::declare_model(Flags& flags) {
  flags.section("Common flags");
  flags.text(&model, "--model -m", "FOLDER", "the model: a folder with config.json, safetensors and tokenizer.json");
  flags.on(&json, "--json", "write JSON");
}

void CommonFlags::declare(Flags& flags) {
  declare_model(flags);
  flags.text(&adapter, "--adapter", "FOLDER", "a LoRA adapter in PEFT's format, used beside the model's weights");
  flags.text(&device, "--device", "NAME", "cpu, vulkan:0, ... or auto; see mlxc devices (default: $MLXC_DEVICE, else auto)");
  flags.integer(&threads, "--threads -t", "N", "CPU threads; 0 (default): all cores", 0, 4096);
  flags.integer(&seed, "--seed", "N", "fixes sampling (default 0)", INT64_MIN);
  flags.add("--precision", "high|native", "high: float32 activations; native (default): 16-bit where the weights are",
            [this](const std::string& value) {
              if (value != "high" && value != "native") throw UsageError("--precision is high or native, not \"" + value + "\"");
              high = value == "high";
            });
  flags.integer(&context, "--context", "N", "most positions of a sequence; 0 (default): the model's own limit");
  flags.on(&copy_weights, "--copy-weights", "read the weights into memory instead of mapping the file");
  flags.on(&quiet, "--quiet -q", "no statistics and no progress on stderr");
}

const std::string& CommonFlags::model_path() const {
  if (model.empty()) throw UsageError("--model is missing: name a model folder");
  return model;
}

Handle<mlxc_device> open_device(const CommonFlags& flags) {
  mlxc_device* device = nullptr;
  const char* chosen = std::getenv("MLXC_DEVICE");
  call(mlxc_device_open, &device, !flags.device.empty() ? flags.device.c_str() : chosen && *chosen ? chosen : "auto");
  return own(device, mlxc_device_free);
}

Handle<mlxc_model> load_model(const CommonFlags& flags) {
  const Handle<mlxc_device> device = open_device(flags);
  Loading loading{!flags.quiet && stderr_is_terminal()};
  mlxc_model_options options = MLXC_MODEL_OPTIONS_INIT;
  options.device = device.get();
  options.threads = int32_t(flags.threads);
  options.precision = flags.high ? MLXC_PRECISION_HIGH : MLXC_PRECISION_NATIVE;
  options.weights = flags.copy_weights ? MLXC_WEIGHTS_COPIED : MLXC_WEIGHTS_MAPPED;
  options.context = flags.context;
  options.adapter = flags.adapter.empty() ? nullptr : flags.adapter.c_str();
  options.progress = show_loading;
  options.progress_user_data = &loading;
  mlxc_model* model = nullptr;
  ErrorRecord error;
  mlxc_status status = mlxc_model_load(&model, flags.model_path().c_str(), &options, &error);
  if (loading.percent >= 0) std::fputs(kClearLine, stderr);
  error.check(status);
  return own(model, mlxc_model_free);
}

mlxc_model_info inspect(mlxc_model* model) {
  mlxc_model_info info = MLXC_MODEL_INFO_INIT;
  call(mlxc_model_inspect, model, &info);
  return info;
}

Handle<mlxc_tokenizer> load_tokenizer(const std::string& path) {
  mlxc_tokenizer* tokenizer = nullptr;
  call(mlxc_tokenizer_load, &tokenizer, path.c_str());
  return own(tokenizer, mlxc_tokenizer_free);
}

PromptProgress::PromptProgress(mlxc_model* model, int64_t total_tokens, bool enabled) {
  if (!enabled || !stderr_is_terminal()) return;
  stopped_ = false;
  thread_ = std::thread([this, model, total_tokens] { show(model, total_tokens); });
}

PromptProgress::~PromptProgress() {
  stop();
  if (thread_.joinable()) thread_.join();
}

void PromptProgress::stop() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

void PromptProgress::show(mlxc_model* model, int64_t total) {
  std::unique_lock lock(mutex_);
  bool shown = false;
  // Prompts that are done in a moment need no line.
  while (!changed_.wait_for(lock, std::chrono::milliseconds(shown ? 100 : 500), [&] { return stopped_; })) {
    mlxc_model_stats stats = MLXC_MODEL_STATS_INIT;
    if (mlxc_model_read_stats(model, &stats, nullptr) != MLXC_OK) return;
    std::fprintf(stderr, "%sprompt %lld of %lld tokens", kClearLine, static_cast<long long>(stats.prompt_tokens),
                 static_cast<long long>(total));
    shown = true;
  }
  if (shown) std::fputs(kClearLine, stderr);
}

mlxc_prompt PromptInput::view() const {
  if (is_tokens) return {nullptr, 0, tokens.data(), int64_t(tokens.size())};
  return {text.c_str(), text.size(), nullptr, 0};
}

void declare_prompts(Flags& flags, std::vector<PromptInput>* prompts) {
  flags.add("--prompt -p", "TEXT", "a prompt; repeat for a batch", [=](const std::string& value) {
    prompts->push_back({value, {}, false});
  });
  flags.add("--prompt-file -f", "FILE", "a prompt from a file, every byte of it; - for standard input", [=](const std::string& value) {
    prompts->push_back({read_all(value), {}, false});
  });
  flags.add("--prompt-tokens", "1,2,3", "a prompt as token ids", [=](const std::string& value) {
    prompts->push_back({"", parse_ids(value, "--prompt-tokens"), true});
  });
}

std::vector<mlxc_prompt> views(const std::vector<PromptInput>& prompts) {
  std::vector<mlxc_prompt> result;
  for (const PromptInput& prompt : prompts) result.push_back(prompt.view());
  return result;
}

std::vector<int32_t> encode(mlxc_tokenizer* tokenizer, std::string_view text, const mlxc_encode_options& options) {
  std::vector<int32_t> ids(text.size() + 16);
  int64_t needed = 0;
  ErrorRecord error;
  mlxc_status status =
      mlxc_tokenizer_encode(tokenizer, text.data(), text.size(), &options, ids.data(), int64_t(ids.size()), &needed, &error);
  if (status == MLXC_BUFFER_TOO_SMALL) {
    ids.resize(size_t(needed));
    status = mlxc_tokenizer_encode(tokenizer, text.data(), text.size(), &options, ids.data(), int64_t(ids.size()), &needed, &error);
  }
  error.check(status);
  ids.resize(size_t(needed));
  return ids;
}

int64_t count_tokens(mlxc_tokenizer* tokenizer, const std::string& text) {
  return int64_t(encode(tokenizer, text, MLXC_ENCODE_OPTIONS_INIT).size());
}

std::string read_all(const std::string& path) {
  std::ostringstream content;
  if (path == "-") {
    content << std::cin.rdbuf();
    return std::move(content).str();
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Failure(MLXC_IO, "cannot read " + path + ": " + std::strerror(errno));
  content << file.rdbuf();
  return std::move(content).str();
}

void read_lines(const std::string& path, const std::function<void(const std::string&, int64_t)>& each) {
  std::ifstream file;
  if (path != "-") {
    file.open(path, std::ios::binary);
    if (!file) throw Failure(MLXC_IO, "cannot read " + path + ": " + std::strerror(errno));
  }
  std::istream& in = path == "-" ? std::cin : file;
  int64_t number = 0;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    each(line, ++number);
  }
}

std::string dump_list(const Json& list) {
  std::string text = "[";
  for (size_t i = 0; i < list.size(); ++i) text += (i == 0 ? "\n " : ",\n ") + dump(list[i]);
  return text + (list.empty() ? "]" : "\n]");
}

std::string dump(const Json& json, int indent) { return json.dump(indent, ' ', false, Json::error_handler_t::replace); }

void print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size())
    throw Failure(MLXC_IO, std::string("cannot write to standard output: ") + std::strerror(errno));
}

}  // namespace cli
