// GPT-2's printable stand-ins for the 256 bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mlxc::text {

char32_t byte_to_char(unsigned char byte);
int char_to_byte(char32_t c);  // -1 when it stands for no byte

// The bytes that a piece stands for; false when a character of it stands for none.
bool from_byte_level(std::string_view piece, std::string& bytes);
std::string to_byte_level(std::string_view bytes);

// "<0x0A>" and 10, as sentencepiece writes single bytes.
std::string byte_token(unsigned char byte);

}  // namespace mlxc::text
