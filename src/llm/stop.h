// Stop strings in a stream of text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mlxc {

// Passes text through and holds back the longest tail that may still become a stop string, so that a stop string is found
// wherever the pieces are cut and none of it is ever shown. Of several the one that is complete first wins, of those that end
// together the longest. Knuth, Morris & Pratt 1977: time is pieces' bytes x strings.
class StopMatcher {
 public:
  StopMatcher() = default;
  explicit StopMatcher(const std::vector<std::string>& strings);

  // Appends to *out what can be shown. True: a stop string is complete, the text ends here, and nothing may be pushed any more.
  // armed = false: strings that end inside this piece do not count (the text is still shorter than its least length).
  bool push(std::string_view piece, std::string* out, bool armed = true);
  // The text has ended without a stop string: appends what was held back.
  void finish(std::string* out);

 private:
  struct Pattern {
    std::string text;
    std::vector<uint32_t> border;  // border[k]: length of the longest proper prefix of text[0, k) that is also its suffix
    uint32_t matched = 0;          // bytes of the pattern that end the text so far
    void advance(char byte);
  };
  std::vector<Pattern> patterns_;
  std::string held_;
};

}  // namespace mlxc
