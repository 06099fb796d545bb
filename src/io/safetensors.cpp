#include "io/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/checked.h"
#include "base/json.h"
#include "base/quote.h"

namespace mlxc {
namespace {

static_assert(std::endian::native == std::endian::little, "tensor files are little-endian and used as they are");

constexpr int64_t kPrefix = 8;                   // the header's length, little-endian
constexpr int64_t kLongestHeader = 100'000'000;  // as the reference implementation

struct ElementType {
  std::string_view name;
  int bits;
  std::optional<DType> dtype;  // none: well-formed, but nothing here computes with it
};
constexpr ElementType kTypes[] = {
    {"BOOL", 8, DType::boolean}, {"U8", 8, DType::u8},    {"I8", 8, DType::i8},    {"U16", 16, DType::u16}, {"I16", 16, DType::i16},
    {"U32", 32, DType::u32},     {"I32", 32, DType::i32}, {"U64", 64, DType::u64}, {"I64", 64, DType::i64}, {"F16", 16, DType::f16},
    {"BF16", 16, DType::bf16},   {"F32", 32, DType::f32}, {"F64", 64, DType::f64}, {"F8_E4M3", 8, {}},      {"F8_E5M2", 8, {}},
    {"F8_E8M0", 8, {}},          {"F4", 4, {}},           {"F6_E2M3", 6, {}},      {"F6_E3M2", 6, {}},      {"C64", 64, {}},
};

const ElementType* find_type(std::string_view name) {
  auto found = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const ElementType& type) { return type.name == name; });
  return found == std::end(kTypes) ? nullptr : found;
}

std::string_view type_name(DType dtype) {
  return std::find_if(std::begin(kTypes), std::end(kTypes), [&](const ElementType& type) { return type.dtype == dtype; })->name;
}

// None on overflow, also when a later factor is zero, as the reference implementation.
std::optional<int64_t> product(std::span<const int64_t> factors, int64_t start = 1) {
  for (int64_t factor : factors) {
    if (__builtin_mul_overflow(start, factor, &start)) return std::nullopt;
  }
  return start;
}

struct Entry {
  SafetensorsFile::Tensor tensor;
  int64_t begin, end;  // in the data
};

// Turns the header into tensors that cover the data exactly. Messages begin with the file.
class HeaderReader {
 public:
  explicit HeaderReader(std::string where) : where_(std::move(where)) {}

  std::vector<Entry> read(std::string_view text, int64_t data_size, std::map<std::string, std::string>& metadata) {
    if (!text.starts_with('{')) fail(Status::format, where_, ": the header does not begin with '{': this is not a safetensors file");
    const Json header = parse_json(text, where_, {.bytes = kLongestHeader, .unique_keys = true});
    std::vector<Entry> entries;
    entries.reserve(header.size());
    for (const auto& [name, value] : header.items()) {
      if (name == "__metadata__") {
        read_metadata(value, metadata);
      } else {
        entries.push_back(read_tensor(name, value));
      }
    }
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
    check_cover(entries, data_size);
    return entries;
  }

 private:
  template <class... Parts>
  [[noreturn]] void fail_tensor(const std::string& name, const Parts&... parts) const {
    fail(Status::format, where_, ": tensor ", quote(name), ": ", parts...);
  }

