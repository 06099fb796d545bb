// mlxc tokenize and mlxc detokenize.
#include "commands.h"
#include "session.h"

namespace cli {
namespace {

std::string decode(mlxc_tokenizer* tokenizer, const std::vector<int32_t>& ids, const mlxc_decode_options& options) {
  return text_of([&](char* buffer, size_t capacity, size_t* needed, mlxc_error* error) {
    return mlxc_tokenizer_decode(tokenizer, ids.data(), int64_t(ids.size()), &options, buffer, capacity, needed, error);
  });
}

// One line of a .jsonl file.
template <class T>
T parse_line(const std::string& line, int64_t number, const char* expected) {
  try {
    return Json::parse(line).get<T>();
  } catch (const Json::exception&) {
    throw Failure(MLXC_FORMAT, "line " + std::to_string(number) + " is not " + expected + ": " + line.substr(0, 80));
  }
}

}  // namespace

int tokenize(const Arguments& arguments) {
  CommonFlags common;
  std::vector<std::string> words;
  std::string input = "-";
  bool jsonl = false, no_special = false, plain = false;
  mlxc_encode_options options = MLXC_ENCODE_OPTIONS_INIT;
  Flags flags("tokenize", "Turns text into token ids: the TEXT given, or standard input.");
  flags.positional(&words, "[TEXT...]");
  flags.add("--prompt -p", "TEXT", "the text; repeatable", [&](const std::string& value) { words.push_back(value); });
  flags.text(&input, "--input -i", "FILE", "read this file instead of standard input");
  flags.on(&jsonl, "--jsonl", "a JSON string per input line, a JSON list of ids per output line");
  flags.on(&no_special, "--no-special-tokens", "leave out what the post-processor adds (BOS, [CLS], ...)");
  flags.on(&plain, "--plain", "read special tokens written in the text as plain text");
  common.declare(flags);
  if (!flags.parse(arguments)) return 0;
  options.add_special_tokens = !no_special;
  options.parse_special = !plain;

  auto tokenizer = load_tokenizer(common.model_path());
  auto ids_of = [&](const std::string& text) { return encode(tokenizer.get(), text, options); };
  if (jsonl) {
    read_lines(input, [&](const std::string& line, int64_t number) {
      print(dump(ids_of(parse_line<std::string>(line, number, "a JSON string"))) + "\n");
    });
    return 0;
  }
  if (words.empty()) words.push_back(read_all(input));
  for (const std::string& text : words) {
    std::string line = dump(ids_of(text));
    print((common.json ? line : line.substr(1, line.size() - 2)) + "\n");  // without brackets: as --prompt-tokens takes it
  }
  return 0;
}

int detokenize(const Arguments& arguments) {
  CommonFlags common;
  std::vector<std::string> words;
  std::string input = "-";
  bool jsonl = false, skip_special = false;
  mlxc_decode_options options = MLXC_DECODE_OPTIONS_INIT;
  Flags flags("detokenize", "Turns token ids into text: the ids given, or standard input.");
  flags.positional(&words, "[1,2,3...]");
  flags.add("--tokens", "1,2,3", "the ids; repeatable", [&](const std::string& value) { words.push_back(value); });
  flags.text(&input, "--input -i", "FILE", "read this file instead of standard input");
  flags.on(&jsonl, "--jsonl", "a JSON list of ids per input line, a JSON string per output line");
  flags.on(&skip_special, "--skip-special", "special tokens give no text");
  common.declare(flags);
  if (!flags.parse(arguments)) return 0;
  options.skip_special_tokens = skip_special;

  auto tokenizer = load_tokenizer(common.model_path());
  auto text_of_ids = [&](const std::vector<int32_t>& ids) { return decode(tokenizer.get(), ids, options); };
  if (jsonl) {
    read_lines(input, [&](const std::string& line, int64_t number) {
      print(dump(text_of_ids(parse_line<std::vector<int32_t>>(line, number, "a JSON list of ids"))) + "\n");
    });
    return 0;
  }
  if (words.empty()) words.push_back(read_all(input));
  for (const std::string& word : words) {
    std::string text = text_of_ids(parse_ids(word, "--tokens"));
    print((common.json ? dump(text) : text) + "\n");
  }
  return 0;
}

}  // namespace cli
