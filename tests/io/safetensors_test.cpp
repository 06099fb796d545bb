#include "io/safetensors.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>

#include "base/error.h"
#include "io/safetensors_bytes.h"
#include "support/faults.h"
#include "support/temp_folder.h"

namespace mlxc {
namespace {

using test::entry;
using test::Faults;
using test::safetensors;
using test::TempFolder;

std::string text_of(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

Status status_of(const std::string& path, LoadMode mode, std::string* message = nullptr, int64_t* native = nullptr) {
  try {
    SafetensorsFile::open(path, mode);
    return Status::ok;
  } catch (const Error& error) {
    if (message) *message = error.what();
    if (native) *native = error.native();
    return error.status();
  }
}

class SafetensorsReader : public testing::TestWithParam<LoadMode> {
 protected:
  TempFolder folder_;
};
INSTANTIATE_TEST_SUITE_P(, SafetensorsReader, testing::Values(LoadMode::mapped, LoadMode::copied),
                         [](const auto& info) { return info.param == LoadMode::mapped ? "Mapped" : "Copied"; });

TEST_P(SafetensorsReader, ShowsTensorsAndMetadata) {
  auto file = SafetensorsFile::open(folder_.write("f", test::small_safetensors()), GetParam());
  ASSERT_EQ(file->tensors().size(), 3u);
  EXPECT_EQ(file->data_bytes(), 22);
  EXPECT_EQ(file->metadata(), (std::map<std::string, std::string>{{"format", "pt"}}));
  const auto& a = file->at("a");
  EXPECT_EQ(a.dtype(), DType::f32);
  EXPECT_EQ(a.shape, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(a.elements(), 4);
  EXPECT_EQ(text_of(a.bytes), "0123456789abcdef");
  EXPECT_EQ(file->at("b").type, "BF16");
  EXPECT_EQ(text_of(file->at("b").bytes), "ghijkl");
  EXPECT_EQ(file->at("empty").elements(), 0);
  EXPECT_TRUE(file->at("empty").bytes.empty());
  EXPECT_EQ(file->find("c"), nullptr);
  EXPECT_EQ(file->mapping() != nullptr, GetParam() == LoadMode::mapped);
}

TEST_P(SafetensorsReader, AMissingTensorIsAnErrorThatNamesIt) {
  auto file = SafetensorsFile::open(folder_.write("f", test::small_safetensors()), GetParam());
  try {
    file->at("lm_head.weight");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::not_found);
    EXPECT_NE(std::string(error.what()).find("'lm_head.weight'"), std::string::npos);
  }
}

TEST_P(SafetensorsReader, ReadsEveryElementType) {
  const std::pair<const char*, DType> types[] = {{"BOOL", DType::boolean}, {"U8", DType::u8},   {"I8", DType::i8},     {"U16", DType::u16},
                                                 {"I16", DType::i16},      {"U32", DType::u32}, {"I32", DType::i32},   {"U64", DType::u64},
                                                 {"I64", DType::i64},      {"F16", DType::f16}, {"BF16", DType::bf16}, {"F32", DType::f32},
                                                 {"F64", DType::f64}};
  for (const auto& [name, dtype] : types) {
    const int64_t size = size_of(dtype) * 2;
    const std::string header = "{" + entry("x", name, "[2]", "[0," + std::to_string(size) + "]") + "}";
    auto file = SafetensorsFile::open(folder_.write("f", safetensors(header, std::string(size_t(size), '\1'))), GetParam());
    EXPECT_EQ(file->at("x").dtype(), dtype) << name;
  }
}

TEST_P(SafetensorsReader, SmallFloatsAreUnsupportedOnlyWhenUsed) {
  const char* types[] = {"F8_E4M3", "F8_E5M2", "F8_E8M0"};
  for (const char* type : types) {
    const std::string header = "{" + entry("x", type, "[4]", "[0,4]") + "," + entry("y", "U8", "[1]", "[4,5]") + "}";
    auto file = SafetensorsFile::open(folder_.write("f", safetensors(header, "01234")), GetParam());
    EXPECT_EQ(file->at("y").dtype(), DType::u8);
    try {
      file->at("x").dtype();
      ADD_FAILURE() << type;
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), Status::unsupported);
      EXPECT_NE(std::string(error.what()).find(type), std::string::npos);
    }
  }
}

TEST_P(SafetensorsReader, NotesTensorsWhoseDataIsNotAligned) {
  const std::string body = "{" + entry("byte", "U8", "[1]", "[0,1]") + "," + entry("odd", "F32", "[1]", "[1,5]") + "}";
  auto file =
      SafetensorsFile::open(folder_.write("f", safetensors(body + std::string(7 - (body.size() + 7) % 8, ' '), "01234")), GetParam());
  EXPECT_TRUE(file->at("byte").aligned());
  EXPECT_FALSE(file->at("odd").aligned());
  auto padded =
      SafetensorsFile::open(folder_.write("g", safetensors("{" + entry("x", "F32", "[1]", "[0,4]") + "}     ", "0123")), LoadMode::copied);
  EXPECT_TRUE(padded->at("x").aligned());
}

TEST_P(SafetensorsReader, AcceptsUnusualButCorrectFiles) {
  const std::pair<const char*, std::string> cases[] = {
      {"no tensors", safetensors("{}", "")},
      {"metadata only", safetensors(R"({"__metadata__":{"a":"b"}})", "")},
      {"null metadata", safetensors(R"({"__metadata__":null})", "")},
      {"scalar", safetensors("{" + entry("x", "F32", "[]", "[0,4]") + "}", "0123")},
      {"unknown key of a tensor", safetensors(R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"note":{"a":[1]}}})", "0")},
      {"header out of data order",
       safetensors("{" + entry("a", "U8", "[1]", "[1,2]") + "," + entry("b", "U8", "[1]", "[0,1]") + "}", "01")},
      {"empty tensors between others", safetensors("{" + entry("a", "U8", "[0]", "[1,1]") + "," + entry("b", "U8", "[1]", "[0,1]") + "," +
                                                       entry("c", "U8", "[1]", "[1,2]") + "}",
                                                   "01")},
      {"name in UTF-8", safetensors("{" + entry("gewicht.ä\\u20ac", "U8", "[1]", "[0,1]") + "}", "0")},
      {"empty name", safetensors("{" + entry("", "U8", "[1]", "[0,1]") + "}", "0")},
      {"trailing spaces", safetensors("{" + entry("x", "U8", "[1]", "[0,1]") + "}  \n\t ", "0")},
      {"four bits", safetensors("{" + entry("x", "F4", "[2]", "[0,1]") + "}", "0")},
      {"65 dimensions",
       safetensors("{" +
                       entry(
                           "x", "U8",
                           "[1" +
                               [] {
                                 std::string ones;
                                 for (int i = 0; i < 64; ++i) ones += ",1";
                                 return ones;
                               }() +
                               "]",
                           "[0,1]") +
                       "}",
                   "0")},
  };
  for (const auto& [name, bytes] : cases) {
    std::string message;
    EXPECT_EQ(status_of(folder_.write("f", bytes), GetParam(), &message), Status::ok) << name << ": " << message;
  }
}

