// Files that are wrong on purpose: each gives a clear status, none crashes, hangs or allocates without bound.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>

#include "base/error.h"
#include "text/tokenizer.h"

namespace mlxc {
namespace {

std::string read_golden(const std::string& name) {
  std::ifstream file(std::string(MLXC_TEST_DATA) + "/text/golden/" + name);
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

// A tokenizer.json with the given parts in place of the defaults.
struct File {
  std::string normalizer = "null", pre_tokenizer = "null", post_processor = "null", decoder = "null", added = "[]";
  std::string model = R"({"type":"BPE","unk_token":"u","vocab":{"u":0,"a":1,"b":2,"ab":3},"merges":["a b"]})";
  std::string json() const {
    return R"({"version":"1.0","truncation":null,"padding":null,"added_tokens":)" + added + R"(,"normalizer":)" + normalizer +
           R"(,"pre_tokenizer":)" + pre_tokenizer + R"(,"post_processor":)" + post_processor + R"(,"decoder":)" + decoder + R"(,"model":)" +
           model + "}";
  }
};

std::string bpe(const std::string& vocab, const std::string& merges, const std::string& more = "") {
  return R"({"type":"BPE",)" + more + R"("vocab":)" + vocab + R"(,"merges":)" + merges + "}";
}
std::string unigram(const std::string& vocab, const std::string& unk_id = "0") {
  return R"({"type":"Unigram","unk_id":)" + unk_id + R"(,"vocab":)" + vocab + "}";
}
std::string added(const std::string& fields) {
  return R"([{"id":4,"content":"<s>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true,)" + fields + "}]";
}
// A Split on a pattern, written as inside a JSON string.
std::string split(const std::string& pattern) {
  return R"({"type":"Split","pattern":{"Regex":")" + pattern + R"("},"behavior":"Isolated","invert":false})";
}
std::string repeat(const std::string& text, size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += text;
  return out;
}

struct Case {
  std::string name;
  Status status;
  std::string part;  // of the message
  std::string json;
  std::string text = "ab a b";  // to encode, when loading passes
};

