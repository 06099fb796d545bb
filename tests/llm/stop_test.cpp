#include "llm/stop.h"

#include <gtest/gtest.h>

#include <random>

namespace mlxc {
namespace {

struct Shown {
  std::string text;
  bool stopped;
  bool operator==(const Shown&) const = default;
};

Shown run(const std::vector<std::string>& stops, const std::vector<std::string>& pieces) {
  StopMatcher matcher(stops);
  Shown shown{"", false};
  for (const std::string& piece : pieces)
    if ((shown.stopped = matcher.push(piece, &shown.text))) return shown;
  matcher.finish(&shown.text);
  return shown;
}

TEST(StopMatcher, PassesTextThroughWithoutStopStrings) { EXPECT_EQ(run({}, {"ab", "", "c"}), (Shown{"abc", false})); }

TEST(StopMatcher, EndsTheTextBeforeAStopString) { EXPECT_EQ(run({"STOP"}, {"abcSTOPdef"}), (Shown{"abc", true})); }

TEST(StopMatcher, FindsAStopStringAcrossPieces) { EXPECT_EQ(run({"\n\nQ:"}, {"A\n", "\n", "Q", ": no"}), (Shown{"A", true})); }

TEST(StopMatcher, FindsAStopStringInsideUtf8Pieces) {
  EXPECT_EQ(run({"。終"}, {"はい\xe3", "\x80\x82\xe7", "\xb5\x82"}), (Shown{"はい", true}));
}

TEST(StopMatcher, HoldsBackOnlyWhatMayStillBecomeAStopString) {
  StopMatcher matcher({"aab"});
  std::string shown;
  EXPECT_FALSE(matcher.push("xaaa", &shown));
  EXPECT_EQ(shown, "xa");
  EXPECT_FALSE(matcher.push("c", &shown));
  EXPECT_EQ(shown, "xaaac");
  EXPECT_FALSE(matcher.push("aa", &shown));
  EXPECT_EQ(shown, "xaaac");
  matcher.finish(&shown);
  EXPECT_EQ(shown, "xaaacaa");
}

TEST(StopMatcher, TakesTheStringThatIsCompleteFirstAndOfThoseTheLongest) {
  EXPECT_EQ(run({"abcd", "bc"}, {"xabcd"}), (Shown{"xa", true}));
  EXPECT_EQ(run({"bc", "abc"}, {"xabc"}), (Shown{"x", true}));
}

TEST(StopMatcher, UnarmedMatchesDoNotCountButTheirTailsDo) {
  StopMatcher matcher({"aa"});
  std::string shown;
  EXPECT_FALSE(matcher.push("aa", &shown, false));
  EXPECT_EQ(shown, "a");
  EXPECT_TRUE(matcher.push("a", &shown, true));
  EXPECT_EQ(shown, "a");
}

TEST(StopMatcher, NeverDependsOnWhereTheTextIsCut) {
  std::mt19937 random(7);
  const std::vector<std::string> stops{"aba", "bb", "caab", "aaaa"};
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (int i = 0; i < 200; ++i) text += "abc"[random() % (round % 2 ? 3 : 2)];
    // The reference: the first position at which a stop string ends, and the longest one that does.
    size_t end = std::string::npos, length = 0;
    for (size_t i = 1; i <= text.size() && end == std::string::npos; ++i)
      for (const std::string& stop : stops)
        if (i >= stop.size() && text.compare(i - stop.size(), stop.size(), stop) == 0) end = i, length = std::max(length, stop.size());
    std::vector<std::string> pieces;
    for (size_t i = 0; i < text.size();) {
      size_t size = 1 + random() % 5;
      pieces.push_back(text.substr(i, size));
      i += size;
    }
    Shown expected = end == std::string::npos ? Shown{text, false} : Shown{text.substr(0, end - length), true};
    ASSERT_EQ(run(stops, pieces), expected) << text;
  }
}

TEST(StopMatcher, LongRunsOfAPartialMatchStayComplete) {
  std::string text(100000, 'a');
  EXPECT_EQ(run({"ab"}, {text}), (Shown{text, false}));
  EXPECT_EQ(run({std::string(3000, 'a') + "b"}, {text, "b"}), (Shown{text.substr(0, 97000), true}));
}

}  // namespace
}  // namespace mlxc
