#include "backend/vulkan/elementwise_glsl.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace mlxc::vulkan {
namespace {

constexpr int64_t kThreads = 256;
constexpr int64_t kTile = 32;                   // of transposes, as in kernels/transpose.comp
constexpr int64_t kWorthTwoPieces = 1 << 20;    // elements: below, threads are too few for two pieces each
constexpr int64_t kWorthTransposing = 1 << 14;  // elements: below, gathering is as fast

// How an operand is reached from a thread's first element.
enum class Lies {
  flat,    // dense over the whole shape
  one,     // the same element for all
  along,   // stride 1 within rows that threads do not straddle: one wide access
  across,  // stride 0 within such rows
  steps,   // any other stride within such rows
  anyhow,  // each element has its own place
};

struct Place {
  Strided at;
  Lies lies;
  int table = -1;  // which column of strides, for all but flat and one
};

// Whether elements are drawn by their index.
bool draws(const ElementwiseBody& body) { return body.code.find("philox_unit(") != std::string::npos; }

class Writer {
 public:
  Writer(Emitter& emitter, const ElementwiseBody& body, const std::vector<int64_t>& shape, const std::vector<Strided>& operands)
      : emitter_(emitter), body_(body), shape_(shape) {
    int64_t widest = 1;
    for (const Strided& operand : operands) widest = std::max(widest, size_of(operand.dtype));
    each_ = std::clamp<int64_t>(16 / widest, 2, 8);
    count_ = product(shape);
    whole_rows_ = !shape.empty() && shape.back() % each_ == 0;
    for (const Strided& operand : operands) {
      Place place{operand, classify(operand)};
      if (place.lies != Lies::flat && place.lies != Lies::one) place.table = columns_++;
      rebase(place.at, shape);
      places_.push_back(place);
    }
    inputs_ = places_.size() - 1;
    auto dense_f32 = [](const Place& place) { return place.lies == Lies::flat && place.at.dtype == DType::f32; };
    if (inputs_ == 1 && count_ >= kWorthTwoPieces && std::all_of(places_.begin(), places_.end(), dense_f32)) pieces_ = 2;
  }

  void dispatch() {
    const std::vector<uint32_t> table = strides_table();
    const size_t room = 32 - 2 * places_.size() - 1;  // words beside addresses and the count
    table_in_words_ = table.size() + constant_words() <= room;
    const size_t constants_room = room - (table_in_words_ ? table.size() : columns_ ? 2 : 0);
    constants_in_words_ = constant_words() <= constants_room;

    std::vector<Argument> arguments;
    double bytes = 0;
    for (size_t i = 0; i < places_.size(); ++i) {
      const Place& place = places_[i];
      arguments.push_back(i < inputs_ ? read(place.at.ref) : write(place.at.ref));
      bytes += double(std::min(span_of(place.at, shape_), count_) * size_of(place.at.dtype));
    }
    Words words;
    if (columns_ && !table_in_words_) arguments.push_back(read(emitter_.table(table.data(), int64_t(table.size() * 4))));
    words.u(count_);
    if (table_in_words_)
      for (uint32_t word : table) words.u(word);
    if (constants_in_words_)
      for (const auto& [dtype, bits] : body_.constants) {
        words.u(int64_t(bits & 0xffffffff));
        if (size_of(dtype) == 8) words.u(int64_t(bits >> 32));
      }
    const int64_t each_group = kThreads * each_ * pieces_, groups = (count_ + each_group - 1) / each_group;
    emitter_.dispatch({.module = body_.name, .constants = {}, .subgroup = 0, .source = source(table.size())}, emitter_.row(groups),
                      std::move(arguments), words, {.flops = body_.flops * double(count_), .bytes = bytes});
  }

 private:
  Lies classify(const Strided& operand) const {
    int64_t stride = 1;
    bool flat = true, one = true;
    for (size_t axis = shape_.size(); axis-- > 0; stride *= shape_[axis]) {
      flat &= operand.strides[axis] == stride;
      one &= operand.strides[axis] == 0;
    }
    if (flat) return Lies::flat;
    if (one) return Lies::one;
    if (!whole_rows_) return Lies::anyhow;
    return operand.strides.back() == 1 ? Lies::along : operand.strides.back() == 0 ? Lies::across : Lies::steps;
  }

