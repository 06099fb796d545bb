// Ids, decoded text and offsets of the eight tokenizers in golden/, each on 195 texts, against tokenizers 0.23.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/json.h"
#include "text/tokenizer.h"
#include "text/utf8.h"

namespace mlxc {
namespace {

const std::string kFolder = std::string(MLXC_TEST_DATA) + "/text/golden/";

class Golden : public testing::TestWithParam<const char*> {
 protected:
  struct Case {
    std::string text, decoded;
    std::vector<int32_t> ids, plain;
    std::vector<TextRange> offsets;  // in characters
  };
  std::shared_ptr<const Tokenizer> tokenizer = Tokenizer::load_file(kFolder + GetParam() + ".tokenizer.json");
  std::vector<Case> cases() {
    std::vector<Case> out;
    std::ifstream file(kFolder + GetParam() + ".golden.jsonl");
    for (std::string line; std::getline(file, line);) {
      Json json = Json::parse(line);
      Case c{json["text"], json["decoded"], json["ids"], json["plain"], {}};
      for (const Json& pair : json["offsets"]) c.offsets.push_back({pair[0], pair[1]});
      out.push_back(std::move(c));
    }
    EXPECT_EQ(out.size(), 195u);
    return out;
  }
};

TEST_P(Golden, IdsAreEqual) {
  for (const Case& c : cases()) {
    EXPECT_EQ(tokenizer->encode(c.text), c.ids) << Json(c.text).dump();
    EXPECT_EQ(tokenizer->encode(c.text, {.add_special_tokens = false}), c.plain) << Json(c.text).dump();
  }
}

TEST_P(Golden, DecodedTextIsEqual) {
  for (const Case& c : cases()) EXPECT_EQ(tokenizer->decode(c.plain, false), c.decoded) << Json(c.text).dump();
}

TEST_P(Golden, StreamEqualsDecode) {
  for (const Case& c : cases()) {
    for (bool skip : {true, false}) {
      DecodeStream stream(tokenizer, skip);
      std::string all;
      for (int32_t id : c.ids) {
        std::string part = stream.push(id);
        EXPECT_TRUE(text::utf8_valid(part));
        all += part;
      }
      EXPECT_EQ(all + stream.flush(), tokenizer->decode(c.ids, skip)) << Json(c.text).dump();
    }
  }
}

TEST_P(Golden, OffsetsAreEqual) {
  for (const Case& c : cases()) {
    Encoding encoding = tokenizer->encode_with_offsets(c.text, {.add_special_tokens = false});
    EXPECT_EQ(encoding.ids, c.plain);
    std::vector<TextRange> characters;
    for (const TextRange& range : encoding.offsets) {
      ASSERT_LE(range.end, c.text.size());
      characters.push_back({text::utf8_count(std::string_view(c.text).substr(0, range.begin)),
                            text::utf8_count(std::string_view(c.text).substr(0, range.end))});
    }
    ASSERT_EQ(characters.size(), c.offsets.size());
    for (size_t i = 0; i < characters.size(); ++i) {
      EXPECT_EQ(characters[i].begin, c.offsets[i].begin) << i << " of " << Json(c.text).dump();
      EXPECT_EQ(characters[i].end, c.offsets[i].end) << i << " of " << Json(c.text).dump();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Files, Golden, testing::Values("qwen", "llama3", "gpt2", "llama2", "gemma", "unigram", "unigram_bytes", "bert"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace mlxc
