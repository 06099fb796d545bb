// Times the tokenizer on one thread.  usage: bench_tokenizer tokenizer.json TEXT
// Reads one command a line from stdin and answers with seconds: load, text (encode all at once), lines (encode line by line), decode.
// tokenizer_compare.py beside this file drives it next to the PyPI package `tokenizers`.
#include "text/tokenizer.h"

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "base/error.h"

namespace {

template <class Work>
double seconds(Work&& work) {
  auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

int run(const std::string& file, const std::string& text_file) {
  std::ifstream in(text_file, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  auto tokenizer = mlxc::Tokenizer::load_file(file);
  std::vector<int32_t> ids = tokenizer->encode(text);
  std::string decoded;
  size_t count = 0;
  for (std::string command; std::getline(std::cin, command);) {
    double time = 0;
    if (command == "load") {
      time = seconds([&] { tokenizer = mlxc::Tokenizer::load_file(file); });
    } else if (command == "text") {
      time = seconds([&] { ids = tokenizer->encode(text); });
      count = ids.size();
    } else if (command == "lines") {
      count = 0;
      time = seconds([&] {
        for (const std::string& line : lines) count += tokenizer->encode(line).size();
      });
    } else if (command == "decode") {
      time = seconds([&] { decoded = tokenizer->decode(ids, false); });
      count = decoded.size();
    } else {
      break;
    }
    std::printf("%.6f %zu\n", time, count);
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: bench_tokenizer tokenizer.json TEXT\n");
    return 2;
  }
  try {
    return run(argv[1], argv[2]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_tokenizer: %s\n", error.what());
    return 1;
  }
}
