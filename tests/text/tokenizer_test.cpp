// Behaviour that goldens do not show: streaming, bytes of tokens, options, threads, cost.
#include "text/tokenizer.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "base/error.h"
#include "base/json.h"
#include "text/utf8.h"

namespace mlxc {
namespace {

std::shared_ptr<const Tokenizer> golden(const std::string& name) {
  return Tokenizer::load_file(std::string(MLXC_TEST_DATA) + "/text/golden/" + name + ".tokenizer.json");
}

const char* const kAll[] = {"qwen", "llama3", "gpt2", "llama2", "gemma", "unigram", "unigram_bytes", "bert"};

// Bits of many scripts, spaces and tokens, and bytes that are no UTF-8.
std::string random_text(std::mt19937& random, bool valid) {
  static const char* const bits[] = {" ",
                                     "  ",
                                     "\n",
                                     "\t",
                                     "a",
                                     "the",
                                     " The",
                                     "'s",
                                     "123",
                                     "\u00e9",
                                     "e\u0301",
                                     "\u4e2d\u6587",
                                     "\U0001f389",
                                     "\u0915\u094d\u0937",
                                     "<|im_start|>",
                                     "<s>",
                                     "[MASK]",
                                     "\u2581",
                                     ".",
                                     "...",
                                     "\u00a0",
                                     "\u200d",
                                     "\x01"};
  std::string out;
  for (size_t n = random() % 30; n > 0; --n) {
    if (!valid && random() % 4 == 0) {
      out += static_cast<char>(random() % 256);
    } else {
      out += bits[random() % std::size(bits)];
    }
  }
  return out;
}

TEST(Tokenizer, MissingFileIsNotFound) {
  try {
    Tokenizer::load_file("/nonexistent/tokenizer.json");
    FAIL();
  } catch (const Error& error) {
    EXPECT_TRUE(error.status() == Status::not_found || error.status() == Status::io) << error.what();
  }
}

TEST(Tokenizer, InvalidUtf8ReadsAsReplacementCharacters) {
  std::mt19937 random(3);
  for (const char* name : kAll) {
    auto tokenizer = golden(name);
    for (int i = 0; i < 100; ++i) {
      std::string text = random_text(random, false), clean;
      text::utf8_append_lossy(clean, text);
      EXPECT_EQ(tokenizer->encode(text), tokenizer->encode(clean));
      EXPECT_EQ(tokenizer->encode_with_offsets(text).ids, tokenizer->encode(clean));
    }
  }
}

TEST(Tokenizer, OffsetsGiveTheSameIdsAndStayInsideTheText) {
  std::mt19937 random(4);
  for (const char* name : kAll) {
    auto tokenizer = golden(name);
    for (int i = 0; i < 200; ++i) {
      std::string text = random_text(random, true);
      for (bool parse : {true, false}) {
        EncodeOptions options{.parse_special = parse};
        Encoding encoding = tokenizer->encode_with_offsets(text, options);
        EXPECT_EQ(encoding.ids, tokenizer->encode(text, options)) << name;
        ASSERT_EQ(encoding.ids.size(), encoding.offsets.size());
        for (const TextRange& range : encoding.offsets) {
          EXPECT_LE(range.begin, range.end);
          EXPECT_LE(range.end, text.size());
        }
      }
    }
  }
}

TEST(Tokenizer, StreamEqualsDecodeForRandomIds) {
  std::mt19937 random(5);
  for (const char* name : kAll) {
    auto tokenizer = golden(name);
    for (int i = 0; i < 200; ++i) {
      std::vector<int32_t> ids(random() % 40);
      for (int32_t& id : ids) id = static_cast<int32_t>(random() % (static_cast<size_t>(tokenizer->id_end()) + 5)) - (random() % 50 == 0);
      for (bool skip : {true, false}) {
        DecodeStream stream(tokenizer, skip);
        std::string all;
        for (int round = 0; round < 2; ++round) {  // flush() starts anew
          all.clear();
          for (int32_t id : ids) {
            std::string part = stream.push(id);
            EXPECT_TRUE(text::utf8_valid(part));
            all += part;
          }
          all += stream.flush();
          EXPECT_EQ(all, tokenizer->decode(ids, skip)) << name;
        }
      }
    }
  }
}

TEST(Tokenizer, StreamHoldsBackIncompleteCharacters) {
  auto tokenizer = golden("gpt2");
  std::vector<int32_t> ids = tokenizer->encode("\U0001f389!", {.add_special_tokens = false});
  ASSERT_GE(ids.size(), 3u);  // the emoji is several tokens
  DecodeStream stream(tokenizer);
  std::string first;
  size_t pushed = 0;
  while (first.empty()) first = stream.push(ids[pushed++]);
  EXPECT_GE(pushed, 2u);
  EXPECT_EQ(first.substr(0, 4), "\U0001f389");
}

TEST(Tokenizer, SpecialTokensInTextAreReadOnRequest) {
  auto tokenizer = golden("qwen");
  auto id = tokenizer->token_to_id("<|im_start|>");
  ASSERT_TRUE(id);
  EXPECT_TRUE(tokenizer->is_special(*id));
  EXPECT_EQ(tokenizer->encode("<|im_start|>", {.add_special_tokens = false}), std::vector<int32_t>({*id}));
  auto plain = tokenizer->encode("<|im_start|>", {.add_special_tokens = false, .parse_special = false});
  EXPECT_GT(plain.size(), 1u);
  EXPECT_EQ(tokenizer->decode(plain), "<|im_start|>");
  EXPECT_EQ(tokenizer->decode(std::vector<int32_t>{*id}, true), "");
  EXPECT_EQ(tokenizer->decode(std::vector<int32_t>{*id}, false), "<|im_start|>");
  bool listed = false;
  for (const SpecialToken& token : tokenizer->special_tokens()) listed |= token.id == *id && token.content == "<|im_start|>";
  EXPECT_TRUE(listed);
}

TEST(Tokenizer, BytesOfTokensJoinToTheText) {
  for (const char* name : {"qwen", "llama3", "gpt2", "gemma", "llama2"}) {
    auto tokenizer = golden(name);
    std::string text = "The quick \u4e2d\u6587 \U0001f389 caf\u00e9\n  x", joined;
    for (int32_t id : tokenizer->encode(text, {.add_special_tokens = false})) joined += tokenizer->token_bytes(id);
    EXPECT_EQ(joined, std::string(name) == "llama2" ? " " + text : text) << name;
  }
  EXPECT_EQ(golden("qwen")->token_bytes(-1), "");
  EXPECT_EQ(golden("qwen")->token_bytes(INT32_MAX), "");
}

TEST(Tokenizer, PiecesAndIdsAreInverse) {
  for (const char* name : kAll) {
    auto tokenizer = golden(name);
    EXPECT_EQ(static_cast<int64_t>(tokenizer->vocab_size()), tokenizer->id_end()) << name;
    for (int32_t id = 0; id < tokenizer->id_end(); id += 7) {
      auto token = tokenizer->id_to_token(id);
      ASSERT_TRUE(token) << name << " " << id;
      EXPECT_EQ(tokenizer->token_to_id(*token), id) << name;
    }
    EXPECT_FALSE(tokenizer->id_to_token(static_cast<int32_t>(tokenizer->id_end())));
    EXPECT_FALSE(tokenizer->id_to_token(-1));
    EXPECT_FALSE(tokenizer->token_to_id("no such token"));
  }
}

TEST(Tokenizer, PairsAreJoinedByTheTemplate) {
  auto tokenizer = golden("bert");
  EncodeOptions plain{.add_special_tokens = false};
  std::vector<int32_t> expected = {*tokenizer->token_to_id("[CLS]")};
  for (const char* text : {"the first", "the second"}) {
    auto ids = tokenizer->encode(text, plain);
    expected.insert(expected.end(), ids.begin(), ids.end());
    expected.push_back(*tokenizer->token_to_id("[SEP]"));
  }
  EXPECT_EQ(tokenizer->encode_pair("the first", "the second"), expected);
}

TEST(Tokenizer, ThreadsShareOneObject) {
  for (const char* name : {"qwen", "gemma", "unigram"}) {
    auto tokenizer = golden(name), other = golden(name);
    std::vector<std::thread> threads;
    std::vector<int> wrong(4, 0);
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        std::mt19937 random(static_cast<unsigned>(t % 2));  // two threads each meet the same words
        for (int i = 0; i < 200; ++i) {
          std::string text = random_text(random, true);
          wrong[static_cast<size_t>(t)] += tokenizer->encode(text) != other->encode_with_offsets(text).ids;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, std::vector<int>(4, 0)) << name;
  }
}

// Nothing is quadratic: a megabyte without a place to cut passes in well under a second each (a quadratic step would take minutes).
TEST(Tokenizer, LongRunsOfOneCharacter) {
  for (const char* name : kAll) {
    auto tokenizer = golden(name);
    for (const char* unit : {"a", " ", "\u4e2d", "!", "<|im_start|>"}) {
      std::string text;
      while (text.size() < 1'000'000) text += unit;
      std::vector<int32_t> ids = tokenizer->encode(text, {.add_special_tokens = false});
      if (std::string(name) == "bert" || std::string(name).starts_with("unigram") || std::string(name) == "qwen") continue;  // not lossless
      std::string back = tokenizer->decode(ids, false);
      EXPECT_TRUE(back == text) << name << " " << unit << ": " << back.size() << " bytes back";
    }
  }
}

// Byte-pair encoding as its definition says, over the whole text as one piece.
std::vector<int32_t> define_bpe(const Json& model, std::string_view text) {
  std::map<std::pair<std::string, std::string>, size_t> ranks;
  for (const Json& merge : model["merges"]) ranks.emplace(std::pair(merge[0], merge[1]), ranks.size());
  std::vector<std::string> symbols;
  for (size_t at = 0; at < text.size();) {
    size_t begin = at;
    text::utf8_next(text, at);
    std::string character(text.substr(begin, at - begin));
    if (model["vocab"].contains(character)) {
      symbols.push_back(character);
      continue;
    }
    for (char byte : character) {
      char name[8];
      std::snprintf(name, sizeof name, "<0x%02X>", static_cast<unsigned char>(byte));
      symbols.push_back(name);
    }
  }
  for (;;) {
    size_t best = SIZE_MAX, where = 0;
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      auto found = ranks.find({symbols[i], symbols[i + 1]});
      if (found != ranks.end() && found->second < best) best = found->second, where = i;
    }
    if (best == SIZE_MAX) break;
    symbols[where] += symbols[where + 1];
    symbols.erase(symbols.begin() + static_cast<ptrdiff_t>(where) + 1);
  }
  std::vector<int32_t> ids;
  for (const std::string& symbol : symbols) ids.push_back(model["vocab"][symbol]);
  return ids;
}

// Long pieces are cut where no merge can reach across, and short words come from a cache: neither may change an id.
TEST(Tokenizer, CutsAndCachesKeepTheDefinition) {
  std::mt19937 random(6);
  static const char* const words[] = {" the",       " and", "ing", "  ", "\nx",     "Hello", "hellohello", "aaaa", "\u4e2d\u6587",
                                      "\U0001f389", "123",  ", ",  ".",  "e\u0301", "_",     "xyzzy",      " a"};
  for (const char* name : {"llama2", "gemma"}) {
    auto tokenizer = golden(name);
    std::ifstream file(std::string(MLXC_TEST_DATA) + "/text/golden/" + name + ".tokenizer.json");
    Json model = Json::parse(file)["model"];
    for (int i = 0; i < 30; ++i) {
      std::string text;
      while (text.size() < 300) text += words[random() % std::size(words)];
      std::string marked = std::string(name) == "llama2" ? "\u2581" : "";
      for (char c : text) c == ' ' ? marked += "\u2581" : marked += c;
      EXPECT_EQ(tokenizer->encode(text, {.add_special_tokens = false}), define_bpe(model, marked)) << name;
    }
  }
}

class ConfigFolder : public testing::Test {
 protected:
  std::string folder = (std::filesystem::temp_directory_path() / ("mlxc_text_" + std::to_string(::getpid()))).string();
  void SetUp() override { std::filesystem::create_directories(folder); }
  void TearDown() override { std::filesystem::remove_all(folder); }
  void write(const std::string& name, const std::string& text) { std::ofstream(folder + "/" + name) << text; }
};

TEST_F(ConfigFolder, MissingFilesGiveNothing) {
  TokenizerConfig config = TokenizerConfig::load_folder(folder);
  EXPECT_FALSE(config.bos_token || config.eos_token || config.chat_template || config.add_bos_token);
}

TEST_F(ConfigFolder, NamesComeAsTextOrAsObject) {
  write(
      "tokenizer_config.json",
      R"({"bos_token":"<s>","eos_token":{"content":"</s>","special":true},"pad_token":null,"add_bos_token":true,"chat_template":"{{ x }}"})");
  write("special_tokens_map.json", R"({"pad_token":"<pad>","bos_token":"other"})");
  TokenizerConfig config = TokenizerConfig::load_folder(folder);
  EXPECT_EQ(config.bos_token, "<s>");
  EXPECT_EQ(config.eos_token, "</s>");
  EXPECT_EQ(config.pad_token, "<pad>");
  EXPECT_EQ(config.add_bos_token, true);
  EXPECT_FALSE(config.add_eos_token);
  EXPECT_EQ(config.chat_template, "{{ x }}");
  write("chat_template.jinja", "from the file");
  EXPECT_EQ(TokenizerConfig::load_folder(folder).chat_template, "from the file");
}

TEST_F(ConfigFolder, WrongTypesAreFormatErrors) {
  write("tokenizer_config.json", R"({"bos_token":7})");
  EXPECT_THROW(TokenizerConfig::load_folder(folder), Error);
  write("tokenizer_config.json", R"({"chat_template":[{"name":"default","template":"t"},{"name":"tool_use","template":"u"}]})");
  EXPECT_EQ(TokenizerConfig::load_folder(folder).chat_template, "t");
}

}  // namespace
}  // namespace mlxc
