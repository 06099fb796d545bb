// Datasets and loaders: what files mean, what malformed ones say, and that the order of batches is fixed.
#include <algorithm>
#include <fstream>
#include <numeric>

#include "io/npy.h"
#include "support.h"
#include "support/expect_error.h"
#include "support/temp_folder.h"
#include "text/tokenizer.h"

namespace mlxc::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Arrays rows(const DatasetPtr& dataset, std::vector<int64_t> samples) { return read_batch(*dataset, device(), samples); }
std::vector<double> all_of(const DatasetPtr& dataset, size_t field) {
  std::vector<int64_t> samples(size_t(dataset->samples()));
  std::iota(samples.begin(), samples.end(), 0);
  return fetch(rows(dataset, samples)[field]);
}

std::string error_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

class CsvFile : public ::testing::Test {
 protected:
  DatasetPtr open(const std::string& text, const CsvOptions& options = {}) {
    std::ofstream(path_, std::ios::binary) << text;
    return csv_dataset(path_, options);
  }
  TempFolder folder_;
  std::string path_ = folder_.path() + "/table.csv";
};

TEST_F(CsvFile, GivesNumbersAndClassesByName) {
  const DatasetPtr flowers = open("a,b,kind\n1, 2.5 ,rose\r\n-3e1,+4,\"lily, white\"\n\n0,0,rose\n");
  EXPECT_EQ(flowers->samples(), 3);
  EXPECT_THAT(std::vector<std::string>(flowers->classes().begin(), flowers->classes().end()), ElementsAre("lily, white", "rose"));
  EXPECT_THAT(all_of(flowers, 0), ElementsAre(1, 2.5, -30, 4, 0, 0));
  EXPECT_THAT(all_of(flowers, 1), ElementsAre(1, 0, 1));
  EXPECT_EQ(rows(flowers, {0})[1].dtype(), DType::i32);
}

TEST_F(CsvFile, NumbersBelowTheirTypeAreItsNearest) {
  CsvOptions options;
  options.target = CsvTarget::none;
  EXPECT_THAT(all_of(open("a\n1e-50\n-2.3e-308\n1e-400\n1e-30\n", options), 0), ElementsAre(0, 0, 0, double(1e-30f)));
  EXPECT_THROW(open("a\n1e50\n", options), Error);
}

TEST_F(CsvFile, TakesTargetsFromAnyColumns) {
  CsvOptions options;
  options.header = false, options.separator = ';';
  options.target = CsvTarget::numbers, options.target_columns = {0, -1};
  const DatasetPtr table = open(
      "\xef\xbb\xbf"
      "1;2;3\n4;5;6",
      options);
  EXPECT_THAT(all_of(table, 0), ElementsAre(2, 5));
  EXPECT_THAT(all_of(table, 1), ElementsAre(1, 3, 4, 6));
  options.target = CsvTarget::none;
  EXPECT_EQ(open("1;2;3\n", options)->fields().size(), 1u);
  options.target = CsvTarget::classes, options.target_columns = {1};
  EXPECT_THAT(all_of(open("1;7;3\n4;-2;6\n", options), 1), ElementsAre(7, -2));  // numbers stay what they are
}

TEST_F(CsvFile, QuotesHoldSeparatorsQuotesAndLineEnds) {
  const DatasetPtr table = open("x,name\n1,\"a\"\"b\nc\"\n\"2\",z\n");
  EXPECT_THAT(std::vector<std::string>(table->classes().begin(), table->classes().end()), ElementsAre("a\"b\nc", "z"));
  EXPECT_THAT(all_of(table, 0), ElementsAre(1, 2));
}

