// Every family against what transformers computed in float32 with the same files. MLXC_GOLDEN_MODELS may name a further folder of
// such models, for example published ones that are too large for the repository.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "base/json.h"
#include "io/safetensors.h"
#include "llm/model_runner.h"
#include "ops/elementwise.h"
#include "ops/shape_ops.h"

namespace mlxc {
namespace {

constexpr double kHighLimit = 2e-4;  // of the largest golden value

template <class T>
std::vector<T> values(const SafetensorsFile& file, const std::string& name) {
  const auto& tensor = file.at(name);
  std::vector<T> result(tensor.bytes.size() / sizeof(T));
  std::memcpy(result.data(), tensor.bytes.data(), tensor.bytes.size());
  return result;
}

struct Difference {
  double max = 0, rms = 0;  // relative to the largest, and to the RMS, of the golden values
};
Difference difference(const std::vector<float>& ours, const std::vector<float>& golden) {
  EXPECT_EQ(ours.size(), golden.size());
  double most = 0, largest = 0, squares = 0, golden_squares = 0;
  for (size_t i = 0; i < std::min(ours.size(), golden.size()); ++i) {
    const double d = double(ours[i]) - double(golden[i]);
    most = std::isnan(d) ? INFINITY : std::max(most, std::abs(d));
    largest = std::max(largest, double(std::abs(golden[i])));
    squares += d * d, golden_squares += double(golden[i]) * double(golden[i]);
  }
  return {most / largest, std::sqrt(squares / golden_squares)};
}

std::vector<float> last_row(const std::vector<float>& rows, size_t width) { return {rows.end() - ptrdiff_t(width), rows.end()}; }

// Folders of causal models, or of encoders, that have golden results beside them.
std::vector<std::string> model_folders(bool causal) {
  std::vector<std::string> folders, roots{MLXC_TEST_DATA "/models"};
  if (const char* more = std::getenv("MLXC_GOLDEN_MODELS")) roots.emplace_back(more);
  for (const std::string& root : roots) {
    for (const auto& entry : std::filesystem::directory_iterator(root)) {
      if (!exists(entry.path() / "golden.safetensors") && !exists(entry.path() / "golden.json")) continue;
      if (causal == (JsonObject::read(entry.path() / "config.json").get<std::string>("model_type") != "bert"))
        folders.push_back(entry.path());
    }
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

Json native_limits(const std::string& folder) {
  const std::filesystem::path path(folder), limits = path.parent_path() / "native_errors.json";
  return exists(limits) ? read_json(limits).value(path.filename().string(), Json()) : Json();
}

std::vector<std::string> folders_with_limits() {
  std::vector<std::string> folders = model_folders(true);
  std::erase_if(folders, [](const std::string& folder) { return native_limits(folder).is_null(); });
  return folders;
}

class GoldenFolder : public testing::TestWithParam<std::string> {
 protected:
  std::shared_ptr<Model> load(Precision precision) {
    LoadOptions options;
    options.precision = precision;
    return Model::load(test::device(), GetParam(), options);
  }
  std::shared_ptr<const SafetensorsFile> golden() { return SafetensorsFile::open(GetParam() + "/golden.safetensors", LoadMode::mapped); }
  static std::string key(const char* name, int k) { return cat(name, ".", k); }
};
class GoldenModel : public GoldenFolder {};
class GoldenNative : public GoldenFolder {};
class GoldenEncoder : public GoldenFolder {};

TEST_P(GoldenModel, LogitsAndHiddenStatesAgreeAtHighPrecision) {
  auto model = load(Precision::high);
  const auto file = golden();
  for (int k = 0; file->find(key("prompt", k)); ++k) {
    SCOPED_TRACE(key("prompt", k));
    const auto prompt = values<int32_t>(*file, key("prompt", k));
    const auto rows = test::Sequence(model, int64_t(prompt.size())).run(prompt);
    if (file->find(key("logits", k))) {
      EXPECT_LE(difference(rows.logits, values<float>(*file, key("logits", k))).max, kHighLimit);
      EXPECT_LE(difference(rows.hidden, values<float>(*file, key("hidden", k))).max, kHighLimit);
    } else {
      EXPECT_LE(difference(last_row(rows.logits, size_t(model->info().vocabulary)), values<float>(*file, key("last_logits", k))).max,
                kHighLimit);
    }
  }
}

TEST_P(GoldenModel, TheForwardPassOfTrainingGivesTheSameLogits) {
  auto model = load(Precision::high);
  const auto file = golden();
  for (int k = 0; file->find(key("prompt", k)); ++k) {
    SCOPED_TRACE(key("prompt", k));
    const auto prompt = values<int32_t>(*file, key("prompt", k));
    const auto logits = test::floats(model->logits(reshape(test::ints(prompt), {1, int64_t(prompt.size())})));
    if (file->find(key("logits", k))) {
      EXPECT_LE(difference(logits, values<float>(*file, key("logits", k))).max, kHighLimit);
    } else {
      EXPECT_LE(difference(last_row(logits, size_t(model->info().vocabulary)), values<float>(*file, key("last_logits", k))).max,
                kHighLimit);
    }
  }
}

TEST_P(GoldenModel, GreedyContinuationsAreTheSameTokens) {
  auto model = load(Precision::high);
  const auto file = golden();
  for (int k = 0; file->find(key("prompt", k)); ++k) {
    SCOPED_TRACE(key("prompt", k));
    const auto prompt = values<int32_t>(*file, key("prompt", k)), expected = values<int32_t>(*file, key("greedy", k));
    test::Sequence sequence(model, int64_t(prompt.size() + expected.size()));
    EXPECT_EQ(sequence.greedy(prompt, expected.size()), expected);
  }
}

TEST_P(GoldenModel, APromptInChunksGivesTheSameLogits) {
  auto model = load(Precision::high);
  const auto file = golden();
  const auto prompt = values<int32_t>(*file, key("prompt", 2));
  const auto whole = test::Sequence(model, int64_t(prompt.size())).run(prompt, true);
  test::Sequence chunks(model, int64_t(prompt.size()));
  const auto middle = prompt.begin() + ptrdiff_t(prompt.size() / 2);
  chunks.run({prompt.begin(), middle});
  EXPECT_LE(difference(chunks.run({middle, prompt.end()}, true).logits, whole.logits).max, 1e-5);
}

TEST_P(GoldenNative, IsNoLessAccurateThanTransformersInTheSameType) {
  const Json limits = native_limits(GetParam());
  auto model = load(Precision::native);
  const auto file = golden();
  for (int k = 0; k < 3; ++k) {
    SCOPED_TRACE(key("prompt", k));
    const auto prompt = values<int32_t>(*file, key("prompt", k));
    const Difference d =
        difference(test::Sequence(model, int64_t(prompt.size())).run(prompt).logits, values<float>(*file, key("logits", k)));
    // Float32 models have no rounding to compare with: there the limit is that of precision high.
    const bool full = limits["dtype"] == "float32";
    EXPECT_LE(d.rms, full ? kHighLimit : limits["rms"][size_t(k)].get<double>());
    EXPECT_LE(d.max, full ? kHighLimit : limits["max"][size_t(k)].get<double>());
  }
}

// [T, hidden] of several texts in one flat list.
std::vector<float> encode(const Model& model, const std::vector<std::vector<int32_t>>& texts) {
  std::vector<int32_t> tokens, positions, starts{0};
  for (const auto& text : texts) {
    for (size_t i = 0; i < text.size(); ++i) tokens.push_back(text[i]), positions.push_back(int32_t(i));
    starts.push_back(int32_t(tokens.size()));
  }
  return test::floats(model.encode(test::ints(tokens), test::ints(positions), test::ints(starts)));
}

std::vector<float> pool(const ModelInfo& info, std::span<const float> hidden) {
  const size_t width = size_t(info.hidden), rows = hidden.size() / width;
  std::vector<float> result(width, 0);
  const size_t first = info.pooling == Pooling::last ? rows - 1 : 0, last = info.pooling == Pooling::cls ? 1 : rows;
  for (size_t row = first; row < last; ++row) {
    for (size_t i = 0; i < width; ++i) result[i] += hidden[row * width + i] / float(last - first);
  }
  if (!info.normalize_embeddings) return result;
  double squares = 0;
  for (float x : result) squares += double(x) * x;
  for (float& x : result) x = float(x / std::sqrt(squares));
  return result;
}

TEST_P(GoldenEncoder, GivesTheSameHiddenStatesAndEmbeddingsTogether) {
  for (Precision precision : {Precision::high, Precision::native}) {
    auto model = load(precision);
    std::vector<std::vector<int32_t>> texts;
    std::vector<std::vector<float>> hiddens, embeddings;
    if (std::filesystem::exists(GetParam() + "/golden.safetensors")) {
      const auto file = golden();
      for (int k = 0; file->find(key("prompt", k)); ++k) {
        texts.push_back(values<int32_t>(*file, key("prompt", k)));
        hiddens.push_back(values<float>(*file, key("hidden", k)));
        embeddings.push_back(values<float>(*file, key("embedding", k)));
      }
    } else {
      for (const Json& row : read_json(GetParam() + "/golden.json")) {
        texts.push_back(row["ids"].get<std::vector<int32_t>>());
        embeddings.push_back(row["embedding"].get<std::vector<float>>());
      }
    }
    const std::vector<float> all = encode(*model, texts);
    const double limit = precision == Precision::high ? kHighLimit : 2e-2;
    size_t at = 0;
    for (size_t k = 0; k < texts.size(); ++k) {
      SCOPED_TRACE(cat("text ", k, ", precision ", int(precision)));
      const size_t count = texts[k].size() * size_t(model->info().hidden);
      const std::span<const float> hidden(all.data() + at, count);
      at += count;
      if (!hiddens.empty()) {
        EXPECT_LE(difference({hidden.begin(), hidden.end()}, hiddens[k]).max, limit);
      }
      EXPECT_LE(difference(pool(model->info(), hidden), embeddings[k]).max, limit);
    }
  }
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = std::filesystem::path(info.param).filename();
  if (!info.param.starts_with(MLXC_TEST_DATA)) name = "more_" + name;
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Folders, GoldenModel, testing::ValuesIn(model_folders(true)), test_name);
INSTANTIATE_TEST_SUITE_P(Folders, GoldenNative, testing::ValuesIn(folders_with_limits()), test_name);
INSTANTIATE_TEST_SUITE_P(Folders, GoldenEncoder, testing::ValuesIn(model_folders(false)), test_name);

}  // namespace
}  // namespace mlxc
