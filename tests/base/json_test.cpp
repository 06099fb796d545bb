#include "base/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/quote.h"
#include "support/temp_folder.h"

namespace mlxc {
namespace {

std::string nested(int depth, char open, char close) { return std::string(size_t(depth), open) + std::string(size_t(depth), close); }

std::string error_of(std::string_view text, const JsonLimits& limits = {}) {
  try {
    parse_json(text, "config.json", limits);
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::format) << error.what();
    return error.what();
  }
  return "";
}

template <class T>
std::string get_error(const JsonObject& object, const std::string& key) {
  try {
    object.get<T>(key);
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::format);
    return error.what();
  }
  return "";
}

TEST(Json, RejectsMalformedText) {
  const std::pair<const char*, std::string> cases[] = {
      {"empty", ""},
      {"space only", "  \n"},
      {"cut object", R"({"a": 1)"},
      {"cut string", R"({"a)"},
      {"trailing comma", R"({"a": 1,})"},
      {"trailing text", "{} {}"},
      {"comment", "{} // no"},
      {"single quotes", "{'a': 1}"},
      {"bare word", "{a: 1}"},
      {"leading zero", "[01]"},
      {"lone minus", "[-]"},
      {"number too large for a double", "[1e999]"},
      {"hexadecimal", "[0x10]"},
      {"raw control character", "[\"\x01\"]"},
      {"raw line feed in a string", "[\"a\nb\"]"},
      {"zero byte after the end", std::string("{}\0{}", 5)},
      {"zero byte in a string", std::string("[\"\0\"]", 5)},
      {"lone surrogate", R"(["\ud800"])"},
      {"swapped surrogates", R"(["\udc00\ud800"])"},
      {"unknown escape", R"(["\x"])"},
      {"invalid UTF-8", "[\"\xff\"]"},
      {"overlong UTF-8", "[\"\xc0\xaf\"]"},
      {"surrogate in UTF-8", "[\"\xed\xa0\x80\"]"},
      {"cut UTF-8", "[\"\xe2\x82\"]"},
      {"UTF-16", std::string("\xff\xfe{\0}\0", 6)},
      {"mismatched brackets", "[}"},
      {"word like NaN", "[NaNa]"},
      {"plus infinity", "[+Infinity]"},
      {"lower case", "[nan]"},
      {"number word as a key", "{NaN: 1}x"},
      {"65 arrays", nested(65, '[', ']')},
      {"100000 open arrays", std::string(100000, '[')},
  };
  for (const auto& [name, text] : cases) {
    const std::string message = error_of(text);
    EXPECT_NE(message.find("config.json"), std::string::npos) << name << ": " << message;
    EXPECT_LT(message.size(), 400u) << name;
    for (size_t i = 0; i < message.size();) {
      const size_t length = utf8_length(std::string_view(message).substr(i));
      ASSERT_GT(length, 0u) << name << ": the message is not UTF-8";
      i += length;
    }
  }
}

TEST(Json, KeepsItsLimits) {
  EXPECT_EQ(error_of(nested(64, '[', ']')), "");
  EXPECT_NE(error_of("[[[]]]", {.depth = 2}).find("deeper than 2"), std::string::npos);
  EXPECT_NE(error_of(R"({"a":{"b":{}}})", {.depth = 2}).find("deeper than 2"), std::string::npos);
  EXPECT_EQ(error_of("[1,2,3]", {.values = 4}), "");
  EXPECT_NE(error_of("[1,2,3,4]", {.values = 4}).find("more than 4 JSON values"), std::string::npos);
  EXPECT_NE(error_of("[1]", {.bytes = 2}).find("3 bytes, at most 2"), std::string::npos);
}

TEST(Json, LastOfEqualKeysWinsUnlessUniqueKeysAreAsked) {
  EXPECT_EQ(parse_json(R"({"a": 1, "b": [2], "a": {"c": 3}})", "x").dump(), R"({"a":{"c":3},"b":[2]})");
  EXPECT_NE(error_of(R"({"a": 1, "a": 1})", {.unique_keys = true}).find("'a' occurs twice"), std::string::npos);
  EXPECT_NE(error_of(R"({"a": 1, "\u0061": 1})", {.unique_keys = true}).find("'a' occurs twice"), std::string::npos);
  EXPECT_EQ(error_of(R"({"a": {"a": 1}, "b": {"a": 1}})", {.unique_keys = true}), "");
}

TEST(Json, AcceptsPythonsNumberWordsOutsideOfStringsOnly) {
  const Json value = parse_json(R"({"NaN": [NaN, Infinity , -Infinity, -1, "-Infinity \" NaN", "\\"], "Infinity": NaN})", "x");
  EXPECT_TRUE(std::isnan(value["NaN"][0].get<double>()));
  EXPECT_EQ(value["NaN"][1].get<double>(), std::numeric_limits<double>::infinity());
  EXPECT_EQ(value["NaN"][2].get<double>(), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(value["NaN"][3].get<int>(), -1);
  EXPECT_EQ(value["NaN"][4].get<std::string>(), "-Infinity \" NaN");
  EXPECT_EQ(value["NaN"][5].get<std::string>(), "\\");
  EXPECT_TRUE(std::isnan(value["Infinity"].get<double>()));
}