TEST_F(CsvFile, SaysWhereItIsMalformed) {
  const std::pair<const char*, const char*> cases[] = {
      {"a,b\n1,x\n2\n", "table.csv, line 3: 1 columns, expected 2"},
      {"a,b\n1,x\n\n\none,y\n", "line 5: column 0 is 'one', expected a number"},
      {"a,b\n,x\n", "column 0 is ''"},
      {"a,b\n1e999,x\n", "expected a number"},
      {"a,b\n\"1,x\n", "line 2: the quotes of column 0 are not closed"},
      {"a,b\n1\"2,x\n", "line 2: column 0 has a quote inside"},
      {"a,b\n\"1\"2,x\n", "goes on behind its quotes"},
      {"only\nx\n", "none is input"},
  };
  for (const auto& [text, message] : cases) EXPECT_THAT(error_of([&] { open(text); }), HasSubstr(message)) << text;
  CsvOptions options;
  options.target_columns = {5};
  EXPECT_THAT(error_of([&] { open("a,b\n1,2\n", options); }), HasSubstr("target column 5, the file has 2"));
  options.target_columns = {0, -2};
  EXPECT_THAT(error_of([&] { open("a,b\n1,2\n", options); }), HasSubstr("given twice"));
  EXPECT_EQ(open("")->samples(), 0);
  EXPECT_THROW(csv_dataset(folder_.path(), {}), Error);
  EXPECT_THROW(csv_dataset(folder_.path() + "/none", {}), Error);
}

TEST_F(CsvFile, OfAnyBytesEndsInATableOrAnError) {
  const std::string alphabet = "1,\"\n\r;a\0 \xff";
  uint64_t state = 1;
  for (int round = 0; round < 300; ++round) {
    std::string text = "a,b\n";
    for (int i = 0; i < 12; ++i) text += alphabet[(state = state * 6364136223846793005u + 1442695040888963407u) >> 33 & 7];
    try {
      const DatasetPtr table = open(text);
      EXPECT_EQ(all_of(table, 0).size(), size_t(table->samples()));
    } catch (const Error& error) {
      EXPECT_TRUE(error.status() == Status::format || error.status() == Status::invalid_argument) << error.what();
    }
  }
}

TEST(Files, OfArraysGiveRowsOfTheirFirstAxis) {
  TempFolder folder;
  const std::string a = folder.path() + "/a.npy", b = folder.path() + "/b.npy", both = folder.path() + "/both.safetensors";
  const std::vector<float> x{1, 2, 3, 4, 5, 6};
  const std::vector<int64_t> y{7, 8, 9}, three{3, 2};
  write_npy(a, DType::f32, three, std::as_bytes(std::span(x)));
  write_npy(b, DType::i64, std::vector<int64_t>{3}, std::as_bytes(std::span(y)));
  SafetensorsWriter writer;
  writer.add("x", DType::f32, {3, 2}, std::as_bytes(std::span(x)));
  writer.add("y", DType::i64, {3}, std::as_bytes(std::span(y)));
  writer.add("short", DType::i64, {2}, std::as_bytes(std::span(y)).first(16));
  writer.write(both);
  for (const DatasetPtr& dataset : {npy_dataset({a, b}), safetensors_dataset(both, {"x", "y"})}) {
    EXPECT_EQ(dataset->samples(), 3);
    const Arrays batch = rows(dataset, {2, 0});
    EXPECT_THAT(fetch(batch[0]), ElementsAre(5, 6, 1, 2));
    EXPECT_THAT(fetch(batch[1]), ElementsAre(9, 7));
  }
  EXPECT_THAT(error_of([&] { safetensors_dataset(both, {"x", "short"}); }), HasSubstr("has 2 samples, the field before it 3"));
  EXPECT_THROW(safetensors_dataset(both, {"z"}), Error);
  write_npy(b, DType::f32, {}, std::as_bytes(std::span(x)).first(4));
  EXPECT_THAT(error_of([&] { npy_dataset({b}); }), HasSubstr("is a scalar"));
  std::ofstream(b) << "\x93NUMPY\x01";
  EXPECT_THROW(npy_dataset({b}), Error);
  EXPECT_THROW(npy_dataset({}), Error);
}

