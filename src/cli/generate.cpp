// mlxc generate: streams one text, or prints the results of a batch.
#include <algorithm>
#include <cstdio>

#include "commands.h"
#include "session.h"

namespace cli {
namespace {

struct GenerateFlags {
  CommonFlags common;
  std::vector<PromptInput> prompts;
  mlxc_generate_options options = MLXC_GENERATE_OPTIONS_INIT;
  std::vector<std::string> stop;
  std::vector<int32_t> stop_tokens;
  std::vector<mlxc_logit_bias> logit_bias;
  int64_t top_logprobs = 0;
  bool ignore_eos = false, logprobs = false, echo = false, plain = false;

  bool parse(const Arguments& arguments);
};

mlxc_logit_bias parse_bias(const std::string& text) {
  auto colon = text.find_first_of(":=");
  if (colon == std::string::npos) throw UsageError("--logit-bias expects ID:BIAS, not \"" + text + "\"");
  return {int32_t(parse_integer(text.substr(0, colon), "--logit-bias", 0, INT32_MAX)),
          float(parse_number(text.substr(colon + 1), "--logit-bias"))};
}

bool GenerateFlags::parse(const Arguments& arguments) {
  Flags flags("generate", "Continues one or several prompts. One prompt streams to standard output; statistics go to standard error.");
  flags.section("Prompts");
  declare_prompts(flags, &prompts);
  flags.on(&plain, "--no-special-tokens", "add no BOS or other special tokens to text prompts");
  flags.section("Length and end");
  options.max_tokens = 256;
  flags.integer(&options.max_tokens, "--max-tokens -n", "N", "most generated tokens (default 256); -1: up to the context", -1);
  flags.integer(&options.min_tokens, "--min-tokens", "N", "no end before as many tokens");
  flags.texts(&stop, "--stop", "TEXT", "end before this text; repeatable");
  flags.add("--stop-token", "ID", "end at this token; repeatable", [this](const std::string& value) {
    for (int32_t id : parse_ids(value, "--stop-token")) stop_tokens.push_back(id);
  });
  flags.on(&ignore_eos, "--ignore-eos", "the model's own stop tokens do not end the text");
  flags.section("Sampling (defaults: the model's generation_config.json, else greedy)");
  flags.number(&options.temperature, "--temperature --temp", "T", "0: greedy");
  flags.integer(&options.top_k, "--top-k", "K", "keep the K most likely tokens; 0: all");
  flags.number(&options.top_p, "--top-p", "P", "keep the most likely tokens that together reach P");
  flags.number(&options.min_p, "--min-p", "P", "keep tokens of at least P times the highest probability");
  flags.number(&options.repetition_penalty, "--repetition-penalty", "R", "above 1: seen tokens become less likely");
  flags.number(&options.presence_penalty, "--presence-penalty", "R", "subtracted from the logits of generated tokens");
  flags.number(&options.frequency_penalty, "--frequency-penalty", "R", "the same, for each time");
  flags.add("--logit-bias", "ID:BIAS", "added to the logit of a token; -inf forbids it; repeatable",
            [this](const std::string& value) { logit_bias.push_back(parse_bias(value)); });
  flags.section("Output");
  flags.on(&logprobs, "--logprobs", "with --json: log-probability of each generated token");
  flags.integer(&top_logprobs, "--top-logprobs", "N", "with --json: the N most likely tokens of each step", 0, 100);
  flags.on(&echo, "--echo", "begin with the prompt");
  common.declare(flags);
  if (!flags.parse(arguments)) return false;
  if (prompts.empty()) throw UsageError("no prompt: give --prompt, --prompt-file or --prompt-tokens");
  if ((logprobs || top_logprobs > 0) && !common.json) throw UsageError("--logprobs and --top-logprobs need --json");
  return true;
}

// The only text of a run, written as it comes.
struct Stream {
  PromptProgress* progress;
  bool failed = false;
};

int32_t write_event(const mlxc_event* event, void* user_data) {
  auto& stream = *static_cast<Stream*>(user_data);
  stream.progress->stop();
  if (event->type != MLXC_EVENT_TOKEN || event->text_bytes == 0) return 0;
  stream.failed = std::fwrite(event->text, 1, event->text_bytes, stdout) != event->text_bytes || std::fflush(stdout) != 0;
  return stream.failed ? 1 : 0;
}

int32_t note_event(const mlxc_event*, void* user_data) {
  static_cast<Stream*>(user_data)->progress->stop();
  return 0;
}

mlxc_timings timings_of(mlxc_result* result, int64_t index) {
  mlxc_timings timings = MLXC_TIMINGS_INIT;
  call(mlxc_result_timings, result, index, &timings);
  return timings;
}

double rate(double count, double seconds) { return seconds > 0 ? count / seconds : 0; }

std::string text_at(mlxc_result* result, int64_t index) {
  const char* text = nullptr;
  size_t bytes = 0;
  call(mlxc_result_peek_text, result, index, &text, &bytes);
  return {text, bytes};
}

Json top_logprobs_json(mlxc_result* result, int64_t index, int64_t positions) {
  Json list = Json::array();
  for (int64_t position = 0; position < positions; ++position) {
    const mlxc_token_logprob* top = nullptr;
    int64_t count = 0;
    call(mlxc_result_peek_top_logprobs, result, index, position, &top, &count);
    Json step = Json::array();
    for (int64_t i = 0; i < count; ++i) step.push_back({{"token", top[i].token}, {"logprob", top[i].logprob}});
    list.push_back(std::move(step));
  }
  return list;
}

Json result_json(const GenerateFlags& flags, mlxc_result* result, int64_t index) {
  const int32_t* tokens = nullptr;
  int64_t count = 0;
  call(mlxc_result_peek_tokens, result, index, &tokens, &count);
  int32_t finish = MLXC_FINISH_NONE;
  call(mlxc_result_finish, result, index, &finish, static_cast<int32_t*>(nullptr));
  mlxc_timings timings = timings_of(result, index);
  Json json = {{"text", text_at(result, index)},
               {"tokens", std::vector<int32_t>(tokens, tokens + count)},
               {"finish_reason", mlxc_finish_reason_name(finish)}};
  if (flags.logprobs) {
    const float* logprobs = nullptr;
    call(mlxc_result_peek_logprobs, result, index, &logprobs, &count);
    json["logprobs"] = std::vector<float>(logprobs, logprobs + count);
  }
  if (flags.top_logprobs > 0) json["top_logprobs"] = top_logprobs_json(result, index, timings.generated_tokens);
  json["timings"] = {{"queue_seconds", timings.queue_seconds},
                     {"prompt_seconds", timings.prompt_seconds},
                     {"first_token_seconds", timings.first_token_seconds},
                     {"generate_seconds", timings.generate_seconds},
                     {"prompt_tokens", timings.prompt_tokens},
                     {"generated_tokens", timings.generated_tokens},
                     {"prompt_tokens_per_second", rate(double(timings.prompt_tokens), timings.prompt_seconds)},
                     {"tokens_per_second", rate(double(timings.generated_tokens - 1), timings.generate_seconds)}};
  return json;
}

void print_batch(mlxc_result* result, int64_t count) {
  for (int64_t i = 0; i < count; ++i) print("==> " + std::to_string(i + 1) + " <==\n" + text_at(result, i) + "\n");
}

void print_statistics(mlxc_result* result, int64_t count) {
  int64_t prompt = 0, generated = 0;
  double prompt_seconds = 0, first = 0, generate_seconds = 0;
  for (int64_t i = 0; i < count; ++i) {
    mlxc_timings timings = timings_of(result, i);
    prompt += timings.prompt_tokens;
    generated += timings.generated_tokens;
    prompt_seconds = std::max(prompt_seconds, timings.prompt_seconds);
    first = std::max(first, timings.first_token_seconds);
    generate_seconds = std::max(generate_seconds, timings.generate_seconds);
  }
  std::fprintf(stderr, "\nprompt %lld tokens, %.1f tokens/s | first token after %.0f ms | generated %lld tokens, %.1f tokens/s\n",
               static_cast<long long>(prompt), rate(double(prompt), prompt_seconds), first * 1000, static_cast<long long>(generated),
               rate(double(generated - count), generate_seconds));
}

int64_t prompt_tokens(mlxc_model* model, const std::vector<PromptInput>& prompts) {
  mlxc_tokenizer* tokenizer = nullptr;
  if (mlxc_model_tokenizer_copy(&tokenizer, model, nullptr) != MLXC_OK) return 0;
  auto owner = own(tokenizer, mlxc_tokenizer_free);
  int64_t total = 0;
  for (const PromptInput& prompt : prompts)
    total += prompt.is_tokens ? int64_t(prompt.tokens.size()) : count_tokens(tokenizer, prompt.text);
  return total;
}

}  // namespace

int generate(const Arguments& arguments) {
  GenerateFlags flags;
  if (!flags.parse(arguments)) return 0;
  mlxc_generate_options& options = flags.options;
  std::vector<mlxc_text> stop;
  for (const std::string& text : flags.stop) stop.push_back({text.data(), text.size()});
  options.stop = stop.data();
  options.stop_count = int64_t(stop.size());
  options.stop_tokens = flags.stop_tokens.data();
  options.stop_token_count = int64_t(flags.stop_tokens.size());
  options.logit_bias = flags.logit_bias.data();
  options.logit_bias_count = int64_t(flags.logit_bias.size());
  options.seed = uint64_t(flags.common.seed);
  options.ignore_model_stop = flags.ignore_eos;
  options.logprobs = flags.logprobs;
  options.top_logprobs = int32_t(flags.top_logprobs);
  options.echo = flags.echo;
  options.add_special_tokens = !flags.plain;
  options.cancel = Interrupt::cancel();

  auto model = load_model(flags.common);
  auto prompts = views(flags.prompts);
  auto count = int64_t(prompts.size());
  bool streams = count == 1 && !flags.common.json;
  bool shows_progress = !flags.common.quiet && stderr_is_terminal();
  PromptProgress progress(model.get(), shows_progress ? prompt_tokens(model.get(), flags.prompts) : 0, shows_progress);
  Stream stream{&progress};

  mlxc_result* result = nullptr;
  ErrorRecord error;
  mlxc_status status = mlxc_generate_batch(&result, model.get(), prompts.data(), count, &options, nullptr,
                                           streams ? write_event : note_event, &stream, &error);
  progress.stop();
  auto owner = own(result, mlxc_result_free);
  if (stream.failed) throw Failure(MLXC_IO, "cannot write to standard output");
  bool interrupted = status == MLXC_CANCELLED && Interrupt::requested() && result;
  if (!interrupted) error.check(status);

  if (flags.common.json) {
    Json list = Json::array();
    for (int64_t i = 0; i < count; ++i) list.push_back(result_json(flags, result, i));
    print(dump_list(list) + "\n");
  } else if (streams) {
    print("\n");
  } else {
    print_batch(result, count);
  }
  std::fflush(stdout);
  if (!flags.common.json && !flags.common.quiet) print_statistics(result, count);
  return interrupted ? 130 : 0;
}

}  // namespace cli