  // Innermost axis first: divisor (length, multiplier, shift; not for the outermost), then the operands' strides. The outermost is last.
  std::vector<uint32_t> strides_table() const {
    std::vector<uint32_t> table;
    if (!columns_) return table;
    for (size_t axis = shape_.size(); axis-- > 0;) {
      if (axis) {
        const Divisor divisor(shape_[axis]);
        table.insert(table.end(), {uint32_t(shape_[axis]), divisor.multiplier, divisor.shift});
      }
      for (const Place& place : places_)
        if (place.table >= 0) table.push_back(uint32_t(place.at.strides[axis]));
    }
    for (const Place& place : places_)  // distances of the first element from the lowest
      if (place.table >= 0) table.push_back(uint32_t(first_distance(place)));
    return table;
  }
  int64_t first_distance(const Place& place) const {
    int64_t below = 0;
    for (size_t axis = 0; axis < shape_.size(); ++axis)
      if (place.at.strides[axis] < 0) below -= (shape_[axis] - 1) * place.at.strides[axis];
    return below;
  }

  size_t constant_words() const {
    size_t words = 0;
    for (const auto& [dtype, bits] : body_.constants) words += size_of(dtype) == 8 ? 2 : 1;
    return words;
  }

  // ---- the text
  // --------------------------------------------------------------------------------------------------------------------------

  std::string source(size_t table_words) const {
    std::vector<DType> dtypes = body_.used;
    for (const Place& place : places_) dtypes.push_back(place.at.dtype);
    for (const auto& constant : body_.constants) dtypes.push_back(constant.first);
    std::string text = glsl_head(emitter_, dtypes, "arithmetic.glsl");
    if (body_.code.find("_f32(") == std::string::npos) text.insert(text.find('\n') + 1, "#define NO_FUNCTIONS\n");
    if (columns_) text += "#include \"strided.glsl\"\n";
    if (draws(body_)) text += "#include \"philox.glsl\"\n";
    text += cat("layout(local_size_x = ", kThreads, ") in;\nlayout(push_constant, scalar) uniform Args {\n");
    for (size_t i = 0; i < places_.size(); ++i) text += cat("  uvec2 a", i, ";\n");
    if (columns_ && !table_in_words_) text += "  U32 t;\n";
    text += "  uint count;\n";
    if (table_in_words_ && table_words) text += cat("  uint t[", table_words, "];\n");
    if (constants_in_words_ && constant_words()) text += cat("  uint c[", constant_words(), "];\n");
    text += cat("} args;\n#define TABLE(i) args.t", table_in_words_ ? "[i]" : ".v[i]", "\n", compute_function(), place_function());
    text += cat("void main() {\n  uint last = args.count - 1u, first = (group_index() * ", kThreads * pieces_,
                "u + gl_LocalInvocationIndex) * ", each_, "u;\n");
    if (pieces_ == 1) return cat(text, "  if (first >= args.count) return;\n", piece_body(), "}\n");
    return cat(text, both_pieces(), "  for (uint end = first + ", pieces_ * kThreads * each_,
               "u; first < end && first <= last; first += ", kThreads * each_, "u) {\n", piece_body(), "  }\n}\n");
  }

  // Loads, computes and stores the elements from `first`.
  std::string piece_body() const {
    std::string text = cat("  bool whole = first + ", each_ - 1, "u <= last;\n");
    if (columns_) text += place_calls();
    for (size_t i = 0; i < inputs_; ++i) text += load(i);
    for (int64_t e = 0; e < each_; ++e) {
      text += cat("  ", value_type(output().at.dtype), " y_", e, " = compute(");
      for (size_t i = 0; i < inputs_; ++i) text += cat("x", i, "_", has_one_value(i) ? 0 : e, ", ");
      text += cat("first + ", e, "u);\n");
    }
    return text + store();
  }

