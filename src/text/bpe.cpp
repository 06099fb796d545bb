// Byte-pair encoding: https://aclanthology.org/P16-1162. The lowest rank merges first, the leftmost of equal ranks.
#include <algorithm>
#include <array>
#include <bit>

#include "base/error.h"
#include "text/byte_level.h"
#include "text/merge_table.h"
#include "text/model.h"
#include "text/utf8.h"

namespace mlxc::text {

MergeTable::MergeTable(size_t count) : slots_(std::bit_ceil(count * 2 + 2)), mask_(slots_.size() - 1), seed_(hash_seed()) {}

void MergeTable::set(uint32_t left, uint32_t right, uint32_t rank, uint32_t id) {
  uint64_t key = uint64_t{left} << 32 | right;
  size_t at = hash_number(key, seed_) & mask_;
  while (slots_[at].merge.rank != kNone && slots_[at].key != key) at = (at + 1) & mask_;
  slots_[at] = {key, {rank, id}};
}

namespace {

struct Symbol {
  uint32_t id;
  uint32_t length;  // bytes of the piece
};

constexpr size_t kShortWord = 40;  // up to here scanning for the lowest rank beats a heap

// Which characters occur side by side inside merged tokens, as a Bloom filter: where two neighbours of the text are not in it, no merge
// spans them, and the text may be cut there without changing a token. This keeps long pieces (tokenizers without a pre-tokenizer)
// linear, and lets their parts be cached.
class Neighbours {
 public:
  void add(std::string_view token) {
    if (bits_.empty()) bits_.assign(kBits / 64, 0);
    size_t at = 0;
    for (char32_t last = utf8_next(token, at); at < token.size();) {
      char32_t next = utf8_next(token, at);
      size_t bit = index(last, next);
      bits_[bit / 64] |= uint64_t{1} << bit % 64;
      last = next;
    }
  }
  bool may_touch(char32_t left, char32_t right) const {
    size_t bit = index(left, right);
    return bits_[bit / 64] >> bit % 64 & 1;
  }
  bool empty() const { return bits_.empty(); }
  void clear() { bits_.clear(); }

 private:
  static constexpr size_t kBits = size_t{1} << 22;
  static size_t index(char32_t left, char32_t right) { return hash_number(uint64_t{left} << 32 | right, 0) & (kBits - 1); }
  std::vector<uint64_t> bits_;
};

class Bpe final : public Model {
 public:
  Bpe(Vocabulary vocabulary, const Merges& merges, BpeOptions options, bool raw_bytes);

  void tokenize(std::string_view piece, std::vector<int32_t>& ids) const override;
  void tokenize(std::string_view piece, std::vector<Token>& tokens) const override;

 private:
  using Symbols = std::vector<Symbol>;
  void add_merges(const Merges& merges);
  void prepare_cuts(const Merges& merges);
  int64_t whole(std::string_view piece) const;
  void tokenize_part(std::string_view part, std::vector<int32_t>& ids) const;
  // fn(part) for parts whose tokens do not depend on each other; together they are the piece.
  template <class Fn>
  void for_each_part(std::string_view piece, Fn&& fn) const;
  void symbols_of(std::string_view piece, Symbols& symbols) const;
  void merge(Symbols& symbols) const;
  void merge_short(Symbols& symbols) const;
  void merge_long(Symbols& symbols) const;
  int64_t find_character(std::string_view character) const {
    return character.size() == 1 ? ascii_[static_cast<unsigned char>(character[0])] : vocabulary_.find(character);
  }
  bool known(std::string_view text, size_t at) const {
    return find_character(text.substr(at, utf8_length(static_cast<unsigned char>(text[at])))) != Vocabulary::kMissing;
  }

