#include "text/pattern_syntax.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/error.h"
#include "text/code_set.h"
#include "text/pattern_classes.h"
#include "text/utf8.h"

namespace mlxc::text {
namespace {

constexpr int kMaxDepth = 200;

// Outside of brackets Oniguruma's \w and \b take six Latin-1 digits and fractions for word characters as well.
constexpr char kBareWordExtra[] = "\\x{B2}\\x{B3}\\x{B9}\\x{BC}-\\x{BE}";

class Translator {
 public:
  explicit Translator(std::string_view pattern) : in_(pattern) {}

  std::string run() {
    groups_.push_back({});
    while (at_ < in_.size()) item();
    if (groups_.size() != 1) refuse("a group is not closed");
    close_options();
    return std::move(out_);
  }

 private:
  struct Group {
    size_t start = 0;      // in out_
    int options_open = 0;  // "(?i)" opens a group that ends with this one
    bool ignore_space = false;
  };

  [[noreturn]] void refuse(const std::string& what) const {
    fail(Status::unsupported, "pattern \"", in_.substr(0, 200), "\": ", what, " at byte ", at_);
  }

  bool peek(std::string_view text) const { return in_.substr(at_, text.size()) == text; }
  bool take(std::string_view text) {
    if (!peek(text)) return false;
    at_ += text.size();
    return true;
  }

  void atom(std::string text) {
    atom_start_ = out_.size();
    quantified_ = false;
    out_ += text;
  }

  void no_atom() { atom_start_ = kNoAtom; }