  // Two pieces of one dense float32 input, both asked for before either is waited for.
  std::string both_pieces() const {
    const std::string apart = cat(kThreads, "u");
    std::string text = cat("  if (first + ", (kThreads + 1) * each_ - 1, "u <= last && ", aligned(0), " && ", aligned(1),
                           ") {\n    uint at = first / ", each_, "u;\n    uvec4 w0 = U32x4(args.a0).v[at], w1 = U32x4(args.a0).v[at + ",
                           apart, "], y0, y1;\n    [[unroll]] for (uint e = 0; e < 4; ++e) {\n");
    for (int piece = 0; piece < 2; ++piece)
      text += cat("      y", piece, "[e] = pack_f32(compute(unpack_f32(w", piece, "[e]), first + e",
                  piece ? cat(" + ", kThreads * each_, "u") : "", "));\n");
    return cat(text, "    }\n    U32x4(args.a1).v[at] = y0;\n    U32x4(args.a1).v[at + ", apart, "] = y1;\n    return;\n  }\n");
  }

  const Place& output() const { return places_.back(); }
  bool has_one_value(size_t i) const { return places_[i].lies == Lies::one || places_[i].lies == Lies::across; }

  std::string compute_function() const {
    std::string text = cat(value_type(output().at.dtype), " compute(");
    for (size_t i = 0; i < inputs_; ++i) text += cat(value_type(places_[i].at.dtype), " x", i, ", ");
    text += "uint at) {\n";
    size_t word = 0;
    for (size_t i = 0; i < body_.constants.size(); ++i) {
      const auto& [dtype, bits] = body_.constants[i];
      auto next = [&](uint32_t literal) { return constants_in_words_ ? cat("args.c[", word++, "]") : cat(literal, "u"); };
      std::string value = next(uint32_t(bits));
      if (size_of(dtype) == 8) {
        std::string high = next(uint32_t(bits >> 32));
        value = cat("unpack_", suffix(dtype), "(uvec2(", value, ", ", high, "))");
      } else if (is_float(dtype)) {
        value = cat("uintBitsToFloat(", value, ")");
      } else {
        value = cat(value_type(dtype), "(", value, ")");
      }
      text += cat("  ", value_type(dtype), " c", i, " = ", value, ";\n");
    }
    return cat(text, body_.code.empty() ? cat("  ", value_type(output().at.dtype), " result = x0;\n") : body_.code,
               "  return result;\n}\n");
  }

  // place(flat index, out distances): of every strided operand.
  std::string place_function() const {
    if (!columns_) return "";
    std::string text = "void place(uint index";
    for (int i = 0; i < columns_; ++i) text += cat(", out uint o", i);
    text += ") {\n  uint rest = index, i;\n";
    const size_t start = shape_.size() * size_t(columns_) + (shape_.size() - 1) * 3;
    for (int i = 0; i < columns_; ++i) text += cat("  o", i, " = TABLE(", start + size_t(i), ");\n");
    size_t at = 0;
    for (size_t axis = shape_.size(); axis-- > 0;) {
      if (axis) {
        text +=
            cat("  { uint q = fast_divide(rest, TABLE(", at + 1, "), TABLE(", at + 2, ")); i = rest - q * TABLE(", at, "); rest = q; }\n");
        at += 3;
      } else {
        text += "  i = rest;\n";
      }
      for (int i = 0; i < columns_; ++i) text += cat("  o", i, " += i * TABLE(", at++, ");\n");
    }
    return text + "}\n";
  }

  // Distances o<column>_<e>: one set a thread where rows are whole, else one an element.
  std::string place_calls() const {
    std::string text = "  uint ";
    const int64_t sets = whole_rows_ ? 1 : each_;
    for (int64_t e = 0; e < sets; ++e)
      for (int i = 0; i < columns_; ++i) text += cat(e || i ? ", " : "", "o", i, "_", e);
    text += ";\n";
    for (int64_t e = 0; e < sets; ++e) {
      text += cat("  place(min(first + ", e, "u, last)");
      for (int i = 0; i < columns_; ++i) text += cat(", o", i, "_", e);
      text += ");\n";
    }
    return text;
  }