  void read_metadata(const Json& value, std::map<std::string, std::string>& metadata) const {
    if (value.is_null()) return;
    if (!value.is_object()) fail(Status::format, where_, ": __metadata__ is not an object");
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string()) fail(Status::format, where_, ": __metadata__ key ", quote(key), " is not a string");
      metadata.emplace(key, text.get_ref<const std::string&>());
    }
  }

  std::vector<int64_t> read_sizes(const std::string& name, const Json& tensor, const char* key) const {
    auto list = tensor.find(key);
    if (list == tensor.end() || !list->is_array()) fail_tensor(name, key, " is missing or not a list");
    std::vector<int64_t> sizes;
    sizes.reserve(list->size());
    for (const Json& size : *list) {
      if (!size.is_number_unsigned() || !std::in_range<int64_t>(size.get<uint64_t>())) {
        fail_tensor(name, key, " holds ", printable(size.dump(-1, ' ', true), 40), ", expected integers from 0 to 2^63 - 1");
      }
      sizes.push_back(size.get<int64_t>());
    }
    return sizes;
  }

  Entry read_tensor(const std::string& name, const Json& value) const {
    if (!value.is_object()) fail_tensor(name, "not an object");
    auto type_text = value.find("dtype");
    if (type_text == value.end() || !type_text->is_string()) fail_tensor(name, "dtype is missing or not a string");
    const ElementType* type = find_type(type_text->get_ref<const std::string&>());
    if (!type) fail_tensor(name, "unknown dtype ", quote(type_text->get_ref<const std::string&>()));
    Entry entry{{name, std::string(type->name), read_sizes(name, value, "shape"), {}}, 0, 0};
    const auto offsets = read_sizes(name, value, "data_offsets");
    if (offsets.size() != 2) fail_tensor(name, "data_offsets holds ", offsets.size(), " numbers, expected 2");
    entry.begin = offsets[0], entry.end = offsets[1];
    if (entry.begin > entry.end) fail_tensor(name, "data_offsets go backwards: ", entry.begin, " to ", entry.end);
    const auto elements = product(entry.tensor.shape);
    int64_t bits = 0;
    if (!elements || __builtin_mul_overflow(*elements, int64_t(type->bits), &bits)) fail_tensor(name, "the shape's size overflows");
    if (bits % 8 != 0) fail_tensor(name, *elements, " elements of ", type->bits, " bits do not fill whole bytes");
    if (bits / 8 != entry.end - entry.begin) {
      fail_tensor(name, "data_offsets span ", entry.end - entry.begin, " bytes, the shape needs ", bits / 8);
    }
    return entry;
  }

  void check_cover(const std::vector<Entry>& entries, int64_t data_size) const {
    int64_t covered = 0;
    for (const Entry& entry : entries) {
      if (entry.begin != covered) {
        fail_tensor(entry.tensor.name, "data begins at ", entry.begin, ", expected ", covered, ": tensors ",
                    entry.begin < covered ? "overlap" : "leave a hole");
      }
      covered = entry.end;
    }
    if (covered != data_size) {
      fail(Status::format, where_, ": the tensors cover ", covered, " bytes, the file has ", data_size, " bytes of data",
           covered > data_size ? ": it is cut short, the download may be incomplete" : "");
    }
  }

  std::string where_;
};

}  // namespace

DType SafetensorsFile::Tensor::dtype() const {
  const ElementType* found = find_type(type);
  if (!found || !found->dtype)
    fail(Status::unsupported, "tensor ", quote(name), " has dtype ", type, ", which is not supported; convert it to BF16");
  return *found->dtype;
}

int64_t SafetensorsFile::Tensor::elements() const { return product(shape).value_or(0); }

bool SafetensorsFile::Tensor::aligned() const {
  const ElementType* found = find_type(type);
  return found && reinterpret_cast<uintptr_t>(bytes.data()) % size_t(std::max(found->bits / 8, 1)) == 0;
}

std::shared_ptr<const SafetensorsFile> SafetensorsFile::open(const std::string& path, LoadMode mode) {
  return std::shared_ptr<const SafetensorsFile>(new SafetensorsFile(File(path), mode));
}