  static std::string literal(char32_t c) {
    if (c < 0x80 && !(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z')) {
      if (c < 0x20 || c == 0x7F) {
        CodeSet set;
        set.add(c, c);
        return set.pattern();
      }
      return std::string("\\") + static_cast<char>(c);
    }
    return utf8_encode(c);
  }

  void item() {
    char c = in_[at_];
    switch (c) {
      case '(': return open();
      case ')': return close();
      case '[': {
        Members members = bracket(0);
        return atom(members.inside);
      }
      case '|':
        ++at_;
        out_ += '|';
        return no_atom();
      case '*':
      case '+':
      case '?': return quantify(std::string(1, c), 1);
      case '{': {
        size_t length = 0;
        std::string interval = parse_interval(length);
        if (length) return quantify(interval, length);
        ++at_;
        return atom("\\{");
      }
      case '.': ++at_; return atom(".");
      case '^':
      case '$':
        ++at_;
        out_ += c;
        return no_atom();
      case '\\': return escape();
      default: break;
    }
    if (groups_.back().ignore_space) {
      if (c == ' ' || (c >= 9 && c <= 13)) {
        ++at_;
        return;
      }
      if (c == '#') {
        while (at_ < in_.size() && in_[at_] != '\n') ++at_;
        return;
      }
    }
    size_t from = at_;
    char32_t code = utf8_next(in_, at_);
    (void)from;
    atom(literal(code));
  }

  void open() {
    ++at_;
    Group group{out_.size(), 0, groups_.back().ignore_space};
    if (groups_.size() > kMaxDepth) refuse("groups are nested too deep");
    if (peek("*")) refuse("a callout or verb (*...) is not supported");
    if (!take("?")) {
      out_ += '(';
    } else if (take("#")) {
      while (at_ < in_.size() && in_[at_] != ')') at_ += in_[at_] == '\\' ? 2 : 1;
      if (at_ >= in_.size()) refuse("a comment is not closed");
      ++at_;
      return;
    } else if (take(":")) {
      out_ += "(?:";
    } else if (take("=")) {
      out_ += "(?=";
    } else if (take("!")) {
      out_ += "(?!";
    } else if (take(">")) {
      out_ += "(?>";
    } else if (take("<=")) {
      out_ += "(?<=";
    } else if (take("<!")) {
      out_ += "(?<!";
    } else if (peek("<") || peek("'")) {
      char end = in_[at_] == '<' ? '>' : '\'';
      size_t stop = in_.find(end, at_ + 1);
      if (stop == std::string_view::npos) refuse("a group name is not closed");
      out_ += "(?<" + std::string(in_.substr(at_ + 1, stop - at_ - 1)) + ">";
      at_ = stop + 1;
    } else {
      options(group);
      return;
    }
    groups_.push_back(group);
    no_atom();
  }

  // (?imx-imx) and (?imx-imx:...). Ruby's m is PCRE2's s.
  void options(Group group) {
    std::string on, off;
    bool minus = false;
    while (at_ < in_.size() && in_[at_] != ')' && in_[at_] != ':') {
      char c = in_[at_++];
      if (c == '-' && !minus) {
        minus = true;
      } else if (c == 'i') {
        (minus ? off : on) += 'i';
      } else if (c == 'm') {
        (minus ? off : on) += 's';
      } else if (c == 'x') {
        group.ignore_space = !minus;
      } else {
        refuse(std::string("the group (?") + c + " is not supported");
      }
    }
    if (at_ >= in_.size()) refuse("a group is not closed");
    out_ += "(?" + on + (off.empty() ? "" : "-" + off) + ":";
    no_atom();
    if (in_[at_++] == ':') {
      groups_.push_back(group);
    } else {  // holds to the end of the enclosing group, over its alternatives
      ++groups_.back().options_open;
      groups_.back().ignore_space = group.ignore_space;
    }
  }

  void close_options() {
    for (int i = groups_.back().options_open; i > 0; --i) out_ += ')';
  }

  void close() {
    ++at_;
    if (groups_.size() == 1) refuse("an unmatched )");
    close_options();
    out_ += ')';
    atom_start_ = groups_.back().start;
    quantified_ = false;
    groups_.pop_back();
  }

  std::string parse_interval(size_t& length) const {
    size_t at = at_ + 1;
    auto number = [&](std::string& digits) {
      while (at < in_.size() && in_[at] >= '0' && in_[at] <= '9') digits += in_[at++];
    };
    std::string low, high;
    number(low);
    bool comma = at < in_.size() && in_[at] == ',';
    if (comma) ++at, number(high);
    if (at >= in_.size() || in_[at] != '}' || (low.empty() && high.empty())) return "";
    if (low.size() > 5 || high.size() > 5) refuse("a repeat count is too large");
    if (!low.empty() && !high.empty() && std::stoi(low) > std::stoi(high)) refuse("a repeat {n,m} with n > m is not supported");
    length = at + 1 - at_;
    fixed_ = !comma;
    return "{" + (low.empty() ? "0" : low) + (comma ? "," + high : "") + "}";
  }

  void wrap() {
    out_.insert(atom_start_, "(?:");
    out_ += ')';
    quantified_ = false;
  }

  void quantify(const std::string& text, size_t length) {
    if (atom_start_ == kNoAtom) refuse("nothing to repeat");
    bool interval = text[0] == '{';
    bool fixed = interval && fixed_;
    at_ += length;
    if (quantified_) wrap();
    out_ += text;
    quantified_ = true;
    if (at_ >= in_.size()) return;
    if (in_[at_] == '?' && fixed) {  // Ruby: x{n}? is optional, not lazy
      ++at_;
      wrap();
      out_ += '?';
      quantified_ = true;
    } else if (in_[at_] == '?' || (in_[at_] == '+' && !interval)) {
      out_ += in_[at_++];
    }
  }

  uint32_t hex(size_t most) {
    uint32_t value = 0;
    size_t digits = 0;
    for (; digits < most && at_ < in_.size(); ++digits, ++at_) {
      char c = in_[at_];
      int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
      if (digit < 0) break;
      value = value * 16 + static_cast<uint32_t>(digit);
    }
    if (digits == 0) refuse("an escape has no digits");
    return value;
  }

  // A character escape behind the backslash (at_ is on the letter); nullopt when it is a class or an assertion.
  std::optional<char32_t> character_escape() {
    char c = in_[at_];
    switch (c) {
      case 't': return ++at_, '\t';
      case 'n': return ++at_, '\n';
      case 'r': return ++at_, '\r';
      case 'f': return ++at_, '\f';
      case 'v': return ++at_, '\v';
      case 'a': return ++at_, '\a';
      case 'e': return ++at_, 27;
      case 'x': {
        ++at_;
        uint32_t value;
        if (take("{")) {
          value = hex(8);
          if (!take("}")) refuse("an escape is not closed");
        } else {
          value = hex(2);
          if (value > 0x7F) refuse("a byte escape above \\x7F is not supported, write \\x{...}");
        }
        if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) refuse("an escape is not a Unicode character");
        return value;
      }
      case 'u': {
        ++at_;
        size_t from = at_;
        uint32_t value = hex(4);
        if (at_ - from != 4 || (value >= 0xD800 && value <= 0xDFFF)) refuse("\\u needs four hexadecimal digits of a character");
        return value;
      }
      case '0': {
        uint32_t value = 0;
        for (size_t digits = 0; digits < 3 && at_ < in_.size() && in_[at_] >= '0' && in_[at_] <= '7'; ++digits) {
          value = value * 8 + static_cast<uint32_t>(in_[at_++] - '0');
        }
        return value;
      }
      default: break;
    }
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return std::nullopt;
    return utf8_next(in_, at_);
  }