std::vector<Case> cases() {
  constexpr Status format = Status::format, unsupported = Status::unsupported;
  std::vector<Case> out = {
      {"Empty", format, "malformed JSON", ""},
      {"NotAnObject", format, "", "[1, 2]"},
      {"PlainValue", format, "", "17"},
      {"TrailingText", format, "malformed JSON", File().json() + "x"},
      {"InvalidUtf8", format, "malformed JSON", File{.normalizer = "\"\xFF\""}.json()},
      {"DeepLists", format, "nested deeper", R"({"x":)" + repeat("[", 100000) + repeat("]", 100000) + "}"},
      {"DeepObjects", format, "nested deeper", repeat("{\"x\":", 100000)},
      {"DeepNormalizers", format, "nested deeper",
       File{.normalizer = repeat(R"({"type":"Sequence","normalizers":[)", 5000) + repeat("]}", 5000)}.json()},
      {"ManySmallValues", unsupported, "more than", R"({"x":[0)" + repeat(",0", 1'100'000) + "]}"},
      {"ModelMissing", format, "model", R"({"version":"1.0"})"},
      {"ModelIsNull", format, "model", File{.model = "null"}.json()},
      {"ModelIsAList", format, "", File{.model = "[]"}.json()},
      {"ModelTwice", format, "twice", R"({"model":{"type":"BPE","vocab":{},"merges":[]},"model":{"type":"BPE","vocab":{},"merges":[]}})"},
      {"OtherVersion", unsupported, "version", R"({"version":"2.0","model":{"type":"BPE","vocab":{},"merges":[]}})"},
      {"UnknownModel", unsupported, "Markov", File{.model = R"({"type":"Markov"})"}.json()},
      {"UntypedModelWithoutFields", format, "no type", File{.model = R"({"x":1})"}.json()},
      {"VocabIsAString", format, "", File{.model = bpe("\"a\"", "[]")}.json()},
      {"VocabIsAListForBpe", format, "vocab", File{.model = bpe(R"([["a",0.5]])", "[]")}.json()},
      {"VocabTwice", format, "twice", File{.model = bpe(R"({"a":0},"vocab":{"a":0})", "[]")}.json()},
      {"NegativeId", format, "integer", File{.model = bpe(R"({"a":-1})", "[]")}.json()},
      {"FractionalId", format, "integer", File{.model = bpe(R"({"a":1.5})", "[]")}.json()},
      {"IdIsText", format, "integer", File{.model = bpe(R"({"a":"1"})", "[]")}.json()},
      {"IdAbove31Bits", unsupported, "above", File{.model = bpe(R"({"a":4294967295})", "[]")}.json()},
      {"IdAbove64Bits", format, "", File{.model = bpe(R"({"a":99999999999999999999999})", "[]")}.json()},
      {"IdIsAnObject", format, "", File{.model = bpe(R"({"a":{}})", "[]")}.json()},
      {"MergesMissing", format, "merges", File{.model = R"({"type":"BPE","vocab":{"a":0}})"}.json()},
      {"MergeNamesUnknownPiece", format, "vocabulary lacks", File{.model = bpe(R"({"a":0,"b":1})", R"(["a c"])")}.json()},
      {"MergeMakesUnknownPiece", format, "vocabulary lacks", File{.model = bpe(R"({"a":0,"b":1})", R"(["a b"])")}.json()},
      {"MergeOfOnePiece", format, "two pieces", File{.model = bpe(R"({"a":0})", R"(["a"])")}.json()},
      {"MergeOfThreePieces", format, "", File{.model = bpe(R"({"a":0})", R"([["a","a","a"]])")}.json()},
      {"MergesMixed", format, "mix", File{.model = bpe(R"({"a":0,"aa":1})", R"(["a a",["a","a"]])")}.json()},
      {"MergeShorterThanPrefix", format, "shorter",
       File{.model = bpe(R"({"a":0,"##":1})", R"(["a a"])", R"("continuing_subword_prefix":"####",)")}.json()},
      {"Dropout", unsupported, "dropout", File{.model = bpe("{}", "[]", R"("dropout":0.1,)")}.json()},
      {"DropoutAboveOne", format, "dropout", File{.model = bpe("{}", "[]", R"("dropout":7,)")}.json()},
      {"UnkTokenMissingFromVocab", format, "not in the vocabulary", File{.model = bpe(R"({"a":0})", "[]", R"("unk_token":"u",)")}.json()},
      {"UnigramUnkIdTooLarge", format, "unk_id", File{.model = unigram(R"([["a",0]])", "5")}.json()},
      {"UnigramUnkIdNegative", format, "unk_id", File{.model = unigram(R"([["a",0]])", "-1")}.json()},
      {"UnigramScoreNaN", format, "", File{.model = unigram(R"([["a",NaN]])")}.json()},
      {"UnigramScoreNull", format, "", File{.model = unigram(R"([["a",null]])")}.json()},
      {"UnigramScoreHuge", format, "", File{.model = unigram(R"([["a",1e999]])")}.json()},
      {"UnigramEntryShort", format, "piece, score", File{.model = unigram(R"([["a"]])")}.json()},
      {"UnigramEntryLong", format, "piece, score", File{.model = unigram(R"([["a",1,2]])")}.json()},
      {"UnigramEntryReversed", format, "", File{.model = unigram(R"([[1,"a"]])")}.json()},
      {"UnigramNoUnkForText", format, "unk_id", File{.model = unigram(R"([["a",0]])", "null")}.json()},
      {"UnigramLongPiece", unsupported, "piece", File{.model = unigram(R"([["u",0],[")" + std::string(10000, 'a') + R"(",0]])")}.json()},
      {"WordPieceFieldMissing", format, "missing", File{.model = R"({"type":"WordPiece","vocab":{"a":0}})"}.json()},
      {"WordPieceUnkMissing", format, "not in the vocabulary",
       File{.model =
                R"({"type":"WordPiece","unk_token":"U","continuing_subword_prefix":"##","max_input_chars_per_word":100,"vocab":{"a":0}})"}
           .json()},
      {"WordLevelUnkMissing", format, "not in the vocabulary",
       File{.model = R"({"type":"WordLevel","unk_token":"U","vocab":{"a":0}})"}.json()},
      {"UnknownNormalizer", unsupported, "Shout", File{.normalizer = R"({"type":"Shout"})"}.json()},
      {"NormalizerIsAList", format, "normalizer", File{.normalizer = "[]"}.json()},
      {"NormalizerFieldMissing", format, "missing", File{.normalizer = R"({"type":"Strip"})"}.json()},
      {"NormalizerFieldWrong", format, "strip_left", File{.normalizer = R"({"type":"Strip","strip_left":1,"strip_right":true})"}.json()},
      {"ReplaceWithoutPattern", format, "pattern", File{.normalizer = R"({"type":"Replace","content":"x"})"}.json()},
      {"CharsmapNotBase64", format, "base64", File{.normalizer = R"({"type":"Precompiled","precompiled_charsmap":"!!!!"})"}.json()},
      {"CharsmapEmpty", format, "charsmap", File{.normalizer = R"({"type":"Precompiled","precompiled_charsmap":""})"}.json()},
      {"CharsmapTruncated", format, "trie should have",
       File{.normalizer = R"({"type":"Precompiled","precompiled_charsmap":"/////wAA"})"}.json()},
      {"CharsmapPointsOutside", format, "outside",
       File{.normalizer = R"({"type":"Precompiled","precompiled_charsmap":"BAAAAAD8//8="})"}.json()},
      {"UnknownPreTokenizer", unsupported, "Scissors", File{.pre_tokenizer = R"({"type":"Scissors"})"}.json()},
      {"PreTokenizerWithoutType", format, "type", File{.pre_tokenizer = "{}"}.json()},
      {"SplitBehaviorUnknown", unsupported, "Sideways",
       File{.pre_tokenizer = R"({"type":"Split","pattern":{"String":"a"},"behavior":"Sideways","invert":false})"}.json()},
      {"PatternUnclosed", unsupported, "pattern", File{.pre_tokenizer = split("(a")}.json()},
      {"PatternUnknownProperty", unsupported, "Klingon", File{.pre_tokenizer = split("\\\\p{Klingon}")}.json()},
      {"PatternVerb", unsupported, "verb", File{.pre_tokenizer = split("(*LIMIT_MATCH=9)a")}.json()},
      {"PatternDeepGroups", unsupported, "deep", File{.pre_tokenizer = split(repeat("(", 5000))}.json()},
      {"PatternHugeRepeat", unsupported, "pattern", File{.pre_tokenizer = split("((((a{999}){999}){999}){999})")}.json()},
      {"PatternTooLong", unsupported, "too long", File{.pre_tokenizer = split(std::string(100000, 'a'))}.json()},
      {"PatternBacktracks", unsupported, "backtracks", File{.pre_tokenizer = split("(a+)+\\\\1$")}.json(), std::string(60, 'a') + "!"},
      {"MetaspaceLongReplacement", format, "one character", File{.pre_tokenizer = R"({"type":"Metaspace","replacement":"ab"})"}.json()},
      {"MetaspaceContradiction", format, "add_prefix_space",
       File{.pre_tokenizer = R"({"type":"Metaspace","replacement":"_","add_prefix_space":false,"prepend_scheme":"first"})"}.json()},
      {"FixedLengthZero", format, "at least 1", File{.pre_tokenizer = R"({"type":"FixedLength","length":0})"}.json()},
      {"UnknownPostProcessor", unsupported, "Stamp", File{.post_processor = R"({"type":"Stamp"})"}.json()},
      {"TemplateNamesUnlistedToken", format, "not listed",
       File{.post_processor =
                R"({"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"X","type_id":0}}],"pair":[],"special_tokens":{}})"}
           .json()},
      {"TemplateSingleUsesB", format, "sequence B",
       File{.post_processor =
                R"({"type":"TemplateProcessing","single":[{"Sequence":{"id":"B","type_id":0}}],"pair":[],"special_tokens":{}})"}
           .json()},
      {"TemplateIdNegative", format, "id",
       File{.post_processor =
                R"({"type":"TemplateProcessing","single":[],"pair":[],"special_tokens":{"X":{"id":"X","ids":[-5],"tokens":["x"]}}})"}
           .json()},
      {"BertTokenWithoutId", format, "sep", File{.post_processor = R"({"type":"BertProcessing","sep":["a"],"cls":["b",1]})"}.json()},
      {"UnknownDecoder", unsupported, "Enigma", File{.decoder = R"({"type":"Enigma"})"}.json()},
      {"DecoderStripNegative", format, "start", File{.decoder = R"({"type":"Strip","content":" ","start":-1,"stop":0})"}.json()},
      {"AddedTokensAreAnObject", format, "", File{.added = "{}"}.json()},
      {"AddedTokenIsText", format, "", File{.added = R"(["<s>"])"}.json()},
      {"AddedTokenWithoutFields", format, "added token", File{.added = R"([{"id":1,"content":"<s>"}])"}.json()},
      {"AddedTokenNegativeId", format, "id", File{.added = added(R"("id":-3)")}.json()},
      {"AddedTokenHugeId", format, "id", File{.added = added(R"("id":9999999999)")}.json()},
      {"AddedTokenFieldWrong", format, "special", File{.added = added(R"("special":"yes")")}.json()},
      {"AddedTokenTooLong", unsupported, "bytes", File{.added = added(R"("content":")" + std::string(100000, 'x') + "\"")}.json()},
      {"AddedTokenNormalizesToNothing", unsupported, "empty",
       File{.normalizer = R"({"type":"Replace","pattern":{"String":"<s>"},"content":""})", .added = added(R"("normalized":true)")}.json()},
  };
  return out;
}

TEST(HostileTokenizerFile, GivesAClearStatus) {
  auto all = cases();
  EXPECT_GE(all.size(), 25u);
  for (const Case& c : all) {
    try {
      Tokenizer::from_json(c.json)->encode(c.text);
      ADD_FAILURE() << c.name << ": was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), c.status) << c.name << ": " << error.what();
      EXPECT_NE(std::string(error.what()).find(c.part), std::string::npos) << c.name << ": " << error.what();
    }
  }
}

// Odd but lawful files load, and give what tokenizers gives.
TEST(HostileTokenizerFile, OddFilesAreAccepted) {
  auto encode = [](const File& file, const std::string& text) { return Tokenizer::from_json(file.json())->encode(text); };
  using Ids = std::vector<int32_t>;
  EXPECT_EQ(encode({.model = bpe(R"({"a":5,"a":7})", "[]")}, "a"), Ids({7}));                        // the last of equal keys
  EXPECT_EQ(encode({.model = bpe(R"({"a":2147483647,"b":3})", "[]")}, "ab"), Ids({2147483647, 3}));  // sparse ids
  EXPECT_EQ(encode({.model = bpe(R"({"a":1,"b":1,"ab":1})", R"(["a b"])")}, "ab"), Ids({1}));        // one id, three pieces
  EXPECT_EQ(encode({.model = bpe(R"({"<0x-1>":0,"<0x100>":1,"a":2})", "[]", R"("byte_fallback":true,)")}, "a\xFF"), Ids({2}));
  EXPECT_EQ(encode({.model = bpe("{}", "[]")}, "anything"), Ids());  // nothing is known
  EXPECT_EQ(encode({.model = bpe(R"({"a":0,"aa":1})", R"(["#version: 0.2","a a"])")}, "aaa"), Ids({1, 0}));
  auto tokenizer =
      Tokenizer::from_json(File{.decoder = R"({"type":"ByteFallback"})", .model = bpe(R"({"<0x-1>":0,"<0xG1>":1})", "[]")}.json());
  EXPECT_EQ(tokenizer->decode(Ids{0, 1, -7, 99, INT32_MAX, INT32_MIN}), "<0x-1><0xG1>");
}

TEST(HostileTokenizerFile, AQuarterMillionAddedTokens) {
  std::string list = "[";
  for (int i = 0; i < 250'000; ++i) {
    if (i) list += ',';
    list += R"({"id":0,"content":"<t)" + std::to_string(i) +
            R"(>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":false})";
  }
  auto tokenizer = Tokenizer::from_json(File{.added = list + "]"}.json());
  EXPECT_EQ(tokenizer->encode("a<t249999>b<t5>"), std::vector<int32_t>({1, 4 + 249999, 2, 4 + 5}));
  EXPECT_EQ(tokenizer->vocab_size(), 250'004u);
}

// What a load that does not throw must be able to do.
void exercise(const std::string& json, const std::string& text) {
  try {
    auto tokenizer = Tokenizer::from_json(json);
    auto ids = tokenizer->encode(text);
    tokenizer->encode_with_offsets(text);
    ids.push_back(-1);
    ids.push_back(INT32_MAX);
    std::string all = tokenizer->decode(ids, false);
    DecodeStream stream(tokenizer, false);
    std::string streamed;
    for (int32_t id : ids) streamed += stream.push(id);
    EXPECT_EQ(streamed + stream.flush(), all);
    for (int32_t id = 0; id < 40; ++id) tokenizer->token_bytes(id);
  } catch (const Error& error) {
    EXPECT_TRUE(error.status() == Status::format || error.status() == Status::unsupported) << error.what();
  }
}

// A small file with every kind of part.
std::string small_file() {
  File file;
  file.normalizer =
      R"({"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"_"},{"type":"Replace","pattern":{"Regex":"[ \\t]{2,}"},"content":"_"},{"type":"NFC"},{"type":"Lowercase"}]})";
  file.pre_tokenizer =
      R"({"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"\\p{L}+|\\s"},"behavior":"MergedWithNext","invert":false},{"type":"Digits","individual_digits":true},{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}]})";
  file.post_processor =
      R"({"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"X","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],"special_tokens":{"X":{"id":"X","ids":[0],"tokens":["u"]}}})";
  file.decoder =
      R"({"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"_"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]})";
  file.added = added(R"("id":4)");
  return file.json();
}

