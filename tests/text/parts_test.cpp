// Every kind of model, normalizer, pre-tokenizer, post-processor and decoder with its options, against tokenizers 0.23:
// golden/parts.json, written by tests/golden/make_tokenizer_parts.py.
#include <gtest/gtest.h>

#include <fstream>

#include "base/json.h"
#include "text/tokenizer.h"
#include "text/utf8.h"

namespace mlxc {
namespace {

Json read(const std::string& name) {
  std::ifstream file(std::string(MLXC_TEST_DATA) + "/text/golden/" + name);
  return Json::parse(file);
}

// The charsmap of a golden file's normalizer.
std::string find_charsmap(const Json& part) {
  if (part.contains("precompiled_charsmap")) return part["precompiled_charsmap"];
  for (const Json& inner : part.value("normalizers", Json::array())) {
    if (std::string map = find_charsmap(inner); !map.empty()) return map;
  }
  return "";
}

// The model "bytes" has the bytes as ids, with "</w>" behind every piece.
std::string show_pieces(const std::vector<int32_t>& ids) {
  std::string out;
  for (int32_t id : ids) out += static_cast<char>(id);
  for (size_t at; (at = out.find("</w>")) != std::string::npos;) out.replace(at, 4, "\u241f");
  return out;
}

std::vector<int64_t> character_offsets(const Encoding& encoding, std::string_view text) {
  std::vector<int64_t> out;
  for (const TextRange& range : encoding.offsets) {
    out.push_back(static_cast<int64_t>(text::utf8_count(text.substr(0, range.begin))));
    out.push_back(static_cast<int64_t>(text::utf8_count(text.substr(0, range.end))));
  }
  return out;
}

TEST(TokenizerParts, EqualTokenizers) {
  const Json golden = read("parts.json");
  const std::string charsmap = find_charsmap(read("unigram.tokenizer.json")["normalizer"]);
  ASSERT_GT(golden["cases"].size(), 200u);
  for (const Json& c : golden["cases"]) {
    Json spec = {{"version", "1.0"}, {"added_tokens", c.contains("added_tokens") ? golden["added_tokens"] : Json::array()}};
    for (const char* part : {"normalizer", "pre_tokenizer", "post_processor", "decoder"}) spec[part] = c.value(part, Json());
    spec["model"] = golden["models"][c["model"].get<std::string>()];
    if (spec["normalizer"].is_object() && spec["normalizer"].contains("precompiled_charsmap"))
      spec["normalizer"]["precompiled_charsmap"] = charsmap;
    Json shown = c;
    for (const char* result : {"ids", "offsets", "decoded", "skipped"}) shown.erase(result);
    SCOPED_TRACE(shown.dump());
    std::shared_ptr<const Tokenizer> tokenizer;
    ASSERT_NO_THROW(tokenizer = Tokenizer::from_json(spec.dump()));
    EncodeOptions options{c.value("special", true), c.value("parse", true)};
    std::string decoded, skipped;
    for (size_t i = 0; i < golden["texts"].size(); ++i) {
      const auto text = golden["texts"][i].get<std::string>();
      std::vector<int32_t> ids = tokenizer->encode(text, options);
      if (c["model"] == "bytes") {
        EXPECT_EQ(show_pieces(ids), c["ids"][i].get<std::string>()) << "text " << i;
        continue;
      }
      EXPECT_EQ(ids, c["ids"][i].get<std::vector<int32_t>>()) << "text " << i;
      Encoding encoding = tokenizer->encode_with_offsets(text, options);
      EXPECT_EQ(encoding.ids, ids) << "text " << i;
      if (c.contains("offsets")) {
        EXPECT_EQ(character_offsets(encoding, text), c["offsets"][i].get<std::vector<int64_t>>()) << "text " << i;
      }
      if (!c["decoded"][i].is_null()) decoded = c["decoded"][i];
      EXPECT_EQ(tokenizer->decode(ids, false), decoded) << "text " << i;
      if (c.contains("skipped")) {
        if (!c["skipped"][i].is_null()) skipped = c["skipped"][i];
        EXPECT_EQ(tokenizer->decode(ids, true), skipped) << "text " << i;
      }
      DecodeStream stream(tokenizer, false);
      std::string streamed;
      for (int32_t id : ids) streamed += stream.push(id);
      EXPECT_EQ(streamed + stream.flush(), decoded) << "text " << i;
    }
  }
}

}  // namespace
}  // namespace mlxc
