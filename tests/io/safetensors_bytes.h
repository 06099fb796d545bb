// Builds safetensors files byte by byte, right and wrong ones.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mlxc::test {

inline std::string little_endian(uint64_t value) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += char(value >> (8 * i) & 255);
  return bytes;
}

inline std::string safetensors(std::string_view header, std::string_view data) {
  return little_endian(header.size()).append(header).append(data);
}

// One tensor's header entry.
inline std::string entry(std::string_view name, std::string_view dtype, std::string_view shape, std::string_view offsets) {
  return std::string("\"")
      .append(name)
      .append("\":{\"dtype\":\"")
      .append(dtype)
      .append("\",\"shape\":")
      .append(shape)
      .append(",\"data_offsets\":")
      .append(offsets)
      .append("}");
}

// Three tensors, 22 bytes of data, with metadata.
inline std::string small_safetensors() {
  return safetensors("{\"__metadata__\":{\"format\":\"pt\"}," + entry("a", "F32", "[2,2]", "[0,16]") + "," +
                         entry("b", "BF16", "[3]", "[16,22]") + "," + entry("empty", "I64", "[0,5]", "[22,22]") + "}  ",
                     "0123456789abcdefghijkl");
}

}  // namespace mlxc::test
