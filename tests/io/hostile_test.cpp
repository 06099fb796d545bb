// Files that are wrong on purpose: each must end in its status, without a crash, a hang, or memory that the file only claims to need.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

#include "base/error.h"
#include "base/json.h"
#include "io/checkpoint.h"
#include "io/safetensors.h"
#include "io/safetensors_bytes.h"
#include "support/mutate.h"
#include "support/temp_folder.h"

namespace {

std::atomic<size_t> largest_allocation{0};

void* counted(size_t size, size_t alignment) {
  if (size > largest_allocation) largest_allocation = size;
  return alignment == 0 ? std::malloc(std::max<size_t>(size, 1))
                        : std::aligned_alloc(alignment, (size + alignment) / alignment * alignment);
}

}  // namespace

// Not inlined: the compiler would see malloc meet delete and warn.
[[gnu::noinline]] void* operator new(size_t size) {
  if (void* p = counted(size, 0)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(size_t size, const std::nothrow_t&) noexcept { return counted(size, 0); }
[[gnu::noinline]] void* operator new(size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return counted(size, size_t(alignment));
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, size_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }

namespace mlxc {
namespace {

using test::entry;
using test::MemoryFile;
using test::safetensors;
using test::TempFolder;

constexpr const char* kIndex = "model.safetensors.index.json";

// One tensor of one byte, with everything about it to be chosen.
std::string one(std::string_view dtype, std::string_view shape, std::string_view offsets, std::string_view data = "0") {
  return safetensors("{" + entry("x", dtype, shape, offsets) + "}", data);
}

// Opens the file and uses all it offers; the status, and no allocation out of proportion to the file.
Status use_safetensors(const std::string& path, size_t size, LoadMode mode, std::string* message = nullptr) {
  largest_allocation = 0;
  Status status = Status::ok;
  try {
    auto file = SafetensorsFile::open(path, mode);
    int64_t total = 0;
    unsigned sum = 0;
    for (const auto& tensor : file->tensors()) {
      for (std::byte byte : tensor.bytes) sum += unsigned(byte);
      total += int64_t(tensor.bytes.size());
      EXPECT_EQ(&file->at(tensor.name), &tensor);
      try {
        EXPECT_EQ(tensor.elements() * size_of(tensor.dtype()), int64_t(tensor.bytes.size()));
      } catch (const Error& error) {
        EXPECT_EQ(error.status(), Status::unsupported);
      }
    }
    EXPECT_EQ(total, file->data_bytes());
    EXPECT_LT(sum, UINT32_MAX);
  } catch (const Error& error) {
    status = error.status();
    if (message) *message = error.what();
  }
  EXPECT_LE(largest_allocation, 64 * size + 4096);
  return status;
}

struct Case {
  const char* name;
  std::string bytes;
  Status status = Status::format;
};

const std::vector<Case>& safetensors_cases() {
  const std::string good = test::small_safetensors();
  const std::string a4 = entry("a", "U8", "[4]", "[0,4]");
  static const std::vector<Case> cases{
      {"empty file", ""},
      {"seven bytes", "1234567"},
      {"length only", test::little_endian(0)},
      {"length past the end", test::little_endian(100) + "{}"},
      {"length one past the end", test::little_endian(3) + "{}"},
      {"length of 100 MB and one", test::little_endian(100'000'001) + "{}"},
      {"length 2^63", test::little_endian(uint64_t(1) << 63) + "{}"},
      {"length 2^64 - 1", test::little_endian(UINT64_MAX) + "{}"},
      {"length 2^64 - 8 wraps to the start", test::little_endian(UINT64_MAX - 7) + "{}"},
      {"text file", "This is not a tensor file at all."},
      {"pickle", "\x80\x02}q\x01(X\x01\0\0\0aq\x02K\x01u."},
      {"GGUF", std::string("GGUF\3\0\0\0\0\0\0\0\0\0\0\0", 16)},
      {"pointer file of git-lfs", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"},
      {"header not JSON", safetensors("{x", "")},
      {"header begins with a space", safetensors(" {}", "")},
      {"header begins with a byte order mark", safetensors("\xef\xbb\xbf{}", "")},
      {"header is a list", safetensors("[]", "")},
      {"header is a string", safetensors("\"x\"", "")},
      {"header is null", safetensors("null", "")},
      {"text after the header", safetensors("{}x", "")},
      {"two headers", safetensors("{}{}", "")},
      {"zero byte after the header", safetensors(std::string_view("{}\0", 3), "")},
      {"invalid UTF-8 name", safetensors("{" + entry("\xff", "U8", "[1]", "[0,1]") + "}", "0")},
      {"lone surrogate name", safetensors("{" + entry("\\udc00", "U8", "[1]", "[0,1]") + "}", "0")},
      {"deep header", safetensors("{\"x\":" + std::string(50000, '[') + std::string(50000, ']') + "}", "")},
      {"deep open header", safetensors("{\"x\":" + std::string(100000, '['), "")},
      {"deep objects", safetensors(
                           [] {
                             std::string text;
                             for (int i = 0; i < 20000; ++i) text += "{\"x\":";
                             return text;
                           }(),
                           "")},
      {"tensor is a number", safetensors("{\"x\":1}", "")},
      {"tensor is null", safetensors("{\"x\":null}", "")},
      {"tensor is a list", safetensors("{\"x\":[]}", "")},
      {"tensor is empty", safetensors("{\"x\":{}}", "")},
      {"metadata is a list", safetensors("{\"__metadata__\":[]}", "")},
      {"metadata holds a number", safetensors("{\"__metadata__\":{\"a\":1}}", "")},
      {"metadata holds an object", safetensors("{\"__metadata__\":{\"a\":{}}}", "")},
      {"metadata twice", safetensors("{\"__metadata__\":{},\"__metadata__\":{}}", "")},
      {"name twice", safetensors("{" + a4 + "," + a4 + "}", "0123")},
      {"name twice by an escape", safetensors("{" + a4 + "," + entry("\\u0061", "U8", "[0]", "[4,4]") + "}", "0123")},
      {"dtype twice", safetensors(R"({"x":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}})", "0")},
      {"no dtype", safetensors(R"({"x":{"shape":[1],"data_offsets":[0,1]}})", "0")},
      {"no shape", safetensors(R"({"x":{"dtype":"U8","data_offsets":[0,1]}})", "0")},
      {"no offsets", safetensors(R"({"x":{"dtype":"U8","shape":[1]}})", "0")},
      {"unknown dtype", one("Q4_K", "[1]", "[0,1]")},
      {"lower case dtype", one("u8", "[1]", "[0,1]")},
      {"empty dtype", one("", "[1]", "[0,1]")},
      {"dtype is a number", safetensors(R"({"x":{"dtype":8,"shape":[1],"data_offsets":[0,1]}})", "0")},
      {"shape is a number", one("U8", "1", "[0,1]")},
      {"shape is null", one("U8", "null", "[0,1]")},
      {"shape holds a string", one("U8", "[\"1\"]", "[0,1]")},
      {"shape holds a fraction", one("U8", "[1.0]", "[0,1]")},
      {"shape holds null", one("U8", "[null]", "[0,1]")},
      {"negative extent", one("U8", "[-1]", "[0,1]")},
      {"two negative extents", one("U8", "[-1,-1]", "[0,1]")},
      {"extent 2^63", one("U8", "[9223372036854775808]", "[0,1]")},
      {"extent past 2^64", one("U8", "[99999999999999999999]", "[0,1]")},
      {"product overflows to zero", one("U8", "[4294967296,4294967296]", "[0,0]", "")},
      {"product overflows to one byte", one("U8", "[3,6148914691236517206]", "[0,2]", "01")},
      {"product overflows before a zero", one("U8", "[4294967296,4294967296,0]", "[0,0]", "")},
      {"bytes overflow", one("F64", "[2305843009213693952]", "[0,0]", "")},
      {"offsets of one number", one("U8", "[1]", "[0]")},
      {"offsets of three numbers", one("U8", "[1]", "[0,1,1]")},
      {"no offsets in the list", one("U8", "[1]", "[]")},
      {"offsets are strings", one("U8", "[1]", R"(["0","1"])")},
      {"offsets are fractions", one("U8", "[1]", "[0.0,1.0]")},
      {"negative offset", one("U8", "[1]", "[-1,0]")},
      {"offsets backwards", one("U8", "[1]", "[1,0]")},
      {"offsets past 2^63", one("U8", "[1]", "[9223372036854775808,9223372036854775809]")},
      {"offsets wrap around 2^64", one("U8", "[1]", "[18446744073709551615,0]")},
      {"end past the data", one("U8", "[2]", "[0,2]")},
      {"size smaller than the shape", one("U8", "[4]", "[0,1]")},
      {"size larger than the shape", one("U8", "[1]", "[0,4]", "0123")},
      {"data missing", one("U8", "[1]", "[0,1]", "")},
      {"data after the tensors", one("U8", "[1]", "[0,1]", "01")},
      {"data without tensors", safetensors("{}", "0")},
      {"hole at the start", one("U8", "[1]", "[1,2]", "01")},
      {"hole between tensors", safetensors("{" + entry("a", "U8", "[1]", "[0,1]") + "," + entry("b", "U8", "[1]", "[2,3]") + "}", "012")},
      {"overlapping tensors", safetensors("{" + entry("a", "U8", "[2]", "[0,2]") + "," + entry("b", "U8", "[2]", "[1,3]") + "}", "012")},
      {"identical ranges", safetensors("{" + entry("a", "U8", "[2]", "[0,2]") + "," + entry("b", "U8", "[2]", "[0,2]") + "}", "01")},
      {"one tensor inside another", safetensors("{" + a4 + "," + entry("b", "U8", "[2]", "[1,3]") + "}", "0123")},
      {"empty tensor past the data", safetensors("{" + a4 + "," + entry("b", "U8", "[0]", "[9,9]") + "}", "0123")},
      {"half a byte", one("F4", "[1]", "[0,1]")},
      {"number too large", one("U8", "[1e400]", "[0,1]")},
      {"infinite extent", one("U8", "[Infinity]", "[0,1]")},
      {"good file, one byte more", good + "x"},
      {"good file, one byte less", good.substr(0, good.size() - 1)},
  };
  return cases;
}

TEST(HostileSafetensors, EveryMalformedFileEndsInItsStatus) {
  MemoryFile file;
  for (const Case& c : safetensors_cases()) {
    for (LoadMode mode : {LoadMode::mapped, LoadMode::copied}) {
      SCOPED_TRACE(c.name);
      std::string message;
      file.write(c.bytes);
      EXPECT_EQ(use_safetensors(file.path(), c.bytes.size(), mode, &message), c.status) << message;
      EXPECT_LT(message.size(), 496u) << message;
    }
  }
}

TEST(HostileSafetensors, EveryTruncationIsMalformed) {
  MemoryFile file;
  const std::string good = test::small_safetensors();
  for (size_t size = 0; size < good.size(); ++size) {
    file.write(good.substr(0, size));
    for (LoadMode mode : {LoadMode::mapped, LoadMode::copied}) ASSERT_EQ(use_safetensors(file.path(), size, mode), Status::format) << size;
  }
  file.write(good);
  EXPECT_EQ(use_safetensors(file.path(), good.size(), LoadMode::mapped), Status::ok);
}

TEST(HostileSafetensors, RandomMutationsAreReadOrRefused) {
  MemoryFile file;
  const std::string good = test::small_safetensors();
  test::Mutator mutate(1);
  int refused = 0, read = 0;
  for (int i = 0, count = test::mutation_count(1500); i < count; ++i) {
    SCOPED_TRACE(i);
    std::string bytes = mutate(good);
    if (i % 2 == 0 && bytes.size() >= 8) {  // damage must get past the length to reach the header
      const size_t data = std::min<size_t>(22, bytes.size() - 8);
      bytes.replace(0, 8, test::little_endian(bytes.size() - 8 - data));
    }
    file.write(bytes);
    const Status status = use_safetensors(file.path(), bytes.size(), i % 4 < 2 ? LoadMode::mapped : LoadMode::copied);
    ASSERT_TRUE(status == Status::ok || status == Status::format) << i;
    ++(status == Status::ok ? read : refused);
  }
  EXPECT_GT(refused, read);
  EXPECT_GT(read, 0);
}

std::string index_of(std::string_view map) { return std::string(R"({"metadata":{"total_size":5},"weight_map":)").append(map).append("}"); }

class HostileIndex : public testing::Test {
 protected:
  HostileIndex() {
    folder_.write("m/one.safetensors", safetensors("{" + entry("a", "U8", "[2]", "[0,2]") + "}", "01"));
    folder_.write("m/two.safetensors",
                  safetensors("{" + entry("b", "U8", "[3]", "[0,3]") + "," + entry("a", "U8", "[1]", "[3,4]") + "}", "0123"));
    folder_.write("m/broken.safetensors", "no tensors here");
    folder_.write("outside.safetensors", safetensors("{" + entry("a", "U8", "[2]", "[0,2]") + "}", "01"));
    std::filesystem::create_directory(folder_ / "m/folder.safetensors");
    EXPECT_EQ(mkfifo((folder_ / "m/fifo.safetensors").c_str(), 0600), 0);
    std::filesystem::create_symlink(index_.path(), folder_ / "m" + "/" + kIndex);
  }
  Status open(const std::string& index, std::string* message = nullptr) {
    index_.write(index);
    largest_allocation = 0;
    Status status = Status::ok;
    try {
      auto checkpoint = Checkpoint::open(folder_ / "m", LoadMode::mapped);
      unsigned sum = 0;
      for (auto name : checkpoint->names()) {
        for (std::byte byte : checkpoint->at(name).bytes) sum += unsigned(byte);
      }
      EXPECT_GT(sum, 0u);
    } catch (const Error& error) {
      status = error.status();
      if (message) *message = error.what();
    }
    EXPECT_LE(largest_allocation, 64 * index.size() + 8192);
    return status;
  }
  TempFolder folder_;
  MemoryFile index_;
};

TEST_F(HostileIndex, EveryMalformedIndexEndsInItsStatus) {
  ASSERT_EQ(open(index_of(R"({"a":"one.safetensors","b":"two.safetensors"})")), Status::ok);
  const std::string outside = folder_ / "outside.safetensors";
  const Case cases[] = {
      {"empty", ""},
      {"not JSON", "weight_map"},
      {"list", "[]"},
      {"no weight map", "{}"},
      {"weight map is null", index_of("null")},
      {"weight map is a list", index_of("[]")},
      {"weight map is a string", index_of("\"one.safetensors\"")},
      {"weight map is empty", index_of("{}")},
      {"file is a number", index_of(R"({"a":1})")},
      {"file is null", index_of(R"({"a":null})")},
      {"file is a list", index_of(R"({"a":["one.safetensors"]})")},
      {"file name is empty", index_of(R"({"a":""})")},
      {"absolute name", index_of(R"({"a":")" + outside + R"("})")},
      {"name with ..", index_of(R"({"a":"../outside.safetensors"})")},
      {"name with escaped ..", index_of(R"({"a":"\u002e\u002e\u002foutside.safetensors"})")},
      {"name with ./", index_of(R"({"a":"./one.safetensors"})")},
      {"name into a folder and back", index_of(R"({"a":"folder.safetensors/../one.safetensors"})")},
      {"the folder itself", index_of(R"({"a":"."})")},
      {"the folder above", index_of(R"({"a":".."})")},
      {"backslash", index_of(R"({"a":"..\\outside.safetensors"})")},
      {"zero byte in a name", index_of(R"({"a":"one.safetensors\u0000.txt"})")},
      {"name too long", index_of(R"({"a":")" + std::string(5000, 'x') + R"("})"), Status::io},
      {"shard does not exist", index_of(R"({"a":"three.safetensors"})"), Status::not_found},
      {"shard is a folder", index_of(R"({"a":"folder.safetensors"})"), Status::io},
      {"shard is a FIFO", index_of(R"({"a":"fifo.safetensors"})"), Status::io},
      {"shard is broken", index_of(R"({"a":"broken.safetensors"})")},
      {"shard is the index", index_of(R"({"a":"model.safetensors.index.json"})")},
      {"shard lacks the tensor", index_of(R"({"c":"one.safetensors"})")},
      {"tensor in the wrong shard", index_of(R"({"b":"one.safetensors"})")},
      {"tensor twice", index_of(R"({"a":"one.safetensors","a":"two.safetensors"})")},
      {"weight map twice", R"({"weight_map":{"a":"one.safetensors"},"weight_map":{"b":"two.safetensors"}})"},
      {"deep", std::string(100000, '[')},
      {"deep metadata", R"({"metadata":)" + std::string(1000, '[') + std::string(1000, ']') + R"(,"weight_map":{"a":"one.safetensors"}})"},
      {"invalid UTF-8", index_of("{\"a\":\"\xff\"}")},
      {"a thousand shards that are not there",
       index_of("{" +
                [] {
                  std::string map;
                  for (int i = 0; i < 1000; ++i) map += (i ? ",\"" : "\"") + std::to_string(i) + "\":\"" + std::to_string(i) + "\"";
                  return map;
                }() +
                "}"),
       Status::not_found},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    std::string message;
    EXPECT_EQ(open(c.bytes, &message), c.status) << message;
    EXPECT_LT(message.size(), 496u) << message;
  }
}

TEST_F(HostileIndex, TruncationsAndMutationsAreReadOrRefused) {
  const std::string good = index_of(R"({"a":"one.safetensors","b":"two.safetensors"})");
  for (size_t size = 0; size < good.size(); ++size) ASSERT_EQ(open(good.substr(0, size)), Status::format) << size;
  test::Mutator mutate(2);
  int refused = 0, read = 0;
  for (int i = 0, count = test::mutation_count(1000); i < count; ++i) {
    SCOPED_TRACE(i);
    const Status status = open(mutate(good));
    ASSERT_TRUE(status == Status::ok || status == Status::format || status == Status::not_found) << i << " " << int(status);
    ++(status == Status::ok ? read : refused);
  }
  EXPECT_GT(refused, 0);
  EXPECT_GT(read, 0);
}

TEST(HostileConfig, TruncationsAndMutationsAreReadOrRefused) {
  const std::string good =
      R"({"architectures": ["Qwen3ForCausalLM"], "hidden_size": 64, "rope_theta": 1e6, "rms_norm_eps": 1e-06, "tie_word_embeddings": true,)"
      R"( "rope_scaling": {"rope_type": "yarn", "factor": 4.0}, "eos_token_id": [1, 2], "sliding_window": null, "x": -Infinity})";
  auto use = [](const std::string& text) {
    try {
      const JsonObject config = JsonObject::parse(text, "config.json");
      for (const auto& [key, value] : config.json().items()) {
        auto attempt = [](auto&& get) {
          try {
            get();
          } catch (const Error& error) {
            EXPECT_EQ(error.status(), Status::format);
          }
        };
        const std::string name = key;
        attempt([&] { config.get<int>(name, 0); });
        attempt([&] { config.get<uint8_t>(name); });
        attempt([&] { config.get<int64_t>(name); });
        attempt([&] { config.get<float>(name); });
        attempt([&] { config.get<bool>(name); });
        attempt([&] { config.get<std::string>(name); });
        attempt([&] { config.get<std::vector<int>>(name); });
        attempt([&] { config.object(name).get<double>("factor"); });
        attempt([&] { config.objects(name); });
      }
      return Status::ok;
    } catch (const Error& error) {
      return error.status();
    }
  };
  ASSERT_EQ(use(good), Status::ok);
  for (size_t size = 0; size < good.size(); ++size) ASSERT_EQ(use(good.substr(0, size)), Status::format) << size;
  test::Mutator mutate(3);
  int refused = 0, read = 0;
  for (int i = 0, count = test::mutation_count(3000); i < count; ++i) {
    const Status status = use(mutate(good));
    ASSERT_TRUE(status == Status::ok || status == Status::format) << i;
    ++(status == Status::ok ? read : refused);
  }
  EXPECT_GT(refused, 0);
  EXPECT_GT(read, 0);
}

}  // namespace
}  // namespace mlxc