  // \s \S \w \W \d \D \h \H \p{..} \P{..}; at_ is on the letter. Returns false when it is none of them.
  bool class_escape(Members& members, bool& negated) {
    char c = in_[at_];
    negated = c == 'S' || c == 'W' || c == 'D' || c == 'H' || c == 'P';
    switch (c) {
      case 's':
      case 'S': members = space_members(); break;
      case 'w':
      case 'W': members = word_members(); break;
      case 'd':
      case 'D': members = of_categories(category_mask("nd")); break;
      case 'h':
      case 'H': members = hex_members(); break;
      case 'p':
      case 'P': {
        ++at_;
        if (!take("{")) refuse("\\p needs a name in braces");
        if (take("^")) negated = !negated;
        size_t stop = in_.find('}', at_);
        if (stop == std::string_view::npos) refuse("a property is not closed");
        std::string_view name = in_.substr(at_, stop - at_);
        at_ = stop + 1;
        members = named_members(std::string(name), name, false);
        return true;
      }
      default: return false;
    }
    ++at_;
    return true;
  }

  void escape() {
    if (++at_ >= in_.size()) refuse("a backslash ends the pattern");
    Members members;
    bool negated = false;
    char c = in_[at_];
    const std::string word = word_members().inside + kBareWordExtra;
    if (class_escape(members, negated)) {
      if (members.inside == word_members().inside) members.inside = word;
      return atom((negated ? "[^" : "[") + members.inside + "]");
    }
    if (auto code = character_escape()) return atom(literal(*code));
    if (c == 'b' || c == 'B') {
      ++at_;
      std::string w = "[" + word + "]";
      out_ += c == 'b' ? "(?:(?<=" + w + ")(?!" + w + ")|(?<!" + w + ")(?=" + w + "))"
                       : "(?:(?<=" + w + ")(?=" + w + ")|(?<!" + w + ")(?!" + w + "))";
      return no_atom();
    }
    if (c == 'A' || c == 'z' || c == 'Z' || c == 'G' || c == 'K') {
      if (c == 'K') refuse("\\K is not supported");
      ++at_;
      out_ += std::string("\\") + c;
      return no_atom();
    }
    if (c >= '1' && c <= '9') {
      std::string digits;
      while (at_ < in_.size() && in_[at_] >= '0' && in_[at_] <= '9') digits += in_[at_++];
      if (digits.size() > 1) refuse("a back-reference above \\9 is not supported");
      return atom("\\g{" + digits + "}");
    }
    if (c == 'k' || c == 'g') {
      ++at_;
      if (!take("<")) refuse("\\k and \\g need a name in angle brackets");
      size_t stop = in_.find('>', at_);
      if (stop == std::string_view::npos) refuse("a name is not closed");
      std::string name(in_.substr(at_, stop - at_));
      at_ = stop + 1;
      return atom(std::string("\\") + c + "<" + name + ">");
    }
    if (c == 'R' || c == 'X') {
      ++at_;
      return atom(std::string("\\") + c);
    }
    if (std::string_view("cCMNOyY").find(c) != std::string_view::npos) refuse(std::string("the escape \\") + c + " is not supported");
    ++at_;
    atom(std::string(1, c));  // any other letter stands for itself
  }

