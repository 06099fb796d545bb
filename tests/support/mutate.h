// Random damage to a small file: bits, bytes, spans and numbers, the way broken disks and clever people do it.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>

namespace mlxc::test {

// How many mutations a test makes: few by default, MLXC_MUTATIONS of them when set (the full run is 10000).
inline int mutation_count(int usual) {
  const char* wanted = std::getenv("MLXC_MUTATIONS");
  return wanted ? std::max(1, std::atoi(wanted)) : usual;
}

class Mutator {
 public:
  explicit Mutator(unsigned seed) : random_(seed) {}

  std::string operator()(std::string bytes) {
    for (size_t times = 1 + below(3); times > 0; --times) damage(bytes);
    return bytes;
  }

 private:
  size_t below(size_t end) { return end == 0 ? 0 : size_t(random_() % end); }

  void damage(std::string& bytes) {
    static const char* const kWords[] = {"-1",
                                         "0",
                                         "18446744073709551615",
                                         "9223372036854775807",
                                         "1e308",
                                         "4.5",
                                         "null",
                                         "[]",
                                         "{}",
                                         "\"\"",
                                         "NaN",
                                         "-Infinity",
                                         "\"../x\"",
                                         "\\u0000",
                                         "[[[[[[[[",
                                         ",",
                                         "\"a\":1,"};
    const size_t at = below(bytes.size()), length = 1 + below(std::min<size_t>(16, bytes.size() - at));
    switch (below(8)) {
      case 0:
        if (!bytes.empty()) bytes[at] = char(bytes[at] ^ (1 << below(8)));
        break;
      case 1:
        if (!bytes.empty()) bytes[at] = char(below(256));
        break;
      case 2: bytes.insert(at, 1, char(below(256))); break;
      case 3: bytes.erase(at, length); break;
      case 4: bytes.insert(at, bytes.substr(below(bytes.size()), length)); break;
      case 5: bytes.replace(at, length, bytes.substr(below(bytes.size()), length)); break;
      case 6: {  // a number in the text becomes something else
        const size_t digit = bytes.find_first_of("0123456789", at);
        const size_t end = bytes.find_first_not_of("0123456789", std::min(digit, bytes.size()));
        if (digit != bytes.npos) bytes.replace(digit, std::min(end, bytes.size()) - digit, kWords[below(std::size(kWords))]);
        break;
      }
      default: bytes.insert(at, kWords[below(std::size(kWords))]); break;
    }
  }

  std::mt19937 random_;
};

}  // namespace mlxc::test
