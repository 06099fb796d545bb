// A text on its way through the pipeline: its current bytes, the pieces it is cut into and, when offsets are wanted, the part of the
// input that each byte stands for. The bookkeeping of changes follows tokenizers' NormalizedString, so that offsets agree.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/pattern.h"
#include "text/tokenizer.h"
#include "text/unicode.h"

namespace mlxc::text {

constexpr int64_t kNoId = -1;

struct Piece {
  size_t begin, end;
  size_t origin;       // where it starts in the input
  int64_t id = kNoId;  // an added token, finished
};

enum class SplitBehavior { removed, isolated, merged_with_previous, merged_with_next, contiguous };

class PieceText {
 public:
  // `text` must be valid UTF-8 and outlive this object; it starts at byte `origin` of the input.
  PieceText(std::string_view text, size_t origin, bool track);

  std::string_view view() const { return view_; }
  std::string_view piece(const Piece& p) const { return view_.substr(p.begin, p.end - p.begin); }
  const std::vector<Piece>& pieces() const { return pieces_; }
  bool tracked() const { return track_; }
  bool empty() const { return view_.empty(); }
  // The part of the input that bytes [begin, end) of a piece stand for, counted from the piece's start.
  TextRange input_range(const Piece& p, size_t begin, size_t end) const;

  // Whole-text changes, for normalizers: the text is one piece then.
  void transform(std::span<const Change> changes, size_t skipped = 0);
  void filter(uint16_t erased_classes);
  void replace(const Pattern& pattern, std::string_view content);
  void prepend(std::string_view head);
  void strip(bool left, bool right);

  // Cutting. Parts with an id stay as they are; empty parts vanish.
  void set_pieces(std::vector<Piece> pieces) { pieces_ = std::move(pieces); }
  Piece make_piece(size_t begin, size_t end, int64_t id = kNoId) const;
  // Splits each open piece by fn(piece text, spans), then joins or drops the parts as told.
  template <class Find>
  void split(SplitBehavior behavior, bool invert, Find&& find) {
    std::vector<Piece> next;
    next.reserve(pieces_.size() * 2);
    std::vector<Span> spans;
    for (const Piece& p : pieces_) {
      if (p.id != kNoId) {
        next.push_back(p);
        continue;
      }
      spans.clear();
      find(piece(p), spans);
      append_parts(p, spans, behavior, invert, next);
    }
    pieces_.swap(next);
  }

  // Rewrites each open piece: fn(piece, piece text, Writer&).
  class Writer;
  template <class Rewrite>
  void rewrite(Rewrite&& rewrite_piece);

 private:
  friend class Writer;
  void append_parts(const Piece& p, std::vector<Span>& spans, SplitBehavior behavior, bool invert, std::vector<Piece>& out) const;
  void adopt(std::string text, std::vector<TextRange> ranges);

  std::string_view view_;
  std::string owned_;
  std::vector<TextRange> ranges_;  // one a byte, in bytes of the input; empty when not tracked
  std::vector<Piece> pieces_;
  size_t origin_;
  bool track_;
  bool changed_ = false;
};

// Writes the new form of one piece, character by character.
class PieceText::Writer {
 public:
  Writer(const PieceText& from, std::string& text, std::vector<TextRange>& ranges) : from_(from), text_(text), ranges_(ranges) {}
  void start(const Piece& p, size_t skipped_characters = 0);
  // change as in Change.
  void put(char32_t c, int change);
  // Copies bytes [begin, end) of the old text, or writes bytes that stand for the input of old byte `like`.
  void copy(size_t begin, size_t end);
  void put_like(std::string_view bytes, size_t like);

 private:
  const PieceText& from_;
  std::string& text_;
  std::vector<TextRange>& ranges_;
  Piece piece_{};
  size_t at_ = 0;
};

template <class Rewrite>
void PieceText::rewrite(Rewrite&& rewrite_piece) {
  std::string text;
  text.reserve(view_.size() + view_.size() / 4 + 16);
  std::vector<TextRange> ranges;
  std::vector<Piece> next;
  next.reserve(pieces_.size());
  Writer writer(*this, text, ranges);
  for (const Piece& p : pieces_) {
    Piece moved = p;
    moved.begin = text.size();
    if (p.id != kNoId) {
      writer.copy(p.begin, p.end);
    } else {
      writer.start(p);
      rewrite_piece(p, piece(p), writer);
    }
    moved.end = text.size();
    if (moved.end > moved.begin || p.id != kNoId) next.push_back(moved);
  }
  adopt(std::move(text), std::move(ranges));
  pieces_ = std::move(next);
}

}  // namespace mlxc::text
