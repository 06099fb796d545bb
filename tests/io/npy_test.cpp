#include "io/npy.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "support/temp_folder.h"

namespace mlxc {
namespace {

using test::TempFolder;

std::string npy(std::string header, std::string_view data, int version = 1) {
  std::string bytes = "\x93NUMPY";
  bytes += {char(version), '\0', char(header.size() & 255), char(header.size() >> 8 & 255)};
  if (version > 1) bytes += std::string("\0\0", 2);
  return bytes.append(header).append(data);
}

Status read_status(const std::string& path, std::string* message = nullptr) {
  try {
    read_npy(path);
    return Status::ok;
  } catch (const Error& error) {
    if (message) *message = error.what();
    return error.status();
  }
}

TEST(Npy, WritesWhatNumPyWrites) {
  TempFolder folder;
  const float values[] = {1, -2, 3, 4, 5, 6};
  const int64_t shape[] = {2, 3};
  write_npy(folder / "f.npy", DType::f32, shape, std::as_bytes(std::span(values)));
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  header.resize(117, ' ');
  EXPECT_EQ(folder.read("f.npy"), npy(header + "\n", {reinterpret_cast<const char*>(values), sizeof values}));
}

void expect_round_trip(DType dtype, const std::vector<int64_t>& shape) {
  TempFolder folder;
  int64_t size = size_of(dtype);
  for (int64_t extent : shape) size *= extent;
  std::string data(size_t(size), '\0');
  for (size_t i = 0; i < data.size(); ++i) data[i] = char(i % 2);
  write_npy(folder / "f.npy", dtype, shape, std::as_bytes(std::span(data)));
  const NpyArray read = read_npy(folder / "f.npy");
  EXPECT_EQ(read.dtype, dtype);
  EXPECT_EQ(read.shape, shape);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(read.data.bytes().data()), read.data.bytes().size()), data);
}

TEST(Npy, RoundTripsEveryType) {
  for (int i = 0; i < kDTypeCount; ++i) {
    if (DType(i) != DType::bf16) expect_round_trip(DType(i), {2, 3});
  }
}

TEST(Npy, RoundTripsEveryRank) {
  for (const auto& shape : std::vector<std::vector<int64_t>>{{}, {3}, {0}, {2, 0, 3}, {1, 2, 3, 4}}) expect_round_trip(DType::f32, shape);
  expect_round_trip(DType::f32, std::vector<int64_t>(30000, 1));  // a header too long for version 1
}

TEST(Npy, ReadsAllVersionsAndSpellings) {
  TempFolder folder;
  for (const char* header :
       {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }  \n", "{\"shape\":(2,),\"descr\":\"<f4\",\"fortran_order\":False}",
        "{'descr':'<f4','fortran_order':True,'shape':(2)}"}) {
    for (int version : {1, 2, 3}) {
      std::string message;
      EXPECT_EQ(read_status(folder.write("f.npy", npy(header, "01234567", version)), &message), Status::ok) << header << message;
    }
  }
}

TEST(Npy, RefusesWrongFiles) {
  TempFolder folder;
  const std::string good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
  const struct {
    const char* name;
    std::string bytes;
    Status status;
  } cases[] = {
      {"empty", "", Status::format},
      {"wrong magic", "\x93NUMPX\1" + std::string(20, '\0'), Status::format},
      {"only the magic", "\x93NUMPY", Status::format},
      {"version 4", npy(good, "01234567", 4), Status::unsupported},
      {"header longer than the file", npy(good, "").substr(0, 40), Status::format},
      {"too little data", npy(good, "0123456"), Status::format},
      {"too much data", npy(good, "012345678"), Status::format},
      {"Fortran order", npy("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2), }", "01234567"), Status::unsupported},
      {"big-endian", npy("{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", "01234567"), Status::unsupported},
      {"objects", npy("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", "01234567"), Status::unsupported},
      {"empty type", npy("{'descr': '', 'fortran_order': False, 'shape': (2,), }", "01234567"), Status::unsupported},
      {"structured type", npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", "01234567"), Status::format},
      {"missing key", npy("{'descr': '<f4', 'shape': (2,), }", "01234567"), Status::format},
      {"double key", npy("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "01234567"), Status::format},
      {"unknown key", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 'y'}", "01234567"), Status::format},
      {"negative extent", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", "01234567"), Status::format},
      {"overflowing extent", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", ""), Status::format},
      {"overflowing product", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }", ""), Status::format},
      {"huge shape", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387,), }", "0123"), Status::format},
      {"open string", npy("{'descr", ""), Status::format},
      {"open tuple", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,", "01234567"), Status::format},
      {"text after the dictionary", npy(good + "x", "01234567"), Status::format},
      {"not a dictionary", npy("[1, 2]", ""), Status::format},
      {"empty header", npy("", ""), Status::format},
  };
  for (const auto& c : cases) {
    std::string message;
    EXPECT_EQ(read_status(folder.write("f.npy", c.bytes), &message), c.status) << c.name << ": " << message;
  }
}

TEST(Npy, EveryTruncationIsAnError) {
  TempFolder folder;
  const std::string whole = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "01234567");
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(read_status(folder.write("f", whole.substr(0, size))), Status::format) << size;
}

TEST(Npy, RefusesToWriteWhatTheFormatLacks) {
  TempFolder folder;
  const std::byte bytes[8] = {};
  const int64_t two[] = {2}, negative[] = {-2}, large[] = {INT64_MAX, 8};
  const std::vector<int64_t> deep(400000, 1);
  auto status = [&](DType dtype, std::span<const int64_t> shape, std::span<const std::byte> data) {
    try {
      write_npy(folder / "f.npy", dtype, shape, data);
      return Status::ok;
    } catch (const Error& error) {
      return error.status();
    }
  };
  EXPECT_EQ(status(DType::bf16, two, std::span(bytes).first(4)), Status::unsupported);
  EXPECT_EQ(status(DType::f32, two, std::span(bytes).first(4)), Status::invalid_argument);
  EXPECT_EQ(status(DType::f32, negative, bytes), Status::invalid_argument);
  EXPECT_EQ(status(DType::f32, large, bytes), Status::invalid_argument);
  EXPECT_EQ(status(DType::f64, deep, bytes), Status::invalid_argument);
  EXPECT_EQ(folder.entries(), 0u);
}

}  // namespace
}  // namespace mlxc
