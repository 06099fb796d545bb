// The mlxc command: a client of the C interface like any other.
#include <cstdio>
#include <exception>
#include <ios>
#include <string>

#include "commands.h"
#include "session.h"

namespace {

struct Command {
  const char* name;
  const char* summary;
  int (*run)(const cli::Arguments& arguments);
};

constexpr Command kCommands[] = {
    {"generate", "continue one or several prompts", cli::generate},
    {"tokenize", "text to token ids", cli::tokenize},
    {"detokenize", "token ids to text", cli::detokenize},
    {"logits", "logits of given tokens, as a .npy file", cli::logits},
    {"score", "log-probabilities of labels after prompts", cli::score},
    {"embed", "one vector for each text", cli::embed},
    {"finetune", "train a LoRA adapter on a text", cli::finetune},
    {"merge", "a model and an adapter become one model folder", cli::merge},
    {"bench", "measure prompt and generation speed", cli::bench},
    {"inspect", "what a model folder holds", cli::inspect_model},
    {"devices", "where models can run", cli::devices},
    {"calibrate", "measure what work costs on each device, for placement", cli::calibrate},
    {"version", "version and build", cli::version},
};

void print_help(std::FILE* out) {
  std::fputs("mlxc: language models from the folders in which they are published\n\nUsage: mlxc COMMAND [flags]\n\nCommands\n", out);
  for (const Command& command : kCommands) std::fprintf(out, "  %-11s %s\n", command.name, command.summary);
  std::fputs(
      "\nmlxc COMMAND --help lists the flags of a command.\n\nExample\n  mlxc generate --model DIR --prompt \"Once upon a time\" "
      "--max-tokens 200\n",
      out);
}

int fail_unknown(const std::string& name) {
  std::vector<std::string> names = {"help"};
  for (const Command& command : kCommands) names.push_back(command.name);
  auto meant = cli::nearest(name, names);
  std::fprintf(stderr, "mlxc: unknown command \"%s\"%s\nmlxc help lists the commands.\n", name.c_str(),
               meant ? ("; did you mean " + *meant + "?").c_str() : "");
  return 2;
}

int run(const Command& command, const cli::Arguments& arguments) {
  try {
    int code = command.run(arguments);
    if (std::fflush(stdout) != 0) throw cli::Failure(MLXC_IO, "cannot write to standard output");
    return code;
  } catch (const cli::UsageError& error) {
    std::fprintf(stderr, "mlxc %s: %s\nmlxc %s --help lists the flags.\n", command.name, error.what(), command.name);
    return 2;
  } catch (const std::exception& error) {
    if (cli::Interrupt::requested()) return 130;
    std::fflush(stdout);
    std::fprintf(stderr, "mlxc %s: %s\n", command.name, error.what());
    return 1;
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);  // standard input is read by streams only
  cli::Arguments arguments(argv + 1, argv + argc);
  if (arguments.empty()) {
    print_help(stderr);
    return 2;
  }
  std::string name = arguments[0];
  arguments.erase(arguments.begin());
  if (name == "--help" || name == "-h") name = "help";
  if (name == "--version" || name == "-V") name = "version";
  if (name == "help") {
    if (arguments.empty()) {
      print_help(stdout);
      return 0;
    }
    name = arguments[0];
    arguments = {"--help"};
  }
  for (const Command& command : kCommands)
    if (name == command.name) {
      cli::Interrupt::install();
      return run(command, arguments);
    }
  return fail_unknown(name);
}
