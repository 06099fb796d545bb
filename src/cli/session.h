// What the commands share: handles that free themselves, the common flags, loading with progress, and Ctrl-C.
#pragma once

#include <mlxc/mlxc.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "flags.h"

namespace cli {

using Json = nlohmann::ordered_json;

// A call of the library failed: exit code 1, or 130 when Ctrl-C was the reason.
struct Failure : std::runtime_error {
  Failure(mlxc_status status, const std::string& message) : std::runtime_error(message), status(status) {}
  mlxc_status status;
};

struct ErrorRecord : mlxc_error {
  ErrorRecord() : mlxc_error MLXC_ERROR_INIT {}
  void check(mlxc_status result) const {
    if (result != MLXC_OK) throw Failure(result, message[0] ? message : mlxc_status_name(result));
  }
};

// call(function, arguments...) adds the error record and throws Failure.
template <class Function, class... Arguments>
void call(Function function, Arguments... arguments) {
  ErrorRecord error;
  error.check(function(arguments..., &error));
}

template <class T>
struct Free {
  void (*function)(T*);
  void operator()(T* handle) const { function(handle); }
};
template <class T>
using Handle = std::unique_ptr<T, Free<T>>;
template <class T>
Handle<T> own(T* handle, void (*free)(T*)) {
  return Handle<T>(handle, Free<T>{free});
}

// Text of the library by (buffer, capacity, &needed).
template <class Ask>
std::string text_of(Ask ask) {
  size_t needed = 0;
  mlxc_status status = ask(nullptr, size_t{0}, &needed, nullptr);
  if (status != MLXC_BUFFER_TOO_SMALL) {
    ErrorRecord error;
    error.check(ask(nullptr, size_t{0}, &needed, &error));
  }
  std::string text(needed, '\0');
  ErrorRecord error;
  error.check(ask(text.data(), text.size(), &needed, &error));
  text.resize(needed - 1);
  return text;
}

struct CommonFlags {
  std::string model, adapter, device;
  int64_t threads = 0, seed = 0, context = 0;
  bool high = false, json = false, quiet = false, copy_weights = false;

  void declare(Flags& flags);
  void declare_model(Flags& flags);  // only --model and --json
  const std::string& model_path() const;
};

bool stderr_is_terminal();

// Ctrl-C: the first one triggers cancel() and lets the command end by itself, the second ends the process.
class Interrupt {
 public:
  static void install();         // before any other thread exists
  static mlxc_cancel* cancel();  // for the options of long calls; commands that use none end at the first Ctrl-C
  static bool requested();
};

// What --device, else $MLXC_DEVICE, else "auto" names.
Handle<mlxc_device> open_device(const CommonFlags& flags);
// Loads with a progress line on a terminal.
Handle<mlxc_model> load_model(const CommonFlags& flags);
mlxc_model_info inspect(mlxc_model* model);
Handle<mlxc_tokenizer> load_tokenizer(const std::string& path);

// A progress line on stderr while a prompt runs; nothing when stderr is no terminal.
class PromptProgress {
 public:
  PromptProgress(mlxc_model* model, int64_t total_tokens, bool enabled);
  ~PromptProgress();
  void stop();  // the first token is here

 private:
  void show(mlxc_model* model, int64_t total);
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = true;
  std::thread thread_;
};

// A prompt as the flags give it, in the order of the flags.
struct PromptInput {
  std::string text;
  std::vector<int32_t> tokens;
  bool is_tokens = false;

  mlxc_prompt view() const;
};
void declare_prompts(Flags& flags, std::vector<PromptInput>* prompts);
std::vector<mlxc_prompt> views(const std::vector<PromptInput>& prompts);
int64_t count_tokens(mlxc_tokenizer* tokenizer, const std::string& text);
std::vector<int32_t> encode(mlxc_tokenizer* tokenizer, std::string_view text, const mlxc_encode_options& options);

std::string read_all(const std::string& path);  // "-": standard input
// Calls `each` with every line of standard input or a file, without its line end.
void read_lines(const std::string& path, const std::function<void(const std::string& line, int64_t number)>& each);
std::string dump(const Json& json, int indent = -1);
std::string dump_list(const Json& list);  // one element a line
void print(std::string_view text);        // to stdout; throws when it cannot be written

}  // namespace cli
