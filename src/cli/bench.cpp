// mlxc bench: prompt and generation speed, medians over repeats.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <random>

#include "commands.h"
#include "session.h"

namespace cli {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::vector<int64_t> parse_list(const std::string& text, const std::string& what, int64_t low) {
  std::vector<int64_t> values;
  for (int32_t value : parse_ids(text, what)) values.push_back(value);
  for (int64_t value : values)
    if (value < low) throw UsageError(what + " is " + std::to_string(value) + ", expected at least " + std::to_string(low));
  if (values.empty()) throw UsageError(what + " is empty");
  return values;
}

// Counts tokens from the moment on when every sequence of the batch generates, so that no prompt is in the figure.
struct DecodeWindow {
  DecodeWindow(int64_t batch, int64_t wanted) : started(size_t(batch)), wanted(wanted), waiting(batch) {}
  std::vector<bool> started;
  int64_t wanted, waiting, tokens = 0;
  Clock::time_point start{}, end{};

  static int32_t event(const mlxc_event* event, void* user_data) {
    if (event->type != MLXC_EVENT_TOKEN || event->token < 0) return 0;
    auto& window = *static_cast<DecodeWindow*>(user_data);
    if (window.waiting > 0) {
      if (window.started[event->tag]) return 0;
      window.started[event->tag] = true;
      if (--window.waiting == 0) window.start = Clock::now();
      return 0;
    }
    ++window.tokens;
    window.end = Clock::now();
    return window.tokens >= window.wanted ? 1 : 0;
  }
  double rate() const { return tokens > 0 ? double(tokens) / std::chrono::duration<double>(end - start).count() : 0; }
};

class Bench {
 public:
  Bench(mlxc_model* model, uint64_t seed) : model_(model), info_(inspect(model)), random_(seed) {}

  // Seconds for one prompt of `tokens` tokens.
  double prompt(int64_t tokens) {
    mlxc_generate_options options = MLXC_GENERATE_OPTIONS_INIT;
    options.max_tokens = 0;
    options.cancel = Interrupt::cancel();
    auto input = random_prompt(tokens);
    mlxc_prompt prompt{nullptr, 0, input.data(), tokens};
    auto start = Clock::now();
    call(mlxc_generate_batch, static_cast<mlxc_result**>(nullptr), model_, &prompt, int64_t{1}, &options, nullptr, nullptr, nullptr);
    return seconds_since(start);
  }

  // Tokens per second of `batch` sequences together, each with `depth` tokens before, over `tokens` tokens each.
  double decode(int64_t batch, int64_t depth, int64_t tokens) {
    std::vector<std::vector<int32_t>> inputs;
    std::vector<mlxc_prompt> prompts;
    inputs.reserve(size_t(batch));
    prompts.reserve(size_t(batch));
    for (int64_t i = 0; i < batch; ++i) inputs.push_back(random_prompt(std::max<int64_t>(depth, 1)));
    for (const auto& input : inputs) prompts.push_back({nullptr, 0, input.data(), int64_t(input.size())});
    mlxc_generate_options options = MLXC_GENERATE_OPTIONS_INIT;
    options.temperature = 0;
    options.repetition_penalty = 1;
    options.ignore_model_stop = 1;
    options.cancel = Interrupt::cancel();
    DecodeWindow window(batch, batch * tokens);
    ErrorRecord error;
    mlxc_status status =
        mlxc_generate_batch(nullptr, model_, prompts.data(), batch, &options, nullptr, DecodeWindow::event, &window, &error);
    if (status != MLXC_CANCELLED || Interrupt::requested()) error.check(status);
    if (window.tokens < window.wanted)
      throw Failure(MLXC_CONTEXT_FULL, "the context of " + std::to_string(info_.context) + " tokens is too short for -d and -n");
    return window.rate();
  }

  const mlxc_model_info& info() const { return info_; }

 private:
  std::vector<int32_t> random_prompt(int64_t tokens) {
    std::uniform_int_distribution<int32_t> any(0, int32_t(info_.vocabulary - 1));
    std::vector<int32_t> prompt(size_t(tokens), 0);
    for (int32_t& token : prompt) token = any(random_);
    return prompt;
  }

  mlxc_model* model_;
  mlxc_model_info info_;
  std::mt19937_64 random_;
};

}  // namespace