  BpeOptions options_;
  bool raw_bytes_;
  MergeTable merges_;
  std::array<int64_t, 256> ascii_;        // id of a one-byte character; in raw mode of any byte
  std::array<int64_t, 256> byte_tokens_;  // id of "<0x..>"
  int64_t unk_ = Vocabulary::kMissing;
  Vocabulary raw_pieces_;  // raw mode with ignore_merges: bytes -> id
  Neighbours neighbours_;
  mutable WordCache cache_;
};

Bpe::Bpe(Vocabulary vocabulary, const Merges& merges, BpeOptions options, bool raw_bytes)
    : Model(std::move(vocabulary)), options_(std::move(options)), raw_bytes_(raw_bytes), merges_(merges.size()) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    ascii_[byte] = raw_bytes_   ? vocabulary_.find(utf8_encode(byte_to_char(static_cast<unsigned char>(byte))))
                   : byte < 128 ? vocabulary_.find(std::string(1, static_cast<char>(byte)))
                                : Vocabulary::kMissing;
    byte_tokens_[byte] = vocabulary_.find(byte_token(static_cast<unsigned char>(byte)));
  }
  if (options_.has_unk) unk_ = vocabulary_.find(options_.unk_token);
  if (raw_bytes_ && options_.ignore_merges) {
    std::string bytes;
    raw_pieces_.reserve(vocabulary_.size(), vocabulary_.size() * 6);
    for (size_t i = 0; i < vocabulary_.size(); ++i) {
      if (from_byte_level(vocabulary_.piece_at(i), bytes)) raw_pieces_.set(bytes, vocabulary_.id_at(i));
    }
  }
  add_merges(merges);
}

void Bpe::add_merges(const Merges& merges) {
  std::string merged;
  size_t prefix = options_.continuing_subword_prefix.size();
  bool cuttable = !raw_bytes_ && prefix == 0 && options_.end_of_word_suffix.empty() && !vocabulary_.has_duplicate_ids();
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    const auto& [left, right] = merges[rank];
    auto id_of = [&](std::string_view piece) {
      int64_t id = vocabulary_.find(piece);
      if (id == Vocabulary::kMissing) fail(Status::format, "merge ", rank, " names the piece \"", piece, "\", which the vocabulary lacks");
      return static_cast<uint32_t>(id);
    };
    uint32_t left_id = id_of(left), right_id = id_of(right);
    if (right.size() < prefix) fail(Status::format, "merge ", rank, ": \"", right, "\" is shorter than the continuing prefix");
    merged.assign(left);
    merged.append(right.substr(prefix));
    merges_.set(left_id, right_id, static_cast<uint32_t>(rank), id_of(merged));
    if (!cuttable) continue;
    // Symbols that do not spell their own text (unknown, byte tokens) would make the filter wrong.
    auto spells = [&](uint32_t id, std::string_view piece) {
      if (id == unk_) return false;
      return !(options_.byte_fallback && piece.size() == 6 && piece.starts_with("<0x") && piece.back() == '>');
    };
    cuttable = spells(left_id, left) && spells(right_id, right);
    neighbours_.add(merged);
  }
  if (!cuttable) neighbours_.clear();
}

int64_t Bpe::whole(std::string_view piece) const {
  if (!options_.ignore_merges) return Vocabulary::kMissing;
  return raw_bytes_ ? raw_pieces_.find(piece) : vocabulary_.find(piece);
}

template <class Fn>
void Bpe::for_each_part(std::string_view piece, Fn&& fn) const {
  constexpr size_t kTarget = 48;  // cut at any safe place once a part is this long, before that only in front of a space or word mark
  if (neighbours_.empty() || piece.size() < 2) return fn(piece);
  size_t begin = 0, at = 0, last_at = 0;
  char32_t last = utf8_next(piece, at);
  while (at < piece.size()) {
    size_t here = at;
    char32_t c = utf8_next(piece, at);
    bool word_start = (c == 0x2581 || c == ' ' || c == '\n') && c != last;
    // The character before the cut must be known: an unknown one may fuse with what follows.
    if ((word_start || here - begin >= kTarget) && !neighbours_.may_touch(last, c) && known(piece, last_at)) {
      fn(piece.substr(begin, here - begin));
      begin = here;
    }
    last = c;
    last_at = here;
  }
  fn(piece.substr(begin));
}

void Bpe::tokenize(std::string_view piece, std::vector<int32_t>& ids) const {
  if (neighbours_.empty()) return tokenize_part(piece, ids);
  if (int64_t id = whole(piece); id != Vocabulary::kMissing) {
    ids.push_back(static_cast<int32_t>(id));
    return;
  }
  for_each_part(piece, [&](std::string_view part) { tokenize_part(part, ids); });
}