  // Where element e of a thread lies.
  std::string index_of(const Place& place, int64_t e) const {
    switch (place.lies) {
      case Lies::flat: return cat("first + ", e, "u");
      case Lies::one: return "0u";
      case Lies::along: return cat("o", place.table, "_0 + ", e, "u");
      case Lies::across: return cat("o", place.table, "_0");
      case Lies::steps: return cat("o", place.table, "_0 + ", e, "u * TABLE(", shape_.size() > 1 ? 3 + place.table : place.table, ")");
      default: return cat("o", place.table, "_", e);
    }
  }

  bool wide(const Place& place) const { return place.lies == Lies::flat || place.lies == Lies::along; }
  std::string aligned(size_t i) const {
    const Place& place = places_[i];
    const int64_t item = size_of(place.at.dtype);
    const std::string start = place.lies == Lies::flat ? "0u" : cat("o", place.table, "_0 * ", item, "u");
    return cat("((args.a", i, ".x + ", start, ") & ", each_ * item - 1, "u) == 0u");
  }
  std::string wide_place(size_t i) const {
    const Place& place = places_[i];
    if (place.lies == Lies::flat) return cat(wide_type(each_ * size_of(place.at.dtype)), "(args.a", i, ").v[first / ", each_, "u]");
    return cat(wide_type(each_ * size_of(place.at.dtype)), "(address_of(args.a", i, ", o", place.table, "_0, ", size_of(place.at.dtype),
               "u)).v[0]");
  }

  std::string load(size_t i) const {
    const Place& place = places_[i];
    const char* type = value_type(place.at.dtype);
    const char* name = suffix(place.at.dtype);
    auto single = [&](int64_t e) {
      const std::string index = place.lies == Lies::flat ? cat("min(first + ", e, "u, last)") : index_of(place, e);
      return cat("load_", name, "(args.a", i, ", ", index, ")");
    };
    if (has_one_value(i)) return cat("  ", type, " x", i, "_0 = ", single(0), ";\n");
    std::string text = cat("  ", type), fallback, vector;
    for (int64_t e = 0; e < each_; ++e) {
      text += cat(e ? ", " : " ", "x", i, "_", e);
      fallback += cat("    x", i, "_", e, " = ", single(e), ";\n");
      vector += cat("    x", i, "_", e, " = ", unpack_expression(place.at.dtype, each_, e, "w"), ";\n");
    }
    text += ";\n";
    if (!wide(place)) return cat(text, fallback);
    const int64_t bytes = each_ * size_of(place.at.dtype);
    const char* word = bytes == 16 ? "uvec4" : bytes == 8 ? "uvec2" : "uint";
    return cat(text, "  if (whole && ", aligned(i), ") {\n    ", word, " w = ", word, "(", wide_place(i), ");\n", vector, "  } else {\n",
               fallback, "  }\n");
  }

  std::string store() const {
    const Place& place = output();
    const char* name = suffix(place.at.dtype);
    std::string fallback;
    for (int64_t e = 0; e < each_; ++e)
      fallback += cat("    ", e ? cat("if (first + ", e, "u <= last) ") : "", "store_", name, "(args.a", inputs_, ", ", index_of(place, e),
                      ", y_", e, ");\n");
    if (!wide(place)) return cat("  {\n", fallback, "  }\n");
    const int64_t item = size_of(place.at.dtype), bytes = each_ * item, in_word = std::max<int64_t>(1, std::min<int64_t>(4, bytes) / item);
    std::string words;
    if (item == 8) {
      words = cat("pack_", name, "(y_0), pack_", name, "(y_1)");
    } else {
      for (int64_t e = 0; e < each_; ++e)
        words += cat(e == 0 ? "" : e % in_word ? " | " : ", ", "(pack_", name, "(y_", e, ") << ", e % in_word * item * 8, ")");
    }
    const char* word = bytes == 16 ? "uvec4" : bytes == 8 ? "uvec2" : bytes == 4 ? "uint" : "uint16_t";
    return cat("  if (whole && ", aligned(inputs_), ") {\n    ", wide_place(inputs_), " = ", word, "(", words, ");\n  } else {\n", fallback,
               "  }\n");
  }

