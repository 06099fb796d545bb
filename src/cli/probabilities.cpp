// mlxc logits, mlxc score and mlxc embed.
#include <algorithm>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "commands.h"
#include "session.h"

namespace cli {
namespace {

// NumPy's .npy format, version 1.0: magic, header length, a Python dictionary padded to 64 bytes, the data.
void write_npy(const std::string& path, const std::vector<float>& values, int64_t rows, int64_t columns) {
  static_assert(std::endian::native == std::endian::little);
  std::string header =
      "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::to_string(rows) + ", " + std::to_string(columns) + "), }";
  header.resize((10 + header.size() + 1 + 63) / 64 * 64 - 11, ' ');
  header += '\n';
  std::string start = std::string("\x93NUMPY\x01\x00", 8) + char(header.size() & 0xff) + char(header.size() >> 8) + header;
  std::FILE* file = path == "-" ? stdout : std::fopen(path.c_str(), "wb");
  if (!file) throw Failure(MLXC_IO, "cannot write " + path + ": " + std::strerror(errno));
  bool ok = std::fwrite(start.data(), 1, start.size(), file) == start.size() &&
            std::fwrite(values.data(), sizeof(float), values.size(), file) == values.size();
  int closed = file == stdout ? std::fflush(file) : std::fclose(file);
  if (!ok || closed != 0) throw Failure(MLXC_IO, "cannot write " + path + ": " + std::strerror(errno));
}

// A JSON list of the shortest decimals that give the floats back.
std::string list_text(const float* values, int64_t count) {
  std::string text = "[";
  char number[32];
  for (int64_t i = 0; i < count; ++i) {
    if (i > 0) text += ',';
    if (std::isfinite(values[i]))
      text.append(number, std::to_chars(number, number + sizeof number, values[i]).ptr);
    else
      text += "null";
  }
  return text + "]";
}

Json list_json(const float* values, int64_t count) {
  Json list = Json::array();
  for (int64_t i = 0; i < count; ++i) list.push_back(values[i]);
  return list;
}

}  // namespace

int logits(const Arguments& arguments) {
  CommonFlags common;
  std::vector<PromptInput> prompts;
  std::string output, hidden_output;
  Flags flags("logits", "Writes the logits of every given token as a .npy file, float32 [tokens, vocabulary].");
  flags.add("--tokens", "1,2,3", "the tokens", [&](const std::string& value) {
    prompts.push_back({"", parse_ids(value, "--tokens"), true});
  });
  declare_prompts(flags, &prompts);
  flags.text(&output, "--output -o", "FILE.npy", "where the logits go, - for standard output");
  flags.text(&hidden_output, "--hidden", "FILE.npy", "where the hidden states [tokens, hidden] go");
  common.declare(flags);
  if (!flags.parse(arguments)) return 0;
  if (prompts.size() != 1) throw UsageError("give one sequence: --tokens, --prompt, --prompt-file or --prompt-tokens");
  if (output.empty() && hidden_output.empty()) throw UsageError("--output is missing: name a .npy file");

  auto model = load_model(common);
  mlxc_model_info info = inspect(model.get());
  std::vector<int32_t> tokens = prompts[0].tokens;
  if (!prompts[0].is_tokens) {
    mlxc_tokenizer* tokenizer = nullptr;
    call(mlxc_model_tokenizer_copy, &tokenizer, model.get());
    auto owner = own(tokenizer, mlxc_tokenizer_free);
    tokens = encode(tokenizer, prompts[0].text, MLXC_ENCODE_OPTIONS_INIT);
  }
  auto count = int64_t(tokens.size());
  std::vector<float> logits(output.empty() ? 0 : size_t(count * info.vocabulary)),
      hidden(hidden_output.empty() ? 0 : size_t(count * info.hidden));
  call(mlxc_logits, model.get(), tokens.data(), count, output.empty() ? nullptr : logits.data(), int64_t(logits.size()),
       hidden_output.empty() ? nullptr : hidden.data(), int64_t(hidden.size()), Interrupt::cancel());
  if (!output.empty()) write_npy(output, logits, count, info.vocabulary);
  if (!hidden_output.empty()) write_npy(hidden_output, hidden, count, info.hidden);
  return 0;
}

