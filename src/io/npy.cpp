#include "io/npy.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <optional>

#include "base/checked.h"
#include "base/quote.h"

namespace mlxc {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr int64_t kLongestHeader = 1 << 20;
constexpr int64_t kAlignment = 64;  // of the data, as NumPy writes it

struct Descriptor {
  std::string_view text;  // without the byte order
  DType dtype;
};
constexpr Descriptor kDescriptors[] = {{"b1", DType::boolean}, {"u1", DType::u8},  {"i1", DType::i8},  {"u2", DType::u16},
                                       {"i2", DType::i16},     {"u4", DType::u32}, {"i4", DType::i32}, {"u8", DType::u64},
                                       {"i8", DType::i64},     {"f2", DType::f16}, {"f4", DType::f32}, {"f8", DType::f64}};

struct Header {
  std::optional<std::string> descriptor;
  std::optional<bool> fortran;
  std::optional<std::vector<int64_t>> shape;
};

// Reads the Python dictionary {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& where) : rest_(text), where_(where) {}

  Header parse() {
    Header header;
    expect('{');
    while (!accept('}')) {
      const std::string key = string();
      expect(':');
      if (key == "descr" && !header.descriptor) {
        header.descriptor = string();
      } else if (key == "fortran_order" && !header.fortran) {
        header.fortran = boolean();
      } else if (key == "shape" && !header.shape) {
        header.shape = tuple();
      } else {
        malformed();
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (!rest_.empty() || !header.descriptor || !header.fortran || !header.shape) malformed();
    return header;
  }

 private:
  [[noreturn]] void malformed() const { fail(Status::format, where_, ": malformed npy header near ", quote(rest_, 30)); }
  void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n"), rest_.size())); }
  bool accept(char c) {
    skip_space();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) malformed();
  }
  bool accept(std::string_view word) {
    skip_space();
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  std::string string() {
    const char quote = accept('\'') ? '\'' : '"';
    if (quote == '"') expect('"');
    const size_t end = rest_.find(quote);
    if (end == rest_.npos) malformed();
    std::string text(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return text;
  }
  bool boolean() {
    if (accept(std::string_view("True"))) return true;
    if (!accept(std::string_view("False"))) malformed();
    return false;
  }
  std::vector<int64_t> tuple() {
    std::vector<int64_t> sizes;
    expect('(');
    while (!accept(')')) {
      skip_space();
      int64_t size = -1;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), size);
      if (error != std::errc() || size < 0) malformed();
      rest_.remove_prefix(size_t(end - rest_.data()));
      sizes.push_back(size);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return sizes;
  }

  std::string_view rest_;
  const std::string& where_;
};

DType parse_descriptor(const std::string& text, const std::string& where) {
  const char order = text.empty() ? ' ' : text[0];
  const auto found = std::find_if(std::begin(kDescriptors), std::end(kDescriptors),
                                  [&](const Descriptor& d) { return !text.empty() && d.text == std::string_view(text).substr(1); });
  const bool native = order == '<' || ((order == '|' || order == '>') && found != std::end(kDescriptors) && size_of(found->dtype) == 1);
  if (found == std::end(kDescriptors) || !native) {
    fail(Status::unsupported, where, ": element type ", quote(text), " is not supported, expected little-endian b1, u1-u8, i1-i8 or f2-f8");
  }
  return found->dtype;
}

}  // namespace

NpyArray read_npy(const std::string& path) {
  File file(path);
  const std::string where = printable(path.substr(path.rfind('/') + 1), 100);
  unsigned char start[12] = {};
  const size_t got = file.read(std::as_writable_bytes(std::span(start)));
  if (got < 10 ||
      !std::equal(kMagic.begin(), kMagic.end(), start, [](char a, unsigned char b) { return static_cast<unsigned char>(a) == b; })) {
    fail(Status::format, where, " is not an npy file");
  }
  const int version = start[6];
  if (version < 1 || version > 3) fail(Status::unsupported, where, " has npy version ", version, ", expected 1 to 3");
  const int64_t prefix = version == 1 ? 10 : 12;
  int64_t length = start[8] + start[9] * 256;
  if (version > 1) length += (start[10] + start[11] * int64_t(256)) * 65536;
  if (length > kLongestHeader || prefix + length > file.size()) {
    fail(Status::format, where, ": the npy header's length is ", length, ", the file has ", file.size(), " bytes");
  }
  std::string text(size_t(length), '\0');
  file.read_at(prefix, std::as_writable_bytes(std::span(text)));
  Header header = HeaderParser(text, where).parse();
  const DType dtype = parse_descriptor(*header.descriptor, where);
  if (*header.fortran && header.shape->size() > 1) fail(Status::unsupported, where, " is in Fortran order, expected C order");

  int64_t size = size_of(dtype);
  bool overflow = false;
  for (int64_t extent : *header.shape) overflow |= __builtin_mul_overflow(size, extent, &size);
  const int64_t available = file.size() - prefix - length;
  if (overflow || size != available) {
    fail(Status::format, where, ": the file has ", available, " bytes of data, its shape needs ",
         overflow ? "more than 2^63" : std::to_string(size));
  }
  NpyArray array{dtype, *std::move(header.shape), AlignedBuffer(size, where)};
  file.read_at(prefix + length, array.data.bytes());
  return array;
}

void write_npy(const std::string& path, DType dtype, std::span<const int64_t> shape, std::span<const std::byte> bytes) {
  const auto found = std::find_if(std::begin(kDescriptors), std::end(kDescriptors), [&](const Descriptor& d) { return d.dtype == dtype; });
  if (found == std::end(kDescriptors)) fail(Status::unsupported, "npy files have no ", name_of(dtype), "; convert to float32");
  int64_t size = size_of(dtype);
  std::string extents;
  for (const int64_t& extent : shape) {
    if (extent < 0) fail(Status::invalid_argument, "the shape has the negative extent ", extent);
    size = checked_mul(size, extent, "array size");
    extents += cat(extent, shape.size() == 1 ? "," : &extent == &shape.back() ? "" : ", ");
  }
  if (uint64_t(size) != bytes.size()) fail(Status::invalid_argument, "the array has ", bytes.size(), " bytes, its shape needs ", size);

  std::string header =
      cat("{'descr': '", size_of(dtype) == 1 ? '|' : '<', found->text, "', 'fortran_order': False, 'shape': (", extents, "), }");
  const bool long_header = header.size() + size_t(kAlignment) > 65535;
  const size_t prefix = long_header ? 12 : 10;
  header.resize((prefix + header.size() + 1 + kAlignment - 1) / kAlignment * kAlignment - prefix, ' ');
  header.back() = '\n';
  if (int64_t(header.size()) > kLongestHeader)
    fail(Status::invalid_argument, "the shape has ", shape.size(), " dimensions, too many for an npy file");

  std::string start(kMagic);
  start += {long_header ? '\2' : '\1', '\0', char(header.size() & 255), char(header.size() >> 8 & 255)};
  if (long_header) start += {char(header.size() >> 16 & 255), char(header.size() >> 24 & 255)};
  AtomicFileWriter file(path);
  file.write(start);
  file.write(header);
  file.write(bytes);
  file.commit();
}

}  // namespace mlxc