  Emitter& emitter_;
  const ElementwiseBody& body_;
  std::vector<int64_t> shape_;
  std::vector<Place> places_;  // the output is last
  size_t inputs_ = 0;
  int64_t count_ = 0, each_ = 4;
  int64_t pieces_ = 1;  // of each_ elements, of a thread
  int columns_ = 0;     // strided operands
  bool whole_rows_ = false, table_in_words_ = false, constants_in_words_ = false;
};

// The axis that an operand walks through element by element while the last one jumps; -1 if there is none worth a transposition.
int transposed_axis(const std::vector<int64_t>& shape, const Strided& operand) {
  if (shape.size() < 2 || std::abs(operand.strides.back()) <= 1 || shape.back() < kTile / 2) return -1;
  int64_t distinct = 1;
  int found = -1;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    if (operand.strides[axis]) distinct *= shape[axis];
    if (axis + 1 < shape.size() && operand.strides[axis] == 1 && shape[axis] >= kTile / 2) found = int(axis);
  }
  return distinct >= kWorthTransposing ? found : -1;
}

// Tiles of `axis` and the last axis through shared memory; the other axes are a batch. `to` is row-major or has stride 1 in the last axis.
void emit_transpose(Emitter& emitter, const std::vector<int64_t>& shape, Strided from, Strided to, size_t axis) {
  rebase(from, shape);
  rebase(to, shape);
  const size_t last = shape.size() - 1;
  std::vector<uint32_t> table;  // of the batch, innermost axis first: length, divisor, strides
  int64_t batch = 1;
  for (size_t i = last; i-- > 0;) {
    if (i == axis) continue;
    const Divisor divisor(shape[i]);
    table.insert(table.end(), {uint32_t(shape[i]), divisor.multiplier, divisor.shift, uint32_t(from.strides[i]), uint32_t(to.strides[i])});
    batch *= shape[i];
  }
  const uint32_t axes = uint32_t(table.size() / 5);
  if (table.empty()) table.push_back(0);
  int64_t from_first = 0;
  for (size_t i = 0; i <= last; ++i)
    if (from.strides[i] < 0) from_first -= (shape[i] - 1) * from.strides[i];
  const int64_t across = (shape[last] + kTile - 1) / kTile, down = (shape[axis] + kTile - 1) / kTile;
  const int64_t item = size_of(to.dtype);
  const char* module = item == 2 ? "transpose.b2" : item == 4 ? "transpose.b4" : "transpose.b8";
  emitter.dispatch({module, {axes}}, emitter.row(across * down * batch),
                   {read(from.ref), write(to.ref), read(emitter.table(table.data(), int64_t(table.size() * 4)))},
                   Words()
                       .u(shape[last])
                       .u(shape[axis])
                       .u(from.strides[last])
                       .u(to.strides[axis])
                       .u(across)
                       .u(down)
                       .u(across * down * batch)
                       .u(from_first),
                   {.bytes = double(2 * product(shape) * item)});
}

// A transposed input is turned once into scratch memory: read anyhow, each of its cache lines would be fetched many times.
Strided turned(Emitter& emitter, const std::vector<int64_t>& shape, const Strided& operand) {
  std::vector<int64_t> distinct = shape;  // broadcast axes are not repeated
  for (size_t axis = 0; axis < shape.size(); ++axis)
    if (operand.strides[axis] == 0) distinct[axis] = 1;
  Strided result = dense(emitter.scratch(product(distinct) * size_of(operand.dtype)), operand.dtype, distinct);
  emit_copy(emitter, distinct, operand, result);
  for (size_t axis = 0; axis < shape.size(); ++axis)
    if (distinct[axis] != shape[axis]) result.strides[axis] = 0;
  return result;
}

