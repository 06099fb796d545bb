// WordPiece (greedy longest match, https://arxiv.org/abs/1609.08144) and WordLevel (whole words).
#include "base/error.h"
#include "text/model.h"
#include "text/trie.h"
#include "text/utf8.h"

namespace mlxc::text {
namespace {

class WordPiece final : public Model {
 public:
  WordPiece(Vocabulary vocabulary, std::string unk_token, std::string prefix, uint64_t max_characters)
      : Model(std::move(vocabulary)),
        unk_token_(std::move(unk_token)),
        max_characters_(max_characters),
        unk_(vocabulary_.find(unk_token_)) {
    std::vector<std::pair<std::string_view, uint32_t>> patterns;
    for (size_t i = 0; i < vocabulary_.size(); ++i) patterns.emplace_back(vocabulary_.piece_at(i), static_cast<uint32_t>(i));
    trie_ = Trie(std::move(patterns));
    inner_root_ = Trie::kRoot;
    for (char c : prefix) {
      inner_root_ = inner_root_ == Trie::kNone ? inner_root_ : trie_.child(inner_root_, static_cast<unsigned char>(c));
    }
  }

  void tokenize(std::string_view piece, std::vector<int32_t>& ids) const override {
    for_each_token(
        piece, ids, [&](uint32_t entry, size_t, size_t) { ids.push_back(static_cast<int32_t>(vocabulary_.id_at(entry))); },
        [&] { ids.push_back(unknown()); });
  }

  void tokenize(std::string_view piece, std::vector<Token>& tokens) const override {
    for_each_token(
        piece, tokens,
        [&](uint32_t entry, size_t begin, size_t end) {
          tokens.push_back({static_cast<int32_t>(vocabulary_.id_at(entry)), begin, end, std::string(vocabulary_.piece_at(entry))});
        },
        [&] {
          tokens.push_back({unknown(), 0, piece.size(), unk_token_});
        });
  }

 private:
  int32_t unknown() const {
    if (unk_ == Vocabulary::kMissing) fail(Status::format, "WordPiece: the unknown token \"", unk_token_, "\" is not in the vocabulary");
    return static_cast<int32_t>(unk_);
  }

  // A word with a part that no piece matches is unknown as a whole: what was emitted of it is taken back.
  template <class Out, class Emit, class Unknown>
  void for_each_token(std::string_view piece, Out& out, Emit&& emit, Unknown&& unknown_word) const {
    if (piece.size() > max_characters_ && utf8_count(piece) > max_characters_) return unknown_word();
    size_t before = out.size();
    for (size_t at = 0; at < piece.size();) {
      uint32_t node = at == 0 ? Trie::kRoot : inner_root_, entry = Trie::kNone;
      size_t end = at;
      for (size_t next = at; next < piece.size() && node != Trie::kNone;) {
        node = trie_.child(node, static_cast<unsigned char>(piece[next]));
        if (node == Trie::kNone) break;
        ++next;
        if (trie_.value(node) != Trie::kNone) entry = trie_.value(node), end = next;
      }
      if (entry == Trie::kNone) {
        out.erase(out.begin() + static_cast<ptrdiff_t>(before), out.end());
        return unknown_word();
      }
      emit(entry, at, end);
      at = end;
    }
  }

  std::string unk_token_;
  uint64_t max_characters_;
  int64_t unk_;
  Trie trie_;
  uint32_t inner_root_;  // where the continuing prefix ends
};

class WordLevel final : public Model {
 public:
  WordLevel(Vocabulary vocabulary, std::string unk_token)
      : Model(std::move(vocabulary)), unk_token_(std::move(unk_token)), unk_(vocabulary_.find(unk_token_)) {}

  void tokenize(std::string_view piece, std::vector<int32_t>& ids) const override { ids.push_back(find(piece)); }
  void tokenize(std::string_view piece, std::vector<Token>& tokens) const override {
    bool known = vocabulary_.find(piece) != Vocabulary::kMissing;
    tokens.push_back({find(piece), 0, piece.size(), known ? std::string(piece) : unk_token_});
  }

 private:
  int32_t find(std::string_view piece) const {
    int64_t id = vocabulary_.find(piece);
    if (id == Vocabulary::kMissing) id = unk_;
    if (id == Vocabulary::kMissing) fail(Status::format, "WordLevel: the unknown token \"", unk_token_, "\" is not in the vocabulary");
    return static_cast<int32_t>(id);
  }
  std::string unk_token_;
  int64_t unk_;
};

}  // namespace

std::unique_ptr<Model> make_word_piece(Vocabulary vocabulary, std::string unk_token, std::string prefix, uint64_t max_characters) {
  return std::make_unique<WordPiece>(std::move(vocabulary), std::move(unk_token), std::move(prefix), max_characters);
}

std::unique_ptr<Model> make_word_level(Vocabulary vocabulary, std::string unk_token) {
  return std::make_unique<WordLevel>(std::move(vocabulary), std::move(unk_token));
}

}  // namespace mlxc::text