  // A bracket expression with its nested ones and intersections. Returns a PCRE2 class.
  Members bracket(int depth) {
    if (depth > 20) refuse("brackets are nested too deep");
    ++at_;
    bool negated = take("^");
    Members sum{"", CodeSet()};  // of the current operand of &&
    std::optional<CodeSet> product;
    bool first = true, operators = false, whole_sets = false;
    auto add = [&](const Members& members) {
      sum.inside += members.inside;
      if (sum.set && members.set) {
        sum.set->add(*members.set);
      } else {
        sum.set.reset();
      }
    };
    auto operand_set = [&]() -> CodeSet {
      if (!sum.set) refuse("a property known to PCRE2 only cannot stand in an intersection, a nested or a negated set");
      return *sum.set;
    };
    for (;; first = false) {
      if (at_ >= in_.size()) refuse("a bracket is not closed");
      if (in_[at_] == ']' && !first) break;
      if (peek("[:")) {
        size_t stop = in_.find(":]", at_ + 2);
        if (stop != std::string_view::npos && stop - at_ < 20) {
          std::string_view name = in_.substr(at_ + 2, stop - at_ - 2);
          bool inverse = !name.empty() && name[0] == '^';
          if (inverse) name.remove_prefix(1);
          at_ = stop + 2;
          Members members = named_members(std::string(name), name, true);
          if (inverse) {
            if (!members.set) refuse("a negated property inside a bracket is not supported");
            members = of_set(members.set->complement());
          }
          add(members);
          continue;
        }
      }
      if (in_[at_] == '[') {
        Members inner = bracket(depth + 1);
        if (!inner.set) refuse("a property known to PCRE2 only cannot stand in a nested set");
        add(of_set(*inner.set));
        whole_sets = true;
        continue;
      }
      if (take("&&")) {
        CodeSet operand = operand_set();
        product = product ? product->intersect(operand) : operand;
        sum = Members{"", CodeSet()};
        operators = true;
        continue;
      }
      char32_t low;
      if (in_[at_] == '\\') {
        if (++at_ >= in_.size()) refuse("a backslash ends the pattern");
        Members members;
        bool inverse = false;
        if (class_escape(members, inverse)) {
          if (inverse) {
            if (!members.set) refuse("a negated property inside a bracket is not supported");
            members = of_set(members.set->complement());
          }
          add(members);
          continue;
        }
        low = bracket_escape();
      } else {
        low = utf8_next(in_, at_);
      }
      char32_t high = low;
      if (at_ + 1 < in_.size() && in_[at_] == '-' && in_[at_ + 1] != ']') {
        size_t back = at_++;
        bool plain = true;
        if (in_[at_] == '[') {
          plain = false;
        } else if (in_[at_] == '\\') {
          if (++at_ >= in_.size()) refuse("a backslash ends the pattern");
          if (std::string_view("sSwWdDhHpP").find(in_[at_]) != std::string_view::npos) {
            plain = false;
          } else {
            high = bracket_escape();
          }
        } else {
          high = utf8_next(in_, at_);
        }
        if (!plain) at_ = back, high = low;  // the hyphen is an ordinary member then
        if (plain && high < low) refuse("a range in a bracket runs backwards");
      }
      CodeSet one;
      one.add(low, high);
      add(of_set(one));
    }
    ++at_;
    CodeSet result;
    if (operators || whole_sets || depth > 0) {
      result = operand_set();
      if (product) result = product->intersect(result);
      if (negated) result = result.complement();
      if (result.empty()) return {"(?!)", result};
      return {"[" + result.pattern() + "]", result};
    }
    return {(negated ? "[^" : "[") + sum.inside + "]", std::nullopt};
  }

  char32_t bracket_escape() {
    if (in_[at_] == 'b') return ++at_, 8;
    if (auto code = character_escape()) return *code;
    char c = in_[at_];
    if ((c >= '1' && c <= '9') || std::string_view("cCMRX").find(c) != std::string_view::npos) {
      refuse(std::string("the escape \\") + c + " in a bracket is not supported");
    }
    ++at_;
    return static_cast<unsigned char>(c);
  }

  static constexpr size_t kNoAtom = ~size_t{0};
  std::string_view in_;
  size_t at_ = 0;
  std::string out_;
  size_t atom_start_ = kNoAtom;
  bool quantified_ = false;
  mutable bool fixed_ = false;
  std::vector<Group> groups_;
};

}  // namespace

std::string translate_pattern(std::string_view pattern) { return Translator(pattern).run(); }

}  // namespace mlxc::text