void emit_blocks(Emitter& emitter, const ElementwiseBody& body, const std::vector<int64_t>& shape, const std::vector<Strided>& operands) {
  if (draws(body) && !fits_32_bits(shape, operands)) no_kernel(emitter.plan());
  in_blocks(shape, operands, [&](std::vector<int64_t> block, std::vector<Strided> parts) {
    std::vector<Strided*> all;
    all.reserve(parts.size());
    for (Strided& part : parts) all.push_back(&part);
    collapse(block, all);
    Writer(emitter, body, block, parts).dispatch();
  });
}

}  // namespace

const char* value_type(DType dtype) {
  switch (dtype) {
    case DType::boolean:
    case DType::u8:
    case DType::u16:
    case DType::u32: return "uint";
    case DType::i8:
    case DType::i16:
    case DType::i32: return "int";
    case DType::u64: return "uint64_t";
    case DType::i64: return "int64_t";
    case DType::f64: return "double";
    default: return "float";
  }
}

const char* suffix(DType dtype) {
  static constexpr const char* kNames[kDTypeCount]{"bool", "u8",  "i8",  "u16",  "i16", "u32", "i32",
                                                   "u64",  "i64", "f16", "bf16", "f32", "f64"};
  return kNames[size_t(dtype)];
}

const char* wide_type(int64_t bytes) {
  switch (bytes) {
    case 16: return "U32x4";
    case 8: return "U32x2";
    case 4: return "U32";
    default: return "U16";
  }
}

std::string unpack_expression(DType dtype, int64_t count, int64_t e, const std::string& w) {
  static constexpr const char* kComponents[]{".x", ".y", ".z", ".w"};
  const int64_t item = size_of(dtype);
  if (item == 8) return cat("unpack_", suffix(dtype), "(", w, e ? ".zw)" : ".xy)");
  const std::string word = cat(w, count * item > 4 ? kComponents[e * item / 4] : "");
  return cat("unpack_", suffix(dtype), "(", word, item == 4 ? ")" : cat(", ", e * item % 4 / item, ")"));
}

std::string convert_expression(DType from, DType to, const std::string& x) {
  auto is_f32 = [](DType dtype) { return is_float(dtype) && dtype != DType::f64; };  // as far as arithmetic goes
  const std::string type = value_type(to);
  if (to == DType::boolean) return cat("uint(truth(", x, "))");
  if (to == DType::f64) return cat("double(", x, ")");
  if (is_f32(to)) {
    if (is_f32(from)) return x;
    return to != DType::f32 ? cat("odd_float(", x, ")") : cat("float(", x, ")");
  }
  if (is_float(from)) {
    const std::string function = cat(from == DType::f64 ? "double_to_" : "float_to_");
    switch (to) {
      case DType::u8: return cat(function, "u32(", x, ", 255u)");
      case DType::u16: return cat(function, "u32(", x, ", 65535u)");
      case DType::u32: return cat(function, "u32(", x, ", 0xffffffffu)");
      case DType::i8: return cat(function, "i32(", x, ", -128, 127)");
      case DType::i16: return cat(function, "i32(", x, ", -32768, 32767)");
      case DType::i32: return cat(function, "i32(", x, ", int(0x80000000u), 0x7fffffff)");
      default: return cat(function, suffix(to), "(", x, ")");
    }
  }
  if (size_of(to) == 8) {  // widened with the sign of the source
    if (size_of(from) == 8) return cat(type, "(", x, ")");
    return cat(type, is_signed(from) ? "(widened(" : "(uint64_t(", x, "))");
  }
  return cat("wrap_", suffix(to), "(", type, "(", x, "))");
}

std::string glsl_head(const Emitter& emitter, const std::vector<DType>& dtypes, const char* include) {
  bool int8 = false, int64 = false, float64 = false;
  for (DType dtype : dtypes) {
    int8 |= size_of(dtype) == 1;
    int64 |= dtype == DType::i64 || dtype == DType::u64;
    float64 |= dtype == DType::f64;
  }
  const Capabilities& caps = emitter.caps();
  if ((int8 && !caps.int8) || (int64 && !caps.int64) || (float64 && !caps.float64)) no_kernel(emitter.plan());
  return cat("#version 460\n", int8 ? "#define HAS_INT8\n" : "", int64 ? "#define HAS_INT64\n" : "", float64 ? "#define HAS_FLOAT64\n" : "",
             "#include \"", include, "\"\n");
}