int score(const Arguments& arguments) {
  CommonFlags common;
  std::vector<PromptInput> prompts;
  std::vector<std::string> labels;
  bool per_token = false;
  Flags flags("score", "Log-probability of each label as a continuation of each prompt, summed over the label's tokens.");
  declare_prompts(flags, &prompts);
  flags.texts(&labels, "--label -l", "TEXT", "a label, with the leading space it has after the prompt; repeatable");
  flags.on(&per_token, "--per-token", "rank by the mean over the label's tokens");
  common.declare(flags);
  if (!flags.parse(arguments)) return 0;
  if (prompts.empty() || labels.empty()) throw UsageError("give at least one --prompt and one --label");

  auto model = load_model(common);
  auto prompt_views = views(prompts);
  std::vector<mlxc_prompt> label_views;
  label_views.reserve(labels.size());
  for (const std::string& label : labels) label_views.push_back({label.c_str(), label.size(), nullptr, 0});
  std::vector<float> scores(prompts.size() * labels.size());
  std::vector<int32_t> counts(labels.size());
  mlxc_score_options options = MLXC_SCORE_OPTIONS_INIT;
  options.cancel = Interrupt::cancel();
  call(mlxc_score, model.get(), prompt_views.data(), int64_t(prompts.size()), label_views.data(), int64_t(labels.size()), &options,
       scores.data(), int64_t(scores.size()), counts.data());

  Json list = Json::array();
  for (size_t p = 0; p < prompts.size(); ++p) {
    const float* row = scores.data() + p * labels.size();
    auto rank = [&](size_t l) { return per_token ? row[l] / float(counts[l]) : row[l]; };
    size_t best = 0;
    for (size_t l = 1; l < labels.size(); ++l)
      if (rank(l) > rank(best)) best = l;
    if (common.json) {
      list.push_back({{"scores", list_json(row, int64_t(labels.size()))}, {"token_counts", counts}, {"best", labels[best]}});
      continue;
    }
    if (prompts.size() > 1) print("==> " + std::to_string(p + 1) + " <==\n");
    for (size_t l = 0; l < labels.size(); ++l) {
      char numbers[64];
      std::snprintf(numbers, sizeof numbers, "%c %10.4f  %3d  ", l == best ? '*' : ' ', double(row[l]), counts[l]);
      print(numbers + labels[l] + "\n");
    }
  }
  if (common.json) print(dump_list(list) + "\n");
  return 0;
}

int embed(const Arguments& arguments) {
  CommonFlags common;
  std::vector<PromptInput> inputs;
  std::string input = "-";
  bool jsonl = false;
  mlxc_embed_options options = MLXC_EMBED_OPTIONS_INIT;
  Flags flags("embed", "One vector for each text, as a JSON list a line.");
  declare_prompts(flags, &inputs);
  flags.text(&input, "--input -i", "FILE", "with --jsonl: read this file instead of standard input");
  flags.on(&jsonl, "--jsonl", "a JSON string per input line");
  flags.add("--pooling", "mean|last|cls", "how token vectors become one (default: the model's)", [&](const std::string& value) {
    if (value != "mean" && value != "last" && value != "cls") throw UsageError("--pooling is mean, last or cls, not \"" + value + "\"");
    options.pooling = value == "mean" ? MLXC_POOLING_MEAN : value == "last" ? MLXC_POOLING_LAST : MLXC_POOLING_CLS;
  });
  flags.add("--normalize", "", "vectors of length 1 (default: the model's)", [&](const std::string&) { options.normalize = 1; });
  flags.add("--no-normalize", "", "vectors as they are", [&](const std::string&) { options.normalize = 0; });
  common.declare(flags);
  if (!flags.parse(arguments)) return 0;
  if (inputs.empty() && !jsonl) throw UsageError("no text: give --prompt, --prompt-file, --prompt-tokens or --jsonl");
  options.cancel = Interrupt::cancel();

  auto model = load_model(common);
  int64_t hidden = inspect(model.get()).hidden;
  const bool lists = common.json && !jsonl;  // one list of lists instead of a list a line
  bool first = true;
  auto flush = [&] {
    std::vector<float> vectors(inputs.size() * size_t(hidden));
    auto prompt_views = views(inputs);
    call(mlxc_embed, model.get(), prompt_views.data(), int64_t(inputs.size()), &options, vectors.data(), int64_t(vectors.size()));
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (lists) print(first ? "[\n " : ",\n ");
      first = false;
      print(list_text(vectors.data() + i * size_t(hidden), hidden) + (lists ? "" : "\n"));
    }
    std::fflush(stdout);
    inputs.clear();
  };
  constexpr size_t kBatch = 64;
  if (jsonl)
    read_lines(input, [&](const std::string& line, int64_t number) {
      Json text = Json::parse(line, nullptr, false);
      if (!text.is_string()) throw Failure(MLXC_FORMAT, "line " + std::to_string(number) + " is not a JSON string: " + line.substr(0, 80));
      inputs.push_back({text.get<std::string>(), {}, false});
      if (inputs.size() == kBatch) flush();
    });
  if (!inputs.empty()) flush();
  if (lists) print("\n]\n");
  return 0;
}

}  // namespace cli
