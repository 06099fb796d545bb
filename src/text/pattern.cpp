#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/pattern.h"

#include <pcre2.h>

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "text/pattern_syntax.h"
#include "text/utf8.h"

namespace mlxc::text {
namespace {

constexpr uint32_t kMatchLimit = 10'000'000;  // backtracking steps from one start
constexpr uint32_t kHeapLimit = 64 * 1024;    // KiB
constexpr size_t kMaxPattern = size_t{64} << 10;
constexpr size_t kWindow = 256;  // starts tried between two looks at the clock

template <class T, void (*free_it)(T*)>
struct Free {
  void operator()(T* it) const { free_it(it); }
};
using MatchData = std::unique_ptr<pcre2_match_data, Free<pcre2_match_data, pcre2_match_data_free>>;
using MatchContext = std::unique_ptr<pcre2_match_context, Free<pcre2_match_context, pcre2_match_context_free>>;

// Where the next search starts, and whether a match counts: as the iterator of the onig crate.
struct Cursor {
  size_t from = 0;
  size_t last_match = ~size_t{0};
  // False when the empty match must be passed over; `from` is then one character further.
  bool accept(std::string_view text, size_t begin, size_t end) {
    if (begin == end && end == last_match) {
      from += from < text.size() ? utf8_length(static_cast<unsigned char>(text[from])) : 1;
      return false;
    }
    from = last_match = end;
    return true;
  }
};

class Spans {
 public:
  Spans(std::string_view text, std::vector<Span>& out) : text_(text), out_(out) {}
  void match(size_t begin, size_t end) {
    if (done_ != begin) out_.push_back({done_, begin, false});
    out_.push_back({begin, end, true});
    done_ = end;
  }
  void finish() {
    if (done_ != text_.size()) out_.push_back({done_, text_.size(), false});
  }

 private:
  std::string_view text_;
  std::vector<Span>& out_;
  size_t done_ = 0;
};

}  // namespace

Pattern Pattern::literal(std::string text) {
  Pattern pattern;
  pattern.source_ = std::move(text);
  return pattern;
}

Pattern Pattern::regex(std::string_view source) {
  if (source.size() > kMaxPattern) fail(Status::unsupported, "a pattern of ", source.size(), " bytes is too long, at most ", kMaxPattern);
  std::string translated = translate_pattern(source);
  int error = 0;
  PCRE2_SIZE where = 0;
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                                   PCRE2_UTF | PCRE2_MULTILINE | PCRE2_NO_UTF_CHECK | PCRE2_USE_OFFSET_LIMIT, &error, &where, nullptr);
  if (!code) {
    PCRE2_UCHAR message[200] = {};
    pcre2_get_error_message(error, message, sizeof message);
    fail(Status::unsupported, "pattern \"", source.substr(0, 200), "\" cannot be compiled: ", reinterpret_cast<const char*>(message));
  }
  Pattern pattern;
  pattern.source_ = std::string(source);
  pattern.code_ = std::shared_ptr<const void>(
      code, [](const void* it) { pcre2_code_free(const_cast<pcre2_code*>(static_cast<const pcre2_code*>(it))); });
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // without JIT the interpreter does the same
  return pattern;
}

void Pattern::find(std::string_view text, std::vector<Span>& spans) const {
  spans.clear();
  if (text.empty()) {
    spans.push_back({0, 0, false});
    return;
  }
  if (code_) return find_regex(text, spans);
  Spans out(text, spans);
  Cursor cursor;
  while (cursor.from <= text.size()) {
    size_t begin = text.find(source_, cursor.from);
    if (begin == std::string_view::npos) break;
    if (cursor.accept(text, begin, begin + source_.size())) out.match(begin, begin + source_.size());
  }
  out.finish();
}

void Pattern::find_regex(std::string_view text, std::vector<Span>& spans) const {
  const auto* code = static_cast<const pcre2_code*>(code_.get());
  MatchData data(pcre2_match_data_create_from_pattern(code, nullptr));
  MatchContext context(pcre2_match_context_create(nullptr));
  if (!data || !context) throw std::bad_alloc();
  pcre2_set_match_limit(context.get(), kMatchLimit);
  pcre2_set_depth_limit(context.get(), kMatchLimit);
  pcre2_set_heap_limit(context.get(), kHeapLimit);
  // The step limit counts from each start anew; the clock bounds their sum. Far above what an honest pattern needs.
  auto started = std::chrono::steady_clock::now();
  auto budget = std::chrono::microseconds(10'000'000 + 20 * text.size());
  uint32_t options = PCRE2_NO_UTF_CHECK;
  size_t searches = 0;
  Spans out(text, spans);
  Cursor cursor;
  size_t start = 0;
  while (cursor.from <= text.size()) {
    start = std::max(start, cursor.from);
    size_t limit = start + kWindow;
    pcre2_set_offset_limit(context.get(), limit);
    int found = pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), start, options, data.get(), context.get());
    if (found == PCRE2_ERROR_JIT_STACKLIMIT) {
      options |= PCRE2_NO_JIT;
      continue;
    }
    if ((++searches & 15) == 0 || found == PCRE2_ERROR_NOMATCH) {
      if (std::chrono::steady_clock::now() - started > budget) found = PCRE2_ERROR_MATCHLIMIT;
    }
    if (found == PCRE2_ERROR_NOMATCH) {
      if (limit >= text.size()) break;
      start = limit + 1;  // the next window, from a character's first byte
      while (start < text.size() && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) ++start;
      continue;
    }
    if (found < 0) {
      fail(Status::unsupported, "pattern \"", source_.substr(0, 200), "\" exceeds its search limits on a text of ", text.size(),
           " bytes (PCRE2 code ", found, "): it backtracks too much");
    }
    const PCRE2_SIZE* where = pcre2_get_ovector_pointer(data.get());
    if (cursor.accept(text, where[0], where[1])) out.match(where[0], where[1]);
    start = cursor.from;
  }
  out.finish();
}

}  // namespace mlxc::text