SafetensorsFile::SafetensorsFile(const File& file, LoadMode mode) : path_(file.path()), mode_(mode) {
  const std::string where = printable(path_.substr(path_.rfind('/') + 1), 100);
  if (file.size() < kPrefix) fail(Status::format, where, " has ", file.size(), " bytes, too few for a safetensors file");
  uint64_t stated = 0;
  file.read_at(0, std::as_writable_bytes(std::span(&stated, 1)));
  if (stated > uint64_t(kLongestHeader)) {
    fail(Status::format, where, ": the header's length is ", stated, ", at most ", kLongestHeader,
         " are allowed: this is not a safetensors file");
  }
  if (int64_t(stated) > file.size() - kPrefix) {
    fail(Status::format, where, ": the header's length is ", stated, ", but only ", file.size() - kPrefix, " bytes follow");
  }
  // Read, never mapped: what is checked here is what is used.
  std::string header(size_t(stated), '\0');
  file.read_at(kPrefix, std::as_writable_bytes(std::span(header)));
  const int64_t data_begin = kPrefix + int64_t(stated), data_size = file.size() - data_begin;
  std::vector<Entry> entries = HeaderReader(where).read(header, data_size, metadata_);

  if (mode == LoadMode::mapped) {
    map_ = MappedFile(file);
    data_ = map_.bytes().subspan(size_t(data_begin));
  } else {
    copy_ = AlignedBuffer(data_size, where);
    file.read_at(data_begin, copy_.bytes());
    data_ = copy_.bytes();
  }
  tensors_.reserve(entries.size());
  for (Entry& entry : entries) {
    entry.tensor.bytes = data_.subspan(size_t(entry.begin), size_t(entry.end - entry.begin));
    tensors_.push_back(std::move(entry.tensor));
  }
  for (const Tensor& tensor : tensors_) by_name_.emplace(tensor.name, &tensor);
}

const SafetensorsFile::Tensor* SafetensorsFile::find(std::string_view name) const {
  auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

const SafetensorsFile::Tensor& SafetensorsFile::at(std::string_view name) const {
  if (const Tensor* tensor = find(name)) return *tensor;
  fail(Status::not_found, quote(path_, 200), " has no tensor ", quote(name));
}

void SafetensorsWriter::add(std::string name, DType dtype, std::vector<int64_t> shape, std::span<const std::byte> bytes) {
  int64_t size = size_of(dtype);
  for (int64_t extent : shape) {
    if (extent < 0) fail(Status::invalid_argument, "tensor ", quote(name), " has the negative extent ", extent);
    size = checked_mul(size, extent, "tensor size");
  }
  if (uint64_t(size) != bytes.size())
    fail(Status::invalid_argument, "tensor ", quote(name), " has ", bytes.size(), " bytes, its shape needs ", size);
  if (name == "__metadata__") fail(Status::invalid_argument, "a tensor cannot be named __metadata__");
  if (entries_.contains(name)) fail(Status::invalid_argument, "tensor ", quote(name), " was added twice");
  entries_.emplace(std::move(name), Entry{dtype, std::move(shape), bytes});
}

void SafetensorsWriter::set_metadata(std::string key, std::string value) { metadata_[std::move(key)] = std::move(value); }

void SafetensorsWriter::write(const std::string& path) const {
  // Widest elements first keeps every tensor aligned; the header is padded to 8 bytes for the same reason.
  std::vector<const std::pair<const std::string, Entry>*> order;
  for (const auto& entry : entries_) order.push_back(&entry);
  std::stable_sort(order.begin(), order.end(), [](auto* a, auto* b) { return size_of(a->second.dtype) > size_of(b->second.dtype); });

  std::string header = "{";
  try {
    if (!metadata_.empty()) header += cat("\"__metadata__\":", Json(metadata_).dump(), ",");
    int64_t begin = 0;
    for (const auto* item : order) {
      const auto& [name, entry] = *item;
      const int64_t end = checked_add(begin, int64_t(entry.bytes.size()), "file size");
      header += cat(Json(name).dump(), ":",
                    Json{{"dtype", type_name(entry.dtype)}, {"shape", entry.shape}, {"data_offsets", {begin, end}}}.dump(), ",");
      begin = end;
    }
    if (header.back() == ',') header.pop_back();
    header += "}";
  } catch (const Json::exception&) {
    fail(Status::invalid_argument, "a tensor's name or metadata is not valid UTF-8");
  }
  header.resize((header.size() + 7) / 8 * 8, ' ');
  if (int64_t(header.size()) > kLongestHeader) {
    fail(Status::invalid_argument, "the header would have ", header.size(), " bytes, at most ", kLongestHeader, " are allowed");
  }

  AtomicFileWriter file(path);
  const uint64_t length = header.size();
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(header);
  for (const auto* item : order) file.write(item->second.bytes);
  file.commit();
}

}  // namespace mlxc