int bench(const Arguments& arguments) {
  CommonFlags common;
  std::vector<int64_t> prompts = {512}, batches = {1}, depths = {0};
  int64_t tokens = 128, repeats = 5;
  bool profile = false;
  std::string trace;
  Flags flags("bench", "Measures tokens per second: of a prompt, and of generating; medians over repeats after one warm-up.");
  flags.add("-p", "512", "tokens of the prompt; a list 128,512 measures each; 0: leave out",
            [&](const std::string& v) { prompts = parse_list(v, "-p", 0); });
  flags.integer(&tokens, "-n", "128", "generated tokens of each sequence; 0: leave out");
  flags.add("-b", "1", "sequences together; a list 1,4,16 measures each", [&](const std::string& v) { batches = parse_list(v, "-b", 1); });
  flags.add("-d", "0", "tokens in the cache before generating; a list measures each",
            [&](const std::string& v) { depths = parse_list(v, "-d", 0); });
  flags.integer(&repeats, "-r", "5", "repeats", 1, 1000);
  flags.on(&profile, "--profile", "two more runs of each: one with its programs timed, one with every launch: where the time goes");
  flags.text(&trace, "--trace", "FILE", "the last of those runs as a time line, launch by launch (chrome://tracing, ui.perfetto.dev)");
  common.declare(flags);
  if (!flags.parse(arguments)) return 0;

  const Handle<mlxc_device> device = open_device(common);
  auto start = Clock::now();
  auto model = load_model(common);
  double load_seconds = seconds_since(start);
  Bench bench(model.get(), uint64_t(common.seed) + 1);
  Json results = Json::array();
  if (!common.json)
    std::printf("%s, %.1f M parameters, loaded in %.0f ms\n%-8s %8s %6s %8s %12s %12s %12s\n", bench.info().architecture,
                double(bench.info().parameters) / 1e6, load_seconds * 1000, "what", "tokens", "batch", "depth", "tokens/s", "lowest",
                "highest");
  auto report = [&](const char* what, int64_t count, int64_t batch, int64_t depth, const std::vector<double>& rates) {
    auto [low, high] = std::minmax_element(rates.begin(), rates.end());
    results.push_back({{"what", what},
                       {"tokens", count},
                       {"batch", batch},
                       {"depth", depth},
                       {"tokens_per_second", median(rates)},
                       {"lowest", *low},
                       {"highest", *high},
                       {"repeats", rates.size()}});
    if (!common.json)
      std::printf("%-8s %8lld %6lld %8lld %12.1f %12.1f %12.1f\n", what, static_cast<long long>(count), static_cast<long long>(batch),
                  static_cast<long long>(depth), median(rates), *low, *high);
    std::fflush(stdout);
  };

  // What runs while kernels are timed takes longer: it is not among the figures.
  auto report_profile = [&](auto&& run) {
    if (!profile && trace.empty()) return;
    std::string table;
    for (const int32_t what : {MLXC_PROFILE_PROGRAMS, MLXC_PROFILE_KERNELS}) {
      call(mlxc_device_profile, device.get(), what);
      run();
      call(mlxc_device_profile, device.get(), int32_t{MLXC_PROFILE_OFF});
      table += text_of([&](auto... rest) { return mlxc_device_profile_text(device.get(), rest...); }) + "\n";
    }
    if (common.json)
      results.back()["profile"] = table;
    else if (profile)
      std::printf("\n%s\n", table.c_str());
    if (trace.empty()) return;
    std::ofstream file(trace);
    file << text_of([&](auto... rest) { return mlxc_device_profile_trace(device.get(), rest...); });
    file.close();
    if (!file) throw Failure(MLXC_IO, "the trace cannot be written to " + trace);
  };

  for (int64_t count : prompts) {
    if (count == 0) continue;
    std::vector<double> rates;
    bench.prompt(count);
    for (int64_t r = 0; r < repeats; ++r) rates.push_back(double(count) / bench.prompt(count));
    report("prompt", count, 1, 0, rates);
    report_profile([&] { bench.prompt(count); });
  }
  for (int64_t depth : depths)
    for (int64_t batch : batches) {
      if (tokens == 0) break;
      std::vector<double> rates;
      bench.decode(batch, depth, std::min<int64_t>(tokens, 8));
      for (int64_t r = 0; r < repeats; ++r) rates.push_back(bench.decode(batch, depth, tokens));
      report("generate", tokens, batch, depth, rates);
      report_profile([&] { bench.decode(batch, depth, std::min<int64_t>(tokens, 16)); });
    }
  if (common.json)
    print(dump({{"model", common.model},
                {"architecture", bench.info().architecture},
                {"parameters", bench.info().parameters},
                {"threads", common.threads},
                {"precision", common.high ? "high" : "native"},
                {"load_seconds", load_seconds},
                {"results", results}},
               1) +
          "\n");
  return 0;
}

}  // namespace cli
