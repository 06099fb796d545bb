#include "text/piece_text.h"

#include <algorithm>

#include "text/utf8.h"

namespace mlxc::text {

PieceText::PieceText(std::string_view text, size_t origin, bool track) : view_(text), origin_(origin), track_(track) {
  if (!text.empty()) pieces_.push_back({0, text.size(), origin});
  if (!track) return;
  ranges_.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    unsigned length = utf8_length(static_cast<unsigned char>(text[at]));
    ranges_.insert(ranges_.end(), length, TextRange{origin + at, origin + at + length});
    at += length;
  }
}

void PieceText::adopt(std::string text, std::vector<TextRange> ranges) {
  owned_ = std::move(text);
  view_ = owned_;
  ranges_ = std::move(ranges);
  changed_ = true;
}

Piece PieceText::make_piece(size_t begin, size_t end, int64_t id) const {
  size_t origin = track_ ? (begin < ranges_.size() ? ranges_[begin].begin : origin_) : changed_ ? origin_ : origin_ + begin;
  return {begin, end, origin, id};
}

TextRange PieceText::input_range(const Piece& p, size_t begin, size_t end) const {
  if (begin == end) return {p.origin + begin, p.origin + begin};
  if (p.begin + end > p.end) return {begin, end};  // token lengths that exceed the piece: tokenizers gives them as they are
  return {ranges_[p.begin + begin].begin, ranges_[p.begin + end - 1].end};
}

void PieceText::Writer::start(const Piece& p, size_t skipped_characters) {
  piece_ = p;
  at_ = p.begin;
  for (; skipped_characters > 0 && at_ < p.end; --skipped_characters) at_ += utf8_length(static_cast<unsigned char>(from_.view_[at_]));
}

void PieceText::Writer::put(char32_t c, int change) {
  size_t before = text_.size();
  utf8_append(text_, c);
  if (!from_.track_) return;
  TextRange range{piece_.origin, piece_.origin};
  if (change > 0) {
    if (at_ > piece_.begin) range = from_.ranges_[at_ - 1];
  } else {
    if (at_ < piece_.end) range = from_.ranges_[at_];
    for (int i = 0; i >= change && at_ < piece_.end; --i) at_ += utf8_length(static_cast<unsigned char>(from_.view_[at_]));
  }
  ranges_.insert(ranges_.end(), text_.size() - before, range);
}

void PieceText::Writer::copy(size_t begin, size_t end) {
  text_.append(from_.view_.substr(begin, end - begin));
  if (from_.track_) ranges_.insert(ranges_.end(), from_.ranges_.begin() + begin, from_.ranges_.begin() + end);
}

void PieceText::Writer::put_like(std::string_view bytes, size_t like) {
  text_.append(bytes);
  if (!from_.track_) return;
  TextRange range = like >= piece_.begin && like < piece_.end ? from_.ranges_[like] : TextRange{piece_.origin, piece_.origin};
  ranges_.insert(ranges_.end(), bytes.size(), range);
}

void PieceText::transform(std::span<const Change> changes, size_t skipped) {
  rewrite([&](const Piece& p, std::string_view, Writer& writer) {
    writer.start(p, skipped);
    for (const Change& change : changes) writer.put(change.c, change.change);
  });
}

void PieceText::filter(uint16_t erased_classes) {
  const ClassTable& table = class_table();
  bool any = false;
  for (size_t at = 0; at < view_.size() && !any;) any = (table[utf8_next(view_, at)] & erased_classes) != 0;
  if (!any) return;
  std::vector<Change> kept;
  kept.reserve(view_.size());
  int removed = 0;
  size_t skipped = 0;
  for (size_t at = 0; at < view_.size();) {
    char32_t c = utf8_next(view_, at);
    if (table[c] & erased_classes) {
      ++removed;
      continue;
    }
    if (kept.empty()) {
      skipped = static_cast<size_t>(removed);
    } else {
      kept.back().change = -removed;
    }
    kept.push_back({c, 0});
    removed = 0;
  }
  if (!kept.empty()) kept.back().change = -removed;
  transform(kept, skipped);
}

void PieceText::replace(const Pattern& pattern, std::string_view content) {
  std::vector<Span> spans;
  if (view_.empty()) return;
  if (pattern.is_literal() && !pattern.source().empty() && view_.find(pattern.source()) == std::string_view::npos) return;
  pattern.find(view_, spans);
  rewrite([&](const Piece&, std::string_view, Writer& writer) {
    for (const Span& span : spans) {
      if (span.match) {
        writer.put_like(content, span.end - 1);
      } else {
        writer.copy(span.begin, span.end);
      }
    }
  });
}

void PieceText::prepend(std::string_view head) {
  rewrite([&](const Piece& p, std::string_view, Writer& writer) {
    writer.put_like(head, p.begin);
    writer.copy(p.begin, p.end);
  });
}

void PieceText::strip(bool left, bool right) {
  size_t begin = 0, end = view_.size();
  while (left && begin < end) {
    size_t next = begin;
    if (!is_space(utf8_next(view_, next))) break;
    begin = next;
  }
  while (right && end > begin) {
    size_t previous = utf8_previous(view_, end);
    if (!is_space(utf8_at(view_, previous))) break;
    end = previous;
  }
  if (begin == 0 && end == view_.size()) return;
  rewrite([&](const Piece&, std::string_view, Writer& writer) { writer.copy(begin, end); });
}

void PieceText::append_parts(const Piece& p, std::vector<Span>& spans, SplitBehavior behavior, bool invert, std::vector<Piece>& out) const {
  auto push = [&](size_t begin, size_t end) {
    if (end > begin) out.push_back(make_piece(p.begin + begin, p.begin + end));
  };
  // One piece for each run of spans in which every span joins the one before it.
  auto push_runs = [&](auto span, auto last, auto joins) {
    while (span != last) {
      Span run = *span;
      for (++span; span != last && joins(span->match, run.match); ++span) {
        run = {std::min(run.begin, span->begin), std::max(run.end, span->end), span->match};
      }
      push(run.begin, run.end);
    }
  };
  const auto alike = [](bool match, bool previous) { return match == previous; };
  const auto match_joins = [](bool match, bool previous) { return match && !previous; };
  if (invert) {
    for (Span& span : spans) span.match = !span.match;
  }
  switch (behavior) {
    case SplitBehavior::isolated:
      for (const Span& span : spans) push(span.begin, span.end);
      break;
    case SplitBehavior::removed:
      for (const Span& span : spans) {
        if (!span.match) push(span.begin, span.end);
      }
      break;
    case SplitBehavior::contiguous: push_runs(spans.begin(), spans.end(), alike); break;
    case SplitBehavior::merged_with_previous: push_runs(spans.begin(), spans.end(), match_joins); break;
    case SplitBehavior::merged_with_next: {
      const auto first_new = static_cast<ptrdiff_t>(out.size());
      push_runs(spans.rbegin(), spans.rend(), match_joins);
      std::reverse(out.begin() + first_new, out.end());
      break;
    }
  }
}

}  // namespace mlxc::text