TEST_P(SafetensorsReader, RefusesOtherKindsOfFile) {
  const std::string fifo = folder_ / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(status_of(fifo, GetParam()), Status::io);
  int64_t native = 0;
  EXPECT_EQ(status_of(folder_.path(), GetParam(), nullptr, &native), Status::io);
  EXPECT_EQ(native, EISDIR);
  EXPECT_EQ(status_of(folder_ / "absent", GetParam(), nullptr, &native), Status::not_found);
  EXPECT_EQ(native, ENOENT);
}

TEST_P(SafetensorsReader, EveryFailingCallIsReportedAndNothingLeaks) {
  const std::string path = folder_.write("f", test::small_safetensors());
  const size_t descriptors = test::open_descriptors();
  for (int error : {EIO, ENOMEM, EACCES, EINTR}) {
    int reported = 0;
    for (int n = 0;; ++n) {
      Faults faults(n, error);
      std::string message;
      int64_t native = 0;
      const Status status = status_of(path, GetParam(), &message, &native);
      const std::string call = faults.failed();
      if (call.empty()) break;
      if (call == "close" || (error == EINTR && (call == "open" || call == "pread"))) {
        EXPECT_EQ(status, Status::ok) << call << ": " << message;
        continue;
      }
      EXPECT_EQ(status, error == ENOMEM ? Status::out_of_memory : Status::io) << call;
      EXPECT_EQ(native, error) << call;
      EXPECT_NE(message.find(path), std::string::npos) << message;
      ++reported;
    }
    // open, fstat, pread of the length and the header, then the mapping or the copy; fstat and mmap are never interrupted
    EXPECT_EQ(reported, error != EINTR ? 5 : GetParam() == LoadMode::mapped ? 2 : 1);
  }
  EXPECT_EQ(test::open_descriptors(), descriptors);
}