void Bpe::tokenize_part(std::string_view part, std::vector<int32_t>& ids) const {
  bool cached = part.size() <= WordCache::kMaxWord;
  uint64_t hash = 0;
  if (cached) {
    hash = cache_.hash(part);
    auto found = cache_.find(part, hash);
    if (found.data()) {
      ids.insert(ids.end(), found.begin(), found.end());
      return;
    }
  }
  size_t before = ids.size();
  int64_t id = neighbours_.empty() ? whole(part) : Vocabulary::kMissing;
  if (id != Vocabulary::kMissing) {
    ids.push_back(static_cast<int32_t>(id));
  } else {
    thread_local Symbols symbols;
    symbols_of(part, symbols);
    merge(symbols);
    for (const Symbol& symbol : symbols) ids.push_back(static_cast<int32_t>(symbol.id));
    if (symbols.capacity() > 65536) Symbols().swap(symbols);
  }
  if (cached) cache_.insert(part, hash, std::span(ids).subspan(before));
}

void Bpe::tokenize(std::string_view piece, std::vector<Token>& tokens) const {
  auto value = [&](uint32_t id) { return std::string(vocabulary_.piece(id).value_or(std::string_view())); };
  if (int64_t id = whole(piece); id != Vocabulary::kMissing) {
    tokens.push_back({static_cast<int32_t>(id), 0, piece.size(), value(static_cast<uint32_t>(id))});
    return;
  }
  Symbols symbols;
  size_t at = 0;
  for_each_part(piece, [&](std::string_view part) {
    symbols_of(part, symbols);
    merge(symbols);
    for (const Symbol& symbol : symbols) {
      tokens.push_back({static_cast<int32_t>(symbol.id), at, at + symbol.length, value(symbol.id)});
      at += symbol.length;
    }
  });
}

void Bpe::symbols_of(std::string_view piece, Symbols& symbols) const {
  symbols.clear();
  if (piece.size() >= UINT32_MAX / 2) fail(Status::invalid_argument, "a piece of ", piece.size(), " bytes is too long to tokenize");
  int64_t pending = Vocabulary::kMissing;  // an unknown token that the next ones may join
  uint32_t pending_length = 0;
  auto flush = [&] {
    if (pending != Vocabulary::kMissing) symbols.push_back({static_cast<uint32_t>(pending), pending_length});
    pending = Vocabulary::kMissing;
  };
  std::string affixed;
  bool affixes = !options_.continuing_subword_prefix.empty() || !options_.end_of_word_suffix.empty();
  for (size_t at = 0; at < piece.size();) {
    unsigned length = raw_bytes_ ? 1 : utf8_length(static_cast<unsigned char>(piece[at]));
    std::string_view character = piece.substr(at, length);
    int64_t id;
    if (raw_bytes_) {
      id = ascii_[static_cast<unsigned char>(piece[at])];
    } else if (!affixes) {
      id = find_character(character);
    } else {
      affixed.clear();
      if (at > 0) affixed += options_.continuing_subword_prefix;
      affixed += character;
      if (at + length == piece.size()) affixed += options_.end_of_word_suffix;
      character = affixed;
      id = vocabulary_.find(character);
    }
    at += length;
    if (id != Vocabulary::kMissing) {
      flush();
      symbols.push_back({static_cast<uint32_t>(id), length});
      continue;
    }
    if (options_.byte_fallback) {
      bool all = std::all_of(character.begin(), character.end(),
                             [&](char c) { return byte_tokens_[static_cast<unsigned char>(c)] != Vocabulary::kMissing; });
      if (all) {  // a pending unknown token stays pending, as in tokenizers
        for (char c : character) symbols.push_back({static_cast<uint32_t>(byte_tokens_[static_cast<unsigned char>(c)]), 1});
        continue;
      }
    }
    if (!options_.has_unk) continue;  // without an unknown token the character is dropped
    if (unk_ == Vocabulary::kMissing) fail(Status::format, "the unknown token \"", options_.unk_token, "\" is not in the vocabulary");
    if (pending != Vocabulary::kMissing && options_.fuse_unk) {
      pending_length += length;
    } else {
      flush();
      pending = unk_;
      pending_length = length;
    }
  }
  flush();
}