TEST(JsonObject, ReadsEachKindOfValue) {
  const JsonObject config = JsonObject::parse(
      R"({"n": 7, "f": 4.0, "x": 0.5, "s": "text", "b": true, "null": null, "list": [1, 2.0], "o": {"inner": 3}, "big": 18446744073709551615,
          "min": -9223372036854775808, "objects": [{"a": 1}, {"a": 2}]})",
      "config.json");
  EXPECT_EQ(config.get<int>("n"), 7);
  EXPECT_EQ(config.get<int>("f"), 4);
  EXPECT_EQ(config.get<float>("n"), 7.0f);
  EXPECT_EQ(config.get<double>("x"), 0.5);
  EXPECT_EQ(config.get<std::string>("s"), "text");
  EXPECT_TRUE(config.get<bool>("b"));
  EXPECT_EQ(config.get<std::vector<int>>("list"), (std::vector<int>{1, 2}));
  EXPECT_EQ(config.get<uint64_t>("big"), UINT64_MAX);
  EXPECT_EQ(config.get<int64_t>("min"), INT64_MIN);
  EXPECT_EQ(config.get<int>("absent", 5), 5);
  EXPECT_EQ(config.get<int>("null", 5), 5);
  EXPECT_EQ(config.get<int>("n", 5), 7);
  EXPECT_FALSE(config.has("null"));
  EXPECT_EQ(config.maybe<int>("absent"), std::nullopt);
  EXPECT_EQ(config.maybe<int>("n"), 7);
  EXPECT_EQ(config.object("o").get<int>("inner"), 3);
  EXPECT_FALSE(config.maybe_object("absent").has_value());
  ASSERT_EQ(config.objects("objects").size(), 2u);
  EXPECT_EQ(config.objects("objects")[1].get<int>("a"), 2);
}

TEST(JsonObject, InnerObjectsKeepTheDocumentAlive) {
  auto inner = [] { return JsonObject::parse(R"({"o": {"text": "long enough to be on the heap, surely"}})", "x").object("o"); }();
  EXPECT_EQ(inner.get<std::string>("text"), "long enough to be on the heap, surely");
}

TEST(JsonObject, ErrorsNameFileKeyActualAndExpected) {
  const JsonObject config = JsonObject::parse(
      R"({"s": "8", "f": 4.5, "nan": NaN, "inf": -Infinity, "neg": -1, "large": 3000000000, "huge": 1e300, "o": {"k": []}, "list": [1, "x"], "null": null,
          "edge": 9223372036854775808, "edge_float": 9223372036854775808.0, "list_of_objects": [{}, 3]})",
      "config.json");
  EXPECT_EQ(get_error<int>(config, "s"), R"(config.json: key "s" is the string '8', expected an integer in [-2147483648, 2147483647])");
  EXPECT_EQ(get_error<int>(config, "absent"), R"(config.json: key "absent" is missing, expected an integer in [-2147483648, 2147483647])");
  EXPECT_EQ(get_error<int>(config, "null"), R"(config.json: key "null" is missing, expected an integer in [-2147483648, 2147483647])");
  EXPECT_EQ(get_error<bool>(config.object("o"), "k"), R"(config.json: o: key "k" is a list, expected true or false)");
  EXPECT_EQ(get_error<std::vector<int>>(config, "list"),
            R"(config.json: key "list[1]" is the string 'x', expected an integer in [-2147483648, 2147483647])");
  EXPECT_NE(get_error<int>(config, "f"), "");
  EXPECT_NE(get_error<int>(config, "nan"), "");
  EXPECT_NE(get_error<int64_t>(config, "inf"), "");
  EXPECT_NE(get_error<uint32_t>(config, "neg"), "");
  EXPECT_NE(get_error<int>(config, "large"), "");
  EXPECT_NE(get_error<uint8_t>(config, "large"), "");
  EXPECT_NE(get_error<int64_t>(config, "huge"), "");
  EXPECT_NE(get_error<int64_t>(config, "edge"), "");
  EXPECT_NE(get_error<int64_t>(config, "edge_float"), "");
  EXPECT_EQ(get_error<uint64_t>(config, "edge_float"), "");
  EXPECT_NE(get_error<std::string>(config, "neg"), "");
  EXPECT_NE(get_error<double>(config, "s"), "");
  EXPECT_THROW(config.object("s"), Error);
  EXPECT_THROW(config.object("absent"), Error);
  EXPECT_THROW(config.objects("s"), Error);
  EXPECT_THROW(config.objects("list_of_objects"), Error);
  EXPECT_THROW(JsonObject::parse("[]", "config.json"), Error);
}

TEST(JsonObject, ReadsAFileAndNamesIt) {
  test::TempFolder folder;
  EXPECT_EQ(JsonObject::read(folder.write("config.json", R"({"a": 1})")).where(), "config.json");
  try {
    JsonObject::read(folder / "absent.json");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::not_found);
  }
}

TEST(Quote, KeepsTextAndEscapesTheRest) {
  EXPECT_EQ(quote("model.layers.0"), "'model.layers.0'");
  EXPECT_EQ(quote("é€😀"), "'é€😀'");
  EXPECT_EQ(quote("a\nb\x7f\xff\xed\xa0\x80"), "'a\\x0ab\\x7f\\xff\\xed\\xa0\\x80'");
  EXPECT_EQ(quote("€€€", 7), "'€€...'");
  EXPECT_EQ(quote(""), "''");
}

}  // namespace
}  // namespace mlxc