TEST(Files, WithBytesThatAreNoTruthValuesGiveTrue) {
  TempFolder folder;
  const std::string a = folder.path() + "/a.npy", b = folder.path() + "/b.safetensors";
  const std::vector<uint8_t> bytes{0, 1, 2, 255};
  write_npy(a, DType::boolean, std::vector<int64_t>{4}, std::as_bytes(std::span(bytes)));
  SafetensorsWriter writer;
  writer.add("x", DType::boolean, {4}, std::as_bytes(std::span(bytes)));
  writer.write(b);
  for (const DatasetPtr& dataset : {npy_dataset({a}), safetensors_dataset(b, {"x"})}) {
    std::vector<uint8_t> read_bytes(4);
    read(rows(dataset, {0, 1, 2, 3})[0], read_bytes.data(), 4);
    EXPECT_THAT(read_bytes, ElementsAre(0, 1, 1, 1));
  }
}

TEST(Files, OfNoSamplesWhoseSizeOverflowsAreMalformed) {
  TempFolder folder;
  const std::string a = folder.path() + "/a.npy", b = folder.path() + "/b.safetensors";
  const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4611686018427387904, 4), }\n";
  std::ofstream(a) << std::string("\x93NUMPY\x01\0", 8) << char(header.size()) << '\0' << header;
  expect_error(Status::format, "overflows", [&] { npy_dataset({a}); });
  std::string json = R"({"x":{"dtype":"F32","shape":[0,4611686018427387904],"data_offsets":[0,0]}})";
  std::ofstream(b) << char(json.size()) << std::string(7, '\0') << json;
  expect_error(Status::format, "overflows", [&] { safetensors_dataset(b, {"x"}); });
}

TEST(Tokens, AreCutIntoWindowsAndTheSameATokenLater) {
  const DatasetPtr windows = token_dataset({1, 2, 3, 4, 5, 6, 7}, 3, 2);
  EXPECT_EQ(windows->samples(), 2);
  EXPECT_THAT(all_of(windows, 0), ElementsAre(1, 2, 3, 3, 4, 5));
  EXPECT_THAT(all_of(windows, 1), ElementsAre(2, 3, 4, 4, 5, 6));
  EXPECT_EQ(token_dataset({1, 2, 3}, 3, 1)->samples(), 0);
  EXPECT_EQ(token_dataset({1, 2, 3, 4}, 3, 9)->samples(), 1);
  EXPECT_THROW(token_dataset({1, 2}, 0, 1), Error);

  const auto tokenizer = Tokenizer::load_file(std::string(MLXC_TEST_DATA) + "/models/fable-qwen3");
  const std::string text = "A fox saw a crow with a piece of cheese.";
  const std::vector<int32_t> tokens = tokenizer->encode(text, {.add_special_tokens = false});
  const DatasetPtr of_text = text_dataset(*tokenizer, text, 4, 4);
  EXPECT_EQ(of_text->samples(), int64_t(tokens.size() - 5) / 4 + 1);
  EXPECT_THAT(fetch(rows(of_text, {0})[1]), ElementsAre(tokens[1], tokens[2], tokens[3], tokens[4]));
}

TEST(RandomSamples, DependOnSeedAndNumberOnly) {
  const DatasetPtr a = random_dataset(50, {3}, 4, 1), b = random_dataset(1000, {3}, 4, 1), other = random_dataset(50, {3}, 4, 2);
  EXPECT_EQ(fetch(rows(a, {7})[0]), fetch(rows(b, {7})[0]));
  EXPECT_NE(fetch(rows(a, {7})[0]), fetch(rows(other, {7})[0]));
  for (double label : all_of(b, 1)) EXPECT_TRUE(label >= 0 && label < 4);
  const std::vector<double> values = all_of(b, 0);
  double sum = 0, squares = 0;
  for (double value : values) sum += value, squares += value * value;
  EXPECT_NEAR(sum / 3000, 0, 0.06);
  EXPECT_NEAR(squares / 3000, 1, 0.1);
}

DatasetPtr numbers(int64_t count) {
  std::vector<int32_t> values(static_cast<size_t>(count));
  std::iota(values.begin(), values.end(), 0);
  return array_dataset({Array::from_vector<int32_t>(device(), values, {count}, DType::i32)});
}