void Bpe::merge(Symbols& symbols) const {
  if (symbols.size() < 2) return;
  symbols.size() <= kShortWord ? merge_short(symbols) : merge_long(symbols);
}

void Bpe::merge_short(Symbols& symbols) const {
  size_t count = symbols.size();
  std::array<MergeTable::Merge, kShortWord> pairs;  // pairs[i] joins symbols i and i + 1
  for (size_t i = 0; i + 1 < count; ++i) pairs[i] = merges_.find(symbols[i].id, symbols[i + 1].id);
  for (;;) {
    size_t best = 0;
    uint32_t rank = MergeTable::kNone;
    for (size_t i = 0; i + 1 < count; ++i) {
      if (pairs[i].rank < rank) rank = pairs[i].rank, best = i;
    }
    if (rank == MergeTable::kNone) break;
    symbols[best] = {pairs[best].id, symbols[best].length + symbols[best + 1].length};
    std::move(symbols.begin() + best + 2, symbols.begin() + count, symbols.begin() + best + 1);
    --count;
    if (best + 1 < count) {
      std::move(pairs.begin() + best + 2, pairs.begin() + count, pairs.begin() + best + 1);
      pairs[best] = merges_.find(symbols[best].id, symbols[best + 1].id);
    }
    if (best > 0) pairs[best - 1] = merges_.find(symbols[best - 1].id, symbols[best].id);
  }
  symbols.resize(count);
}

void Bpe::merge_long(Symbols& symbols) const {
  constexpr uint32_t kEnd = ~uint32_t{0};
  auto count = static_cast<uint32_t>(symbols.size());
  struct Node {
    uint32_t previous, next;
    MergeTable::Merge pair;  // with the next; rank kNone when none or dead
  };
  std::vector<Node> nodes(count);
  std::vector<uint64_t> heap;  // rank << 32 | position
  for (uint32_t i = 0; i < count; ++i) {
    nodes[i] = {i == 0 ? kEnd : i - 1, i + 1 == count ? kEnd : i + 1, {}};
    if (i + 1 < count) nodes[i].pair = merges_.find(symbols[i].id, symbols[i + 1].id);
    if (nodes[i].pair.rank != MergeTable::kNone) heap.push_back(uint64_t{nodes[i].pair.rank} << 32 | i);
  }
  std::make_heap(heap.begin(), heap.end(), std::greater<>());
  auto renew = [&](uint32_t at) {
    uint32_t next = nodes[at].next;
    nodes[at].pair = next == kEnd ? MergeTable::Merge{} : merges_.find(symbols[at].id, symbols[next].id);
    if (nodes[at].pair.rank == MergeTable::kNone) return;
    heap.push_back(uint64_t{nodes[at].pair.rank} << 32 | at);
    std::push_heap(heap.begin(), heap.end(), std::greater<>());
  };
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), std::greater<>());
    auto at = static_cast<uint32_t>(heap.back());
    auto rank = static_cast<uint32_t>(heap.back() >> 32);
    heap.pop_back();
    if (nodes[at].pair.rank != rank) continue;  // an old entry
    uint32_t right = nodes[at].next;
    symbols[at] = {nodes[at].pair.id, symbols[at].length + symbols[right].length};
    nodes[at].next = nodes[right].next;
    if (nodes[right].next != kEnd) nodes[nodes[right].next].previous = at;
    nodes[right].pair = {};
    symbols[right].id = kEnd;
    symbols[right].length = 0;
    renew(at);
    if (nodes[at].previous != kEnd) renew(nodes[at].previous);
  }
  uint32_t kept = 0;
  for (uint32_t at = 0; at != kEnd; at = nodes[at].next) symbols[kept++] = symbols[at];
  symbols.resize(kept);
}

}  // namespace

std::unique_ptr<Model> make_bpe(Vocabulary vocabulary, const Merges& merges, BpeOptions options, bool raw_bytes) {
  return std::make_unique<Bpe>(std::move(vocabulary), merges, std::move(options), raw_bytes);
}

}  // namespace mlxc::text