uint64_t constant_bits(double value, DType dtype) {
  auto saturated = [&]<class T>(T) {
    if (std::isnan(value)) return uint64_t(0);
    constexpr T kHalf = std::numeric_limits<T>::max() / 2 + 1;
    constexpr double kPast = double(kHalf) * 2;
    if (value >= kPast) return uint64_t(std::numeric_limits<T>::max());
    if (value <= double(std::numeric_limits<T>::min())) return uint64_t(std::numeric_limits<T>::min());
    return uint64_t(T(value));
  };
  // To odd, so that rounding the result to 16 bits equals rounding the double once.
  auto odd = [&] {
    const float near = float(value);
    if (double(near) == value || std::isnan(value) || std::isinf(near)) return near;
    uint32_t bits = std::bit_cast<uint32_t>(near);
    if (std::abs(double(near)) > std::abs(value)) --bits;
    return std::bit_cast<float>(bits | 1u);
  };
  switch (dtype) {
    case DType::boolean: return value != 0;
    case DType::u8: return saturated(uint8_t());
    case DType::i8: return saturated(int8_t());
    case DType::u16: return saturated(uint16_t());
    case DType::i16: return saturated(int16_t());
    case DType::u32: return saturated(uint32_t());
    case DType::i32: return saturated(int32_t());
    case DType::u64: return saturated(uint64_t());
    case DType::i64: return saturated(int64_t());
    case DType::f16: return std::bit_cast<uint32_t>(float(float16(odd())));
    case DType::bf16: return std::bit_cast<uint32_t>(float(bfloat16(odd())));
    case DType::f32: return std::bit_cast<uint32_t>(float(value));
    default: return std::bit_cast<uint64_t>(value);
  }
}

void emit_elementwise(Emitter& emitter, const ElementwiseBody& body, std::vector<int64_t> shape, std::vector<Strided> inputs,
                      Strided output) {
  if (product(shape) == 0) return;
  std::vector<Strided*> all;
  all.reserve(inputs.size() + 1);
  for (Strided& input : inputs) all.push_back(&input);
  all.push_back(&output);
  collapse(shape, all);
  for (Strided& input : inputs)
    if (size_of(input.dtype) > 1 && transposed_axis(shape, input) >= 0) input = turned(emitter, shape, input);
  inputs.push_back(output);
  all.clear();
  for (Strided& operand : inputs) all.push_back(&operand);
  collapse(shape, all);
  emit_blocks(emitter, body, shape, inputs);
}

void emit_copy(Emitter& emitter, std::vector<int64_t> shape, Strided from, Strided to) {
  if (product(shape) == 0) return;
  collapse(shape, {&from, &to});
  const int axis = size_of(from.dtype) > 1 && to.strides.size() && to.strides.back() == 1 ? transposed_axis(shape, from) : -1;
  if (axis >= 0) {
    in_blocks(shape, {from, to}, [&](const std::vector<int64_t>& block, const std::vector<Strided>& parts) {
      emit_transpose(emitter, block, parts[0], parts[1], size_t(axis));
    });
    return;
  }
  // Bits of the width; 8 bytes as two words, which need no 64-bit integers.
  const int64_t item = size_of(from.dtype);
  const DType bits = item == 1 ? DType::u8 : item == 2 ? DType::u16 : DType::u32;
  from.dtype = to.dtype = bits;
  if (item == 8) {
    for (Strided* operand : {&from, &to}) {
      for (int64_t& stride : operand->strides) stride *= 2;
      operand->strides.push_back(1);
    }
    shape.push_back(2);
    collapse(shape, {&from, &to});
  }
  emit_blocks(emitter, {.name = "copy", .flops = 0}, shape, {from, to});
}

}  // namespace mlxc::vulkan