std::vector<std::vector<double>> epoch_of(const LoaderPlan& plan, int64_t epoch, int64_t first = 0) {
  Batches batches(plan, device(), epoch, first);
  std::vector<std::vector<double>> result;
  for (Arrays batch = batches.next(); !batch.empty(); batch = batches.next()) result.push_back(fetch(batch[0]));
  return result;
}

TEST(Loader, ShufflesByEpochAndSeedAndGoesOnAnywhere) {
  for (int prefetch : {0, 1, 3}) {
    const LoaderPlan plan(numbers(10), {.batch_size = 4, .shuffle = true, .seed = 5, .drop_last = false, .prefetch = prefetch});
    EXPECT_EQ(plan.batches(), 3);
    const auto first = epoch_of(plan, 0), second = epoch_of(plan, 1);
    EXPECT_EQ(first, epoch_of(plan, 0));
    EXPECT_NE(first, second);
    EXPECT_EQ(first[2].size(), 2u);
    EXPECT_EQ(epoch_of(plan, 1, 2), (std::vector<std::vector<double>>{second[2]}));
    EXPECT_TRUE(epoch_of(plan, 0, 3).empty());
    std::vector<double> all;
    for (const auto& batch : first) all.insert(all.end(), batch.begin(), batch.end());
    std::sort(all.begin(), all.end());
    EXPECT_EQ(all, (std::vector<double>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  }
  const LoaderPlan plain(numbers(10), {.batch_size = 4, .shuffle = false, .seed = 0, .drop_last = true});
  EXPECT_EQ(epoch_of(plain, 3), (std::vector<std::vector<double>>{{0, 1, 2, 3}, {4, 5, 6, 7}}));
  EXPECT_THROW(LoaderPlan(numbers(1), {.batch_size = 0}), Error);
}

TEST(Loader, HandsOnWhatItsThreadMeets) {
  int calls = 0;
  const DatasetPtr dataset = callback_dataset(100, {{{}, DType::i32}}, [&calls](auto, auto) { return ++calls < 3; });
  Batches batches(LoaderPlan(dataset, {.batch_size = 10}), device(), 0, 0);
  EXPECT_FALSE(batches.next().empty());
  EXPECT_FALSE(batches.next().empty());
  try {
    batches.next();
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::cancelled);
  }
  EXPECT_TRUE(batches.next().empty());
}

TEST(Loader, StopsWaitingWhenCancelled) {
  std::atomic<bool> cancel = false, release = false;
  const DatasetPtr dataset = callback_dataset(10, {{{}, DType::i32}}, [&](auto, auto) {
    cancel = true;
    while (!release) std::this_thread::yield();
    return true;
  });
  Batches batches(LoaderPlan(dataset, {.batch_size = 1}), device(), 0, 0);
  try {
    batches.next(&cancel);
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::cancelled);
  }
  release = true;  // the destructor waits for the thread
}

// Its own thread cannot wait for itself.
TEST(Loader, EndsInACallbackOfItsDataset) {
  std::unique_ptr<Batches> batches;
  std::atomic<bool> made = false, ended = false;
  const DatasetPtr dataset = callback_dataset(10, {{{}, DType::i32}}, [&](auto, auto) {
    while (!made) std::this_thread::yield();
    batches.reset();
    ended = true;
    return true;
  });
  batches = std::make_unique<Batches>(LoaderPlan(dataset, {.batch_size = 1}), device(), 0, 0);
  made = true;
  while (!ended) std::this_thread::yield();
}

TEST(Split, GivesEverySampleToOneSide) {
  const Split parts = split(numbers(20), 0.3, 1);
  std::vector<double> all = all_of(parts.first, 0);
  EXPECT_EQ(all.size(), 6u);
  for (double value : all_of(parts.second, 0)) all.push_back(value);
  std::sort(all.begin(), all.end());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(all[size_t(i)], i);
  EXPECT_THROW(split(numbers(3), 2, 1), Error);
}

}  // namespace
}  // namespace mlxc::test