TEST(HostileTokenizerFile, EveryTruncation) {
  std::string json = small_file();
  for (size_t length = 0; length < json.size(); ++length) {
    EXPECT_THROW(Tokenizer::from_json(std::string_view(json).substr(0, length)), Error) << length;
  }
  std::string large = read_golden("unigram.tokenizer.json");
  ASSERT_GT(large.size(), 100'000u);
  for (size_t length = 0; length + 1 < large.size(); length += large.size() / 40) {
    EXPECT_THROW(Tokenizer::from_json(std::string_view(large).substr(0, length)), Error) << length;
  }
}

TEST(HostileTokenizerFile, RandomMutations) {
  const char* count = std::getenv("MLXC_MUTATIONS");
  int runs = count ? std::atoi(count) : 2000;
  const std::string json = small_file();
  std::mt19937 random(7);
  auto below = [&](size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random); };
  const std::string pieces[] = {"null", "-1", "1e400", "{}",   "[]", "\"\"", "\\u0000", "9999999999", "\"type\"",
                                ",",    ":",  "true",  "\xC3", "(?", "{9}",  "+",       "*",          "\\\\p{L}"};
  for (int run = 0; run < runs; ++run) {
    std::string mutant = json;
    for (size_t edits = 1 + below(4); edits > 0 && !mutant.empty(); --edits) {
      size_t at = below(mutant.size());
      switch (below(5)) {
        case 0: mutant[at] = static_cast<char>(below(256)); break;
        case 1: mutant.erase(at, 1 + below(20)); break;
        case 2: mutant.insert(at, mutant.substr(below(mutant.size()), below(60))); break;
        case 3: mutant.insert(at, pieces[below(std::size(pieces))]); break;
        default: {  // a digit or a letter becomes another, which keeps the JSON whole more often
          size_t digit = mutant.find_first_of("0123456789abcdefgh", at);
          if (digit != std::string::npos) mutant[digit] = static_cast<char>('0' + below(75));
        }
      }
    }
    exercise(mutant, "Ab  a\t9 \xC3\xA9 <s>b");
  }
}

}  // namespace
}  // namespace mlxc