TEST_P(SafetensorsReader, ReadsCompletelyWhenEveryCallMovesOneByte) {
  const std::string path = folder_.write("f", test::small_safetensors());
  Faults faults(Faults::kNever, 0, 1);
  EXPECT_EQ(text_of(SafetensorsFile::open(path, GetParam())->at("b").bytes), "ghijkl");
}

TEST_P(SafetensorsReader, AHugeSparseFileTakesNoMemoryUnlessItsHeaderIsRight) {
  const std::string path = folder_.write("f", safetensors("{" + entry("x", "U8", "[8]", "[0,8]") + "}", "01234567"));
  std::filesystem::resize_file(path, uintmax_t(1) << 42);
  EXPECT_EQ(status_of(path, GetParam()), Status::format);
  const int64_t data = (int64_t(1) << 42) - 1024;
  std::string header = "{" + entry("x", "U8", "[" + std::to_string(data) + "]", "[0," + std::to_string(data) + "]") + "}";
  header.resize(1016, ' ');
  const std::string large = folder_.write("g", safetensors(header, ""));
  std::filesystem::resize_file(large, uintmax_t(1) << 42);
  std::string message;
  const Status status = status_of(large, GetParam(), &message);
  EXPECT_EQ(status, GetParam() == LoadMode::mapped ? Status::ok : Status::out_of_memory) << message;
}

TEST(SafetensorsCopied, SurvivesAFileThatShrinksOrVanishes) {
  TempFolder folder;
  const std::string path = folder.write("f", test::small_safetensors());
  auto file = SafetensorsFile::open(path, LoadMode::copied);
  std::filesystem::resize_file(path, 0);
  EXPECT_EQ(text_of(file->at("a").bytes), "0123456789abcdef");
  std::filesystem::remove(path);
  EXPECT_EQ(text_of(file->at("b").bytes), "ghijkl");
}

TEST(SafetensorsCopied, AFileThatShrinksWhileItIsReadIsAnError) {
  TempFolder folder;
  static std::string path;
  const std::string bytes = test::small_safetensors();
  for (size_t left = 0; left < bytes.size(); left += 5) {
    path = folder.write("f", bytes);
    static size_t size;
    size = left;
    system_calls.fstat = [](int fd, struct stat* info) {  // the size is known, then the file loses its end
      const int result = kSystemCalls.fstat(fd, info);
      std::filesystem::resize_file(path, size);
      return result;
    };
    std::string message;
    EXPECT_EQ(status_of(path, LoadMode::copied, &message), Status::io) << left;
    EXPECT_NE(message.find("shortened"), std::string::npos) << message;
    system_calls = kSystemCalls;
  }
}

TEST(SafetensorsWriter, WritesWhatTheReaderReads) {
  TempFolder folder;
  const float weights[] = {1, 2, 3, 4, 5, 6};
  const uint8_t flags[] = {1, 0, 1};
  const uint16_t halves[] = {0x3f80};
  SafetensorsWriter writer;
  writer.add("flags", DType::boolean, {3}, std::as_bytes(std::span(flags)));
  writer.add("weights \"ä\"", DType::f32, {2, 3}, std::as_bytes(std::span(weights)));
  writer.add("scalar", DType::bf16, {}, std::as_bytes(std::span(halves)));
  writer.add("empty", DType::f64, {0}, {});
  writer.set_metadata("format", "mlxc\n");
  writer.write(folder / "f.safetensors");
  EXPECT_EQ(folder.entries(), 1u);
  for (LoadMode mode : {LoadMode::mapped, LoadMode::copied}) {
    auto file = SafetensorsFile::open(folder / "f.safetensors", mode);
    ASSERT_EQ(file->tensors().size(), 4u);
    const auto& read = file->at("weights \"ä\"");
    EXPECT_EQ(read.shape, (std::vector<int64_t>{2, 3}));
    EXPECT_EQ(std::memcmp(read.bytes.data(), weights, sizeof weights), 0);
    EXPECT_EQ(file->at("flags").dtype(), DType::boolean);
    EXPECT_EQ(file->at("scalar").elements(), 1);
    EXPECT_EQ(file->metadata().at("format"), "mlxc\n");
    for (const auto& tensor : file->tensors()) EXPECT_TRUE(tensor.aligned()) << tensor.name;
  }
}

TEST(SafetensorsWriter, WritesAnEmptyFile) {
  TempFolder folder;
  SafetensorsWriter{}.write(folder / "f");
  EXPECT_TRUE(SafetensorsFile::open(folder / "f", LoadMode::mapped)->tensors().empty());
}

TEST(SafetensorsWriter, RefusesWhatCannotBeRead) {
  TempFolder folder;
  const std::byte bytes[8] = {};
  auto status = [](auto&& action) {
    try {
      action();
      return Status::ok;
    } catch (const Error& error) {
      return error.status();
    }
  };
  SafetensorsWriter writer;
  writer.add("x", DType::f32, {2}, bytes);
  EXPECT_EQ(status([&] { writer.add("x", DType::f32, {2}, bytes); }), Status::invalid_argument);
  EXPECT_EQ(status([&] { writer.add("y", DType::f32, {3}, bytes); }), Status::invalid_argument);
  EXPECT_EQ(status([&] { writer.add("y", DType::f32, {-2}, bytes); }), Status::invalid_argument);
  EXPECT_EQ(status([&] { writer.add("y", DType::f32, {INT64_MAX, 4}, bytes); }), Status::invalid_argument);
  EXPECT_EQ(status([&] { writer.add("__metadata__", DType::f32, {2}, bytes); }), Status::invalid_argument);
  writer.add("\xff", DType::f32, {2}, bytes);
  EXPECT_EQ(status([&] { writer.write(folder / "f"); }), Status::invalid_argument);
  EXPECT_EQ(folder.entries(), 0u);
}

TEST(SafetensorsWriter, AFullDiskKeepsTheOldFile) {
  TempFolder folder;
  const std::string path = folder.write("f", "old");
  SafetensorsWriter writer;
  const std::byte bytes[8] = {};
  writer.add("x", DType::f32, {2}, bytes);
  int reported = 0;
  for (int n = 0;; ++n) {
    Faults faults(n, ENOSPC);
    try {
      writer.write(path);
      break;  // the first call after the file was in place
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), Status::io);
      EXPECT_EQ(error.native(), ENOSPC);
      EXPECT_EQ(folder.read("f"), "old");
      EXPECT_EQ(folder.entries(), 1u);
      ++reported;
    }
  }
  EXPECT_EQ(reported, 7);  // open, three writes, fsync, close, rename
}

}  // namespace
}  // namespace mlxc
